"""``strongroom seal FILE``: Secrets become SealedSecrets."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from strongroom.cli.root import CLEAN
from strongroom.cli.seal.options import (
    Cluster,
    certificate,
    certificate_option,
    cluster_of,
    controller_options,
    keys_option,
    known,
    private_keys,
    read_input,
    remember,
    say,
)
from strongroom.errors import UsageError

if TYPE_CHECKING:
    from strongroom.files.sealed.scope import Scope
    from strongroom.files.sealed.secrets import PlainSecret
    from strongroom.model.plaintext import Plaintext

_SCOPES = ("strict", "namespace-wide", "cluster-wide")


@click.command("secret")
@click.argument("file", required=False, type=click.Path(dir_okay=False, allow_dash=True))
@certificate_option
@controller_options
@click.option("--scope", type=click.Choice(_SCOPES), help="How far the result may be moved; else as annotations say.")
@click.option("--name", default="", metavar="NAME", help="Of the Secret, in place of the manifest's.")
@click.option("-n", "--namespace", default="", metavar="NAME", help="Of the Secret, where the manifest names none.")
@click.option("-o", "--output", metavar="FILE", help="Write it there; unchanged values keep their ciphertext.")
@click.option("--format", "shape", type=click.Choice(["yaml", "json"]), help="By default as -o is named, else yaml.")
@click.option(
    "--merge-into", metavar="FILE", help="Put the values into this SealedSecret, and leave the rest as it is."
)
@click.option("--raw", is_flag=True, help="Seal one value from standard input or --from-file, and print it.")
@click.option("--from-file", metavar="[KEY=]FILE", help="With --raw: the file that holds the value.")
@click.option("--key", default="", metavar="KEY", help="With --raw and --merge-into: the key that the value is for.")
@click.option("--allow-empty-data", is_flag=True, help="Seal a Secret without values too.")
@keys_option
@click.option("--fingerprint-key", type=click.Path(dir_okay=False), help="File with the key for fingerprints.")
def command(file: str | None, raw: bool, **options: Any) -> int:
    """Seal Secrets (YAML or JSON, several documents, Lists), or one value.

    The result goes to standard output, or to -o FILE. What the file held before
    is compared: where this machine sealed a value before, or with exported keys,
    a value that did not change keeps its ciphertext, so that a diff shows what
    changed and nothing else.
    """
    from strongroom.crypto.memory import guard

    guard()
    asked = _Asked(cluster=cluster_of(options), **options)
    if raw:
        if file is not None:
            raise UsageError("--raw takes no manifest", hint="the value comes from standard input or --from-file")
        return _raw(asked)
    if asked.from_file or asked.key:
        raise UsageError(f"{'--from-file' if asked.from_file else '--key'} needs --raw")
    if file is None and sys.stdin.isatty():
        raise UsageError("nothing to seal", hint="name a manifest, or - for standard input")
    return _manifest(file or "-", asked)


class _Asked(NamedTuple):
    """The options, as they were given."""

    cluster: Cluster
    cert: str | None
    scope: str | None
    name: str
    namespace: str
    output: str | None
    shape: str | None
    merge_into: str | None
    from_file: str | None
    key: str
    allow_empty_data: bool
    exported: tuple[str, ...]
    fingerprint_key: str | None


def _manifest(file: str, asked: _Asked) -> int:
    from strongroom.files.sealed.secrets import left_out, read_secrets

    found = read_secrets(read_input(file), "standard input" if file == "-" else file)
    if not found:
        raise UsageError(f"{file} holds no Secret")
    for secret in found:
        if not secret.values and not asked.allow_empty_data:
            raise UsageError(f"{secret.show()} has no values", hint="--allow-empty-data seals it all the same")
        for key in left_out(secret):
            say(f"{secret.show()}: annotation {key} is left out, it may hold values")
    if asked.merge_into is None:
        wanted = [_placed(secret, asked) for secret in found]
        _Work(asked).write(wanted, asked.output, asked.shape)
    elif len(found) == 1:
        _Work(asked).merge(found[0], Path(asked.merge_into), asked.scope)
    else:
        raise UsageError(f"{len(found)} Secrets cannot be merged into one file", hint="one at a time")
    return CLEAN


def _placed(secret: PlainSecret, asked: _Asked) -> tuple[PlainSecret, Scope]:
    """Give a Secret the name, the namespace and the scope that are asked for."""
    from strongroom.files.sealed.scope import Scope, scope_of

    if asked.namespace and secret.namespace and asked.namespace != secret.namespace:
        raise UsageError(f"{secret.show()} is not of namespace {asked.namespace}", hint="leave --namespace out")
    scope = Scope(asked.scope) if asked.scope else scope_of(secret.annotations)
    secret = secret._replace(name=asked.name or secret.name, namespace=secret.namespace or asked.namespace)
    if not secret.namespace and scope is not Scope.CLUSTER:
        secret = secret._replace(namespace=_namespace_of(asked.cluster))
        if secret.namespace:
            say(f"{secret.show()}: the namespace is that of the kubeconfig")
    return secret, scope


def _namespace_of(cluster: Cluster) -> str:
    """Return the namespace of the kubeconfig's context, as ``kubeseal`` would take it; empty where it names none."""
    from strongroom.errors import ClusterError
    from strongroom.kube.connection import Asked, connect

    try:
        return connect(Asked(cluster.context, cluster.kubeconfig)).namespace
    except ClusterError:
        return ""


def _raw(asked: _Asked) -> int:
    from strongroom.files.sealed.scope import Scope
    from strongroom.files.sealed.sealing import check_named, sealed_value
    from strongroom.files.sealed.secrets import PlainSecret, check_key
    from strongroom.writing import replace_file

    named, equals, path = (asked.from_file or "").partition("=")
    key, path = asked.key or (named if equals else ""), path if equals else named
    if asked.merge_into is not None:
        if not key:
            raise UsageError("nothing says which key the value is for", hint="--key KEY, or --from-file KEY=FILE")
        check_key(key, "the SealedSecret")
        _Work(asked).merge(PlainSecret("", "", {key: _value(path)}), Path(asked.merge_into), asked.scope)
        return CLEAN
    scope, namespace = Scope(asked.scope or "strict"), asked.namespace
    if not namespace and scope is not Scope.CLUSTER:
        namespace = _namespace_of(asked.cluster)
        if namespace:
            say(f"the namespace is {namespace}, that of the kubeconfig")
    check_named("the value", namespace, asked.name, scope)
    found = certificate(asked.cert, asked.cluster)
    text = sealed_value(found.key, _value(path), scope.label(namespace, asked.name))
    if asked.output:
        replace_file(Path(asked.output), [text], what="sealed value")
    else:
        click.echo(text, nl=sys.stdout.isatty())
    return CLEAN


def _value(path: str) -> Plaintext:
    """Read the value itself; a person types it unseen."""
    from strongroom.model.plaintext import Plaintext

    if not path and sys.stdin.isatty():
        return Plaintext(click.prompt("Value", hide_input=True, confirmation_prompt="Again", err=True))
    value = read_input(path or "-")
    if value.reveal().endswith(b"\n"):
        say("the value ends with a line feed, which is sealed with it")
    return value


class _Work:
    """Sealing with one certificate, compared with what was sealed before."""

    def __init__(self, asked: _Asked) -> None:
        from strongroom.survey.sealing import Sealer

        self._known = known(asked.fingerprint_key)
        found = certificate(asked.cert, asked.cluster)
        self._sealer = Sealer(found, self._known, private_keys(asked.exported))

    def write(self, wanted: list[tuple[PlainSecret, Scope]], output: str | None, shape: str | None) -> None:
        from strongroom.writing import replace_file

        old = b""
        path = Path(output) if output else None
        if path is not None and path.is_file():
            old = path.read_bytes()
        shape = shape or ("json" if path is not None and path.suffix.lower() == ".json" else "yaml")
        new = self._sealer.file(wanted, old, shape)
        if path is None:
            click.echo(new, nl=False)
        elif new == old:
            say(f"{output} is unchanged")
        else:
            replace_file(path, [new], what="sealed file")
        remember(self._known)

    def merge(self, secret: PlainSecret, path: Path, scope: str | None) -> None:
        from strongroom.writing import replace_file

        old = read_input(str(path)).reveal()
        new = self._sealer.merged(secret, old, str(path), scope)
        if new == old:
            say(f"{path} is unchanged")
        else:
            replace_file(path, [new], what="sealed file")
        remember(self._known)

"""Where a new Secret goes: a SOPS file, a SealedSecret, or the cluster."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from strongroom.cli.secret.opening import Cluster, ask, say
from strongroom.errors import UsageError

if TYPE_CHECKING:
    from strongroom.files.sealed.secrets import PlainSecret
    from strongroom.files.sops.rule import Rule
    from strongroom.kube.client import Client

_ENCRYPTED = "ENC["


class Output(NamedTuple):
    """Where the result goes; the names of the options."""

    output: str | None
    seal: bool
    apply: bool
    dry_run: bool
    replace: bool
    seal_cert: str | None
    scope: str | None
    string_data: bool


class Place(NamedTuple):
    """A file that may be written (None: standard output), and by which rule; that of a SOPS file alone."""

    target: Path | None
    rule: Rule | None = None


def placed(name: str, output: Output) -> Place:
    """Find out where the result goes and whether it may.

    Raises:
        UsageError: options exclude each other, a file is there already, or no rule holds for it.
        DocumentError: ``.sops.yaml`` cannot be read.
    """
    if output.seal and output.apply:
        raise UsageError("--seal and --apply exclude each other", hint="one result at a time")
    if output.apply and output.output:
        raise UsageError("--output and --apply exclude each other", hint="what is applied is not written to a file")
    if output.dry_run and not output.apply:
        raise UsageError("--dry-run is for --apply", hint="-o - shows what would be written")
    if (output.seal_cert or output.scope) and not output.seal:
        raise UsageError("--seal-cert and --scope are for --seal")
    if output.string_data and (output.seal or output.apply):
        raise UsageError("--string-data is for SOPS files")
    if output.apply:
        return Place(None)
    named = Path(output.output or f"{name}.{'sealed' if output.seal else 'sops'}.yaml")
    if output.output != "-":
        _refuse_present(named, output)
    if output.output == "-":
        return Place(None, None if output.seal else _rule(Path(f"{name}.sops.yaml")))
    if named.suffix not in (".yaml", ".yml"):
        raise UsageError(f"{named} is not named as YAML", hint="a name that ends in .yaml or .yml")
    return Place(named, None if output.seal else _rule(named))


def _refuse_present(target: Path, output: Output) -> None:
    if not output.replace and os.path.lexists(target):
        raise UsageError(
            f"{target} is there already", hint="--replace writes it anew; strongroom secret set changes it"
        )


def _rule(name: Path) -> Rule:
    from strongroom.files.sops.rules import Asked, find, rule_for

    return rule_for(name, find(Path(), os.environ), os.environ, Asked(format="yaml", manifest=True))


def write(secret: PlainSecret, cluster: Cluster, output: Output, place: Place) -> None:
    """Write the result to its place.

    Raises:
        UsageError: the rule would leave a value in plain; one is in the cluster and is not to be replaced.
        KeyUseError: a key or certificate cannot be used.
        ClusterError: the cluster could not be asked.
        OutputError: a file cannot be written.
    """
    if output.apply:
        _apply(secret, cluster, replace=output.replace, dry_run=output.dry_run)
    elif place.rule is not None:
        _write(_encrypted(_versioned(secret, place.target), place.rule, text=output.string_data), place.target, output)
    else:
        _seal(_versioned(secret, place.target), cluster, output, place.target)


def _encrypted(secret: PlainSecret, rule: Rule, *, text: bool) -> bytes:
    from strongroom.files.secret.manifest import body
    from strongroom.files.secret.writing import dump
    from strongroom.files.sops import data_key
    from strongroom.files.sops.formats import format_of
    from strongroom.files.sops.sealing import encrypt
    from strongroom.keys.process import context

    here, key = context(), data_key.new()
    groups = data_key.wrap(key, rule.groups, rule.shamir_threshold, here)
    data = encrypt(dump([body(secret, text=text)]), format_of("", "yaml"), rule, key, groups, here.now())
    check_hidden(data, secret.show(), rule.origin)
    return data


def _seal(secret: PlainSecret, cluster: Cluster, output: Output, target: Path | None) -> None:
    from strongroom.cli.seal import options
    from strongroom.files.sealed.scope import Scope
    from strongroom.survey.sealing import Sealer

    place = options.Cluster(
        cluster.kubeconfig,
        cluster.context,
        os.environ.get("SEALED_SECRETS_CONTROLLER_NAMESPACE", "kube-system"),
        os.environ.get("SEALED_SECRETS_CONTROLLER_NAME", "sealed-secrets-controller"),
    )
    remembered = options.known(None)
    found = options.certificate(output.seal_cert or os.environ.get("SEALED_SECRETS_CERT"), place)
    old = target.read_bytes() if target is not None and target.is_file() else b""
    new = Sealer(found, remembered, {}).file([(secret, Scope(output.scope or "strict"))], old, "yaml")
    _write(new, target, output)
    options.remember(remembered)


def _apply(secret: PlainSecret, cluster: Cluster, *, replace: bool, dry_run: bool) -> None:
    from strongroom.files.secret.manifest import body
    from strongroom.kube import secret_writer

    async def send(client: Client, namespace: str) -> str:
        wanted = secret._replace(namespace=namespace)
        seen = await secret_writer.metadata(client, namespace, secret.name) if replace else None
        if seen is not None:
            wanted = _raised(wanted, seen.get("labels") or {})
        done: dict[str, Any] = body(wanted)
        for trial in (True,) if dry_run else (True, False):
            if seen is None:
                await secret_writer.create(client, done, dry_run=trial)
            else:
                await secret_writer.replace(client, done, seen, dry_run=trial)
        return f"{namespace}/{secret.name} {'replaced' if seen is not None else 'created'}"

    result = ask(cluster, send)
    say(f"Secret {result}{' on trial; nothing was changed' if dry_run else ''}")


def check_hidden(data: bytes, name: str, origin: str) -> None:
    """Tell where an encrypted object cannot be recognised any more.

    Raises:
        UsageError: a value is in plain.
    """
    from strongroom.files.krm_open import objects

    for found in objects(data, name):
        for field in ("data", "stringData"):
            for key, value in (found.get(field) or {}).items():
                if value and not str(value).startswith(_ENCRYPTED):
                    raise UsageError(
                        f"{origin or 'the rule'} leaves {field}.{key} in plain",
                        hint="encrypted_regex: ^(data|stringData)$ encrypts all values of Secrets",
                    )
        if str(found.get("kind")).startswith(_ENCRYPTED):
            say(
                "note: the rule encrypts kind and metadata too, which Flux, Argo CD and kustomize need to read; "
                "encrypted_regex: ^(data|stringData)$ leaves them"
            )


def _versioned(secret: PlainSecret, target: Path | None) -> PlainSecret:
    """Raise the version over that of the file that is there, which says it in plain."""
    from strongroom.errors import StrongroomError
    from strongroom.files.krm_open import objects
    from strongroom.model.resource import as_dict

    if target is None or not target.is_file():
        return secret
    try:
        found = objects(target.read_bytes(), str(target))
    except (OSError, StrongroomError):
        return secret  # it is replaced, whatever it was
    body = as_dict(found[0]) if found else {}
    template = as_dict(as_dict(body.get("spec")).get("template"))  # of a SealedSecret
    labels = {
        **as_dict(as_dict(template.get("metadata")).get("labels")),
        **as_dict(as_dict(body.get("metadata")).get("labels")),
    }
    return _raised(secret, labels)


def _raised(secret: PlainSecret, labels: dict[str, Any]) -> PlainSecret:
    from strongroom.files.secret.manifest import VERSION, next_version

    raised = next_version(str(labels.get(VERSION, "")))
    given = secret.labels.get(VERSION, "")
    if raised is None or (given.isdigit() and int(given) >= int(raised)):
        return secret
    return secret._replace(labels={**secret.labels, VERSION: raised})


def _write(data: bytes | str, target: Path | None, output: Output) -> None:
    from strongroom.writing import replace_file

    if target is None:
        sys.stdout.buffer.write(data.encode() if isinstance(data, str) else data)
        sys.stdout.buffer.flush()
    else:
        _refuse_present(target, output)  # a person in an editor takes a while
        replace_file(target, [data])
        say(f"wrote {target}")

"""``strongroom secret create``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from strongroom.cli.common import together
from strongroom.cli.root import CLEAN
from strongroom.cli.secret.opening import Cluster, cluster_options, name_pattern, say
from strongroom.cli.secret.values import Sources, asked, collect, source_options
from strongroom.cli.secret.writing import Output, placed, write
from strongroom.errors import UsageError
from strongroom.files.secret.names import check_name
from strongroom.files.secret_kinds.kinds import KINDS, kind_named, kind_of
from strongroom.model.plaintext import Plaintext

if TYPE_CHECKING:
    from strongroom.files.sealed.secrets import PlainSecret
    from strongroom.files.secret_kinds.kind import Made, Part, SecretKind

_Command = TypeVar("_Command", bound=Callable[..., Any])
_DOCKER = ".dockerconfigjson"


def _variable(part: Part) -> str:
    return f"part_{part.name.replace('-', '_')}"


def _metavar(part: Part) -> str:
    return "FILE" if part.how == "file" else "TEXT"


def _part_options(command: _Command) -> _Command:
    """Add what the types are made from."""
    for kind in reversed(KINDS):
        for part in reversed(kind.parts):
            command = click.option(
                f"--{part.name}",
                _variable(part),
                metavar=_metavar(part),
                help=f"{kind.id}: {part.help}" + ("; asked for, if needed." if part.how == "secret" else "."),
            )(command)
    return command


def _output_options(command: _Command) -> _Command:
    """Add where the result goes."""
    return together(
        click.option("-o", "--output", metavar="FILE", help="By default NAME.sops.yaml; - for standard output."),
        click.option("--seal", is_flag=True, help="Write a SealedSecret, in place of a SOPS file."),
        click.option("--apply", is_flag=True, help="Send it to the cluster, in place of a file."),
        click.option("--dry-run", is_flag=True, help="With --apply: let the cluster try it, and leave it."),
        click.option("--replace", is_flag=True, help="Put it in the place of what is there."),
        click.option("--seal-cert", metavar="FILE|URL", help="Certificate to seal with; else the cluster is asked."),
        click.option(
            "--scope",
            type=click.Choice(["strict", "namespace-wide", "cluster-wide"]),
            help="With --seal: how far it may be moved.",
        ),
    )(command)


def _object_options(command: _Command) -> _Command:
    """Add what else the object says."""
    return together(
        click.option("--type", "type_", default="", metavar="TYPE", help="Its type as the API has it."),
        click.option("-n", "--namespace", default="", metavar="NAME", help="Its namespace."),
        click.option("--label", "labels", multiple=True, metavar="KEY=VALUE", help="A further label. Repeatable."),
        click.option("--owner", default="", metavar="TEAM", help="Who answers for it, as a label."),
        click.option("--version", default="1", show_default=True, help="Its first version, as a label."),
        click.option("--immutable", is_flag=True, help="It can only be removed, not changed."),
        click.option("--string-data", is_flag=True, help="Keep text readable in an editor: stringData, not data."),
        click.option("--config", type=click.Path(dir_okay=False), help="strongroom.toml in place of the nearest."),
    )(command)


@click.command("create")
@click.argument("words", nargs=-1, required=True, metavar="[KIND] NAME")
@source_options
@_part_options
@_object_options
@_output_options
@cluster_options
def command(words: tuple[str, ...], **options: Any) -> int:
    """Make a Secret. The result is never a plain manifest.

    KIND is generic, tls, docker-registry, basic-auth, ssh-auth,
    service-account-token or bootstrap-token, as for kubectl create secret; without
    it, generic. Without --seal and --apply a SOPS file is written, by the rule of
    .sops.yaml that holds for it.

    strongroom secret create db --generate password=password:32 --owner payments

    strongroom secret create tls shop-tls --cert shop.crt --key shop.key
    """
    from strongroom.crypto.memory import guard

    guard()
    kind, name = _kind(words, options.pop("type_"))
    given = {part: options.pop(_variable(part)) for one in KINDS for part in one.parts}
    sources = Sources(**{field: options.pop(field) for field in Sources._fields})
    cluster = Cluster(**{field: options.pop(field) for field in Cluster._fields if field != "namespace"}, namespace="")
    output = Output(**{field: options.pop(field) for field in Output._fields})
    check_name(name, name_pattern(options.pop("config")))
    # What can be refused is refused before anybody is asked for a value.
    place = placed(name, output)
    secret = _secret(kind, name, given, sources, options)
    write(secret, cluster._replace(namespace=secret.namespace), output, place)
    return CLEAN


def _kind(words: tuple[str, ...], type_: str) -> tuple[SecretKind, str]:
    if len(words) > 2:
        raise UsageError("too many names", hint="strongroom secret create [KIND] NAME")
    if len(words) == 1:
        return kind_of(type_), words[0]
    kind = kind_named(words[0])
    if type_ and type_ != kind.type:
        if kind.parts:
            raise UsageError(f"a {kind.id} Secret has the type {kind.type}", hint="leave --type or the kind away")
        kind = kind_of(type_)
    return kind, words[1]


def _secret(
    kind: SecretKind, name: str, given: dict[Part, str | None], sources: Sources, options: dict[str, Any]
) -> PlainSecret:
    from strongroom.files.sealed.secrets import PlainSecret
    from strongroom.files.secret.manifest import OWNER
    from strongroom.files.secret.names import check_namespace
    from strongroom.files.secret_kinds.kind import Written

    namespace = options.pop("namespace") or kind.namespace
    if namespace:
        check_namespace(namespace)
    labels, annotations = _marks(options)
    made = _made(kind, name, given, sources)
    annotations |= made.annotations
    notes = kind.check(Written(name, namespace, made.data, annotations))
    for note in (*notes, *(() if OWNER in labels else ("nothing says whose it is; --owner TEAM does",))):
        say(f"note: {note}")
    return PlainSecret(name, namespace, made.data, kind.type, options.pop("immutable") or None, labels, annotations)


def _marks(options: dict[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Return labels and annotations that say whose it is, which version, and since when."""
    from strongroom.files.secret.manifest import MANAGED_BY, OWNER, ROTATED_AT, VERSION
    from strongroom.files.secret.names import check_label, check_label_key
    from strongroom.keys.process import now

    labels = {MANAGED_BY: "strongroom", VERSION: options.pop("version")}
    if owner := options.pop("owner"):
        labels[OWNER] = owner
    for text in options.pop("labels"):
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise UsageError("--label takes KEY=VALUE")
        labels[key] = value
    for key, value in labels.items():
        check_label_key(key)
        check_label(value, f"the label {key}")
    return labels, {ROTATED_AT: now()}


def _made(kind: SecretKind, name: str, given: dict[Part, str | None], sources: Sources) -> Made:
    """Return keys and values, from the parts of the type and from everything else."""
    from strongroom.files.secret import inputs
    from strongroom.files.secret_kinds.kind import Made

    for part, value in given.items():
        if value is not None and part not in kind.parts:
            raise UsageError(f"--{part.name} is not for a {kind.id} Secret")
    if not kind.parts and not sources:
        raise UsageError(
            "nothing says which values it has", hint="--prompt KEY, --from-stdin KEY, --from-file, --generate"
        )
    own = {part.name: value for part, value in given.items() if value is not None}
    default = _DOCKER if kind.id == "docker-registry" and len(sources.from_file) == 1 else ""
    values = collect(sources, default)
    # A secret part may come from everywhere where values come from, under its name: --from-stdin docker-password.
    parts = {part.name: values.pop(part.name) for part in kind.parts if part.how == "secret" and part.name in values}
    if own or not (parts or values):
        parts |= _parts(kind, own, parts)
    made = kind.make(parts, name) if parts or not values else Made({})
    return Made(inputs.gather([*made.data.items(), *values.items()]), made.annotations)


def _parts(kind: SecretKind, given: dict[str, str], there: dict[str, Plaintext]) -> dict[str, Plaintext]:
    """Return the parts that options give; those that are needed and missing are asked for."""
    from pathlib import Path

    from strongroom.files.secret import inputs

    parts: dict[str, Plaintext] = {}
    for part in kind.parts:
        value = given.get(part.name)
        if value is None:
            if part.name in kind.needed and part.name not in there:
                parts[part.name] = _asked(kind, part)
        elif part.name in there:
            raise UsageError(f"{part.name} is given twice")
        elif part.how == "file":
            parts[part.name] = inputs.read(Path(value))
        else:
            if part.how == "secret":
                say(f"warning: --{part.name} shows the value to other users of this machine; else it is asked for")
            parts[part.name] = inputs.argument(value)
    return parts


def _asked(kind: SecretKind, part: Part) -> Plaintext:
    if part.how == "secret":
        return asked(part.name)
    if part.how == "text" and sys.stdin.isatty():
        return Plaintext(click.prompt(part.name, err=True))
    raise UsageError(f"a {kind.id} Secret needs --{part.name}", hint=f"--{part.name} {_metavar(part)}")

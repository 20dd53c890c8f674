"""``strongroom install kms-plugin``."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import click

from strongroom.errors import UsageError

if TYPE_CHECKING:
    from strongroom.serve.kms_plugin.manifests import Installation

_FORMS = ("static-pod", "systemd", "encryption-configuration")
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_FOLDER = re.compile(r"(/[\w@+.-]+){2,}/?", re.ASCII)
_RESOURCE = re.compile(r"[a-z0-9*][a-z0-9.*-]*")


@click.command("kms-plugin")
@click.option("--form", type=click.Choice(_FORMS), required=True, help="What is rendered.")
@click.option("--key", metavar="URI", help="The key that encrypts, as for serve kms-plugin.")
@click.option("--also", multiple=True, metavar="URI", help="A key that only decrypts. Repeatable.")
@click.option("--socket", default="/run/strongroom/kms.sock", show_default=True, metavar="PATH", help="On the node.")
@click.option("--name", default="strongroom-kms", show_default=True, help="Of the provider, the pod, the unit.")
@click.option("--image", metavar="IMAGE", help="The image of the static pod, best by its digest.")
@click.option("--program", default="/usr/local/bin/strongroom", show_default=True, metavar="PATH", help="For systemd.")
@click.option("--folder", default="/etc/strongroom", show_default=True, metavar="PATH", help="Keys and tokens.")
@click.option("--metrics-address", default="127.0.0.1:8085", show_default=True, metavar="HOST:PORT")
@click.option(
    "--resource", multiple=True, default=["secrets"], show_default=True, help="What is encrypted. Repeatable."
)
@click.option("--timeout", type=click.IntRange(1, 60), default=3, show_default=True, help="Seconds for a request.")
def command(
    form: str,
    key: str | None,
    also: tuple[str, ...],
    socket: str,
    name: str,
    image: str | None,
    program: str,
    folder: str,
    metrics_address: str,
    resource: tuple[str, ...],
    timeout: int,
) -> None:
    """Render how a KMS v2 plugin runs; nothing is applied."""
    from strongroom.serve.kms_plugin.manifests import Installation
    from strongroom.serve.kms_plugin.settings import checked_address
    from strongroom.serve.sockets import checked_path

    address = checked_address(metrics_address)
    if not isinstance(address, tuple):
        raise UsageError("the probes of the plugin need a host and a port", hint="--metrics-address 127.0.0.1:8085")
    if not _NAME.fullmatch(name) or not all(map(_RESOURCE.fullmatch, resource)):
        raise UsageError(
            "a name or a resource is none that Kubernetes takes", hint="lower-case letters, digits, hyphens"
        )
    if form != "encryption-configuration" and key is None:
        raise UsageError("no key is named", hint="--key URI, such as vault-transit:https://…")
    if form == "static-pod" and not image:
        raise UsageError("a static pod has an image", hint="--image registry/strongroom@sha256:…")
    place = PurePosixPath(checked_path(socket))
    _check_folders(place.parent, PurePosixPath(folder))
    wanted = Installation(
        name=name,
        socket=place,
        keys=_checked((key or "", *also)),
        metrics=address,
        folder=PurePosixPath(folder),
        image=image or "",
        program=_absolute(program, "program"),
        resources=resource,
        timeout=timeout,
    )
    _print(form, wanted)


def _print(form: str, wanted: Installation) -> None:
    import yaml

    from strongroom.serve.kms_plugin import manifests

    click.echo("".join(f"# {line}\n" for line in manifests.shown(wanted, form)), nl=False)
    if form == "systemd":
        click.echo(manifests.systemd_unit(wanted), nl=False)
        return
    body = manifests.static_pod(wanted) if form == "static-pod" else manifests.encryption_configuration(wanted)
    click.echo(yaml.safe_dump(body, sort_keys=False, default_flow_style=False, width=120), nl=False)


def _checked(uris: tuple[str, ...]) -> tuple[str, ...]:
    """Return URIs that a key can be made of; what they name is on the node, not here.

    Raises:
        UsageError: one of them is none.
    """
    from strongroom.keys.kek.kinds import parse

    for uri in filter(None, uris):
        if not uri.isprintable():
            raise UsageError("the URI of a key has characters that cannot be printed")
        parse(uri, {}).close()
    return uris


def _check_folders(*folders: PurePosixPath) -> None:
    """Refuse folders that hold more than what the plugin is for; the whole of them is mounted.

    Raises:
        UsageError: one of them is such a folder, or both are the same.
    """
    for one in folders:
        if not _FOLDER.fullmatch(str(one)) or ".." in one.parts or one == PurePosixPath("/var/run"):
            raise UsageError(
                f"{one} is no folder of its own", hint="/run/strongroom and /etc/strongroom, or others like them"
            )
    if len(set(folders)) < len(folders):
        raise UsageError("the socket and the keys are in one folder", hint="the socket's is written, the other is not")


def _absolute(text: str, what: str) -> str:
    if not text.startswith("/") or not text.isprintable():
        raise UsageError(f"the {what} is not given by its absolute path")
    return text

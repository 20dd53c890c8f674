"""``strongroom at-rest rotate``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from strongroom.cli.asking import YES
from strongroom.cli.at_rest.options import SERVER_OPTIONS
from strongroom.cli.common import ETCD_OPTIONS, together
from strongroom.errors import UsageError

if TYPE_CHECKING:
    from strongroom.atrest.servers import Server
    from strongroom.atrest.stored import Etcd
    from strongroom.survey.at_rest.rotation import Asked

_TARGETS = ("secretbox", "aesgcm", "kms", "identity", "current")
_MINUTE = 60.0


@click.command("rotate")
@click.option(
    "--config",
    "configs",
    multiple=True,
    required=True,
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="The EncryptionConfiguration of an API server on this host. Repeatable.",
)
@together(*SERVER_OPTIONS, *ETCD_OPTIONS)
@click.option("--etcd", metavar="URL", help="The etcd that proves it: https://127.0.0.1:2379.")
@click.option("--to", type=click.Choice(_TARGETS), default=None, help="What shall encrypt; by default a new key.")
@click.option("--decrypt", is_flag=True, help="Back to plain text: --to identity.")
@click.option("--kms-name", default="", help="Name of the KMS v2 plugin, with --to kms.")
@click.option("--kms-endpoint", default="", metavar="unix:///SOCKET", help="Its socket.")
@click.option("--kms-timeout", default="", metavar="5s", help="How long API servers wait for it; by default 3s.")
@click.option(
    "--kms-wait",
    type=click.FloatRange(min=0),
    default=8.0,
    show_default=True,
    metavar="MINUTES",
    help="Time after every API server has seen a new KMS key.",
)
@click.option(
    "--hand-over",
    type=click.Path(file_okay=False, exists=True),
    help="Folder for the file that a person brings to other hosts.",
)
@click.option("--reload-with", default="", metavar="COMMAND", help="Makes an API server load its file, one at a time.")
@click.option(
    "--wait",
    "patience",
    type=click.FloatRange(min=0),
    default=15.0,
    show_default=True,
    metavar="MINUTES",
    help="How long to wait for API servers.",
)
@click.option(
    "--settle",
    type=click.FloatRange(min=0),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="Time for requests to end that began before an API server loaded its file.",
)
@click.option(
    "--migration",
    type=click.FloatRange(min=0),
    default=5.0,
    show_default=True,
    metavar="MINUTES",
    help="Time for the cluster's own StorageVersionMigration, where it has that; 0 goes without.",
)
@click.option("--dry-run", is_flag=True, help="Only show what would be done, and check that it can be.")
@YES
@click.option("--save", type=click.Path(dir_okay=False), metavar="FILE", help="Write the plan to a file.")
@click.option("--fingerprint-key", type=click.Path(dir_okay=False), help="File with the key for fingerprints.")
@click.option("--format", "shape", type=click.Choice(["text", "json"]), default="text", help="How the plan is written.")
def command(**given: Any) -> int:
    """Rotate the key under which Secrets lie in etcd.

    A new key is added to the file of every API server, loaded by each, promoted,
    loaded again; every object is rewritten; etcd's bytes prove it; only then the
    old key is removed. All of it is a plan: shown first, done with a journal, and
    whenever it stops strongroom plan resume goes on, undo goes back. No object is
    unreadable at any moment.

    Where a KMS plugin encrypts, and its key was rotated in the KMS, everything is
    rewritten under the key that it has now. --to goes over to something else:
    --to kms, --to secretbox, or with --decrypt back to plain text; --to current
    keeps the key, rewrites everything under it and removes the others.
    """
    from strongroom.cli.plan_carrying import Carrying, carry_out
    from strongroom.survey import fingerprint_key as keys
    from strongroom.survey.at_rest.rotation import planned

    key = keys.load(given["fingerprint_key"])
    plan = planned(_asked(given), key, keys.state_folder(), os.environ)
    how = Carrying("/", given["dry_run"], given["yes"], given["save"], given["fingerprint_key"], given["shape"])
    return carry_out(plan, how)


def _asked(given: dict[str, Any]) -> Asked:
    from strongroom.survey.at_rest.rotation import Asked

    if given["decrypt"] and given["to"] not in (None, "identity"):
        raise UsageError("--decrypt goes back to plain text, so it goes with no other --to")
    kms = (given["kms_name"], given["kms_endpoint"], given["kms_timeout"])
    if any(kms) and given["to"] != "kms":
        raise UsageError("--kms-name, --kms-endpoint and --kms-timeout go with --to kms")
    return Asked(
        tuple(Path(path) for path in given["configs"]),
        _servers(given),
        _etcd(given),
        Path(given["hand_over"]) if given["hand_over"] else None,
        "identity" if given["decrypt"] else given["to"] or "",
        kms,
        given["reload_with"],
        given["patience"] * _MINUTE,
        given["settle"],
        kms_wait=given["kms_wait"] * _MINUTE,
        migration=given["migration"] * _MINUTE,
    )


def _servers(given: dict[str, Any]) -> tuple[Server, ...]:
    from strongroom.atrest.servers import Server

    kubeconfig = str(Path(given["kubeconfig"]).resolve()) if given["kubeconfig"] else None
    urls = dict.fromkeys(url.rstrip("/") for url in given["api_server"])
    if not urls:
        return (Server("the API server", "", given["context"], kubeconfig),)
    return tuple(Server(url.removeprefix("https://"), url, given["context"], kubeconfig) for url in urls)


def _etcd(given: dict[str, Any]) -> Etcd | None:
    from strongroom.atrest.stored import Etcd
    from strongroom.sources.etcd_options import ETCD, EtcdOptions

    if given["etcd"] is None:
        return None
    source = given["etcd"].removeprefix(ETCD)
    if not source.startswith(("https://", "http://")):
        raise UsageError("--etcd takes a URL: what lies in a file proves nothing about now")
    options = EtcdOptions.given(given["etcd_cacert"], given["etcd_cert"], given["etcd_key"], os.environ)
    files = [str(Path(file).resolve()) if file else "" for file in (options.cacert, options.cert, options.key)]
    return Etcd(f"{ETCD}{source}", EtcdOptions(*files))

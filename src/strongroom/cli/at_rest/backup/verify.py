"""``strongroom at-rest backup verify``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from strongroom.cli.at_rest.backup.options import counted, key_context, say
from strongroom.cli.common import KUBECONFIG
from strongroom.cli.root import CLEAN, FINDINGS
from strongroom.errors import UsageError

if TYPE_CHECKING:
    from strongroom.survey.at_rest.backup_verify import Difference, Verified


@click.command("verify")
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--against", default="", metavar="cluster[:CONTEXT]", help="Compare it with a cluster as it is now.")
@KUBECONFIG
@click.option("--format", "shape", type=click.Choice(["text", "json"]), default="text", help="How it is written.")
def command(file: str, against: str, kubeconfig: str | None, shape: str) -> int:
    """Check that a backup opens, is whole, and every Secret in it can be read.

    With --against, exit code 1 where a Secret of the backup's namespaces and labels
    is missing, differs, or is new.
    """
    from strongroom.atrest.backup_records import ETCD
    from strongroom.sources.cluster_options import is_cluster
    from strongroom.survey.at_rest.backup import opened
    from strongroom.survey.at_rest.backup_verify import verified

    if against and not is_cluster(against):
        raise UsageError("--against takes cluster or cluster:CONTEXT")
    with opened(Path(file), key_context()) as backup:
        found = verified(backup)
    if against and found.manifest.kind == ETCD:
        raise UsageError("an etcd snapshot is not compared with a cluster", hint="leave --against away")
    different = _compared(found, against, kubeconfig) if against else None
    if shape == "json":
        click.echo(json.dumps(_as_json(found, different), indent=2))
    else:
        _print(file, found, different)
    return FINDINGS if different else CLEAN


def _compared(found: Verified, against: str, kubeconfig: str | None) -> list[Difference]:
    from strongroom.kube.connection import Asked
    from strongroom.kube.whole_secrets import cluster_id
    from strongroom.survey.at_rest.backup import Scope, ask, live
    from strongroom.survey.at_rest.backup_verify import differences

    asked = Asked(against.partition(":")[2], kubeconfig)
    manifest = found.manifest
    here = ask(asked, cluster_id)
    if here and manifest.cluster and here != manifest.cluster:
        say("note: the backup is of another cluster")
    return differences(found, live(Scope(asked, manifest.namespaces, manifest.selector)))


def _print(file: str, found: Verified, different: list[Difference] | None) -> None:
    from strongroom.report.sanitise import line
    from strongroom.survey.at_rest.backup_verify import WHATS

    manifest = found.manifest
    if found.held or not found.size:
        namespaces = len({place.namespace for place in found.held})
        what = f"{counted(len(found.held), 'Secret')} of {counted(namespaces, 'namespace')}"
    else:
        what = f"an etcd snapshot of {found.size:,} bytes"
    rows = [
        f"{file} is whole: {what}",
        f"  made     {manifest.created} by {manifest.tool}",
        f"  of       {manifest.source}" + (f", cluster {manifest.cluster}" if manifest.cluster else ""),
        *(f"  opens    with {who}" for who in found.openers),
        *(f"  only     namespaces {', '.join(manifest.namespaces)}" for _ in manifest.namespaces[:1]),
        *(f"  only     labels {manifest.selector}" for _ in manifest.selector[:1]),
        *(f"  {count:>7,}  {kind or 'Opaque'}" for kind, count in found.types.items()),
        *(f"  with     {path}" for path in found.files),
    ]
    for row in rows:
        click.echo(line(row))
    for one in different or ():
        click.echo(line(f"{one.place}: {WHATS[one.what]}"))
    if different is not None:
        click.echo(
            f"{counted(len(different), 'difference')}" if different else "equal to the cluster, object by object"
        )


def _as_json(found: Verified, different: list[Difference] | None) -> dict[str, Any]:
    import msgspec

    body: dict[str, Any] = {
        "backup": {"digest": found.digest, **msgspec.to_builtins(found.manifest)},
        "secrets": len(found.held),
        "types": found.types,
        "opens_with": list(found.openers),
        "files": list(found.files),
    }
    if found.size:
        body["bytes"] = found.size
    if different is not None:
        body["differences"] = [
            {"namespace": d.place.namespace, "name": d.place.name, "what": d.what} for d in different
        ]
    return body

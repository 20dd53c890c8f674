"""Options of ``strongroom scan`` that compare with an inventory, and that ask whether a value still works."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from strongroom.cli.common import CLUSTER_OPTIONS, together
from strongroom.errors import UsageError

if TYPE_CHECKING:
    from strongroom.leaks.library import Library
    from strongroom.sources.cluster_options import ClusterOptions
    from strongroom.sources.etcd_options import EtcdOptions
    from strongroom.survey.scanning.blobs import Blobs
    from strongroom.survey.scanning.known_scan import Known

_Command = TypeVar("_Command", bound=Callable[..., Any])


def known_options(command: _Command) -> _Command:
    """Add the options; `taken` takes them."""
    options = (
        click.option(
            "--inventory",
            multiple=True,
            metavar="SOURCE",
            help="Find every value that SOURCE knows: a source of audit, or a file of inventory --fingerprints. "
            "Repeatable.",
        ),
        *CLUSTER_OPTIONS,
        click.option("--values", is_flag=True, help="Of an inventory that is a cluster, read the values of Secrets."),
        click.option("--verify", is_flag=True, help="Ask those who issued the values whether they still work."),
        click.option(
            "--verify-seconds",
            type=click.IntRange(1, 3600),
            default=60,
            show_default=True,
            metavar="N",
            help="Verify for so long at most.",
        ),
        click.option("--verify-internal", is_flag=True, help="Verify with hosts of private networks, too."),
    )
    return together(*options)(command)


class Knowing(NamedTuple):
    """The options."""

    inventory: tuple[str, ...]
    namespace: tuple[str, ...]
    kubeconfig: str | None
    as_user: str | None
    as_group: tuple[str, ...]
    values: bool
    verify: bool
    verify_seconds: int
    verify_internal: bool


def taken(given: dict[str, Any]) -> Knowing:
    """Take the options out of those that were given."""
    return Knowing(**{name: given.pop(name) for name in Knowing._fields})


def refuse(known: Knowing, *, staged: bool) -> None:
    """Refuse what contradicts itself.

    Raises:
        UsageError: it does.
    """
    if known.verify and staged:
        raise UsageError("--staged sends no value anywhere", hint="leave --verify out")
    if known.verify_internal and not known.verify:
        raise UsageError("--verify-internal needs --verify")
    if known.values and not known.inventory:
        raise UsageError("--values needs --inventory")
    from strongroom.sources.cluster_options import is_cluster

    of_cluster = known.namespace or known.kubeconfig or known.as_user or known.as_group or known.values
    if of_cluster and not any(map(is_cluster, known.inventory)):
        raise UsageError("options of a cluster without a cluster", hint="name it: --inventory cluster")


def prepare(blobs: Blobs, key: bytes, library: Library, show: Callable[[str], None], known: Knowing) -> None:
    """Have a scan look for known values, and keep what it will verify.

    Raises:
        StrongroomError: an inventory cannot be read.
    """
    if known.verify:
        from strongroom.survey.verify import Verification, Verifier

        how = Verification(known.verify_seconds, known.verify_internal, lambda text: click.echo(text, err=True))
        blobs.verify(Verifier(key, how))
    if known.inventory:
        from strongroom.survey.scanning.known import known_of

        cluster, etcd = _ways(known)
        blobs.search(known_of(known.inventory, key, library, cluster=cluster, etcd=etcd, progress=show))


def prepare_for_workers(
    key: bytes, library: Library, show: Callable[[str], None], known: Knowing
) -> tuple[tuple[bytes, ...], Known | None]:
    """Return what workers need to look for known values, which is no value, and what is known.

    Raises:
        StrongroomError: an inventory cannot be read.
    """
    if not known.inventory:
        return (), None
    from strongroom.survey.scanning.spark_known import known_for_workers

    cluster, etcd = _ways(known)
    return known_for_workers(known.inventory, key, library, cluster=cluster, etcd=etcd, progress=show)


def _ways(known: Knowing) -> tuple[ClusterOptions, EtcdOptions]:
    from strongroom.sources.cluster_options import ClusterOptions
    from strongroom.sources.etcd_options import EtcdOptions

    if known.values:
        click.echo("reading the values of Secrets: they are kept in memory while the scan runs", err=True)
    cluster = ClusterOptions(
        known.kubeconfig, known.namespace, known.as_user or "", known.as_group, values=known.values
    )
    return cluster, EtcdOptions.given(None, None, None, os.environ)

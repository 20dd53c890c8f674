"""Read a running etcd, or a snapshot of one: ``etcd:https://127.0.0.1:2379``, ``etcd:FILE``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from strongroom.errors import UsageError
from strongroom.model.controlplane import EtcdContents
from strongroom.model.origin import Origin
from strongroom.sources.etcd_client import EtcdClient
from strongroom.sources.etcd_keys import PREFIX
from strongroom.sources.etcd_options import ETCD, EtcdOptions
from strongroom.sources.etcd_snapshot import contents_of_snapshot
from strongroom.sources.etcd_values import Tally, add, stored_as
from strongroom.sources.reading import Reading


def read_etcd(reading: Reading, source: str, options: EtcdOptions, progress: Callable[[str], None]) -> None:
    """Add what an etcd, or a snapshot of one, says of its values to a reading.

    Args:
        reading: what is added to.
        source: ``etcd:`` and a URL, whose path may name another prefix than ``/registry``, or a file.
        options: the files of the connection.
        progress: called with what is being read.

    Raises:
        UsageError: the source is neither a URL nor a file.
        SourceError: etcd cannot be reached or refuses; the file cannot be read or is no etcd database.
    """
    path = snapshot_of(source)
    if path is not None:
        add(reading, contents_of_snapshot(path, Origin(source, str(path)), PREFIX))
    else:
        add(reading, _of_server(source, options, progress))


def snapshot_of(source: str) -> Path | None:
    """Return the file of a source that is a snapshot; None where it is a URL.

    Raises:
        UsageError: the source is neither a URL nor a file.
    """
    named = source.removeprefix(ETCD)
    if named.startswith(("http://", "https://")):
        return None
    if not named or not Path(named).exists():
        raise UsageError(
            f"{source} names neither a URL nor a file", hint="such as etcd:https://127.0.0.1:2379 or etcd:FILE"
        )
    return Path(named)


def prefix_of(source: str) -> str:
    """Return below which prefix an etcd, or a snapshot of one, is read."""
    named = source.removeprefix(ETCD)
    if not named.startswith(("http://", "https://")):
        return PREFIX
    return EtcdClient(source, EtcdOptions()).prefix


def _of_server(source: str, options: EtcdOptions, progress: Callable[[str], None]) -> EtcdContents:
    with EtcdClient(source, options) as client:
        tally = Tally(client.prefix)
        for start, end in client.ranges((), progress):
            for pair in client.pages(start, end):
                tally.put(pair.key, stored_as(pair.value))
        return tally.contents(Origin(client.source, ""))

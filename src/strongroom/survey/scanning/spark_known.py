"""Known values in a scan of many repositories: workers search by keyed fingerprints, and no value leaves the driver.

A worker gets what a fingerprint file holds (`known_file`): with the fingerprint key, which it has, that is enough for a
search, and without it nothing can be guessed. Of any other inventory such contents are made here, in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

import msgspec

from strongroom.leaks.known import KnownValues
from strongroom.leaks.library import Library
from strongroom.sources.cluster_options import ClusterOptions
from strongroom.sources.etcd_options import EtcdOptions
from strongroom.survey.scanning.known import by_fingerprint, gather, notes, nothing_known, told_apart
from strongroom.survey.scanning.known_file import contents_of, parse_file, read_contents
from strongroom.survey.scanning.known_scan import Known

_NOTE = "known values were compared by keyed fingerprints: workers got nothing else of them"


def known_for_workers(
    sources: tuple[str, ...],
    key: bytes,
    library: Library,
    *,
    cluster: ClusterOptions,
    etcd: EtcdOptions,
    progress: Callable[[str], None],
) -> tuple[tuple[bytes, ...], Known]:
    """Read inventories and fingerprint files; return contents of fingerprint files, and what is known by them.

    Arguments and errors are those of `known.known_of`.
    """
    files, read = told_apart(sources, cluster)
    named = [(file, read_contents(file)) for file in files]
    left_out: Counter[str] = Counter()
    if read:
        gathered = gather(read, key, library, cluster=cluster, etcd=etcd, progress=progress, left_out=left_out)
        named.append(("", contents_of(key, gathered, left_out)[1]))
    known = _known(named, key)
    if not known.by_fingerprint:
        raise nothing_known(sources, read, left_out)
    return tuple(contents for _, contents in named), msgspec.structs.replace(known, notes=(*known.notes, _NOTE))


def known_from(files: Iterable[bytes], key: bytes) -> Known:
    """Return what contents of fingerprint files say.

    Raises:
        SourceError: they were made under another key, or by a later version.
    """
    return _known((("", contents) for contents in files), key)


def _known(named: Iterable[tuple[str, bytes]], key: bytes) -> Known:
    parsed = [parse_file(name, contents, key) for name, contents in named]
    values = [one for found, _, _ in parsed for one in found]
    left_out: Counter[str] = Counter()
    for _, _, left in parsed:
        left_out.update(left)
    return Known(KnownValues(search for _, search, _ in parsed), by_fingerprint(values), notes(len(values), left_out))

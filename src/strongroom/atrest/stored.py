"""How objects lie in etcd, told by their bytes: from a running etcd, or from a snapshot of one.

Read range by range; of a value only what tells how it is stored is looked at, and nothing of it is kept. Proving that
values can be decrypted needs all of their bytes (`values`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from strongroom.errors import SourceError
from strongroom.model.controlplane import StoredAs
from strongroom.sources.etcd import snapshot_of
from strongroom.sources.etcd_client import EtcdClient
from strongroom.sources.etcd_keys import PREFIX, SECRETS, covers, resource_of
from strongroom.sources.etcd_options import EtcdOptions
from strongroom.sources.etcd_snapshot import Snapshot
from strongroom.sources.etcd_values import stored_as

EVERYTHING = ("*.*",)
"""All resources: what no rule covers may still be encrypted, under a key that went with its rule."""


class Etcd(NamedTuple):
    """An etcd, or a snapshot of one.

    Attributes:
        source: ``etcd:https://127.0.0.1:2379`` (a path in the URL names another prefix than ``/registry``), or
            ``etcd:FILE``.
        options: the files of the connection.
    """

    source: str
    options: EtcdOptions = EtcdOptions()


class StoredObject(NamedTuple):
    """One object.

    Attributes:
        resource: as its key says: ``secrets``, ``deployments``, ``widgets.example.com``.
        name: ``namespace/name``, or only the name.
        how: by which provider and key it is encrypted.
        revision: the revision of etcd that wrote it last: its ``resourceVersion``.
    """

    resource: str
    name: str
    how: StoredAs
    revision: int


class Count(NamedTuple):
    """The objects of a resource that lie in one way.

    Attributes:
        number: how many.
        oldest, newest: the revisions that wrote the oldest and the newest of them.
    """

    resource: str
    how: StoredAs
    number: int
    oldest: int
    newest: int


class Counted(NamedTuple):
    """What `count` found.

    Attributes:
        counts: by resource, and of each the oldest first.
        plaintext: ``namespace/name`` of objects in plain text, by resource, in order; all of them.
        named: of the ways that were asked for, all objects, by resource and way.
    """

    counts: tuple[Count, ...]
    plaintext: dict[str, tuple[str, ...]]
    named: dict[tuple[str, StoredAs], tuple[str, ...]] = {}

    def of(self, resource: str) -> tuple[Count, ...]:
        """Return the counts of one resource."""
        return tuple(count for count in self.counts if count.resource == resource)


class StoredValue(NamedTuple):
    """One object with its bytes, which are a secret value where it lies in plain text: look at them, and drop them.

    Attributes:
        object: it.
        key: its key in etcd, which encryption ties its bytes to.
        value: the bytes; only the first ones where the whole value was not asked for.
    """

    object: StoredObject
    key: str
    value: bytes

    def __repr__(self) -> str:
        return f"StoredValue({self.object!r})"


def stored(etcd: Etcd, resources: Sequence[str], progress: Callable[[str], None]) -> Iterator[StoredObject]:
    """Yield the objects of some resources, as etcd has them now.

    Args:
        etcd: which one.
        resources: as an EncryptionConfiguration names them: ``secrets``, ``widgets.example.com``, ``*.apps``, ``*.*``;
            none for Secrets and every resource of which something is encrypted.
        progress: called with what is being read.

    Raises:
        UsageError: the source is neither a URL nor a file.
        SourceError: etcd cannot be reached or refuses; the file cannot be read, is no etcd database, or is damaged.
    """
    for entry in _entries(etcd, resources, progress, whole=False):
        yield entry.object


def check_cluster(etcd: Etcd) -> None:
    """Refuse an etcd, or a prefix in it, that holds no cluster: that nothing is found there would prove nothing.

    Raises:
        UsageError: as `stored`.
        SourceError: it holds none, or as `stored`.
    """
    for _ in stored(etcd, ("namespaces",), lambda _: None):
        return  # every API server makes some when it starts
    raise SourceError(
        f"{etcd.source} holds no cluster",
        hint="is it that of the API server (--etcd-servers)? its --etcd-prefix, if it has one, ends the URL",
    )


def values(etcd: Etcd, resources: Sequence[str], progress: Callable[[str], None]) -> Iterator[StoredValue]:
    """Yield the objects of some resources with all their bytes; arguments and errors as `stored`."""
    return _entries(etcd, resources, progress, whole=True)


def count(etcd: Etcd, resources: Sequence[str], progress: Callable[[str], None]) -> Counted:
    """Count the objects of some resources by how they lie in etcd; arguments and errors as `stored`."""
    return counted(stored(etcd, resources, progress))


def counted(objects: Iterable[StoredObject], wanted: Callable[[str, StoredAs], bool] = lambda _, __: False) -> Counted:
    """Count objects by how they lie in etcd. Pure.

    Args:
        objects: each once.
        wanted: tells of a resource and a way whether the names of its objects are kept.
    """
    found: dict[tuple[str, StoredAs], list[int]] = {}
    plain: dict[str, list[str]] = {}
    named: dict[tuple[str, StoredAs], list[str]] = {}
    for resource, name, how, revision in objects:
        numbers = found.get((resource, how))
        if numbers is None:
            found[resource, how] = [1, revision, revision]
            if wanted(resource, how):
                named[resource, how] = []
        else:
            numbers[0] += 1
            numbers[1] = min(numbers[1], revision)
            numbers[2] = max(numbers[2], revision)
        if not how.encrypted:
            plain.setdefault(resource, []).append(name)
        if (resource, how) in named:
            named[resource, how].append(name)
    counts = [Count(resource, how, *numbers) for (resource, how), numbers in found.items()]
    return Counted(
        tuple(sorted(counts, key=lambda one: (one.resource, one.oldest))),
        {resource: tuple(sorted(names)) for resource, names in sorted(plain.items())},
        {way: tuple(sorted(names)) for way, names in named.items()},
    )


def _entries(
    etcd: Etcd, resources: Sequence[str], progress: Callable[[str], None], *, whole: bool
) -> Iterator[StoredValue]:
    path = snapshot_of(etcd.source)
    if path is None:
        yield from _of_server(etcd, resources, progress, whole=whole)
    else:
        progress(str(path))
        yield from _of_snapshot(path, resources, whole=whole)


def _of_server(
    etcd: Etcd, names: Sequence[str], progress: Callable[[str], None], *, whole: bool
) -> Iterator[StoredValue]:
    meant = _Meant(names)
    with EtcdClient(etcd.source, etcd.options) as client:
        for start, end in client.ranges(names, progress):
            for pair in client.pages(start, end, whole=whole):
                resource, name = resource_of(pair.key, client.prefix)
                if meant(resource):
                    how = meant.same(stored_as(pair.value))
                    yield StoredValue(StoredObject(resource, name, how, pair.revision), pair.key, pair.value)


def _of_snapshot(path: Path, names: Sequence[str], *, whole: bool) -> Iterator[StoredValue]:
    meant = _Meant(names)
    newest: dict[str, tuple[StoredAs, int, int, int]] = {}
    with Snapshot(path) as snapshot:
        if whole:
            snapshot.check_sum()
        for key, head, deleted, revision, at, size in snapshot.revisions():
            if deleted:
                newest.pop(key, None)
            elif meant(resource_of(key, PREFIX)[0]):
                newest[key] = meant.same(stored_as(head)), revision, at, size
        kept = _encrypted_resources(newest) if not names else None
        for key in sorted(newest):
            how, revision, at, size = newest[key]
            resource, name = resource_of(key, PREFIX)
            if kept is None or resource in kept:
                value = snapshot.value(at, size) if whole else b""
                yield StoredValue(StoredObject(resource, name, how, revision), key, value)


def _encrypted_resources(newest: Mapping[str, tuple[StoredAs, int, int, int]]) -> set[str]:
    return {SECRETS, *(resource_of(key, PREFIX)[0] for key, (how, *_) in newest.items() if how.encrypted)}


class _Meant:
    """Which resources are asked for, each looked up once; and one `StoredAs` for all objects that share it."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._known: dict[str, bool] = {"": False}
        self._hows: dict[StoredAs, StoredAs] = {}

    def __call__(self, resource: str) -> bool:
        """Tell whether a resource is asked for; without names every one may be."""
        known = self._known.get(resource)
        if known is None:
            known = not self._names or any(covers(name, resource) for name in self._names)
            self._known[resource] = known
        return known

    def same(self, how: StoredAs) -> StoredAs:
        """Return the equal one that was seen before."""
        return self._hows.setdefault(how, how)

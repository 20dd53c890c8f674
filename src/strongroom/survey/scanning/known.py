"""What an inventory knows of values: which to look for, and which Secret each of them is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import msgspec

from strongroom.documents.limits import DEFAULT
from strongroom.errors import SourceError, UsageError
from strongroom.leaks.known import KnownValues, Search
from strongroom.leaks.known_forms import searched, why_not_searched
from strongroom.leaks.library import Library
from strongroom.leaks.nature import looks_random
from strongroom.leaks.recognise import Recogniser
from strongroom.model.origin import show_path
from strongroom.model.place import Candidate, Context, Nature, Sighting
from strongroom.model.plaintext import Fingerprint, Plaintext
from strongroom.model.secret import SecretRecord, SecretRef
from strongroom.sources.cluster_options import ClusterOptions, is_cluster
from strongroom.sources.etcd_options import EtcdOptions
from strongroom.survey.scanning.known_file import KnownValue, Owner, is_fingerprint_file, read_file
from strongroom.survey.scanning.known_scan import Known

_DATA = ("data", "stringData")
_CLUSTER, _ETCD = ClusterOptions(), EtcdOptions()


class Gathering(Recogniser):
    """Recognises, and keeps the secret values that it meets: in memory only, until `values` are turned into a search.

    Args:
        library: the rules.
    """

    def __init__(self, library: Library | None = None) -> None:
        super().__init__(library)
        self.values: dict[Fingerprint, Plaintext] = {}
        self.sightings: list[Sighting] = []
        self.left_out: Counter[str] = Counter()
        self._asked: set[Fingerprint] = set()

    def with_values(self, candidates: Iterable[Candidate], key: bytes) -> Iterator[tuple[Sighting, Plaintext]]:
        """Yield as `Recogniser.with_values`; keep what is a secret and can be searched."""
        for sighting, value in super().with_values(candidates, key):
            if sighting.nature is Nature.SECRET or _may_be_secret(sighting, value):
                self._keep(sighting, value)
            yield sighting, value

    def _keep(self, sighting: Sighting, value: Plaintext) -> None:
        if sighting.fingerprint not in self._asked:
            self._asked.add(sighting.fingerprint)
            why = why_not_searched(value.reveal())
            if why:
                self.left_out[why] += 1
            else:
                stripped = Plaintext(searched(value.reveal()))
                self.values[sighting.fingerprint] = stripped
        if sighting.fingerprint in self.values:
            self.sightings.append(sighting)

    def known(self, key: bytes, secrets: Iterable[SecretRecord]) -> list[tuple[KnownValue, Plaintext]]:
        """Return what was kept, with the Secrets that hold each value and who uses them."""
        users = {record.ref: record for record in secrets}
        found: dict[Fingerprint, tuple[KnownValue, Plaintext]] = {}
        owners: dict[Fingerprint, dict[Owner, None]] = {}
        also: dict[Fingerprint, dict[Fingerprint, None]] = {}
        for sighting in self.sightings:
            value = self.values[sighting.fingerprint]
            fingerprint = value.fingerprint(key)
            found.setdefault(fingerprint, (KnownValue(fingerprint, sighting.what), value))
            owners.setdefault(fingerprint, {})[_owner(sighting, users)] = None
            if sighting.fingerprint != fingerprint:
                also.setdefault(fingerprint, {})[sighting.fingerprint] = None
        return [
            (msgspec.structs.replace(one, owners=tuple(owners[id_]), also=tuple(also.get(id_, ()))), value)
            for id_, (one, value) in found.items()
        ]


def _may_be_secret(sighting: Sighting, value: Plaintext) -> bool:
    """Tell of a value of a Secret whether it looks generated: ``x/$Kq9…`` may be a reference, or a password."""
    odd = sighting.nature in (Nature.REFERENCE, Nature.CIPHERTEXT) and sighting.context is Context.SECRET
    return odd and looks_random(value.reveal_text() or "")


def _owner(sighting: Sighting, users: dict[SecretRef, SecretRecord]) -> Owner:
    resource, field = sighting.resource, sighting.origin.field
    if resource is None:
        return Owner(sighting.origin.holder, sighting.name)
    if resource.kind == "Secret" and not resource.group and len(field) > 1 and field[0] in _DATA:
        key = str(field[1])
        record = users.get(SecretRef(resource.namespace, resource.name))
        consumers = record.consumers if record else ()
        using = dict.fromkeys(one.resource.show() for one in consumers if one.key in ("", key))
        return Owner(resource.show(), key, tuple(using))
    return Owner(resource.show(), show_path(field))


def known_of(
    sources: tuple[str, ...],
    key: bytes,
    library: Library,
    *,
    cluster: ClusterOptions = _CLUSTER,
    etcd: EtcdOptions = _ETCD,
    progress: Callable[[str], None] = lambda _: None,
) -> Known:
    """Read inventories and fingerprint files.

    Args:
        sources: as ``audit`` reads them, or files that ``inventory --fingerprints`` wrote.
        key: the fingerprint key.
        library: the rules; they may be loading.
        cluster: how running clusters are read; with the values of their Secrets.
        etcd: how etcd is reached.
        progress: called with what is being done.

    Raises:
        UsageError: a cluster is named, and its values are not to be read.
        SourceError: a source cannot be read, or knows no value that can be searched.
    """
    files, read = told_apart(sources, cluster)
    searches: list[Search] = []
    known: list[KnownValue] = []
    left_out: Counter[str] = Counter()
    for file in files:
        found, search, left = read_file(file, key)
        known += found
        searches.append(search)
        left_out.update(left)
    if read:
        gathered = gather(read, key, library, cluster=cluster, etcd=etcd, progress=progress, left_out=left_out)
        known += [one for one, _ in gathered]
        if gathered:
            from strongroom.leaks.known_windows import WindowSearch

            searches.append(WindowSearch([value for _, value in gathered], key))
    if not known:
        raise nothing_known(sources, read, left_out)
    return Known(KnownValues(searches), by_fingerprint(known), notes(len(known), left_out))


def told_apart(sources: tuple[str, ...], cluster: ClusterOptions) -> tuple[list[str], tuple[str, ...]]:
    """Return which sources are fingerprint files, and which are to be read.

    Raises:
        UsageError: a cluster is named, and its values are not to be read.
    """
    files = [source for source in sources if is_fingerprint_file(source)]
    read = tuple(source for source in sources if source not in files)
    if any(map(is_cluster, read)) and not cluster.values:
        raise UsageError(
            "the inventory of a cluster without values",
            hint="--values reads the values of its Secrets; they are kept in memory while the scan runs",
        )
    return files, read


def gather(
    sources: tuple[str, ...],
    key: bytes,
    library: Library,
    *,
    cluster: ClusterOptions = _CLUSTER,
    etcd: EtcdOptions = _ETCD,
    progress: Callable[[str], None] = lambda _: None,
    left_out: Counter[str],
) -> list[tuple[KnownValue, Plaintext]]:
    """Read inventories; return their values; count in ``left_out`` what is not searched, by why."""
    from strongroom.survey.run import Request, look

    gathering = Gathering(library)
    request = Request(sources, key, limits=DEFAULT, cluster=cluster, etcd=etcd, progress=progress)
    secrets = look(request, recogniser=gathering).facts.secrets
    left_out.update(gathering.left_out)
    return gathering.known(key, secrets)


def by_fingerprint(known: Iterable[KnownValue]) -> dict[Fingerprint, KnownValue]:
    """Return what is known of each value by each of its fingerprints; what several inventories say of one is joined."""
    found: dict[Fingerprint, KnownValue] = {}
    for one in known:
        for fingerprint in (one.fingerprint, *one.also):
            before = found.get(fingerprint)
            if before is not None:
                owners = tuple(dict.fromkeys((*before.owners, *one.owners)))
                found[fingerprint] = msgspec.structs.replace(before, owners=owners)
            else:
                found[fingerprint] = one
    return found


def notes(count: int, left_out: Counter[str]) -> tuple[str, ...]:
    """Say how many values are searched for, and how many are not and why."""
    searched_for = f"{count:,} known value{'s' if count != 1 else ''} searched for"
    if not left_out:
        return (searched_for,)
    why = ", ".join(f"{number:,} {reason}" for reason, number in sorted(left_out.items()))
    return (f"{searched_for}; {left_out.total():,} left out: {why}",)


def nothing_known(sources: Iterable[str], read: tuple[str, ...], left_out: Counter[str]) -> SourceError:
    """Return the error that there is no value to search for; ``read`` are the sources that are no fingerprint files."""
    return SourceError(f"no value to search for in {', '.join(sources)}", hint=_hint(read, left_out))


def _hint(read: tuple[str, ...], left_out: Counter[str]) -> str:
    if left_out:
        return f"{left_out.total():,} left out: {', '.join(sorted(left_out))}"
    return "name manifests with Secrets, or a cluster with --values" if read else ""

"""Does a backup open, is it whole, and is it what the cluster has."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from strongroom.atrest import backup_records, backup_snapshot
from strongroom.atrest.backup_file import Header
from strongroom.atrest.backup_records import ETCD, KeptFile, Manifest
from strongroom.atrest.backup_secrets import BackedSecret, Digests, Place, digests, is_sound
from strongroom.errors import TamperedError
from strongroom.keys.kinds import kind_of
from strongroom.model.plaintext import FINGERPRINT_KEY_BYTES
from strongroom.survey.at_rest.backup import Open


class Verified(NamedTuple):
    """What a whole backup holds.

    Attributes:
        manifest: what it is of.
        digest: names the file.
        openers: who can open it, a line for each key group.
        types: number of Secrets by their type.
        files: paths of the files that go with them.
        size: bytes of an etcd snapshot.
        held: digests of the Secrets, under a key of this run.
        key: that key.
    """

    manifest: Manifest
    digest: str
    openers: tuple[str, ...]
    types: dict[str, int]
    files: tuple[str, ...]
    size: int
    held: dict[Place, Digests]
    key: bytes


class Difference(NamedTuple):
    """One Secret that is not the same in a backup and in a cluster; ``what`` is one of `WHATS`."""

    place: Place
    what: str


WHATS = {
    "gone": "not in the cluster",
    "new": "not in the backup",
    "values": "other values",
    "labels": "other labels or annotations",
}
"""How a Secret can differ, and how people are told."""


def verified(backup: Open) -> Verified:
    """Read a whole backup.

    Raises:
        TamperedError: something of it was changed, or a value cannot be read.
    """
    contents = backup.contents()
    key = secrets.token_bytes(FINGERPRINT_KEY_BYTES)
    found = Verified(contents.manifest, backup.front.digest, _openers(backup.front.header), {}, (), 0, {}, key)
    if contents.manifest.kind == ETCD:
        return found._replace(size=sum(map(len, backup_snapshot.checked(contents.rest, backup.name))))
    types: Counter[str] = Counter()
    files = []
    for record in backup_records.records(contents, backup.name):
        if isinstance(record, BackedSecret):
            body = record.decoded()
            if not is_sound(body):
                raise TamperedError(f"{backup.name}: a value of Secret {record.place} cannot be read")
            types[record.type] += 1
            found.held[record.place] = digests(body, key)
        elif isinstance(record, KeptFile):
            files.append(record.path)
    return found._replace(types=dict(sorted(types.items())), files=tuple(files))


def differences(found: Verified, live: Iterable[BackedSecret]) -> list[Difference]:
    """Return what is not the same in a backup and in what a cluster has now, by place."""
    seen: dict[Place, str] = {}
    for secret in live:
        held = found.held.get(secret.place)
        if held is None:
            seen[secret.place] = "new"
            continue
        now = digests(secret.decoded(), found.key)
        seen[secret.place] = "" if now == held else "labels" if now.values == held.values else "values"
    seen.update((place, "gone") for place in found.held if place not in seen)
    return [Difference(place, what) for place, what in sorted(seen.items()) if what]


def _openers(header: Header) -> tuple[str, ...]:
    several = len(header.groups) > 1
    needed = header.threshold or len(header.groups)
    names = [" or ".join(f"{kind_of(one.key.kind).title} {one.key.name}" for one in group) for group in header.groups]
    return tuple(f"{name} (one of {len(names)} groups, {needed} are needed)" if several else name for name in names)

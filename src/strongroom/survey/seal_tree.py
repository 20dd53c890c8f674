"""SealedSecrets in files: what is known of each value, with keys and without."""

from __future__ import annotations

import enum
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from strongroom.documents.limits import DEFAULT
from strongroom.documents.positions import locate
from strongroom.errors import DocumentError, KeyUseError, SourceError, TamperedError
from strongroom.files.sealed.opening import open_value
from strongroom.files.sealed.private_keys import SealingKey
from strongroom.files.sealed.scope import Scope, scope_of
from strongroom.files.sealed.sealed import MARK, SealedSecret, envelope, read_sealed
from strongroom.model.resource import as_dict
from strongroom.sources import git
from strongroom.sources.manifests import is_template

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_BLAME = re.compile(rb"([0-9a-f]{40,64}) \d+ (\d+)")


class SealedFile(NamedTuple):
    """One file: its name for people, its place, its contents, its objects; ``problem`` where it cannot be read."""

    shown: str
    path: Path
    data: bytes
    objects: tuple[SealedSecret, ...]
    problem: str = ""


class Made(enum.Enum):
    """What is known of the key that made a value."""

    NEWEST = "newest key"
    OLDER = "older key"
    OPENED = "opened"  # by a given key; nothing says which is the newest
    UNKNOWN = "key not known"
    NOT_OPENED = "no given key opens it"
    DAMAGED = "damaged"


class ValueStatus(NamedTuple):
    """One value.

    Attributes:
        key: its name.
        made: what is known of its sealing key.
        fingerprint: of that key; empty where it is not known.
        size: of the plaintext in bytes; -1 where the envelope is damaged.
        key_bits: of the sealing key.
        since: when Git saw the line last change; None where it does not know.
        line: where it stands.
        note: why it is taken for damaged or older, in words.
    """

    key: str
    made: Made
    fingerprint: str = ""
    size: int = -1
    key_bits: int = 0
    since: datetime | None = None
    line: int = 0
    note: str = ""


class ObjectStatus(NamedTuple):
    """One SealedSecret, its values, and what is wrong with it."""

    shown: str
    name: str
    scope: str
    values: tuple[ValueStatus, ...]
    problems: tuple[str, ...]


class Newest(NamedTuple):
    """The newest sealing key: its fingerprint, and from when on it can have been used."""

    fingerprint: str
    since: datetime | None


def sealed_files(files: Iterable[tuple[str, Path]]) -> Iterator[SealedFile]:
    """Yield the files that hold SealedSecrets, and those that cannot be read and might."""
    for shown, path in files:
        try:
            if path.stat().st_size > DEFAULT.max_bytes:
                yield SealedFile(shown, path, b"", (), "larger than 32 MiB")
                continue
            data = path.read_bytes()
        except OSError as error:
            yield SealedFile(shown, path, b"", (), (error.strerror or "cannot be read").lower())
            continue
        if MARK not in data and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
            continue
        try:
            objects = read_sealed(data, shown)
        except DocumentError as error:
            reason = "a template" if is_template(data) else error.message.removeprefix(f"{shown}: ")
            yield SealedFile(shown, path, data, (), reason)
        else:
            if objects:
                yield SealedFile(shown, path, data, objects)


def statuses(
    file: SealedFile, keys: Mapping[str, SealingKey], newest: Newest | None, *, dates: bool = True
) -> Iterator[ObjectStatus]:
    """Yield what is known of each object of a file.

    Args:
        file: the file.
        keys: exported sealing keys; each value is tried with them.
        newest: the newest key, where it is known.
        dates: ask Git when each line changed.
    """
    changed = changes(file.path) if dates else {}
    for sealed in file.objects:
        lines = _lines(file, sealed)
        values = []
        for key, text in sealed.values.items():
            line = lines.get(key, 0)
            found = _status(key, text, sealed, keys, newest, changed.get(line))
            values.append(found._replace(line=line))
        yield ObjectStatus(file.shown, sealed.show(), sealed.scope.value, tuple(values), tuple(_problems(sealed)))


def changes(path: Path) -> dict[int, datetime]:
    """Return when each line of a file was committed last; nothing for what Git does not know.

    The dates are those that committers wrote down.
    """
    try:
        repository = git.find(str(path.parent))
        name = os.path.relpath(path.resolve(), repository.top.resolve())
        code, out = repository.run("blame", "--porcelain", "--", name)
    except SourceError:
        return {}
    return dict(_blamed(out)) if code == 0 else {}


def _blamed(out: bytes) -> Iterator[tuple[int, datetime]]:
    """Read ``git blame --porcelain``: a commit's facts follow its first line only; zeros are what is not committed."""
    times: dict[bytes, datetime] = {}
    commit = b""
    for line in out.split(b"\n"):
        if match := _BLAME.match(line):
            commit, number = match[1], int(match[2])
        elif line.startswith(b"committer-time "):
            times[commit] = datetime.fromtimestamp(int(line.split()[1]), UTC)
        elif line.startswith(b"\t") and commit.strip(b"0"):
            yield number, times[commit]


def _status(
    key: str,
    text: str,
    sealed: SealedSecret,
    keys: Mapping[str, SealingKey],
    newest: Newest | None,
    since: datetime | None,
) -> ValueStatus:
    try:
        found = envelope(text)
    except TamperedError as error:
        return ValueStatus(key, Made.DAMAGED, since=since, note=error.message)
    status = ValueStatus(key, Made.UNKNOWN, "", found.size, found.key_bits, since)
    if keys:
        try:
            opened = open_value(text, sealed.label, keys)
        except TamperedError as error:
            return status._replace(made=Made.DAMAGED, note=error.message)
        except KeyUseError:
            return _guessed(status._replace(made=Made.NOT_OPENED), newest)
        made = (
            Made.OPENED if newest is None else Made.NEWEST if newest.fingerprint == opened.fingerprint else Made.OLDER
        )
        return status._replace(made=made, fingerprint=opened.fingerprint)
    return _guessed(status, newest)


def _guessed(status: ValueStatus, newest: Newest | None) -> ValueStatus:
    """What was committed before the newest key was made was sealed with an older one."""
    if newest is None or newest.since is None or status.since is None or status.since >= newest.since:
        return status
    return status._replace(
        made=Made.OLDER, note=f"committed before {newest.since.date()}, when the newest key was made"
    )


def _problems(sealed: SealedSecret) -> Iterator[str]:
    metadata = as_dict(sealed.template.get("metadata"))
    annotations = as_dict(metadata.get("annotations"))
    if not sealed.name and sealed.scope is Scope.STRICT:
        yield "it has no name, and its values are bound to one"
    if not sealed.namespace and sealed.scope is not Scope.CLUSTER:
        yield "it names no namespace, and its values are bound to one"
    if _LAST_APPLIED in annotations:
        yield f"its template holds the annotation {_LAST_APPLIED}, in which values may stand in plain text"
    if scope_of(annotations) is not sealed.scope:
        yield "the scope of its template is another one: controllers before 0.36 change the scope when they renew it"
    if not sealed.values:
        yield "it has no sealed values"


def _lines(file: SealedFile, sealed: SealedSecret) -> dict[str, int]:
    positions = locate(file.data, sealed.document)
    spans = ((key, positions.of((*sealed.path, "spec", "encryptedData", key))) for key in sealed.values)
    return {key: span.line for key, span in spans if span is not None}


class Verdict(NamedTuple):
    """Whether the values of one object can be opened; ``reason`` where not."""

    shown: str
    name: str
    reason: str


def verdict(file: SealedFile, sealed: SealedSecret, check: Callable[[SealedSecret], str]) -> Verdict:
    """Say whether an object can be opened: first its form, then what a check says of it."""
    for key, text in sealed.values.items():
        try:
            envelope(text)
        except TamperedError as error:
            return Verdict(file.shown, sealed.show(), f"{key}: {error.message}")
    return Verdict(file.shown, sealed.show(), check(sealed))

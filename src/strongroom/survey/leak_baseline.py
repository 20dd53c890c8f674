"""The baseline of ``strongroom scan``: values that a team knows of, and what it decided.

A file of JSON lines: a header that names the fingerprint key, then one entry a line, sorted, without line numbers::

    {"strongroom":"leak baseline","version":1,"key":"5d0c7ea1b2f3a4c9"}
    {"fingerprint":"0a…","rule":"betterleaks.github-pat","path":"a.py","decision":"accepted","reason":"…","author":"…"}

What is known is a value in a file: moving it to another line changes nothing, nor does another name for its rule. Text
is ASCII, so that no name in it can do anything to a terminal. Branches that both add entries merge by
``merge=union`` (https://git-scm.com/docs/gitattributes#_defining_a_custom_merge_driver); lines in any order and twice
are read. Of two entries for one value a decision counts before none, ``real`` before ``accepted``, the earlier expiry
before the later.

Fingerprints are keyed: an entry made with another key would match nothing and look like a clean file, so that it is an
error. The id of the key in the header is HMAC-SHA256 of a constant, cut to 64 bits: it tells nothing about the key.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from strongroom.errors import UsageError
from strongroom.model.decision import Decision
from strongroom.model.plaintext import Fingerprint
from strongroom.writing import replace_file

DEFAULT_FILE = ".strongroom-baseline"
"""The name that ``--write-baseline`` uses when none is given."""

_KIND = "leak baseline"
_VERSION = 1
_LARGEST = 64 * 1024 * 1024
_FINGERPRINT_DIGITS = 64
_CONFLICT = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")


_WEIGHT = {Decision.UNDECIDED: 0, Decision.ACCEPTED: 1, Decision.REAL: 2}


class Known(NamedTuple):
    """What makes an entry: a value, and the file that holds it."""

    fingerprint: str
    path: str


class Entry(msgspec.Struct, frozen=True):
    """One value in one file.

    Attributes:
        fingerprint: keyed fingerprint of the value.
        rule: what recognised it when the entry was made; for people.
        path: the file, as `path_in` writes it.
        decision: what a person decided.
        reason: why; always there where it was accepted.
        author: who decided.
        expires: ISO date, the last day on which the entry counts; empty for always.
    """

    fingerprint: Fingerprint
    rule: str
    path: str
    decision: Decision = Decision.UNDECIDED
    reason: str = ""
    author: str = ""
    expires: str = ""

    @property
    def known(self) -> Known:
        """What the entry is looked up by."""
        return Known(self.fingerprint, self.path)

    def covers(self, today: date) -> bool:
        """Tell whether the value need not be reported: it is not marked as real, and the entry has not expired."""
        return self.decision is not Decision.REAL and not (self.expires and self.expires < today.isoformat())


class LeakBaseline(msgspec.Struct, frozen=True):
    """A baseline in memory.

    Attributes:
        key: id of the fingerprint key that its entries were made with.
        entries: by value and file.
    """

    key: str
    entries: Mapping[Known, Entry] = {}

    @classmethod
    def new(cls, key: bytes) -> LeakBaseline:
        """Return an empty baseline for a fingerprint key."""
        return cls(key_id(key))

    @classmethod
    def load(cls, path: Path, key: bytes) -> LeakBaseline:
        """Read a baseline.

        Raises:
            UsageError: it cannot be read, a line of it is no entry, or it was made with another fingerprint key.
        """
        lines = _read(path).splitlines()
        own = key_id(key)
        _check_header(path, lines, own)
        entries: dict[Known, Entry] = {}
        for number, line in enumerate(lines, start=1):
            entry = _entry(path, number, line)
            if entry is not None:
                before = entries.get(entry.known)
                entries[entry.known] = entry if before is None else _stricter(before, entry)
        return cls(own, entries)

    def entry(self, fingerprint: str, path: str) -> Entry | None:
        """Return what is known of a value in a file."""
        return self.entries.get(Known(fingerprint, path))

    def covers(self, fingerprint: str, rule: str, path: str, today: date) -> bool:  # noqa: ARG002 - rule is for people
        """Tell whether a value in a file need not be reported; see `Entry.covers`."""
        entry = self.entry(fingerprint, path)
        return entry is not None and entry.covers(today)

    def adding(self, entries: Iterable[Entry]) -> LeakBaseline:
        """Return a baseline with these entries too; what was decided on one that is there stays."""
        return msgspec.structs.replace(self, entries={**{entry.known: entry for entry in entries}, **self.entries})

    def deciding(self, entry: Entry) -> LeakBaseline:
        """Return a baseline in which this entry stands for whatever was there of its value and file."""
        return msgspec.structs.replace(self, entries={**self.entries, entry.known: entry})

    def without(self, known: Known) -> LeakBaseline:
        """Return a baseline that does not know of a value in a file."""
        return msgspec.structs.replace(self, entries={k: e for k, e in self.entries.items() if k != known})

    def undecided(self) -> list[Entry]:
        """Return the entries that nobody decided on, by file."""
        open_ = (entry for entry in self.entries.values() if entry.decision is Decision.UNDECIDED)
        return sorted(open_, key=_by_file)

    def expired(self, today: date) -> list[Entry]:
        """Return the accepted entries whose last day has passed, by file."""
        over = (e for e in self.entries.values() if e.decision is Decision.ACCEPTED and not e.covers(today))
        return sorted(over, key=_by_file)

    def write(self, path: Path) -> None:
        """Write the file; what stood there is replaced in one step.

        Raises:
            OutputError: it cannot be written; what stood there is kept.
        """
        header = json.dumps({"strongroom": _KIND, "version": _VERSION, "key": self.key}, separators=(",", ":"))
        lines = sorted(_line(entry) for entry in self.entries.values())
        replace_file(path, ["".join(f"{line}\n" for line in (header, *lines))], what="baseline")


def key_id(key: bytes) -> str:
    """Return the public name of a fingerprint key."""
    return hmac.new(key, b"strongroom fingerprint key", hashlib.sha256).hexdigest()[:16]


def path_in(folder: Path, root: Path, path: str) -> str:
    """Write a path as entries hold it: relative to the baseline's folder where it is below that, with ``/``.

    So a scan from another folder and a scan of the history name a file alike.

    Args:
        folder: the folder of the baseline file.
        root: what ``path`` is relative to: the current folder, or the top of a repository.
        path: the file as it was found.
    """
    if path in {"", "-"}:
        return path
    whole = os.path.normpath(root.absolute() / path)
    base = os.path.normpath(folder.absolute())
    return Path(whole).relative_to(base).as_posix() if Path(whole).is_relative_to(base) else Path(path).as_posix()


def _by_file(entry: Entry) -> tuple[str, str, str]:
    return entry.path, entry.rule, entry.fingerprint


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST:
            raise UsageError(f"baseline {path} is too large")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(f"baseline {path} does not exist", hint=f"--write-baseline={path} makes it") from None
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"baseline {path} cannot be read") from None


def _check_header(path: Path, lines: list[str], own: str) -> None:
    headers = [header for line in lines if (header := _object(line)) is not None and "strongroom" in header]
    if not headers or any(header.get("strongroom") != _KIND for header in headers):
        raise UsageError(f"{path} is no baseline of strongroom scan", hint="--write-baseline makes one")
    if any(header.get("version") != _VERSION for header in headers):
        raise UsageError(f"baseline {path} was written by a newer strongroom", hint="upgrade strongroom")
    others = sorted({str(header.get("key")) for header in headers} - {own})
    if others:
        raise UsageError(
            f"baseline {path} was made with another fingerprint key ({_printable(others[0])}, here it is {own})",
            hint="name the team's key: --fingerprint-key FILE or STRONGROOM_FINGERPRINT_KEY=FILE",
        )


def _entry(path: Path, number: int, line: str) -> Entry | None:
    """Return the entry of a line; None for a blank line and the header."""
    if not line.strip():
        return None
    if line.startswith(_CONFLICT):
        raise UsageError(
            f"baseline {path} has a merge conflict in line {number}",
            hint=f"keep the lines of both sides; '{path.name} merge=union' in .gitattributes does so by itself",
        )
    body = _object(line)
    if body is None:
        raise UsageError(f"baseline {path} has no entry in line {number}")
    if "strongroom" in body:
        return None
    try:
        entry = msgspec.convert(body, Entry)
        if entry.expires:
            date.fromisoformat(entry.expires)
    except (msgspec.ValidationError, ValueError):
        raise UsageError(f"baseline {path} has no valid entry in line {number}") from None
    if len(entry.fingerprint) != _FINGERPRINT_DIGITS or set(entry.fingerprint) - set("0123456789abcdef"):
        raise UsageError(f"baseline {path} has no fingerprint in line {number}")
    if entry.decision is Decision.ACCEPTED and not entry.reason.strip():
        raise UsageError(f"baseline {path} accepts without a reason in line {number}")
    return entry


def _object(line: str) -> dict[str, Any] | None:
    try:
        body = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _stricter(one: Entry, other: Entry) -> Entry:
    """Of two entries for one value, take the one that decides more and hides less."""
    return max(one, other, key=lambda entry: (_WEIGHT[entry.decision], _earliness(entry.expires), _line(entry)))


def _earliness(expires: str) -> tuple[int, ...]:
    return tuple(-ord(char) for char in expires) if expires else (-0x10FFFF,)


def _line(entry: Entry) -> str:
    body: dict[str, str] = {"fingerprint": entry.fingerprint, "rule": entry.rule, "path": entry.path}
    if entry.decision is not Decision.UNDECIDED:
        body["decision"] = entry.decision.value
    body |= {name: text for name in ("reason", "author", "expires") if (text := getattr(entry, name))}
    return json.dumps(body, separators=(",", ":"))


def _printable(text: str) -> str:
    return "".join(char for char in text[:32] if char.isalnum())

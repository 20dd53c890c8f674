"""What was done of a plan: written and on the disk before and after each batch of steps."""

from __future__ import annotations

import contextlib
import enum
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from strongroom.errors import OutputError, PlanError
from strongroom.model.plan import Plan
from strongroom.plans.files import Contents
from strongroom.plans.saved import digest, parse
from strongroom.writing import replace_file, sync_folder

_NONCE_BYTES = 12  # NIST SP 800-38D, section 8.2: a 96-bit IV
_JOURNAL, _PLAN, _ROOT, _BEFORE = "journal", "plan.json", "root", "before"


class Event(enum.Enum):
    """What a line of the journal says."""

    STARTED = "started"
    DONE = "done"
    UNDOING = "undoing"  # from here on, back
    UNDONE = "undone"


class Kept(NamedTuple):
    """Where what a file held before a step stands in what is kept: from which byte, and how many."""

    start: int
    size: int


class _Line(msgspec.Struct, frozen=True, omit_defaults=True):
    event: Event
    steps: tuple[int, ...] = ()
    kept: tuple[Kept, ...] = ()
    after: str = ""


class Journal:
    """The journal of one plan in one folder; one process has it at a time.

    What a file held before a step is kept beside it, encrypted with AES-256-GCM (NIST SP 800-38D) under a key that
    HKDF-SHA256 (RFC 5869) derives from the fingerprint key: a file may hold secrets, and the journal is not where they
    belong.

    Args:
        state: the folder in which journals lie.
        plan: the plan.
        root: the folder that it is for.
        key: the fingerprint key.

    Raises:
        PlanError: another process has it, or it cannot be written.
    """

    def __init__(self, state: Path, plan: Plan, root: Path, key: bytes) -> None:
        self.mark = digest(plan)[:16]
        self._folder = folder_of(state, plan, root)
        derived = HKDF(SHA256(), 32, salt=None, info=b"strongroom plan: what files held before, v1").derive(key)
        self._cipher = AESGCM(derived)
        self._stream = self._open(plan, root)
        self.undoing = False
        self._states: dict[int, Event] = {}
        self._kept: dict[int, Kept] = {}
        self._after: dict[int, str] = {}
        for line in _lines(self._stream):
            self._take(line)

    @property
    def fresh(self) -> bool:
        """True where nothing was done, or everything was gone back on."""
        return not any(event is not Event.UNDONE for event in self._states.values())

    def state(self, step: int) -> Event | None:
        """Return what last happened to a step; None where nothing did, or where it was gone back on."""
        event = self._states.get(step)
        return None if event is Event.UNDONE else event

    def after(self, step: int) -> str | None:
        """Return the digest of what a step leads to, where the plan could not know it; None where nothing says."""
        return self._after.get(step)

    def write(self, event: Event, steps: Sequence[int] = (), kept: Sequence[Kept] = (), after: str = "") -> None:
        """Write a line, and return when it is on the disk.

        Args:
            event: what happened.
            steps: to which steps.
            kept: for those that start, what `keep` returned.
            after: the keyed digest of what the step leads to, where the plan could not know it.
        """
        line = _Line(event, tuple(steps), tuple(kept), after)
        with self._written():
            size = os.fstat(self._stream.fileno()).st_size
            try:
                _write_all(self._stream, msgspec.json.encode(line) + b"\n")
                os.fsync(self._stream.fileno())
            except OSError:
                self._stream.truncate(size)
                raise
        self._take(line)

    def keep(self, held: Iterable[tuple[int, Contents]]) -> list[Kept]:
        """Keep what files hold before some steps, and return where, when it is on the disk.

        What a killed run kept stays in front: nothing is ever written over.
        """
        found = []
        path = self._folder / _BEFORE
        with self._written(), open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab", 0) as stream:  # noqa: PTH123
            at = os.fstat(stream.fileno()).st_size
            if not at:
                sync_folder(self._folder)
            for step, contents in held:
                nonce = os.urandom(_NONCE_BYTES)
                plain = msgspec.msgpack.encode(contents)
                sealed = nonce + self._cipher.encrypt(nonce, plain, self._about(step))
                _write_all(stream, sealed)
                found.append(Kept(at, len(sealed)))
                at += len(sealed)
            os.fsync(stream.fileno())
        return found

    def kept(self, step: int) -> Contents:
        """Return what a file held before a step.

        Raises:
            PlanError: it is missing, was changed, or was kept under another key.
        """
        failure = PlanError("what the plan kept to go back cannot be read", hint="was the fingerprint key changed?")
        try:
            where = self._kept[step]
            with (self._folder / _BEFORE).open("rb") as stream:
                stream.seek(where.start)
                sealed = stream.read(where.size)
            plain = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], self._about(step))
            return msgspec.msgpack.decode(plain, type=Contents)
        except (OSError, KeyError, InvalidTag, ValueError, msgspec.MsgspecError):
            raise failure from None

    def restart(self) -> None:
        """Forget a run that was gone back on."""
        self._stream.truncate(0)
        self._states.clear()
        self._kept.clear()
        self._after.clear()
        self.undoing = False
        (self._folder / _BEFORE).unlink(missing_ok=True)

    def __enter__(self) -> Journal:  # noqa: PYI034 - final
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stream.close()

    @contextlib.contextmanager
    def _written(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            hint = (error.strerror or "").lower()
            raise PlanError(f"the journal {self._folder} cannot be written", hint=hint) from None

    def _open(self, plan: Plan, root: Path) -> FileIO:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            stream = open(os.open(self._folder / _JOURNAL, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+b", 0)  # noqa: PTH123, SIM115
        except OSError as error:
            raise PlanError(f"{self._folder} cannot be written", hint=(error.strerror or "").lower()) from None
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            stream.close()
            raise PlanError("another process is at this plan", hint="wait for it, or stop it") from None
        try:
            if not (self._folder / _ROOT).exists():
                # Found again by its first digits, a plan needs no file at hand and no folder to be named.
                replace_file(self._folder / _PLAN, [msgspec.json.encode(plan)], mode=0o600)
                replace_file(self._folder / _ROOT, [os.fsencode(root.resolve())], mode=0o600)
        except OutputError as error:
            stream.close()
            raise PlanError(error.message, hint=error.hint) from None
        return stream

    def _take(self, line: _Line) -> None:
        if line.event is Event.UNDOING:
            self.undoing = True
            return
        for step, kept in zip(line.steps, line.kept, strict=False):
            if self._states.get(step) is not Event.STARTED:  # a killed run may have narrowed the mode since it kept
                self._kept[step] = kept
        self._states.update(dict.fromkeys(line.steps, line.event))
        if line.after:
            self._after.update(dict.fromkeys(line.steps, line.after))

    def _about(self, step: int) -> bytes:
        return f"{self.mark} {step}".encode()


def folder_of(state: Path, plan: Plan, root: Path) -> Path:
    """Return the folder of the journal of a plan in a folder."""
    where = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:8]
    return state / "plans" / f"{digest(plan)[:16]}-{where}"


def forget(state: Path, plan: Plan, root: Path) -> None:
    """Delete the journal of a plan and all that it kept."""
    shutil.rmtree(folder_of(state, plan, root), ignore_errors=True)


class Found(NamedTuple):
    """What a journal says, seen from outside.

    Attributes:
        folder: where it lies.
        plan: the plan.
        root: the folder that it is for; None where an earlier version did not write it down.
        states: what last happened to each step of which anything is known.
        undoing: it is gone back on.
        running: a process is at it now.
        changed: when its last line was written, in Unix seconds.
    """

    folder: Path
    plan: Plan
    root: Path | None
    states: dict[int, Event]
    undoing: bool
    running: bool
    changed: float

    @property
    def begun(self) -> bool:
        """True where something was done, or is about to be, and not gone back on."""
        return any(event is not Event.UNDONE for event in self.states.values())

    @property
    def done(self) -> int:
        """How many steps are done."""
        return sum(event is Event.DONE for event in self.states.values())

    @property
    def finished(self) -> bool:
        """True where all of it is done, or all was gone back on."""
        return not self.begun or (not self.undoing and self.done == len(self.plan.steps))

    @property
    def at(self) -> int | None:
        """Return the step at which going on begins; None where all is finished."""
        if self.finished:
            return None
        live = [step for step, event in self.states.items() if event is not Event.UNDONE]
        if self.undoing:
            return max(live)
        return next(n for n in range(len(self.plan.steps)) if self.states.get(n) is not Event.DONE)


def found(state: Path) -> list[Found]:
    """Return the journals of a state folder, the one that was last written to first; what is damaged is left out."""
    seen = [_found(journal.parent) for journal in (state / "plans").glob(f"*/{_JOURNAL}")]
    return sorted((one for one in seen if one is not None), key=lambda one: one.changed, reverse=True)


def look(state: Path, plan: Plan, root: Path) -> Found | None:
    """Return what the journal of a plan in a folder says; None where there is none."""
    return _found(folder_of(state, plan, root))


def _found(folder: Path) -> Found | None:
    try:
        with (folder / _JOURNAL).open("rb", buffering=0) as stream:
            lines, changed = _parsed(stream)[0], os.fstat(stream.fileno()).st_mtime
            running = not _free(stream)
        plan = parse(folder / _PLAN)
        place = folder / _ROOT
        root = Path(os.fsdecode(place.read_bytes())) if place.exists() else None
    except (OSError, PlanError):
        return None
    states: dict[int, Event] = {}
    for line in lines:
        states.update(dict.fromkeys(line.steps, line.event))
    return Found(folder, plan, root, states, any(line.event is Event.UNDOING for line in lines), running, changed)


def _free(stream: FileIO) -> bool:
    try:
        fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _lines(stream: FileIO) -> list[_Line]:
    """Return the lines; the last one may be torn, and then it was not acted upon."""
    lines, whole = _parsed(stream)
    stream.truncate(whole)
    return lines


def _write_all(stream: FileIO, data: bytes) -> None:
    """Write all of it, or raise OSError: a disk that fills up takes a part first."""
    left = memoryview(data)
    while left:
        left = left[stream.write(left) :]


def _parsed(stream: FileIO) -> tuple[list[_Line], int]:
    stream.seek(0)
    lines, whole = [], 0
    for text in stream.read().splitlines(keepends=True):
        if not text.endswith(b"\n"):  # torn at its very end: what is written next must not go on in it
            break
        try:
            lines.append(msgspec.json.decode(text, type=_Line))
        except msgspec.MsgspecError:
            break
        whole += len(text)
    return lines, whole

"""What was done of a plan: written and on the disk before and after each batch of steps."""

from __future__ import annotations

import enum
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from strongroom.errors import PlanError
from strongroom.model.plan import Plan
from strongroom.plans.files import Contents
from strongroom.plans.saved import digest
from strongroom.writing import sync_folder

_NONCE_BYTES = 12  # NIST SP 800-38D, section 8.2: a 96-bit IV
_JOURNAL, _PLAN, _BEFORE = "journal", "plan.json", "before"


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
        self._stream = self._open(plan)
        self.undoing = False
        self._states: dict[int, Event] = {}
        self._kept: dict[int, Kept] = {}
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

    def write(self, event: Event, steps: Sequence[int] = (), kept: Sequence[Kept] = ()) -> None:
        """Write a line, and return when it is on the disk.

        Args:
            event: what happened.
            steps: to which steps.
            kept: for those that start, what `keep` returned.
        """
        line = _Line(event, tuple(steps), tuple(kept))
        self._stream.write(msgspec.json.encode(line) + b"\n")
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._take(line)

    def keep(self, held: Iterable[tuple[int, Contents]]) -> list[Kept]:
        """Keep what files hold before some steps, and return where, when it is on the disk.

        What a killed run kept stays in front: nothing is ever written over.
        """
        found = []
        path = self._folder / _BEFORE
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as stream:  # noqa: PTH123
            at = os.fstat(stream.fileno()).st_size
            if not at:
                sync_folder(self._folder)
            for step, contents in held:
                nonce = os.urandom(_NONCE_BYTES)
                plain = msgspec.msgpack.encode((contents.data, contents.mode))
                sealed = nonce + self._cipher.encrypt(nonce, plain, self._about(step))
                stream.write(sealed)
                found.append(Kept(at, len(sealed)))
                at += len(sealed)
            stream.flush()
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
            data, mode = msgspec.msgpack.decode(plain, type=tuple[bytes | None, int])
        except (OSError, KeyError, InvalidTag, ValueError, msgspec.MsgspecError):
            raise failure from None
        return Contents(data, mode)

    def restart(self) -> None:
        """Forget a run that was gone back on."""
        self._stream.truncate(0)
        self._states.clear()
        self._kept.clear()
        self.undoing = False
        (self._folder / _BEFORE).unlink(missing_ok=True)

    def __enter__(self) -> Journal:  # noqa: PYI034 - final
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stream.close()

    def _open(self, plan: Plan) -> BinaryIO:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            stream = open(os.open(self._folder / _JOURNAL, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+b")  # noqa: PTH123, SIM115
        except OSError as error:
            raise PlanError(f"{self._folder} cannot be written", hint=(error.strerror or "").lower()) from None
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            stream.close()
            raise PlanError("another process is at this plan", hint="wait for it, or stop it") from None
        (self._folder / _PLAN).write_bytes(msgspec.json.encode(plan))
        sync_folder(self._folder)
        return stream

    def _take(self, line: _Line) -> None:
        if line.event is Event.UNDOING:
            self.undoing = True
        else:
            self._states.update(dict.fromkeys(line.steps, line.event))
            self._kept.update(zip(line.steps, line.kept, strict=False))

    def _about(self, step: int) -> bytes:
        return f"{self.mark} {step}".encode()


def folder_of(state: Path, plan: Plan, root: Path) -> Path:
    """Return the folder of the journal of a plan in a folder."""
    where = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:8]
    return state / "plans" / f"{digest(plan)[:16]}-{where}"


def forget(state: Path, plan: Plan, root: Path) -> None:
    """Delete the journal of a plan and all that it kept."""
    shutil.rmtree(folder_of(state, plan, root), ignore_errors=True)


def _lines(stream: BinaryIO) -> list[_Line]:
    """Return the lines; the last one may be torn, and then it was not acted upon."""
    stream.seek(0)
    found = []
    whole = 0
    for text in stream:
        try:
            found.append(msgspec.json.decode(text, type=_Line))
        except msgspec.MsgspecError:
            break
        whole += len(text)
    stream.truncate(whole)
    return found

"""An edit that loses nothing: what was typed is kept, encrypted, until the file holds it.

While an editor runs, its text is a file in memory-backed storage, which outlives us if we are killed, but not the
machine. So each version that the editor writes is also kept in the folder for state, encrypted as a SOPS file of its
own under the data key of the edited file: whoever can open the file can open it, also with ``sops decrypt --input-type
binary``. Only when the file itself is written is it removed. A lock, which ends with the last process that holds it
(the editor is one), tells an edit that was interrupted from one that goes on.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from strongroom.errors import OutputError, SourceError, UsageError
from strongroom.files.sops import scratch
from strongroom.files.sops.document import Format
from strongroom.files.sops.formats import format_of
from strongroom.files.sops.metadata import Metadata
from strongroom.files.sops.rule import Rule
from strongroom.files.sops.selection import Selection
from strongroom.model.plaintext import Plaintext
from strongroom.writing import replace_file

_FOLDER = "edits"
_TEXT, _NOTE, _LOCK = "text.sops", "edit.json", "lock"
_LARGEST = 1 << 28


class Edit(NamedTuple):
    """The place where one edit is kept.

    Attributes:
        file: the edited file, from the root.
        place: its folder in the folder for state.
        lock: an open file; the edit goes on for others as long as anybody has it open, us or the editor.
    """

    file: Path
    place: Path
    lock: int

    @property
    def text(self) -> Path:
        """The typed text, encrypted."""
        return self.place / _TEXT


class Note(NamedTuple):
    """What an edit says about itself.

    Attributes:
        scratch: where the editor's file is, or was.
        before: SHA-256 of the encrypted file when the edit began; empty for a file that was not there.
    """

    scratch: Path
    before: str


@contextlib.contextmanager
def edit(state: Path, file: Path) -> Iterator[Edit]:
    """Yield the place for the edit of a file, locked against a second one.

    Raises:
        UsageError: the file is being edited already.
        OutputError: the place cannot be made.
    """
    name = hashlib.sha256(os.fsencode(file)).hexdigest()[:32]
    place = state / _FOLDER / name
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = _locked(place / _LOCK, file)
    except OSError as error:
        raise OutputError(
            f"{place} cannot be made, and the text would not be kept", hint=(error.strerror or "").lower()
        ) from None
    here = Edit(file, place, lock)
    try:
        yield here
    finally:
        if not here.text.exists() and not (place / _NOTE).exists():
            with contextlib.suppress(OSError):
                _clear(place)
                (place / _LOCK).unlink()
                place.rmdir()
        # What the editor left running has the file open too.
        fcntl.flock(lock, fcntl.LOCK_UN)
        os.close(lock)


def _locked(path: Path, file: Path) -> int:
    """Return an open file that holds the lock; who removes the file before us makes us try again."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(descriptor, path):
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            raise UsageError(f"{file} is being edited already", hint="close that editor first") from None
        os.close(descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def begin(here: Edit, folder: Path, before: str) -> None:
    """Write down where the editor's file will be, before there is one.

    Raises:
        OutputError: it cannot be written.
    """
    note = {"file": os.fsdecode(here.file), "scratch": os.fsdecode(folder), "before": before}
    replace_file(here.place / _NOTE, [json.dumps(note)], mode=0o600, what="note")


def note(here: Edit) -> Note | None:
    """Return what an interrupted edit says about itself; None where there was none.

    Raises:
        SourceError: it cannot be read.
    """
    try:
        said = json.loads((here.place / _NOTE).read_bytes())
        return Note(Path(said["scratch"]), str(said["before"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        raise SourceError(f"{here.place / _NOTE} cannot be read", hint="--discard drops the interrupted edit") from None


def keep(here: Edit, text: Plaintext, metadata: Metadata, data_key: Plaintext, now: str) -> None:
    """Keep a version of the text, encrypted for those who can open the file.

    Args:
        here: the edit.
        text: what the editor wrote; it need not be of any format.
        metadata: of the edited file, for its wrapped keys.
        data_key: of the edited file.
        now: the present time, RFC 3339 in UTC.

    Raises:
        OutputError: it cannot be written; the version before is kept.
    """
    from strongroom.files.sops.sealing import encrypt

    binary = format_of("", "binary")
    rule = Rule((), metadata.shamir_threshold, Selection())
    sealed = encrypt(text, binary, rule, data_key, metadata.groups, now)
    replace_file(here.text, [sealed], mode=0o600, what="kept text")


def kept(here: Edit, unwrap: Callable[[Metadata], Plaintext]) -> Plaintext | None:
    """Return the text that an interrupted edit kept; None where it kept none.

    Raises:
        KeyUseError: no key opens it.
        TamperedError: it was changed.
        SourceError: it cannot be read.
    """
    from strongroom.files.sops.opened import open_file

    try:
        data = here.text.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SourceError(f"{here.text} cannot be read", hint=(error.strerror or "").lower()) from None
    return open_file(data, format_of("", "binary"), unwrap).plain()


def typed(folder: Path, name: str) -> Plaintext | None:
    """Return what stands in the editor's file; None where there is none, or none that is ours.

    The folder is taken only if it is ours alone: its name was written down in a file, and somebody else may have made
    one of that name since.

    Raises:
        SourceError: it cannot be read, or is too large.
    """
    try:
        about = folder.lstat()
    except OSError:
        return None
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.geteuid() or about.st_mode & 0o077:
        return None
    try:
        descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    with open(descriptor, "rb") as stream:  # noqa: PTH123 - a descriptor, not a path
        try:
            data = stream.read(_LARGEST + 1)
        except OSError as error:
            raise SourceError("the editor's file cannot be read", hint=(error.strerror or "").lower()) from None
    if len(data) > _LARGEST:
        raise SourceError(f"the editor's file is larger than {_LARGEST >> 20} MiB")
    return Plaintext(data)


def end(here: Edit) -> None:
    """Forget an edit: its text stands in the file now, or is not wanted."""
    said = None
    with contextlib.suppress(SourceError):
        said = note(here)
    if said is not None and typed_folder(said.scratch):
        scratch.wipe(said.scratch)
    _clear(here.place)


def _clear(place: Path) -> None:
    """Remove all but the lock: also what a write that was killed left half done."""
    for file in place.iterdir():
        if file.name != _LOCK:
            # What stays looks like an interrupted edit that has nothing new, and is cleared by the next.
            with contextlib.suppress(OSError):
                file.unlink()


def typed_folder(folder: Path) -> bool:
    """Tell whether a folder is one that `scratch.make` made for us."""
    try:
        about = folder.lstat()
    except OSError:
        return False
    ours = stat.S_ISDIR(about.st_mode) and about.st_uid == os.geteuid() and not about.st_mode & 0o077
    return ours and folder.name.startswith(scratch.PREFIX)


def digest(data: bytes) -> str:
    """Return what tells one version of an encrypted file from another."""
    return hashlib.sha256(data).hexdigest()


def example(form: Format) -> Plaintext:
    """Return what a new file starts with."""
    return Plaintext(_EXAMPLES.get(form.id, ""))


_EXAMPLES = {
    "yaml": "apiVersion: v1\nkind: Secret\nmetadata:\n  name: example\nstringData:\n  password: change me\n",
    "json": '{\n  "apiVersion": "v1",\n  "kind": "Secret",\n  "metadata": {\n    "name": "example"\n  },\n'
    '  "stringData": {\n    "password": "change me"\n  }\n}\n',
    "dotenv": "PASSWORD=change me\n",
    "ini": "[example]\npassword = change me\n",
}

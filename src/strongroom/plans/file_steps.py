"""The steps of a plan that change files: in batches, each of steps that follow one another and touch different files.

What the files hold is kept, the journal says that the batch starts, the files are replaced, the journal says that it is
done. A process that is killed leaves each file as it was or as it shall be, never between, and the next run sees by
the digests which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from strongroom.crypto.plan_values import opened
from strongroom.errors import PlanError
from strongroom.model.plan import ABSENT, DeleteFile, FileChange, WriteFile
from strongroom.plans.files import Brought, Contents, bring, place, read, spliced, sweep
from strongroom.plans.journal import Event, Journal

_MOST_STEPS = 256
_MOST_BYTES = 16 << 20


class _Ready(NamedTuple):
    """A step of a batch: its number, the file as it is and as it shall be."""

    number: int
    file: Brought


class FileSteps:
    """The steps of one plan that change files.

    Args:
        changes: their numbers in the plan, and what they are.
        root: the folder that the plan is for.
        key: the fingerprint key.
        told: called before each thing that reaches the disk.
    """

    def __init__(self, changes: Mapping[int, FileChange], root: Path, key: bytes, told: Callable[[str], None]) -> None:
        self._changes, self._root, self._key, self._told = changes, root, key, told

    def check(self) -> None:
        """Refuse a plan that no longer fits: every file has to be as it was when the plan was made.

        Raises:
            PlanError: one is not.
        """
        expected: dict[Path, str] = {}
        for change in self._changes.values():
            path = place(self._root, change.path)
            now = expected[path] if path in expected else read(path).digest(self._key)
            if now != change.before:
                raise PlanError(f"{change.path} {_not_as(change)}", hint="make the plan again")
            expected[path] = _after(change)

    def settle(self, journal: Journal) -> None:
        """Take the steps that a killed run had started and whose files it had replaced as done."""
        done = []
        for number, change in self._changes.items():
            if journal.state(number) is Event.STARTED:
                path = place(self._root, change.path)
                sweep(path, journal.mark)
                if read(path).digest(self._key) == _after(change) != change.before:
                    done.append(number)
        if done:
            self._told("record")
            journal.write(Event.DONE, done)

    def do(self, journal: Journal, numbers: Sequence[int]) -> None:
        """Do steps that follow one another.

        Raises:
            PlanError: a file is not as the plan expects it, or cannot be written.
        """
        for batch in self._batches(numbers, self._ready):
            steps = [one.number for one in batch]
            self._told(f"keep {steps[0]}")
            kept = journal.keep((one.number, one.file.before) for one in batch)
            self._told(f"start {steps[0]}")
            journal.write(Event.STARTED, steps, kept)
            count, problem = bring([one.file for one in batch], journal.mark, self._told)
            self._told(f"verify {steps[0]}")
            self._verify(batch[:count])
            self._told(f"done {steps[0]}")
            journal.write(Event.DONE, steps[:count])
            if problem is not None:
                journal.write(Event.UNDONE, steps[count:])
                raise problem

    def undo(self, journal: Journal, numbers: Sequence[int]) -> None:
        """Go back on steps, the last first.

        Raises:
            PlanError: a file was changed since.
        """
        for batch in self._batches(numbers, lambda number: self._ready_to_go_back(journal, number)):
            changed = [one.file for one in batch if one.file.before != one.file.after]
            problem = bring(changed, journal.mark, self._told)[1] if changed else None
            if problem is not None:
                raise problem
            self._told(f"undone {batch[0].number}")
            journal.write(Event.UNDONE, [one.number for one in batch])

    def _batches(self, numbers: Sequence[int], ready: Callable[[int], _Ready]) -> Iterator[list[_Ready]]:
        """Yield steps that can be done at once; one that cannot be done stops what comes after it, not before."""
        at = 0
        while at < len(numbers):
            batch: dict[Path, _Ready] = {}
            size = 0
            for number in numbers[at : at + _MOST_STEPS]:
                try:
                    one = ready(number)
                except PlanError:
                    if batch:  # it may wait for these
                        break
                    raise
                size += len(one.file.before.data or b"") + len(one.file.after.data or b"")
                if batch and (size > _MOST_BYTES or one.file.path in batch):
                    break
                batch[one.file.path] = one
            yield list(batch.values())
            at += len(batch)

    def _ready(self, number: int) -> _Ready:
        """Return a step that can be done."""
        change = self._changes[number]
        path = place(self._root, change.path)
        now = read(path)
        if now.digest(self._key) != change.before:
            raise PlanError(f"{change.path} {_not_as(change)}", hint="strongroom plan undo goes back on what was done")
        wanted = self._contents(change, now)
        if wanted.digest(self._key) != _after(change):
            raise PlanError("the plan does not lead where it says", hint="make it again")
        return _Ready(number, Brought(path, now, wanted))

    def _contents(self, change: FileChange, now: Contents) -> Contents:
        if isinstance(change, DeleteFile):
            return Contents(None)
        data = spliced(now.data or b"", change.splices, lambda piece: opened(piece, self._key).reveal())
        if now.data is None:
            return Contents(data, change.mode)
        kept = now.mode if change.at_most is msgspec.UNSET else now.mode & change.at_most
        return Contents(data, kept, now.owner)

    def _verify(self, batch: Sequence[_Ready]) -> None:
        for one in batch:
            if read(one.file.path).data != one.file.after.data:
                path = self._changes[one.number].path
                raise PlanError(f"{path} is not what was written", hint="strongroom plan undo goes back")

    def _ready_to_go_back(self, journal: Journal, number: int) -> _Ready:
        """Return a step that can be gone back on; one whose file is as it was changes nothing."""
        change = self._changes[number]
        path = place(self._root, change.path)
        sweep(path, journal.mark)
        now = read(path)
        found = now.digest(self._key)
        if found not in {change.before, _after(change)}:
            hint = "going back would lose that; bring it back as the plan left it, or mend it by hand"
            raise PlanError(f"{change.path} was changed after the plan", hint=hint)
        untouched = found == change.before != _after(change)
        return _Ready(number, Brought(path, now, now if untouched else journal.kept(number)))


def _after(change: FileChange) -> str:
    return change.after if isinstance(change, WriteFile) else ABSENT


def _not_as(change: FileChange) -> str:
    return "exists already" if change.before == ABSENT else "is not as it was when the plan was made"

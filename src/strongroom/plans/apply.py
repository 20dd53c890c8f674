"""Do a plan, go on with it, go back on it.

Steps are done in batches, each of steps that follow one another and touch different files: what the files hold is kept,
the journal says that the batch starts, the files are replaced, the journal says that it is done. A process that is
killed leaves each file as it was or as it shall be, never between, and the next run sees by the digests which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from strongroom.errors import PlanError
from strongroom.model.plan import ABSENT, Change, DeleteFile, Plan, WriteFile
from strongroom.plans.files import Brought, Contents, bring, place, read, spliced, sweep
from strongroom.plans.journal import Event, Journal
from strongroom.plans.saved import key_id

Told = Callable[[str], None]
"""Called before each thing that reaches the disk, with what comes."""

_MOST_STEPS = 256
_MOST_BYTES = 16 << 20


class _Ready(NamedTuple):
    """A step of a batch: its number, the file as it is and as it shall be."""

    number: int
    file: Brought


class Doing:
    """One plan in one folder.

    Args:
        plan: what to do.
        root: the folder that it is for.
        key: the fingerprint key under which it was made.
        state: the folder in which journals lie.
        told: called before each thing that reaches the disk.
    """

    def __init__(self, plan: Plan, root: Path, key: bytes, state: Path, told: Told = lambda _: None) -> None:
        self._plan, self._root, self._key, self._state, self._told = plan, root, key, state, told

    def apply(self) -> int:
        """Do every step, and return how many were done now.

        Raises:
            PlanError: it was made with another key; a file is not as the plan expects it, and then nothing was done;
                it was begun before.
        """
        self._check_key()
        with self._journal() as journal:
            if not journal.fresh:
                if all(journal.state(step) is Event.DONE for step in range(len(self._plan.steps))):
                    raise PlanError("this plan was done already", hint="strongroom plan undo goes back on it")
                raise PlanError("this plan was begun already", hint="strongroom plan resume goes on, undo goes back")
            self.check()
            journal.restart()
            return self._forward(journal)

    def resume(self) -> int:
        """Go on with what was begun: with doing, or with going back. Return how many steps that took.

        Raises:
            PlanError: nothing was begun; a file was changed since.
        """
        self._check_key()
        with self._journal() as journal:
            if journal.undoing:
                return self._back(journal)
            if journal.fresh:
                raise PlanError("this plan was not begun", hint="strongroom plan apply does it")
            return self._forward(journal)

    def undo(self) -> int:
        """Go back on every step that was done, the last first. Return how many there were.

        Raises:
            PlanError: nothing was done; a file was changed since, and going back would lose that.
        """
        self._check_key()
        with self._journal() as journal:
            if journal.fresh:
                raise PlanError("nothing of this plan was done here", hint="strongroom plan apply does it")
            if not journal.undoing:
                self._told("undo")
                journal.write(Event.UNDOING)
            return self._back(journal)

    def check(self) -> None:
        """Refuse a plan that no longer fits: every file has to be as it was when the plan was made.

        Raises:
            PlanError: one is not.
        """
        expected: dict[Path, str] = {}
        for step in self._plan.steps:
            path = place(self._root, step.change.path)
            now = expected[path] if path in expected else read(path).digest(self._key)
            if now != step.change.before:
                raise PlanError(f"{step.change.path} {_not_as(step.change)}", hint="make the plan again")
            expected[path] = _after(step.change)

    def _check_key(self) -> None:
        if self._plan.key_id != key_id(self._key):
            raise PlanError(
                "the plan was made with another fingerprint key", hint="--fingerprint-key names the one that was used"
            )

    def _journal(self) -> Journal:
        return Journal(self._state, self._plan, self._root, self._key)

    def _forward(self, journal: Journal) -> int:
        self._settle(journal)
        todo = [number for number in range(len(self._plan.steps)) if journal.state(number) is not Event.DONE]
        for batch in self._batches(todo, self._ready):
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
        return len(todo)

    def _settle(self, journal: Journal) -> None:
        """Take the steps that a killed run had started and whose files it had replaced as done."""
        done = []
        for number, step in enumerate(self._plan.steps):
            if journal.state(number) is Event.STARTED:
                path = place(self._root, step.change.path)
                sweep(path, journal.mark)
                if read(path).digest(self._key) == _after(step.change) != step.change.before:
                    done.append(number)
        if done:
            self._told("record")
            journal.write(Event.DONE, done)

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
        change = self._plan.steps[number].change
        path = place(self._root, change.path)
        now = read(path)
        if now.digest(self._key) != change.before:
            raise PlanError(f"{change.path} {_not_as(change)}", hint="strongroom plan undo goes back on what was done")
        wanted = _contents(change, now)
        if wanted.digest(self._key) != _after(change):
            raise PlanError("the plan does not lead where it says", hint="make it again")
        return _Ready(number, Brought(path, now, wanted))

    def _verify(self, batch: Sequence[_Ready]) -> None:
        for one in batch:
            if read(one.file.path).data != one.file.after.data:
                path = self._plan.steps[one.number].change.path
                raise PlanError(f"{path} is not what was written", hint="strongroom plan undo goes back")

    def _back(self, journal: Journal) -> int:
        todo = [number for number in reversed(range(len(self._plan.steps))) if journal.state(number) is not None]
        for batch in self._batches(todo, lambda number: self._ready_to_go_back(journal, number)):
            changed = [one.file for one in batch if one.file.before != one.file.after]
            problem = bring(changed, journal.mark, self._told)[1] if changed else None
            if problem is not None:
                raise problem
            self._told(f"undone {batch[0].number}")
            journal.write(Event.UNDONE, [one.number for one in batch])
        return len(todo)

    def _ready_to_go_back(self, journal: Journal, number: int) -> _Ready:
        """Return a step that can be gone back on; one whose file is as it was changes nothing."""
        change = self._plan.steps[number].change
        path = place(self._root, change.path)
        sweep(path, journal.mark)
        now = read(path)
        found = now.digest(self._key)
        if found not in {change.before, _after(change)}:
            hint = "going back would lose that; bring it back as the plan left it, or mend it by hand"
            raise PlanError(f"{change.path} was changed after the plan", hint=hint)
        wanted = now if found == change.before else journal.kept(number)
        return _Ready(number, Brought(path, now, wanted))


def _after(change: Change) -> str:
    return change.after if isinstance(change, WriteFile) else ABSENT


def _contents(change: Change, now: Contents) -> Contents:
    if isinstance(change, DeleteFile):
        return Contents(None)
    mode = change.mode if now.data is None else now.mode
    return Contents(spliced(now.data or b"", change.splices), mode)


def _not_as(change: Change) -> str:
    return "exists already" if change.before == ABSENT else "is not as it was when the plan was made"

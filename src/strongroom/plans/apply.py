"""Do a plan, go on with it, go back on it.

A step is done in this order: what the file holds is kept, the journal says that the step starts, the file is replaced,
the journal says that it is done. A process that is killed leaves each file as it was or as it shall be, never between,
and the next run sees by the digests which.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from strongroom.errors import PlanError
from strongroom.model.plan import ABSENT, Change, DeleteFile, Plan, WriteFile
from strongroom.plans.files import Contents, place, read, replace, spliced, sweep
from strongroom.plans.journal import Event, Journal
from strongroom.plans.saved import key_id

Told = Callable[[str], None]
"""Called between any two things that reach the disk, with what comes next."""


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
        count = 0
        for number, step in enumerate(self._plan.steps):
            if journal.state(number) is not Event.DONE:
                self._do(journal, number, step.change)
                count += 1
        return count

    def _do(self, journal: Journal, number: int, change: Change) -> None:
        path = place(self._root, change.path)
        sweep(path, journal.mark)
        now = read(path)
        found = now.digest(self._key)
        if journal.state(number) is Event.STARTED and found == _after(change) != change.before:
            self._told(f"record {number}")
            journal.write(Event.DONE, number)
            return
        if found != change.before:
            raise PlanError(f"{change.path} {_not_as(change)}", hint="strongroom plan undo goes back on what was done")
        wanted = _contents(change, now)
        if wanted.digest(self._key) != _after(change):
            raise PlanError("the plan does not lead where it says", hint="make it again")
        self._told(f"keep {number}")
        journal.keep(number, now)
        self._told(f"start {number}")
        journal.write(Event.STARTED, number)
        self._told(f"replace {number}")
        replace(path, wanted, journal.mark)
        self._told(f"verify {number}")
        if read(path).digest(self._key) != _after(change):
            raise PlanError(f"{change.path} is not what was written", hint="strongroom plan undo goes back")
        journal.write(Event.DONE, number)

    def _back(self, journal: Journal) -> int:
        count = 0
        for number in reversed(range(len(self._plan.steps))):
            if journal.state(number) is not None:
                self._undo(journal, number, self._plan.steps[number].change)
                count += 1
        return count

    def _undo(self, journal: Journal, number: int, change: Change) -> None:
        path = place(self._root, change.path)
        sweep(path, journal.mark)
        found = read(path).digest(self._key)
        if found != change.before:
            if found != _after(change):
                hint = "going back would lose that; bring it back as the plan left it, or mend it by hand"
                raise PlanError(f"{change.path} was changed after the plan", hint=hint)
            self._told(f"restore {number}")
            replace(path, journal.kept(number), journal.mark)
        self._told(f"undone {number}")
        journal.write(Event.UNDONE, number)


def _after(change: Change) -> str:
    return change.after if isinstance(change, WriteFile) else ABSENT


def _contents(change: Change, now: Contents) -> Contents:
    if isinstance(change, DeleteFile):
        return Contents(None)
    mode = change.mode if now.data is None else now.mode
    return Contents(spliced(now.data or b"", change.splices), mode)


def _not_as(change: Change) -> str:
    return "exists already" if change.before == ABSENT else "is not as it was when the plan was made"

"""Do a plan, go on with it, go back on it.

Steps are done in their order: those that change files in batches (`strongroom.plans.file_steps`), those that change
objects (`strongroom.plans.object_steps`) and procedures one by one. A procedure is a barrier: what stands before it is
done and on the disk, what stands after it is not begun. The journal says that it starts and, when its effect was seen,
that it is done; one that was killed between is done again, or gone back on, from its start.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from strongroom.errors import PlanError
from strongroom.model.plan import Change, FileChange, ObjectChange, Plan, RunProcedure
from strongroom.model.procedure import Procedure
from strongroom.model.procedure import Told as Said
from strongroom.plans.file_steps import FileSteps
from strongroom.plans.journal import Event, Journal
from strongroom.plans.saved import key_id

if TYPE_CHECKING:
    from strongroom.plans.object_steps import ObjectSteps

Told = Callable[[str], None]
"""Called before each thing that reaches the disk, with what comes."""

Procedures = Callable[[str], Procedure]
"""Returns the procedure of a name; raises PlanError where there is none."""


def no_procedures(name: str) -> Procedure:
    """Know no procedure: for plans that change files alone.

    Raises:
        PlanError: always.
    """
    raise PlanError(f"nothing here does {name}", hint="a later version of strongroom may")


class Doing:
    """One plan in one folder.

    Args:
        plan: what to do.
        root: the folder that it is for.
        key: the fingerprint key under which it was made.
        state: the folder in which journals lie.
        told: called before each thing that reaches the disk.
        procedures: those that steps may name.
        said: takes lines for people about procedures while they run.
    """

    def __init__(
        self,
        plan: Plan,
        root: Path,
        key: bytes,
        state: Path,
        told: Told = lambda _: None,
        procedures: Procedures = no_procedures,
        said: Said = lambda _: None,
    ) -> None:
        self._plan, self._root, self._key, self._state = plan, root, key, state
        self._told, self._procedures, self._said = told, procedures, said
        changes = {n: one.change for n, one in enumerate(plan.steps) if isinstance(one.change, FileChange)}
        self._files = FileSteps(changes, root, key, told)
        objects = {n: one.change for n, one in enumerate(plan.steps) if isinstance(one.change, ObjectChange)}
        self._objects = _object_steps(objects, key, told) if objects else None

    def apply(self) -> int:
        """Do every step, and return how many were done now.

        Raises:
            PlanError: it was made with another key; a file is not as the plan expects it, and then nothing was done;
                it was begun before.
            StrongroomError: what stands in the way of a procedure.
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
            StrongroomError: what stands in the way of a procedure.
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
            StrongroomError: what stands in the way of going back on a procedure.
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
        """Refuse a plan that no longer fits: every file is as when it was made, every procedure can be begun.

        Raises:
            PlanError: a file is not.
            StrongroomError: what stands in the way of a procedure.
        """
        self._files.check()
        if self._objects is not None:
            self._objects.check()
        for step in self._plan.steps:
            if isinstance(step.change, RunProcedure):
                self._procedures(step.change.name).check(step.change.arguments)

    def _check_key(self) -> None:
        if self._plan.key_id != key_id(self._key):
            raise PlanError(
                "the plan was made with another fingerprint key", hint="--fingerprint-key names the one that was used"
            )

    def _journal(self) -> Journal:
        return Journal(self._state, self._plan, self._root, self._key)

    def _forward(self, journal: Journal) -> int:
        self._files.settle(journal)
        todo = [number for number in range(len(self._plan.steps)) if journal.state(number) is not Event.DONE]
        for sort, numbers in self._runs(todo):
            if sort is FileChange:
                self._files.do(journal, numbers)
            elif self._objects is not None and sort is ObjectChange:
                self._objects.do(journal, numbers)
            else:
                for number in numbers:
                    self._run(journal, number)
        return len(todo)

    def _back(self, journal: Journal) -> int:
        todo = [number for number in reversed(range(len(self._plan.steps))) if journal.state(number) is not None]
        for sort, numbers in self._runs(todo):
            if sort is FileChange:
                self._files.undo(journal, numbers)
            elif self._objects is not None and sort is ObjectChange:
                self._objects.undo(journal, numbers)
            else:
                for number in numbers:
                    self._run_back(journal, number)
        return len(todo)

    def _runs(self, numbers: Iterable[int]) -> Iterator[tuple[object, list[int]]]:
        """Yield steps that follow one another and are of one sort: `FileChange`, `ObjectChange`, `RunProcedure`."""
        for sort, run in itertools.groupby(numbers, lambda number: _sort(self._plan.steps[number].change)):
            yield sort, list(run)

    def _run(self, journal: Journal, number: int) -> None:
        procedure, change = self._procedure(number)
        procedure.check(change.arguments)
        self._told(f"start {number}")
        journal.write(Event.STARTED, [number])
        self._said(f"step {number + 1} of {len(self._plan.steps)}: {self._plan.steps[number].title}")
        procedure.do(change.arguments, self._said)
        self._told(f"verify {number}")
        procedure.verify(change.arguments)
        self._told(f"done {number}")
        journal.write(Event.DONE, [number])

    def _run_back(self, journal: Journal, number: int) -> None:
        procedure, change = self._procedure(number)
        self._said(f"back from step {number + 1} of {len(self._plan.steps)}: {self._plan.steps[number].title}")
        procedure.undo(change.arguments, self._said)
        self._told(f"undone {number}")
        journal.write(Event.UNDONE, [number])

    def _procedure(self, number: int) -> tuple[Procedure, RunProcedure]:
        change = self._plan.steps[number].change
        if not isinstance(change, RunProcedure):
            raise PlanError("the plan has a step that nothing here does")
        return self._procedures(change.name), change


def _sort(change: Change) -> object:
    return next(sort for sort in (FileChange, ObjectChange, RunProcedure) if isinstance(change, sort))


def _object_steps(changes: dict[int, ObjectChange], key: bytes, told: Told) -> ObjectSteps:
    from strongroom.plans.object_steps import ObjectSteps  # it loads what talks to clusters

    return ObjectSteps(changes, key, told)

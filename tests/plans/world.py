"""Procedures for tests: each leaves two marks in a world beside the tree, and says what it expects of the tree."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from strongroom.errors import PlanError
from strongroom.model.plan import RunProcedure
from strongroom.model.procedure import Arguments, Procedure, Told


def stamp(name: str, **sees: str | None) -> RunProcedure:
    """Return a step that stamps a name, and expects contents of files of the tree when it is done and undone."""
    return RunProcedure("stamp", {"name": name, "sees": sees})


def procedures(folder: Path, told: Callable[[str], None]) -> Callable[[str], Procedure]:
    """Return the procedures of a folder; `told` is called before and between what they do."""
    world = _World(folder, told)
    made = Procedure("stamp", world.said, world.check, world.do, world.verify, world.undo)

    def named(name: str) -> Procedure:
        if name != made.name:
            raise PlanError(f"nothing here does {name}")
        return made

    return named


class _World:
    """The world of a folder: closed by a file ``closed``, full after one mark where there is a file ``full``."""

    def __init__(self, folder: Path, told: Callable[[str], None]) -> None:
        self._folder, self._told = folder, told
        (folder / "world").mkdir(exist_ok=True)

    def said(self, arguments: Arguments) -> tuple[str, ...]:
        return f"stamp {arguments['name']}", "twice"

    def check(self, _: Arguments) -> None:
        if (self._folder / "closed").exists():
            raise PlanError("the world is closed")

    def do(self, arguments: Arguments, said: Told) -> None:
        self._look(arguments)
        for number, mark in enumerate(self._marks(arguments)):
            said(f"{number} of 2 marks")
            self._told(f"mark {mark.name}")
            if number and (self._folder / "full").exists():
                raise PlanError("the world is full")
            mark.touch()
        self._told("marked")

    def verify(self, arguments: Arguments) -> None:
        if not all(mark.exists() for mark in self._marks(arguments)):
            raise PlanError(f"{arguments['name']} has not its marks")

    def undo(self, arguments: Arguments, _: Told) -> None:
        self._look(arguments)
        for mark in reversed(self._marks(arguments)):
            self._told(f"clear {mark.name}")
            mark.unlink(missing_ok=True)
        self._told("cleared")

    def _marks(self, arguments: Arguments) -> list[Path]:
        return [self._folder / "world" / f"{arguments['name']}.{half}" for half in (1, 2)]

    def _look(self, arguments: Arguments) -> None:
        for path, text in arguments["sees"].items():
            file = self._folder / "tree" / path
            if (file.read_text() if file.exists() else None) != text:
                raise PlanError(f"{path} is not as {arguments['name']} expects it")

"""``strongroom plan`` where something stops it half way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.file.terminal import Terminal
from tests.plans.build import KEY, edit, new, plan

from strongroom.model.plan import Splice, Text
from strongroom.plans.saved import digest, save

_LONG = "x" * 250  # a file may be called so, but not what stands beside it until it is whole


class Desk:
    """A folder with a plan that stops at its second step."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "tree").mkdir()
        (folder / "tree/a").write_bytes(b"old\n")
        (folder / "key").write_bytes(KEY)
        first = edit("a", b"old\n", Splice(0, 3, (Text("new"),)))
        second = edit("a", b"new\n", Splice(0, 0, (Text("# "),)))
        made = plan(first, second, new(_LONG, "x"))
        save(made, folder / "plan.json", KEY)
        self.digits = digest(made)[:12]

    def run(self, *words: str) -> tuple[int, str]:
        """Run the program; return its exit code and what it prints."""
        call = [sys.executable, "-m", "strongroom", "plan", *words]
        environment = {**os.environ, "XDG_STATE_HOME": str(self.folder / "state")}
        done = subprocess.run(
            call, cwd=self.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        return done.returncode, done.stdout.decode()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk of its own."""
    return Desk(tmp_path)


def test_somebody_says_no(desk: Desk) -> None:
    """Whoever says no is told that nothing was done, and it was not."""
    words = ["plan", "apply", "plan.json", "--root", "tree", "--fingerprint-key", "key"]
    environment = {**os.environ, "XDG_STATE_HOME": str(desk.folder / "state")}
    terminal = Terminal([sys.executable, "-m", "strongroom", *words], desk.folder, environment)
    terminal.wait_for(r"Do it\? \[y/N\]: ")
    terminal.type("n\n")

    assert terminal.end() == 2
    assert "nothing was done" in terminal.shown
    assert (desk.folder / "tree/a").read_bytes() == b"old\n"


def test_stopped_half_way(desk: Desk) -> None:
    """A plan that stops says at which step, and how to go on and back; list shows it until one of both was done."""
    code, printed = desk.run("apply", "plan.json", "--root", "tree", "--fingerprint-key", "key", "--yes")
    assert code == 2
    assert printed == (
        "stopped at step 2 of 3: change a\n"
        f"strongroom plan resume {desk.digits} --fingerprint-key key goes on, "
        f"strongroom plan undo {desk.digits} --fingerprint-key key goes back\n"
        f"error: {(desk.folder / 'tree').resolve() / _LONG} cannot be written\nhint: file name too long\n"
    )
    (desk.folder / "plan.json").unlink()

    code, printed = desk.run("list")
    assert code == 1
    assert printed.startswith(f"{desk.digits}  a plan for a test\n  stopped at step 2 of 3: change a\n")

    code, printed = desk.run("show", desk.digits, "--fingerprint-key", "key")
    assert code == 0
    assert "1. change a\n--- a\n+++ a\n  (the file is not as it was" in printed
    assert f"stopped at step 2 of 3: change a\nstrongroom plan resume {desk.digits}" in printed

    assert desk.run("undo", desk.digits, "--fingerprint-key", "key", "--yes") == (0, "1 step undone\n")
    assert (desk.folder / "tree/a").read_bytes() == b"old\n"
    assert desk.run("list") == (0, "no plan is unfinished here\n")


def test_stopped_on_the_way_back(desk: Desk) -> None:
    """A way back that stops says at which step, and how to go on with it."""
    desk.run("apply", "plan.json", "--root", "tree", "--fingerprint-key", "key", "--yes")
    (desk.folder / "tree/a").write_bytes(b"mine\n")

    code, printed = desk.run("undo", desk.digits, "--fingerprint-key", "key", "--yes")
    assert code == 2
    assert printed == (
        "on the way back at step 1 of 3: change a\n"
        f"strongroom plan resume {desk.digits} --fingerprint-key key goes on\n"
        "error: a was changed after the plan\n"
        "hint: going back would lose that; bring it back as the plan left it, or mend it by hand\n"
    )
    assert "stopped on the way back at step 1 of 3: change a" in desk.run("list")[1]


def test_a_plan_for_several_folders_needs_its_folder(desk: Desk) -> None:
    """Where one plan was begun in two folders, its digits do not say which is meant; --root does."""
    (desk.folder / "other").mkdir()
    (desk.folder / "other/a").write_bytes(b"old\n")
    for root in ("tree", "other"):
        desk.run("apply", "plan.json", "--root", root, "--fingerprint-key", "key", "--yes")

    code, printed = desk.run("undo", desk.digits, "--fingerprint-key", "key", "--yes")
    assert (code, "--root names it" in printed) == (2, True)
    code, _ = desk.run("undo", desk.digits, "--root", "other", "--fingerprint-key", "key", "--yes")
    assert code == 0
    assert [(desk.folder / root / "a").read_bytes() for root in ("tree", "other")] == [b"new\n", b"old\n"]

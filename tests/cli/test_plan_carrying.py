"""What every command does with a plan that it made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.plans.build import KEY, edit, new, plan

from strongroom.cli.plan_carrying import Carrying, carry_out, command, digits
from strongroom.errors import PlanError, UsageError
from strongroom.model.plan import Plan, Splice, Text
from strongroom.plans.saved import digest, load

_PLAN = plan(new("made", "new\n"))


@pytest.fixture
def how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Carrying:
    """How a plan is carried out: in a folder of its own, with a key and a state folder of its own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "tree").mkdir()
    (tmp_path / "key").write_bytes(KEY)
    return Carrying(root=str(tmp_path / "tree"), yes=True, key_file=str(tmp_path / "key"))


def test_done_without_asking(how: Carrying, capsys: pytest.CaptureFixture[str]) -> None:
    """With --yes a plan is done without being shown, and the command that goes back is said."""
    assert carry_out(_PLAN, how) == 0

    assert (Path(how.root) / "made").read_text() == "new\n"
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == (
        f"1 step done\nstrongroom plan undo {digits(_PLAN)} --fingerprint-key {how.key_file} goes back\n"
    )


def test_only_shown(how: Carrying, capsys: pytest.CaptureFixture[str]) -> None:
    """A dry run shows the plan and checks it, and changes nothing."""
    assert carry_out(_PLAN, how._replace(yes=False, dry_run=True)) == 0

    assert "+++ made" in capsys.readouterr().out
    assert not (Path(how.root) / "made").exists()

    (Path(how.root) / "made").write_text("there already\n")
    with pytest.raises(PlanError, match="made exists already"):
        carry_out(_PLAN, how._replace(yes=False, dry_run=True))


def test_saved_for_later(how: Carrying, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A saved plan is not done, unless that is wanted too; the command that does it is said."""
    first, second = str(tmp_path / "first.json"), str(tmp_path / "second.json")

    assert carry_out(_PLAN, how._replace(yes=False, save=first)) == 0
    assert load(Path(first), KEY) == _PLAN
    assert (
        f"strongroom plan apply {first} --root {how.root} --fingerprint-key {how.key_file}" in capsys.readouterr().err
    )
    assert not (Path(how.root) / "made").exists()

    assert carry_out(_PLAN, how._replace(save=second)) == 0
    assert (Path(how.root) / "made").exists()


def test_nobody_to_ask(how: Carrying, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal and without --yes, a plan is shown and not done."""
    with pytest.raises(UsageError, match="nobody is there to ask"):
        carry_out(_PLAN, how._replace(yes=False))

    assert "+++ made" in capsys.readouterr().out
    assert not (Path(how.root) / "made").exists()


@pytest.mark.parametrize("more", [{"yes": True}, {"save": "x.json", "yes": False}])
def test_what_does_not_go_together(how: Carrying, more: dict[str, Any]) -> None:
    """A dry run does nothing, so it neither does nor saves a plan."""
    with pytest.raises(UsageError, match="--dry-run does nothing"):
        carry_out(_PLAN, how._replace(dry_run=True, **more))


def test_stopped_half_way(how: Carrying, capsys: pytest.CaptureFixture[str]) -> None:
    """A plan that stops says at which step, and the commands that go on and back."""
    (Path(how.root) / "a").write_bytes(b"old\n")
    made = _stopping()

    with pytest.raises(PlanError, match="cannot be written"):
        carry_out(made, how)

    key = f"--fingerprint-key {how.key_file}"
    assert capsys.readouterr().err == (
        "stopped at step 2 of 3: change a\n"
        f"strongroom plan resume {digits(made)} {key} goes on, strongroom plan undo {digits(made)} {key} goes back\n"
    )


def _stopping() -> Plan:
    """Return a plan that ends in a file whose name leaves no room for the one beside it."""
    first = edit("a", b"old\n", Splice(0, 3, (Text("new"),)))
    return plan(first, edit("a", b"new\n", Splice(0, 0, (Text("# "),))), new("x" * 250, "x"))


def test_refused_before_it_began(how: Carrying, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing was begun, there is nothing to go on with, and none of it is said."""
    (Path(how.root) / "made").write_text("there already\n")

    with pytest.raises(PlanError, match="exists already"):
        carry_out(_PLAN, how)
    assert capsys.readouterr().err == ""


def test_commands() -> None:
    """Commands are written as a shell takes them; digits know their folder, a file does not."""
    how = Carrying(root="my tree", key_file="my key")

    assert command("apply", "a b.json", how) == (
        "strongroom plan apply 'a b.json' --root 'my tree' --fingerprint-key 'my key'"
    )
    assert command("undo", "1f2e", how) == "strongroom plan undo 1f2e --fingerprint-key 'my key'"
    assert digest(_PLAN).startswith(digits(_PLAN))

"""``file edit`` as a person meets it: real editors at real terminals."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from tests.cli.file.edits import BAD, NEW, TYPED, editor, holds, is_clean, typing_
from tests.cli.file.place import Place
from tests.cli.file.terminal import Terminal


def _at_terminal(place: Place, editor: str, *words: str) -> Terminal:
    command = [sys.executable, "-m", "strongroom", "file", "edit", "secret.yaml", *words]
    return Terminal(command, place.top, place.environment | {"EDITOR": editor})


def test_edit_again(place: Place, secret: Path) -> None:
    """At a terminal, a text that cannot be saved can be edited again, and is what the editor shows then."""
    bad = place.write("typed", BAD)
    script = f'if [ -e {place.top}/once ]; then sed -i "s/\\[//" "$1"; else touch {place.top}/once; cat {bad} >"$1"; fi'
    terminal = _at_terminal(place, editor(place, script))
    terminal.wait_for(r"error: .*\r\n(hint: .*\r\n)?Edit again\? \[Y/n\]: ")
    terminal.type("\n")

    assert terminal.end() == 0
    assert TYPED not in terminal.shown
    assert holds(place, secret) == TYPED
    assert is_clean(place)


@pytest.mark.parametrize("answer", ["n\n", "\x03"])
def test_edit_no_more(place: Place, secret: Path, answer: str) -> None:
    """Somebody who does not want to edit again has the text kept."""
    before = secret.read_bytes()
    terminal = _at_terminal(place, typing_(place, BAD))
    terminal.wait_for(r"Edit again\? \[Y/n\]: ")

    assert terminal.insist(answer) == 2
    assert "--recover" in terminal.shown
    assert secret.read_bytes() == before
    assert place.kept() == ["edit.json", "lock", "text.sops"]


def test_the_terminal_is_the_editors(place: Place, secret: Path) -> None:
    """While the editor runs, Ctrl-C is for it alone."""
    new = place.write("typed", NEW)
    script = f"trap 'cat {new} >\"$1\"; exit 0' INT\necho ready\nwhile :; do sleep 0.05; done"
    terminal = _at_terminal(place, editor(place, script))
    terminal.wait_for("ready")
    terminal.type("\x03")

    assert terminal.end() == 0
    assert holds(place, secret) == TYPED


@pytest.mark.skipif(shutil.which("vim") is None, reason="vim is not installed")
def test_vim(place: Place, secret: Path) -> None:
    """A person edits in vim; a closed terminal in the middle loses nothing that vim had."""
    terminal = _at_terminal(place, "vim -u NONE -i NONE")
    terminal.wait_for("stringData")
    terminal.type(f":%s/Zq7-typed-Password/{TYPED}/\r:wq\r")

    assert terminal.end() == 0
    assert holds(place, secret) == TYPED
    assert is_clean(place)

"""``file edit``: real editors at real terminals, killed at every point; neither the file nor what was typed is lost."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.cli.file.edits import BAD, NEW, TYPED, editor, holds, is_clean, no_plain_text, typing_
from tests.cli.file.place import Place
from tests.cli.file.terminal import wait_until


def test_one_value(place: Place, secret: Path) -> None:
    """Editing one value changes its line and the MAC; comments and layout stay; nothing is left anywhere."""
    before = secret.read_text().splitlines()
    place.ours("edit", "secret.yaml", EDITOR=typing_(place, NEW))
    after = secret.read_text().splitlines()
    changed = [a.split(":")[0].strip() for a, b in zip(after, before, strict=True) if a != b]

    assert set(changed) <= {"password", "lastmodified", "mac"}
    assert {"password", "mac"} <= set(changed)
    assert holds(place, secret) == TYPED
    assert place.ours("decrypt", "secret.yaml").stdout.decode() == NEW
    assert is_clean(place)


def test_nothing_changed(place: Place, secret: Path) -> None:
    """Where nothing changed, nothing is written."""
    before, stamp = secret.read_bytes(), secret.stat().st_mtime_ns
    done = place.ours("edit", "secret.yaml", EDITOR="touch")

    assert b"nothing is written" in done.stderr
    assert (secret.read_bytes(), secret.stat().st_mtime_ns) == (before, stamp)
    assert is_clean(place)


def test_where_the_text_is(place: Place, secret: Path) -> None:
    """The editor's file has the name of the file, is in memory, and for its owner alone."""
    place.ours("edit", "secret.yaml", EDITOR=editor(place, f'stat -c "%a %n" "$1" "$(dirname "$1")" >{place.top}/seen'))
    file, folder = (place.top / "seen").read_text().splitlines()

    assert file.startswith(f"600 {place.memory}")
    assert file.endswith("/secret.yaml")
    assert folder.startswith("700 ")


def test_editors_in_the_order_of_sops(place: Place, secret: Path) -> None:
    """``SOPS_EDITOR`` goes before ``EDITOR``, and either may have arguments in quotes."""
    first = place.write("with blank", '#!/bin/sh\necho "$1" >seen\n')
    first.chmod(0o755)
    place.ours("edit", "secret.yaml", SOPS_EDITOR="'./with blank' 'two words'", EDITOR="false")

    assert (place.top / "seen").read_text() == "two words\n"
    assert b"is no command" in place.ours("edit", "secret.yaml", EDITOR="'", code=2).stderr
    assert b"cannot be started" in place.ours("edit", "secret.yaml", EDITOR="./nothing-here", code=2).stderr
    assert is_clean(place)


def test_a_new_file(place: Place) -> None:
    """A file that is not there is made by its rule; left as it was proposed, it is not."""
    place.ours("edit", "new.yaml", EDITOR="true")
    assert not (place.top / "new.yaml").exists()
    place.ours("edit", "new.yaml", EDITOR=typing_(place, NEW))

    assert holds(place, place.top / "new.yaml") == TYPED
    assert is_clean(place)


def test_a_new_file_for_nobody(place: Place) -> None:
    """Nobody types a text that could not be encrypted: without a rule the editor is not opened."""
    place.rules("creation_rules: []\n")
    done = place.ours("edit", "new.yaml", EDITOR=editor(place, "touch opened"), code=2)

    assert b"no creation rule" in done.stderr
    assert not (place.top / "opened").exists()


def test_a_failed_save_keeps_the_text(place: Place, secret: Path) -> None:
    """What cannot be saved is kept encrypted, the file stays, the next edit says so, and recovering goes on with it."""
    before = secret.read_bytes()
    done = place.ours("edit", "secret.yaml", EDITOR=typing_(place, BAD), code=2)

    assert b"--recover" in done.stderr
    assert TYPED.encode() not in done.stderr
    assert secret.read_bytes() == before
    assert not place.in_memory()
    assert no_plain_text(place)
    assert b"--discard" in place.ours("edit", "secret.yaml", EDITOR="true", code=2).stderr

    place.ours("edit", "--recover", "secret.yaml", EDITOR="sed -i s/\\\\[//")
    assert holds(place, secret) == TYPED
    assert is_clean(place)


def test_sops_opens_what_is_kept(place: Place, secret: Path) -> None:
    """The kept text is a SOPS file for those who can open the edited one."""
    place.ours("edit", "secret.yaml", EDITOR=typing_(place, BAD), code=2)
    kept = next(place.state.rglob("text.sops"))

    assert place.sops("decrypt", "--input-type", "binary", str(kept)).stdout.decode() == BAD


def test_discard(place: Place, secret: Path) -> None:
    """A kept text can be dropped; and where there is none, recovering says so."""
    place.ours("edit", "secret.yaml", EDITOR=typing_(place, BAD), code=2)
    place.ours("edit", "--discard", "secret.yaml")

    assert is_clean(place)
    assert b"nothing to recover" in place.ours("edit", "--recover", "secret.yaml").stderr
    assert b"exclude" in place.ours("edit", "--recover", "--discard", "secret.yaml", code=2).stderr


def test_an_editor_that_fails(place: Place, secret: Path) -> None:
    """An editor that ends with an error saves nothing; what it wrote is kept."""
    before = secret.read_bytes()
    assert b"nothing was changed" in place.ours("edit", "secret.yaml", EDITOR="false", code=2).stderr
    assert is_clean(place)
    new = place.write("typed", NEW)
    place.ours("edit", "secret.yaml", EDITOR=editor(place, f'cat {new} >"$1"; exit 3'), code=2)

    assert secret.read_bytes() == before
    place.ours("edit", "--recover", "secret.yaml", EDITOR="true")
    assert holds(place, secret) == TYPED


def test_an_editor_that_removes_its_file(place: Place, secret: Path) -> None:
    """An editor that leaves no file is an error, and the encrypted file stays."""
    before = secret.read_bytes()
    place.ours("edit", "secret.yaml", EDITOR="rm", code=2)

    assert secret.read_bytes() == before


def test_a_change_by_somebody_else(place: Place, secret: Path) -> None:
    """A file that changed in the meantime is not written over; recovering warns, and then does."""
    other = place.write("other.yaml", secret.read_bytes())
    place.ours("set", "--string", "other.yaml", "stringData.user", "somebody")
    new = place.write("typed", NEW)
    script = editor(place, f'cat {new} >"$1"; cp {other} {secret}')
    done = place.ours("edit", "secret.yaml", EDITOR=script, code=2)

    assert b"somebody else" in done.stderr
    assert secret.read_bytes() == other.read_bytes()
    done = place.ours("edit", "--recover", "secret.yaml", EDITOR="true")
    assert b"was changed since" in done.stderr
    assert holds(place, secret) == TYPED


def _limited(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def _edit_limited(place: Place, editor: str, size: int, *words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "strongroom", "file", "edit", *words],
        cwd=place.top,
        env=place.environment | {"EDITOR": editor},
        preexec_fn=lambda: _limited(size),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )


def test_a_full_disk(place: Place) -> None:
    """Where the encrypted file has no room, the old one stays and the text is kept."""
    many = "".join(f"key{number}: {number}\n" for number in range(100))
    path = place.write("many.yaml", many)
    place.ours("encrypt", "-i", "many.yaml")
    before = path.read_bytes()
    done = _edit_limited(place, "sed -i s/^key99:.*/key99:\\ Zq7/", 8000, "many.yaml")

    assert done.returncode == 2, done.stderr
    assert b"cannot be written" in done.stderr
    assert path.read_bytes() == before
    assert place.kept() == ["edit.json", "lock", "text.sops"]
    assert not place.in_memory()
    place.ours("edit", "--recover", "many.yaml", EDITOR="true")
    assert b"key99: Zq7\n" in place.sops("decrypt", "many.yaml").stdout
    assert is_clean(place)


def test_a_disk_without_any_room(place: Place, secret: Path) -> None:
    """Where not even the kept text has room, the text stays in memory, and recovering finds it there."""
    before = secret.read_bytes()
    done = _edit_limited(place, typing_(place, NEW), 600, "secret.yaml")

    assert done.returncode == 2, done.stderr
    assert secret.read_bytes() == before
    assert place.in_memory() == ["secret.yaml"]
    place.ours("edit", "--recover", "secret.yaml", EDITOR="true")
    assert holds(place, secret) == TYPED
    assert is_clean(place)


def _waiting(place: Place, text: str) -> str:
    """Make an editor that writes a text, says so, and waits to be told to go on."""
    new = place.write(f"typed-{len(list(place.top.glob('typed-*')))}", text)
    top = place.top
    return editor(
        place,
        f'echo $$ >{top}/editor.pid\ncat {new} >"$1"\ntouch {top}/saved\nwhile ! [ -e {top}/go ]; do sleep 0.05; done',
    )


def _start(place: Place, editor: str) -> subprocess.Popen[bytes]:
    # No pipes: an editor that goes on would keep them open.
    with (place.top / "said").open("wb") as said:
        return subprocess.Popen(
            [sys.executable, "-m", "strongroom", "file", "edit", "secret.yaml"],
            cwd=place.top,
            env=place.environment | {"EDITOR": editor},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )


def test_killed_while_the_editor_runs(place: Place, secret: Path) -> None:
    """Killed, the file is as before, the editor goes on and nobody else may edit; then its last text is recovered."""
    before = secret.read_bytes()
    process = _start(place, _waiting(place, NEW))
    wait_until((place.top / "saved").exists)
    process.kill()
    process.wait()

    assert secret.read_bytes() == before
    assert b"being edited already" in place.ours("edit", "secret.yaml", EDITOR="true", code=2).stderr
    (next(place.memory.iterdir()) / "secret.yaml").write_text(NEW.replace(TYPED, "Zq7-later"))
    (place.top / "go").touch()
    wait_until(lambda: place.ours("edit", "secret.yaml", EDITOR="true", code=None).stderr.find(b"already") < 0)
    place.ours("edit", "--recover", "secret.yaml", EDITOR="true")

    assert holds(place, secret) == "Zq7-later"
    assert is_clean(place)


def test_power_lost_while_the_editor_runs(place: Place, secret: Path) -> None:
    """What the editor saved is on the disk, encrypted, a moment later: it outlives the memory."""
    process = _start(place, _waiting(place, NEW))
    wait_until(lambda: "text.sops" in place.kept())
    process.kill()
    process.wait()
    os.kill(int((place.top / "editor.pid").read_text()), signal.SIGKILL)
    for folder in place.memory.iterdir():
        shutil.rmtree(folder)

    assert no_plain_text(place)
    wait_until(lambda: place.ours("edit", "secret.yaml", EDITOR="true", code=None).stderr.find(b"already") < 0)
    place.ours("edit", "--recover", "secret.yaml", EDITOR="true")
    assert holds(place, secret) == TYPED
    assert is_clean(place)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_asked_to_end(place: Place, secret: Path, number: signal.Signals) -> None:
    """Asked to end, the editor is ended, the text is kept encrypted, and memory is wiped."""
    before = secret.read_bytes()
    process = _start(place, _waiting(place, NEW))
    wait_until((place.top / "saved").exists)
    process.send_signal(number)
    process.wait()
    said = (place.top / "said").read_bytes()

    assert process.returncode == 128 + number
    assert b"--recover" in said
    assert secret.read_bytes() == before
    assert not place.in_memory()
    assert no_plain_text(place)
    place.ours("edit", "--recover", "secret.yaml", EDITOR="true")
    assert holds(place, secret) == TYPED


def test_what_an_editor_leaves_beside(place: Place, secret: Path) -> None:
    """Asked to end, an editor's copy of what was not saved stays in memory, and the editor finds it again."""
    saving = editor(place, f'echo unsaved >"$(dirname "$1")/.secret.yaml.swp"\ntouch {place.top}/saved\nsleep 60')
    process = _start(place, saving)
    wait_until((place.top / "saved").exists)
    process.terminate()
    process.wait()

    assert place.in_memory() == [".secret.yaml.swp", "secret.yaml"]
    script = f'cat "$(dirname "$1")/.secret.yaml.swp" >{place.top}/found; cat {place.write("typed", NEW)} >"$1"'
    place.ours("edit", "--recover", "secret.yaml", EDITOR=editor(place, script))
    assert (place.top / "found").read_text() == "unsaved\n"
    assert holds(place, secret) == TYPED
    assert is_clean(place)


_AFTER_SAVING = 6
"""How many edits are killed after the editor has saved."""


def _killed_after(place: Place, secret: Path, seconds: float) -> bool:
    """Kill an edit after some time; prove that nothing is lost. Return whether the text had been saved."""
    original = secret.read_bytes()
    new = place.write("typed", NEW)
    process = _start(place, editor(place, f'cat {new} >"$1" && touch {place.top}/saved'))
    time.sleep(seconds)
    process.kill()
    process.wait()
    saved = (place.top / "saved").exists()
    assert holds(place, secret) in {TYPED, "Zq7-typed-Password"}
    assert no_plain_text(place)
    # The editor may still be there for a moment.
    wait_until(
        lambda: place.ours("edit", "--recover", "secret.yaml", EDITOR="true", code=None).stderr.find(b"already") < 0
    )
    held = holds(place, secret)
    assert held == TYPED or not saved
    assert is_clean(place)
    secret.write_bytes(original)
    (place.top / "saved").unlink(missing_ok=True)
    return saved


def test_killed_at_any_point(place: Place, secret: Path) -> None:
    """Killed at any time, the file is the old or the new one, and what was saved in the editor is in the file at last."""
    outcomes: list[bool] = []
    # Until well after the editor has ended, however slow the machine is.
    while outcomes.count(True) < _AFTER_SAVING:
        outcomes.append(_killed_after(place, secret, len(outcomes) * 0.04))

    assert False in outcomes


@pytest.mark.verify
def test_killed_at_many_points(place: Place, secret: Path) -> None:
    """The same, at three hundred points."""
    for step in range(300):
        _killed_after(place, secret, step * 0.002)


def test_a_state_without_room(place: Place, secret: Path) -> None:
    """A text that could not be kept is saved all the same, where the file has room."""
    script = f'cat {place.write("typed", NEW)} >"$1"; for d in {place.state}/strongroom/edits/*; do mkdir "$d/text.sops"; done'
    place.ours("edit", "secret.yaml", EDITOR=editor(place, script))

    assert holds(place, secret) == TYPED

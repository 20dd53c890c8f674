"""``file exec-env`` and ``exec-file``: what the program gets, what reaches it, and what is left."""

from __future__ import annotations

import os
import shlex
import signal
import stat
import subprocess
from pathlib import Path

import pytest
from tests.cli.file.place import MANIFEST, Place
from tests.cli.file.terminal import Terminal, wait_until

SHOW = r"""python3 -c 'import os; print(sorted((k, v) for k, v in os.environ.items() if k.startswith("X")))'"""
FILES = {
    "a.yaml": "XA: one\nXB: 2\nXC: true\nXD: 1.50\nXE: 'a b\"c'\nXF: |\n  two\n  lines\nXG_unencrypted: plain\n# note\nXH: ''\n",
    "a.json": '{"XA": "one", "XB": 2, "XC": false, "XD": 2.5, "XE": 1234567}\n',
    "a.env": "# first\nXA=one two\nXB=a=b\n",
}


@pytest.mark.parametrize("name", FILES)
def test_the_same_environment_as_sops(place: Place, name: str) -> None:
    """The program sees the variables that it sees with sops."""
    place.write(name, FILES[name])
    place.ours("encrypt", "-i", name)
    theirs = place.sops("exec-env", name, SHOW).stdout

    assert place.ours("exec-env", name, SHOW).stdout == theirs
    assert b"XA" in theirs


def test_words_and_shells(place: Place) -> None:
    """One word is a line for the shell; several are a program with its arguments, its own options too."""
    place.write("a.env", "XA=one\n")
    place.ours("encrypt", "-i", "a.env")

    assert place.ours("exec-env", "a.env", "echo $XA | tr o 0").stdout == b"0ne\n"
    assert place.ours("exec-env", "a.env", "--", "printf", "%s|", "$XA", "b c").stdout == b"$XA|b c|"
    assert place.ours("exec-env", "a.env", "printenv", "XA").stdout == b"one\n"
    assert b"no program" in place.ours("exec-env", "a.env", "--", code=2).stderr
    assert b"no program ./none" in place.ours("exec-env", "a.env", "./none", "x", code=2).stderr


def test_pristine_and_same_process(place: Place) -> None:
    """``--pristine`` passes nothing else; ``--same-process`` becomes the program."""
    place.write("a.env", "XA=one\n")
    place.ours("encrypt", "-i", "a.env")
    pristine = place.ours("exec-env", "--pristine", "a.env", "env").stdout

    assert b"XA=one" in pristine
    assert b"SOPS_DISABLE" not in pristine
    words = place.command("exec-env", "--same-process", "a.env", "echo $$ $XA")
    process = subprocess.Popen(words, cwd=place.top, env=place.environment, stdout=subprocess.PIPE)
    assert process.communicate()[0].decode() == f"{process.pid} one\n"


def test_same_process_ends_with_its_pipe(place: Place) -> None:
    """The program has the signals of a fresh one: where nobody reads on, it ends, and says nothing."""
    place.write("a.env", "XA=one\n")
    place.ours("encrypt", "-i", "a.env")
    words = shlex.join(place.command("exec-env", "--same-process", "a.env", "yes"))
    done = place.run("/bin/sh", "-c", f"{words} | head -n 1")
    assert (done.stdout, done.stderr) == (b"y\n", b"")


@pytest.mark.parametrize("command", [("exec-env",), ("exec-file",), ("exec-file", "--no-fifo")])
def test_how_it_ends(place: Place, command: tuple[str, ...]) -> None:
    """The exit code is the program's, or 128 and the number of the signal that ended it."""
    place.write("a.env", "XA=one\n")
    place.ours("encrypt", "-i", "a.env")

    place.ours(*command, "a.env", "exit 7", code=7)
    place.ours(*command, "a.env", "kill -TERM $$", code=128 + signal.SIGTERM)
    assert not place.in_memory()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1])
def test_signals_are_passed_on(place: Place, number: signal.Signals) -> None:
    """A signal to us reaches the program, whose answer counts."""
    place.write("a.env", "XA=one\n")
    place.ours("encrypt", "-i", "a.env")
    script = f"trap 'touch got; exit 9' {number.name[3:]}; touch ready; while :; do sleep 0.05; done"
    process = subprocess.Popen(place.command("exec-env", "a.env", script), cwd=place.top, env=place.environment)
    wait_until((place.top / "ready").exists)
    process.send_signal(number)

    assert process.wait(60) == 9
    assert (place.top / "got").exists()


def test_the_keyboard_reaches_the_program(place: Place) -> None:
    """Ctrl-C at the terminal is for the program, once; we wait for what it makes of it, and clean up."""
    place.write("a.env", "XA=one\n")
    place.ours("encrypt", "-i", "a.env")
    script = "trap 'echo got; exit 4' INT; echo ready; while :; do sleep 0.05; done"
    terminal = Terminal(place.command("exec-file", "--no-fifo", "a.env", script), place.top, place.environment)
    terminal.wait_for("ready")
    terminal.type("\x03")

    assert terminal.end() == 4
    assert terminal.shown.count("got") == 1
    assert not place.in_memory()


def test_only_children_see_the_values(place: Place) -> None:
    """The values are in the program's environment, and neither in ours nor in anybody's arguments; no core is dumped."""
    place.write("a.env", "XA=Zq7-value\n")
    place.ours("encrypt", "-i", "a.env")
    script = (
        "cat /proc/$PPID/environ /proc/$PPID/cmdline /proc/$$/cmdline | grep -c '[Z]q7'; grep core /proc/$PPID/limits"
    )
    count, limits = place.ours("exec-env", "a.env", script).stdout.decode().splitlines()

    assert count == "0"
    assert limits.split()[4] == "0"


@pytest.mark.parametrize(
    ("text", "said"),
    [("a: {b: c}\n", "a is more than one value"), ("a=b: c\n", "cannot be the name"), ('a: "x\\0y"\n', "zero byte")],
)
def test_what_cannot_be_a_variable(place: Place, text: str, said: str) -> None:
    """What cannot be a variable is refused by its name, as sops does, without its value."""
    place.write("a.yaml", text)
    place.ours("encrypt", "-i", "a.yaml")

    assert said in place.ours("exec-env", "a.yaml", "true", code=2).stderr.decode()


def test_a_pipe(place: Place) -> None:
    """The text passes through a pipe that is the owner's alone; a program need not read it, or not to its end."""
    place.write("secret.yaml", MANIFEST + "".join(f"# {'x' * 1000}\n" for _ in range(300)))
    place.ours("encrypt", "-i", "secret.yaml")
    plain = place.ours("decrypt", "secret.yaml").stdout

    assert place.ours("exec-file", "secret.yaml", "cat {}").stdout == plain
    assert place.ours("exec-file", "secret.yaml", "--", "cat", "{}").stdout == plain
    seen = place.ours("exec-file", "secret.yaml", 'stat -c "%F %a" {}; stat -c %a $(dirname {}); head -c 9 {}').stdout
    assert seen == b"fifo 600\n700\n" + plain[:9]
    place.ours("exec-file", "secret.yaml", "true")
    assert not place.in_memory()


def test_a_file(place: Place) -> None:
    """``--no-fifo`` makes a file in memory, which can be read twice, has the name that is asked for, and is wiped."""
    place.write("secret.yaml", MANIFEST)
    place.ours("encrypt", "-i", "secret.yaml")
    script = "cat {} {}; stat -c '%F %a %n' {}"
    out = place.ours("exec-file", "--no-fifo", "--filename", "x.yaml", "secret.yaml", script).stdout.decode()

    assert out.startswith(MANIFEST * 2)
    assert out.splitlines()[-1].startswith(f"regular file 600 {place.memory}")
    assert out.endswith("/x.yaml\n")
    assert not place.in_memory()
    assert b"more than a name" in place.ours("exec-file", "--filename", "../x", "secret.yaml", "true", code=2).stderr


def test_another_type(place: Place) -> None:
    """The program gets the type that is asked for."""
    place.write("a.yaml", "A: one\n")
    place.ours("encrypt", "-i", "a.yaml")

    assert place.ours("exec-file", "--output-type", "dotenv", "a.yaml", "cat {}").stdout == b"A=one\n"


def test_killed_while_it_runs(place: Place) -> None:
    """Killed in the middle, a pipe holds nothing, and no text is on a disk."""
    place.write("a.env", "XA=Zq7-value\n")
    place.ours("encrypt", "-i", "a.env")
    words = place.command("exec-file", "a.env", "touch ready; while [ -d . ] && ! [ -e go ]; do sleep 0.05; done")
    process = subprocess.Popen(words, cwd=place.top, env=place.environment)
    wait_until((place.top / "ready").exists)
    process.kill()
    process.wait()
    (place.top / "go").touch()
    left = list(place.memory.rglob("tmp-file"))

    assert all(stat.S_ISFIFO(path.stat().st_mode) for path in left)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize(
    "command", [("exec-env",), ("exec-file",), ("exec-file", "--no-fifo"), ("exec-env", "--same-process")]
)
def test_another_user(place: Place, command: tuple[str, ...]) -> None:
    """``--user`` runs the program with that user's own groups; the file is that user's."""
    place.write("a.env", "XA=one\n")
    place.ours("encrypt", "-i", "a.env")
    script = "id -un; id -G; cat {}" if "exec-file" in command else "id -un; id -G; echo XA=$XA"
    group = subprocess.run(["id", "-G", "nobody"], capture_output=True, text=True, check=True).stdout.strip()

    assert place.ours(*command, "--user", "nobody", "a.env", script).stdout.decode() == f"nobody\n{group}\nXA=one\n"
    assert b"there is no user" in place.ours(*command, "--user", "no-body", "a.env", "true", code=2).stderr


def test_nothing_is_left_by_an_error(place: Place) -> None:
    """A program that cannot be started leaves nothing behind."""
    place.write("a.env", "XA=one\n")
    place.ours("encrypt", "-i", "a.env")
    place.ours("exec-file", "--no-fifo", "a.env", "--", "./none", "{}", code=2)

    assert not place.in_memory()
    assert list(Path(place.memory).iterdir()) == []

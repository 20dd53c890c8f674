"""A repository of encrypted files that merges with our driver."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tests.cli.file.place import Place
from tests.support.sops import PROGRAM

Edit = Callable[[str], str]

BASES = {
    "db.enc.yaml": """\
# the shop
user: shop
password: first
hosts:
    - one
    - two
nested:
    # soon
    token: abc
    port: 5432
""",
    "db.enc.json": '{\n\t"user": "shop",\n\t"password": "first",\n\t"nested": {\n\t\t"token": "abc",\n\t\t"port": 5432\n\t}\n}\n',
    "db.enc.env": "# the shop\nuser=shop\npassword=first\ntoken=abc\n",
    "db.enc.ini": "[db]\nuser     = shop\npassword = first\n\n[other]\ntoken = abc\n",
}
SIDES: dict[str, tuple[Edit, Edit]] = {
    "db.enc.yaml": (
        lambda t: t.replace("user: shop", "user: mine") + "    # a note\n    own: added-here\n",
        lambda t: t.replace("password: first", "password: second") + "    fresh: added-there\n",
    ),
    "db.enc.json": (
        lambda t: t.replace('"shop"', '"mine"').replace("5432\n", '5432,\n\t\t"own": "added-here"\n'),
        lambda t: t.replace('"first"', '"second"').replace("5432\n", '5432,\n\t\t"fresh": "added-there"\n'),
    ),
    "db.enc.env": (
        lambda t: t.replace("user=shop", "user=mine") + "own=added-here\n",
        lambda t: t.replace("password=first", "password=second") + "fresh=added-there\n",
    ),
    "db.enc.ini": (
        lambda t: t.replace("= shop", "= mine") + "own   = added-here\n",
        lambda t: t.replace("= first", "= second") + "fresh = added-there\n",
    ),
}


class Repo(NamedTuple):
    """A repository with the driver, in a place with keys."""

    place: Place

    def git(self, *words: str, code: int | None = 0) -> str:
        """Run ``git``; return what it and the driver print."""
        done = self.place.run("git", *words, code=code)
        return (done.stdout + done.stderr).decode()

    def commit(self, name: str, text: str | bytes) -> None:
        """Commit a file encrypted by sops; the values that it has already keep their ciphertext."""
        plain = self.place.write(f"plain-{name}", text)
        if (self.place.top / name).exists():
            copy = f'cp "{plain}" "$1"'
            editor = self.place.write("../editor", f"#!/bin/sh\n{copy}\n")
            editor.chmod(0o755)
            self.place.run("timeout", "60", str(PROGRAM), name, EDITOR=editor)  # sops asks again for ever
        else:
            self.place.write(name, self.place.sops("encrypt", "--filename-override", name, str(plain)).stdout)
        plain.unlink()
        self.git("add", name)
        self.git("commit", "-qm", f"change {name}")

    def plain(self, name: str) -> str:
        """Return a file as sops decrypts it."""
        return self.place.sops("decrypt", name).stdout.decode()

    def read(self, name: str) -> str:
        """Return a file as it lies there."""
        return (self.place.top / name).read_text()


def diverged(repo: Repo, name: str, ours: Edit, theirs: Edit) -> None:
    """Make two branches of a file, and leave ours checked out."""
    repo.commit(name, BASES[name])
    repo.git("switch", "-qc", "theirs")
    repo.commit(name, theirs(repo.plain(name)))
    repo.git("switch", "-q", "main")
    repo.commit(name, ours(repo.plain(name)))

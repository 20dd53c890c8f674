"""A folder as people have it who keep secrets in Git: an age key of their own, and a ``.sops.yaml``."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from tests.support.sops import PROGRAM

from strongroom.keys import age


class Done(NamedTuple):
    """What a program printed, and how it ended."""

    out: bytes
    err: str
    code: int


class Repository:
    """The folder; programs run in it with its key and without anything of the person who runs the tests."""

    def __init__(self, root: Path, rule: str = "encrypted_regex: ^(data|stringData)$") -> None:
        self.root = root / "repository"
        self.root.mkdir()
        identity, self.recipient = age.generate()
        key = root / "age.key"
        key.write_bytes(identity.reveal())
        (self.root / ".sops.yaml").write_text(f"creation_rules:\n- age: {self.recipient}\n  {rule}\n")
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOME": str(root),
            "SOPS_AGE_KEY_FILE": str(key),
            "LC_ALL": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def write(self, name: str, text: str | bytes) -> Path:
        """Write a file below the folder."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def encrypt(self, name: str, text: str | bytes) -> Path:
        """Write a file that the program ``sops`` encrypted by the rule of the folder."""
        path = self.write(name, text)
        path.write_bytes(self.run(str(PROGRAM), "encrypt", name).out)
        return path

    def strongroom(self, *words: str | Path, stdin: bytes = b"", check: bool = True) -> Done:
        """Run strongroom in the folder."""
        return self.run(sys.executable, "-m", "strongroom", *words, stdin=stdin, check=check)

    def sops(self, *words: str | Path, stdin: bytes = b"") -> bytes:
        """Run the real sops in the folder."""
        return self.run(str(PROGRAM), *words, stdin=stdin).out

    def run(
        self,
        *words: str | Path,
        stdin: bytes = b"",
        check: bool = True,
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> Done:
        """Run a program in the folder."""
        done = subprocess.run(
            words, cwd=self.root, env={**self.environment, **more}, input=stdin, capture_output=True, check=False
        )
        found = Done(done.stdout, done.stderr.decode(errors="replace"), done.returncode)
        assert not check or found.code == 0, found.err
        return found

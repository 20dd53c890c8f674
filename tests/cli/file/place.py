"""A folder with keys, in which the real sops and ours work on the same files."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pyrage
from tests.support.sops import PROGRAM

MANIFEST = """\
# the database of the shop
apiVersion: v1
kind: Secret
metadata:
  name: db  # in every cluster
stringData:
  password: Zq7-typed-Password
  user: shop
"""


class Place:
    """A folder, a home, and the environment in which programs run there."""

    def __init__(self, top: Path) -> None:
        self.top = top / "work"
        self.top.mkdir()
        self.home = top / "home"
        keys = self.home / ".config" / "sops" / "age" / "keys.txt"
        keys.parent.mkdir(parents=True)
        self.recipients: list[str] = []
        identities = [pyrage.x25519.Identity.generate() for _ in range(3)]
        self.recipients = [str(one.to_public()) for one in identities]
        self.identities = [str(one) for one in identities]
        keys.write_text(self.identities[0] + "\n")
        self.keys = keys
        self.state = top / "state"
        # A folder of its own in the tmpfs, so that what is left there can be told from what others run.
        self.memory = Path(tempfile.mkdtemp(prefix="test-", dir="/dev/shm"))
        self.environment = {
            "XDG_RUNTIME_DIR": str(self.memory),
            "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.home),
            "XDG_STATE_HOME": str(self.state),
            "LC_ALL": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            "SOPS_DISABLE_VERSION_CHECK": "1",
        }

    def write(self, name: str, text: str | bytes) -> Path:
        """Write a file."""
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def rules(self, text: str = "creation_rules:\n  - age: {0}\n") -> None:
        """Write a ``.sops.yaml``; ``{0}`` to ``{2}`` stand for recipients, of which the first has its key here."""
        self.write(".sops.yaml", text.format(*self.recipients))

    def command(self, *words: str) -> list[str]:
        """Return the command line of ``strongroom file``."""
        return [sys.executable, "-m", "strongroom", "file", *words]

    def ours(self, *words: str, **more: Any) -> subprocess.CompletedProcess[bytes]:
        """Run ``strongroom file``."""
        return self.run(*self.command(*words), **more)

    def sops(self, *words: str, **more: Any) -> subprocess.CompletedProcess[bytes]:
        """Run ``sops``."""
        return self.run(str(PROGRAM), *words, **more)

    def run(
        self, *words: str, code: int | None = 0, stdin: bytes = b"", folder: str = "", **variables: object
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a program; upper-case names are variables of its environment."""
        done = subprocess.run(
            words,
            cwd=self.top / folder,
            env=self.environment | {name: str(value) for name, value in variables.items()},
            input=stdin,
            capture_output=True,
            check=False,
        )
        assert code is None or done.returncode == code, (done.stdout + done.stderr).decode()
        assert b"internal error" not in done.stderr, done.stderr.decode()
        return done

    def sops_encrypted(self, name: str) -> str:
        """Return the name of a copy of a file as sops encrypts it."""
        sealed = f"sealed-{name}"
        self.write(sealed, self.sops("encrypt", name).stdout)
        return sealed

    def in_memory(self) -> list[str]:
        """Return the names of the files that are left in memory-backed storage."""
        return sorted(path.name for path in self.memory.rglob("*") if not path.is_dir())

    def kept(self) -> list[str]:
        """Return the names of what is kept of interrupted edits."""
        return sorted(path.name for path in self.state.rglob("*") if path.is_file())

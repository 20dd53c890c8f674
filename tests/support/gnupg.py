"""A GnuPG home of its own, whose agent ends with it."""

from __future__ import annotations

import os
import subprocess

from tests.support.controlplane.folder import Folder

AGENT = """allow-loopback-pinentry
no-allow-external-cache
s2k-count 65536
"""
"""No person, and passphrases that are derived quickly: by default the agent takes as long as the machine is slow."""


class GnuPG:
    """A keyring, until it is closed."""

    def __init__(self) -> None:
        self._folder = Folder()
        self.home = self._folder.path / "gnupg"
        self.home.mkdir(mode=0o700)
        (self.home / "gpg-agent.conf").write_text(AGENT)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a program that shall use this keyring."""
        return {"GNUPGHOME": str(self.home), "PATH": os.environ["PATH"], "HOME": str(self.home)}

    def make_key(self, name: str, *, passphrase: str = "") -> str:
        """Make a key that can encrypt; its fingerprint. It is good for a year and not trusted by anybody."""
        options = ("--passphrase", passphrase, "--pinentry-mode", "loopback")
        self.run(*options, "--quick-generate-key", name, "rsa2048", "encrypt,cert", "1y")
        return self.fingerprints(name)[0]

    def add_subkey(self, fingerprint: str) -> str:
        """Add a subkey that can encrypt; its fingerprint."""
        self.run("--passphrase", "", "--quick-add-key", fingerprint, "rsa2048", "encrypt", "1y")
        return self.fingerprints(fingerprint)[-1]

    def fingerprints(self, name: str) -> list[str]:
        """The fingerprints of a key and its subkeys, in order."""
        lines = self.run("--with-colons", "--list-keys", "--with-subkey-fingerprint", name).decode().splitlines()
        return [line.split(":")[9] for line in lines if line.startswith("fpr:")]

    def run(self, *words: str, given: bytes = b"") -> bytes:
        """Run gpg without a person; what it prints."""
        done = subprocess.run(
            ("gpg", "--batch", "--no-tty", *words),
            input=given,
            capture_output=True,
            env=self.environment,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def forget_passphrases(self) -> None:
        """Let the agent forget what it was told."""
        subprocess.run(
            ("gpgconf", "--reload", "gpg-agent"), env=self.environment, capture_output=True, timeout=60, check=True
        )

    def close(self) -> None:
        """End the agent and remove the keyring."""
        subprocess.run(("gpgconf", "--kill", "all"), env=self.environment, capture_output=True, timeout=60, check=False)
        self._folder.close()

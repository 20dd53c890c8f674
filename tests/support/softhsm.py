"""A SoftHSM2 token in a folder of its own: a real PKCS #11 library, without the hardware."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.controlplane.folder import Folder

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "pin-of-the-tests-4711"
OFFICER = "officer-of-the-tests"
TOKEN = "strongroom"
CONFIGURATION = "SOFTHSM2_CONF"


class SoftHSM:
    """Tokens, until they are closed; programs that shall see them get `environment`.

    Args:
        here: let this process see them too. The library reads the process's environment whenever it is initialised, so
            that there is one such in a process.
    """

    def __init__(self, *, here: bool = False) -> None:
        assert MODULE.exists(), "softhsm2 is not installed: make test does it"
        self._folder = Folder()
        self.path = self._folder.path
        tokens = self.path / "tokens"
        tokens.mkdir()
        configuration = self.path / "softhsm2.conf"
        configuration.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
        self.environment = {CONFIGURATION: str(configuration)}
        self._here = here
        if here:
            os.environ.update(self.environment)
        self.pin = self.path / "pin"
        self.pin.write_text(PIN + "\n")
        self.pin.chmod(0o600)
        self.token(TOKEN)

    def token(self, label: str) -> None:
        """Make a token."""
        words = ["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", OFFICER]
        subprocess.run(words, env={**os.environ, **self.environment}, check=True, capture_output=True)

    def uri(self, label: str, *, token: str = TOKEN, more: str = "") -> str:
        """The URI of a key."""
        return f"pkcs11:token={token};object={label}{more}?module-path={MODULE}&pin-source=file:{self.pin}"

    def key(self, label: str, number: int, *, token: str = TOKEN, **attributes: Any) -> None:
        """Make an AES key with a label and a CKA_ID, in a process of its own, as an administrator does."""
        self.script(
            "session.generate_key(KeyType.AES, 256, label=sys.argv[2], id=number, store=True,"
            " template={Attribute.EXTRACTABLE: False, Attribute.SENSITIVE: True, **eval(sys.argv[4])})",
            token,
            label,
            str(number),
            repr({f"Attribute.{name}": value for name, value in attributes.items()}).replace("'", ""),
        )

    def change(self, label: str, number: int, act: str, *, token: str = TOKEN) -> None:
        """Do something to a key: ``key.destroy()``, ``key[Attribute.ENCRYPT] = False``."""
        self.script(
            f"for key in session.get_objects({{Attribute.LABEL: sys.argv[2], Attribute.ID: number}}):\n    {act}",
            token,
            label,
            str(number),
        )

    def script(self, text: str, token: str, *words: str) -> None:
        """Run Python with a session of a token."""
        begin = (
            "import sys, pkcs11\nfrom pkcs11 import Attribute, KeyType\n"
            f"token = pkcs11.lib({str(MODULE)!r}).get_token(token_label=sys.argv[1])\n"
            f"session = token.open(rw=True, user_pin={PIN!r})\n"
            "number = int(sys.argv[3]).to_bytes(4, 'big').lstrip(bytes(1))\n"
        )
        run = [sys.executable, "-c", begin + text, token, *words]
        subprocess.run(run, env={**os.environ, **self.environment}, check=True)

    def close(self) -> None:
        """Remove the tokens."""
        if self._here:
            os.environ.pop(CONFIGURATION, None)
        self._folder.close()

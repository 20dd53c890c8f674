"""Keys of the transit engine of Vault and OpenBao (https://openbao.org/api-docs/secret/transit/).

``vault-transit:https://HOST:8200/v1/transit/keys/NAME``, with the options ``namespace``, ``token-file``, or
``login=approle`` (``role-id-file``, ``secret-id-file``) or ``login=jwt`` (``role``, ``jwt-file``), each with ``mount``.

The id of a version holds the time at which it was made: a key that was deleted and made again begins at v1 once more.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from strongroom.errors import KeyUseError, TamperedError, UsageError
from strongroom.keys import hashicorp_vault
from strongroom.keys.entries import from_base64
from strongroom.keys.kek import Version, bound_to
from strongroom.keys.kek.remote import RemoteKey
from strongroom.keys.kek.uri import split
from strongroom.keys.kek.vault_server import Login, Server, environment_namespace
from strongroom.keys.rest import Answer
from strongroom.model.plaintext import Plaintext

SCHEME = "vault-transit"

_OPTIONS = ("namespace", "token-file", "login", "mount", "role", "jwt-file", "role-id-file", "secret-id-file")
_LOGINS = {"approle": ("role-id-file", "secret-id-file"), "jwt": ("role", "jwt-file")}
_TYPES = ("aes256-gcm96", "aes128-gcm96", "chacha20-poly1305", "xchacha20-poly1305")
"""Types of keys that notice a change, also of the additional data."""

_HERE = ("localhost", "127.0.0.1", "::1")
_CIPHERTEXT = re.compile(r"vault:v([1-9][0-9]{0,8}):[A-Za-z0-9+/]+={0,2}")
_VERSION = re.compile(r":v([1-9][0-9]{0,8}):[0-9]{1,20}")


def parse(uri: str, environment: Mapping[str, str]) -> VaultTransit:
    """Return the key of a URI.

    Raises:
        UsageError: it is no URL of a transit key, or its options do not fit each other.
    """
    url, options = split(uri, SCHEME, _OPTIONS)
    keys = hashicorp_vault.parse(url)
    if len(keys) != 1:
        raise UsageError("the URI of a transit key names one key")
    parts = dict(keys[0].options)
    namespace = options.get("namespace", "").strip("/") or environment_namespace(environment)
    server = Server(parts["vault_address"], namespace, _login(options), environment)
    path = "/".join(part for part in (namespace, parts["engine_path"], parts["key_name"]) if part)
    key = VaultTransit(f"{SCHEME}:{keys[0].name}", server, (parts["engine_path"], parts["key_name"]), path)
    key.warning = _open_connection(parts["vault_address"])
    return key


def _open_connection(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme == "https" or parts.hostname in _HERE:
        return ""
    return "the connection to Vault is not encrypted: what is to be protected, and the token, can be read on the way"


def _login(options: Mapping[str, str]) -> Login:
    kind = options.get("login", "")
    given = options.keys() - {"namespace", "login", "mount"}
    if not kind:
        if given - {"token-file"} or "mount" in options:
            raise UsageError("the options of a transit key are those of a login, and login=approle or jwt is missing")
        return Login(token_file=options.get("token-file", ""))
    if kind not in _LOGINS:
        raise UsageError("login of a transit key is not known", hint="login=approle or login=jwt")
    if given != set(_LOGINS[kind]):
        raise UsageError(f"login={kind} of a transit key takes {' and '.join(_LOGINS[kind])}, and mount")
    mount = options.get("mount", kind).strip("/")
    if kind == "jwt":
        return Login(mount, (("role", options["role"]),), (("jwt", options["jwt-file"]),))
    return Login(mount, (), (("role_id", options["role-id-file"]), ("secret_id", options["secret-id-file"])))


class VaultTransit(RemoteKey):
    """A key of a transit engine.

    Args:
        name: its URI.
        server: who holds it.
        place: engine and name.
        path: both with the namespace, as in the ids of versions.
    """

    def __init__(self, name: str, server: Server, place: tuple[str, str], path: str) -> None:
        super().__init__(name, server.what)
        self._server = server
        self._engine, self._key = place
        self._prefix = f"{SCHEME}:{path}"

    def owns(self, version_id: str) -> bool:
        """Tell whether an id has the key's name."""
        return self._number(version_id) is not None

    def _number(self, version_id: str) -> str | None:
        if not version_id.startswith(self._prefix):
            return None
        found = _VERSION.fullmatch(version_id[len(self._prefix) :])
        return found[1] if found else None

    def _tampered(self) -> TamperedError:
        return TamperedError(f"what {self.name} shall decrypt was changed, or not encrypted with it")

    def _call(self, act: str, given: Mapping[str, Any] | None, deadline: float) -> Answer:
        return self._server.ask((*self._engine.split("/"), act, self._key), given, deadline)

    def _facts(self, deadline: float) -> Mapping[str, Any]:
        answer = self._call("keys", None, deadline)
        if answer.status != 200:
            raise self._refusal(answer.status, f"read on {self._engine}/keys/{self._key}")
        data = answer.json().get("data")
        return data if isinstance(data, dict) else {}

    def _newest(self, deadline: float) -> Version:
        data = self._facts(deadline)
        number, times = data.get("latest_version"), data.get("keys")
        if data.get("type") not in _TYPES or data.get("derived"):
            raise KeyUseError(
                f"{self.name} is of a type that does not fit", hint="aes256-gcm96, and not derived: the default"
            )
        if data.get("soft_deleted"):
            raise KeyUseError(f"{self.name} is deleted", hint="its owner can restore it")
        made = times.get(str(number)) if isinstance(times, dict) else None
        if not isinstance(number, int) or not isinstance(made, int):
            raise KeyUseError(f"{self._server.what} does not say which version of the key is the newest")
        return Version(f"{self._prefix}:v{number}:{made}")

    def _encrypted(self, value: bytes, deadline: float) -> tuple[bytes, Version]:
        version = self._version = self._version or self._newest(deadline)
        answer = self._encrypt(value, version, deadline)
        if answer.status == 400 and (newest := self._newest(deadline)) != version:
            # min_encryption_version was raised above it since.
            version = self._version = newest
            answer = self._encrypt(value, version, deadline)
        data = answer.json().get("data")
        text = data.get("ciphertext") if isinstance(data, dict) else None
        if answer.status != 200:
            raise self._refusal(answer.status, f"update on {self._engine}/encrypt/{self._key}")
        found = _CIPHERTEXT.fullmatch(text) if isinstance(text, str) else None
        if found is None or found[1] != self._number(version.id):
            raise KeyUseError(f"{self._server.what} gave no ciphertext of the version that was asked for")
        return found[0].encode("ascii"), version

    def _encrypt(self, value: bytes, version: Version, deadline: float) -> Answer:
        given = {
            "plaintext": base64.b64encode(value).decode("ascii"),
            "associated_data": base64.b64encode(bound_to(version.id)).decode("ascii"),
            "key_version": int(self._number(version.id) or 0),
        }
        return self._call("encrypt", given, deadline)

    def _decrypted(self, ciphertext: bytes, version_id: str, deadline: float) -> Plaintext:
        text = ciphertext.decode("ascii", "replace")
        found = _CIPHERTEXT.fullmatch(text)
        if found is None or found[1] != self._number(version_id):
            raise self._tampered()
        bound = base64.b64encode(bound_to(version_id)).decode("ascii")
        answer = self._call("decrypt", {"ciphertext": text, "associated_data": bound}, deadline)
        if answer.status == 400:
            self._check_allowed(version_id, deadline)
            raise self._tampered()
        if answer.status != 200:
            raise self._refusal(answer.status, f"update on {self._engine}/decrypt/{self._key}")
        data = answer.json().get("data")
        plain = from_base64(data.get("plaintext")) if isinstance(data, dict) else None
        if plain is None:
            raise KeyUseError(f"{self._server.what} gave no plaintext")
        return plain

    def _check_allowed(self, version_id: str, deadline: float) -> None:
        """Tell a version that may no longer decrypt from a ciphertext that was changed; the answer says neither."""
        data = self._facts(deadline)
        times, least = data.get("keys"), data.get("min_decryption_version")
        number = self._number(version_id) or ""
        if isinstance(least, int) and int(number or 0) < least:
            raise KeyUseError(
                f"version {number} of {self.name} may no longer decrypt",
                hint=f"min_decryption_version is {least}; lower it until nothing needs the version any more",
            )
        if not isinstance(times, dict) or number not in times:
            raise KeyUseError(f"{self.name} has no version {number}")

    def _refusal(self, status: int, right: str) -> KeyUseError:
        if status in (401, 403):
            return KeyUseError(f"{self._server.what} does not let this token use the key", hint=f"it needs {right}")
        if status == 404:
            return KeyUseError(f"{self.name} does not exist", hint="or its engine is mounted elsewhere")
        if 300 <= status < 400:
            return KeyUseError(f"{self._server.what} answers with a redirect, which is not followed with a token")
        return KeyUseError(f"{self._server.what} answered with status {status}")

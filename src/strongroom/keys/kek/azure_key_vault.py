"""RSA keys of Azure Key Vault, with RSA-OAEP-256 (https://learn.microsoft.com/rest/api/keyvault/keys/encrypt).

``azure-key-vault:https://VAULT.vault.azure.net/keys/NAME``; with a version at the end, no other encrypts. The id of a
version is its URL. RSA-OAEP takes no additional data: what is encrypted begins with a mark of the purpose and the
version instead. Whoever has the public half can encrypt too; only the vault decrypts.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Iterable, Mapping
from typing import Any

from strongroom.errors import KeyUseError, TamperedError, UsageError
from strongroom.keys import azure_key_vault
from strongroom.keys.azure_key_vault import encoded, newest_in, refusal, request_to, result_of
from strongroom.keys.kek import Version, bound_to
from strongroom.keys.kek.remote import RemoteKey
from strongroom.keys.kek.service import Service
from strongroom.keys.kek.uri import split
from strongroom.keys.rest import Answer
from strongroom.model.plaintext import Plaintext

SCHEME = "azure-key-vault"

_MARK_BYTES = 16
_VERSION = re.compile(r"[0-9A-Za-z]{1,127}")


def parse(uri: str, environment: Mapping[str, str]) -> AzureKeyVault:
    """Return the key of a URI.

    Raises:
        UsageError: it is no URL of a key.
    """
    url, _ = split(uri, SCHEME, ())
    keys = azure_key_vault.parse(url)
    if len(keys) != 1:
        raise UsageError("the URI of a key of Azure Key Vault names one key")
    parts = dict(keys[0].options)
    return AzureKeyVault(parts["vault_url"].rstrip("/"), parts["name"], parts["version"], environment)


class AzureKeyVault(RemoteKey):
    """A key of a vault.

    Args:
        vault: its URL.
        key: name of the key.
        pinned: the one version that encrypts; the newest where empty.
        environment: where credentials are looked for.
    """

    def __init__(self, vault: str, key: str, pinned: str, environment: Mapping[str, str]) -> None:
        self._begin = f"{SCHEME}:{vault}/keys/{key}/"
        self._vault, self._key, self._pinned = vault, key, pinned
        self._service = Service(f"Azure Key Vault {vault}", environment)
        super().__init__(self._begin + pinned if pinned else self._begin.rstrip("/"), self._service.what)

    def owns(self, version_id: str) -> bool:
        """Tell whether an id is the URL of a version of the key."""
        return version_id.startswith(self._begin) and bool(_VERSION.fullmatch(version_id[len(self._begin) :]))

    def _ask(self, path: Iterable[str], given: Mapping[str, str] | None, deadline: float) -> Answer:
        parts = tuple(path)
        return self._service.ask(lambda context: request_to(self._vault, parts, given, context), deadline)

    def _newest(self, deadline: float) -> Version:
        answer = self._ask((self._key, self._pinned) if self._pinned else (self._key,), None, deadline)
        if answer.status != 200:
            raise refusal(answer.status, self._vault)
        data = answer.json()
        version = Version(self._begin + newest_in(data))
        key, attributes = _part(data, "key"), _part(data, "attributes")
        if not str(key.get("kty")).startswith("RSA"):
            raise KeyUseError(f"{self.name} is no RSA key")
        begins, ends, now = attributes.get("nbf"), attributes.get("exp"), time.time()
        if attributes.get("enabled") is not True or (isinstance(ends, int) and ends <= now):
            raise KeyUseError(f"the newest version of {self.name} is disabled or has expired")
        if isinstance(begins, int) and begins > now:
            raise KeyUseError(f"the newest version of {self.name} is not valid yet", hint="name the version before it")
        return version

    def _encrypted(self, value: bytes, deadline: float) -> tuple[bytes, Version]:
        version = self._version = self._version or self._newest(deadline)
        answer = self._ask(self._path(version.id, "encrypt"), encoded(_mark(version.id) + value), deadline)
        if answer.status != 200:
            raise self._refusal(answer, version.id)
        return result_of(answer.json()), version

    def _decrypted(self, ciphertext: bytes, version_id: str, deadline: float) -> Plaintext:
        answer = self._ask(self._path(version_id, "decrypt"), encoded(ciphertext), deadline)
        if answer.status == 400:
            raise self._tampered()
        if answer.status != 200:
            raise self._refusal(answer, version_id)
        marked = result_of(answer.json())
        if not hmac.compare_digest(marked[:_MARK_BYTES], _mark(version_id)):
            raise self._tampered()
        return Plaintext(marked[_MARK_BYTES:])

    def _path(self, version_id: str, act: str) -> tuple[str, str, str]:
        return self._key, version_id[len(self._begin) :], act

    def _refusal(self, answer: Answer, version_id: str) -> KeyUseError:
        if _part(_part(answer.json(), "error"), "innererror").get("code") == "KeyDisabled":
            return KeyUseError(f"{version_id} is disabled", hint="it can be enabled again")
        return refusal(answer.status, self._vault)

    def _tampered(self) -> TamperedError:
        return TamperedError(f"what {self.name} shall decrypt was changed, or not encrypted with it")


def _mark(version_id: str) -> bytes:
    return hashlib.sha256(bound_to(version_id)).digest()[:_MARK_BYTES]


def _part(answer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = answer.get(name)
    return part if isinstance(part, dict) else {}

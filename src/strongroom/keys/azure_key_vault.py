"""Azure Key Vault: RSA keys that encrypt with RSA-OAEP-256 (https://learn.microsoft.com/rest/api/keyvault/keys/encrypt).

Credentials: `azure_credentials`. Where a rule names no version of a key, the newest is taken, and the file says which.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from strongroom.errors import DocumentError, KeyUnreachableError, KeyUseError, UsageError
from strongroom.keys.entries import listed, optional_text, text_of, to_url_safe
from strongroom.keys.key import Context, KeyKind, MasterKey, Wrapped
from strongroom.model.plaintext import Plaintext

if TYPE_CHECKING:
    from strongroom.keys.rest import Request

_TITLE = "Azure Key Vault"
_URL = re.compile(r"(https://[^/\s]+)/keys/([0-9A-Za-z-]{1,127})(?:/([0-9A-Za-z]{0,127}))?")
_NAME = re.compile(r"[0-9A-Za-z-]{1,127}")  # "Object identifiers" of Key Vault
_SHAPE = "https://VAULT.vault.azure.net/keys/NAME/VERSION"
_API_VERSION = "7.4"
_ALGORITHM = "RSA-OAEP-256"

SERVICES = (
    "vault.azure.net",
    "managedhsm.azure.net",
    "vault.azure.cn",
    "managedhsm.azure.cn",
    "vault.usgovcloudapi.net",
    "managedhsm.usgovcloudapi.net",
)
"""Domains of Key Vault; a token is sent to a host of one of them alone, since the address comes from a file."""


def parse(text: str) -> tuple[MasterKey, ...]:
    """Return the keys of URLs that commas separate, each ``https://VAULT/keys/NAME`` and perhaps a version.

    Raises:
        UsageError: one of them is no such URL.
    """
    return tuple(_from_url(part) for part in listed(text))


def _from_url(url: str) -> MasterKey:
    found = _URL.fullmatch(url)
    if found is None:
        raise UsageError("a key of Azure Key Vault is not given by its URL", hint=f"such as {_SHAPE}")
    return _master_key(found[1], found[2], found[3] or "")


def from_rule(entry: Any) -> tuple[MasterKey, ...]:
    """Return the key of an entry of ``key_groups``: ``vaultUrl``, ``key`` and perhaps ``version``.

    Raises:
        UsageError: it is of another shape.
    """
    if not isinstance(entry, Mapping):
        raise UsageError("an entry under azure_keyvault of key_groups is no mapping", hint="vaultUrl, key and version")
    try:
        url, name = text_of(entry, "vaultUrl", _TITLE), text_of(entry, "key", _TITLE)
        return (_master_key(url, name, optional_text(entry, "version", _TITLE)),)
    except DocumentError as error:
        raise UsageError(error.message.replace("the sops metadata", "key_groups"), hint=error.hint) from None


def _master_key(url: str, name: str, version: str) -> MasterKey:
    if not _NAME.fullmatch(name) or not _NAME.fullmatch(version or "0"):
        # Either becomes a part of a path, and may come from a file that somebody else wrote.
        raise DocumentError(f"the name or the version of a key of {_TITLE} in the sops metadata is none")
    parts = (("vault_url", url), ("name", name), ("version", version))
    return MasterKey("azure_kv", f"{url.rstrip('/')}/keys/{name}/{version}", parts)


def from_entry(entry: Mapping[str, Any]) -> Wrapped:
    """Return a wrapped key of the metadata.

    Raises:
        DocumentError: a part is missing.
    """
    url, name = text_of(entry, "vault_url", _TITLE), text_of(entry, "name", _TITLE)
    key = _master_key(url, name, optional_text(entry, "version", _TITLE))
    return Wrapped(key, text_of(entry, "enc", _TITLE), text_of(entry, "created_at", _TITLE))


def to_entry(wrapped: Wrapped) -> dict[str, Any]:
    """Return the entry of the metadata."""
    return {**dict(wrapped.key.options), "created_at": wrapped.created_at, "enc": wrapped.enc}


def wrap(data_key: Plaintext, key: MasterKey, context: Context) -> Wrapped:
    """Have Key Vault encrypt a data key, with the newest version of a key that names none.

    Raises:
        KeyUseError: it cannot be reached, or refuses.
    """
    parts = dict(key.options)
    if not parts["version"]:
        key = _master_key(parts["vault_url"], parts["name"], _newest(key, context))
    answer = _call("encrypt", data_key.reveal(), key, context)
    return Wrapped(key, to_url_safe(answer), context.now())


def unwrap(wrapped: Wrapped, context: Context) -> Plaintext:
    """Have Key Vault decrypt a data key.

    Raises:
        KeyUseError: it cannot be reached, refuses, or the wrapped key is not its own.
    """
    enc = from_url_safe(wrapped.enc)
    if enc is None:
        raise KeyUseError("its wrapped key is damaged: no base64")
    return Plaintext(_call("decrypt", enc, wrapped.key, context))


def _call(act: str, value: bytes, key: MasterKey, context: Context) -> bytes:
    parts = dict(key.options)
    path = (parts["name"], *((parts["version"],) if parts["version"] else ()), act)
    return result_of(_ask(path, encoded(value), key, context))


def encoded(value: bytes) -> dict[str, str]:
    """Return the parameters of an encryption or a decryption."""
    return {"alg": _ALGORITHM, "value": to_url_safe(value)}


def result_of(answer: Mapping[str, Any]) -> bytes:
    """Return the bytes in an answer.

    Raises:
        KeyUseError: there are none.
    """
    result = from_url_safe(answer.get("value"))
    if not result:
        raise KeyUseError("Azure Key Vault gave no value")
    return result


def _newest(key: MasterKey, context: Context) -> str:
    return newest_in(_ask((dict(key.options)["name"],), None, key, context))


def newest_in(answer: Mapping[str, Any]) -> str:
    """Return the version that an answer about a key names: the newest, where none was asked for.

    Raises:
        KeyUseError: it names none.
    """
    found = answer.get("key")
    kid = found.get("kid") if isinstance(found, dict) else None
    match = _URL.fullmatch(kid) if isinstance(kid, str) else None
    if match is None or not match[3]:
        raise KeyUseError("Azure Key Vault does not say which version of the key is the newest")
    return str(match[3])


def _ask(path: Iterable[str], given: Mapping[str, str] | None, key: MasterKey, context: Context) -> dict[str, Any]:
    from strongroom.keys.rest import ask

    vault = dict(key.options)["vault_url"].rstrip("/")
    answer = ask(request_to(vault, path, given, context), context.environment)
    if answer.status != 200:
        raise refusal(answer.status, vault)
    return answer.json()


def request_to(vault: str, path: Iterable[str], given: Mapping[str, str] | None, context: Context) -> Request:
    """Return a request to a vault, with an access token.

    Args:
        vault: its URL.
        path: after ``/keys/``, in parts.
        given: the parameters; without, it is a question.
        context: where credentials are; the token is kept there.

    Raises:
        KeyUseError: it is no vault to which a token may be sent, or there are no credentials.
    """
    from strongroom.keys import azure_credentials
    from strongroom.keys.rest import Request

    service = _service(vault, context.environment)
    headers = {"Authorization": f"Bearer {azure_credentials.token(service, context)}"}
    if given is not None:
        headers["Content-Type"] = "application/json"
    url = f"{vault}/keys/{'/'.join(quote(part, safe='') for part in path)}?api-version={_API_VERSION}"
    body = None if given is None else json.dumps(given).encode()
    return Request(f"Azure Key Vault {vault}", "GET" if given is None else "POST", url, headers, body)


def _service(vault: str, environment: Mapping[str, str]) -> str:
    """Return the service that a vault belongs to, for which the token is.

    Raises:
        KeyUseError: the address is none of Key Vault's.
    """
    try:
        parts = urlsplit(vault)
        host = (parts.hostname or "").lower() if (parts.port or 443) > 0 else ""
    except ValueError:
        host = ""
    if host and parts.scheme == "https" and parts.path in ("", "/") and not set(vault) & set("?#@"):
        for service in SERVICES:
            if host.endswith("." + service):
                return service
        if host in listed(environment.get("STRONGROOM_AZURE_KEY_VAULT_HOSTS", "").lower()):
            return SERVICES[0]
    raise KeyUseError(
        "the file names a vault that is none of Azure Key Vault's, and no token is sent there",
        hint="if it is yours, add its host to STRONGROOM_AZURE_KEY_VAULT_HOSTS",
    )


_REFUSALS = {
    400: ("the wrapped key was changed, or belongs to another key", ""),
    401: ("the credentials are not valid for it", "log in: az login"),
    403: (
        "these credentials may not use the key",
        "they need keys/encrypt and keys/decrypt, as in Key Vault Crypto User",
    ),
    404: ("there is no such key, or not this version of it", ""),
    429: ("too many requests", ""),
}


def refusal(status: int, vault: str) -> KeyUseError:
    """Return an error for an answer that is none."""
    from strongroom.keys.rest import passing

    reason, hint = _REFUSALS.get(status, (f"status {status}", ""))
    kind = KeyUnreachableError if passing(status) else KeyUseError
    return kind(f"Azure Key Vault {vault} refuses: {reason}", hint=hint)


def from_url_safe(text: Any) -> bytes | None:
    """Return what base64 for URLs stands for (RFC 4648 section 5), with or without padding; None where it is none."""
    if not isinstance(text, str):
        return None
    bare = text.strip().rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None


KIND = KeyKind(
    id="azure_kv",
    title=_TITLE,
    rule_field="azure_keyvault",
    group_field="azure_keyvault",
    parse=parse,
    from_rule=from_rule,
    from_entry=from_entry,
    to_entry=to_entry,
    wrap=wrap,
    unwrap=unwrap,
)

"""The transit engine of HashiCorp Vault and OpenBao (https://openbao.org/api-docs/secret/transit/).

The environment is that of the ``vault`` command: ``VAULT_TOKEN`` or ``~/.vault-token``, ``VAULT_NAMESPACE``,
``VAULT_CACERT``, ``VAULT_CAPATH``, ``VAULT_CLIENT_CERT``, ``VAULT_CLIENT_KEY``, ``VAULT_AGENT_ADDR``; each also by its
name of OpenBao (``BAO_…``), which counts first.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from strongroom.errors import DocumentError, KeyUseError, UsageError
from strongroom.keys.entries import from_base64, listed, rule_text, text_of
from strongroom.keys.key import Context, KeyKind, MasterKey, Wrapped
from strongroom.model.plaintext import Plaintext

if TYPE_CHECKING:
    import ssl

    from strongroom.keys.rest import Answer, Request

_TITLE = "Vault transit"
_PATH = re.compile(r"/v\d+/((?:[^/]+/)*[^/]+)/[^/]+/([^/]+)/?")
_SHAPE = "https://HOST:8200/v1/transit/keys/NAME"


def parse(text: str) -> tuple[MasterKey, ...]:
    """Return the keys of URLs that commas separate, each ``https://HOST/v1/ENGINE/keys/NAME``.

    Raises:
        UsageError: one of them is no such URL.
    """
    return tuple(_from_url(part) for part in listed(text))


def from_rule(entry: Any) -> tuple[MasterKey, ...]:
    """Return the key of an entry of ``key_groups``.

    Raises:
        UsageError: it is no such URL.
    """
    return (_from_url(rule_text(entry, "hc_vault").strip()),)


def _from_url(url: str) -> MasterKey:
    try:
        parts = urlsplit(url)
        found = _PATH.fullmatch(parts.path)
        usable = found is not None and parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable or found is None:
        raise UsageError("a Vault key is not given by its URL", hint=f"such as {_SHAPE}")
    if parts.username is not None or parts.query or parts.fragment:
        raise UsageError("the URL of a Vault key holds more than a host and a path", hint=f"such as {_SHAPE}")
    return _master_key(f"{parts.scheme}://{parts.netloc}", found[1], found[2])


def _master_key(address: str, engine: str, name: str) -> MasterKey:
    parts = (("vault_address", address), ("engine_path", engine), ("key_name", name))
    return MasterKey("hc_vault", f"{address}/v1/{engine}/keys/{name}", parts)


def from_entry(entry: Mapping[str, Any]) -> Wrapped:
    """Return a wrapped key of the metadata.

    Raises:
        DocumentError: a part is missing, or the address is no URL.
    """
    address, engine, name = (text_of(entry, part, _TITLE) for part in ("vault_address", "engine_path", "key_name"))
    if not _is_server(address):
        raise DocumentError("vault_address of a key in the sops metadata is no URL of a server alone")
    for part in (*engine.strip("/").split("/"), name):
        if part in ("", ".", "..") or "/" in part or not part.isprintable():
            raise DocumentError("engine_path or key_name of a key in the sops metadata is none")
    key = _master_key(address, engine, name)
    return Wrapped(key, text_of(entry, "enc", _TITLE), text_of(entry, "created_at", _TITLE))


def _is_server(address: str) -> bool:
    """Tell whether an address names a server and no more; a path could have the token do something else there."""
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.path in ("", "/")
    except ValueError:
        return False
    return usable and address.isprintable() and not set(address) & set("?#@\\ ")


def to_entry(wrapped: Wrapped) -> dict[str, Any]:
    """Return the entry of the metadata."""
    return {**dict(wrapped.key.options), "created_at": wrapped.created_at, "enc": wrapped.enc}


def wrap(data_key: Plaintext, key: MasterKey, context: Context) -> Wrapped:
    """Have the transit engine encrypt a data key.

    Raises:
        KeyUseError: it cannot be reached, or refuses.
    """
    given = {"plaintext": base64.b64encode(data_key.reveal()).decode("ascii")}
    enc = _call("encrypt", given, key, context).get("ciphertext")
    if not isinstance(enc, str) or not enc:
        raise KeyUseError(f"Vault at {_address(key)} gave no ciphertext")
    return Wrapped(key, enc, context.now())


def unwrap(wrapped: Wrapped, context: Context) -> Plaintext:
    """Have the transit engine decrypt a data key.

    Raises:
        KeyUseError: it cannot be reached, refuses, or the wrapped key is not its own.
    """
    text = _call("decrypt", {"ciphertext": wrapped.enc}, wrapped.key, context).get("plaintext")
    data_key = from_base64(text)
    if data_key is None:
        raise KeyUseError(f"Vault at {_address(wrapped.key)} gave no plaintext")
    return data_key


def _address(key: MasterKey) -> str:
    return dict(key.options)["vault_address"].rstrip("/")


def _call(act: str, given: Mapping[str, str], key: MasterKey, context: Context) -> dict[str, Any]:
    from strongroom.keys.rest import ask

    parts = dict(key.options)
    environment = context.environment
    address = trusted(_address(key), environment)
    request = request_to(address, (*parts["engine_path"].strip("/").split("/"), act, parts["key_name"]), given)
    answer = ask(
        request._replace(
            headers={
                **request.headers,
                **token_header(token_of(environment, request.what)),
                **namespace_header(setting(environment, "NAMESPACE")),
            },
            tls=tls_of(environment) if address.startswith("https://") else None,
        ),
        environment,
    )
    if answer.status != 200:
        raise _refusal(answer, request.what, key)
    data = answer.json().get("data")
    return data if isinstance(data, dict) else {}


def request_to(address: str, path: Iterable[str], given: Mapping[str, Any] | None) -> Request:
    """Return a request to the API of a server, which still lacks a token, a namespace and TLS settings.

    Args:
        address: of the server.
        path: after ``/v1/``, in parts.
        given: the parameters; without, it is a question.
    """
    from strongroom.keys.rest import Request

    headers = {"X-Vault-Request": "true", "Content-Type": "application/json"}
    url = f"{address}/v1/" + "/".join(quote(part, safe="") for part in path)
    body = None if given is None else json.dumps(given).encode()
    return Request(f"Vault at {address}", "GET" if given is None else "PUT", url, headers, body)


def token_header(token: str) -> dict[str, str]:
    """Return the header that carries a token; none without, where an agent adds its own."""
    return {"X-Vault-Token": token} if token else {}


def namespace_header(namespace: str) -> dict[str, str]:
    """Return the header that names a namespace; none without."""
    return {"X-Vault-Namespace": namespace} if namespace else {}


def trusted(address: str, environment: Mapping[str, str]) -> str:
    """Return where requests for a Vault go.

    A token is sent there, and the address comes from a file that somebody else may have written: where the environment
    says which Vaults are ours, no other gets the token. ``SOPS_HC_VAULT_ALLOWLIST`` is that of SOPS 3.13: addresses
    that commas separate, ``all`` or ``none``; without it, ``VAULT_ADDR`` counts.

    Raises:
        KeyUseError: it is not ours.
    """
    if agent := setting(environment, "AGENT_ADDR"):
        return agent.rstrip("/")
    allowed = environment.get("SOPS_HC_VAULT_ALLOWLIST") or setting(environment, "ADDR") or "all"
    if allowed != "all" and _origin(address) not in {_origin(one) for one in listed(allowed)}:
        raise KeyUseError(
            f"the file names the Vault {address}, and the environment names another",
            hint="if the token may be sent there, name it in SOPS_HC_VAULT_ALLOWLIST (URL,URL) or in VAULT_ADDR",
        )
    return address


def _origin(url: str) -> tuple[str, str, int]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "", "", 0
    return parts.scheme, parts.hostname or "", port or (443 if parts.scheme == "https" else 80)


def setting(environment: Mapping[str, str], name: str) -> str:
    """Return a setting of the ``bao`` or ``vault`` command by its name without prefix; empty where it is not set."""
    return environment.get(f"BAO_{name}") or environment.get(f"VAULT_{name}") or ""


def token_of(environment: Mapping[str, str], what: str) -> str:
    """Return the token for a server.

    Raises:
        KeyUseError: there is none.
    """
    token = setting(environment, "TOKEN") or _token_file(environment).strip()
    if not token and not setting(environment, "AGENT_ADDR"):  # an agent adds its own
        raise KeyUseError(f"there is no token for {what}", hint="set VAULT_TOKEN, or log in: vault login")
    if not (token.isascii() and token.isprintable()):
        raise KeyUseError(f"the token for {what} holds characters that no token has")
    return token


def _token_file(environment: Mapping[str, str]) -> str:
    from pathlib import Path

    home = environment.get("HOME")
    path = Path(home or "", ".vault-token")
    try:
        return path.read_text("utf-8") if home and path.exists() else ""
    except (OSError, UnicodeDecodeError):
        raise KeyUseError(f"{path} could not be read") from None


def tls_of(environment: Mapping[str, str]) -> ssl.SSLContext:
    """Return how a server proves itself, and we to it.

    Raises:
        KeyUseError: the files that the environment names cannot be used.
    """
    import ssl

    from strongroom.keys.rest import context_of

    tls = context_of(environment, setting(environment, "CACERT"), setting(environment, "CAPATH"))
    if setting(environment, "SKIP_VERIFY").lower() in ("1", "t", "true"):
        raise KeyUseError("VAULT_SKIP_VERIFY is not supported", hint="VAULT_CACERT names the authority of the server")
    certificate, key = setting(environment, "CLIENT_CERT"), setting(environment, "CLIENT_KEY")
    if certificate and key:
        try:
            tls.load_cert_chain(certificate, key, password=lambda: b"")
        except (OSError, ssl.SSLError):
            raise KeyUseError(f"{certificate} and {key} could not be read as a certificate and its key") from None
    return tls


def _refusal(answer: Answer, what: str, key: MasterKey) -> KeyUseError:
    """Return an error for an answer that is none; its text is the server's and is not repeated."""
    if answer.status == 403:
        return KeyUseError(
            f"{what} does not let this token use the key {dict(key.options)['key_name']}",
            hint="it needs update on ENGINE/encrypt/NAME and ENGINE/decrypt/NAME, and must not have expired",
        )
    if answer.status == 404:
        return KeyUseError(f"{what} has no transit engine at {dict(key.options)['engine_path']}")
    if answer.status == 400:
        return KeyUseError(f"{what} could not use the key {dict(key.options)['key_name']} for it")
    if 300 <= answer.status < 400:
        return KeyUseError(f"{what} answers with a redirect, which is not followed with a token")
    return KeyUseError(f"{what} answered with status {answer.status}")


KIND = KeyKind(
    id="hc_vault",
    title=_TITLE,
    rule_field="hc_vault_transit_uri",
    group_field="hc_vault",
    parse=parse,
    from_rule=from_rule,
    from_entry=from_entry,
    to_entry=to_entry,
    wrap=wrap,
    unwrap=unwrap,
)

"""The key-value engine of HashiCorp Vault and OpenBao (https://openbao.org/api-docs/secret/kv/).

The values of the file become the fields of one secret, nested as they are. The address is that of the rule, else that
of the environment; a token goes to the server that the environment names alone (`keys.hashicorp_vault.trusted`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import quote

from strongroom.errors import KeyUseError, UsageError
from strongroom.files.sops.destinations import Store
from strongroom.keys.hashicorp_vault import setting, tls_of, token_of, trusted
from strongroom.keys.key import Context
from strongroom.keys.rest import Answer, Request, ask
from strongroom.model.plaintext import Plaintext

_DEFAULT = "https://127.0.0.1:8200"
"""Where the ``vault`` command looks without an address."""


def address(options: Mapping[str, str], name: str, environment: Mapping[str, str]) -> str:
    """Return the URL of the secret."""
    return f"{_server(options, environment)}/v1/{_path(options, name)}"


def put(options: Mapping[str, str], name: str, data: Plaintext, context: Context) -> bool:
    """Store the fields of a JSON object as a secret, unless the newest version holds the same.

    Raises:
        KeyUseError: the server cannot be reached, or refuses.
        UsageError: the file has no fields.
    """
    fields = json.loads(data.reveal())
    if not isinstance(fields, dict):
        raise UsageError("only a file with fields can be stored as a secret of Vault")
    versioned = _versioned(options)
    there = _ask("GET", options, name, None, context)
    if there.status == 200:
        found = there.json().get("data")
        if versioned and isinstance(found, dict):
            found = found.get("data")
        if found == fields:
            return False
    elif there.status != 404:
        raise _refusal(there, address(options, name, context.environment), "read")
    body = {"data": fields} if versioned else fields
    answer = _ask("PUT", options, name, Plaintext(json.dumps(body)), context)
    if answer.status not in (200, 204):
        raise _refusal(answer, address(options, name, context.environment), "create, update")
    return True


def _versioned(options: Mapping[str, str]) -> bool:
    return options.get("kv_version") != "1"


def _path(options: Mapping[str, str], name: str) -> str:
    mount = (options.get("kv_mount_name") or "secret").strip("/")
    below = "/".join(part for part in (options.get("path", "").strip("/"), name) if part)
    return quote(f"{mount}/{'data/' if _versioned(options) else ''}{below}")


def _server(options: Mapping[str, str], environment: Mapping[str, str]) -> str:
    return (options.get("address") or setting(environment, "ADDR") or _DEFAULT).rstrip("/")


def _ask(method: str, options: Mapping[str, str], name: str, body: Plaintext | None, context: Context) -> Answer:
    environment = context.environment
    server = trusted(_server(options, environment), environment)
    what = f"Vault at {server}"
    headers = {"X-Vault-Token": token_of(environment, what), "X-Vault-Request": "true"}
    if namespace := setting(environment, "NAMESPACE"):
        headers["X-Vault-Namespace"] = namespace
    if body is not None:
        headers["Content-Type"] = "application/json"
    tls = tls_of(environment) if server.startswith("https://") else None
    url = f"{server}/v1/{_path(options, name)}"
    return ask(Request(what, method, url, headers, body.reveal() if body is not None else None, tls=tls), environment)


def _refusal(answer: Answer, where: str, needed: str) -> KeyUseError:
    """Return an error; the text of the answer is the server's, and may repeat what was sent."""
    if answer.status == 403:
        return KeyUseError(f"{where} is not open to this token", hint=f"it needs {needed} there")
    hint = "is the engine mounted there, and of that version?" if answer.status in (400, 404, 405) else ""
    return KeyUseError(f"{where} could not be written: status {answer.status}", hint=hint)


STORE = Store(encrypted=False, address=address, put=put)

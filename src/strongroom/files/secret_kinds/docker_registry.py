"""``kubernetes.io/dockerconfigjson``: credentials of image registries.

https://kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets
The text is that of ``kubectl create secret docker-registry``, byte for byte: Go's JSON, which escapes ``<``, ``>`` and
``&``.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import Any

from strongroom.errors import UsageError
from strongroom.files.secret_kinds.kind import Data, Made, Part, SecretKind, Written
from strongroom.model.plaintext import Plaintext

_KEY = ".dockerconfigjson"
_HUB = "https://index.docker.io/v1/"
# encoding/json escapes these for the sake of HTML, and two that end a line in JavaScript.
_ESCAPED = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def make(parts: Data, name: str) -> Made:  # noqa: ARG001 - one signature for all
    """Return ``.dockerconfigjson`` for one registry; nothing where no user is given."""
    if "docker-username" not in parts:
        return Made({})
    user, password = _text(parts, "docker-username"), _text(parts, "docker-password")
    entry = {"username": user, "password": password, "email": _text(parts, "docker-email")}
    entry["auth"] = b64encode(f"{user}:{password}".encode()).decode()
    server = _text(parts, "docker-server") or _HUB
    return Made({_KEY: Plaintext(_go_json({"auths": {server: {key: text for key, text in entry.items() if text}}}))})


def check(secret: Written) -> tuple[str, ...]:
    """Ask for JSON with an object in it, as the API server does; and see that each entry says who asks."""
    value = secret.data.get(_KEY)
    if value is None:
        raise UsageError(
            f"a docker-registry Secret has the key {_KEY}",
            hint=f"--docker-username NAME, or --from-file={_KEY}=$HOME/.docker/config.json",
        )
    config = _object(value)
    auths = config.get("auths")
    if not isinstance(auths, dict) or not auths:
        return (f"{_KEY} names no registry under auths",)
    notes = [f"no user and password for {server}" for server, entry in auths.items() if not _says_who(entry)]
    notes += [f"{part} is not used in a cluster" for part in ("credsStore", "credHelpers") if config.get(part)]
    return tuple(notes)


def _text(parts: Data, name: str) -> str:
    value = parts.get(name)
    text = "" if value is None else value.reveal_text()
    if text is None:
        raise UsageError(f"--{name} is not UTF-8")
    return text


def _go_json(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return "".join(_ESCAPED.get(character, character) for character in text)


def _object(value: Plaintext) -> dict[str, Any]:
    try:
        config = json.loads(value.reveal())
    except (ValueError, RecursionError):
        config = None
    if not isinstance(config, dict):
        raise UsageError(f"{_KEY} is no JSON object")
    return config


def _says_who(entry: object) -> bool:
    if not isinstance(entry, dict):
        return False
    if entry.get("username") and entry.get("password"):
        return True
    try:
        return b":" in b64decode(str(entry.get("auth", "")), validate=True)
    except ValueError:
        return False


KIND = SecretKind(
    "docker-registry",
    "kubernetes.io/dockerconfigjson",
    "credentials of an image registry",
    (
        Part("docker-server", "text", "the registry; by default Docker Hub"),
        Part("docker-username", "text", "its user name"),
        Part("docker-password", "secret", "its password"),
        Part("docker-email", "text", "an address, where the registry wants one"),
    ),
    ("docker-username", "docker-password"),
    make,
    check,
)

"""Objects from encrypted files: manifests as they are, and Secrets made of whole files and of dotenv files."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from strongroom.errors import UsageError
from strongroom.files.krm_config import Config, SecretOf
from strongroom.files.krm_open import Open, objects, read_below
from strongroom.files.secret import inputs
from strongroom.model.plaintext import Plaintext

_QUOTED = re.compile(r"""\s*(?:'(?P<raw>[^']*)'|"(?P<text>(?:[^"\\]|\\.)*)")\s*(?:#.*)?""")
_COMMENT = re.compile(r"\s+#.*$")
_LINE = 70
_ESCAPES = {"n": "\n", "r": "\r"}


def generate(config: Config, root: Path, open_: Open) -> Iterator[dict[str, Any]]:
    """Yield what a functionConfig asks for, in its order.

    Args:
        config: what is asked for.
        root: the folder of the kustomization; no file is read outside of it.
        open_: decrypts a file.

    Raises:
        SourceError: a file cannot be read, or its document.
        TamperedError, KeyUseError: a file cannot be opened.
        UsageError: a key is none, or comes twice.
    """
    for name in config.files:
        yield from objects(open_(read_below(root, name), name, True).reveal(), name)
    for secret in config.secrets:
        yield _secret(secret, root, open_)


def _secret(secret: SecretOf, root: Path, open_: Open) -> dict[str, Any]:
    pairs = list(_whole(secret.files, root, open_))
    for name in secret.envs:
        found = inputs.env_values(open_(read_below(root, name), name, True), name, {})
        pairs += [(key, _unquoted(value)) for key, value in found] if secret.of_ksops else found
    binary = list(_whole(secret.binary, root, open_))
    values = inputs.gather([*pairs, *binary])
    if not values:
        raise UsageError(f"the Secret {secret.metadata.get('name', '')} has no files and no envs")
    body: dict[str, Any] = {"apiVersion": "v1", "kind": "Secret", "metadata": secret.metadata}
    if secret.type:
        body["type"] = secret.type
    if secret.immutable:
        body["immutable"] = True
    # The text of values enters the hash at the end of the name, which should not change when people change over.
    texts = {key: value.reveal_text() for key, value in pairs} if secret.of_ksops else {}
    readable = {key: text for key, text in sorted(texts.items()) if text is not None}
    data = {key: _encoded(values[key], secret) for key in sorted(values) if key not in readable}
    return body | ({"stringData": readable} if readable else {}) | ({"data": data} if data else {})


def _whole(names: tuple[str, ...], root: Path, open_: Open) -> Iterator[tuple[str, Plaintext]]:
    for text in names:
        key, path = inputs.source(text)
        yield key, open_(read_below(root, str(path)), str(path), True)


def _encoded(value: Plaintext, secret: SecretOf) -> str:
    """Return base64, in lines of 70 as kustomize's own generator has it (kyaml, ``encodeBase64``)."""
    text = b64encode(value.reveal()).decode()
    if secret.of_ksops or len(text) < _LINE:
        return text
    return "".join(f"{text[start : start + _LINE]}\n" for start in range(0, len(text), _LINE))


def _unquoted(value: Plaintext) -> Plaintext:
    """Take quotes and a comment off a value as KSOPS' reader does (github.com/joho/godotenv), but keep every ``$``.

    There, ``$NAME`` is replaced by another value or by nothing, which breaks passwords without a word.
    """
    text = value.reveal().decode()
    found = _QUOTED.fullmatch(text)
    if found is None:
        return Plaintext(_COMMENT.sub("", text).strip())
    if found["raw"] is not None:
        return Plaintext(found["raw"])
    return Plaintext(re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), found["text"]))

"""What may not be committed: Secrets in plain text, and SOPS files that were tampered with.

A Secret passes where each of its values is empty, a stand-in, a reference that a webhook resolves, ciphertext, public,
or a short setting; so it agrees with the check ``plain-secret-manifest``. A file of settings inside a Secret is not
looked into: it does not pass.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from strongroom.documents.chunks import as_utf8
from strongroom.documents.positions import locate
from strongroom.documents.yaml import BadDocument, read
from strongroom.errors import DocumentError
from strongroom.leaks.allow import allowances
from strongroom.leaks.files.seal import Flaw, flaws
from strongroom.leaks.files.sops import is_sops
from strongroom.leaks.secret_data import judge_secret_data
from strongroom.model.origin import show_path
from strongroom.model.place import Nature
from strongroom.model.resource import as_dict, as_list

SUFFIXES = (".yaml", ".yml", ".json", ".env", ".ini")
CHECK = "plain-secret-manifest"

_SECRET = re.compile(rb"\bkind[\"']?[ \t]*:\s*[\"']?Secret\b")
_SOPS = re.compile(rb"sops|ENC\[AES256_GCM", re.IGNORECASE)
_SOPS_LINE = re.compile(r"^(?P<key>[\w.-]+)\s*=\s*(?P<value>.*)$")
_SECTION = re.compile(r"^\[(?P<name>[^\]]+)\]\s*$")
_TEMPLATE = b"{{"
_NAMED_ENCRYPTED = re.compile(r"(?:.*/)?[^/]+\.(?:enc|sops|encrypted)\.(?:ya?ml|json|env|ini)")
_PLAIN = "is in plain text: encrypt the Secret, or name where its value is kept"
_LOST = "was encrypted with sops in the last commit, and is not any more"
_NAME_LIES = "is named as an encrypted file, and is not one"


class Refusal(msgspec.Struct, frozen=True, order=True):
    """Why a file may not be committed: where, and what; never a value."""

    path: str
    line: int
    message: str

    def show(self) -> str:
        """Write it as ``path:line: message``."""
        return f"{self.path}:{self.line}: {self.message}"


def refusals(path: str, data: bytes, before: bytes | None = None) -> Iterator[Refusal]:
    """Yield why a file may not be committed.

    Args:
        path: its path.
        data: its contents.
        before: its contents in the last commit; None where it is new.
    """
    data, before = _utf8(data), _utf8(before) if before is not None else None
    was = before is not None and _SOPS.search(before) is not None
    named = _NAMED_ENCRYPTED.fullmatch(path) is not None
    if not (was or named or _SECRET.search(data) or _SOPS.search(data)):
        return
    if path.endswith((".env", ".ini")):
        yield from _of_lines(path, data, before)
        return
    older = _bodies(before) if before is not None else {}
    for document in read(data):
        if isinstance(document, BadDocument):
            if _TEMPLATE not in data:
                yield Refusal(path, document.line, "cannot be read, and may hold a Secret")
            continue
        found = list(_of_document(document.body, older.get(document.index)))
        if named and not is_sops(document.body):
            found.append(Flaw((), _NAME_LIES))
        yield from _placed(path, data, document.index, found)


def _utf8(data: bytes) -> bytes:
    """Return the text of a file that may be UTF-16; any other bytes as they are."""
    try:
        return as_utf8(data)
    except UnicodeDecodeError:
        return data


def _of_document(body: Any, before: Any) -> Iterator[Flaw]:
    if is_sops(body):
        yield from flaws(body, before)
        return
    if is_sops(before):
        yield Flaw((), _LOST)
    elif as_dict(body).get("kind") == "Secret":
        yield from _of_secret(as_dict(body))
    elif isinstance(as_dict(body).get("items"), list):
        for index, item in enumerate(as_list(body["items"])):
            if as_dict(item).get("kind") == "Secret":
                yield from (Flaw(("items", index, *flaw.field), flaw.message) for flaw in _of_secret(item))


def _of_secret(body: dict[str, Any]) -> Iterator[Flaw]:
    for part in ("data", "stringData"):
        for key, value in as_dict(body.get(part)).items():
            text, is_binary = _decoded(value) if part == "data" else (_text(value), False)
            if text.strip() and _is_refused(key, text, is_binary=is_binary):
                yield Flaw((part, key), _PLAIN)
                return  # one is enough: the Secret as a whole is what has to change


def _is_refused(key: str, text: str, *, is_binary: bool) -> bool:
    nature = judge_secret_data(key, text, is_binary=is_binary).nature
    return nature is Nature.SECRET or (nature is Nature.PLAIN and "\n" in text.strip())


def _decoded(value: Any) -> tuple[str, bool]:
    text = _text(value)
    try:
        raw = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return text, False  # no base64: a template, a reference, or a mistake that the API server will tell of
    try:
        return raw.decode("utf-8"), False
    except UnicodeDecodeError:
        return "x" * len(raw), True


def _text(value: Any) -> str:
    if hasattr(value, "reveal_text"):
        return value.reveal_text() or ""
    return value if isinstance(value, str) else "" if value is None else str(value)


def _of_lines(path: str, data: bytes, before: bytes | None) -> Iterator[Refusal]:
    """Check dotenv and INI, in which SOPS keeps its metadata as flat names."""
    body, lines = _flat(data)
    older = _flat(before)[0] if before is not None else None
    if not is_sops(body):
        if is_sops(older):
            yield Refusal(path, 1, _LOST)
        elif _NAMED_ENCRYPTED.fullmatch(path):
            yield Refusal(path, 1, _NAME_LIES)
        return
    for flaw in flaws(body, older):
        name = flaw.field[-1] if flaw.field else ""
        yield Refusal(path, lines.get(str(name), 1), f"{show_path(flaw.field)} {flaw.message}")


def _flat(data: bytes) -> tuple[dict[str, Any], dict[str, int]]:
    """Return a dotenv or INI file as the document that SOPS makes of it, and the line of each name."""
    body: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    lines: dict[str, int] = {}
    section = ""
    for number, raw in enumerate(data.decode("utf-8", "replace").splitlines(), start=1):
        line = raw.strip()
        if (header := _SECTION.match(line)) is not None:
            section = header["name"]
        elif (match := _SOPS_LINE.match(line)) is not None:
            key, value = match["key"], match["value"]
            if section == "sops" or (not section and key.startswith("sops_")):
                metadata[key.removeprefix("sops_")] = value
            elif section:
                body.setdefault(section, {})[key] = value
            else:
                body[key] = value
            lines.setdefault(key, number)
    if metadata:
        body["sops"] = _nested(metadata)
    return body, lines


def _nested(flat: dict[str, Any]) -> dict[str, Any]:
    """Open the names that SOPS flattens: ``age__list_0__map_enc`` is ``age[0].enc``."""
    nested: dict[str, Any] = {}
    for key, value in flat.items():
        match = re.fullmatch(r"(\w+?)__list_(\d{1,4})__map_(\w+)", key)
        if match is None:
            nested[key] = value == "true" if key == "mac_only_encrypted" else value
            continue
        members = nested.setdefault(match[1], [])
        while len(members) <= int(match[2]):
            members.append({})
        members[int(match[2])][match[3]] = value
    return nested


def _bodies(data: bytes) -> dict[int, Any]:
    return {document.index: document.body for document in read(data) if not isinstance(document, BadDocument)}


def _placed(path: str, data: bytes, index: int, found: list[Flaw]) -> Iterator[Refusal]:
    """Look up the lines of what is wrong; a comment with a reason accepts a plain Secret, but nothing about SOPS."""
    if not found:
        return
    try:
        positions = locate(data, index)
    except DocumentError:
        positions = None
    comments = allowances(data)
    for flaw in found:
        line = positions.nearest(flaw.field).line if positions is not None else 1
        if flaw.message is _PLAIN and comments.of(CHECK, line) is not None:
            continue
        yield Refusal(path, line, f"{show_path(flaw.field)} {flaw.message}".strip())

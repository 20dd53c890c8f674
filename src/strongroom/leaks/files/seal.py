"""Whether a SOPS document is whole, as far as that shows without its key.

The message authentication code (MAC) can be checked only with the data key. Without it these can
(https://github.com/getsops/sops ``aes/cipher.go``, ``sops.go``):

- each ciphertext has the form, the sizes and the type that SOPS writes;
- the MAC is there, and as long as the encrypted digest of SHA-512 in hexadecimal digits is;
- there is a key group whose members can open the data key;
- nothing that the document's own rules encrypt is in plain text;
- no ciphertext was copied to another key: the path is authenticated with it;
- against an earlier version: SOPS encrypts the MAC anew whenever it writes, so that values which differ under the
  same MAC were changed by another hand.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections import deque
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from strongroom.leaks.files.sops import fact_of_sops, is_sops
from strongroom.model.origin import FieldPath, Origin

_FORM = re.compile(r"ENC\[AES256_GCM,data:([^,\]]*),iv:([^,\]]*),tag:([^,\]]*),type:([^,\]]*)\]")
_LOOKS_ENCRYPTED = re.compile(r"ENC\[AES256_GCM", re.IGNORECASE)
_TYPES = frozenset({"str", "int", "int64", "float", "bool", "bytes", "comment", "time"})
_IV_BYTES = 32
_TAG_BYTES = 16
_MAC_BYTES = 128  # SHA-512 in hexadecimal digits
_METADATA = "sops"
_KEY_KINDS = ("age", "pgp", "kms", "gcp_kms", "azure_kv", "hc_vault", "hckms")
_MAX_DEPTH = 64


class Flaw(NamedTuple):
    """One thing that is wrong: where, and what, without any value."""

    field: FieldPath
    message: str


def flaws(body: Any, before: Any = None) -> Iterator[Flaw]:
    """Yield what is wrong with a SOPS document; nothing for any other document.

    Args:
        body: the document.
        before: the same document as it was committed; None where there is none.
    """
    if not is_sops(body):
        return
    metadata = body[_METADATA]
    yield from _of_metadata(metadata)
    yield from _of_values(body)
    fact = fact_of_sops(body, Origin("", ""))
    for left in fact.plaintext_fields if fact is not None else ():
        yield Flaw(left.field, "is not encrypted although the file's own rules ask for it")
    if is_sops(before) and before[_METADATA].get("mac") == metadata.get("mac"):
        yield from _changed(body, before)


def _of_metadata(metadata: dict[str, Any]) -> Iterator[Flaw]:
    mac = metadata.get("mac")
    if not isinstance(mac, str) or not mac:
        yield Flaw((_METADATA, "mac"), "is missing: nothing tells whether the file was changed")
    else:
        wrong = _wrong_form(mac)
        parsed = _parsed(mac)
        if wrong:
            yield Flaw((_METADATA, "mac"), wrong)
        elif parsed is not None and (len(parsed.data) != _MAC_BYTES or parsed.type != "str"):
            yield Flaw((_METADATA, "mac"), "is no encrypted SHA-512")
    if not isinstance(metadata.get("version"), str):
        yield Flaw((_METADATA, "version"), "is missing")
    if not _is_time(metadata.get("lastmodified")):
        yield Flaw((_METADATA, "lastmodified"), "is no time, and the mac is bound to it")
    if not any(True for _ in _members(metadata)):
        yield Flaw((_METADATA,), "names no key that could open the file")
    for field, member in _members(metadata):
        if not isinstance(member.get("enc"), str) or not member["enc"].strip():
            yield Flaw((_METADATA, *field), "has no encrypted data key")


def _members(metadata: dict[str, Any]) -> Iterator[tuple[FieldPath, dict[str, Any]]]:
    groups: list[tuple[FieldPath, Any]] = [((), metadata)]
    listed = metadata.get("key_groups")
    if isinstance(listed, list):
        groups += [(("key_groups", number), group) for number, group in enumerate(listed)]
    for field, group in groups:
        for kind in _KEY_KINDS:
            members = group.get(kind) if isinstance(group, dict) else None
            for number, member in enumerate(members if isinstance(members, list) else []):
                if isinstance(member, dict):
                    yield (*field, kind, number), member


def _of_values(body: dict[str, Any]) -> Iterator[Flaw]:
    seen: dict[tuple[str, str, str], FieldPath] = {}
    for field, value in _leaves(body):
        if not isinstance(value, str) or not _LOOKS_ENCRYPTED.match(value):
            continue
        if wrong := _wrong_form(value):
            yield Flaw(field, wrong)
            continue
        match = _FORM.fullmatch(value)
        if match is None:
            continue
        first = seen.setdefault((match[1], match[2], match[3]), field)
        if _names(first) != _names(field):
            yield Flaw(field, "holds the ciphertext of another key, and will not decrypt")


def _wrong_form(value: str) -> str:
    """Return what is wrong with a ciphertext; empty where nothing is."""
    match = _FORM.fullmatch(value)
    if match is None:
        return "is no whole ciphertext"
    parsed = _parsed(value)
    if parsed is None:
        return "holds something that is no base64"
    if parsed.type not in _TYPES:
        return "has a type that SOPS does not write"
    if len(parsed.iv) != _IV_BYTES or len(parsed.tag) != _TAG_BYTES:
        return "has an initialisation vector or a tag that was cut"
    return "" if parsed.data else "has no data"


class _Parsed(NamedTuple):
    data: bytes
    iv: bytes
    tag: bytes
    type: str


def _parsed(value: str) -> _Parsed | None:
    match = _FORM.fullmatch(value)
    if match is None:
        return None
    try:
        data, iv, tag = (base64.b64decode(part, validate=True) for part in match.groups()[:3])
    except (binascii.Error, ValueError):
        return None
    return _Parsed(data, iv, tag, match[4])


def _changed(body: dict[str, Any], before: dict[str, Any]) -> Iterator[Flaw]:
    """Yield what differs though the MAC is the same; where only ciphertext is under the MAC, only that counts."""
    only_encrypted = body[_METADATA].get("mac_only_encrypted") is True
    now, then = (dict(_leaves(one)) for one in (body, before))
    if only_encrypted:
        now, then = ({f: v for f, v in one.items() if _is_ciphertext(v)} for one in (now, then))
    for field in [*now, *(field for field in then if field not in now)]:
        if now.get(field) != then.get(field) or (field in now) != (field in then):
            yield Flaw(field, "was changed without sops: the mac is still the old one")
    if body[_METADATA].get("lastmodified") != before[_METADATA].get("lastmodified"):
        yield Flaw((_METADATA, "lastmodified"), "was changed without sops: the mac is bound to it")


def _is_ciphertext(value: Any) -> bool:
    return isinstance(value, str) and _LOOKS_ENCRYPTED.match(value) is not None


def _leaves(body: dict[str, Any]) -> Iterator[tuple[FieldPath, Any]]:
    pending = deque[tuple[FieldPath, Any]](((key,), child) for key, child in body.items() if key != _METADATA)
    while pending:
        field, value = pending.popleft()
        if isinstance(value, dict) and len(field) < _MAX_DEPTH:
            pending += [((*field, key), child) for key, child in value.items()]
        elif isinstance(value, list) and len(field) < _MAX_DEPTH:
            pending += [((*field, index), child) for index, child in enumerate(value)]
        else:
            yield field, value


def _names(field: FieldPath) -> tuple[str, ...]:
    """The path as SOPS authenticates it: without the numbers of list items."""
    return tuple(step for step in field if isinstance(step, str))


def _is_time(value: Any) -> bool:
    if isinstance(value, datetime):
        return True
    if not isinstance(value, str):
        return False
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False

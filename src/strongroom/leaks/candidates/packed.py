"""Values that hold another text: base64 in base64, gzip, and the releases that Helm keeps.

The text inside has a field of its own, below the value that holds it and behind `raw.INSIDE`: recognition looks at it
as at any other, and origins name it as an inner path of the outer field.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from strongroom.documents.yaml import BadDocument, read
from strongroom.leaks.candidates import tree
from strongroom.leaks.candidates.inside import leaves_of
from strongroom.leaks.candidates.raw import INSIDE, Raw
from strongroom.model.origin import FieldPath, Origin
from strongroom.model.place import Context
from strongroom.model.resource import Resource, as_dict, as_list, as_text
from strongroom.sources.objects import objects_in

LARGEST = 16 << 20
"""Bytes that a value may unpack to; a release is at most 1 MiB packed, the limit of an object in etcd."""

MOST_TIMES = 100
"""How many times its size a compressed value may unpack to; repetitive manifests come to fifty."""

_SMALL = 4096
_LAYERS = 4
_SHORTEST = 16
"""Of sixteen characters of base64 that were drawn by lot, one in a hundred thousand decodes to printable text."""
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}|[A-Za-z0-9_-]+={0,2}")
_NO_BASE64 = re.compile(rb"[^A-Za-z0-9+/_=\s-]")
_HEAD = re.compile(rb"\s*[A-Za-z0-9+/_-]{4}")
_GZIP = b"\x1f\x8b"
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]")
_OBJECT = re.compile(r"^apiVersion:[ \t]", re.MULTILINE)

Nested = Callable[[Resource], Iterator[Raw]]


def raws_of(context: Context, name: str, value: str | bytes, field: FieldPath, nested: Nested) -> Iterator[Raw]:
    """Yield what a packed value holds; nothing where it is no such.

    Args:
        context: what kind of field it stands in.
        name: its key; a suffix of ``.gz`` or ``.b64`` is left out to tell the format of the text.
        value: the value, decoded once where its field is in base64.
        field: the way to it.
        nested: gives the candidates of a Kubernetes object.
    """
    text = unpacked(value)
    if text is None:
        return
    inside = (*field, INSIDE)
    release = _release(text)
    if release is not None:
        yield Raw(
            Context.CONFIG_MAP, "", "", inside
        )  # says that it was opened, also where nothing in it is worth a look
        yield from _of_release(release, inside, nested)
        return
    name = re.sub(r"\.(?:gz|b64|base64)$", "", name)
    objects = list(_of_manifest(text, inside, nested)) if _OBJECT.search(text) else []
    yield Raw(context, name, text, inside)
    yield from objects or leaves_of(context, name, text, inside, exact=False)


def unpacked(value: str | bytes) -> str | None:
    """Return the text under up to four layers of base64 and gzip; None where there is no layer, or no text."""
    data: bytes | None = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
    text: str | None = None
    for _ in range(_LAYERS):
        data = _opened(data) if data else None
        if data is None:
            return text
        text = _as_text(data)
    return text


def _opened(data: bytes) -> bytes | None:
    """Take one layer off; None where there is none, or what is under it is neither text nor compressed."""
    if data.startswith(_GZIP):
        return _gunzipped(data)
    if not _SHORTEST <= len(data) <= LARGEST or not _HEAD.match(data):
        return None
    try:
        packed = "".join(data.decode("ascii").split()) if _NO_BASE64.search(data) is None else ""
        if not _BASE64.fullmatch(packed) or len(packed.rstrip("=")) % 4 == 1:
            return None
        out = base64.b64decode(packed.rstrip("=") + "=" * (-len(packed.rstrip("=")) % 4), altchars=_altchars(packed))
    except (UnicodeDecodeError, binascii.Error, ValueError):
        return None
    return out if out.startswith(_GZIP) or _as_text(out) is not None else None


def _altchars(packed: str) -> bytes | None:
    return b"-_" if "-" in packed or "_" in packed else None


def _gunzipped(data: bytes) -> bytes | None:
    inflater = zlib.decompressobj(wbits=31)
    try:
        out = inflater.decompress(data, min(LARGEST, MOST_TIMES * len(data) + _SMALL))
    except zlib.error:
        return None
    return out if inflater.eof else None


def _as_text(data: bytes) -> str | None:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if not text.strip() or _UNPRINTABLE.search(text) else text


def _release(text: str) -> dict[str, Any] | None:
    """Return a release of Helm 3 (``pkg/release/v1/release.go``), None where a text is none."""
    if text[:1] != "{" or '"chart"' not in text:
        return None
    try:
        body = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    return body if isinstance(body, dict) and ("manifest" in body or "config" in body) else None


def _of_release(release: dict[str, Any], field: FieldPath, nested: Nested) -> Iterator[Raw]:
    chart = as_dict(release.get("chart"))
    yield from tree.strings_of(release.get("config"), Context.HELM_VALUES, (*field, "config"))
    yield from tree.strings_of(chart.get("values"), Context.HELM_VALUES, (*field, "chart", "values"))
    for file in map(as_dict, as_list(chart.get("files"))):
        name, text = as_text(file.get("name")), unpacked(as_text(file.get("data")))
        if text is not None:
            yield from leaves_of(Context.CONFIG_MAP, name, text, (*field, "chart", "files", name))
    yield from _of_manifest(as_text(release.get("manifest")), (*field, "manifest"), nested)
    for hook in map(as_dict, as_list(release.get("hooks"))):
        yield from _of_manifest(as_text(hook.get("manifest")), (*field, "hooks"), nested)


def _of_manifest(text: str, field: FieldPath, nested: Nested) -> Iterator[Raw]:
    for document in read(text.encode("utf-8", "surrogatepass")):
        if isinstance(document, BadDocument):
            continue
        for resource in objects_in(document.body, Origin("", "")):
            step = f"{resource.kind}/{resource.name}"
            for raw in nested(resource):
                yield raw._replace(field=(*field, step, *raw.field))

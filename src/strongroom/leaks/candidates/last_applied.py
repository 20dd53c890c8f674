"""The copy of an object that ``kubectl apply`` leaves in an annotation, and that other tools keep likewise."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from strongroom.documents.embedded import parse
from strongroom.leaks.candidates.raw import Raw
from strongroom.leaks.names import promise
from strongroom.model.origin import FieldPath, show_path
from strongroom.model.place import Context
from strongroom.model.plaintext import Plaintext
from strongroom.model.resource import Resource, as_dict, as_text, dig

ANNOTATIONS = frozenset(
    (
        "kubectl.kubernetes.io/last-applied-configuration",  # kubectl apply
        "kapp.k14s.io/original",  # Carvel kapp
        "banzaicloud.com/last-applied",  # operators that use k8s-objectmatcher
    )
)


def raws_of(resource: Resource, annotation: str, nested: Callable[[Resource], Iterator[Raw]]) -> Iterator[Raw]:
    """Yield the candidates of the object in an annotation, with their place in the annotation's text.

    Args:
        resource: the object that carries the annotation.
        annotation: its key.
        nested: gives the candidates of the inner object.
    """
    text = resource.annotations[annotation]
    inner = _object_in(text, resource)
    if inner is None:
        return
    field: FieldPath = ("metadata", "annotations", annotation)
    found = list(nested(inner))
    if not found:
        return
    yield Raw(Context.LAST_APPLIED, "", text, field)
    places = _Places(text)
    for raw in found:
        path = show_path(raw.field) + (f".{raw.inner}" if raw.inner else "")
        start, end = places.of(raw)
        yield raw._replace(context=Context.LAST_APPLIED, field=field, inner=path, start=start, end=end)


def _object_in(text: str, outer: Resource) -> Resource | None:
    try:
        body = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    if not isinstance(body, dict):
        return None
    metadata = as_dict(body.get("metadata"))
    kind = as_text(body.get("kind")) or outer.kind
    annotations = {k: v for k, v in as_dict(metadata.get("annotations")).items() if isinstance(v, str)}
    for annotation in ANNOTATIONS:
        annotations.pop(annotation, None)
    return Resource(
        api_version=as_text(body.get("apiVersion")) or outer.api_version,
        kind=kind,
        namespace=outer.namespace,
        name=outer.name,
        labels={},
        annotations=annotations,
        body=_with_values(body) if kind == "Secret" else body,
        origin=outer.origin,
    )


def _with_values(body: dict[str, Any]) -> dict[str, Any]:
    out = dict(body)
    out["data"] = {key: _decoded(value) for key, value in as_dict(body.get("data")).items() if isinstance(value, str)}
    return out


def _decoded(value: str) -> Plaintext:
    try:
        return Plaintext(base64.b64decode("".join(value.split()), validate=True))
    except (binascii.Error, ValueError):
        return Plaintext(value)


class _Places:
    """Where the values of the inner object stand in the annotation's text.

    A value that occurs once is found by searching for it. Reading the text with positions takes a hundred times as
    long, and is left to values whose names promise a secret.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._body = msgspec.json.decode(text)
        self._spans: dict[FieldPath, tuple[int, int]] | None = None

    def of(self, raw: Raw) -> tuple[int, int]:
        start, end = self._of_leaf(raw.field, certainly=promise(raw.name) is not None)
        # A part of a leaf whose JSON has escapes cannot be counted inside: its place is then the whole leaf.
        written = dig(self._body, raw.field)
        if raw.end > raw.start and isinstance(written, str) and end - start == len(written):
            return start + raw.start, start + raw.end
        return start, end

    def _of_leaf(self, field: FieldPath, *, certainly: bool) -> tuple[int, int]:
        written = dig(self._body, field)
        if not isinstance(written, str):
            return 0, 0
        quoted = msgspec.json.encode(written).decode()
        first = self._text.find(quoted)
        if first >= 0 and not (certainly and self._text.find(quoted, first + 1) >= 0):
            return first + 1, first + len(quoted) - 1
        if not certainly:
            return 0, 0
        if self._spans is None:
            embedded = parse("last-applied.json", self._text)
            self._spans = {} if embedded is None else {leaf.path: (leaf.start, leaf.end) for leaf in embedded.leaves}
        return self._spans.get(field, (0, 0))

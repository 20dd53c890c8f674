"""A Secret as a backup has it: the object as the API server gave it, and what two of them are compared by."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from strongroom.errors import DocumentError
from strongroom.model.plaintext import Plaintext

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""The annotation in which ``kubectl apply`` keeps the whole object, values and all."""

_DIGITS = 32  # 128 bits: RFC 2104 section 5 allows half of the digest

# What `digests` are over. Anything else belongs to one object alone, or would be written without being in a plan:
# stringData, which the API server never gives, would go over the data.
_RESTORED, _RESTORED_METADATA = ("type", "immutable", "data"), ("name", "labels", "annotations")


_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\Z", re.ASCII)


def is_name(text: str) -> bool:
    """Tell whether something can be the name of an object: a DNS subdomain (RFC 1123).

    https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names
    """
    return _NAME.match(text) is not None


class Place(NamedTuple):
    """Where a Secret stands."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class BackedSecret(NamedTuple):
    """One Secret.

    Attributes:
        place: where it stands.
        type: its type, such as ``kubernetes.io/tls``.
        changed: when it was last written, as its managed fields say; ISO 8601.
        body: the object as JSON, without managed fields.
    """

    place: Place
    type: str
    changed: str
    body: Plaintext

    def decoded(self) -> dict[str, Any]:
        """Return the object; the caller must neither store nor show it."""
        found: dict[str, Any] = msgspec.json.decode(self.body.reveal())
        return found


class Digests(NamedTuple):
    """Keyed digests of a Secret: equal ones are equal Secrets.

    Attributes:
        whole: type, whether it is immutable, values, labels, annotations.
        values: the same without labels and annotations.
    """

    whole: str
    values: str


class _Page(msgspec.Struct):
    items: list[msgspec.Raw] | None = None


def of_page(page: Plaintext) -> Iterator[BackedSecret]:
    """Yield the Secrets of a page of a list.

    Raises:
        DocumentError: it is no list of Secrets.
    """
    try:
        for item in msgspec.json.decode(page.reveal(), type=_Page).items or ():
            yield of_object(msgspec.json.decode(item))
    except msgspec.DecodeError:
        raise DocumentError("the API server's list of Secrets cannot be read") from None


def of_object(found: Any) -> BackedSecret:
    """Return a Secret from the object that the API server gave.

    Raises:
        DocumentError: it is no Secret.
    """
    metadata = found.get("metadata") if isinstance(found, dict) else None
    if not isinstance(metadata, dict) or not _has_shape(found, metadata):
        raise DocumentError("what should be a Secret is none")
    changed = _changed(metadata)
    kept = {key: value for key, value in metadata.items() if key != "managedFields"}
    # The items of a list have neither.
    body = {**found, "apiVersion": "v1", "kind": "Secret", "metadata": kept}
    place = Place(metadata["namespace"], metadata["name"])
    return BackedSecret(place, found.get("type", ""), changed, Plaintext(msgspec.json.encode(body, order="sorted")))


def _has_shape(found: Mapping[str, Any], metadata: Mapping[str, Any]) -> bool:
    texts = (metadata.get("namespace"), metadata.get("name"))
    mappings = (found.get("data"), metadata.get("labels"), metadata.get("annotations"))
    return (
        all(isinstance(text, str) and is_name(text) for text in texts)
        and isinstance(found.get("type", ""), str)
        and isinstance(found.get("immutable") or False, bool)
        and all(
            mapping is None or (isinstance(mapping, dict) and all(isinstance(text, str) for text in mapping.values()))
            for mapping in mappings
        )
    )


def digests(body: Mapping[str, Any], key: bytes) -> Digests:
    """Return the digests of an object, under a fingerprint key (HMAC-SHA256, shortened to 128 bits)."""
    metadata = body["metadata"]
    values = (body.get("type") or "Opaque", bool(body.get("immutable")), body.get("data") or {})
    rest = (metadata.get("labels") or {}, metadata.get("annotations") or {})
    return Digests(_digest((*values, *rest), key), _digest(values, key))


def _digest(parts: tuple[Any, ...], key: bytes) -> str:
    return Plaintext(msgspec.json.encode(parts, order="sorted")).fingerprint(key)[:_DIGITS]


def is_sound(body: Mapping[str, Any]) -> bool:
    """Tell whether the API server would read every value of an object: base64 with padding (RFC 4648 section 4)."""
    try:
        for text in (body.get("data") or {}).values():
            base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return True


def restorable(body: Mapping[str, Any], namespace: str) -> dict[str, Any]:
    """Return what a Secret is made anew from: what digests are over, and nothing else.

    Args:
        body: the object of the backup.
        namespace: where it shall stand. What kubectl kept of it is left out where that is another one, for it names
            the old.
    """
    old = body["metadata"]
    metadata = {key: old[key] for key in _RESTORED_METADATA if key in old}
    if namespace != old["namespace"] and LAST_APPLIED in (metadata.get("annotations") or {}):
        metadata["annotations"] = {key: text for key, text in old["annotations"].items() if key != LAST_APPLIED}
    rest = {key: body[key] for key in _RESTORED if key in body}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {**metadata, "namespace": namespace}, **rest}


def _changed(metadata: Mapping[str, Any]) -> str:
    """Return the latest time of the managed fields; all are RFC 3339 in UTC with whole seconds, and so in order."""
    times = [field.get("time") for field in metadata.get("managedFields") or () if isinstance(field, dict)]
    return max((text for text in (*times, metadata.get("creationTimestamp")) if isinstance(text, str)), default="")

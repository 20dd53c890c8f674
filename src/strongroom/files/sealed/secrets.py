"""Plain Secret manifests: what is sealed, and what a seal leaves behind."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from strongroom.documents.limits import DEFAULT, Limits
from strongroom.documents.yaml import BadDocument, read
from strongroom.errors import DocumentError, UsageError
from strongroom.model.plaintext import Plaintext
from strongroom.model.resource import as_dict, as_list, as_text

_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")  # k8s.io/apimachinery validation.IsConfigMapKey
_LAST_APPLIED = re.compile(r"(?:^|/)last-applied(?:-configuration)?$")
_SHORTEST = 4
"""Values below this length stand in half of all annotations by chance."""
_LIST_DEPTH = 4


class PlainSecret(NamedTuple):
    """A Secret as it is before sealing.

    Attributes:
        name, namespace: empty where the manifest leaves them out.
        type: empty where none is given.
        immutable: None where it is not given.
        labels, annotations: as written.
        values: key to value; ``stringData`` counts before ``data``, as for the API server.
        finalizers: as written.
    """

    name: str
    namespace: str
    values: Mapping[str, Plaintext]
    type: str = ""
    immutable: bool | None = None
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    finalizers: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"PlainSecret({self.namespace}/{self.name})"

    def show(self) -> str:
        """Write it as people do: ``Secret shop/db``."""
        return f"Secret {self.namespace}/{self.name}" if self.namespace else f"Secret {self.name or 'without a name'}"


def read_secrets(data: Plaintext, what: str, limits: Limits = DEFAULT) -> tuple[PlainSecret, ...]:
    """Read the Secrets of a manifest: YAML or JSON, several documents, Lists.

    Raises:
        DocumentError: it cannot be read.
        UsageError: it holds something else than Secrets.
    """
    found: list[PlainSecret] = []
    for document in read(data.reveal(), limits):
        if isinstance(document, BadDocument):
            raise DocumentError(f"{what}: {document.reason}", line=document.line, column=document.column)
        found += (_secret(body, what) for body in _objects(document.body, what, _LIST_DEPTH))
    return tuple(found)


def left_out(secret: PlainSecret) -> tuple[str, ...]:
    """Return the annotations that are not copied: a seal would stand beside the value in plain text.

    Those in which tools keep the whole object (``kubectl.kubernetes.io/last-applied-configuration``), and any whose
    text holds one of the values, plain or in base64.
    """
    needles = [*_needles(secret)]
    return tuple(
        key
        for key, text in secret.annotations.items()
        if _LAST_APPLIED.search(key) or any(needle in text for needle in needles)
    )


def labels_with_values(secret: PlainSecret) -> tuple[str, ...]:
    """Return the labels whose text is one of the values."""
    values = {value.reveal_text() for value in secret.values.values() if len(value.reveal()) >= _SHORTEST}
    return tuple(key for key, text in secret.labels.items() if text in values)


def _needles(secret: PlainSecret) -> Iterator[str]:
    for value in secret.values.values():
        raw = value.reveal().strip()
        if len(raw) >= _SHORTEST:
            yield base64.b64encode(raw).decode().rstrip("=")[:-1]
            text = Plaintext(raw).reveal_text()
            if text is not None:
                yield text


def _objects(body: Any, what: str, depth: int) -> Iterator[dict[str, Any]]:
    kind, items = as_text(as_dict(body).get("kind")), as_dict(body).get("items")
    if kind in ("List", "SecretList") and isinstance(items, list) and depth:
        implied = {"kind": "Secret", "apiVersion": "v1"} if kind == "SecretList" else {}
        for item in items:
            yield from _objects({**implied, **as_dict(item)}, what, depth - 1)
    elif kind == "Secret" and body.get("apiVersion") == "v1":
        yield body
    elif kind == "SealedSecret":
        raise UsageError(
            f"{what} is sealed already", hint="strongroom seal renew seals it anew, --merge-into adds values to it"
        )
    else:
        name = f"{kind} {as_text(as_dict(as_dict(body).get('metadata')).get('name'))}".strip()
        raise UsageError(f"{what} holds {name or 'something'} that is no Secret", hint="only Secrets (v1) are sealed")


def _secret(body: dict[str, Any], what: str) -> PlainSecret:
    if "sops" in body:
        raise UsageError(
            f"{what} is encrypted by SOPS", hint="strongroom file decrypt FILE | strongroom seal - seals its values"
        )
    metadata = as_dict(body.get("metadata"))
    name = as_text(metadata.get("name"))
    where = f"Secret {name} in {what}" if name else f"a Secret in {what}"
    immutable = body.get("immutable")
    if immutable is not None and not isinstance(immutable, bool):
        raise DocumentError(f"immutable of {where} is neither true nor false")
    return PlainSecret(
        name=name,
        namespace=as_text(metadata.get("namespace")),
        values=_values(body, where),
        type=as_text(body.get("type")),
        immutable=immutable,
        labels=_texts(metadata, "labels", where),
        annotations=_texts(metadata, "annotations", where),
        finalizers=tuple(text for text in as_list(metadata.get("finalizers")) if isinstance(text, str)),
    )


def _values(body: dict[str, Any], where: str) -> dict[str, Plaintext]:
    found: dict[str, Plaintext] = {}
    for field in ("data", "stringData"):
        entries = body.get(field)
        if entries is None:
            continue
        if not isinstance(entries, dict):
            raise DocumentError(f"{field} of {where} is no mapping")
        for key, value in entries.items():
            check_key(key, where)
            found[key] = _value(value, f"{field} {key} of {where}", encoded=field == "data")
    return found


def check_key(key: str, where: str) -> None:
    """Refuse a key that no Secret may have.

    Raises:
        UsageError: it has other characters than ``-._a-zA-Z0-9``, or is longer than 253, or is ``.`` or ``..``.
    """
    if not _KEY.fullmatch(key) or key in (".", "..") or key.startswith(".."):
        raise UsageError(f"a key of {where} is none that a Secret may have", hint="letters, digits, '-', '_' and '.'")


def _value(value: Any, where: str, *, encoded: bool) -> Plaintext:
    if value is None:  # Go reads null as no bytes, and as no text
        return Plaintext(b"")
    if not isinstance(value, str):
        raise DocumentError(f"{where} is no text", hint="the API server would refuse it too; quote the value")
    if not encoded:
        return Plaintext(value)
    try:
        return Plaintext(base64.b64decode(value.replace("\r", "").replace("\n", ""), validate=True))
    except (binascii.Error, ValueError):
        raise DocumentError(f"{where} is no base64", hint="plain text belongs under stringData") from None


def _texts(metadata: dict[str, Any], field: str, where: str) -> dict[str, str]:
    entries = metadata.get(field)
    if entries is None:
        return {}
    if not isinstance(entries, dict) or not all(isinstance(text, str) for text in entries.values()):
        raise DocumentError(f"{field} of {where} are no texts", hint="quote numbers and booleans")
    return dict(entries)

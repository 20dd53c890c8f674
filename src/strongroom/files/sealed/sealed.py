"""SealedSecret objects in files: what they hold, without opening anything."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from strongroom.crypto.hybrid import Envelope, parse
from strongroom.documents.limits import DEFAULT, Limits
from strongroom.documents.yaml import BadDocument, read
from strongroom.errors import DocumentError, TamperedError
from strongroom.files.sealed.scope import Scope, scope_of
from strongroom.model.origin import FieldPath
from strongroom.model.resource import as_dict, as_text

API_VERSION = "bitnami.com/v1alpha1"
KIND = "SealedSecret"
MARK = b"SealedSecret"
"""What a file holds that has one; in YAML and JSON alike nobody escapes it."""
_LIST_DEPTH = 4


class SealedSecret(NamedTuple):
    """One SealedSecret.

    Attributes:
        document: number of its document in the file, as `documents.yaml.Document.index`.
        path: the way to it in there; empty but for the items of a List.
        name, namespace, scope: as its metadata has them: what values are bound to.
        values: key to sealed value, as written (base64).
        body: the object.
    """

    document: int
    path: FieldPath
    name: str
    namespace: str
    scope: Scope
    values: Mapping[str, str]
    body: Mapping[str, Any]

    @property
    def label(self) -> bytes:
        """What its values are bound to."""
        return self.scope.label(self.namespace, self.name)

    @property
    def template(self) -> dict[str, Any]:
        """The template of the Secret that will be made."""
        return as_dict(as_dict(self.body.get("spec")).get("template"))

    def show(self) -> str:
        """Write it as people do: ``SealedSecret shop/db``."""
        return f"{KIND} {self.namespace}/{self.name}" if self.namespace else f"{KIND} {self.name or 'without a name'}"


def read_sealed(data: bytes, what: str, limits: Limits = DEFAULT) -> tuple[SealedSecret, ...]:
    """Return the SealedSecrets of a file; what else it holds is passed over.

    Raises:
        DocumentError: a document of it cannot be read.
    """
    found: list[SealedSecret] = []
    for document in read(data, limits):
        if isinstance(document, BadDocument):
            raise DocumentError(f"{what}: {document.reason}", line=document.line, column=document.column)
        found += _inside(document.body, document.index, (), _LIST_DEPTH)
    return tuple(found)


def envelope(text: str) -> Envelope:
    """Take a sealed value apart.

    Raises:
        TamperedError: it is no base64, or no envelope.
    """
    try:
        data = base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        raise TamperedError("a sealed value is no base64") from None
    return parse(data)


def _inside(body: Any, document: int, path: FieldPath, depth: int) -> Iterator[SealedSecret]:
    if not isinstance(body, dict):
        return
    kind, items = as_text(body.get("kind")), body.get("items")
    if kind in ("List", f"{KIND}List") and isinstance(items, list) and depth:
        implied = {} if kind == "List" else {"kind": KIND, "apiVersion": API_VERSION}
        for index, item in enumerate(items):
            yield from _inside({**implied, **as_dict(item)}, document, (*path, "items", index), depth - 1)
    elif kind == KIND and as_text(body.get("apiVersion")).startswith("bitnami.com/"):
        yield _sealed(body, document, path)


def _sealed(body: dict[str, Any], document: int, path: FieldPath) -> SealedSecret:
    metadata = as_dict(body.get("metadata"))
    values = as_dict(as_dict(body.get("spec")).get("encryptedData"))
    return SealedSecret(
        document=document,
        path=path,
        name=as_text(metadata.get("name")),
        namespace=as_text(metadata.get("namespace")),
        scope=scope_of(as_dict(metadata.get("annotations"))),
        values={key: as_text(value) for key, value in values.items()},
        body=body,
    )

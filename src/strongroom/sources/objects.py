"""From a parsed document to Kubernetes objects."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

from strongroom.model.origin import Origin
from strongroom.model.plaintext import Plaintext
from strongroom.model.resource import Resource, as_dict, as_text
from strongroom.sources import controlplane_encryption
from strongroom.sources.controlplane_encryption import is_encryption_configuration
from strongroom.sources.controlplane_inside import written_inside

_LIST_NESTING = 4

KUSTOMIZATION_FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""The names that kustomize looks for, in its order (sigs.k8s.io/kustomize/api/konfig)."""

_KUSTOMIZATION = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
"""What kustomize takes a file of these names for that does not say so (FixKustomizationPostUnmarshalling)."""


def objects_in(body: Any, origin: Origin, depth: int = _LIST_NESTING) -> Iterator[Resource]:
    """Yield the objects of a document: itself, or the items of a ``List``; nothing where it is no Kubernetes object.

    Configuration of a control plane that is written inside an object follows it as objects of their own.

    An object has an ``apiVersion`` and a ``kind`` (Kubernetes API conventions, "Objects"); the file that kustomize
    looks for may leave both out. Values of Secrets become `Plaintext` here, before anything else sees them.
    """
    if not isinstance(body, dict):
        return
    if not body.get("kind") and origin.path.rpartition("/")[2] in KUSTOMIZATION_FILES and not origin.field:
        body = {**_KUSTOMIZATION, **body}
    kind, api_version = as_text(body.get("kind")), as_text(body.get("apiVersion"))
    if not kind or not api_version:
        return
    items = body.get("items")
    if kind.endswith("List") and isinstance(items, list):
        if depth:
            # The API server leaves kind and apiVersion out of the items of a typed list.
            implied = {"kind": kind.removesuffix("List"), "apiVersion": api_version} if kind != "List" else {}
            for index, item in enumerate(items):
                if isinstance(item, dict):
                    yield from objects_in({**implied, **item}, origin.at(("items", index)), depth - 1)
        return
    resource = _object(body, origin)
    if resource is not None:
        yield resource
        yield from inside(resource)


def _object(body: Any, origin: Origin) -> Resource | None:
    kind, api_version = as_text(as_dict(body).get("kind")), as_text(as_dict(body).get("apiVersion"))
    if not kind or not api_version:
        return None
    metadata = as_dict(body.get("metadata"))
    return Resource(
        api_version=api_version,
        kind=kind,
        namespace=as_text(metadata.get("namespace")),
        name=as_text(metadata.get("name")) or as_text(metadata.get("generateName")),
        labels=_texts(metadata.get("labels")),
        annotations=_texts(metadata.get("annotations")),
        body=_body(body, kind, api_version),
        origin=origin,
    )


def inside(resource: Resource) -> Iterator[Resource]:
    """Yield the configurations of a control plane that are written inside an object."""
    return written_inside(resource, _object)


def _body(body: dict[str, Any], kind: str, api_version: str) -> dict[str, Any]:
    if kind == "Secret" and api_version == "v1":
        return _sealed(body)
    return controlplane_encryption.sealed(body) if is_encryption_configuration(kind, api_version) else body


def _texts(value: Any) -> dict[str, str]:
    return {key: text for key, text in as_dict(value).items() if isinstance(text, str)}


def _sealed(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body of a Secret with its values as `Plaintext`."""
    sealed = dict(body)
    if isinstance(body.get("data"), dict):
        sealed["data"] = {key: _decoded(value) for key, value in body["data"].items()}
    if isinstance(body.get("stringData"), dict):
        sealed["stringData"] = {key: Plaintext(_as_written(value)) for key, value in body["stringData"].items()}
    return sealed


def _decoded(value: Any) -> Plaintext:
    text = _as_written(value)
    try:
        return Plaintext(base64.b64decode("".join(text.split()), validate=True))
    except (binascii.Error, ValueError):
        # Not base64: ciphertext, a template, or a mistake that the API server would refuse.
        return Plaintext(text)


def _as_written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)

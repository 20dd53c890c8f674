"""From the pages of a list to objects: what nothing asks about is skipped while decoding, and never built.

Decoded by types: https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.36/ names every field here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from strongroom.kube.discovery import Served
from strongroom.model.origin import Origin
from strongroom.model.resource import Resource, ResourceId
from strongroom.sources.cluster_kinds import BUILT_IN

_Anything = Any | msgspec.UnsetType


class _Owner(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    kind: str = ""
    name: str = ""
    uid: str = ""
    api_version: str = ""
    controller: bool = False


class Metadata(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What is kept of an object's metadata; ``managedFields`` is not among it."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    creation_timestamp: str | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    owner_references: list[_Owner] | None = None


class _Running(msgspec.Struct, frozen=True, rename="camel"):
    started_at: str = ""


class _State(msgspec.Struct, frozen=True, omit_defaults=True):
    running: _Running | None = None


class _Container(msgspec.Struct, frozen=True, omit_defaults=True):
    name: str = ""
    state: _State = _State()


class _Status(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """When containers started, and when a certificate of cert-manager was issued; no more is kept of any status."""

    container_statuses: list[_Container] | None = None
    init_container_statuses: list[_Container] | None = None
    not_before: str = ""
    not_after: str = ""


class _Object(msgspec.Struct, frozen=True, rename="camel"):
    metadata: Metadata = Metadata()
    spec: _Anything = msgspec.UNSET
    template: _Anything = msgspec.UNSET
    rules: _Anything = msgspec.UNSET
    aggregation_rule: _Anything = msgspec.UNSET
    role_ref: _Anything = msgspec.UNSET
    subjects: _Anything = msgspec.UNSET
    secrets: _Anything = msgspec.UNSET
    image_pull_secrets: _Anything = msgspec.UNSET
    automount_service_account_token: _Anything = msgspec.UNSET
    type: _Anything = msgspec.UNSET
    data: _Anything = msgspec.UNSET
    binary_data: _Anything = msgspec.UNSET
    immutable: _Anything = msgspec.UNSET
    webhooks: _Anything = msgspec.UNSET


class _WithStatus(_Object, frozen=True, rename="camel"):
    status: _Status = _Status()


class _Names(msgspec.Struct, frozen=True):
    plural: str = ""
    kind: str = ""


class _Client(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    ca_bundle: str = ""


class _Webhook(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    client_config: _Client = _Client()


class _Conversion(msgspec.Struct, frozen=True, omit_defaults=True):
    webhook: _Webhook | None = None


class _Definition(msgspec.Struct, frozen=True, omit_defaults=True):
    group: str = ""
    scope: str = ""
    names: _Names = _Names()
    conversion: _Conversion | None = None


class _CustomResourceDefinition(msgspec.Struct, frozen=True):
    """Without the schemas, which are most of it."""

    metadata: Metadata = Metadata()
    spec: _Definition = _Definition()


class _Items(msgspec.Struct, frozen=True):
    items: list[msgspec.Raw] | None = None  # null from API servers whose list in Go is nil


_TYPES: dict[tuple[str, str], type[msgspec.Struct]] = {
    ("apiextensions.k8s.io", "customresourcedefinitions"): _CustomResourceDefinition,
    ("", "pods"): _WithStatus,
    ("cert-manager.io", "certificates"): _WithStatus,
}


class Numbers:
    """Gives each object of a reading a number of its own, which tells its fields from those of others."""

    def __init__(self, first: int = 0) -> None:
        self._next = first

    def origin(self, source: str, identity: ResourceId) -> Origin:
        """Return the origin of one object of a running cluster."""
        self._next += 1
        return Origin(source, "", self._next, object=identity.show())


def objects_of(page: bytes, served: Served, source: str, numbers: Numbers) -> Iterator[Resource]:
    """Yield the objects of one page of a list.

    Raises:
        msgspec.DecodeError: the page is no list.
    """
    kind = _TYPES.get((served.group, served.resource), _Object)
    known = kind is not _Object or served.group in BUILT_IN
    for item in msgspec.json.decode(page, type=_Items).items or ():
        if known:
            body = _typed(item, kind)
        else:
            body = msgspec.json.decode(item)
            body.pop("status", None)
            metadata = msgspec.convert(body.get("metadata") or {}, Metadata, strict=False)
            body["metadata"] = metadata_of(metadata)
        yield resource_of(body, served, source, numbers)


def _typed(item: msgspec.Raw, kind: type[msgspec.Struct]) -> dict[str, Any]:
    decoded: Any = msgspec.json.decode(item, type=kind)
    body: dict[str, Any] = {}
    for name, encoded in zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True):
        value = getattr(decoded, name)
        if value is msgspec.UNSET or value is None:
            continue
        if name == "metadata":
            value = metadata_of(value)
        elif isinstance(value, msgspec.Struct):
            value = msgspec.to_builtins(value)
            if not value:
                continue
        body[encoded] = value
    return body


def metadata_of(metadata: Metadata) -> dict[str, Any]:
    """Return metadata as a body holds it."""
    return {key: value for key, value in msgspec.to_builtins(metadata).items() if value is not None}


def resource_of(body: dict[str, Any], served: Served, source: str, numbers: Numbers, *, whole: bool = True) -> Resource:
    """Make the object of a body; items of a list do not say what they are, so the list does."""
    metadata = body["metadata"]
    namespace, name = metadata.get("namespace", ""), metadata.get("name", "")
    return Resource(
        api_version=served.api_version,
        kind=served.kind,
        namespace=namespace,
        name=name,
        labels=metadata.get("labels", {}),
        annotations=metadata.get("annotations", {}),
        body={"apiVersion": served.api_version, "kind": served.kind, **body},
        origin=numbers.origin(source, ResourceId(served.group, served.kind, namespace, name)),
        whole=whole,
    )

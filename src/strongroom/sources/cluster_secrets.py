"""Secrets without their values: what the API server prints of them as a table, and their metadata.

A row of a server-side table says type, number of keys and age, and carries the object's metadata where that is asked
for. The metadata may still hold the values: in the copy that ``kubectl apply`` leaves. That copy is dropped here; that
it was there stays, as an empty annotation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec

from strongroom.kube.discovery import Served
from strongroom.model.resource import Resource
from strongroom.model.secret import Seen
from strongroom.sources.cluster_objects import Metadata, Numbers, metadata_of, resource_of
from strongroom.sources.objects import objects_in

COPIES = (
    "kubectl.kubernetes.io/last-applied-configuration",
    "kapp.k14s.io/original",
    "banzaicloud.com/last-applied",
)
"""Annotations that hold the object as it was applied."""

_KEY = "f:"
_AGE = re.compile(r"(\d+)([ydhms])")
_UNITS = {"y": timedelta(days=365), "d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}


class _Fields(msgspec.Struct, frozen=True):
    data: dict[str, msgspec.Raw] | None = msgspec.field(name="f:data", default=None)


class _Managed(msgspec.Struct, frozen=True, rename="camel"):
    manager: str = ""
    time: str = ""
    fields_v1: _Fields | None = msgspec.field(name="fieldsV1", default=None)


class _Metadata(Metadata, frozen=True, rename="camel", omit_defaults=True):
    managed_fields: list[_Managed] | None = None


class _Partial(msgspec.Struct, frozen=True):
    metadata: _Metadata = _Metadata()


class _Row(msgspec.Struct, frozen=True):
    cells: list[Any]
    object: _Partial | None = None


class _Column(msgspec.Struct, frozen=True):
    name: str


class _Table(msgspec.Struct, frozen=True, rename="camel"):
    kind: str
    rows: list[_Row] | None = None
    column_definitions: list[_Column] | None = None


class _Applied(msgspec.Struct, frozen=True, rename="camel"):
    data: dict[str, msgspec.Raw] | None = None
    string_data: dict[str, msgspec.Raw] | None = None


class _Secret(msgspec.Struct, frozen=True):
    metadata: _Metadata = _Metadata()
    type: str = ""
    immutable: bool | None = None
    data: dict[str, str] | None = None


class _Secrets(msgspec.Struct, frozen=True):
    items: list[_Secret] | None = None


def of_table(
    page: bytes, served: Served, source: str, numbers: Numbers, *, namespace: str, now: datetime
) -> Iterator[Resource]:
    """Yield the Secrets of one page of a table.

    Args:
        page: the table.
        served: what it is a table of.
        source: where it comes from.
        numbers: gives the objects their numbers.
        namespace: that of the rows, where they carry no metadata.
        now: the time of the reading; the age of a row without metadata counts from it.

    Raises:
        msgspec.DecodeError: it is no table.
    """
    table = msgspec.json.decode(page, type=_Table)
    column = {one.name: index for index, one in enumerate(table.column_definitions or ())}
    for row in table.rows or ():

        def cell(name: str, cells: list[Any] = row.cells) -> Any:
            index = column.get(name, len(cells))
            return cells[index] if index < len(cells) else None

        if row.object is not None:
            body, keys = _with_metadata(row.object.metadata)
        else:
            made = _made(str(cell("Age") or ""), now)
            body, keys = {"metadata": {"name": str(cell("Name") or ""), "namespace": namespace, **made}}, ()
        body["type"] = str(cell("Type") or "Opaque")
        body["data"] = dict.fromkeys(keys, Seen())
        yield resource_of(body, served, source, numbers, whole=cell("Data") == len(keys))


def of_values(page: bytes, served: Served, source: str, numbers: Numbers) -> Iterator[Resource]:
    """Yield the Secrets of one page of a list with their values, as `Plaintext`.

    Raises:
        msgspec.DecodeError: it is no list.
    """
    for secret in msgspec.json.decode(page, type=_Secrets).items or ():
        body: dict[str, Any] = {"metadata": _managed(secret.metadata), "type": secret.type or "Opaque"}
        if secret.immutable:
            body["immutable"] = True
        if secret.data:
            body["data"] = secret.data
        resource = resource_of(body, served, source, numbers)
        # The one place that turns values into Plaintext decides here too.
        yield from objects_in(resource.body, resource.origin)


def without_copies(annotations: dict[str, str]) -> None:
    """Empty the annotations that hold a copy of the object; forget those whose copy has no values."""
    for name in COPIES:
        text = annotations.get(name)
        if text:
            try:
                applied = msgspec.json.decode(text, type=_Applied)
                empty = not applied.data and not applied.string_data
            except (msgspec.DecodeError, UnicodeDecodeError):
                empty = False
            if empty:
                del annotations[name]
            else:
                annotations[name] = ""


def _with_metadata(metadata: _Metadata) -> tuple[dict[str, Any], tuple[str, ...]]:
    kept = _managed(metadata)
    if "annotations" in kept:
        without_copies(kept["annotations"])
    names = {
        key.removeprefix(_KEY)
        for entry in metadata.managed_fields or ()
        if entry.fields_v1 is not None
        for key in entry.fields_v1.data or ()
        if key.startswith(_KEY)
    }
    return {"metadata": kept}, tuple(sorted(names))


def _managed(metadata: _Metadata) -> dict[str, Any]:
    """Return metadata with those entries of ``managedFields`` that own data, in short."""
    kept = metadata_of(msgspec.structs.replace(metadata, managed_fields=None))
    entries = [
        {"manager": entry.manager, "time": entry.time, "fieldsV1": {"f:data": {}}}
        for entry in metadata.managed_fields or ()
        if entry.fields_v1 is not None and entry.fields_v1.data is not None
    ]
    return {**kept, "managedFields": entries} if entries else kept


def _made(age: str, now: datetime) -> dict[str, str]:
    """Return the latest time of creation that an age allows (k8s.io/apimachinery/pkg/util/duration rounds down)."""
    parts = _AGE.findall(age)
    if not parts:
        return {}
    seconds = sum((_UNITS.get(unit, timedelta(seconds=1)) * int(number) for number, unit in parts), timedelta())
    return {"creationTimestamp": (now - seconds).isoformat(timespec="seconds")}

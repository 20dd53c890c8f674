"""Storage version migration: the cluster itself rewrites every object of a resource.

https://kubernetes.io/docs/tasks/manage-kubernetes-objects/storage-version-migration/ (KEP-4192; API
``storagemigration.k8s.io``, beta in Kubernetes 1.35). The controller begins when its own cache has caught up with the
moment of the request, which takes it minutes where nothing else is written.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec

from strongroom.errors import AnswerError
from strongroom.kube.client import Client
from strongroom.kube.discovery import Discovery, Served

GROUP, RESOURCE = "storagemigration.k8s.io", "storageversionmigrations"
_VERSIONS = ("v1", "v1beta1")
_POLL = 3.0
_REFUSED = frozenset({403, 404, 405, 422})


class _Condition(msgspec.Struct, frozen=True):
    type: str = ""
    status: str = ""


class _Status(msgspec.Struct, frozen=True):
    conditions: list[_Condition] = []


class _Metadata(msgspec.Struct, frozen=True):
    name: str = ""


class _Migration(msgspec.Struct, frozen=True):
    metadata: _Metadata = _Metadata()
    status: _Status = _Status()


def offered(found: Discovery) -> Served | None:
    """Return the resource of migrations, in a version that is known here; None where the cluster has none."""
    served = found.served.get((GROUP, RESOURCE))
    return served if served is not None and served.version in _VERSIONS else None


async def migrate(client: Client, migrations: Served, resource: Served, patience: float) -> bool:
    """Have every object of a resource rewritten by the cluster; tell whether it says that it is done.

    The request is deleted afterwards, whatever came of it.

    Args:
        client: the session.
        migrations: what `offered` returned.
        resource: what is rewritten.
        patience: for how many seconds it is waited.

    Raises:
        ClusterError: the API server does not answer.
    """
    body: dict[str, Any] = {
        "apiVersion": migrations.api_version,
        "kind": "StorageVersionMigration",
        "metadata": {"generateName": "strongroom-"},
        "spec": {"resource": {"group": resource.group, "resource": resource.resource}},
    }
    try:
        made = await client.change("POST", migrations.path(), {}, msgspec.json.encode(body))
    except AnswerError as error:
        if error.status in _REFUSED:
            return False
        raise
    path = f"{migrations.path()}/{msgspec.json.decode(made, type=_Migration).metadata.name}"
    try:
        return await _succeeded(client, path, time.monotonic() + patience)
    finally:
        await _delete(client, path)


async def _succeeded(client: Client, path: str, deadline: float) -> bool:
    while time.monotonic() < deadline:
        found = msgspec.json.decode(await client.get(path), type=_Migration)
        ended = {one.type for one in found.status.conditions if one.status == "True"}
        if ended & {"Succeeded", "Failed"}:
            return "Failed" not in ended
        await asyncio.sleep(_POLL)
    return False


async def _delete(client: Client, path: str) -> None:
    try:
        await client.change("DELETE", path, {}, b"")
    except AnswerError as error:
        if error.status not in _REFUSED:
            raise

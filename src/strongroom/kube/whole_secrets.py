"""Secrets as they are, whole and many: listed page by page, and put back exactly.

Where `strongroom.kube.secret_writer` lays one Secret beside what others wrote, this takes and gives objects as a backup
has them. Each change is guarded by what was seen: a POST meets no Secret that is there, a PUT carries the
``resourceVersion``, a DELETE the UID and the ``resourceVersion``
(https://kubernetes.io/docs/reference/using-api/api-concepts/).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from strongroom.errors import AnswerError
from strongroom.kube.client import Client
from strongroom.kube.lists import read_list
from strongroom.kube.secret_writer import FIELD_MANAGER
from strongroom.model.plaintext import Plaintext

MISSING, CONFLICT = 404, 409
"""Statuses that a caller tells apart."""

_FORBIDDEN, _BUSY = 403, 429
_PAGE_BYTES = 32 << 20  # the largest page of the smallest size: ten Secrets of 1.5 MiB in base64, with their metadata
_TRIES, _PAUSE = 6, 0.5


async def pages(client: Client, namespaces: Sequence[str] = (), selector: str = "") -> AsyncIterator[Plaintext]:
    """Yield pages of Secrets with their values, as JSON lists; one is read ahead.

    Where the server forgets a long list in between, it is begun again: then Secrets come twice.

    Args:
        client: the cluster.
        namespaces: only these; all where empty.
        selector: labels that they must have (``labelSelector``).

    Raises:
        ClusterError: they cannot be listed.
    """
    for namespace in namespaces or ("",):
        async for page in _pages(client, _path(namespace), selector):
            yield page


async def _pages(client: Client, path: str, selector: str) -> AsyncIterator[Plaintext]:
    held: asyncio.Queue[Plaintext | None] = asyncio.Queue(maxsize=1)

    async def take(body: bytes) -> None:
        await held.put(Plaintext(body))

    async def read() -> None:
        try:
            await read_list(client, path, take, query={"labelSelector": selector} if selector else {}, most=_PAGE_BYTES)
        finally:
            await held.put(None)

    reading = asyncio.create_task(read())
    try:
        while (page := await held.get()) is not None:
            yield page
        await reading
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def cluster_id(client: Client) -> str:
    """Return what names a cluster, the UID of its namespace kube-system; empty where that may not be read.

    Raises:
        ClusterError: it could not be asked.
    """
    try:
        found = json.loads(await client.get("/api/v1/namespaces/kube-system"))
    except AnswerError as error:
        if error.status in (_FORBIDDEN, MISSING):
            return ""
        raise
    return str(found["metadata"]["uid"])


async def has_namespace(client: Client, name: str) -> bool:
    """Tell whether a namespace is there and is not being deleted.

    Raises:
        ClusterError: it could not be asked.
    """
    try:
        found = json.loads(await client.get(f"/api/v1/namespaces/{name}"))
    except AnswerError as error:
        if error.status == MISSING:
            return False
        raise
    return not found["metadata"].get("deletionTimestamp")


async def create_namespace(client: Client, name: str, *, dry_run: bool = False) -> None:
    """Make a namespace; one that is there stays.

    Raises:
        ClusterError: it could not be done.
    """
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    try:
        await _send(client, "POST", "/api/v1/namespaces", body, dry_run=dry_run)
    except AnswerError as error:
        if error.status != CONFLICT:
            raise


async def account_uid(client: Client, namespace: str, name: str) -> str:
    """Return the UID of a ServiceAccount; empty where there is none, or it may not be read.

    Raises:
        ClusterError: it could not be asked.
    """
    try:
        found = json.loads(await client.get(f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}"))
    except AnswerError as error:
        if error.status in (_FORBIDDEN, MISSING):
            return ""
        raise
    return str(found["metadata"]["uid"])


async def read(client: Client, namespace: str, name: str) -> Plaintext | None:
    """Return a Secret with its values, as JSON; None where there is none.

    Raises:
        ClusterError: it could not be asked.
    """
    try:
        return Plaintext(await client.get(_path(namespace, name)))
    except AnswerError as error:
        if error.status == MISSING:
            return None
        raise


async def create(client: Client, body: Mapping[str, Any], *, dry_run: bool = False) -> None:
    """Make a Secret.

    Raises:
        AnswerError: it could not be done; status `CONFLICT` where one of that name is there.
        ClusterError: the cluster could not be asked.
    """
    await _send(client, "POST", _path(body["metadata"]["namespace"]), body, dry_run=dry_run)


async def replace(client: Client, body: Mapping[str, Any], *, dry_run: bool = False) -> None:
    """Put a Secret in the place of the one whose ``resourceVersion`` its metadata name.

    Raises:
        AnswerError: it could not be done; status `CONFLICT` where that one was changed.
        ClusterError: the cluster could not be asked.
    """
    own = body["metadata"]
    await _send(client, "PUT", _path(own["namespace"], own["name"]), body, dry_run=dry_run)


async def delete(client: Client, namespace: str, name: str, uid: str, version: str, *, dry_run: bool = False) -> None:
    """Delete a Secret as it was seen; one that is not there is fine.

    Raises:
        AnswerError: it could not be done; status `CONFLICT` where it is another one, or was changed.
        ClusterError: the cluster could not be asked.
    """
    guard = {"uid": uid, "resourceVersion": version}
    body: dict[str, Any] = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": guard}
    if dry_run:
        # Where a DELETE has a body, the API server reads no query: what stands there alone would not be on trial.
        body["dryRun"] = ["All"]
    try:
        await _send(client, "DELETE", _path(namespace, name), body, dry_run=dry_run)
    except AnswerError as error:
        if error.status != MISSING:
            raise


async def _send(client: Client, method: str, path: str, body: Mapping[str, Any], *, dry_run: bool) -> None:
    query = {"dryRun": "All"} if dry_run else {}
    if method != "DELETE":
        query["fieldManager"] = FIELD_MANAGER
    for attempt in range(1, _TRIES + 1):
        try:
            await client.change(method, path, query, json.dumps(body).encode())
        except AnswerError as error:
            # A request that was refused for want of room was not begun, and is sent again.
            if error.status != _BUSY or attempt == _TRIES:
                raise
            await asyncio.sleep(_PAUSE * attempt)
        else:
            return


def _path(namespace: str, name: str = "") -> str:
    where = f"/namespaces/{namespace}" if namespace else ""
    return f"/api/v1{where}/secrets" + (f"/{name}" if name else "")

"""One object of any kind: read, made, changed and deleted, guarded against changes of others in between.

Every change names the field manager, refuses unknown fields (``fieldValidation=Strict``), and can be tried first
(``dryRun=All``): https://kubernetes.io/docs/reference/using-api/api-concepts/.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from strongroom.errors import AnswerError
from strongroom.kube.client import JSON, Client

FIELD_MANAGER = "strongroom"
METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
MERGE = "application/merge-patch+json"
NOT_FOUND, CONFLICT, INVALID = 404, 409, 422


async def send(client: Client, method: str, path: str, body: Mapping[str, Any], *, dry_run: bool = False) -> bytes:
    """Send a change of an object, once; return the object after it.

    Args:
        client: the cluster.
        method: POST, PUT or PATCH, of which the last is a merge patch (RFC 7386).
        path: of the object, for POST of its collection.
        body: what is sent.
        dry_run: do it on trial only.

    Raises:
        ClusterError: it could not be done; an `AnswerError` with the status where the server refuses.
    """
    query = {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict", **({"dryRun": "All"} if dry_run else {})}
    return await client.change(method, path, query, json.dumps(body).encode(), MERGE if method == "PATCH" else JSON)


async def read(client: Client, path: str) -> dict[str, Any] | None:
    """Return an object; None where there is none.

    Raises:
        ClusterError: it could not be asked.
    """
    try:
        return _object(await client.get(path))
    except AnswerError as error:
        if error.status == NOT_FOUND:
            return None
        raise


async def create(client: Client, path: str, body: Mapping[str, Any], *, dry_run: bool = False) -> dict[str, Any]:
    """Make an object, which must not be there; return it as it is then.

    Raises:
        ClusterError: as `send`.
    """
    return _object(await send(client, "POST", path.rpartition("/")[0], body, dry_run=dry_run))


async def patch(
    client: Client, path: str, change: Mapping[str, Any], seen: Mapping[str, Any], *, dry_run: bool = False
) -> dict[str, Any]:
    """Change fields of an object that was seen, and only that one as it was seen; return it as it is then.

    Args:
        client: the cluster.
        path: of the object.
        change: a merge patch.
        seen: the object as it was seen.
        dry_run: do it on trial only.

    Raises:
        ClusterError: as `send`; status 409 where it was changed in between.
    """
    own = seen["metadata"]
    guards = {"uid": own["uid"], "resourceVersion": own["resourceVersion"]}
    body = {**change, "metadata": {**change.get("metadata", {}), **guards}}
    return _object(await send(client, "PATCH", path, body, dry_run=dry_run))


async def delete(client: Client, path: str, seen: Mapping[str, Any], *, dry_run: bool = False) -> None:
    """Delete an object that was seen, and only that one as it was seen; what it owns is deleted after it.

    Raises:
        ClusterError: as `send`; status 409 where it was changed in between.
    """
    own = seen["metadata"]
    body: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": "Background",
        "preconditions": {"uid": own["uid"], "resourceVersion": own["resourceVersion"]},
    }
    if dry_run:
        # Where a DELETE has a body, the API server reads no query.
        body["dryRun"] = ["All"]
    await client.change("DELETE", path, {}, json.dumps(body).encode())


async def identity(client: Client) -> str:
    """Return the uid of the Namespace kube-system, which tells clusters apart.

    Raises:
        ClusterError: it could not be asked.
    """
    found = _object(await client.get("/api/v1/namespaces/kube-system", accept=METADATA))
    return str(found["metadata"].get("uid", ""))


def _object(data: bytes) -> dict[str, Any]:
    found = json.loads(data)
    if not isinstance(found, dict) or not isinstance(found.get("metadata"), dict):
        raise AnswerError("the API server answers with something that is no object", status=200)
    return found

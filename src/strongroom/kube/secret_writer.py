"""One Secret: read with its values because a person asked for it, made, and replaced.

A Secret is made with POST, which cannot meet one that is there, and replaced with PUT under the ``resourceVersion``
that was seen, which cannot meet a change of somebody else in between. (Server-side apply would do both in one, and
lay its keys over those of a Secret that it finds: https://kubernetes.io/docs/reference/using-api/server-side-apply/.)
The server tries everything first (``dryRun=All``), with its admission, before it is done.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from strongroom.errors import AnswerError, UsageError
from strongroom.kube.client import Client
from strongroom.kube.object_writer import CONFLICT, FIELD_MANAGER, INVALID, METADATA, NOT_FOUND, send
from strongroom.model.plaintext import Plaintext

__all__ = ("FIELD_MANAGER", "create", "metadata", "patch", "read", "read_all", "replace")
# Holds the values that were there before, in the clear.
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


async def read(client: Client, namespace: str, name: str) -> Plaintext:
    """Return a Secret with its values, as JSON.

    Raises:
        UsageError: there is none of that name.
        ClusterError: it could not be asked.
    """
    try:
        return Plaintext(await client.get(_path(namespace, name)))
    except AnswerError as error:
        raise _missing(error, namespace, name) from None


async def read_all(client: Client, namespace: str) -> Plaintext:
    """Return all Secrets of a namespace with their values, as a JSON list.

    Raises:
        ClusterError: they could not be asked.
    """
    return Plaintext(await client.get(_path(namespace)))


async def metadata(client: Client, namespace: str, name: str) -> dict[str, Any] | None:
    """Return the metadata of a Secret, without its values; None where there is no such Secret.

    Raises:
        ClusterError: it could not be asked.
    """
    try:
        found = json.loads(await client.get(_path(namespace, name), accept=METADATA))
    except AnswerError as error:
        if error.status == NOT_FOUND:
            return None
        raise
    kept = found.get("metadata")
    return kept if isinstance(kept, dict) else {}


async def create(client: Client, body: Mapping[str, Any], *, dry_run: bool = False) -> None:
    """Make a Secret.

    Args:
        client: the cluster.
        body: the object, its namespace named.
        dry_run: do it on trial only.

    Raises:
        UsageError: there is one of that name, or the server takes it for invalid.
        ClusterError: it could not be done.
    """
    own = body["metadata"]
    await _send(client, "POST", (own["namespace"], own["name"]), body, dry_run=dry_run)


async def replace(client: Client, body: Mapping[str, Any], seen: Mapping[str, Any], *, dry_run: bool = False) -> None:
    """Put a Secret in the place of one that was seen; labels and annotations of others stay.

    Args:
        client: the cluster.
        body: the object, its namespace named.
        seen: the `metadata` of the one that is there.
        dry_run: do it on trial only.

    Raises:
        UsageError: it was changed in between, it is immutable, or the server takes the new one for invalid.
        ClusterError: it could not be done.
    """
    own = body["metadata"]
    merged = {**own, "resourceVersion": seen.get("resourceVersion", "")}
    for field in ("labels", "annotations"):
        others = {key: text for key, text in (seen.get(field) or {}).items() if key != _LAST_APPLIED}
        merged[field] = {**others, **own.get(field, {})}
    for field in ("ownerReferences", "finalizers"):
        if seen.get(field):
            merged[field] = seen[field]
    where = (own["namespace"], own["name"])
    await _send(client, "PUT", where, {**body, "metadata": merged}, dry_run=dry_run)


async def patch(client: Client, namespace: str, name: str, change: Mapping[str, Any], *, dry_run: bool = False) -> None:
    """Change some fields of a Secret, by a merge patch (RFC 7386) with the ``resourceVersion`` that was seen.

    Raises:
        UsageError: it was changed in between, it is immutable, or the server takes the new one for invalid.
        ClusterError: it could not be done.
    """
    await _send(client, "PATCH", (namespace, name), change, dry_run=dry_run)


async def _send(client: Client, method: str, where: tuple[str, str], body: Mapping[str, Any], *, dry_run: bool) -> None:
    name = f"Secret {'/'.join(where)}"
    path = _path(where[0], "" if method == "POST" else where[1])
    try:
        await send(client, method, path, body, dry_run=dry_run)
    except AnswerError as error:
        if error.status == CONFLICT and method == "POST":
            raise UsageError(f"{name} is there already", hint="--replace puts the new one in its place") from None
        if error.status == CONFLICT:
            raise UsageError(f"{name} was changed at the same moment", hint="try again") from None
        if error.status == INVALID:
            hint = "a Secret that is immutable, or of another type, must be removed first" if method != "POST" else ""
            raise UsageError(f"the API server takes {name} for invalid", hint=hint) from None
        if error.status == NOT_FOUND:
            raise UsageError(f"there is no place for {name}", hint="is there such a namespace?") from None
        raise


def _missing(error: AnswerError, namespace: str, name: str) -> Exception:
    if error.status != NOT_FOUND:
        return error
    return UsageError(
        f"there is no Secret {namespace}/{name}", hint="strongroom secret list names those that are there"
    )


def _path(namespace: str, name: str = "") -> str:
    return f"/api/v1/namespaces/{namespace}/secrets" + (f"/{name}" if name else "")

"""What a running API server says: objects put into it, and SubjectAccessReviews asked of it, many at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeVar

import aiohttp
from tests.support.controlplane.access import Client

from strongroom.access.rbac_request import Request, User

RBAC = "/apis/rbac.authorization.k8s.io/v1"
REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
PLURALS = {
    "Role": "roles",
    "ClusterRole": "clusterroles",
    "RoleBinding": "rolebindings",
    "ClusterRoleBinding": "clusterrolebindings",
}
_AT_ONCE = 48
_Given = TypeVar("_Given")
_Answer = TypeVar("_Answer")


def create(client: Client, objects: Sequence[dict[str, Any]]) -> list[int]:
    """Create RBAC objects; return the status of each: 201, or why it was refused."""

    async def one(session: aiohttp.ClientSession, body: dict[str, Any]) -> int:
        async with session.post(client.url + path_of(body), data=json.dumps(body), headers=_JSON) as answer:
            await answer.read()
            return answer.status

    return _all(client, objects, one)


def review(client: Client, questions: Sequence[tuple[User, Request]]) -> list[bool]:
    """Ask the API server whether each user may do what each request asks for."""

    async def one(session: aiohttp.ClientSession, question: tuple[User, Request]) -> bool:
        body = json.dumps({"spec": _spec(*question)})
        async with session.post(client.url + REVIEWS, data=body, headers=_JSON) as answer:
            said = await answer.json()
            if answer.status != 201:
                raise ValueError(f"{question}: {said.get('message')}")
            return bool(said["status"]["allowed"])

    return _all(client, questions, one)


def clear(client: Client, namespaces: Iterable[str]) -> None:
    """Delete what ``create`` made: everything with the label ``batch``."""
    for plural in ("clusterrolebindings", "clusterroles"):
        client.delete(f"{RBAC}/{plural}?labelSelector=batch")
    for namespace in namespaces:
        for plural in ("rolebindings", "roles"):
            client.delete(f"{RBAC}/namespaces/{namespace}/{plural}?labelSelector=batch")


def path_of(body: dict[str, Any]) -> str:
    """Return the collection that an RBAC object is created in."""
    namespace = body["metadata"].get("namespace")
    return f"{RBAC}/{f'namespaces/{namespace}/' if namespace else ''}{PLURALS[body['kind']]}"


def _spec(user: User, request: Request) -> dict[str, Any]:
    spec: dict[str, Any] = {"user": user.name, "groups": list(user.groups)}
    if request.path:
        return {**spec, "nonResourceAttributes": {"verb": request.verb, "path": request.path}}
    attributes: dict[str, Any] = {
        field: getattr(request, field)
        for field in ("verb", "group", "resource", "subresource", "namespace", "name")
        if getattr(request, field)
    }
    if request.fields:
        wanted = [{"key": key, "operator": "In", "values": [value]} for key, value in request.fields]
        attributes["fieldSelector"] = {"requirements": wanted}
    return {**spec, "resourceAttributes": attributes}


def _all(
    client: Client, given: Sequence[_Given], one: Callable[[aiohttp.ClientSession, _Given], Awaitable[_Answer]]
) -> list[_Answer]:
    """Do one thing for each, many at once over few connections; the answers are in the order of what was given."""

    async def run() -> list[_Answer]:
        answers: dict[int, _Answer] = {}
        waiting = iter(enumerate(given))

        async def work(session: aiohttp.ClientSession) -> None:
            for index, item in waiting:
                answers[index] = await one(session, item)

        connector = aiohttp.TCPConnector(ssl=client.tls, limit=_AT_ONCE)
        async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
            for _ in range(min(_AT_ONCE, len(given))):
                group.create_task(work(session))
        return [answers[index] for index in range(len(given))]

    return asyncio.run(run())


_JSON = {"Content-Type": "application/json"}

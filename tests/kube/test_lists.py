"""Lists of a real API server: in pages, whole, and each way in which they break off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from tests.kube.front import PAUSE, Answer, Seen, front, kubeconfig, status
from tests.support.controlplane.access import Access
from tests.support.controlplane.fixtures import StartCluster

from strongroom.errors import AnswerError, LimitError, UnreachableError
from strongroom.kube.client import Client
from strongroom.kube.connection import Asked, connect
from strongroom.kube.lists import read_list

CANARY = "hunter2-in-an-error-text"


def names(config: Path, path: str, query: dict[str, str] | None = None) -> list[str]:
    """Return the names of a list, in the order in which its pages came."""
    pages: list[bytes] = []

    async def take(page: bytes) -> None:
        pages.append(page)

    async def run() -> None:
        async with Client(connect(Asked(kubeconfig=str(config))), pause=PAUSE) as client:
            await read_list(client, path, take, query=query)

    asyncio.run(run())
    return [item["metadata"]["name"] for page in pages for item in yaml.safe_load(page)["items"]]


def configmaps(cluster: Access, namespace: str, count: int, size: int = 1) -> list[str]:
    """Make ConfigMaps; return their names."""
    made = [f"c-{index:03}" for index in range(count)]
    for name in made:
        body = {"metadata": {"name": name}, "data": {"a": "x" * size}}
        cluster.client().create(f"/api/v1/namespaces/{namespace}/configmaps", body)
    return made


class _Pages:
    """Passes lists on in small pages, and fails at one of them."""

    def __init__(self, cluster: Access, size: int, fail: Callable[[int], Answer | None]) -> None:
        self._client = cluster.client()
        self._size = size
        self._fail = fail

    def __call__(self, seen: Seen, before: int) -> Answer | None:
        answer = self._fail(before)
        if answer is not None:
            return answer
        path = seen.path.replace("limit=500", f"limit={self._size}")
        code, body = self._client.request("GET", path, headers={"Accept": seen.accept})
        return Answer(code, body)


def test_a_list_comes_in_pages(cluster: Access, namespace: str, tmp_path: Path) -> None:
    """All pages of a list are read, each item once, in order."""
    made = configmaps(cluster, namespace, 23)

    with front(None, _Pages(cluster, 5, lambda _: None)) as server:
        found = names(kubeconfig(tmp_path, server.url), f"/api/v1/namespaces/{namespace}/configmaps")

    assert sorted(found) == sorted([*made, "kube-root-ca.crt"])
    assert len(server.seen) == 5


def test_a_list_that_expired_is_read_again(cluster: Access, namespace: str, tmp_path: Path) -> None:
    """Where the server has forgotten the list in the middle (410), it is read from the beginning."""
    made = configmaps(cluster, namespace, 12)
    gone = status(410, "Expired", CANARY)

    with front(None, _Pages(cluster, 5, lambda before: gone if before == 1 else None)) as server:
        found = names(kubeconfig(tmp_path, server.url), f"/api/v1/namespaces/{namespace}/configmaps")

    assert set(made) < set(found)
    assert "continue" not in server.seen[2].path


def test_a_list_that_always_expires_is_given_up(cluster: Access, namespace: str, tmp_path: Path) -> None:
    """A list that expires again and again is an error after a bounded number of attempts."""
    configmaps(cluster, namespace, 6)
    gone = status(410, "Expired", CANARY)

    pages = _Pages(cluster, 5, lambda before: gone if before % 2 else None)
    with front(None, pages) as server, pytest.raises(AnswerError) as raised:
        names(kubeconfig(tmp_path, server.url), f"/api/v1/namespaces/{namespace}/configmaps")
    assert raised.value.status == 410
    assert len(server.seen) == 8


def test_pages_that_are_too_large_are_asked_for_in_smaller_ones(cluster: Access, namespace: str) -> None:
    """A page over the limit is asked for again with fewer items; where even few are too large, that is an error."""
    made = configmaps(cluster, namespace, 30, size=20_000)
    config = cluster.kubeconfig()
    path = f"/api/v1/namespaces/{namespace}/configmaps"

    async def read(most: int) -> list[bytes]:
        pages: list[bytes] = []

        async def take(page: bytes) -> None:
            pages.append(page)

        async with Client(connect(Asked(kubeconfig=str(config))), pause=PAUSE) as client:
            await read_list(client, path, take, most=most)
        return pages

    pages = asyncio.run(read(400_000))
    assert sum(page.count(b'"name":"c-') for page in pages) == len(made)
    assert len(pages) > 1
    with pytest.raises(LimitError):
        asyncio.run(read(30_000))


def test_a_server_that_stops_in_the_middle_of_a_list(start_cluster: StartCluster, tmp_path: Path) -> None:
    """An API server that is killed while it is listed is an error that names it, after the attempts to reach it again."""
    own = start_cluster()
    access = own.api_servers[0].access
    for index in range(4):
        body = {"metadata": {"name": f"c-{index}"}, "data": {"a": "b"}}
        access.client().create("/api/v1/namespaces/default/configmaps", body)
    config = access.kubeconfig()

    async def run() -> None:
        async def take(_: bytes) -> None:
            own.api_servers[0].kill()

        async with Client(connect(Asked(kubeconfig=str(config))), pause=PAUSE) as client:
            await read_list(client, "/api/v1/configmaps", take, page=1)

    with pytest.raises(UnreachableError, match="does not answer"):
        asyncio.run(run())


def test_something_else_than_a_list(tmp_path: Path) -> None:
    """A login page in place of a list is said to be none, and is not quoted."""
    page = Answer(200, f"<html>{CANARY}</html>".encode(), {"Content-Type": "text/html"})
    refused = pytest.raises(UnreachableError, match="is no Kubernetes API server")
    with front(None, lambda _seen, _before: page) as server, refused as raised:
        names(kubeconfig(tmp_path, server.url), "/api/v1/pods")
    assert CANARY not in raised.value.message + raised.value.hint

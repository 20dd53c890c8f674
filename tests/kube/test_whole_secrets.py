"""Whole Secrets on a real API server: read in pages, and changed only as they were seen, on trial or for real."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.kube.front import PAUSE, Answer, front, kubeconfig, status
from tests.kube.test_secret_writer import ask, body
from tests.support.controlplane.access import Access

from strongroom.atrest.backup_secrets import of_page
from strongroom.errors import AnswerError
from strongroom.kube import whole_secrets
from strongroom.kube.client import Client
from strongroom.kube.connection import Asked, connect


async def _seen(client: Client, namespace: str, name: str = "db") -> dict[str, Any]:
    found = await whole_secrets.read(client, namespace, name)
    assert found is not None
    metadata: dict[str, Any] = json.loads(found.reveal())["metadata"]
    return metadata


async def _names(client: Client, *namespaces: str) -> list[str]:
    return [
        secret.place.name
        async for page in whole_secrets.pages(client, namespaces)
        for secret in of_page(page)
        if secret.place.namespace in namespaces
    ]


def test_on_trial(cluster: Access, namespace: str) -> None:
    """On trial nothing is made, replaced or deleted: the API server reads the dry run of a DELETE from its body alone."""

    async def question(client: Client) -> None:
        await whole_secrets.create(client, body(namespace, a="1"), dry_run=True)
        assert await whole_secrets.read(client, namespace, "db") is None
        await whole_secrets.create(client, body(namespace, a="1"))
        seen = await _seen(client, namespace)
        await whole_secrets.delete(client, namespace, "db", seen["uid"], seen["resourceVersion"], dry_run=True)
        changed = body(namespace, a="2")
        changed["metadata"]["resourceVersion"] = seen["resourceVersion"]
        await whole_secrets.replace(client, changed, dry_run=True)
        assert (await _seen(client, namespace))["resourceVersion"] == seen["resourceVersion"]

    ask(cluster, question)


def test_guards(cluster: Access, namespace: str) -> None:
    """What is there is not made again, and what was changed since is neither replaced nor deleted."""

    async def question(client: Client) -> None:
        await whole_secrets.create(client, body(namespace, a="1"))
        old = await _seen(client, namespace)
        changed = body(namespace, a="2")
        changed["metadata"]["resourceVersion"] = old["resourceVersion"]
        await whole_secrets.replace(client, changed)
        refused = (
            whole_secrets.create(client, body(namespace, a="3")),
            whole_secrets.replace(client, changed),
            whole_secrets.delete(client, namespace, "db", old["uid"], old["resourceVersion"]),
            whole_secrets.delete(client, namespace, "db", "other", (await _seen(client, namespace))["resourceVersion"]),
        )
        for request in refused:
            with pytest.raises(AnswerError) as raised:
                await request
            assert raised.value.status == whole_secrets.CONFLICT
        now = await _seen(client, namespace)
        for _ in range(2):  # the second time it is gone already
            await whole_secrets.delete(client, namespace, "db", now["uid"], now["resourceVersion"])

    ask(cluster, question)


def test_pages(cluster: Access, namespace: str) -> None:
    """All Secrets of the namespaces come, page by page; a namespace that is not there has none."""

    async def question(client: Client) -> list[str]:
        for number in range(7):
            await whole_secrets.create(client, body(namespace, f"s{number}"))
        return await _names(client, namespace, "not-there")

    assert ask(cluster, question) == [f"s{number}" for number in range(7)]


def test_list_begun_again(tmp_path: Path) -> None:
    """Where the server forgot the list, it is begun again and Secrets come twice; a refusal reaches the caller."""
    one = {"metadata": {"namespace": "a", "name": "s"}}
    first = json.dumps({"metadata": {"continue": "x"}, "items": [one]}).encode()
    last = json.dumps({"metadata": {}, "items": [one]}).encode()
    answers = [Answer(body=first), status(410, "Expired"), Answer(body=last), status(403, "Forbidden")]

    async def question() -> None:
        with front(None, lambda _seen, before: answers[before]) as server:
            connection = connect(Asked(kubeconfig=str(kubeconfig(tmp_path, server.url))))
            async with Client(connection, pause=PAUSE) as client:
                assert await _names(client, "a") == ["s", "s"]
                with pytest.raises(AnswerError, match="does not permit"):
                    await _names(client, "a")

    _run(question)


def test_asked_too_much(tmp_path: Path) -> None:
    """A write that the server had no room for is sent again."""
    statuses = [429, 429, 201]

    class Busy(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(statuses.pop(0))
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
            """Say nothing."""

    def serve(server: HTTPServer) -> None:
        for _ in range(3):
            server.handle_request()

    async def question() -> None:
        with HTTPServer(("127.0.0.1", 0), Busy) as server:
            thread = threading.Thread(target=serve, args=(server,))
            thread.start()
            url = f"http://127.0.0.1:{server.server_address[1]}"
            async with Client(connect(Asked(kubeconfig=str(kubeconfig(tmp_path, url))))) as client:
                await whole_secrets.create(client, body("a", x=base64.b64encode(b"1").decode()))
            thread.join()

    _run(question)
    assert statuses == []


def _run(question: Any) -> None:
    asyncio.run(question())

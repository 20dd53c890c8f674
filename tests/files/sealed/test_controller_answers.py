"""A controller that answers wrongly, slowly or not at all: nothing that it says is taken on trust.

The server here speaks as an API server with the controller behind it does; what the real one says is tried in
``test_controller``.
"""

from __future__ import annotations

import asyncio
import copy
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.kube.front import PAUSE, kubeconfig
from tests.support.sealing_keys import pair

from strongroom.errors import ClusterError, StrongroomError, TamperedError
from strongroom.files.sealed.controller import Controller
from strongroom.files.sealed.emit import as_yaml
from strongroom.files.sealed.scope import Scope
from strongroom.files.sealed.sealed import SealedSecret, read_sealed
from strongroom.files.sealed.sealing import sealed_body
from strongroom.files.sealed.secrets import PlainSecret
from strongroom.kube.client import Client
from strongroom.kube.connection import Asked, connect
from strongroom.model.plaintext import Plaintext

SERVICE = json.dumps({"spec": {"ports": [{"name": "http", "port": 8080}]}}).encode()
BASE = "/api/v1/namespaces/kube-system/services"
PROXY = f"{BASE}/http:sealed-secrets-controller:http/proxy/v1"
Said = tuple[int, bytes]


def fresh(scope: Scope = Scope.NAMESPACE, **values: str) -> dict[str, Any]:
    """A SealedSecret."""
    secret = PlainSecret("db", "shop", {key: Plaintext(value) for key, value in (values or {"k": "12345"}).items()})
    return sealed_body(secret, pair(0).key.public_key(), scope)


def sealed() -> SealedSecret:
    """The object that is asked about."""
    return read_sealed(as_yaml(fresh()).encode(), "f")[0]


@contextmanager
def answering(answers: dict[str, list[Said]]) -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """Serve answers, in turn for each path, the last one again and again; yield the URL, and what was asked."""
    asked: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            before = sum(path == self.path for path, _ in asked)
            asked.append((self.path, body))
            given = answers.get(self.path, [(404, b"")])
            status, text = given[min(before, len(given) - 1)]
            self.send_response(status)
            self.send_header("Retry-After", "0")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_POST = do_GET  # noqa: N815 - http.server's name

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()
            thread.join()


def ask(folder: Path, url: str, question: Callable[[Controller], Any]) -> Any:
    """Ask the controller behind a server."""

    async def run() -> Any:
        config = str(kubeconfig(folder, url))
        async with Client(connect(Asked(kubeconfig=config)), pause=PAUSE) as client:
            return await question(Controller(client, "kube-system", "sealed-secrets-controller"))

    return asyncio.run(run())


def rotated(change: Callable[[dict[str, Any]], None] = lambda _: None) -> bytes:
    """What the controller makes of the object; ``change`` spoils it."""
    body = copy.deepcopy(fresh())
    change(body)
    return json.dumps(body).encode()


def test_sealed_anew(tmp_path: Path) -> None:
    """What comes back is taken once the controller can open it; neither template nor labels are sent along."""
    answers = {f"{BASE}/sealed-secrets-controller": [(200, SERVICE)], f"{PROXY}/verify": [(200, b"")]}
    with answering({**answers, f"{PROXY}/rotate": [(200, rotated())]}) as (url, asked):
        values = ask(tmp_path, url, lambda controller: controller.sealed_anew(sealed()))
    sent = json.loads(asked[1][1])
    annotations = {"sealedsecrets.bitnami.com/namespace-wide": "true"}

    assert [path.rpartition("/")[2] for path, _ in asked] == ["sealed-secrets-controller", "rotate", "verify"]
    assert sent["spec"]["template"] == {"metadata": {"name": "db", "namespace": "shop", "annotations": annotations}}
    assert json.loads(asked[2][1])["spec"]["encryptedData"] == values


def _other_scope(body: dict[str, Any]) -> None:
    body["metadata"]["annotations"] = {}


def _other_name(body: dict[str, Any]) -> None:
    body["metadata"]["name"] = "other"


def _more_keys(body: dict[str, Any]) -> None:
    body["spec"]["encryptedData"] |= fresh(more="x")["spec"]["encryptedData"]


def _other_size(body: dict[str, Any]) -> None:
    body["spec"]["encryptedData"] = fresh(k="123456")["spec"]["encryptedData"]


def _no_envelope(body: dict[str, Any]) -> None:
    body["spec"]["encryptedData"] = {"k": "hunter2"}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (rotated(_other_scope), "changed the name, the namespace or the scope"),
        (rotated(_other_name), "changed the name, the namespace or the scope"),
        (rotated(_more_keys), "changed the keys"),
        (rotated(_other_size), "changed the size of k"),
        (rotated(_no_envelope), "a sealed value is"),
        (b"hunter2", "is no object"),
        (b"[]", "changed the name"),
    ],
)
def test_answers_that_are_not_what_was_asked_for(tmp_path: Path, answer: bytes, said: str) -> None:
    """An answer with another scope, name, key or size is refused, and its text is not repeated."""
    answers = {f"{BASE}/sealed-secrets-controller": [(200, SERVICE)], f"{PROXY}/rotate": [(200, answer)]}
    with answering(answers) as (url, _), pytest.raises(TamperedError, match=said) as raised:
        ask(tmp_path, url, lambda controller: controller.sealed_anew(sealed()))

    assert "hunter2" not in raised.value.message


def test_what_it_cannot_open_itself(tmp_path: Path) -> None:
    """What the controller made and cannot open does not count."""
    answers = {
        f"{BASE}/sealed-secrets-controller": [(200, SERVICE)],
        f"{PROXY}/rotate": [(200, rotated())],
        f"{PROXY}/verify": [(409, b"")],
    }
    with answering(answers) as (url, _), pytest.raises(TamperedError, match="cannot open what it made"):
        ask(tmp_path, url, lambda controller: controller.sealed_anew(sealed()))


def test_too_many_questions(tmp_path: Path) -> None:
    """Where the controller limits the rate, it is asked again; where it fails at an object, it is not."""
    answers = {
        f"{BASE}/sealed-secrets-controller": [(200, SERVICE)],
        f"{PROXY}/verify": [(429, b"limit exceeded\n"), (429, b""), (200, b"")],
        f"{PROXY}/rotate": [(500, b"hunter2")],
    }
    with answering(answers) as (url, asked):
        assert ask(tmp_path, url, lambda controller: controller.opens(sealed())) is True
        with pytest.raises(ClusterError, match="cannot seal SealedSecret shop/db anew"):
            ask(tmp_path, url, lambda controller: controller.sealed_anew(sealed()))

    assert [path.rpartition("/")[2] for path, _ in asked if path.startswith(PROXY)] == [*["verify"] * 3, "rotate"]


@pytest.mark.parametrize(
    ("service", "proxied", "said"),
    [
        ((404, b""), (200, b""), "there is no Service kube-system/sealed-secrets-controller"),
        ((403, b""), (200, b""), "does not permit"),
        ((200, b"hunter2"), (200, b""), "cannot be read"),
        ((200, SERVICE), (503, b"hunter2"), "does not answer"),
        ((200, SERVICE), (500, b"hunter2"), "hands out no certificate"),
    ],
)
def test_no_controller(tmp_path: Path, service: Said, proxied: Said, said: str) -> None:
    """Each way in which there is no controller has its own message, without what the server said."""
    answers = {f"{BASE}/sealed-secrets-controller": [service], f"{PROXY}/cert.pem": [proxied]}
    with answering(answers) as (url, _), pytest.raises(StrongroomError, match=said) as raised:
        ask(tmp_path, url, lambda controller: controller.certificate())

    assert "hunter2" not in raised.value.message + raised.value.hint

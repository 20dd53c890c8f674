"""Requests to a real API server, and what becomes of every way in which they can fail."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.kube.front import PAUSE, Answer, Fault, Seen, front, kubeconfig, status
from tests.support.controlplane.access import Access
from tests.support.controlplane.pki import Authority

from strongroom.errors import AnswerError, KubeconfigError, UnreachableError
from strongroom.kube.client import Client
from strongroom.kube.connection import Asked, connect

CANARY = "hunter2-in-an-error-text"


def get(config: Path, path: str = "/version", *, seconds: float = 120, **asked: Any) -> bytes:
    """Return what one request gives."""

    async def run() -> bytes:
        async with Client(connect(Asked(kubeconfig=str(config), **asked)), seconds, PAUSE) as client:
            return await client.get(path)

    return asyncio.run(run())


def changed(config: Path, target: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """Write a kubeconfig that differs in one thing; ``change`` gets the cluster's entry and the user's, joined."""
    body = yaml.safe_load(config.read_text())
    joined = {**body["clusters"][0]["cluster"], **body["users"][0]["user"]}
    change(joined)
    user = {key: joined.pop(key) for key in list(joined) if key.startswith(("client-", "token", "exec", "user"))}
    body["clusters"][0]["cluster"], body["users"][0]["user"] = joined, user
    path = target / "changed.kubeconfig"
    path.write_text(yaml.safe_dump(body))
    return path


_WITHOUT_FILES = """
import asyncio, os, sys

opened = []

def watch(event, args):
    if event == "open" and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) and isinstance(args[0], (str, bytes)):
        opened.append(str(args[0]))

from strongroom.kube.client import Client
from strongroom.kube.connection import Asked, connect

async def run():
    async with Client(connect(Asked(kubeconfig=sys.argv[1]))) as client:
        return await client.get("/api/v1/namespaces")

sys.addaudithook(watch)
assert b"items" in asyncio.run(run())
print(opened)
"""


def test_a_client_certificate_without_a_file(cluster: Access) -> None:
    """A client certificate of the kubeconfig is used; its private key is in no file, not even for a moment."""
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_FILES, str(cluster.kubeconfig())], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


def test_certificate_files(cluster: Access, tmp_path: Path) -> None:
    """A certificate, a key and an authority that stand in files beside the kubeconfig are used."""

    def to_files(entry: dict[str, Any]) -> None:
        for name in ("certificate-authority", "client-certificate", "client-key"):
            (tmp_path / f"{name}.pem").write_bytes(base64.b64decode(entry.pop(f"{name}-data")))
            entry[name] = f"{name}.pem"

    assert b"gitVersion" in get(changed(cluster.kubeconfig(), tmp_path, to_files))


def test_a_plugin_may_give_a_certificate(cluster: Access, tmp_path: Path) -> None:
    """An exec plugin that gives a client certificate and its key lets us in."""
    entry = yaml.safe_load(cluster.kubeconfig().read_text())["users"][0]["user"]
    pem = {key: base64.b64decode(entry[f"client-{key}-data"]).decode() for key in ("certificate", "key")}
    given = {"clientCertificateData": pem["certificate"], "clientKeyData": pem["key"]}
    printed = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": given}
    (tmp_path / "credential.json").write_text(json.dumps(printed))

    def to_plugin(entry: dict[str, Any]) -> None:
        entry.pop("client-certificate-data")
        entry.pop("client-key-data")
        args = [str(tmp_path / "credential.json")]
        entry["exec"] = {"command": "cat", "args": args, "apiVersion": "client.authentication.k8s.io/v1"}

    assert b'"items"' in get(changed(cluster.kubeconfig(), tmp_path, to_plugin), "/api/v1/namespaces")


def test_impersonation(cluster: Access) -> None:
    """With ``--as`` the API server judges the other user, not the one of the kubeconfig."""
    assert b'"items"' in get(cluster.kubeconfig(), "/api/v1/namespaces")
    with pytest.raises(AnswerError, match="does not permit") as raised:
        get(cluster.kubeconfig(), "/api/v1/namespaces", as_user="nobody", as_groups=("guests",))
    assert raised.value.status == 403


def test_a_certificate_of_another_authority(cluster: Access, tmp_path: Path) -> None:
    """A server whose certificate does not lead to the kubeconfig's authority is not talked to."""
    other = base64.b64encode(Authority.new("other").credential.certificate).decode()
    config = changed(cluster.kubeconfig(), tmp_path, lambda entry: entry.update({"certificate-authority-data": other}))

    with pytest.raises(UnreachableError, match="is not trusted") as raised:
        get(config)
    assert "certificate-authority" in raised.value.hint

    def to_insecure(entry: dict[str, Any]) -> None:
        del entry["certificate-authority-data"]
        entry["insecure-skip-tls-verify"] = True

    assert b"gitVersion" in get(changed(cluster.kubeconfig(), tmp_path, to_insecure))


def test_a_certificate_of_another_name(cluster: Access, tmp_path: Path) -> None:
    """The name in the server's certificate must be the URL's, or that of ``tls-server-name``."""

    def named(name: str) -> Path:
        return changed(cluster.kubeconfig(), tmp_path, lambda entry: entry.update({"tls-server-name": name}))

    assert b"gitVersion" in get(named("kubernetes.default.svc"))
    with pytest.raises(UnreachableError, match="is not trusted") as raised:
        get(named("elsewhere.example.org"))
    assert "tls-server-name" in raised.value.hint


@pytest.mark.parametrize("field", ["certificate-authority-data", "client-certificate-data", "client-key-data"])
def test_certificates_that_are_none(cluster: Access, tmp_path: Path, field: str) -> None:
    """Rubbish in place of a certificate or a key is an error of the kubeconfig."""
    rubbish = base64.b64encode(b"rubbish").decode()
    with pytest.raises(KubeconfigError):
        get(changed(cluster.kubeconfig(), tmp_path, lambda entry: entry.update({field: rubbish})))
    with pytest.raises(KubeconfigError, match="is not base64"):
        get(changed(cluster.kubeconfig(), tmp_path, lambda entry: entry.update({field: "?"})))


def test_a_refused_token_is_asked_for_again_once(cluster: Access, tmp_path: Path) -> None:
    """A 401 leads to one more attempt with a fresh credential, and then to an error that says what to do."""
    counter = tmp_path / "runs"
    script = tmp_path / "plugin"
    script.write_text(
        f"#!/bin/sh\necho run >> '{counter}'\n"
        'echo \'{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "no"}}\'\n'
    )
    script.chmod(0o755)

    def to_plugin(entry: dict[str, Any]) -> None:
        entry.pop("client-certificate-data")
        entry.pop("client-key-data")
        entry["exec"] = {"command": str(script), "apiVersion": "client.authentication.k8s.io/v1"}

    with pytest.raises(AnswerError, match="does not accept the credential") as raised:
        get(changed(cluster.kubeconfig(), tmp_path, to_plugin), "/api/v1/namespaces")
    assert raised.value.status == 401
    assert counter.read_text() == "run\nrun\n"


@contextmanager
def behind(cluster: Access | None, fault: Fault, folder: Path) -> Iterator[tuple[Path, list[Seen]]]:
    """Give a kubeconfig that leads through a faulty server, and what that has seen."""
    with front(cluster.client() if cluster else None, fault) as server:
        yield kubeconfig(folder, server.url), server.seen


@pytest.mark.parametrize(
    "answer",
    [
        status(429, "TooManyRequests", CANARY, Retry_After="1"),
        status(503, "ServiceUnavailable", CANARY),
        status(500, "InternalError", CANARY),
        Answer(504, b""),
        Answer(drop=True),
    ],
    ids=["429", "503", "500", "504", "dropped"],
)
def test_passing_faults_are_tried_again(cluster: Access, tmp_path: Path, answer: Answer) -> None:
    """A server that is busy, fails, or drops the connection for a moment is asked again, and then answers."""
    with behind(cluster, lambda _, before: answer if before < 2 else None, tmp_path) as (config, seen):
        assert b"gitVersion" in get(config)
    assert len(seen) == 3


def test_the_time_that_the_server_asks_for_is_kept(cluster: Access, tmp_path: Path) -> None:
    """``Retry-After`` in seconds is waited for."""
    times: list[float] = []

    def fault(_: Seen, before: int) -> Answer | None:
        times.append(time.monotonic())
        return status(429, "TooManyRequests", Retry_After="2") if before == 0 else None

    with behind(cluster, fault, tmp_path) as (config, _):
        get(config)
    assert times[1] - times[0] >= 2


@pytest.mark.parametrize("code", [429, 500, 503, 400, 404])
def test_lasting_faults_are_errors_without_their_text(tmp_path: Path, code: int) -> None:
    """What does not get better is an error that tells the status, and nothing of what the server said."""
    fault = status(code, CANARY, CANARY)
    with behind(None, lambda _seen, _before: fault, tmp_path) as (config, seen), pytest.raises(AnswerError) as raised:
        get(config)
    assert raised.value.status == code
    assert CANARY not in raised.value.message + raised.value.hint
    assert len(seen) == (5 if code in (429, 500, 503) else 1)


def test_redirects_are_not_followed(tmp_path: Path) -> None:
    """A server that sends us elsewhere would get our credential there: it is refused."""
    elsewhere = Answer(302, b"", {"Location": "https://example.org/"})
    with behind(None, lambda _seen, _before: elsewhere, tmp_path) as (config, _), pytest.raises(AnswerError):
        get(config)


def test_nobody_listens(tmp_path: Path) -> None:
    """A server that is not there is named with its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(UnreachableError, match=f"127.0.0.1:{port}"):
        get(kubeconfig(tmp_path, f"http://127.0.0.1:{port}"))


def test_a_server_that_hangs_is_given_up(tmp_path: Path) -> None:
    """A server that accepts and never answers costs a bounded time."""
    release = threading.Event()

    def hang(_seen: Seen, _before: int) -> Answer | None:
        release.wait(30)
        return Answer(drop=True)

    with front(None, hang) as server:
        try:
            with pytest.raises(UnreachableError, match="does not answer in time"):
                get(kubeconfig(tmp_path, server.url), seconds=0.2)
        finally:
            release.set()


def test_old_authorities_are_accepted() -> None:
    """The checks that Python 3.13 added and client-go does not make are left out: clusters of today would fail them."""
    from strongroom.kube.tls import client_context

    context = client_context(authority=None, insecure=False)

    assert not context.verify_flags & ssl.VERIFY_X509_STRICT
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname

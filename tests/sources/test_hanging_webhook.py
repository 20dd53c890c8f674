"""A custom resource behind a real conversion webhook that takes requests and never answers."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.kube.front import Answer, Seen, front, kubeconfig
from tests.sources.custom_resources import crd
from tests.support.controlplane.access import Access, eventually
from tests.support.controlplane.fixtures import StartCluster
from tests.support.controlplane.pki import Authority

from strongroom.errors import TimedOutError
from strongroom.model.settings import Settings
from strongroom.sources.cluster_options import ClusterOptions
from strongroom.survey.run import Request, survey

GROUP = "external-secrets.io"
COLLECTION = f"/apis/{GROUP}/v1beta1/namespaces/default/externalsecrets"


@contextmanager
def hanging(folder: Path) -> Iterator[tuple[str, str, list[bytes]]]:
    """Run an HTTPS server that reads and never answers: its URL, its authority, and what it was sent."""
    authority = Authority.new("webhook-ca")
    credential = authority.server("webhook", ["127.0.0.1"])
    (folder / "webhook.pem").write_bytes(credential.certificate + credential.key)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "webhook.pem")
    sent: list[bytes] = []
    ended = threading.Event()

    def hold(near: socket.socket) -> None:
        try:
            with tls.wrap_socket(near, server_side=True) as connection:
                sent.append(connection.recv(65536))
                ended.wait()
        except OSError:
            near.close()

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=hold, args=(near,), daemon=True))
            threads[-1].start()

    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve, args=(listener,), daemon=True)
        server.start()
        try:
            ca = base64.b64encode(authority.credential.certificate).decode()
            yield f"https://127.0.0.1:{listener.getsockname()[1]}/convert", ca, sent
        finally:
            ended.set()
            listener.shutdown(socket.SHUT_RDWR)
            for thread in (server, *threads):
                thread.join()


def definition(url: str, ca: str) -> dict[str, Any]:
    """Define ExternalSecrets that are stored as v1beta1 and served as v1, as after an upgrade of the operator."""
    body = crd(GROUP, "externalsecrets", "ExternalSecret")
    (stored,) = body["spec"]["versions"]
    body["spec"]["versions"] = [{**stored, "storage": False}, {**stored, "name": "v1beta1"}]
    webhook = {"clientConfig": {"url": url, "caBundle": ca}, "conversionReviewVersions": ["v1"]}
    body["spec"]["conversion"] = {"strategy": "Webhook", "webhook": webhook}
    return body


def test_the_audit_goes_on(start_cluster: StartCluster, tmp_path: Path) -> None:
    """The kind is named with the reason and its webhook; everything else is read, and the audit finds what is there."""
    access = start_cluster().access
    admin = access.client()
    with hanging(tmp_path) as (url, ca, sent):
        admin.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition(url, ca))
        eventually(lambda: admin.answers(COLLECTION), "ExternalSecrets are served")
        body = {"apiVersion": f"{GROUP}/v1beta1", "kind": "ExternalSecret", "metadata": {"name": "db"}}
        admin.create(COLLECTION, {**body, "spec": {"target": {"name": "db"}}})
        admin.create(
            "/api/v1/namespaces/default/configmaps",
            {"metadata": {"name": "c"}, "data": {"password": "hunter2-Kq8vTz3"}},
        )
        options = ClusterOptions(kubeconfig=str(access.kubeconfig()), seconds=3)

        report = survey(Request(("cluster",), bytes(32), Settings(), cluster=options))

        assert any(b"ConversionReview" in request or b"POST /convert" in request for request in sent)
    named = [f"{entry.reason.value}: {entry.detail}" for entry in report.skipped]
    why = "no answer in time, is its conversion webhook at work?"
    assert named == [f"the API server failed at it: cannot list externalsecrets.external-secrets.io: {why}"]
    assert any(finding.id == "secret-in-configmap" for finding in report.findings)


def test_a_server_that_no_longer_answers_at_all_ends_the_audit(cluster: Access, tmp_path: Path) -> None:
    """Where not only one kind hangs, that is an error, and no report with a gap for each kind."""
    release = threading.Event()

    def hang(seen: Seen, _before: int) -> Answer | None:
        if seen.path.partition("?")[0] in ("/api", "/apis"):
            return None
        release.wait(30)
        return Answer(drop=True)

    with front(cluster.client(), hang) as server:
        options = ClusterOptions(kubeconfig=str(kubeconfig(tmp_path, server.url)), seconds=0.3)
        try:
            with pytest.raises(TimedOutError, match="does not answer in time"):
                survey(Request(("cluster",), bytes(32), Settings(), cluster=options))
        finally:
            release.set()

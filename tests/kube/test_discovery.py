"""What an API server says that it serves."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.kube.front import PAUSE, Answer, front, kubeconfig
from tests.support.controlplane.access import Access

from strongroom.errors import ClusterError, UnreachableError
from strongroom.kube.client import Client
from strongroom.kube.connection import Asked, connect
from strongroom.kube.discovery import Discovery, discover


def served(config: Path) -> Discovery:
    """Return what a server serves."""

    async def run() -> Discovery:
        async with Client(connect(Asked(kubeconfig=str(config))), pause=PAUSE) as client:
            return await discover(client)

    return asyncio.run(run())


def test_discovery_names_what_can_be_listed(cluster: Access) -> None:
    """Of every group each kind is there once, in the preferred version, with its path; what cannot be listed is not."""
    found = served(cluster.kubeconfig()).served

    deployments = found["apps", "deployments"]
    assert (deployments.kind, deployments.api_version, deployments.namespaced) == ("Deployment", "apps/v1", True)
    assert deployments.path() == "/apis/apps/v1/deployments"
    assert deployments.path("shop") == "/apis/apps/v1/namespaces/shop/deployments"
    assert found["", "namespaces"].path() == "/api/v1/namespaces"
    assert not found["", "namespaces"].namespaced
    assert ("", "bindings") not in found
    assert not [resource for _, resource in found if "/" in resource]


def test_an_old_api_server(tmp_path: Path) -> None:
    """A server that does not know aggregated discovery is too old, and that is said."""
    old = Answer(200, b'{"kind": "APIVersions", "versions": ["v1"]}')
    unfit = pytest.raises(ClusterError, match="older than Kubernetes")
    with front(None, lambda _seen, _before: old) as server, unfit:
        served(kubeconfig(tmp_path, server.url))


def test_something_else_than_an_api_server(tmp_path: Path) -> None:
    """A login page in place of an API server is said to be none."""
    page = Answer(200, b"<html>log in</html>", {"Content-Type": "text/html"})
    unfit = pytest.raises(UnreachableError, match="is no Kubernetes API server")
    with front(None, lambda _seen, _before: page) as server, unfit:
        served(kubeconfig(tmp_path, server.url))

"""Storage version migrations of a real API server; the test says what the controller would."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tests.support.controlplane.access import Access
from tests.support.controlplane.access import Client as Admin
from tests.support.controlplane.apiserver import Options
from tests.support.controlplane.fixtures import StartCluster

from strongroom.kube.client import Client
from strongroom.kube.connection import Asked, connect
from strongroom.kube.discovery import Served, discover
from strongroom.kube.migration import migrate, offered

PATH = "/apis/storagemigration.k8s.io/v1beta1/storageversionmigrations"
MIGRATING = Options(
    feature_gates={"StorageVersionMigrator": True},
    flags=("--runtime-config=storagemigration.k8s.io/v1beta1=true",),
)
SECRETS = Served("", "v1", "secrets", "Secret", namespaced=True)
_Answer = TypeVar("_Answer")


def ask(access: Access, question: Callable[[Client], Awaitable[_Answer]], user: str = "admin") -> _Answer:
    """Ask a cluster as somebody."""

    async def run() -> _Answer:
        async with Client(connect(Asked(kubeconfig=str(access.kubeconfig(user))))) as client:
            return await question(client)

    return asyncio.run(run())


def controller(admin: Admin, condition: str, seen: list[object]) -> threading.Thread:
    """Start what gives the first migration that appears a condition."""

    def work() -> None:
        while not (found := admin.get(PATH)["items"]):
            threading.Event().wait(0.05)
        seen.append(found[0]["spec"])
        now = "2026-11-21T00:00:00Z"
        about = {"type": condition, "status": "True", "reason": "Test", "message": "m", "lastTransitionTime": now}
        body = {"status": {"conditions": [about]}}
        name = found[0]["metadata"]["name"]
        admin.call("PATCH", f"{PATH}/{name}/status", body, {"Content-Type": "application/merge-patch+json"})

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_offered_and_done(start_cluster: StartCluster) -> None:
    """Asked for, waited for, and deleted: true only where the cluster says that it succeeded."""
    access = start_cluster(MIGRATING).access
    admin = access.client()
    served = offered(ask(access, discover))
    assert served is not None
    assert served.path() == PATH

    def wanted(patience: float) -> Callable[[Client], Awaitable[bool]]:
        return lambda client: migrate(client, served, SECRETS, patience)

    for condition, outcome in (("Succeeded", True), ("Failed", False)):
        seen: list[object] = []
        thread = controller(admin, condition, seen)
        assert ask(access, wanted(30)) is outcome
        thread.join()
        assert seen == [{"resource": {"group": "", "resource": "secrets"}}]
        assert admin.get(PATH)["items"] == []
    assert ask(access, wanted(0)) is False
    assert admin.get(PATH)["items"] == []
    assert ask(access, wanted(30), user="nobody") is False


def test_not_offered(cluster: Access) -> None:
    """A cluster that has no such API offers none."""
    assert offered(ask(cluster, discover)) is None

"""Objects are asked for by the names that etcd has, whatever characters those have."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.kube.front import PAUSE, Answer, Seen, front, kubeconfig, status

from strongroom.atrest.reading import unreadable
from strongroom.atrest.servers import Server, session
from strongroom.kube.discovery import Served

_ROLES = Served("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", namespaced=False)
_PATH = "/apis/rbac.authorization.k8s.io/v1/clusterroles/"


def test_names_with_signs_of_urls(tmp_path: Path) -> None:
    """A name may hold what means something in a URL: no other object answers in its place."""
    broken = {f"{_PATH}a%3Fb", f"{_PATH}a%23b", f"{_PATH}a%20b%25"}

    def fault(seen: Seen, _: int) -> Answer:
        return status(500, "InternalError") if seen.path in broken else Answer(200, b"{}")

    async def asked(url: str) -> list[str]:
        server = Server("one", "", "", str(kubeconfig(tmp_path, url)))
        async with session(server, {}, PAUSE) as client:
            return await unreadable(client, _ROLES, ["a", "a?b", "system:a", "a#b", "a b%"])

    with front(None, fault) as server:
        assert asyncio.run(asked(server.url)) == ["a?b", "a#b", "a b%"]
        assert {one.path for one in server.seen} == {f"{_PATH}a", f"{_PATH}system:a", *broken}

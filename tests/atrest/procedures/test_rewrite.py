"""Who rewrites objects: the cluster where it offers that, and this program what is left."""

from __future__ import annotations

import msgspec
from tests.kube.test_migration import MIGRATING, controller
from tests.support.controlplane.access import Access
from tests.support.controlplane.fixtures import StartCluster

from strongroom.atrest.expected import Expected
from strongroom.atrest.procedures.arguments import EtcdArgument, ServerArgument
from strongroom.atrest.procedures.rewrite import PROCEDURE, Rewriting

RULES = (Expected(("secrets",), "identity"),)
_ASKED = "secrets: the cluster rewrites them (StorageVersionMigration)"


def _done(access: Access, migration: float, etcd: EtcdArgument | None = None) -> list[str]:
    """Rewrite, and return what was said."""
    said: list[str] = []
    server = ServerArgument("one", kubeconfig=str(access.kubeconfig()))
    PROCEDURE.do(msgspec.to_builtins(Rewriting(server, RULES, etcd, migration)), said.append)
    return [line for line in said if " of about " not in line]


def test_the_cluster_first(start_cluster: StartCluster) -> None:
    """The cluster is asked, for as long as one may wait; what it leaves is rewritten from here, and nothing for nothing."""
    cluster = start_cluster(MIGRATING)
    admin = cluster.access.client()
    admin.create("/api/v1/namespaces/default/secrets", {"metadata": {"name": "one"}})
    left = "secrets: it did not finish; what it left is rewritten from here"

    for condition, more in (("Succeeded", []), ("Failed", [left])):
        thread = controller(admin, condition, [])
        said = _done(cluster.access, 30)
        thread.join()
        assert said == [_ASKED, *more, "secrets: 1 rewritten"]
    assert _done(cluster.access, 0.1) == [_ASKED, left, "secrets: 1 rewritten"]
    assert _done(cluster.access, 0) == ["secrets: 1 rewritten"]
    assert _done(cluster.access, 30, EtcdArgument(f"etcd:{cluster.etcd.url}")) == []


def test_a_cluster_without(start_cluster: StartCluster) -> None:
    """Where the cluster offers none, everything is rewritten from here; also nothing, where there is nothing."""
    assert _done(start_cluster().access, 30) == ["secrets: 0 rewritten"]


def test_said() -> None:
    """A plan says that the cluster comes first only where it is waited for."""
    first = "first by a StorageVersionMigration, if the cluster offers that"
    for migration, lines in ((300.0, [first]), (0.0, [])):
        said = PROCEDURE.said(msgspec.to_builtins(Rewriting(ServerArgument("one"), RULES, None, migration)))
        assert [*said[2:]] == lines

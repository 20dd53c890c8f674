"""Waiting for pods that were changed."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.controlplane.access import Access, eventually

from strongroom.errors import PlanError
from strongroom.model.plan import ClusterRef
from strongroom.survey.fixes.live_rollout import NAME, PROCEDURE, held_up, is_rolled_out, rollout
from strongroom.survey.procedures import procedure


def _workload(kind: str, generation: int, status: dict[str, int], replicas: int = 2) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"generation": generation}, "spec": {"replicas": replicas}, "status": status}


@pytest.mark.parametrize(
    ("kind", "status", "done"),
    [
        ("Deployment", {"observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}, True),
        ("Deployment", {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}, False),
        ("Deployment", {"observedGeneration": 3, "replicas": 3, "updatedReplicas": 2, "availableReplicas": 2}, False),
        ("Deployment", {"observedGeneration": 3, "replicas": 2, "updatedReplicas": 1, "availableReplicas": 2}, False),
        ("StatefulSet", {"observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 1}, False),
        ("Deployment", {}, False),
        (
            "DaemonSet",
            {"observedGeneration": 3, "desiredNumberScheduled": 4, "updatedNumberScheduled": 4, "numberAvailable": 4},
            True,
        ),
        (
            "DaemonSet",
            {"observedGeneration": 3, "desiredNumberScheduled": 4, "updatedNumberScheduled": 3, "numberAvailable": 4},
            False,
        ),
    ],
)
def test_when_a_workload_is_rolled_out(kind: str, status: dict[str, int], done: bool) -> None:
    """A workload is rolled out when its controller saw it and every pod is new and at work, none of the old left."""
    assert is_rolled_out(_workload(kind, 3, status)) is done


def test_no_pods_are_wanted() -> None:
    """A workload without pods is rolled out as soon as its controller saw it."""
    assert is_rolled_out(_workload("Deployment", 1, {"observedGeneration": 1}, replicas=0))


@pytest.mark.parametrize(
    ("kind", "spec", "why"),
    [
        ("Deployment", {"paused": True}, "kubectl rollout resume"),
        ("StatefulSet", {"updateStrategy": {"type": "OnDelete"}}, "delete the old ones"),
        ("DaemonSet", {"updateStrategy": {"type": "OnDelete"}}, "delete the old ones"),
        (
            "StatefulSet",
            {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}},
            "numbers below 2 stay old",
        ),
        ("StatefulSet", {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}}, ""),
        ("Deployment", {}, ""),
    ],
)
def test_what_holds_it_up(cluster: Access, namespace: str, kind: str, spec: dict[str, Any], why: str) -> None:
    """On a real API server: what a workload itself says against new pods is told with how to go on."""
    client, kinds = cluster.client(), f"/apis/apps/v1/namespaces/{namespace}/{kind.lower()}s"
    pod = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
    made = {"selector": {"matchLabels": {"app": "a"}}, "template": pod, **spec}
    client.create(kinds, {"metadata": {"name": "a"}, "spec": made})
    assert why in held_up(client.get(f"{kinds}/a"))
    assert bool(why) == bool(held_up(client.get(f"{kinds}/a")))


def test_what_it_says() -> None:
    """It says for what it waits, and when."""
    cluster, some = ClusterRef("u", "test"), {"/apis/apps/v1/namespaces/a/deployments/b": "Deployment a/b"}

    forth, back = (PROCEDURE.said(rollout(cluster, some, back=way).arguments) for way in (False, True))

    assert forth == ("waits until all pods of these are new and at work, 600 s at most:", "Deployment a/b")
    assert back == ("on the way back, waits until all pods of these are as before:", "Deployment a/b")
    assert procedure(NAME) is PROCEDURE


@pytest.mark.parametrize("arguments", [{}, {"cluster": {"uid": "u", "context": "c"}, "workloads": {"/metrics": "x"}}])
def test_arguments_from_somebody_else(arguments: dict[str, Any]) -> None:
    """A saved plan may hold anything: what is no workload is refused."""
    with pytest.raises(PlanError):
        PROCEDURE.check(arguments)


def test_it_waits_as_long_as_it_may(cluster: Access, namespace: str) -> None:
    """On a real API server: what is rolled out is not waited for, and pods that never start stop the plan in time."""
    client = cluster.client()
    apps = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    pod = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
    spec = {"replicas": 0, "selector": {"matchLabels": {"app": "a"}}, "template": pod}
    client.create(apps, {"metadata": {"name": "a"}, "spec": spec})
    uid = client.get("/api/v1/namespaces/kube-system")["metadata"]["uid"]
    reference = ClusterRef(uid, "test", str(cluster.kubeconfig(namespace=namespace)))
    arguments = {**rollout(reference, {f"{apps}/a": "Deployment a"}, back=False).arguments, "seconds": 1}
    eventually(lambda: is_rolled_out(client.get(f"{apps}/a")), "the controller has seen the Deployment")
    said: list[str] = []

    PROCEDURE.check(arguments)
    PROCEDURE.do(arguments, said.append)
    PROCEDURE.verify(arguments)
    assert said == []

    merge = {"Content-Type": "application/merge-patch+json"}
    client.call("PATCH", f"{apps}/a", {"spec": {"replicas": 1}}, merge)
    with pytest.raises(PlanError, match="Deployment a is not rolled out after 1 s"):
        PROCEDURE.do(arguments, said.append)
    with pytest.raises(PlanError, match="Deployment a is not rolled out"):
        PROCEDURE.verify(arguments)
    assert said == ["waiting for Deployment a"]
    client.call("PATCH", f"{apps}/a", {"spec": {"paused": True}}, merge)
    wanted = "it is paused and replaces no pod: kubectl rollout resume; then strongroom plan resume "
    with pytest.raises(PlanError) as caught:
        PROCEDURE.do(arguments, said.append)
    assert caught.value.hint.startswith(f"{wanted}goes on")
    with pytest.raises(PlanError) as caught:
        PROCEDURE.verify(arguments)
    assert caught.value.hint == f"{wanted}waits again"
    assert said[1:] == ["waiting for Deployment a (it is paused and replaces no pod: kubectl rollout resume)"]
    PROCEDURE.undo(arguments, said.append)
    with pytest.raises(PlanError, match="not rolled out after 1 s"):
        PROCEDURE.undo({**arguments, "back": True}, said.append)

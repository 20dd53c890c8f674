"""What a running pod was given."""

from __future__ import annotations

from typing import Any

from strongroom.model.origin import Origin
from strongroom.model.pod import running_pod
from strongroom.model.resource import Resource

STARTED = "2026-01-02T03:04:05Z"


def pod(spec: dict[str, Any], status: dict[str, Any], kind: str = "Pod") -> Resource:
    """Return a pod as a cluster has it."""
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "api-1", "controller": True}
    metadata = {"name": "api-1-x", "namespace": "shop", "ownerReferences": [owner]}
    body = {"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec, "status": status}
    return Resource("v1", kind, "shop", "api-1-x", {}, {}, body, Origin("cluster:a", ""))


def test_what_containers_keep_and_what_is_brought_up_to_date() -> None:
    """Variables and parts of a volume stay as they were when the container started; a whole volume follows the Secret."""
    reference = {"secretKeyRef": {"name": "by-key", "key": "k"}}
    container = {
        "name": "app",
        "env": [{"name": "A", "valueFrom": reference}, {"name": "B", "value": "b"}],
        "envFrom": [{"secretRef": {"name": "whole"}}, {"configMapRef": {"name": "c"}}],
        "volumeMounts": [
            {"name": "mounted", "mountPath": "/a"},
            {"name": "part", "mountPath": "/b", "subPath": "k"},
            {"name": "projected", "mountPath": "/c"},
        ],
    }
    volumes = [
        {"name": "mounted", "secret": {"secretName": "mounted"}},
        {"name": "part", "secret": {"secretName": "part"}},
        {
            "name": "projected",
            "projected": {"sources": [{"secret": {"name": "projected"}}, {"configMap": {"name": "x"}}]},
        },
    ]
    running = {"containerStatuses": [{"name": "app", "state": {"running": {"startedAt": STARTED}}}]}

    found = running_pod(pod({"containers": [container], "volumes": volumes}, running))

    assert found is not None
    assert found.owner is not None
    assert found.owner.show() == "ReplicaSet shop/api-1"
    assert {(use.secret, use.kept) for use in found.uses} == {
        ("by-key", True),
        ("whole", True),
        ("part", True),
        ("mounted", False),
        ("projected", False),
    }
    assert {use.started for use in found.uses} == {STARTED}


def test_containers_that_do_not_run() -> None:
    """A container that waits or has ended has no start; a pod of a manifest is no running pod at all."""
    spec = {"containers": [{"name": "app", "envFrom": [{"secretRef": {"name": "s"}}]}]}
    waiting = {"containerStatuses": [{"name": "app", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}

    found = running_pod(pod(spec, waiting))

    assert found is not None
    assert [use.started for use in found.uses] == [""]
    assert running_pod(pod(spec, {})) is None
    assert running_pod(pod(spec, waiting, kind="PodTemplate")) is None


def test_hostile_shapes() -> None:
    """Whatever stands where a pod should have its parts, nothing is raised."""
    shapes: list[Any] = [[], "x", 3, None, {"a": []}]
    for odd in shapes:
        assert running_pod(pod({"containers": odd}, {"containerStatuses": odd, "x": 1})) is not None

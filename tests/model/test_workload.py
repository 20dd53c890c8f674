"""One view over everything that runs pods."""

from __future__ import annotations

from typing import Any

import pytest

from strongroom.model.origin import Origin
from strongroom.model.resource import Resource
from strongroom.model.workload import workloads_of

POD = {"containers": [{"name": "app", "image": "app:1", "env": [{"name": "A", "value": "b"}]}]}


def _resource(api_version: str, kind: str, body: dict[str, Any]) -> Resource:
    body = {"apiVersion": api_version, "kind": kind, **body}
    return Resource(api_version, kind, "shop", "x", {}, {}, body, Origin("t", "t.yaml", 0))


@pytest.mark.parametrize(
    ("api_version", "kind", "body"),
    [
        ("v1", "Pod", {"spec": POD}),
        ("v1", "PodTemplate", {"template": {"spec": POD}}),
        ("v1", "ReplicationController", {"spec": {"template": {"spec": POD}}}),
        ("apps/v1", "Deployment", {"spec": {"template": {"spec": POD}}}),
        ("apps/v1", "ReplicaSet", {"spec": {"template": {"spec": POD}}}),
        ("apps/v1", "StatefulSet", {"spec": {"template": {"spec": POD}}}),
        ("apps/v1", "DaemonSet", {"spec": {"template": {"spec": POD}}}),
        ("batch/v1", "Job", {"spec": {"template": {"spec": POD}}}),
        ("batch/v1", "CronJob", {"spec": {"jobTemplate": {"spec": {"template": {"spec": POD}}}}}),
        ("argoproj.io/v1alpha1", "Rollout", {"spec": {"template": {"spec": POD}}}),
        ("serving.knative.dev/v1", "Service", {"spec": {"template": {"spec": POD}}}),
    ],
)
def test_kinds(api_version: str, kind: str, body: dict[str, Any]) -> None:
    """The pod spec of each kind is found, and its variables with the fields that lead to them."""
    resource = _resource(api_version, kind, body)

    (workload,) = workloads_of(resource)
    (container,) = workload.containers
    (variable,) = container.env

    assert (container.name, variable.name, variable.value) == ("app", "A", "b")
    assert resource.get(*variable.field) == {"name": "A", "value": "b"}
    assert workload.service_account == "default"


def test_several_templates() -> None:
    """A custom resource may hold several pod templates."""
    body = {"spec": {"head": {"template": {"spec": POD}}, "workers": [{"template": {"spec": POD}}]}}

    assert len(list(workloads_of(_resource("ray.io/v1", "RayCluster", body)))) == 2


@pytest.mark.parametrize(
    "spec", [None, 3, "x", [], {"containers": "x"}, {"containers": [3, None, {"env": [1, {"name": 2}], "args": "x"}]}]
)
def test_odd_shapes(spec: Any) -> None:
    """Shapes that the API server would refuse are passed over."""
    for workload in workloads_of(_resource("v1", "Pod", {"spec": spec})):
        for container in workload.containers:
            assert not list(container.env)
            assert not list(container.words)


def test_definitions_are_no_workloads() -> None:
    """A custom resource definition describes pod templates; it has none."""
    body = {"spec": {"template": {"spec": POD}}}

    assert not list(workloads_of(_resource("apiextensions.k8s.io/v1", "CustomResourceDefinition", body)))

"""What the checks over pod specs have in common."""

from __future__ import annotations

from typing import Any

import pytest
from tests.posture.given import facts_of, pod

from strongroom.model.workload import Workload
from strongroom.posture.pods import (
    csi_secret_volumes,
    is_control_plane,
    is_whole,
    named,
    runs_as_root,
    secret_sources,
    secrets_given_to,
)


def workload(spec: dict[str, Any], **metadata: Any) -> Workload:
    """Return the workload of a pod spec."""
    return facts_of(pod(spec, **metadata)).workloads[0]


def test_secret_sources() -> None:
    """Secrets are found in their own volumes and among the sources of projected ones, with the fields that lead there."""
    spec = {
        "containers": [{"name": "api", "image": "api"}],
        "volumes": [
            {"name": "a", "secret": {"secretName": "database"}},
            {"name": "b", "projected": {"sources": [{"configMap": {"name": "x"}}, {"secret": {"name": "mail"}}]}},
            {"name": "c", "configMap": {"name": "settings"}},
            {"name": "d", "secret": "not a mapping"},
        ],
    }
    found = [(s.volume, s.name, s.field, s.holder_field) for s in secret_sources(workload(spec))]
    assert found == [
        ("a", "database", ("spec", "volumes", 0, "secret"), ("spec", "volumes", 0, "secret")),
        ("b", "mail", ("spec", "volumes", 1, "projected", "sources", 1, "secret"), ("spec", "volumes", 1, "projected")),
    ]


def test_csi_secret_volumes() -> None:
    """Only volumes of the Secrets Store CSI driver count, not those of other drivers."""
    mine = {"driver": "secrets-store.csi.k8s.io", "volumeAttributes": {"secretProviderClass": "signing"}}
    spec = {
        "containers": [{"name": "api", "image": "api"}],
        "volumes": [{"name": "a", "csi": mine}, {"name": "b", "csi": {"driver": "csi.spiffe.io"}}],
    }
    assert list(csi_secret_volumes(workload(spec))) == [("a", "signing")]


def test_pull_secrets_are_not_given_to_containers() -> None:
    """The kubelet uses pull secrets: no container sees them."""
    variable = {"name": "P", "valueFrom": {"secretKeyRef": {"name": "database", "key": "password"}}}
    spec = {"containers": [{"name": "a", "image": "a", "env": [variable]}], "imagePullSecrets": [{"name": "registry"}]}
    assert secrets_given_to(workload(spec)) == ["database"]


@pytest.mark.parametrize(
    ("pods", "own", "root"),
    [
        ({}, {}, True),
        ({"runAsNonRoot": True}, {}, False),
        ({"runAsUser": 1000}, {}, False),
        ({"runAsUser": 0}, {}, True),
        ({"runAsUser": 1000}, {"runAsUser": 0}, True),
        ({"runAsNonRoot": True}, {"runAsNonRoot": False}, True),
        ({"runAsNonRoot": True}, {"privileged": True}, True),
        ({"runAsUser": True}, {}, True),
        ({"runAsUser": "1000"}, {}, True),
    ],
)
def test_root(pods: dict[str, Any], own: dict[str, Any], *, root: bool) -> None:
    """A container runs as root unless its own context, or else the pod's, forbids it."""
    found = workload({"securityContext": pods, "containers": [{"name": "a", "image": "a", "securityContext": own}]})
    assert runs_as_root(found, found.containers[0]) is root


def test_fragments_are_not_whole() -> None:
    """A patch without images, and a custom resource that adds containers to a pod of its operator, are fragments."""
    assert is_whole(workload({"containers": [{"name": "api", "image": "shop/api"}]}))
    assert not is_whole(workload({"containers": [{"name": "api", "env": []}]}))
    prometheus = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "Prometheus",
        "metadata": {"name": "k8s"},
        "spec": {"containers": [{"name": "sidecar", "image": "sidecar"}]},
    }
    assert not is_whole(facts_of(prometheus).workloads[0])


def test_control_plane() -> None:
    """Kubeadm's static pods are the control plane; a pod elsewhere that claims the label is not."""
    spec = {"containers": [{"name": "a", "image": "a"}]}
    labels = {"tier": "control-plane"}
    assert is_control_plane(workload(spec, namespace="kube-system", labels=labels))
    assert is_control_plane(
        workload(spec, namespace="kube-system", annotations={"kubernetes.io/config.source": "file"})
    )
    assert not is_control_plane(workload(spec, namespace="shop", labels=labels))
    assert not is_control_plane(workload(spec, namespace="kube-system"))


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (list("abc"), "a, b and c"),
        (list("abcde"), "a, b, c and 2 more"),
    ],
)
def test_named(names: list[str], text: str) -> None:
    """Names are written as in a sentence, the first few of them."""
    assert named(names) == text

"""Authorizers that are not evaluated."""

from __future__ import annotations

from typing import Any

import pytest
from tests.posture.given import facts_of

from strongroom.access.other_authorizers import other_authorizers


def _server(*flags: str) -> dict[str, Any]:
    container = {"name": "kube-apiserver", "image": "registry.k8s.io/kube-apiserver:v1.36.0"}
    command = ["kube-apiserver", "--etcd-servers=https://127.0.0.1:2379", *flags]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "kube-apiserver", "namespace": "kube-system"},
        "spec": {"containers": [{**container, "command": command}]},
    }


@pytest.mark.parametrize("flags", [[], ["--authorization-mode=Node,RBAC"], ["--authorization-mode=RBAC,AlwaysDeny"]])
def test_nothing_is_said_of_what_is_evaluated(flags: list[str]) -> None:
    """RBAC and the Node authorizer are evaluated, and AlwaysDeny allows nothing."""
    assert other_authorizers(facts_of(_server(*flags))) == ()


@pytest.mark.parametrize("mode", ["Webhook", "ABAC"])
def test_another_mode_is_told(mode: str) -> None:
    """A mode that asks something else is told once, however many API servers have it."""
    server = _server(f"--authorization-mode=Node,RBAC,{mode}")
    notes = other_authorizers(facts_of(server, {**server, "metadata": {"name": "other", "namespace": "kube-system"}}))

    assert len(notes) == 1
    assert f"authorizer {mode} " in notes[0]


def test_everything_is_allowed() -> None:
    """AlwaysAllow makes every other answer too small."""
    assert "everything to everybody" in other_authorizers(facts_of(_server("--authorization-mode=AlwaysAllow")))[0]


def test_a_file_of_authorizers() -> None:
    """A file that the sources hold is read; one that they do not hold is told."""
    server = _server("--authorization-config=/etc/kubernetes/authorization.yaml")
    entries = [{"type": "Webhook", "name": "company"}, {"type": "RBAC", "name": "rbac"}]
    config = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AuthorizationConfiguration", "authorizers": entries}

    assert "do not hold" in other_authorizers(facts_of(server))[0]
    assert [note.partition(" too")[0] for note in other_authorizers(facts_of(server, config))] == [
        "the API server asks the authorizer Webhook"
    ]

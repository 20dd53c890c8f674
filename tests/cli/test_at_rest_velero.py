"""The admission policy of docs/at-rest-velero.md, on a real API server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.controlplane.access import Client, eventually
from tests.support.controlplane.fixtures import StartCluster

POLICY = Path(__file__).parents[2] / "examples" / "at-rest-backup" / "velero-policy.yaml"
POLICIES = {
    "ValidatingAdmissionPolicy": "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
}
REFUSAL = b"add --exclude-resources secrets"
HOME = "/apis/velero.io/v1/namespaces/default"


@pytest.fixture
def velero(start_cluster: StartCluster) -> Client:
    """A cluster with Velero's kinds, and the policy in force."""
    client = start_cluster().access.client()
    for kind in ("Backup", "Schedule"):
        client.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", _definition(kind))
    for body in yaml.safe_load_all(POLICY.read_text("utf-8")):
        client.create(f"{POLICIES[body['kind']]}?fieldValidation=Strict", body)
    eventually(lambda: client.answers(f"{HOME}/backups") and client.answers(f"{HOME}/schedules"), "Velero's kinds")
    eventually(lambda: _refused(client, "Backup", {"spec": {}}), "the policy in force")
    return client


def test_policy(velero: Client) -> None:
    """What leaves Secrets out, or is finished long since, is taken, and what would put them in a bucket is refused."""
    taken: list[dict[str, Any]] = [
        {"excludedResources": ["events", "secrets"]},
        {"excludedNamespaceScopedResources": ["secrets"]},
        {"excludedNamespaceScopedResources": ["*"]},
    ]
    not_taken: list[dict[str, Any]] = [{}, {"excludedResources": ["events"]}, {"includedResources": ["secrets"]}]
    for spec in taken:
        assert not _refused(velero, "Backup", {"spec": spec})
        assert not _refused(velero, "Schedule", {"spec": {"template": spec}})
    for spec in not_taken:
        assert _refused(velero, "Backup", {"spec": spec})
        assert _refused(velero, "Schedule", {"spec": {"template": spec}})
    # As Velero makes the finished backups of a bucket known to a cluster, and one that is still to be done.
    assert not _refused(velero, "Backup", {"spec": {}, "status": {"phase": "Completed"}})
    assert _refused(velero, "Backup", {"spec": {}, "status": {"phase": "New"}})


def test_policy_on_changes(velero: Client) -> None:
    """A schedule cannot be changed to have Secrets in its backups, and an old backup can still be written to."""
    merged = {"Content-Type": "application/merge-patch+json"}
    template = {"excludedResources": ["secrets"]}
    schedule = {**_named("Schedule"), "spec": {"template": template}}
    velero.create(f"{HOME}/schedules", schedule)
    change = {"spec": {"template": {"excludedResources": None}}}
    status, said = velero.request("PATCH", f"{HOME}/schedules/b", change, merged)
    assert (status, REFUSAL in said) == (422, True)
    velero.create(f"{HOME}/backups", {**_named("Backup"), "spec": {}, "status": {"phase": "Completed"}})
    status, _ = velero.request("PATCH", f"{HOME}/backups/b", {"status": {"phase": "Deleting"}}, merged)
    assert status == 200


def _refused(client: Client, kind: str, fields: dict[str, Any]) -> bool:
    path = f"{HOME}/{kind.lower()}s?dryRun=All"
    status, said = client.request("POST", path, {**_named(kind), **fields})
    assert (status, REFUSAL in said) in ((201, False), (422, True))
    return status == 422


def _named(kind: str) -> dict[str, Any]:
    return {"apiVersion": "velero.io/v1", "kind": kind, "metadata": {"name": "b"}}


def _definition(kind: str) -> dict[str, Any]:
    """The kind's name alone: the fields of Velero's own are not what the policy depends on."""
    plural = f"{kind.lower()}s"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"kind": kind, "plural": plural, "singular": kind.lower()}
    spec = {"group": "velero.io", "names": names, "scope": "Namespaced", "versions": [version]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.velero.io"},
        "spec": spec,
    }

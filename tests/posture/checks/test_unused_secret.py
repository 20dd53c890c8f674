"""When a Secret counts as used."""

from __future__ import annotations

import pytest
from tests.posture.given import read

from strongroom.model.finding import Audience
from strongroom.posture.checks.unused_secret import examine

SECRET = """
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata: {name: old-mail, namespace: shop}
spec: {encryptedData: {p: AgB}}
"""
POD = """
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop}
spec: {containers: [{name: api, image: shop/api}]}
"""


def audiences(manifests: str) -> list[object]:
    """Return whom the findings speak to."""
    facts = read(manifests)
    return [hit.audience for hit in examine(facts, facts)]


def test_beside_the_workloads_of_its_namespace() -> None:
    """Where the namespace's workloads are in the sources and none uses it, everybody hears of it."""
    assert audiences(SECRET + POD) == [Audience.EVERYBODY]


def test_without_workloads() -> None:
    """Where no workload of the namespace is in the sources, its users may be elsewhere."""
    assert audiences(SECRET) == [Audience.PEDANTIC]


def test_read_through_the_api() -> None:
    """Where an account may read Secrets of the namespace, it may read this one."""
    binding = """
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: b, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
subjects: [{kind: ServiceAccount, name: api, namespace: shop}]
"""
    assert audiences(SECRET + POD + binding) == [Audience.PEDANTIC]


@pytest.mark.parametrize(
    "field",
    [
        "data: {url: 'secret://shop/old-mail#p'}",
        "data: {long: '" + "word " * 40 + "old-mail'}",
        "metadata: {name: m, annotations: {nginx.ingress.kubernetes.io/auth-secret: shop/old-mail}}",
    ],
)
def test_mentioned(field: str) -> None:
    """A Secret whose name stands anywhere in another object may be used through it."""
    assert audiences(SECRET + POD + f"---\napiVersion: v1\nkind: ConfigMap\n{field}\n") == []


@pytest.mark.parametrize(
    "field",
    [
        "data: {url: very-old-mail, other: old-mails}",
        "metadata: {name: old-mail, labels: {app: old-mail}}",
    ],
)
def test_not_mentioned(field: str) -> None:
    """A longer name, or an object that is named or labelled alike, is no mention."""
    assert audiences(SECRET + POD + f"---\napiVersion: v1\nkind: ConfigMap\n{field}\n") == [Audience.EVERYBODY]

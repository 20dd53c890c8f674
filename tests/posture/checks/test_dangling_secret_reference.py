"""How sure it is that a missing Secret is missing."""

from __future__ import annotations

import pytest
from tests.posture.given import read

from strongroom.model.finding import Audience
from strongroom.posture.checks.dangling_secret_reference import examine

POD = """
apiVersion: v1
kind: Pod
metadata: {{name: api, namespace: shop}}
spec:
  containers:
    - name: api
      image: shop/api
      args: [{arg}]
      env:
        - name: P
          valueFrom:
            secretKeyRef: {{name: {name}, key: p, optional: {optional}}}
"""
OTHER = """
---
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata: {{name: other, namespace: {namespace}}}
spec: {{encryptedData: {{p: AgB}}}}
"""


def audiences(
    *, name: str = "database", optional: str = "false", arg: str = "run", other: str = "shop"
) -> list[object]:
    """Return whom the findings of a pod speak to, beside a Secret in another namespace or its own."""
    facts = read(POD.format(name=name, optional=optional, arg=arg) + OTHER.format(namespace=other))
    return [hit.audience for hit in examine(facts, facts)]


def test_beside_other_secrets() -> None:
    """Where the sources define another Secret of the namespace, everybody hears of a missing one."""
    assert audiences() == [Audience.EVERYBODY]


def test_where_no_secrets_are_defined() -> None:
    """Where the namespace's Secrets are evidently made elsewhere, only the pedantic hear of it."""
    assert audiences(other="elsewhere") == [Audience.PEDANTIC]


@pytest.mark.parametrize(
    "name", ["api-webhook-server-cert", "api-token-x7k2p", "ingress-nginx-admission", "memberlist"]
)
def test_names_that_controllers_give(name: str) -> None:
    """Names that are known to be made by controllers are for the pedantic."""
    assert audiences(name=name) == [Audience.PEDANTIC]


def test_name_in_an_argument() -> None:
    """A Secret whose name a container is told is made or found by that container."""
    assert audiences(arg="--secret-name=database") == [Audience.PEDANTIC]


@pytest.mark.parametrize("name", ["other", "'${SECRET}'", "'{{ .Values.secret }}'", "'%NAME%'"])
def test_defined_or_templated(name: str) -> None:
    """A Secret that exists, and a name that is filled in later, are no finding."""
    assert audiences(name=name) == []


def test_optional() -> None:
    """What a pod can do without may be missing."""
    assert audiences(optional="true") == []


def test_program_that_makes_secrets() -> None:
    """Where a RoleBinding of the namespace lets a program create Secrets, a missing one may be that program's."""
    role = """
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: maker, namespace: shop}
rules: [{apiGroups: [""], resources: [secrets], verbs: [create]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: maker, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: maker}
subjects: [{kind: ServiceAccount, name: maker, namespace: shop}]
"""
    facts = read(POD.format(name="database", optional="false", arg="run") + OTHER.format(namespace="shop") + role)
    assert [hit.audience for hit in examine(facts, facts)] == [Audience.PEDANTIC]

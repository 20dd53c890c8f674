"""An audit policy comes to log no body of what holds values, whatever it said before."""

from __future__ import annotations

import itertools

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.documents.edits import applied
from strongroom.documents.yaml import Document, read
from strongroom.errors import DocumentError
from strongroom.model.controlplane import AuditLevel, AuditPolicy
from strongroom.model.origin import Origin
from strongroom.posture.auditpolicy import Request, decide
from strongroom.sources.audit_policy_edits import HOLDERS, POLICY, guarded
from strongroom.sources.controlplane_audit import policy_of
from strongroom.sources.objects import objects_in

EXAMPLE = b"""\
apiVersion: audit.k8s.io/v1
kind: Policy
rules:
  # the scheduler is noisy
  - level: None
    users: ["system:kube-scheduler"]
  - level: RequestResponse
    resources:
      - group: ""
        resources: [pods, secrets]
"""


def policy(data: bytes) -> AuditPolicy:
    """Return what a file says."""
    [document] = read(data)
    assert isinstance(document, Document)
    [resource] = objects_in(document.body, Origin("", ""))
    found = policy_of(resource)
    assert found is not None
    return found


def logs_a_body(data: bytes) -> bool:
    """Tell whether some request for what holds values is logged with its body, as the API server decides it."""
    said = policy(data)
    users = {"somebody", "system:kube-scheduler", *(user for rule in said.rules for user in rule.users)}
    for (group, resources), user, verb, namespace in itertools.product(
        HOLDERS, users, ("get", "list", "create"), ("default", "kube-system", "")
    ):
        for resource in resources:
            name, _, part = resource.partition("/")
            for named in ("", "one"):
                request = Request(user, ("system:authenticated",), verb, namespace, group, name, part, named)
                if decide(said, request).level > AuditLevel.METADATA:
                    return True
    return False


def test_own_policy() -> None:
    """The policy that is written where there was none logs everything, and no such body."""
    assert not logs_a_body(POLICY.encode())
    assert guarded(POLICY.encode(), "policy.yaml") == ()
    request = Request("somebody", (), "delete", "default", "apps", "deployments")
    assert decide(policy(POLICY.encode()), request).level is AuditLevel.METADATA


def test_example() -> None:
    """A rule that comes first takes what later rules would log, and the rest stays as it was."""
    after = applied(EXAMPLE, guarded(EXAMPLE, "policy.yaml")).decode()
    assert logs_a_body(EXAMPLE)
    assert not logs_a_body(after.encode())
    assert after == EXAMPLE.decode().replace(
        "rules:\n",
        'rules:\n  - level: Metadata\n    resources:\n      - group: ""\n        resources: [secrets]\n',
    )


RULES = st.lists(
    st.fixed_dictionaries(
        {"level": st.sampled_from(["None", "Metadata", "Request", "RequestResponse"])},
        optional={
            "users": st.lists(st.sampled_from(["somebody", "anna"]), min_size=1),
            "verbs": st.lists(st.sampled_from(["get", "create"]), min_size=1),
            "namespaces": st.lists(st.sampled_from(["kube-system", ""]), min_size=1),
            "nonResourceURLs": st.just(["/healthz*"]),
            "resources": st.lists(
                st.fixed_dictionaries(
                    {"group": st.sampled_from(["", "*", "authentication.k8s.io", "apps"])},
                    optional={
                        "resources": st.lists(
                            st.sampled_from(
                                ["secrets", "*", "secrets/*", "serviceaccounts/*", "*/token", "tokenreviews", "pods"]
                            ),
                            min_size=1,
                        ),
                        "resourceNames": st.just(["one"]),
                    },
                ),
                min_size=1,
            ),
        },
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=60)
@given(rules=RULES)
def test_any_policy(rules: list[dict[str, object]]) -> None:
    """Whatever a policy says, after the edit no body of what holds values is logged, and none is added twice."""
    data = yaml.safe_dump({"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": rules}).encode()
    after = applied(data, guarded(data, "policy.yaml"))
    assert not logs_a_body(after)
    assert guarded(after, "policy.yaml") == ()
    if not logs_a_body(data):
        assert len(policy(after).rules) <= len(rules) + 1


@pytest.mark.parametrize(
    "rules",
    [
        [{"level": "Request", "resources": [{"group": "", "resources": ["secrets/*"]}]}],
        [
            {"level": "Metadata", "resources": [{"group": "*", "resources": ["secrets"]}]},
            {"level": "RequestResponse"},
        ],
    ],
)
def test_wildcards(rules: list[dict[str, object]]) -> None:
    """NAME/* logs the bodies of NAME too, and nobody relies on a wildcard for groups, which API servers do not have."""
    data = yaml.safe_dump({"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": rules}).encode()
    [first, *_] = yaml.safe_load(applied(data, guarded(data, "policy.yaml")))["rules"]
    assert first["level"] == "Metadata"
    assert "secrets" in first["resources"][0]["resources"]


@pytest.mark.parametrize("data", [b"", b"kind: Policy\n", b"a: [", EXAMPLE + b"---\n" + EXAMPLE])
def test_no_policy(data: bytes) -> None:
    """What is no audit policy is refused."""
    with pytest.raises(DocumentError, match=r"policy\.yaml is no audit policy"):
        guarded(data, "policy.yaml")

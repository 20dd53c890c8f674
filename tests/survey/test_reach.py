"""What the graph of access says in an audit."""

from __future__ import annotations

from pathlib import Path

import msgspec

from strongroom.model.finding import Severity
from strongroom.model.settings import Settings
from strongroom.model.skipped import Reason, Skipped
from strongroom.posture.checks import CHECKS
from strongroom.survey.reach import OF_REACH, with_reach
from strongroom.survey.run import Request, look, survey

KEY = bytes(range(32))
_ESCALATION = Path(__file__).parents[2] / "examples" / "escalation"
_READER = """
apiVersion: v1
kind: Secret
metadata: {name: db, namespace: shop}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: shop}
rules:
  - {apiGroups: [""], resources: [secrets], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects:
  - {apiGroup: rbac.authorization.k8s.io, kind: User, name: ann}
  - {apiGroup: rbac.authorization.k8s.io, kind: User, name: bob}
  - {apiGroup: rbac.authorization.k8s.io, kind: Group, name: operations}
"""


def test_the_planted_detours_between_namespaces_are_found() -> None:
    """Of the example of escalations, each right in one namespace that leads to others is one finding at its binding."""
    report = survey(Request((str(_ESCALATION),), KEY, select=OF_REACH, render=False))

    found = {(f.id, f.message.split()[0]) for f in report.findings if f.id != "secret-widely-reachable"}

    assert found == {
        ("reach-through-identity", "serviceaccount/ci/builder"),
        ("reach-through-identity", "user/nina"),
        ("reach-through-operator", "group/app-team"),
        ("reach-through-operator", "user/heidi"),
        ("reach-through-operator", "user/oscar"),
        ("reach-through-operator", "user/peggy"),
        ("reach-through-pods", "user/judy"),
        ("reach-through-pods", "user/rupert"),
    }


def test_how_many_may_reach_a_secret_is_a_setting(tmp_path: Path) -> None:
    """At the limit there is no finding, above it there is one that counts who they are."""
    (tmp_path / "app.yaml").write_text(_READER)
    request = Request((str(tmp_path),), KEY, Settings(secret_reach_limit=3), frozenset({"secret-widely-reachable"}))

    assert not survey(request).findings
    (one,) = survey(msgspec.structs.replace(request, settings=Settings(secret_reach_limit=2))).findings
    assert "Secret shop/db can be reached by 2 users and 1 group" in one.message
    assert (one.severity, one.origin.line) == (Severity.MEDIUM, 2)


def test_a_graph_that_cannot_be_built_is_told_and_the_audit_goes_on(tmp_path: Path) -> None:
    """A defect in what asks the graph is a failure in the report, not the end of the run."""
    (tmp_path / "app.yaml").write_text(_READER)
    facts = look(Request((str(tmp_path),), KEY)).facts.knowing((), ())
    facts.workloads = (None,)  # type: ignore[assignment]
    failed: list[Skipped] = []

    assert with_reach(facts, failed) is facts
    assert [(one.reason, one.detail) for one in failed] == [
        (Reason.CHECK_FAILED, "the graph of access: AttributeError")
    ]


def test_checks_that_ask_the_graph_are_checks() -> None:
    """What makes an audit build the graph is the list of exactly those checks that look at what it says."""
    asking = {
        check.id for check in CHECKS if check.id.startswith("reach-through-") or check.id == "secret-widely-reachable"
    }

    assert asking == OF_REACH

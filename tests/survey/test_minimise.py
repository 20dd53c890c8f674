"""From sources to smaller roles: the plan that makes them, and what it leads to."""

from __future__ import annotations

import subprocess
from pathlib import Path

import msgspec
import pytest

from strongroom.model.minimise import MinimiseReport
from strongroom.model.origin import Origin
from strongroom.model.resource import Resource
from strongroom.plans.apply import Doing
from strongroom.survey.access import Known, know, supposed
from strongroom.survey.minimise import smaller_roles
from strongroom.survey.run import Request

KEY = b"k" * 32
_APP = """
apiVersion: v1
kind: Secret
metadata: {name: db, namespace: shop}
stringData: {password: not-shown-anywhere}
---
apiVersion: v1
kind: Secret
metadata: {name: mail, namespace: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    spec:
      serviceAccountName: web
      containers:
        - {name: web, image: "web:1", args: [--secret=mail]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: web, namespace: shop}
rules:
  # settings and credentials
  - apiGroups: [""]
    resources: [configmaps, secrets]
    verbs: [get, list]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: more, namespace: shop}
rules:
  - apiGroups: [""]
    resources: [secrets]
    verbs: [watch]
"""
_BINDINGS = "".join(
    f"""
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: {name}, namespace: shop}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: {name}}}
subjects: [{{kind: ServiceAccount, name: web, namespace: shop}}]
"""
    for name in ("web", "more")
)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a program whose two roles stand in one file; commands run in it."""
    (tmp_path / "app.yaml").write_text(_APP)
    (tmp_path / "bindings.yaml").write_text(_BINDINGS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read() -> Known:
    """Read the folder."""
    return know(Request((".",), KEY), copies=False)


def asked(root: Path) -> MinimiseReport:
    """Return the report for a folder."""
    return smaller_roles(read(), root)


def test_a_plan_does_what_was_said_and_nothing_is_left_to_do(
    app: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Done, the account reaches what was foretold, no role could be smaller, and the rest of the file is untouched."""
    report = asked(app)
    state = tmp_path_factory.mktemp("state")
    before = (app / "app.yaml").read_bytes()
    assert [(one.before, one.after) for one in report.proposals[0].reach] == [(2, 1)]

    assert Doing(report.plan, app, KEY, state).apply() == 2

    after = asked(app)
    assert not after.proposals
    text = (app / "app.yaml").read_text()
    assert '# settings and credentials\n  - apiGroups: [""]\n    resources: [configmaps]\n' in text
    assert text.count("resourceNames: [mail]") == 2
    assert Doing(report.plan, app, KEY, state).undo() == 2
    assert (app / "app.yaml").read_bytes() == before


def test_the_patch_is_what_the_plan_does(app: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The unified diff, given to patch, leaves the same file as the plan; it holds no value."""
    report = asked(app)
    copy = tmp_path_factory.mktemp("copy")
    (copy / "app.yaml").write_bytes((app / "app.yaml").read_bytes())
    subprocess.run(["git", "apply", "--unidiff-zero", "-"], cwd=copy, input=report.patch.encode(), check=True)

    Doing(report.plan, app, KEY, tmp_path_factory.mktemp("state")).apply()

    assert (copy / "app.yaml").read_bytes() == (app / "app.yaml").read_bytes()
    assert "not-shown-anywhere" not in report.patch + str(msgspec.json.encode(report.plan)) + str(report.views)


def test_what_was_read_from_a_cluster_is_given_whole(app: Path) -> None:
    """Objects of a cluster have no file: their new manifests are there to apply, without annotations."""
    known = read()
    resources = [_live(resource) if resource.kind == "Role" else resource for resource in known.reading.resources]

    report = smaller_roles(supposed(known, resources), app)

    assert [one.step for one in report.proposals] == [None, None]
    assert all("running cluster" in one.by_hand for one in report.proposals)
    assert [body["metadata"]["name"] for body in report.objects] == ["web", "more"]
    assert all("annotations" not in body["metadata"] for body in report.objects)
    assert not report.plan.steps
    assert len(report.plan.notes) == 3


def test_files_outside_the_folder_of_the_plan_are_left_to_people(
    app: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A plan never leads out of its folder."""
    report = asked(tmp_path_factory.mktemp("elsewhere"))

    assert [one.step for one in report.proposals] == [None, None]
    assert "--root" in report.proposals[0].by_hand
    assert (app / "app.yaml").read_text() == _APP


def _live(resource: Resource) -> Resource:
    origin = Origin("cluster", "", object=resource.id.show())
    return msgspec.structs.replace(resource, origin=origin, annotations={"note": "kept to itself"})

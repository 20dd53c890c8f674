"""Fixes whose values go to a store: ExternalSecrets say where, and a person is told what to fill."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.plans.build import tree
from tests.posture.fixes.mending import VALUE

from strongroom.documents.edits import bodies
from strongroom.plans.apply import Doing
from strongroom.posture.fixes.decisions import PROGRAMS, RIGHTS
from strongroom.survey.fixes.planning import Planned, Wanted, plan_fixes
from strongroom.survey.fixes.proof import audited, prove
from strongroom.survey.run import Request

EXAMPLES = Path(__file__).parents[3] / "examples"
KEY = bytes(range(32))

SECRET = f"""\
apiVersion: v1
kind: Secret
metadata:
  name: db
  namespace: shop
type: example.org/credential
immutable: true
stringData:
  password: {VALUE}
"""
STORE = """\
apiVersion: external-secrets.io/v1
kind: ClusterSecretStore
metadata: {name: vault}
spec:
  provider: {vault: {server: https://vault.example.org, auth: {kubernetes: {mountPath: kubernetes, role: r}}}}
  conditions: [{namespaces: [shop]}]
"""


def _planned(root: Path, *, unsafe: bool = False) -> Planned:
    return plan_fixes(Request(sources=(str(root),), key=KEY), Wanted(root=str(root), to="external", unsafe=unsafe))


def _after(root: Path, planned: Planned, name: str) -> list[Any]:
    Doing(planned.fix.plan, root, KEY, root.parent / f"state-{root.name}").apply()
    return [*bodies((root / name).read_bytes()).values()]


def test_the_one_store(tmp_path: Path) -> None:
    """The Secret gives way to an ExternalSecret of the same name, type and keys that reads the only store."""
    root = tmp_path / "tree"
    root.mkdir()
    (root / "s.yaml").write_text(SECRET)
    (root / "store.yaml").write_text(STORE)
    planned = _planned(root)
    (body,) = _after(root, planned, "s.yaml")

    assert (body["apiVersion"], body["kind"]) == ("external-secrets.io/v1", "ExternalSecret")
    assert body["metadata"] == {"name": "db", "namespace": "shop"}
    assert body["spec"]["secretStoreRef"] == {"kind": "ClusterSecretStore", "name": "vault"}
    assert body["spec"]["target"] == {"name": "db", "immutable": True, "template": {"type": "example.org/credential"}}
    assert body["spec"]["data"] == [{"secretKey": "password", "remoteRef": {"key": "shop/db", "property": "password"}}]
    assert planned.fix.to_do == (
        "fill shop/db in ClusterSecretStore vault with password: the secret parts new, the rest as it was",
    )
    assert VALUE not in (root / "s.yaml").read_text()
    assert VALUE not in repr(planned.fix.plan) + repr(planned.fix.views)


def test_no_store_that_is_meant(tmp_path: Path) -> None:
    """Where there is none, or one that does not let the namespace in, a placeholder stands, and the report says so."""
    for name, store in (("none", ""), ("shut", STORE.replace("[shop]", "[other]")), ("two", STORE + "---\n" + STORE)):
        root = tmp_path / name
        root.mkdir()
        (root / "s.yaml").write_text(SECRET)
        text = store.replace("name: vault}", "name: second}", 1) if name == "two" else store
        (root / "store.yaml").write_text(text or "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n")
        planned = _planned(root)
        (body,) = _after(root, planned, "s.yaml")
        assert body["spec"]["secretStoreRef"]["name"] == "STORE", name
        assert "in place of STORE" in planned.fix.to_do[0], name


def test_marks_of_a_typed_secret(tmp_path: Path) -> None:
    """Where a template says the type, it says the labels and annotations too: the operator takes no others then."""
    marks = "  labels: {app: git}\n  annotations: {tekton.dev/git-0: https://example.org}\n"
    (tmp_path / "s.yaml").write_text(SECRET.replace("  namespace: shop\n", f"  namespace: shop\n{marks}"))
    (tmp_path / "store.yaml").write_text(STORE)
    (body,) = _after(tmp_path, _planned(tmp_path), "s.yaml")
    assert body["spec"]["target"]["template"] == {
        "type": "example.org/credential",
        "metadata": {"labels": {"app": "git"}, "annotations": {"tekton.dev/git-0": "https://example.org"}},
    }


def test_what_opens_the_store_stays(tmp_path: Path) -> None:
    """A store cannot give the Secret that it is opened with, whichever namespace says so."""
    auth = "auth: {tokenSecretRef: {name: db, key: password, namespace: shop}}"
    (tmp_path / "s.yaml").write_text(SECRET)
    (tmp_path / "store.yaml").write_text(STORE.replace("auth: {kubernetes: {mountPath: kubernetes, role: r}}", auth))
    fix = _planned(tmp_path).fix
    assert not fix.plan.steps
    assert any("ClusterSecretStore vault is opened with it" in one.why for one in fix.left)


@pytest.mark.parametrize(
    ("patch", "left"),
    [
        ("- {target: {kind: Secret, name: db}, patch: 'x'}", True),
        ("- {target: {kind: Deployment, name: db}, patch: 'x'}", False),
        ('- patch: "kind: Secret\\nmetadata: {name: db}\\n"', True),
        ('- patch: "kind: Secret\\nmetadata: {name: other}\\n"', False),
        ("- path: p.yaml", True),
        ("- path: q.yaml", False),
    ],
)
def test_what_an_overlay_patches_stays(tmp_path: Path, patch: str, left: bool) -> None:
    """A Secret that a kustomization patches stays one, since the patch would find nothing."""
    (tmp_path / "s.yaml").write_text(SECRET)
    (tmp_path / "store.yaml").write_text(STORE)
    (tmp_path / "p.yaml").write_text("apiVersion: v1\nkind: Secret\nmetadata: {name: db, labels: {a: b}}\n")
    head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [../base]\npatches:\n"
    (tmp_path / "kustomization.yaml").write_text(f"{head}{patch}\n")
    fix = _planned(tmp_path).fix
    assert ("s.yaml" not in {change.path for change in fix.plan.files}) is left
    assert any("patches it: both" in one.why for one in fix.left) is left


def test_what_kubernetes_fills_stays(tmp_path: Path) -> None:
    """A Secret that Kubernetes fills itself is left, with that reason."""
    text = SECRET.replace("example.org/credential", "kubernetes.io/service-account-token")
    (tmp_path / "s.yaml").write_text(text)
    fix = _planned(tmp_path).fix
    assert not fix.plan.steps
    assert any(one.why == "Kubernetes fills it, and no store" for one in fix.left)


def test_a_value_that_is_a_name_too(tmp_path: Path) -> None:
    """Where what stays would say a value of the Secret, it is left, and the rest of the plan is made."""
    (tmp_path / "a.yaml").write_text(SECRET.replace("  namespace: shop\n", f"  labels: {{a: {VALUE}}}\n"))
    (tmp_path / "b.yaml").write_text(SECRET.replace("name: db", "name: other"))
    fix = _planned(tmp_path).fix
    assert [change.path for change in fix.plan.files] == ["b.yaml"]
    assert any(one.why == "the plan would hold a value of the file" for one in fix.left)
    assert len(fix.to_do) == 1


def test_the_shop(tmp_path: Path) -> None:
    """Containers keep what they get, nothing unexpected is found, namespaces are let in, and undo brings all back."""
    root = tmp_path / "shop"
    shutil.copytree(EXAMPLES / "shop", root)
    before = tree(root)
    request = Request(sources=(str(root),), key=KEY)
    planned = _planned(root, unsafe=True)
    first = audited(request)
    doing = Doing(planned.fix.plan, root, KEY, tmp_path / "state")
    doing.apply()
    proof = prove(planned.fix, first, audited(request), planned.opened)

    assert (proof.damage, proof.fresh) == ((), ())
    assert not [finding for finding in proof.remaining if finding.practice.name == "PLAINTEXT"]
    (store,) = bodies((root / "delivery/stores.yaml").read_bytes()).values()
    assert {"shop", "monitoring"} <= set(store["spec"]["conditions"][0]["namespaces"])
    assert "stringData" not in (root / "secrets/payments.yaml").read_text()

    doing.undo()
    assert tree(root) == before


def test_a_short_list_of_decisions(tmp_path: Path) -> None:
    """Of the shop, what is left comes down to few questions, each finding stands under one, and none is hidden."""
    root = tmp_path / "shop"
    shutil.copytree(EXAMPLES / "shop", root)
    request = Request(sources=(str(root),), key=KEY)
    planned = _planned(root, unsafe=True)
    first = audited(request)
    Doing(planned.fix.plan, root, KEY, tmp_path / "state").apply()
    last = audited(request)
    proof = prove(planned.fix, first, last, planned.opened)

    gone = {finding.fingerprint for finding in proof.gone}
    left = [one for one in planned.fix.left if one.finding.fingerprint not in gone] + [*proof.instead]
    assert {one.decision for one in left} == {
        "what DaemonSet shop/node-agent may do on its nodes",
        "what becomes of Pod kube-system/kube-apiserver",
        PROGRAMS,
        RIGHTS,
    }
    assert len(left) == len(last.report.findings)

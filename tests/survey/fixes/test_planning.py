"""Fixing whole trees: what is mended is gone afterwards, nothing is broken, and all can be undone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.documents.corpora import manifests
from tests.plans.build import tree

from strongroom.documents.yaml import BadDocument, read
from strongroom.model.finding import Finding
from strongroom.model.fix import Proof
from strongroom.plans.apply import Doing
from strongroom.survey.fixes.planning import Planned, Wanted, plan_fixes
from strongroom.survey.fixes.proof import audited, prove
from strongroom.survey.run import Request

EXAMPLES = Path(__file__).parents[3] / "examples"
KEY = bytes(range(32))


class Run:
    """A copy of a tree that is mended.

    Args:
        source: the tree.
        folder: where the copy and the journal lie.
        unsafe: make unsafe fixes too.
    """

    def __init__(self, source: Path, folder: Path, *, unsafe: bool, render: bool = True) -> None:
        self.root = folder / "tree"
        shutil.copytree(source, self.root, ignore=shutil.ignore_patterns(".git"))
        self.original = tree(self.root)
        self.request = Request(sources=(str(self.root),), key=KEY, pedantic=True, render=render)
        self.wanted = Wanted(unsafe=unsafe, root=str(self.root))
        self.planned: Planned = plan_fixes(self.request, self.wanted)
        self.doing = Doing(self.planned.fix.plan, self.root, KEY, folder / "state")

    def mend(self) -> Proof:
        """Do the plan; return the proof."""
        before = audited(self.request)
        self.doing.apply()
        return prove(self.planned.fix, before, audited(self.request))


def ids(findings: tuple[Finding, ...]) -> set[str]:
    """Return the checks of findings."""
    return {finding.id for finding in findings}


@pytest.mark.parametrize("unsafe", [False, True])
@pytest.mark.parametrize("render", [False, True], ids=["plain", "rendered"])
def test_the_shop(tmp_path: Path, unsafe: bool, render: bool) -> None:
    """Every finding that the plan mends is gone, none comes that a fix does not announce, and undo brings all back."""
    run = Run(EXAMPLES / "shop", tmp_path, unsafe=unsafe, render=render)
    proof = run.mend()

    mended = {f.fingerprint for one in run.planned.fix.mended for f in one.findings}
    assert mended <= {f.fingerprint for f in proof.gone}
    assert proof.fresh == ()
    assert not mended & {f.fingerprint for f in proof.remaining}
    assert ids(proof.gone) >= {
        "secret-in-configmap",
        "secret-in-env-literal",
        "secret-in-command",
        "whole-secret-in-env",
    }
    assert proof.kept >= 8
    assert {what.partition(":")[0] for what in proof.lost} <= (
        {"Deployment shop/web", "Pod kube-system/kube-apiserver"} if unsafe else set()
    )

    again = plan_fixes(run.request, run.wanted).fix
    left = {"secret-volume-world-readable"} if unsafe else set()  # of a volume that was one of a ConfigMap
    assert {f.id for one in again.mended for f in one.findings} == left

    run.doing.undo()
    assert tree(run.root) == run.original


def test_one_check_and_one_finding(tmp_path: Path) -> None:
    """What is not asked for is not touched: by the id of a check, or the beginning of a finding's fingerprint."""
    run = Run(EXAMPLES / "shop", tmp_path, unsafe=False)
    by_check = plan_fixes(run.request, Wanted(frozenset({"secret-in-env-literal"}), root=str(run.root))).fix
    assert [one.findings[0].id for one in by_check.mended] == ["secret-in-env-literal"]

    wanted = run.planned.fix.mended[-1].findings[0]
    by_finding = plan_fixes(run.request, Wanted(frozenset({wanted.fingerprint[:10]}), root=str(run.root))).fix
    assert [one.findings[0].fingerprint for one in by_finding.mended] == [wanted.fingerprint]


def test_who_decides(tmp_path: Path) -> None:
    """Every finding is mended, offered as unsafe, or left with a reason and somebody who decides."""
    fix = Run(EXAMPLES / "shop", tmp_path, unsafe=False).planned
    said = [f.fingerprint for one in (*fix.fix.mended, *fix.fix.offered) for f in one.findings]
    said += [one.finding.fingerprint for one in fix.fix.left]
    assert sorted(said) == sorted(f.fingerprint for f in fix.before.findings)
    assert all(one.why and one.who for one in fix.fix.left)
    assert len(fix.fix.exposed) == len({f.value for f in fix.fix.exposed}) >= 15


def test_files_outside_the_folder_are_left(tmp_path: Path) -> None:
    """A plan for one folder leaves the files of another one alone, and says so."""
    run = Run(EXAMPLES / "shop", tmp_path, unsafe=True)
    fix = plan_fixes(run.request, Wanted(unsafe=True, root=str(run.root / "rbac"))).fix
    assert all(change.path.startswith(("platform", "cluster")) for change in fix.plan.files)
    assert any("--root" in one.why for one in fix.left)


def test_the_folder_of_a_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan is for the current folder, or where the sources lie elsewhere for the folder that holds them all."""
    run = Run(EXAMPLES / "shop", tmp_path, unsafe=False)
    outside = plan_fixes(run.request, Wanted()).fix.root
    assert Path(outside) == run.root
    monkeypatch.chdir(run.root)
    inside = Request(sources=("deploy",), key=KEY)
    assert plan_fixes(inside, Wanted()).fix.root == "."


@pytest.mark.parametrize("name", ["escalation", "shop-fixed"])
def test_other_examples(tmp_path: Path, name: str) -> None:
    """Nothing is broken in the example of escalation; and where nothing is wrong, nothing is done."""
    _nothing_broken(EXAMPLES / name, tmp_path)


@pytest.mark.verify
@pytest.mark.parametrize("name", ["argo-cd", "external-secrets", "istio", "kube-prometheus", "kubernetes-examples"])
def test_real_manifests(tmp_path: Path, name: str) -> None:
    """In each folder of real manifests, no manifest is broken and no reference is lost."""
    folder = next(p for path in manifests() for p in path.parents if p.name == name and p.parent.name == "manifests")
    _nothing_broken(folder, tmp_path)


def _nothing_broken(source: Path, folder: Path) -> None:
    run = Run(source, folder, unsafe=True)
    broken = _broken(run.root)
    if not run.planned.fix.plan.steps:
        return
    proof = run.mend()
    changed = {f.resource for one in run.planned.fix.mended if one.unsafe for f in one.findings}
    shown = {resource.show() for resource in changed if resource}

    assert _broken(run.root) == broken
    assert "dangling-secret-reference" not in ids((*proof.fresh, *(one.finding for one in proof.instead)))
    assert {what.partition(":")[0] for what in proof.lost} <= shown
    run.doing.undo()
    assert tree(run.root) == run.original


def _broken(root: Path) -> list[str]:
    """Return the files of the documents that cannot be read."""
    return [
        str(path.relative_to(root))
        for path in sorted(root.rglob("*.y*ml"))
        for one in read(path.read_bytes())
        if isinstance(one, BadDocument)
    ]


_WORKLOAD = """\
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: n}
spec:
  containers:
  - name: a
    image: a:1
    env:
    - name: TOKEN
      value: ktNPT0ND3YWZznDFpGlnEAVrtvqjRxWC
"""


@pytest.mark.parametrize(
    ("after", "damage"),
    [
        (_WORKLOAD, ""),
        (_WORKLOAD.replace("ktNP", "othr"), "is no longer given variable TOKEN"),
        (_WORKLOAD.replace("env:", "env: ["), "cannot be parsed"),
        (_WORKLOAD.replace("value: kt", "valueFrom: {secretKeyRef: {name: gone, key: k}} # "), "gone"),
    ],
)
def test_damage_is_seen(tmp_path: Path, after: str, damage: str) -> None:
    """Another value, a manifest that cannot be read, a reference that leads nowhere: each is damage afterwards."""
    other = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: n}\nstringData: {k: changeme}\n"
    (tmp_path / "p.yaml").write_text(_WORKLOAD + other)
    request = Request(sources=(str(tmp_path),), key=KEY)
    fix = plan_fixes(request, Wanted(frozenset({"token-automounted"}), root=str(tmp_path))).fix
    before = audited(request)
    (tmp_path / "p.yaml").write_text(after + other)
    found = prove(fix, before, audited(request)).damage
    assert bool(found) == bool(damage)
    assert any(damage in one for one in found) or not damage, found


def test_a_template_that_was_not_rendered(tmp_path: Path) -> None:
    """A template that names the ConfigMap whose value moves is named; one that names another is not."""
    value = "ktNPT0ND3YWZznDFpGlnEAVrtvqjRxWC"
    config = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings, namespace: shop}}\ndata:\n  DATABASE_PASSWORD: {value}\n"
    (tmp_path / "config.yaml").write_text(config)
    (tmp_path / "c/templates").mkdir(parents=True)
    (tmp_path / "c/Chart.yaml").write_text("apiVersion: v2\nname: c\nversion: 1.0.0\n")
    for name in ("settings", "settings-2"):
        text = f"kind: Pod\n{{{{ if .Values.x }}}}\nenvFrom:\n  - configMapRef: {{name: {name}}}\n{{{{ end }}}}\n"
        (tmp_path / f"c/templates/{name}.yaml").write_text(text)
    wanted = Wanted(root=str(tmp_path), unsafe=True)  # nothing that can be read uses the ConfigMap
    notes = plan_fixes(Request(sources=(str(tmp_path),), key=KEY), wanted).fix.notes
    (note,) = [one for one in notes if one.startswith("template")]
    assert note.startswith(f"template {tmp_path}/c/templates/settings.yaml names settings:")

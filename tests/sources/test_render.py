"""Kustomize roots and Helm charts, with the real programs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from strongroom.sources.collect import Options, collect
from strongroom.sources.reading import Reading

BASE = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      containers:
        - name: api
          image: api:1
"""
OVERLAY = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: prod
namePrefix: prod-
resources: [../base]
patches:
  - path: replicas.yaml
secretGenerator:
  - name: db
    literals: [password=Vb4kQz81mW]
"""
PATCH = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec: {replicas: 3}\n"


@pytest.fixture
def renderer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: Callable[[str], Path]) -> None:
    """Put the real kustomize and helm, and nothing else of the kind, on the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("kustomize", "helm"):
        (folder / name).symlink_to(program(name))
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def _tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root / "tree"


def _kustomize_tree(root: Path) -> Path:
    return _tree(
        root,
        {
            "base/kustomization.yaml": "resources: [deployment.yaml]\n",
            "base/deployment.yaml": BASE,
            "prod/kustomization.yaml": OVERLAY,
            "prod/replicas.yaml": PATCH,
            "other/configmap.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\n",
        },
    )


def _kinds(reading: Reading) -> list[tuple[str, str, str, str]]:
    return sorted(
        (r.kind, r.namespace, r.name.split("-")[0], r.origin.rendered_by)
        for r in reading.resources
        if r.kind != "Kustomization"
    )


@pytest.mark.usefixtures("renderer")
def test_kustomize_root_is_built(tmp_path: Path) -> None:
    """A root is built as it would be applied, points at the files behind it, and its parts are not read a second time."""
    root = _kustomize_tree(tmp_path)

    reading = collect((str(root),), Options())

    assert _kinds(reading) == [
        ("ConfigMap", "", "plain", ""),
        ("Deployment", "prod", "prod", "kustomize"),
        ("Secret", "prod", "prod", "kustomize"),
    ]
    paths = {
        r.kind: Path(r.origin.path).relative_to(root).as_posix() for r in reading.resources if r.kind != "Kustomization"
    }
    assert paths["Deployment"] == "base/deployment.yaml"
    assert paths["Secret"] == "prod/kustomization.yaml"
    assert all("config.kubernetes.io/origin" not in r.annotations for r in reading.resources)
    assert any("built by kustomize build" in note for note in reading.notes)


def test_kustomize_without_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a program the files are read as they stand, and the report says so."""
    monkeypatch.setenv("PATH", str(tmp_path))

    reading = collect((str(_kustomize_tree(tmp_path)),), Options())

    assert ("Deployment", "", "api", "") in _kinds(reading)
    assert any("read as plain files, neither kustomize nor kubectl is installed" in note for note in reading.notes)


@pytest.mark.usefixtures("renderer")
def test_remote_kustomization_is_not_fetched(tmp_path: Path) -> None:
    """A root that names something remote is read as plain files, and nothing is fetched."""
    root = _tree(
        tmp_path, {"kustomization.yaml": "resources: [https://example.invalid/x.yaml, a.yaml]\n", "a.yaml": BASE}
    )

    reading = collect((str(root),), Options())

    assert [r.name for r in reading.resources if r.kind == "Deployment"] == ["api"]
    assert [s.detail for s in reading.skipped] == ["it names a remote resource, which is not fetched"]


@pytest.mark.usefixtures("renderer")
def test_broken_kustomization(tmp_path: Path) -> None:
    """A root that does not build is read as plain files, and its error text is not repeated."""
    root = _tree(tmp_path, {"kustomization.yaml": "resources: [gone.yaml, a.yaml]\n", "a.yaml": BASE})

    reading = collect((str(root),), Options())

    assert [r.name for r in reading.resources if r.kind == "Deployment"] == ["api"]
    assert [s.detail for s in reading.skipped] == ["kustomize refused it; run it by hand to see why"]


CHART = {
    "Chart.yaml": "apiVersion: v2\nname: shop\nversion: 0.1.0\n",
    "values.yaml": "database:\n  password: Kx8ePq27vB\n",
    "templates/config.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-config\n"
        "data:\n  password: {{ .Values.database.password | quote }}\n"
    ),
}


@pytest.mark.usefixtures("renderer")
def test_chart_is_rendered(tmp_path: Path) -> None:
    """A chart is rendered with its default values, and its objects point at their template."""
    root = _tree(tmp_path, CHART)

    reading = collect((str(root),), Options())

    (config,) = reading.resources
    assert (config.kind, config.name, config.body["data"]) == (
        "ConfigMap",
        "release-config",
        {"password": "Kx8ePq27vB"},
    )
    assert config.origin.path.endswith("tree/templates/config.yaml")
    assert [loose.context.value for loose in reading.loose] == ["helm-values"]
    assert not reading.skipped


def test_chart_without_helm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without helm the templates are text, which the report says, and the values are still read."""
    monkeypatch.setenv("PATH", str(tmp_path))

    reading = collect((str(_tree(tmp_path, CHART)),), Options())

    assert not reading.resources
    assert [loose.body for loose in reading.loose] == [{"database": {"password": "Kx8ePq27vB"}}]
    assert [s.reason.value for s in reading.skipped] == ["template that was not rendered"]
    assert any("templates are only text, helm is not installed" in note for note in reading.notes)

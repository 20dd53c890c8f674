"""Fixes that change how workloads are given secrets, and as whom they run."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.posture.fixes.mending import ROLE, deployment, mended, pod_spec

from strongroom.posture.checks import CHECKS
from strongroom.posture.fixes import FIXES
from strongroom.posture.fixes.deciders import DECIDED
from strongroom.posture.fixes.env_to_file import reads_file


def test_the_list_of_fixes() -> None:
    """Each fix is for checks that exist, no check has two, and what stands in a finding's place is a check too."""
    known = {check.id for check in CHECKS}
    checks = [id_ for fix in FIXES for id_ in fix.checks]
    assert len(checks) == len(set(checks))
    assert {*checks, *(lesser for fix in FIXES for lesser in fix.instead), *DECIDED} <= known


def test_no_token(tmp_path: Path) -> None:
    """A pod whose account has no rights gets no token; where the account is not known, that is unsafe."""
    text = deployment("serviceAccountName: api\ncontainers: [{name: a, image: a:1}]\n")
    account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: api, namespace: shop}\n"

    sure = mended(tmp_path / "sure", {"d.yaml": text, "a.yaml": account}, "token-automounted")
    assert list(pod_spec(sure)) == ["serviceAccountName", "automountServiceAccountToken", "containers"]
    assert pod_spec(sure)["automountServiceAccountToken"] is False

    unsure = mended(tmp_path / "unsure", {"d.yaml": text}, "token-automounted")
    assert unsure.files["d.yaml"] == text
    assert "rights that other sources give" in unsure.fix.offered[0].unsafe


@pytest.mark.parametrize(
    ("context", "safe"),
    [("securityContext: {fsGroup: 999}", True), ("securityContext: {runAsUser: 0}", True), ("hostname: a", False)],
)
def test_modes(tmp_path: Path, context: str, safe: bool) -> None:
    """A mode loses the rights of others, written as it was; unsafe where it is not known who reads the file."""
    spec = f"{context}\ncontainers: [{{name: a, image: a:1}}]\nvolumes:\n- name: v\n  secret:\n    secretName: db\n    defaultMode: 0444 # r\n"
    result = mended(tmp_path, {"d.yaml": deployment(spec)}, "secret-volume-world-readable", unsafe=True)
    assert "defaultMode: 0440 # r\n" in result.files["d.yaml"]
    assert (result.fix.mended[0].unsafe == "") is safe


def test_modes_that_are_not_written(tmp_path: Path) -> None:
    """Where no mode is written, the default is replaced, of a projected volume at the volume."""
    spec = """
securityContext: {fsGroup: 1}
containers: [{name: a, image: a:1}]
volumes:
- name: v
  secret:
    secretName: db
- name: w
  projected:
    sources:
    - secret: {name: db}
"""
    result = mended(tmp_path, {"d.yaml": deployment(spec)}, "secret-volume-world-readable")
    first, second = pod_spec(result)["volumes"]
    assert first["secret"]["defaultMode"] == second["projected"]["defaultMode"] == 0o440


def test_subpath(tmp_path: Path) -> None:
    """A part becomes a folder, and the path is renamed where the manifest names it; else it is left."""
    mounts = "volumeMounts: [{name: s, mountPath: /etc/app/key, subPath: key, readOnly: true}]"
    volumes = "volumes: [{name: s, secret: {secretName: db}}]\n"
    named = f"containers:\n- name: a\n  image: a:1\n  args: [--key=/etc/app/key]\n  env: [{{name: KEY, value: /etc/app/key}}]\n  {mounts}\n{volumes}"
    done = mended(tmp_path / "a", {"d.yaml": deployment(named)}, "secret-by-subpath", unsafe=True)
    container = pod_spec(done)["containers"][0]
    assert container["volumeMounts"] == [{"name": "s", "mountPath": "/run/secrets/s", "readOnly": True}]
    assert container["env"] == [{"name": "KEY", "value": "/run/secrets/s/key"}]
    assert container["args"] == ["--key=/run/secrets/s/key"]

    hidden = f"containers:\n- name: a\n  image: a:1\n  {mounts}\n{volumes}"
    left = mended(tmp_path / "b", {"d.yaml": deployment(hidden)}, "secret-by-subpath", unsafe=True)
    assert "does not say how the program knows /etc/app/key" in left.why("secret-by-subpath")


def test_an_account_of_its_own(tmp_path: Path) -> None:
    """A workload that names no account gets one without a token, which pulls images as the default one did."""
    default = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: default, namespace: shop}\nimagePullSecrets: [{name: pull}]\n"
    text = deployment("containers: [{name: a, image: a:1}]\n")
    result = mended(tmp_path, {"a.yaml": default, "d.yaml": text}, "default-service-account")

    assert pod_spec(result)["serviceAccountName"] == "api"
    account = result.objects()["ServiceAccount", "api"]
    assert account["imagePullSecrets"] == [{"name": "pull"}]
    assert account["automountServiceAccountToken"] is False
    assert result.files["d.yaml"].startswith(text.partition("    spec:\n")[0])


@pytest.mark.parametrize("mounts", [False, True])
def test_a_shared_account(tmp_path: Path, mounts: bool) -> None:
    """Programs without a token leave a shared account; where two use its rights, somebody has to decide."""
    spec = "serviceAccountName: shared\nautomountServiceAccountToken: {}\ncontainers: [{{name: a, image: a:1}}]\n"
    files = {
        "r.yaml": ROLE,
        "one.yaml": deployment(spec.format("true" if mounts else "false"), "one"),
        "two.yaml": deployment(spec.format("true"), "two"),
    }
    result = mended(tmp_path, files, "shared-service-account")
    if mounts:
        assert "decide which of them each one needs" in result.why("shared-service-account")
    else:
        assert pod_spec(result, "one")["serviceAccountName"] == "one"
        assert pod_spec(result, "two")["serviceAccountName"] == "shared"
        title = "run Deployment shop/one, which holds no token, as a service account of its own"
        assert [one.title for one in result.fix.mended] == [title]


def test_a_shared_account_without_programs_that_use_it(tmp_path: Path) -> None:
    """Where no program has a token, one keeps the account, and only the others are said to leave it."""
    spec = "serviceAccountName: shared\nautomountServiceAccountToken: false\ncontainers: [{name: a, image: a:1}]\n"
    names = ("one", "three", "two")
    files = {"r.yaml": ROLE, **{f"{name}.yaml": deployment(spec, name) for name in names}}
    result = mended(tmp_path, files, "shared-service-account")
    assert [pod_spec(result, name)["serviceAccountName"] for name in names] == ["one", "three", "shared"]
    title = "run Deployment shop/one, Deployment shop/three, which hold no token, as service accounts of their own"
    assert [one.title for one in result.fix.mended] == [title]


@pytest.mark.parametrize(
    ("image", "variable", "reads"),
    [
        ("postgres:17.2", "POSTGRES_PASSWORD", True),
        ("docker.io/library/postgres@sha256:00", "POSTGRES_PASSWORD", True),
        ("registry.example.org/postgres:17", "POSTGRES_PASSWORD", False),
        ("bitnami/postgresql:17", "POSTGRES_PASSWORD", False),
        ("postgres:17", "PGPASSWORD", False),
        ("localhost:5000/mysql", "MYSQL_PASSWORD", False),
    ],
)
def test_images_that_read_files(image: str, variable: str, reads: bool) -> None:
    """Only the official images are known to read ``NAME_FILE``, and only for some variables."""
    assert reads_file(image, variable) is reads


def test_a_file_instead_of_a_variable(tmp_path: Path) -> None:
    """A variable that the image reads from a file too becomes a file, unless a probe uses it."""
    reference = "{name: POSTGRES_PASSWORD, valueFrom: {secretKeyRef: {name: db, key: password}}}"
    spec = "containers:\n- name: a\n  image: postgres:17\n  env:\n  - {}\n"
    done = mended(tmp_path / "a", {"d.yaml": deployment(spec.format(reference))}, "secret-in-env", unsafe=True)
    container = pod_spec(done)["containers"][0]
    assert container["env"] == [{"name": "POSTGRES_PASSWORD_FILE", "value": "/run/secrets/db/password"}]
    assert container["volumeMounts"] == [{"name": "secret-db", "mountPath": "/run/secrets/db", "readOnly": True}]
    assert pod_spec(done)["volumes"] == [{"name": "secret-db", "secret": {"secretName": "db"}}]

    probe = (
        spec.format(reference) + '  livenessProbe: {exec: {command: [sh, -c, "PGPASSWORD=$POSTGRES_PASSWORD psql"]}}\n'
    )
    left = mended(tmp_path / "b", {"d.yaml": deployment(probe)}, "secret-in-env", unsafe=True)
    assert "in a command or a probe" in left.why("secret-in-env")

    own = spec.replace("postgres:17", "api:1").format(reference)
    asked = mended(tmp_path / "c", {"d.yaml": deployment(own)}, "secret-in-env", unsafe=True)
    assert "only its developers" in asked.why("secret-in-env")
    said = frozenset({"POSTGRES_PASSWORD"})
    told = mended(tmp_path / "d", {"d.yaml": deployment(own)}, "secret-in-env", unsafe=True, reads_files=said)
    assert pod_spec(told)["containers"][0]["env"][0]["name"] == "POSTGRES_PASSWORD_FILE"


LITERAL = "containers:\n- name: a\n  image: a:1\n  env:\n  - name: TOKEN\n    value: ktNPT0ND3YWZznDFpGlnEAVrtvqjRxWC\n"


KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [../base]\n"


FRAGMENT = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec: "


@pytest.mark.parametrize(
    ("overlay", "patch", "blocks"),
    [
        ("patches: [{path: p.yaml}]\n", FRAGMENT + "{replicas: 6}\n", False),
        (
            "patches: [{path: p.yaml}]\n",
            FRAGMENT + "{template: {spec: {containers: [{name: a, env: [{name: TOKEN, value: other}]}]}}}\n",
            True,
        ),
        ("patches: [{path: p.yaml, target: {kind: Deployment}}]\n", "- {op: remove, path: /spec/replicas}\n", True),
        ("patches: [{path: p.yaml, target: {kind: Service}}]\n", "- {op: remove, path: /spec/type}\n", False),
        (
            "patches:\n- target: {name: api}\n  patch: |-\n    - op: add\n      path: /spec/template/spec/containers/0/env/-\n",
            "",
            True,
        ),
    ],
)
def test_overlays(tmp_path: Path, overlay: str, patch: str, blocks: bool) -> None:
    """What an overlay changes in the same containers is not edited in the base alone."""
    files = {
        "base/d.yaml": deployment(LITERAL),
        "base/kustomization.yaml": KUSTOMIZATION.replace("../base", "d.yaml"),
        "over/kustomization.yaml": KUSTOMIZATION + overlay,
        **({"over/p.yaml": patch} if patch else {}),
    }
    result = mended(tmp_path, files, "secret-in-env-literal")
    assert (result.files["base/d.yaml"] == files["base/d.yaml"]) is blocks
    if blocks:
        assert "changes its containers too" in result.why("secret-in-env-literal")


def test_one_file_by_two_names(tmp_path: Path) -> None:
    """A file that is reached by a link too is edited once."""
    (tmp_path / "b").mkdir()
    (tmp_path / "b/link.yaml").symlink_to("../d.yaml")
    result = mended(tmp_path, {"d.yaml": deployment(LITERAL)}, "secret-in-env-literal")
    assert len(result.fix.plan.steps) == 1

"""The real controller, behind a real API server: its certificate, what it opens, what it seals anew."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.files.sealed import build
from tests.support.controlplane.access import eventually
from tests.support.sealed_secrets import NAME, SPACE, SealedSecretsController, controller

from strongroom.files.sealed.sealed import read_sealed


class Desk:
    """A folder in which commands run as a user would type them, and the controller that they ask."""

    def __init__(self, folder: Path, running: SealedSecretsController) -> None:
        self.folder, self.running = folder, running

    def run(self, *words: str, stdin: str = "", code: int = 0, found: bool = True) -> str:
        """Run ``strongroom seal``; return what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", "strongroom", "seal", *words, *(self.running.options() if found else [])],
            cwd=self.folder,
            input=stdin.encode(),
            capture_output=True,
            check=False,
            env={**os.environ, "XDG_STATE_HOME": str(self.folder / ".state")},
        )
        printed = (done.stdout + done.stderr).decode()
        assert done.returncode == code, printed
        return printed

    def write(self, name: str, body: dict[str, Any]) -> None:
        """Write a manifest."""
        (self.folder / name).write_text(json.dumps(body))

    def read(self, name: str) -> dict[str, Any]:
        """Read a manifest."""
        body: dict[str, Any] = yaml.safe_load((self.folder / name).read_text())
        return body


@pytest.fixture(scope="module")
def running(
    control_plane_programs: dict[str, Path], program: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SealedSecretsController]:
    """Run a controller for the tests of this file."""
    unshare = shutil.which("unshare")
    probe = [unshare or "unshare", "--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]
    if unshare is None or subprocess.run(probe, capture_output=True, check=False).returncode:
        if os.environ.get("CI") == "true":
            pytest.fail("unshare(1) cannot make a mount namespace")
        pytest.skip("unshare(1) cannot make a mount namespace here, in which the controller runs")
    folder = tmp_path_factory.mktemp("controller")
    with controller(control_plane_programs, program("sealed-secrets-controller"), folder) as one:
        yield one


@pytest.fixture
def desk(running: SealedSecretsController, tmp_path: Path) -> Desk:
    """Make a folder."""
    return Desk(tmp_path, running)


def annotated(scope: str) -> dict[str, Any]:
    """The metadata of a scope."""
    return {} if scope == "strict" else {"annotations": {f"sealedsecrets.bitnami.com/{scope}": "true"}}


@pytest.mark.parametrize("scope", build.SCOPES)
def test_the_controller_makes_the_secret(desk: Desk, scope: str) -> None:
    """What is sealed with the cluster's certificate becomes the Secret that was meant, for each scope."""
    name = f"db-{scope}"
    metadata = {"labels": {"app": "shop"}, **annotated(scope)}
    desk.write("s.json", build.secret(name, stringData={"password": "hunter2-hunter2"}, metadata=metadata))
    desk.run("s.json", "-o", "sealed.yaml")
    assert "ok" in desk.run("validate", "sealed.yaml")
    desk.running.apply(desk.read("sealed.yaml"))

    assert desk.running.unsealed("shop", name) == {"password": b"hunter2-hunter2"}


def test_moved_away_it_is_not_opened(desk: Desk) -> None:
    """A strict seal under another name is refused by the controller; the wider scope may move."""
    for scope, code in (("strict", 1), ("namespace-wide", 0)):
        desk.write("s.json", build.secret(stringData={"password": "hunter2"}, metadata=annotated(scope)))
        desk.run("s.json", "-o", "sealed.json")
        body = desk.read("sealed.json")
        body["metadata"]["name"] = "moved"
        desk.write("sealed.json", body)
        assert ("cannot open it" in desk.run("validate", "sealed.json", code=code)) == bool(code)


def test_certificates(desk: Desk) -> None:
    """A certificate that was kept is said to be old once the controller has a newer key."""
    desk.run("certificate", "-o", "kept.pem")
    assert desk.run("certificate", "--check", "kept.pem").count("SHA256:") == 1
    desk.running.renew_key()

    assert "not the newest certificate" in desk.run("certificate", "--check", "kept.pem", code=1)


def test_renewed_by_the_controller(desk: Desk) -> None:
    """A tree is sealed anew under the newest key, without its private half: scopes, templates and comments stay."""
    for scope in build.SCOPES:
        body = build.secret(f"r-{scope}", stringData={"password": f"hunter2-{scope}"}, metadata=annotated(scope))
        desk.write("s.json", body)
        desk.run("s.json", "-o", f"{scope}.yaml")
    # As old tools write it: the template does not repeat the scope, and fills in another key.
    path = desk.folder / "cluster-wide.yaml"
    body = desk.read(path.name)
    del body["spec"]["template"]["metadata"]["annotations"]
    body["spec"]["template"]["data"] = {"dsn": "db://{{ .password }}"}
    path.write_text("# kept\n" + yaml.safe_dump(body))
    before = {scope: desk.read(f"{scope}.yaml") for scope in build.SCOPES}
    desk.running.renew_key()
    printed = desk.run("renew", ".", "--yes")

    assert "plan undo" in printed
    assert path.read_text().startswith("# kept\n")
    for scope in build.SCOPES:
        after = desk.read(f"{scope}.yaml")
        old, new = (one["spec"].pop("encryptedData") for one in (before[scope], after))
        assert after == before[scope]
        assert old.keys() == new.keys() == {"password"}
        assert old != new
    backup = desk.running.backup(desk.folder / "keys.json")
    printed = desk.run(
        "status",
        "strict.yaml",
        "namespace-wide.yaml",
        "cluster-wide.yaml",
        "--recovery-private-key",
        str(backup),
        code=1,
    )
    assert printed.count("newest key  SHA256:") == 3
    assert "the scope of its template is another one" in printed
    desk.running.apply(desk.read("cluster-wide.yaml"))
    assert desk.running.unsealed("shop", "r-cluster-wide")["dsn"] == b"db://hunter2-cluster-wide"


def test_what_it_cannot_open_stays(desk: Desk) -> None:
    """An object that the controller cannot open is left as it is and named; the others are sealed anew."""
    desk.write("s.json", build.secret(stringData={"password": "hunter2"}))
    desk.run("s.json", "-o", "good.yaml")
    desk.run("s.json", "-o", "bad.yaml")
    bad = desk.folder / "bad.yaml"
    bad.write_text(bad.read_text().replace("namespace: shop", "namespace: elsewhere"))
    good, moved = (desk.folder / "good.yaml").read_bytes(), bad.read_bytes()
    printed = desk.run("renew", ".", "--yes", code=1)

    assert "left as it is: bad.yaml" in printed
    assert bad.read_bytes() == moved
    assert (desk.folder / "good.yaml").read_bytes() != good
    assert "ok  good.yaml" in desk.run("validate", "good.yaml")


def test_nobody_may_and_nobody_is_there(desk: Desk) -> None:
    """A user without the right, a Service that does not exist: each is said, with what to do."""
    nobody = ["--kubeconfig", str(desk.running.access.kubeconfig("nobody")), "--controller-namespace", SPACE]
    assert "does not permit" in desk.run("certificate", *nobody, found=False, code=2)
    lost = ["--kubeconfig", str(desk.running.access.kubeconfig()), "--controller-name", "lost"]
    assert "there is no Service kube-system/lost" in desk.run("certificate", *lost, found=False, code=2)


def test_the_rights_that_it_documents_are_enough(desk: Desk) -> None:
    """With ``get`` on the Service and ``get`` and ``create`` on its proxy everything can be done."""
    admin = desk.running.access.client()
    group = "rbac.authorization.k8s.io"
    rules = [
        {"apiGroups": [""], "resources": ["services"], "resourceNames": [NAME], "verbs": ["get"]},
        {
            "apiGroups": [""],
            "resources": ["services/proxy"],
            "resourceNames": [f"http:{NAME}:http"],
            "verbs": ["get", "create"],
        },
    ]
    role = {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": {"name": "sealer"}, "rules": rules}
    base = f"/apis/{group}/v1/namespaces/{SPACE}"
    admin.apply(f"{base}/roles/sealer", role)
    subjects = [{"apiGroup": group, "kind": "User", "name": "developer"}]
    binding = {"apiVersion": f"{group}/v1", "kind": "RoleBinding", "metadata": {"name": "sealer"}, "subjects": subjects}
    admin.apply(
        f"{base}/rolebindings/sealer", {**binding, "roleRef": {"apiGroup": group, "kind": "Role", "name": "sealer"}}
    )
    developer = desk.running.access.client("developer")
    eventually(lambda: developer.answers(f"{desk.running.path}/v1/cert.pem"), "the role counts")
    options = ["--kubeconfig", str(desk.running.access.kubeconfig("developer")), "--controller-namespace", SPACE]
    desk.write("s.json", build.secret(stringData={"password": "hunter2"}))

    desk.run("s.json", "-o", "sealed.yaml", *options, found=False)
    desk.run("validate", "sealed.yaml", *options, found=False)
    desk.run("renew", "sealed.yaml", "--yes", *options, found=False)
    assert len(read_sealed((desk.folder / "sealed.yaml").read_bytes(), "s")) == 1

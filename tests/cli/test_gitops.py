"""The recipes of docs/gitops.md, with the files of examples/gitops and the real programs."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.files.repository import Repository

Program = Callable[[str], Path]
EXAMPLES = Path(__file__).parents[2] / "examples" / "gitops"
VALUE = "hunter2-that-no-message-repeats"


@pytest.fixture
def repository(tmp_path: Path, program: Program) -> Repository:
    """A folder that was begun as the page says, and the programs of the page."""
    found = Repository(tmp_path)
    (found.root / ".sops.yaml").unlink()
    found.strongroom("file", "init", "--no-hooks", "--yes", "--age", found.recipient)
    folders = {str(program(name).parent) for name in ("kubectl", "kustomize", "helm")}
    found.environment["PATH"] = ":".join([*sorted(folders), found.environment["PATH"]])
    return found


def example(repository: Repository, name: str) -> Path:
    """Copy a folder of the examples."""
    return Path(shutil.copytree(EXAMPLES / name, repository.root / name))


def shell(repository: Repository, folder: Path, command: str, **more: str) -> list[dict[str, Any]]:
    """Run a command as the page has it, and return the objects that it prints."""
    done = repository.run("sh", "-c", f"cd {folder} && {command}", more=more)
    return [body for body in yaml.safe_load_all(done.out) if body]


def with_secrets(repository: Repository, folder: Path) -> None:
    """Make what the example of kustomize takes in."""
    words = ("secret", "create", "db", "--from-stdin", "password", "--owner", "payments", "-o", folder / "db.sops.yaml")
    repository.strongroom(*words, stdin=VALUE.encode())
    (folder / "app.env").write_text(f"TOKEN={VALUE}\n")
    repository.strongroom("file", "encrypt", "-i", folder / "app.env")
    assert not any(VALUE in path.read_text() for path in folder.iterdir())


def check_built(found: list[dict[str, Any]]) -> None:
    """See that both Secrets are there in the clear, with who refers to them."""
    secrets = {body["metadata"]["name"]: body for body in found if body["kind"] == "Secret"}
    (app,) = set(secrets) - {"db"}
    for name, key in (("db", "password"), (app, "TOKEN")):
        assert base64.b64decode(secrets[name]["data"][key]).decode() == VALUE
        assert secrets[name]["metadata"]["namespace"] == "shop"
    (deployment,) = (body for body in found if body["kind"] == "Deployment")
    volumes = deployment["spec"]["template"]["spec"]["volumes"]
    assert [volume["secret"]["secretName"] for volume in volumes] == [app, "db"]
    assert app.startswith("app-")


def test_kustomize(repository: Repository) -> None:
    """The example is built with kustomize as the page says."""
    folder = example(repository, "kustomize")
    with_secrets(repository, folder)
    check_built(shell(repository, folder, "kustomize build --enable-alpha-plugins --enable-exec ."))


def test_kubectl(repository: Repository, tmp_path: Path) -> None:
    """The example is built with kubectl, with the script of the page under its name."""
    folder = example(repository, "kustomize")
    with_secrets(repository, folder)
    plugin = tmp_path / ".config/kustomize/plugin/strongroom.dev/v1/encryptedfiles/EncryptedFiles"
    plugin.parent.mkdir(parents=True)
    shutil.move(folder / "plugin.sh", plugin)
    config = (folder / "secrets.yaml").read_text()
    bare = yaml.safe_load(config)
    del bare["metadata"]["annotations"]
    (folder / "secrets.yaml").write_text(yaml.safe_dump(bare))
    check_built(shell(repository, folder, "kubectl kustomize --enable-alpha-plugins ."))


def test_argocd(repository: Repository) -> None:
    """The commands of the plugin, run in the folder of an application as Argo CD runs them, find it and print it."""
    spec = yaml.safe_load((EXAMPLES / "argocd/plugin.yaml").read_text())["spec"]
    folder = example(repository, "kustomize")
    with_secrets(repository, folder)
    bare = yaml.safe_load((folder / "secrets.yaml").read_text())
    del bare["metadata"]["annotations"]
    (folder / "secrets.yaml").write_text(yaml.safe_dump(bare))
    plain = repository.root / "plain"
    plain.mkdir()
    (plain / "pod.yaml").write_text("apiVersion: v1\nkind: Pod\n")
    here = repository.root
    for place, expected in ((folder, True), (plain, False)):
        repository.root = place
        assert bool(repository.run(*spec["discover"]["find"]["command"]).out) is expected
    repository.root = folder
    check_built(list(yaml.safe_load_all(repository.run(*spec["generate"]["command"]).out)))
    repository.root = here


def test_argocd_sidecar_mounts_what_it_names() -> None:
    """The patch is one of the repo server's, and names no volume that neither it nor the repo server has."""
    pod = yaml.safe_load((EXAMPLES / "argocd/sidecar.yaml").read_text())["spec"]["template"]["spec"]
    own = {volume["name"] for volume in pod["volumes"]}
    (container,) = pod["containers"]
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted - own == {"var-files", "plugins"}
    assert own <= mounted


FLUX_MARKS = {"s.yaml": b"mac: ENC[", "s.json": b'"mac": "ENC[', "s.env": b"sops_mac=ENC[", "s.ini": b"[sops]"}
"""By these bytes kustomize-controller tells an encrypted file from another (internal/decryptor/decryptor.go)."""


def test_flux_opens_a_resource(repository: Repository) -> None:
    """What kustomize-controller does to a Secret of ours opens it: built, turned into JSON, decrypted without its MAC."""
    folder = example(repository, "kustomize")
    with_secrets(repository, folder)
    (folder / "kustomization.yaml").write_text("resources: [db.sops.yaml]\nnamespace: shop\nnamePrefix: a-\n")
    (built,) = shell(repository, folder, "kustomize build .")
    assert (built["kind"], built["metadata"]["name"]) == ("Secret", "a-db")
    assert built["sops"]["mac"].startswith("ENC[")
    words = ("decrypt", "--ignore-mac", "--input-type", "json", "--output-type", "json", "/dev/stdin")
    found = json.loads(repository.sops(*words, stdin=json.dumps(built).encode()))
    assert base64.b64decode(found["data"]["password"]).decode() == VALUE
    assert "sops" not in found


def test_flux_recognises_files(repository: Repository) -> None:
    """Files of every format that we encrypt have the bytes by which kustomize-controller knows them, and sops opens them."""
    plain = {
        "s.yaml": f"apiVersion: v1\nkind: Secret\nstringData:\n  p: {VALUE}\n",
        "s.json": json.dumps({"stringData": {"p": VALUE}}),
        "s.env": f"p={VALUE}\n",
        "s.ini": f"[a]\np = {VALUE}\n",
    }
    (repository.root / ".sops.yaml").write_text(f"creation_rules:\n- age: {repository.recipient}\n")
    for name, text in plain.items():
        path = repository.write(name, text)
        repository.strongroom("file", "encrypt", "-i", name)
        assert FLUX_MARKS[name] in path.read_bytes()
        assert VALUE.encode() in repository.sops("decrypt", name)


def test_flux_object() -> None:
    """The object of the page names the provider and a key."""
    spec = yaml.safe_load((EXAMPLES / "flux/shop.yaml").read_text())["spec"]
    assert spec["decryption"] == {"provider": "sops", "secretRef": {"name": "sops-age"}}


def test_kustomize_generators_of_files_as_flux_has_them(repository: Repository) -> None:
    """Values of kustomize's own secretGenerator that are encrypted files are opened on their way through."""
    folder = example(repository, "kustomize")
    with_secrets(repository, folder)
    path = folder / "config.json"
    path.write_text(json.dumps({"stringData": {"p": VALUE}}))
    repository.strongroom("file", "encrypt", "-i", path)
    (folder / "kustomization.yaml").write_text("secretGenerator: [{name: x, files: [config.json]}]\n")
    (found,) = shell(repository, folder, "kustomize build . | strongroom krm")
    assert json.loads(base64.b64decode(found["data"]["config.json"])) == {"stringData": {"p": VALUE}}


def test_helm_values(repository: Repository) -> None:
    """Helm reads decrypted values through the pipe of exec-file."""
    folder = example(repository, "helm")
    repository.write("values.enc.yaml", f"database:\n  password: {VALUE}\n")
    repository.strongroom("file", "encrypt", "-i", "values.enc.yaml")
    command = "strongroom file exec-file ../values.enc.yaml 'helm template shop ./chart -f {}'"
    (found,) = shell(repository, folder, command)
    assert found["stringData"] == {"user": "shop", "password": VALUE}


def test_helm_post_renderer(repository: Repository, tmp_path: Path) -> None:
    """Helm hands what it rendered through the plugin, which decrypts the manifests of the chart."""
    folder = example(repository, "helm")
    words = ("secret", "create", "db", "--from-stdin", "password", "-o", folder / "chart/templates/db.yaml")
    repository.strongroom(*words, stdin=VALUE.encode())
    more = {"HELM_PLUGINS": str(tmp_path / "helm-plugins")}
    shutil.copytree(folder / "postrenderer", tmp_path / "helm-plugins" / "strongroom")
    command = "helm template shop ./chart --set database.password=x --post-renderer strongroom"
    found = {body["metadata"]["name"]: body for body in shell(repository, folder, command, **more)}
    assert base64.b64decode(found["db"]["data"]["password"]).decode() == VALUE
    assert found["shop-values"]["stringData"]["password"] == "x"
    (repository.root.parent / "age.key").unlink()
    done = repository.run("sh", "-c", f"cd {folder} && {command}", more=more, check=False)
    assert done.code != 0
    assert done.out == b""


def test_commands_of_the_page_are_those_of_the_tests() -> None:
    """Every file of the examples stands on the page."""
    page = (EXAMPLES.parents[1] / "docs" / "gitops.md").read_text()
    shown = {path for path in EXAMPLES.rglob("*") if f"../examples/gitops/{path.relative_to(EXAMPLES)}" in page}
    rest = {str(path.relative_to(EXAMPLES)) for path in EXAMPLES.rglob("*") if path.is_file()} - {
        str(path.relative_to(EXAMPLES)) for path in shown
    }
    chart = {"helm/chart/Chart.yaml", "helm/chart/values.yaml", "helm/chart/templates/secret.yaml"}
    assert rest == {*chart, "kustomize/deployment.yaml"}

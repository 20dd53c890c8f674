"""Folders as Argo CD hands them over, built by the real kustomize and kubectl where they have a kustomization."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from tests.files.krm import ANNOTATION, DEPLOYMENT, GENERATOR, SECRET, VALUES, krm, texts
from tests.files.repository import Repository

Program = Callable[[str], Path]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A folder with a key and a rule."""
    return Repository(tmp_path)


def test_folder(repository: Repository) -> None:
    """A folder of manifests is printed in the order of its names, with what is encrypted decrypted."""
    repository.encrypt("b.yaml", SECRET)
    repository.write("a.yml", DEPLOYMENT)
    repository.write("c.json", '{"apiVersion": "v1", "kind": "X", "n": 1}')
    repository.write("sub/d.yaml", "apiVersion: v1\nkind: D\n")
    repository.write("README.md", "text")
    found = list(yaml.safe_load_all(krm(repository, b"", ".").out))
    assert [body["kind"] for body in found] == ["Pod", "Secret", "X"]
    assert texts(found[1]) == VALUES
    assert b"# the order is not" in krm(repository, b"", ".").out
    deep = list(yaml.safe_load_all(krm(repository, b"", ".", "--recursive").out))
    assert [body["kind"] for body in deep] == ["Pod", "Secret", "X", "D"]


@pytest.mark.parametrize("name", ["kustomize", "kubectl"])
def test_folder_with_a_kustomization(name: str, repository: Repository, program: Program) -> None:
    """A folder with a kustomization is built, and nothing that it names is run but Strongroom."""
    repository.encrypt("db.yaml", SECRET)
    repository.encrypt("app.env", "A=1\n")
    bare = "apiVersion: strongroom.dev/v1\nkind: EncryptedFiles\nmetadata: {name: x}\n"
    repository.write("gen.yaml", bare + "secretGenerator: [{name: app, envs: [app.env]}]\n")
    repository.write("kustomization.yaml", "resources: [db.yaml]\ngenerators: [gen.yaml]\nnamespace: shop\n")
    folder = program(name).parent
    repository.environment["PATH"] = f"{folder}:{repository.environment['PATH']}"
    found = [texts(body) for body in yaml.safe_load_all(krm(repository, b"", ".").out)]
    assert found == [{"A": "1"}, VALUES] or found == [VALUES, {"A": "1"}]


POINTER = "/metadata/annotations/config.kubernetes.io~1function"
EVIL = GENERATOR.replace("path: strongroom", "path: ./evil.sh").replace("args: [krm]", "args: []")


@pytest.mark.parametrize("place", ["file", "base", "inline", "folder", "escaped", "wide", "common", "patched"])
def test_folder_that_names_a_program(place: str, repository: Repository, program: Program) -> None:
    """A program that a kustomization names is not run, and not passed over in silence either: its Secrets would lack."""
    repository.environment["PATH"] = f"{program('kustomize').parent}:{repository.environment['PATH']}"
    repository.write("evil.sh", f"#!/bin/sh\ntouch {repository.root}/ran\n").chmod(0o755)
    repository.write("pod.yaml", DEPLOYMENT)
    repository.write("gen.yaml", EVIL)
    repository.write("base/gen.yaml", EVIL)
    repository.write("base/kustomization.yaml", "generators: [gen.yaml]\n")
    repository.write("folder/gen.yaml", EVIL)
    repository.write("folder/kustomization.yaml", "resources: [gen.yaml]\n")
    repository.write(
        "escaped.yaml", EVIL.replace("config.kubernetes.io/function:", '"config.kubernetes.io/f\\x75nction":')
    )
    repository.write("wide.yaml", EVIL.encode("utf-16"))
    repository.write(
        "common/kustomization.yaml", f"resources: [x.yaml]\ncommonAnnotations:{EVIL.partition('tions:')[2]}"
    )
    repository.write("common/x.yaml", "apiVersion: a/v1\nkind: X\nmetadata: {name: x}\n")
    patch = [{"op": "add", "path": "/metadata/annotations", "value": {}}, {"op": "add", "path": POINTER, "value": "x"}]
    patches = json.dumps([{"patch": json.dumps(patch), "target": {"kind": "X"}}]).replace("~1", "\\\\u007e1")
    repository.write("patched/kustomization.yaml", f"resources: [x.yaml]\npatches: {patches}\n")
    repository.write("patched/x.yaml", "apiVersion: a/v1\nkind: X\nmetadata: {name: x}\n")
    inline = "".join(f"    {line}\n" for line in EVIL.splitlines())
    text = {
        "file": "generators: [gen.yaml]\n",
        "base": "resources: [base]\n",
        "inline": f"transformers:\n- |-\n{inline}",
        "folder": "generators: [folder]\n",
        "escaped": "generators: [escaped.yaml]\n",
        "wide": "generators: [wide.yaml]\n",
        "common": "generators: [common]\n",
        "patched": "generators: [patched]\n",
    }[place]
    repository.write("kustomization.yaml", text + ("" if place == "base" else "resources: [pod.yaml]\n"))
    done = krm(repository, b"", ".", check=False)
    assert (done.code, done.out) == (2, b"")
    assert "names a program" in done.err
    assert not (repository.root / "ran").exists()


def test_folder_that_starts_a_container(repository: Repository, program: Program) -> None:
    """What is fetched cannot be looked into before; whatever names a container there, kustomize starts none."""
    docker = repository.write("bin/docker", f"#!/bin/sh\ntouch {repository.root}/ran\n")
    docker.chmod(0o755)
    (repository.root / "bin/kustomize").symlink_to(program("kustomize"))
    repository.environment["PATH"] = f"{docker.parent}:{repository.environment['PATH']}"
    remote = Repository(repository.root)
    container = ANNOTATION.replace("exec:", "container:").replace("path: strongroom", "image: evil")
    remote.write("gen.yaml", GENERATOR.replace(ANNOTATION, container.replace("args: [krm]", "")))
    remote.write("kustomization.yaml", "generators: [gen.yaml]\n")
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-q", "-m", "x")):
        remote.run("git", *words)
    repository.write("app/kustomization.yaml", f"resources: ['file://{remote.root}']\n")
    done = krm(repository, b"", "app", check=False)
    assert (done.code, done.out) == (2, b"")
    assert "a function runs in a container, which is not started" in done.err
    assert not (repository.root / "ran").exists()


@pytest.mark.parametrize("name", ["kustomize", "kubectl"])
def test_folder_that_is_refused_says_our_reason_alone(name: str, repository: Repository, program: Program) -> None:
    """What kustomize and kubectl say may quote the input; what Strongroom says as their plugin is repeated."""
    repository.environment["PATH"] = f"{program(name).parent}:{repository.environment['PATH']}"
    repository.write("kustomization.yaml", "resources: [hunter2-that-is-no-file.yaml]\n")
    done = krm(repository, b"", ".", check=False)
    assert (done.code, done.out, "hunter2" in done.err) == (2, b"", False)
    repository.write(
        "gen.yaml", "apiVersion: strongroom.dev/v1\nkind: EncryptedFiles\nmetadata: {name: x}\nfiles: [no]\n"
    )
    repository.write("kustomization.yaml", "generators: [gen.yaml]\n")
    assert "no cannot be read" in krm(repository, b"", ".", check=False).err


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [("a.yaml", "a: 1\n", "no manifest"), ("a.yaml", "a: [\n", "cannot be read"), ("a.txt", "x", "neither")],
)
def test_folders_that_are_refused(name: str, text: str, reason: str, repository: Repository) -> None:
    """A folder without a manifest, or with a file that is none, is an error, and nothing is printed."""
    repository.write(name, text)
    done = krm(repository, b"", ".", check=False)
    assert (done.code, done.out) == (2, b"")
    assert reason in done.err

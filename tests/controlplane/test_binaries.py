"""The programs are found where they should be, built once, and are the versions that the module files pin."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.controlplane import binaries

REPOSITORY = Path(__file__).parents[2]
ASK_FOR_VERSION = {
    "etcd": ["--version"],
    "etcdutl": ["version"],
    "helm": ["version", "--short"],
    "kms-plugin": ["--version"],
    "kms-load": ["--version"],
    "kube-apiserver": ["--version"],
    "kube-controller-manager": ["--version"],
    "kubectl": ["version", "--client"],
    "kubeseal": ["--version"],
    "kustomize": ["version"],
    "sealed-secrets-controller": ["--version"],
}
NO_GO = {"GO": "/nonexistent/go", "KUBEBUILDER_ASSETS": ""}


def python(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    """A Python of the repository with more environment, its two outputs captured as one."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def outcome(process: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit code and the output of a process that ends by itself."""
    output, _ = process.communicate(timeout=120)
    return process.returncode, output


def test_every_program_has_its_question() -> None:
    """Each program that can be built is asked for its version below."""
    assert set(ASK_FOR_VERSION) == {each.name for each in binaries.PROGRAMS}


@pytest.mark.parametrize("name", sorted(ASK_FOR_VERSION))
def test_version(name: str, program: Callable[[str], Path]) -> None:
    """Each program runs and says that it is the version which its module file pins."""
    said = subprocess.run([program(name), *ASK_FOR_VERSION[name]], capture_output=True, text=True, check=True).stdout

    assert binaries.version(name).removeprefix("v") in said


def test_unknown_program() -> None:
    """A name that is not listed is refused, with the names that are."""
    with pytest.raises(ValueError, match=r"unknown program 'kubelet': known are .*kube-apiserver"):
        binaries.find("kubelet")


def test_assets_folder_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program in the folder of KUBEBUILDER_ASSETS is taken before any other."""
    (tmp_path / "etcd").write_text("#!/bin/sh\n")
    (tmp_path / "etcd").chmod(0o755)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))

    assert binaries.find("etcd") == tmp_path / "etcd"
    assert binaries.find("helm") != tmp_path / "helm"


def test_only_what_can_be_run_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may not be executed is not taken for the program."""
    (tmp_path / "etcd").write_text("#!/bin/sh\n")
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))

    assert binaries.find("etcd") != tmp_path / "etcd"


def test_cache_follows_xdg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache is in XDG_CACHE_HOME, and its folder names the program and its version."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    place = binaries.cached("helm")

    assert place.is_relative_to(tmp_path / "strongroom" / "controlplane")
    assert place.parent.name.startswith(f"helm-{binaries.version('helm')}-")


def test_programs_of_one_module_are_kept_apart() -> None:
    """No two programs share a folder of the cache."""
    places = {binaries.cached(each.name).parent for each in binaries.PROGRAMS}

    assert len(places) == len(binaries.PROGRAMS)


def recording_go(folder: Path) -> Path:
    """A stand-in for the Go command that notes each build and makes a program after a while."""
    go = folder / "go"
    go.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = env ]; then echo go1.99.0; exit; fi\n'
        f'echo "$@" >> {folder}/builds\n'
        "sleep 0.5\n"
        'while [ "$1" != -o ]; do shift; done\n'
        'printf "#!/bin/sh\\n" > "$2" && chmod 755 "$2"\n'
    )
    go.chmod(0o755)
    return go


def test_processes_at_once_build_once(tmp_path: Path) -> None:
    """Of several processes that need a program at the same time one builds it, and all get it."""
    environment = {"GO": str(recording_go(tmp_path)), "XDG_CACHE_HOME": str(tmp_path), "KUBEBUILDER_ASSETS": ""}
    module = ("-m", "tests.support.controlplane.binaries", "helm")

    outcomes = [outcome(each) for each in [python(*module, **environment) for _ in range(3)]]

    assert [code for code, _ in outcomes] == [0, 0, 0]
    assert all(output.splitlines()[-1].endswith("/helm") for _, output in outcomes)
    assert len((tmp_path / "builds").read_text().splitlines()) == 1


def test_failed_build_leaves_nothing(tmp_path: Path) -> None:
    """A build that fails says what Go said, exits with 1 and leaves no program behind."""
    go = tmp_path / "go"
    go.write_text(
        '#!/bin/sh\nif [ "$1" = env ]; then echo go1.99.0; exit; fi\necho "no space left on device" >&2; exit 1\n'
    )
    go.chmod(0o755)
    environment = {"GO": str(go), "XDG_CACHE_HOME": str(tmp_path / "cache"), "KUBEBUILDER_ASSETS": ""}

    code, output = outcome(python("-m", "tests.support.controlplane.binaries", "helm", **environment))

    assert code == 1
    assert "no space left on device" in output
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file() and path.name != "build.lock"]


NEEDS_A_CLUSTER = """
from tests.support.controlplane.fixtures import *

def test_it(control_plane_programs): pass
"""


@pytest.mark.parametrize(("ci", "code", "verdict"), [("false", 0, "1 skipped"), ("true", 1, "1 error")])
def test_without_programs_and_go(tmp_path: Path, ci: str, code: int, verdict: str) -> None:
    """Without programs and Go, a test that needs a cluster is skipped, and fails with CI=true; both say why."""
    (tmp_path / "test_it.py").write_text(NEEDS_A_CLUSTER)
    (empty := tmp_path / "pytest.ini").write_text("[pytest]\n")
    arguments = ["-m", "pytest", "-ra", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), "-c", str(empty)]
    environment = {**NO_GO, "CI": ci, "XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": str(REPOSITORY)}

    found = outcome(python(*arguments, str(tmp_path), **environment))

    assert found[0] == code
    assert verdict in found[1]
    assert "there is no etcd here, and no Go to build it with; install Go 1.26" in found[1]

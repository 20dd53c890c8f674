"""Kustomize roots: built by the real program where one is installed, otherwise read as plain files."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from strongroom.documents.limits import Limits
from strongroom.documents.yaml import Document, read
from strongroom.model.origin import FieldPath, Origin
from strongroom.model.resource import Resource, as_dict, as_list, as_text
from strongroom.sources.objects import objects_in

_BUILD_SECONDS = 30
_MAX_OUTPUT = 64 * 1024 * 1024
_ORIGIN = "config.kubernetes.io/origin"
_REMOTE = re.compile(r"^[a-z+]+://|^git@|^[\w.-]+\.(com|org|io|net|dev)[/:]|\?ref=", re.IGNORECASE)
_FILE_FIELDS = ("resources", "bases", "components", "crds", "configurations", "generators", "transformers")


class Kustomization(msgspec.Struct, frozen=True):
    """One kustomization file and what it names, as absolute paths.

    Attributes:
        folder: where it stands.
        folders: the kustomizations that it builds upon.
        files: the files that it takes in: resources, patches, components.
        remote: True where it names anything that would be fetched from elsewhere.
        body: the file itself.
    """

    folder: Path
    folders: tuple[Path, ...]
    files: tuple[Path, ...]
    remote: bool
    body: dict[str, Any]


class Built(msgspec.Struct, frozen=True):
    """What a build gave: the objects, or why there are none."""

    resources: tuple[Resource, ...] = ()
    problem: str = ""


def program() -> tuple[str, ...] | None:
    """Return the command that builds a root, or None where neither ``kustomize`` nor ``kubectl`` is installed."""
    if shutil.which("kustomize"):
        return ("kustomize", "build")
    if shutil.which("kubectl"):
        return ("kubectl", "kustomize")
    return None


def parse(path: Path, data: bytes, limits: Limits) -> Kustomization | None:
    """Read a kustomization file; None where it is no mapping."""
    document = next((d for d in read(data, limits) if isinstance(d, Document)), None)
    if document is None or not isinstance(document.body, dict):
        return None
    folder = path.parent.resolve()
    folders: list[Path] = []
    files: list[Path] = []
    remote = False
    for entry in _named(document.body):
        if _REMOTE.search(entry):
            remote = True
            continue
        target = Path(os.path.normpath(folder / entry))
        (folders if target.is_dir() else files).append(target)
    return Kustomization(folder, tuple(folders), tuple(files), remote, document.body)


def _named(body: dict[str, Any]) -> Iterator[str]:
    for name in _FILE_FIELDS:
        yield from (entry for entry in as_list(body.get(name)) if isinstance(entry, str) and "\n" not in entry)
    for name in ("patches", "patchesJson6902", "replacements"):
        yield from (path for entry in as_list(body.get(name)) if (path := as_text(as_dict(entry).get("path"))))
    for entry in as_list(body.get("patchesStrategicMerge")):
        if isinstance(entry, str) and "\n" not in entry:
            yield entry


def roots(found: Iterable[Kustomization]) -> list[Kustomization]:
    """Return the kustomizations that no other one builds upon: what is applied to a cluster."""
    found = list(found)
    used = {folder for one in found for folder in one.folders}
    return [one for one in found if one.folder not in used and as_text(one.body.get("kind")) != "Component"]


def build(command: tuple[str, ...], root: Kustomization, source: str, shown: str, limits: Limits) -> Built:
    """Build one root with the real program.

    The program fetches nothing (roots that name anything remote are refused before), runs no plugins (its default) and
    has a deadline. Each object's origin is the file that it came from, as ``buildMetadata: [originAnnotations]`` tells.
    """
    if root.remote:
        return Built(problem="it names a remote resource, which is not fetched")
    with tempfile.TemporaryDirectory(prefix="strongroom-") as scratch:
        # Only the outermost kustomization may ask for origins, so the root is wrapped in one that does.
        wrapper = Path(scratch).resolve()
        inner = os.path.relpath(root.folder, wrapper)
        (wrapper / "kustomization.yaml").write_bytes(
            msgspec.json.encode({"resources": [inner], "buildMetadata": ["originAnnotations"]})
        )
        try:
            done = subprocess.run(
                [*command, str(wrapper)],
                capture_output=True,
                timeout=_BUILD_SECONDS,
                check=False,
                stdin=subprocess.DEVNULL,
                env={"PATH": os.environ.get("PATH", ""), "HOME": scratch, "GIT_TERMINAL_PROMPT": "0"},
            )
        except subprocess.TimeoutExpired:
            return Built(problem=f"{command[0]} took longer than {_BUILD_SECONDS} s")
        except OSError:
            return Built(problem=f"{command[0]} could not be started")
        if done.returncode or len(done.stdout) > _MAX_OUTPUT:
            # Its error text may quote the input, so it is not repeated.
            return Built(problem=f"{command[0]} refused it; run it by hand to see why")
        return Built(resources=tuple(_objects(done.stdout, wrapper, root, source, shown, limits)))


def _objects(
    output: bytes, wrapper: Path, root: Kustomization, source: str, shown: str, limits: Limits
) -> Iterator[Resource]:
    for document in read(output, limits):
        if isinstance(document, Document):
            for resource in objects_in(document.body, Origin(source, shown, rendered_by="kustomize")):
                yield _placed(resource, wrapper, root, shown)


def _placed(resource: Resource, wrapper: Path, root: Kustomization, shown: str) -> Resource:
    """Point a rendered object at the file that it came from, and take the annotation away again."""
    mark = next((d.body for d in read(resource.annotations.get(_ORIGIN, "").encode()) if isinstance(d, Document)), None)
    path = as_text(as_dict(mark).get("path")) or as_text(as_dict(mark).get("configuredIn"))
    file = Path(os.path.normpath(wrapper / path)) if path else None
    annotations = {key: value for key, value in resource.annotations.items() if key != _ORIGIN}
    body = dict(resource.body)
    body["metadata"] = {**as_dict(body.get("metadata")), "annotations": annotations}
    origin = resource.origin
    if file is not None and root.folder.anchor == file.anchor:
        relative = os.path.relpath(file, root.folder)
        base = os.path.dirname(shown)  # noqa: PTH120 - a path as it is shown, not one of this machine
        origin = msgspec.structs.replace(origin, path=os.path.normpath(os.path.join(base, relative)))  # noqa: PTH118
    return msgspec.structs.replace(resource, annotations=annotations, body=body, origin=origin)


def generator_field(body: dict[str, Any], secret: str, key: str) -> FieldPath | None:
    """Return the field of a kustomization that gives a key of a generated Secret, or None where it is not there.

    A generated name ends in a hash of its contents (kustomize, "generatorOptions"), hence the prefix. Of several the
    longest is meant: ``db`` is a part of ``db-admin`` too.
    """
    entries = [
        (as_text(as_dict(entry).get("name")), i, entry) for i, entry in enumerate(as_list(body.get("secretGenerator")))
    ]
    for name, index, entry in sorted(entries, key=lambda one: -len(one[0])):
        if not name or name not in secret:
            continue
        for part in ("literals", "files", "envs"):
            for position, text in enumerate(as_list(as_dict(entry).get(part))):
                if part == "envs" or (isinstance(text, str) and text.split("=", 1)[0] == key):
                    return ("secretGenerator", index, part, position)
        return ("secretGenerator", index)
    return None

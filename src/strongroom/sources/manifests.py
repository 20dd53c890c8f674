"""Read the documents of one file into a reading."""

from __future__ import annotations

import fnmatch
import re
from typing import Any

from strongroom.documents.limits import Limits
from strongroom.documents.yaml import BadDocument, read
from strongroom.model.origin import Origin
from strongroom.model.place import Context
from strongroom.model.skipped import Reason, Skipped
from strongroom.sources.etcd_values import add, contents_of_dump
from strongroom.sources.objects import objects_in
from strongroom.sources.reading import Loose, Reading, WholeFile

MANIFEST_SUFFIXES = (".yaml", ".yml", ".json")

PIPELINE_FILES = (
    ".gitlab-ci.yml",
    "*.gitlab-ci.yml",
    ".github/workflows/*.yml",
    ".github/workflows/*.yaml",
    "azure-pipelines*.yml",
    "bitbucket-pipelines.yml",
    ".circleci/config.yml",
    ".drone.yml",
    ".travis.yml",
    "cloudbuild.yaml",
    "docker-compose*.y*ml",
    "compose*.y*ml",
)
"""Where the common CI services and Compose keep their files, by their documentation."""

_PIPELINE = re.compile("|".join(rf"(?:.*/)?{fnmatch.translate(pattern)}" for pattern in PIPELINE_FILES))
_TEMPLATE = re.compile(rb"\{\{-?\s*[^}]*\}\}|\{%-?\s")
_SOPS = re.compile(rb'^\s*"?sops"?\s*:', re.MULTILINE)


def is_manifest(path: str) -> bool:
    """Tell whether a file may hold manifests, by its name."""
    return path.lower().endswith(MANIFEST_SUFFIXES)


def is_template(data: bytes) -> bool:
    """Tell whether a text holds the actions of Go templates or Jinja."""
    return _TEMPLATE.search(data) is not None


def context_of(path: str) -> Context | None:
    """Tell what a document that is no Kubernetes object means, by its file's name; None where nothing is known."""
    if path.endswith("ml") and _PIPELINE.match(path):  # as all of them do
        return Context.PIPELINE
    stem, _, suffix = path.rpartition("/")[2].rpartition(".")
    if suffix in ("yaml", "yml") and "values" in stem.lower().replace("_", "-").split("-"):
        return Context.HELM_VALUES
    return None


def read_manifests(reading: Reading, source: str, shown: str, data: bytes, limits: Limits) -> None:
    """Add the objects of one file to a reading, and say what of it could not be read."""
    template = None
    for document in read(data, limits):
        reading.documents += 1
        origin = Origin(source, shown, document.index, document.line)
        if isinstance(document, BadDocument):
            if template is None:
                template = is_template(data)
            reading.skipped.append(_bad(shown, document, template=template))
            continue
        for _, line, column in document.duplicates:
            reading.skipped.append(Skipped(shown, line, column, Reason.DUPLICATE_KEY))
        _add(reading, shown, origin, document.body)
    if _SOPS.search(data) and not _is_held(reading, source, shown):
        reading.whole_files.append(WholeFile(Origin(source, shown), data))


def _is_held(reading: Reading, source: str, shown: str) -> bool:
    """Tell whether the file that is being read matters by its name too, so that it was added just before."""
    return bool(reading.whole_files) and reading.whole_files[-1].origin == Origin(source, shown)


def _add(reading: Reading, shown: str, origin: Origin, body: Any) -> None:
    before = len(reading.resources)
    reading.resources.extend(objects_in(body, origin))
    if len(reading.resources) > before:
        return
    contents = contents_of_dump(body, origin)
    if contents is not None:
        add(reading, contents)
        return
    reading.other_documents += 1
    context = context_of(shown)
    if context is not None and isinstance(body, (dict, list)):
        reading.loose.append(Loose(context, origin, body))


def _bad(shown: str, document: BadDocument, *, template: bool) -> Skipped:
    if template:
        return Skipped(
            shown, document.line, document.column, Reason.TEMPLATE, "not YAML before it is rendered", problem=False
        )
    return Skipped(shown, document.line, document.column, Reason.BAD_DOCUMENT, document.reason)

"""Any file at all: the values in it that may be secrets, where reading it shows more than searching its raw text.

``audit`` reads manifests because a user says that they are some. A scan meets files of every kind: this finds those
that are documents (Kubernetes objects, chart values, CI files, Terraform state, files of settings), and leaves the
rest to the library's rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from strongroom.documents.limits import DEFAULT, Limits
from strongroom.documents.yaml import BadDocument, Document, read
from strongroom.leaks.candidates import of_resource, of_settings, of_terraform_state, of_text, of_values
from strongroom.leaks.candidates.broken import of_broken
from strongroom.leaks.candidates.terraform import is_state
from strongroom.leaks.files.kinds import LARGEST, interesting
from strongroom.leaks.placing import Placer
from strongroom.leaks.recognise import PACKED, Recogniser
from strongroom.leaks.secret_data import RULE as SECRET_DATA
from strongroom.leaks.templates import has_actions, without_actions
from strongroom.leaks.wordset import wordset
from strongroom.model.file import FileKind
from strongroom.model.finding import Confidence
from strongroom.model.origin import Origin
from strongroom.model.place import Candidate, Context, Nature, Sighting
from strongroom.model.plaintext import Plaintext
from strongroom.model.resource import Resource, dig
from strongroom.sources.controlplane_encryption import encryption_of
from strongroom.sources.manifests import context_of
from strongroom.sources.objects import objects_in

_DOCUMENTS = (".yaml", ".yml", ".json")
_PERHAPS = wordset(".tpl .tmpl .gotmpl .j2 .jinja .txt .dump .out .bak .orig .old .dist .example .sample .erb")
"""Suffixes behind which people keep manifests, beside those of YAML and JSON."""
_SETTINGS = (".properties", ".ini", ".toml", ".cnf", ".cfg", ".conf", ".tfvars", ".tf")
_SETTINGS_NAME = re.compile(
    r"(?:^|[._-])(?:application|bootstrap|appsettings|settings|config|configuration|secrets?|credentials?|vars|variables"
    r"|vault|env|environment|prod|production|staging|database|main)(?:[._-]|$)"
)
"""Names of YAML and JSON files that hold a program's settings."""
_NOT_SETTINGS = wordset(
    """
    package.json package-lock.json tsconfig.json composer.lock openapi.json swagger.json openapi.yaml swagger.yaml
    mkdocs.yml mkdocs.yaml .golangci.yml .golangci.yaml .pre-commit-config.yaml renovate.json
    """
)
_SETTINGS_FOLDERS = re.compile(r"(?:^|/)(?:group_vars|host_vars|vars|defaults)/(?:[^/]+/)?[^/]+\.ya?ml$")
"""Where Ansible keeps variables (docs.ansible.com, "Sample directory layout")."""
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BETWEEN = b"\n---"
_ACTION_FIRST = re.compile(rb"(?:\A|\n)\{[{%]")
"""An action at the very beginning of a line: no mapping goes on with it, so the text is no YAML as it stands."""
_SCHEMA = re.compile(rb"^kind:[ \t]*CustomResourceDefinition[ \t]*\r?$", re.MULTILINE)
_OBJECT = re.compile(rb"\bapiVersion[\"']?\s*:")


def may_matter(path: str, head: bytes) -> bool:
    """Tell whether a file is worth `candidates_of_file`; cheap.

    Args:
        path: the file's path.
        head: its first bytes; all of them, where they are at hand: objects may begin behind a long comment.
    """
    by_name = may_matter_by_name(path)
    return holds_objects(head) if by_name is None else by_name


def may_matter_by_name(path: str) -> bool | None:
    """Tell by its path whether a file is worth `candidates_of_file`; None where that is for `holds_objects` to say."""
    name = path.rpartition("/")[2].lower()
    if interesting(path) is not None or name.endswith(_SETTINGS):
        return True
    dot = name.rfind(".")
    suffix = name[dot:] if 0 < dot < len(name) - 1 else ""
    if suffix and suffix not in _PERHAPS and suffix not in _DOCUMENTS:
        return False
    return True if context_of(path) is not None or _is_settings(path) else None


def holds_objects(head: bytes) -> bool:
    """Tell whether a text may hold Kubernetes objects; cheap."""
    return head.startswith(_UTF16) or (b"apiVersion" in head and _OBJECT.search(head) is not None)


def candidates_of_file(path: str, data: bytes, origin: Origin, limits: Limits = DEFAULT) -> Iterator[Candidate]:
    """Yield the candidates of any file.

    Kubernetes objects in YAML, JSON, Lists and streams of documents; templates of manifests, whose actions are taken
    out; chart values, CI files, Terraform state, dotenv and other files of settings. Nothing for the rest.

    Args:
        path: the file's path; its name tells what it may be.
        data: its contents.
        origin: the file; lines are looked up afterwards (`placing.Placer`).
        limits: how much of a hostile document is read.
    """
    yield from _candidates(path, _File(data, limits), origin)


class _File:
    """A file, and its text as it could be read: a template that is no YAML before it is rendered, without its actions.

    Attributes:
        data: its contents.
        text: the same; without actions, once `documents` has found that it cannot be read with them.
        unread: manifests in it that cannot be read; known once its candidates are.
    """

    def __init__(self, data: bytes, limits: Limits = DEFAULT) -> None:
        self.data = data
        self.text = data
        self.unread: list[BadDocument] = []
        self._limits = limits

    def documents(self) -> Iterator[Document | BadDocument]:
        """Return the documents of the text; definitions of custom resources are left out."""
        if not has_actions(self.data):
            return self._read()
        if not _ACTION_FIRST.search(self.data):
            found = list(self._read())
            if not any(isinstance(document, BadDocument) for document in found):
                return iter(found)
        self.text = without_actions(self.data)
        return self._read()

    def _read(self) -> Iterator[Document | BadDocument]:
        return read(_without_schemas(self.text), self._limits)


def _candidates(path: str, file: _File, origin: Origin) -> Iterator[Candidate]:
    name, data = path.rpartition("/")[2].lower(), file.data
    if name.endswith(_SETTINGS) and interesting(path) is None:
        if len(data) <= LARGEST and b"\0" not in data:
            yield from of_settings(name, data.decode("utf-8", "replace").removeprefix("\ufeff"), origin)
        return
    if interesting(path) not in (None, FileKind.TERRAFORM_STATE):
        yield from of_text(path, data, origin)
        if not name.endswith(_DOCUMENTS):
            return
    yield from _of_documents(path, file, origin)


def _of_documents(path: str, file: _File, origin: Origin) -> Iterator[Candidate]:
    context = context_of(path) or (Context.FILE if _is_settings(path) else None)
    bad: list[BadDocument] = []
    for document in file.documents():
        if isinstance(document, BadDocument):
            bad.append(document)
            continue
        place = msgspec.structs.replace(origin, document=document.index, line=document.line)
        yield from _of_body(document.body, place, context)
    for refused, candidates in of_broken(_without_schemas(file.text), bad, origin) if bad else ():
        file.unread.append(refused)
        yield from candidates


def _without_schemas(data: bytes) -> bytes:
    """Blank the definitions of custom resources: they are large, and hold no value; lines stay what they are."""
    if b"CustomResourceDefinition" not in data:
        return data
    parts = data.split(_BETWEEN)
    return _BETWEEN.join(b"\n" * part.count(b"\n") if _SCHEMA.search(part) else part for part in parts)


def _of_body(body: Any, origin: Origin, context: Context | None) -> Iterator[Candidate]:
    objects = list(objects_in(body, origin))
    for resource in objects:
        yield from _keys_of(resource)
        yield from of_resource(resource)
    if is_state(body):
        yield from of_terraform_state(body, origin)
    elif not objects and context is not None and isinstance(body, (dict, list)):
        yield from of_values(body, origin, context)


def _keys_of(resource: Resource) -> Iterator[Candidate]:
    configuration = encryption_of(resource)
    for key in configuration.keys if configuration else ():
        secret = dig(resource.body, key.secret_origin.field[len(resource.origin.field) :])
        if key.usable and isinstance(secret, Plaintext):
            yield Candidate(Context.ENCRYPTION_KEY, key.name, secret, key.secret_origin, resource.id)


def _is_settings(path: str) -> bool:
    name = path.rpartition("/")[2].lower()
    if _SETTINGS_FOLDERS.search(path):
        return True
    return name.endswith(_DOCUMENTS) and name not in _NOT_SETTINGS and _SETTINGS_NAME.search(name) is not None


class Seen(msgspec.Struct, frozen=True):
    """One sighting with its value, which is needed to mask it and to look for it elsewhere."""

    sighting: Sighting
    value: Plaintext


def seen_in_file(
    recogniser: Recogniser,
    path: str,
    data: bytes,
    origin: Origin,
    key: bytes,
    unread: Callable[[BadDocument], None] = lambda _: None,
    *,
    everything: bool = True,
) -> Iterator[Seen]:
    """Yield what is recognised in any file, each at its exact line and column in the file.

    A value of a Secret in which a secret was recognised is not said as a whole, too.

    Args:
        recogniser: with the rules loaded or not.
        path: the file's path.
        data: its contents.
        origin: the file; with the commit, where it comes from history.
        key: the fingerprint key.
        unread: called with each manifest that cannot be read; what the fields of its lines hold is looked at.
        everything: False leaves out what is no secret; to find the places of references costs as much as reading.

    Raises:
        StrongroomError: the library's rules could not be loaded.
    """
    file = _File(data)
    found = list(recogniser.with_values(_candidates(path, file, origin), key))
    for document in file.unread:
        unread(document)
    if not found:
        return
    placer = Placer(file.text)
    inside = {_holder(sighting) for sighting, _ in found if _is_inside(sighting)}
    parts = {_holder(sighting) for sighting, _ in found if _is_inside(sighting) and sighting.origin.inner != PACKED}
    for sighting, value in found:
        if not everything and sighting.nature is not Nature.SECRET:
            continue
        holders = parts if sighting.origin.inner == PACKED else inside if not _is_inside(sighting) else ()
        if sighting.rule != SECRET_DATA or _holder(sighting) not in holders:
            yield Seen(msgspec.structs.replace(sighting, origin=placer.exact(sighting.origin)), value)


def _is_inside(sighting: Sighting) -> bool:
    origin = sighting.origin
    told = sighting.nature is Nature.SECRET and sighting.confidence > Confidence.LOW
    return told and (origin.inner != "" or origin.inner_end > origin.inner_start)


def _holder(sighting: Sighting) -> tuple[object, ...]:
    return sighting.origin.document, sighting.origin.field

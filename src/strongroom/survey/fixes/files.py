"""From the bench of the fixes to the steps of a plan: one step for each file."""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from strongroom.documents import edits as documents
from strongroom.documents.chunks import as_utf8
from strongroom.documents.limits import Limits
from strongroom.documents.wanted import Unfit
from strongroom.documents.yaml import pieces
from strongroom.errors import PlanError
from strongroom.model.facts import Facts
from strongroom.model.origin import FieldPath, Origin
from strongroom.model.place import Nature
from strongroom.model.plaintext import Fingerprint, Plaintext
from strongroom.model.plan import ABSENT, PlanStep, Splice, Text, WriteFile
from strongroom.model.resource import Resource, as_dict, dig
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.new_secret import NewSecret
from strongroom.sources.objects import objects_in
from strongroom.sources.reading import Texts
from strongroom.survey.frames import context

_OUTSIDE = "it is no file of the folder that plans are for (--root)"
_SHORTEST_VALUE = 6
"""Characters: a shorter value is found in any text by chance."""


class Files:
    """The files that a plan may edit.

    Args:
        texts: the files behind the facts.
        root: the folder of the plan.
        key: the fingerprint key.
        limits: as the files were read with.

    Attributes:
        apart: new Secrets do not follow in the files that their values come from.
        written: returns the object that a new Secret is written as.
    """

    def __init__(self, texts: Texts, root: Path, key: bytes, limits: Limits) -> None:
        self._texts, self._root, self._key, self._limits = texts, root.resolve(), key, limits
        self._data: dict[str, bytes] = {}
        self._shown: dict[Path, str] = {}
        self._bodies: dict[str, dict[int, Any]] = {}
        self.apart = False
        self.written: Callable[[NewSecret], dict[str, Any]] = NewSecret.body

    def bodies(self, path: str) -> Mapping[int, Any]:
        """Return the documents of a file.

        Raises:
            Unfit: the plan may not touch it, or a part of it cannot be read.
        """
        if path not in self._bodies:
            self._bodies[path] = documents.bodies(self.data(path), self._limits)
        return self._bodies[path]

    def data(self, path: str) -> bytes:
        """Return the contents of a file; raises Unfit as `bodies`."""
        if path not in self._data:
            inside = self.inside(path)
            first = self._shown.setdefault(Path(path).resolve(), path)
            if first != path:
                raise Unfit(f"it is the same file as {first}")
            data = self._texts.read(path, self._limits.max_bytes) if inside else None
            if data is None or not (self._root / inside).is_file():
                raise Unfit(_OUTSIDE)
            self._data[path] = data
        return self._data[path]

    def inside(self, path: str) -> str:
        """Return a path relative to the folder of the plan; empty where it leads out of it."""
        if not path:
            return ""
        inside = PurePosixPath(os.path.relpath(Path(path).absolute(), self._root))
        return "" if ".." in inside.parts else inside.as_posix()

    def fingerprint(self, text: str) -> Fingerprint:
        """Return the keyed fingerprint of a text."""
        return Plaintext(text).fingerprint(self._key)

    def splices(self, bench: Bench, path: str) -> tuple[Splice, ...]:
        """Return how a file comes to say what the bench says.

        Raises:
            Unfit: it cannot be edited in place.
        """
        wanted, added = self._wanted(bench, path)
        return documents.edits(self.data(path), wanted, added, self._limits)

    def refuse_unfit(self, bench: Bench, path: str) -> None:
        """Refuse what `splices` would refuse, looking only at what changes; raises Unfit."""
        wanted, added = self._wanted(bench, path)
        documents.refuse_unfit(self.data(path), self.bodies(path), wanted, added, self._limits)

    def _wanted(self, bench: Bench, path: str) -> tuple[dict[int, Any], list[Any]]:
        wanted = {document: body for (file, document), body in bench.drafts.items() if file == path}
        added: list[Any] = [*bench.added.get(path, ())]
        for secret in [one for one in bench.secrets.values() if one.path == path and not self.apart]:
            origin = secret.beside.origin
            if origin.field:
                body = copy.deepcopy(wanted.get(origin.document, self.bodies(path).get(origin.document)))
                dig(body, origin.field[:-1]).append(self.written(secret))
                wanted[origin.document] = body
            else:
                added.append(self.written(secret))
        return wanted, added

    def after(self, path: str, splices: Sequence[Splice]) -> bytes:
        """Return the contents of a file after some splices."""
        return documents.applied(self.data(path), splices)

    def step(
        self, path: str, splices: Sequence[Splice], facts: Facts, title: str, why: Sequence[str], unsafe: str
    ) -> PlanStep:
        """Return the step that edits a file.

        Raises:
            Unfit: the plan would hold a secret value.
        """
        data, places = self.data(path), _sensitive(path, self.bodies(path), facts)
        self._refuse_values(path, splices, places)
        hidden = self._hidden(path, splices, places)
        after = documents.applied(data, splices)
        change = WriteFile(
            self.inside(path), self.digest(data), self.digest(after), tuple(splices), tuple(sorted(hidden))
        )
        return PlanStep(title, change, tuple(why), unsafe)

    def new(self, path: str, text: str) -> PlanStep:
        """Return the step that makes a file.

        Raises:
            PlanError: the folder of the plan does not hold it, or it is there already.
        """
        inside = self.inside(path)
        if not inside or Path(path).exists():
            raise PlanError(f"{path} cannot be made", hint="there is a file of that name, or --root is another folder")
        return PlanStep(
            f"make {inside}", WriteFile(inside, ABSENT, self.digest(text.encode()), (Splice(0, 0, (Text(text),)),))
        )

    def refuse_values_in(self, body: Any, path: str, facts: Facts) -> None:
        """Refuse an object that names a value of the file that it is to stand in; raises Unfit."""
        text = Text(json.dumps(body, ensure_ascii=False))
        self._refuse_values(path, [Splice(0, 0, (text,))], _sensitive(path, self.bodies(path), facts))

    def naming(self, path: str, names: Iterable[str]) -> Iterator[str]:
        """Yield a note for each ConfigMap that a template names."""
        data = self._texts.read(path, self._limits.max_bytes) or b""
        text = data.decode("utf-8", "replace")
        for name in names if "configmap" in text.lower() else ():
            if re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", text):
                yield f"template {path} names {name}: if that is the ConfigMap, it needs the Secret there too"

    def _hidden(
        self, path: str, splices: Sequence[Splice], places: Mapping[int, Sequence[FieldPath]]
    ) -> set[tuple[int, int]]:
        """Return what a diff may not show: scalars of the documents that change, and the other documents whole."""
        data, bodies = self.data(path), self.bodies(path)
        found: dict[int, list[FieldPath]] = {}
        hidden: set[tuple[int, int]] = set()
        for chunk in pieces(as_utf8(data)):
            end = chunk.offset + chunk.length
            if chunk.index in bodies and any(one.start < end and one.end >= chunk.offset for one in splices):
                found[chunk.index] = [*places.get(chunk.index, ()), *_unnamed(bodies[chunk.index], ())]
            else:
                hidden.add((chunk.offset, end))
        hidden.update((one.start, one.end) for one in documents.spans(data, found, self._limits))
        return hidden

    def digest(self, data: bytes) -> str:
        """Return the keyed digest of contents, as steps name it."""
        return Plaintext(data).fingerprint(self._key)

    def _refuse_values(self, path: str, splices: Sequence[Splice], places: Mapping[int, Sequence[FieldPath]]) -> None:
        """Refuse a plan that holds what it should take from the file."""
        brought = "\n".join(p.text for one in splices for p in one.pieces if isinstance(p, Text))
        for document, paths in places.items():
            for field in paths:
                value = dig(self.bodies(path).get(document), field)
                if isinstance(value, str) and len(value) >= _SHORTEST_VALUE and value in brought:
                    raise Unfit("the plan would hold a value of the file")


def resources_after(facts: Facts, changed: Mapping[str, bytes], limits: Limits) -> list[Resource]:
    """Return the objects of the sources as they would be with some files changed."""
    found = [resource for resource in facts.resources if resource.origin.path not in changed]
    for path, data in changed.items():
        source = next((r.origin.source for r in facts.resources if r.origin.path == path), "")
        for document, body in documents.bodies(data, limits).items():
            found += objects_in(body, Origin(source, path, document))
    return found


def _sensitive(path: str, bodies: Mapping[int, Any], facts: Facts) -> dict[int, list[FieldPath]]:
    """Return where values stand in a file: what was recognised, and everything in a Secret."""
    found: dict[int, dict[FieldPath, None]] = {}
    for sighting in facts.sightings:
        origin = sighting.origin
        if origin.path == path and origin.document >= 0 and sighting.nature in (Nature.SECRET, Nature.PLACEHOLDER):
            found.setdefault(origin.document, {})[_standing(origin.field, bodies.get(origin.document))] = None
    for resource in facts.of_kind("Secret"):
        origin = resource.origin
        if origin.path == path and origin.document >= 0:
            fields = [
                (*origin.field, part, key) for part in ("data", "stringData") for key in as_dict(resource.get(part))
            ]
            found.setdefault(origin.document, {}).update(dict.fromkeys(fields))
    return {document: [*fields] for document, fields in found.items()}


def _unnamed(value: Any, path: FieldPath) -> Iterator[FieldPath]:
    """Yield where scalars stand that a report may not show: a diff may show any line of a file that it edits."""
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _unnamed(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _unnamed(child, (*path, index))
    elif path:
        line = f"{next((step for step in reversed(path) if isinstance(step, str)), '')}: x"
        if context(line) != line:
            yield path


def _standing(field: FieldPath, body: Any) -> FieldPath:
    """Return the part of a path that the document itself has: the rest lies in a document within a text."""
    for length in range(len(field), 0, -1):
        if dig(body, field[:length]) is not None:
            return field[:length]
    return field

"""Where fixes work: copies of the documents, changed in memory, and the new Secrets that values move to.

Nothing here is written anywhere. What moves is named by its place (`strongroom.documents.wanted.Taken`); the editor of
documents makes splices of the difference.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from posixpath import dirname, join
from typing import Any

from strongroom.documents.wanted import GONE, Taken, Unfit
from strongroom.model.facts import Facts
from strongroom.model.finding import Finding
from strongroom.model.origin import FieldPath
from strongroom.model.place import Sighting
from strongroom.model.plaintext import Fingerprint
from strongroom.model.resource import Resource, as_dict, as_text, dig
from strongroom.model.secret import SecretRef
from strongroom.posture.fixes.new_secret import TAKEN_FROM, NewSecret, Reference, free_name, labels_for
from strongroom.posture.fixes.overlays import patched
from strongroom.posture.fixes.values import existing, held, naming

Bodies = Mapping[int, Any]
"""The documents of a file by their index."""

_Place = tuple[str, int]


class Bench:
    """The working copies of one plan.

    Args:
        facts: what the sources say, read as plain files.
        bodies: returns the documents of a file; raises Unfit where the plan may not touch it.
        fingerprint: returns the keyed fingerprint of a text.
        reads_files: variables that the user says are read from the file that ``NAME_FILE`` names.
        stores: True where values end in a store of secrets.

    Attributes:
        relied_on: namespaces and names of the Secrets that hold a value already which a fix took from elsewhere.
    """

    def __init__(
        self,
        facts: Facts,
        bodies: Callable[[str], Bodies],
        fingerprint: Callable[[str], Fingerprint],
        reads_files: frozenset[str] = frozenset(),
        *,
        stores: bool = False,
    ) -> None:
        self.stores = stores
        self.facts = facts
        self.reads_files = reads_files
        self._bodies = bodies
        self._fingerprint = fingerprint
        self.drafts: dict[_Place, Any] = {}
        self.added: dict[str, list[dict[str, Any]]] = {}
        self.secrets: dict[tuple[str, str, str], NewSecret] = {}
        self.files: dict[str, str] = {}
        self.relied_on: frozenset[tuple[str, str]] = frozenset()
        self._held = held(facts)
        self.naming = naming(facts)
        self._named: dict[tuple[str, str], list[Resource]] = {}
        for one in facts.resources:
            self._named.setdefault((one.kind, one.name), []).append(one)
        self._objects = {(r.origin.path, r.origin.document, r.origin.field): r for r in facts.resources}
        self._sightings: dict[_Place, list[Sighting]] = {}
        for sighting in facts.sightings:
            self._sightings.setdefault((sighting.origin.path, sighting.origin.document), []).append(sighting)

    def attempt(self) -> Bench:
        """Return a bench to try changes on; see `with_changes`."""
        other = copy.copy(self)
        other.drafts = _Layer(self.drafts)
        other.added, other.secrets, other.files = dict(self.added), dict(self.secrets), dict(self.files)
        return other

    def with_changes(self, attempt: Bench) -> tuple[Bench, set[str]]:
        """Return a bench with the changes of an attempt, and the files that it touched."""
        touched = {path for path, _ in attempt.drafts}
        touched |= {path for path, bodies in attempt.added.items() if bodies is not self.added.get(path)}
        touched |= {one.path for key, one in attempt.secrets.items() if one is not self.secrets.get(key)}
        other = copy.copy(attempt)
        other.drafts = {**self.drafts, **attempt.drafts}
        return other, touched

    def resource(self, finding: Finding) -> Resource | None:
        """Return the object that a finding is about, where it was read from a file."""
        origin = finding.origin
        for length in range(len(origin.field), -1, -1):
            found = self._objects.get((origin.path, origin.document, origin.field[:length]))
            if found is not None:
                return None if found.origin.object else found
        return None

    def sightings(self, resource: Resource) -> list[Sighting]:
        """Return what recognition says of the values of an object."""
        field = resource.origin.field
        found = self._sightings.get((resource.origin.path, resource.origin.document), [])
        return [one for one in found if one.origin.field[: len(field)] == field]

    def body(self, resource: Resource, *, sealed: bool = False) -> dict[str, Any]:
        """Return the working copy of an object, to be changed; ``sealed`` where all of it gives way to something else.

        Raises:
            Unfit: it is not a plain part of a file of the plan.
        """
        origin = resource.origin
        if origin.object or origin.rendered_by or origin.document < 0:
            raise Unfit(f"{origin.rendered_by or 'a cluster'} made it of something else")
        key = (origin.path, origin.document)
        if key not in self.drafts:
            self.drafts[key] = self._document(*key)
        found = dig(self.drafts[key], origin.field)
        if not isinstance(found, dict):
            raise Unfit("it is not as it was read")
        if not sealed and isinstance(dig(found, ("sops", "mac")), str):
            raise Unfit("SOPS sealed the file, and the seal would break")
        overlay = patched(resource, self._named[resource.kind, resource.name], self.facts)
        if overlay:
            raise Unfit(f"{overlay} changes its containers too: both have to be changed together")
        return found

    def delete(self, resource: Resource) -> None:
        """Delete an object: its document, or its item of a list."""
        self.body(resource)
        origin = resource.origin
        if not origin.field:
            self.drafts[origin.path, origin.document] = GONE
        else:
            dig(self.drafts[origin.path, origin.document], origin.field[:-1])[origin.field[-1]] = GONE

    def add(self, beside: Resource, body: dict[str, Any]) -> None:
        """Add an object to the file of another one: to its list, or as a document at the end."""
        origin = beside.origin
        if not origin.field:
            bodies = self.added.get(origin.path, [])
            if body not in bodies:
                self.added[origin.path] = [*bodies, body]
            return
        self.body(beside)
        items = dig(self.drafts[origin.path, origin.document], origin.field[:-1])
        if body not in items:
            items.append(body)

    def plain(self, path: str, document: int) -> dict[str, Any]:
        """Return the working copy of a document that is no object, to be changed.

        Raises:
            Unfit: the plan may not touch it, or it is no mapping.
        """
        if (path, document) not in self.drafts:
            self.drafts[path, document] = self._document(path, document)
        found = self.drafts[path, document]
        if not isinstance(found, dict) or isinstance(dig(found, ("sops", "mac")), str):
            raise Unfit("SOPS sealed the file, and the seal would break")
        return found

    def make(self, beside: Resource, name: str, text: str) -> str:
        """Make a file beside the one of an object, and return its path.

        Raises:
            Unfit: there is a file of that name in the sources, or another fix made one.
        """
        path = join(dirname(beside.origin.path), name)
        if self.files.setdefault(path, text) != text or any(r.origin.path == path for r in self.facts.resources):
            raise Unfit(f"there is a file {path} already: add to it what is missing")
        return path

    def taken(self, resource: Resource, field: FieldPath, start: int = 0, end: int = 0) -> Taken:
        """Return what stands for a value of an object, moved; offsets where it is a part of the value."""
        return Taken(resource.origin.document, (*resource.origin.field, *field), start, end)

    def text(self, resource: Resource, field: FieldPath) -> str | None:
        """Return a text of an object as it was before any fix; the caller neither stores nor shows it."""
        origin = resource.origin
        found = dig(self._bodies(origin.path).get(origin.document), (*origin.field, *field))
        return found if isinstance(found, str) else None

    def secret_for(self, resource: Resource, name: str, key: str, field: FieldPath, part: tuple[int, int]) -> Reference:
        """Return the Secret and its key that hold a value: one that has it already, else one that is made for it.

        Args:
            resource: the object whose value moves.
            name: of the new Secret, where it is free.
            key: of the value, where it is free.
            field: leads to the value.
            part: offsets in the value; (0, 0) where all of it moves.

        Raises:
            Unfit: the value is no text.
        """
        whole = self.text(resource, field)
        if whole is None:
            raise Unfit("the value is no text")
        value = whole[part[0] : part[1]] if part[1] > part[0] else whole
        print_of_it = self._fingerprint(value)
        known = existing(self._held, resource, print_of_it)
        if known is not None:
            self.relied_on |= {(resource.namespace, known.name)}
            return known
        path, namespace = resource.origin.path, resource.namespace
        made = self.secrets.get((path, namespace, name))
        if made is not None:  # the one of the bench below stays as it is
            made = self.secrets[path, namespace, name] = made.copied()
        else:
            taken_names = {secret.name for secret in self.secrets.values()}
            free = free_name(self.facts, namespace, name, taken_names)
            made = NewSecret(resource, free, labels_for(resource, self.facts))
            self.secrets[path, namespace, name] = made
        return Reference(made.name, made.keep(key, print_of_it, self.taken(resource, field, *part)))

    def note(self, resource: Resource, reference: Reference, where: str) -> None:
        """Say where a value stood, on the Secret that has it now and that nothing in the sources is given.

        Raises:
            Unfit: the Secret was there before, and the plan may not touch it.
        """
        for secret in self.secrets.values():
            if (secret.name, secret.beside) == (reference.name, resource):
                secret.notes = _noted(secret.notes, where)
        record = self.facts.secret(SecretRef(resource.namespace, reference.name))
        if record is None or record.consumers:
            return
        for one in self._named.get(("Secret", reference.name), ()):
            if one.namespace == resource.namespace:
                metadata = self.body(one)["metadata"]
                metadata["annotations"] = _noted(as_dict(metadata.get("annotations")), where)

    def _document(self, path: str, document: int) -> Any:
        if isinstance(self.drafts, _Layer) and (path, document) in self.drafts.below:
            return copy.deepcopy(self.drafts.below[path, document])
        body = self._bodies(path).get(document)
        if not isinstance(body, dict):
            raise Unfit("it is not as it was read")
        return copy.deepcopy(as_dict(body))


def _noted(notes: dict[str, Any], where: str) -> dict[str, Any]:
    """Return annotations with one more place that a value was taken from."""
    places = [*filter(None, as_text(notes.get(TAKEN_FROM)).split("; "))]
    return {**notes, TAKEN_FROM: "; ".join(dict.fromkeys([*places, where]))}


class _Layer(dict[_Place, Any]):
    """The drafts of an attempt, above those that stand."""

    def __init__(self, below: dict[_Place, Any]) -> None:
        super().__init__()
        self.below = below

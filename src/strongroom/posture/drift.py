"""What the checks have in common that compare manifests with what runs."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from strongroom.model.facts import Facts, same_namespace
from strongroom.model.resource import Resource, as_dict, as_text
from strongroom.model.secret import Definition, SecretRecord, SecretRef
from strongroom.posture.secret_records import WRITTEN_BY_PEOPLE


def is_live(resource: Resource) -> bool:
    """Tell whether an object comes from a cluster or a dump of one: the API server gives each object a ``uid``."""
    return bool(resource.origin.object) or bool(as_text(as_dict(resource.body.get("metadata")).get("uid")))


class Written(msgspec.Struct, frozen=True):
    """A Secret as a manifest defines it; the namespace may be open."""

    ref: SecretRef
    record: SecretRecord
    definition: Definition


class Sides:
    """Manifests on one side, a cluster, or a dump of one with its Namespaces, on the other.

    Attributes:
        live: the Secrets of the cluster by name.
        written: the Secrets that manifests define, in the order of the inventory.
    """

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        everything = [resource for resource in facts.resources if is_live(resource)]
        places = {(r.origin.path, r.origin.document, r.origin.field) for r in everything}
        self.live: dict[SecretRef, Resource] = {
            SecretRef(r.namespace, r.name): r for r in everything if r.kind == "Secret" and not r.group
        }
        self.written = tuple(
            Written(record.ref, record, definition)
            for record in facts.secrets
            for definition in record.definitions
            if definition.how in WRITTEN_BY_PEOPLE
            and not definition.origin.object
            and (definition.origin.path, definition.origin.document, definition.origin.field) not in places
        )
        self._live_names: dict[str, list[Resource]] = {}
        for resource in self.live.values():
            self._live_names.setdefault(resource.name, []).append(resource)
        self._names: dict[str, list[Written]] = {}
        for written in self.written:
            self._names.setdefault(written.ref.name, []).append(written)
        # A dump of single objects says nothing of the rest of their namespace; one with the Namespace does.
        self._namespaces = {r.name for r in everything if r.kind == "Namespace" and not r.group}
        self._namespaces |= {r.namespace for r in everything if r.origin.object}
        self._covered = {r.namespace for r in facts.resources if not is_live(r)}

    def live_as(self, written: Written) -> list[Resource]:
        """Return the live Secrets that a manifest may mean: several where it leaves the namespace open."""
        exact = self.live.get(written.ref)
        if exact is not None or written.ref.namespace:
            return [exact] if exact is not None else []
        return self._live_names.get(written.ref.name, [])

    def is_written(self, ref: SecretRef) -> bool:
        """Tell whether a manifest defines a Secret."""
        return any(same_namespace(w.ref.namespace, ref.namespace) for w in self._names.get(ref.name, ()))

    def was_read(self, namespace: str) -> bool:
        """Tell whether all Secrets of a namespace of the cluster are here; an open one stands for any."""
        if self._facts.lacks(namespace, "secrets"):
            return False
        return namespace in self._namespaces if namespace else bool(self._namespaces)

    def is_covered(self, namespace: str) -> bool:
        """Tell whether both sides speak of a namespace: the manifests, and the cluster as a whole."""
        return namespace in self._covered and namespace in self._namespaces

    def pairs(self) -> Iterator[tuple[Written, Resource]]:
        """Yield each Secret of a manifest with the live one, where it is clear which that is."""
        for written in self.written:
            found = self.live_as(written)
            if len(found) == 1 and found[0].namespace in self._namespaces:
                yield written, found[0]

"""What the checks of Secrets have in common: which of them are a person's to look after, and where they are shown."""

from __future__ import annotations

from collections.abc import Iterable

from strongroom.model.facts import Facts
from strongroom.model.origin import Origin
from strongroom.model.resource import Resource, as_dict, as_list
from strongroom.model.secret import Definition, How, SecretRecord, SecretRef
from strongroom.posture.grants import SYSTEM_NAMESPACES

SERVICE_ACCOUNT_TOKEN = "kubernetes.io/service-account-token"  # noqa: S105 - the name of a type
MADE_BY_MACHINES = frozenset({SERVICE_ACCOUNT_TOKEN, "helm.sh/release.v1", "bootstrap.kubernetes.io/token"})
"""Types of Secrets that Kubernetes, Helm and kubeadm make and remove by themselves."""

WRITTEN_BY_PEOPLE = frozenset(
    {How.SECRET, How.SOPS, How.SEALED_SECRET, How.EXTERNAL_SECRET, How.SECRET_PROVIDER_CLASS, How.SECRET_GENERATOR}
)
"""What brings a Secret into being under a name and with labels that a person chose."""

_TEMPLATES = (
    ("spec", "template", "metadata"),  # SealedSecret
    ("spec", "target", "template", "metadata"),  # ExternalSecret
    ("spec", "externalSecretMetadata"),  # ClusterExternalSecret
    ("spec", "externalSecretSpec", "target", "template", "metadata"),
)


def is_looked_after(record: SecretRecord) -> bool:
    """Tell whether a person is to look after a Secret: it is defined here, and no machine's own."""
    return (
        bool(record.definitions)
        and record.type not in MADE_BY_MACHINES
        and record.ref.namespace not in SYSTEM_NAMESPACES
        and any(definition.how in WRITTEN_BY_PEOPLE for definition in record.definitions)
    )


def shown_at(definition: Definition) -> Origin:
    """Return where a definition is shown: at the object's name, or at the entry that defines it."""
    if definition.how in (How.SECRET, How.SOPS, How.SEALED_SECRET, How.EXTERNAL_SECRET):
        return definition.origin.at(("metadata", "name"))
    return definition.origin


def record_of(resource: Resource, facts: Facts) -> SecretRecord | None:
    """Return the record that a Secret object belongs to."""
    return facts.secret(SecretRef(resource.namespace, resource.name))


def record_named(namespace: str, name: str, facts: Facts) -> SecretRecord | None:
    """Return the record of a Secret by its name, of the namespace or of a manifest that leaves it open."""
    return facts.secret(SecretRef(namespace, name)) or facts.secret(SecretRef("", name))


def is_public(record: SecretRecord | None) -> bool:
    """Tell whether every value of a Secret is public by nature, as a bundle of certificates is."""
    keys = [key for definition in record.definitions for key in definition.keys] if record else []
    return bool(keys) and all(key.public for key in keys)


def written_definitions(record: SecretRecord) -> list[Definition]:
    """Return the definitions whose labels are all there: not those of a generator that nobody has rendered."""
    return [d for d in record.definitions if d.how in WRITTEN_BY_PEOPLE and d.how is not How.SECRET_GENERATOR]


def unmarked(record: SecretRecord, marks: Iterable[str], facts: Facts) -> Definition | None:
    """Return the first definition of a Secret that a person looks after, if none of them carries one of some marks.

    That an object owns it counts as one.
    """
    definitions = written_definitions(record) if is_looked_after(record) else []
    there = {mark for definition in definitions for mark in marks_of(definition, facts)}
    return definitions[0] if definitions and there.isdisjoint((*marks, "ownerReferences")) else None


def marks_of(definition: Definition, facts: Facts) -> set[str]:
    """Return the names of the labels and annotations of a definition, those of its template included.

    ``ownerReferences`` is among them where the object has an owner.
    """
    marks = set(definition.labels)
    kind, namespace, name = definition.resource.kind, definition.resource.namespace, definition.resource.name
    resource = facts.find(kind, namespace, name)
    if resource is None:
        return marks
    marks.update(resource.annotations)
    for way in _TEMPLATES:
        template = as_dict(resource.get(*way))
        marks.update(str(k) for part in ("labels", "annotations") for k in as_dict(template.get(part)))
    if as_list(as_dict(resource.body.get("metadata")).get("ownerReferences")):
        marks.add("ownerReferences")
    return marks

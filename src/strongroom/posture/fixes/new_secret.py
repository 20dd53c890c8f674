"""Secrets that fixes make: their names, their labels, their keys."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from strongroom.documents.wanted import Taken
from strongroom.model.facts import Facts, same_namespace
from strongroom.model.plaintext import Fingerprint
from strongroom.model.resource import Resource, as_text
from strongroom.model.workload import workloads_of

_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_NOT_KEY = re.compile(r"[^-._a-zA-Z0-9]+")
_MANAGED_BY = "app.kubernetes.io/managed-by"
"""Says which tool made an object, so a new one does not inherit it."""

OF_A_NEW_SECRET = (
    "host-access-with-secrets",
    "namespace-without-network-policy",
    "namespace-without-pod-security",
    "plain-secret-manifest",
    "repeated-secret-value",
    "secret-in-default-namespace",
    "secret-widely-reachable",
    "weak-secret-value",
)
"""Checks that look at Secrets, and so find something where a value that stood elsewhere has become one."""

TAKEN_FROM = "strongroom.dev/taken-from"
"""Says on a new Secret where its value stood, where nothing in the sources shows what reads it."""


class Reference(NamedTuple):
    """A key of a Secret."""

    name: str
    key: str


class NewSecret:
    """A Secret that a plan makes, and what it takes into it; holds no value.

    Args:
        beside: the object whose values it takes; it is made in the same file and namespace.
        name: its name.
        labels: its labels.
    """

    def __init__(self, beside: Resource, name: str, labels: dict[str, str]) -> None:
        self.beside = beside
        self.name = name
        self.labels = labels
        self.notes: dict[str, str] = {}
        self.values: dict[str, Taken] = {}
        self._held: dict[Fingerprint, str] = {}

    @property
    def path(self) -> str:
        """The file that it is made in."""
        return self.beside.origin.path

    def keep(self, key: str, value: Fingerprint, taken: Taken) -> str:
        """Take in a value, and return its key: the one that it has already, the wished one, or one like it."""
        if value in self._held:
            return self._held[value]
        wished = key if _KEY.fullmatch(key) else _NOT_KEY.sub("-", key).strip("-.") or "value"
        free, number = wished, 1
        while free in self.values:
            number += 1
            free = f"{wished}-{number}"
        self.values[free] = taken
        self._held[value] = free
        return free

    def copied(self) -> NewSecret:
        """Return a copy that can be changed by itself."""
        other = NewSecret(self.beside, self.name, self.labels)
        other.notes = dict(self.notes)
        other.values, other._held = dict(self.values), dict(self._held)
        return other

    def body(self) -> dict[str, Any]:
        """Return the manifest."""
        metadata: dict[str, Any] = {"name": self.name}
        if self.beside.namespace:
            metadata["namespace"] = self.beside.namespace
        if self.labels:
            metadata["labels"] = self.labels
        if self.notes:
            metadata["annotations"] = self.notes
        head: dict[str, Any] = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}
        return {**head, "type": "Opaque", "stringData": self.values}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NewSecret) and self.name == other.name and self.values == other.values

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"NewSecret({self.beside.namespace}/{self.name})"


def free_name(facts: Facts, namespace: str, wished: str, taken: Iterable[str] = ()) -> str:
    """Return a name that no Secret of the namespace has, and that nothing asks for."""
    used = {record.ref.name for record in facts.secrets if same_namespace(record.ref.namespace, namespace)}
    used.update(taken)
    free, number = wished[:240], 1
    while free in used:
        number += 1
        free = f"{wished[:240]}-{number}"
    return free


def labels_for(resource: Resource, facts: Facts) -> dict[str, str]:
    """Return the labels of a new Secret: whose it is, as the object says that its values come from, and version 1."""
    marks = [mark for mark in facts.settings.owner_labels if mark != _MANAGED_BY]
    worn = dict(resource.labels)
    for workload in workloads_of(resource):
        worn = {**{k: v for k, v in workload.pod_labels.items() if isinstance(v, str)}, **worn}
    found = {mark: worn[mark] for mark in marks if mark in worn} or owner_in(facts, resource.namespace)
    if not found and marks:
        name = next((mark for mark in marks if mark == "app.kubernetes.io/name"), marks[0])
        found = {name: as_text(resource.name)[:63].strip("-._")}
    if facts.settings.version_labels:
        found[facts.settings.version_labels[0]] = "1"
    return found


def owner_in(facts: Facts, namespace: str) -> dict[str, str]:
    """Return the label by which all the Secrets of a namespace that name an owner name the same one."""
    worn = [secret.labels for secret in facts.of_kind("Secret") if secret.namespace == namespace]
    for mark in facts.settings.owner_labels:
        values = {labels[mark] for labels in worn if mark in labels}
        if mark != _MANAGED_BY and len(values) == 1:
            return {mark: values.pop()}
    return {}

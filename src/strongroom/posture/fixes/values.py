"""What the fixes that move values have in common."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from strongroom.model.facts import Facts
from strongroom.model.origin import FieldPath
from strongroom.model.plaintext import Fingerprint
from strongroom.model.resource import Resource
from strongroom.model.secret import How
from strongroom.posture.fixes.new_secret import Reference

VARIABLE = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
"""What the API server takes as the name of a variable in every version (IsEnvVarName, k8s.io/apimachinery)."""


def expands(value: str) -> bool:
    """Tell whether Kubernetes would change a literal value or a word: ``$(NAME)`` and ``$$``.

    https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
    """
    return "$(" in value or "$$" in value


Held = dict[tuple[str, Fingerprint], tuple[Reference, str]]
"""By namespace and value, the key of a plain Secret that holds it, and its file."""


def held(facts: Facts) -> Held:
    """Return what the Secrets of plain manifests hold, as far as each is written once."""
    found: Held = {}
    for record in facts.secrets:
        if len(record.definitions) != 1 or record.type != "Opaque":
            continue
        definition = record.definitions[0]
        if definition.how is How.SECRET and not definition.origin.object:
            for key in definition.keys:
                if key.fingerprint is not None:
                    reference = Reference(record.ref.name, key.name)
                    found.setdefault((record.ref.namespace, key.fingerprint), (reference, definition.origin.path))
    return found


def existing(known: Held, resource: Resource, value: Fingerprint) -> Reference | None:
    """Return the Secret of a plain manifest that holds a value already, surely in the namespace of the object."""
    reference, path = known.get((resource.namespace, value), (None, ""))
    return reference if resource.namespace or path == resource.origin.path else None


_NAMING_NONE = frozenset({"ConfigMap", "Secret", "Kustomization", "CustomResourceDefinition"})


def naming(facts: Facts) -> dict[str, list[Resource]]:
    """Return what names ConfigMaps outside pod specs, by the name."""
    specs: dict[int, set[FieldPath]] = {}
    for workload in facts.workloads:
        specs.setdefault(id(workload.resource), set()).add(workload.field)
    found: dict[str, list[Resource]] = {}
    for resource in facts.resources:
        if resource.kind not in _NAMING_NONE:
            names = {*_named(resource.body, (), specs.get(id(resource), set()), inside=False)}
            for name in names:
                found.setdefault(name, []).append(resource)
    return found


def _named(value: Any, path: FieldPath, skip: set[FieldPath], *, inside: bool) -> Iterator[str]:
    """Yield the texts of fields that speak of ConfigMaps."""
    if path in skip:
        return
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _named(child, (*path, str(key)), skip, inside=inside or "configmap" in str(key).lower())
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _named(child, (*path, index), skip, inside=inside)
    elif inside and isinstance(value, str):
        yield value

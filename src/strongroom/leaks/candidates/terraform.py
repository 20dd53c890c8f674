"""Terraform state, version 4 (``internal/states/statefile/version4.go`` of hashicorp/terraform).

State holds every attribute in the clear. What a provider or an output calls sensitive is a secret by that; the rest is
looked at by its names.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from strongroom.leaks.candidates import tree
from strongroom.leaks.candidates.inside import leaves_of
from strongroom.leaks.candidates.raw import Raw
from strongroom.model.origin import FieldPath
from strongroom.model.place import Context
from strongroom.model.resource import as_dict, as_list, as_text, dig

_ALWAYS = {
    "random_password": ("result",),
    "tls_private_key": ("private_key_pem", "private_key_openssh", "private_key_pem_pkcs8"),
    "aws_secretsmanager_secret_version": ("secret_string", "secret_binary"),
    "google_secret_manager_secret_version": ("secret_data",),
    "azurerm_key_vault_secret": ("value",),
    "vault_generic_secret": ("data_json",),
    "kubernetes_secret": ("data", "binary_data"),
    "kubernetes_secret_v1": ("data", "binary_data"),
    "github_actions_secret": ("plaintext_value",),
}
"""Attributes that hold a secret whatever they are called, as the providers document; old state marks none."""


def is_state(body: Any) -> bool:
    """Tell whether a document is a state."""
    return (
        isinstance(body, dict) and isinstance(body.get("version"), int) and ("resources" in body or "lineage" in body)
    )


def raws_of(body: dict[str, Any]) -> Iterator[Raw]:
    """Yield what stands in outputs and in the attributes of every instance."""
    for name, output in as_dict(body.get("outputs")).items():
        field: FieldPath = ("outputs", name, "value")
        if as_dict(output).get("sensitive") is True:
            yield from _sensitive(as_dict(output).get("value"), name, field)
        else:
            yield from tree.strings_of(as_dict(output).get("value"), Context.FILE, field)
    for number, resource in enumerate(map(as_dict, as_list(body.get("resources")))):
        for index, instance in enumerate(map(as_dict, as_list(resource.get("instances")))):
            at: FieldPath = ("resources", number, "instances", index, "attributes")
            yield from _of_instance(instance, as_text(resource.get("type")), at)


def _of_instance(instance: dict[str, Any], type_: str, field: FieldPath) -> Iterator[Raw]:
    attributes = as_dict(instance.get("attributes"))
    ways: set[FieldPath] = {(name,) for name in _ALWAYS.get(type_, ()) if attributes.get(name)}
    ways.update(filter(None, map(_way, as_list(instance.get("sensitive_attributes")))))
    for way in sorted(ways, key=repr):
        name = next((step for step in reversed(way) if isinstance(step, str)), "")
        yield from _sensitive(dig(attributes, way), name, (*field, *way))
    yield from tree.strings_of(attributes, Context.FILE, field, skip=frozenset((*field, *way) for way in ways))


def _way(marked: Any) -> FieldPath:
    """Return the path of one sensitive attribute: a list of steps, or a name in the state of older versions."""
    if isinstance(marked, str):
        return (marked,)
    steps: list[str | int] = []
    for step in map(as_dict, as_list(marked)):
        value = step.get("value")
        value = value.get("value") if isinstance(value, dict) else value
        if not isinstance(value, (str, int)):
            return ()
        steps.append(value)
    return tuple(steps)


def _sensitive(value: Any, name: str, field: FieldPath) -> Iterator[Raw]:
    if isinstance(value, str) and value:
        yield Raw(Context.SECRET, name, value, field)
        if "\n" in value or value[:1] == "{":
            yield from leaves_of(Context.SECRET, name, value, field)
    elif isinstance(value, dict):
        for key, child in value.items():
            yield from _sensitive(child, key, (*field, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _sensitive(child, name, (*field, index))

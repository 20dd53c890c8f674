"""The candidates of one Kubernetes object."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any

from strongroom.leaks.candidates import last_applied, packed, shell, tree
from strongroom.leaks.candidates.inside import leaves_of
from strongroom.leaks.candidates.raw import Raw, worth_a_look
from strongroom.leaks.wordset import wordset
from strongroom.model.origin import FieldPath
from strongroom.model.place import Context
from strongroom.model.plaintext import Plaintext
from strongroom.model.resource import Resource, as_dict, as_list
from strongroom.model.workload import Container, Workload, workloads_of

NOTHING_TO_SEE = wordset(
    """
    CustomResourceDefinition Role ClusterRole RoleBinding ClusterRoleBinding NetworkPolicy Namespace Service
    Endpoints EndpointSlice PersistentVolumeClaim PodDisruptionBudget HorizontalPodAutoscaler PriorityClass
    RuntimeClass Lease Event ResourceQuota LimitRange APIService Node ComponentStatus PodSecurityPolicy
    CSIDriver CSINode ControllerRevision ServiceMonitor PodMonitor PrometheusRule
    """
)
"""Kinds whose fields are all defined by an API that has no room for a value; only their metadata is looked at."""

_COMMANDS = (
    ("livenessProbe", "exec", "command"),
    ("readinessProbe", "exec", "command"),
    ("startupProbe", "exec", "command"),
    ("lifecycle", "postStart", "exec", "command"),
    ("lifecycle", "preStop", "exec", "command"),
)
_HEADERS = (
    ("livenessProbe", "httpGet", "httpHeaders"),
    ("readinessProbe", "httpGet", "httpHeaders"),
    ("startupProbe", "httpGet", "httpHeaders"),
)


def raws_of(resource: Resource, *, opens: bool = True) -> Iterator[Raw]:
    """Yield every value of an object that may be a secret.

    Args:
        resource: the object.
        opens: packed values are opened; those of an object that was packed itself are not.
    """
    kind, group = resource.kind, resource.group
    if resource.annotations or resource.labels:
        yield from tree.metadata_of(resource.body.get("metadata"), ("metadata",), but=last_applied.ANNOTATIONS)
        for annotation in last_applied.ANNOTATIONS:
            if annotation in resource.annotations:
                yield from last_applied.raws_of(resource, annotation, raws_of)
    if kind == "Secret" and not group:
        yield from _of_secret(resource, opens=opens)
    elif kind == "ConfigMap" and not group:
        yield from _of_config_map(resource, opens=opens)
    elif kind not in NOTHING_TO_SEE:
        yield from _of_other(resource)


def _of_packed(resource: Resource) -> Iterator[Raw]:
    return raws_of(resource, opens=False)


def _of_secret(resource: Resource, *, opens: bool) -> Iterator[Raw]:
    for part in ("data", "stringData"):
        for key, value in as_dict(resource.body.get(part)).items():
            held = _held(value)
            if held is None:
                continue
            yield Raw(Context.SECRET, key, held, (part, key))
            if isinstance(held, str) and ("\n" in held or held[:1] == "{"):
                yield from leaves_of(Context.SECRET, key, held, (part, key), exact=part == "stringData")
            elif opens:
                yield from packed.raws_of(Context.SECRET, key, held, (part, key), _of_packed)


def _held(value: Any) -> str | bytes | None:
    """Return a Secret's value as text, or as bytes where it is none."""
    if isinstance(value, Plaintext):
        text = value.reveal_text()
        return value.reveal() if text is None else text
    return value if isinstance(value, str) else None


def _of_config_map(resource: Resource, *, opens: bool) -> Iterator[Raw]:
    for key, value in as_dict(resource.body.get("data")).items():
        if isinstance(value, str) and worth_a_look(key, value):
            yield Raw(Context.CONFIG_MAP, key, value, ("data", key))
            yield from _in_file(key, value, ("data", key))
            if opens:
                yield from packed.raws_of(Context.CONFIG_MAP, key, value, ("data", key), _of_packed)
    for key, value in as_dict(resource.body.get("binaryData")).items():
        held = _decoded(value)
        if isinstance(held, str) and held:
            yield Raw(Context.CONFIG_MAP, key, held, ("binaryData", key))
            yield from leaves_of(Context.CONFIG_MAP, key, held, ("binaryData", key), exact=False)
        if held and opens:
            yield from packed.raws_of(Context.CONFIG_MAP, key, held, ("binaryData", key), _of_packed)


def _in_file(key: str, text: str, field: FieldPath) -> Iterator[Raw]:
    if "\n" not in text and text[:1] != "{" and "=" not in text:
        return
    leaves = list(leaves_of(Context.CONFIG_MAP, key, text, field))
    yield from leaves
    if not leaves and (key.endswith((".sh", ".bash")) or text.startswith("#!")):
        yield from tree.script_parts(text, Context.CONFIG_MAP, field)


def _decoded(value: Any) -> str | bytes | None:
    try:
        data = base64.b64decode("".join(value.split()), validate=True) if isinstance(value, str) else None
    except (binascii.Error, ValueError):
        return None
    try:
        return data.decode("utf-8") if data else None
    except UnicodeDecodeError:
        return data


def _of_other(resource: Resource) -> Iterator[Raw]:
    seen: set[FieldPath] = {("metadata",), ("status",)}
    for workload in workloads_of(resource):
        seen.add(workload.field)
        yield from _of_pod_spec(workload)
    yield from tree.strings_of(resource.body, Context.CUSTOM, skip=frozenset(seen))


def _of_pod_spec(workload: Workload) -> Iterator[Raw]:
    for container in workload.containers:
        for variable in container.env:
            if variable.value is not None and worth_a_look(variable.name, variable.value):
                field = (*variable.field, "value")
                yield Raw(Context.ENV, variable.name, variable.value, field)
                if tree.is_command_line(variable.name, variable.value):
                    yield from tree.script_parts(variable.value, Context.ENV, field)
                elif "\n" in variable.value or variable.value[:1] == "{":
                    yield from leaves_of(Context.ENV, variable.name, variable.value, field)
        if "command" in container.body or "args" in container.body:
            yield from _command_line(container)
        yield from _of_hooks(container)
    lists = {(*workload.field, name) for name in ("containers", "initContainers", "ephemeralContainers")}
    yield from tree.strings_of(workload.spec, Context.CUSTOM, workload.field, skip=frozenset(lists))


def _command_line(container: Container) -> Iterator[Raw]:
    fields, words = [], []
    for field, word in container.words:
        fields.append(field)
        words.append(word)
        if worth_a_look("", word):
            yield Raw(Context.COMMAND, "", word, field)
    for part in shell.in_words(words):
        if worth_a_look(part.name, part.value):
            yield tree.of_part(part, words, Context.COMMAND, fields[part.word])


def _of_hooks(container: Container) -> Iterator[Raw]:
    body: Mapping[str, Any] = container.body
    if not any(part in body for part in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe")):
        return
    for path in _COMMANDS:
        if words := as_list(_at(body, path)):
            yield from tree.words_of(words, Context.COMMAND, (*container.field, *path))
    for path in _HEADERS:
        if headers := as_list(_at(body, path)):
            yield from tree.strings_of(headers, Context.CUSTOM, (*container.field, *path))


def _at(body: Mapping[str, Any], path: FieldPath) -> Any:
    value: Any = body
    for step in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value

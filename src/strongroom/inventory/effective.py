"""What containers get in the end: their environment, the files that are mounted into them, the words that start them.

Two sets of objects give a program the same where this says the same of both, whatever ConfigMap or Secret it comes by.
As the kubelet does it: ``kubelet_pods.go`` (makeEnvironmentVariables), ``third_party/forked/golang/expansion`` and the
projected volumes of Kubernetes 1.36.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from posixpath import join, normpath
from typing import Any, NamedTuple, TypeAlias

from strongroom.model.facts import same_namespace
from strongroom.model.plaintext import Plaintext
from strongroom.model.resource import Resource, ResourceId, as_dict, as_list, as_text, dig
from strongroom.model.workload import Container, Workload, workloads_of

_EXPANSION = re.compile(r"\$(?:(?P<dollar>\$)|\((?P<name>[^)]*)\))")
_EVERYTHING = "*"


class Elsewhere(NamedTuple):
    """A value that the objects do not hold: what names it. ``key`` is ``*`` for all that there is."""

    kind: str
    name: str
    key: str


Value: TypeAlias = tuple[Plaintext | Elsewhere, ...]
"""A value in its parts, texts that follow each other made one."""


class Given(NamedTuple):
    """What one container gets.

    Attributes:
        env: by the name of the variable.
        files: by path; what is mounted but not known by ``path/*``.
        words: the command and its arguments.
    """

    env: dict[str, Value]
    files: dict[str, Value]
    words: tuple[Value, ...]

    def __repr__(self) -> str:
        return f"Given({len(self.env)} variables, {len(self.files)} files)"


Key: TypeAlias = tuple[str, ResourceId, str, str]
"""What identifies a container: file, object, list of containers, name."""


def effective(resources: Iterable[Resource]) -> dict[Key, Given]:
    """Return what every container of some objects gets. Pure."""
    holders = _Holders(resources)
    return {
        (resource.origin.path, resource.id, container.role, container.name): _given(container, workload, holders)
        for resource in holders.resources
        for workload in workloads_of(resource)
        for container in workload.containers
    }


def lost(before: Mapping[Key, Given], after: Mapping[Key, Given]) -> Iterator[tuple[ResourceId, str]]:
    """Yield what containers no longer get as they did: the object, and the name of the variable, file or word.

    What they get besides is not counted.
    """
    for key, old in before.items():
        _, resource, _, name = key
        new = after.get(key)
        if new is None:
            yield resource, f"container {name}"
            continue
        yield from ((resource, f"variable {one}") for one, value in old.env.items() if new.env.get(one) != value)
        yield from ((resource, f"file {one}") for one, value in old.files.items() if new.files.get(one) != value)
        if old.words != new.words:
            yield resource, f"the command line of container {name}"


class _Holders:
    """The ConfigMaps and Secrets of some objects, by name."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self.resources = tuple(resources)
        self._named: dict[tuple[str, str], list[Resource]] = {}
        for resource in self.resources:
            if resource.kind in ("ConfigMap", "Secret") and not resource.group:
                self._named.setdefault((resource.kind, resource.name), []).append(resource)

    def keys(self, kind: str, namespace: str, name: str) -> dict[str, Value]:
        """Return the values of an object; under ``*`` what names it where it is not known, or written twice."""
        found = [r for r in self._named.get((kind, name), ()) if same_namespace(r.namespace, namespace)]
        if len(found) != 1:
            return {_EVERYTHING: (Elsewhere(kind, name, _EVERYTHING),)}
        values = _secret(found[0]) if kind == "Secret" else _config(found[0])
        return {key: (value,) for key, value in values.items()}


def _secret(resource: Resource) -> dict[str, Plaintext]:
    values = {**as_dict(resource.get("data")), **as_dict(resource.get("stringData"))}
    return {key: value for key, value in values.items() if isinstance(value, Plaintext)}


def _config(resource: Resource) -> dict[str, Plaintext]:
    found = {key: Plaintext(str(value)) for key, value in as_dict(resource.get("data")).items()}
    for key, value in as_dict(resource.get("binaryData")).items():
        try:
            found[key] = Plaintext(base64.b64decode(as_text(value), validate=True))
        except (binascii.Error, ValueError):
            found[key] = Plaintext(as_text(value))
    return found


def _given(container: Container, workload: Workload, holders: _Holders) -> Given:
    env = _environment(container, workload.namespace, holders)
    words = tuple(_expanded(word, env.get) for _, word in container.words)
    return Given(env, dict(_files(container, workload, holders)), words)


def _environment(container: Container, namespace: str, holders: _Holders) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for _, entry in container.env_from:
        prefix = as_text(entry.get("prefix"))
        for kind, field in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
            name = as_text(dig(entry, (field, "name")))
            if name:
                for key, value in holders.keys(kind, namespace, name).items():
                    # what is not known is told apart by what names it, so that it is missed where it goes
                    found[f"{prefix}{key}" if key != _EVERYTHING else f"{prefix}* of {kind} {name}"] = value
    for variable in container.env:
        if variable.value_from:
            found[variable.name] = _taken(variable.value_from, namespace, holders)
        else:
            found[variable.name] = _expanded(variable.value or "", found.get)
    return found


def _taken(source: dict[str, Any], namespace: str, holders: _Holders) -> Value:
    for kind, field in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
        reference = as_dict(source.get(field))
        if reference:
            name, key = as_text(reference.get("name")), as_text(reference.get("key"))
            keys = holders.keys(kind, namespace, name)
            return keys.get(key, (Elsewhere(kind, name, key),))
    return (Elsewhere("field", repr(sorted(source)), repr(source)),)


def _expanded(text: str, variable: Callable[[str], Value | None]) -> Value:
    """Return a text with ``$(NAME)`` replaced; a name that is not known stays as it is written."""
    out: list[Plaintext | Elsewhere] = []
    at = 0
    for match in _EXPANSION.finditer(text):
        out.append(Plaintext(text[at : match.start()]))
        value = variable(match["name"]) if match["name"] is not None else (Plaintext("$"),)
        out += value if value is not None else (Plaintext(match[0]),)
        at = match.end()
    return _joined([*out, Plaintext(text[at:])])


def _joined(parts: Iterable[Plaintext | Elsewhere]) -> Value:
    found: list[Plaintext | Elsewhere] = []
    for part in parts:
        if isinstance(part, Plaintext) and found and isinstance(found[-1], Plaintext):
            found[-1] = Plaintext(found[-1].reveal() + part.reveal())
        elif part:  # an empty text is nothing beside what is elsewhere
            found.append(part)
    return tuple(found) or (Plaintext(""),)


def _files(container: Container, workload: Workload, holders: _Holders) -> Iterator[tuple[str, Value]]:
    volumes = {as_text(volume.get("name")): volume for _, volume in workload.volumes}
    for _, mount in container.mounts:
        volume = volumes.get(as_text(mount.get("name")))
        if volume is None:
            continue
        at, part = as_text(mount.get("mountPath")), as_text(mount.get("subPath"))
        for path, value in _contents(volume, workload.namespace, holders):
            if not part:
                yield join(at, path), value
            elif path == normpath(part):
                yield at, value
            elif path.startswith(f"{normpath(part)}/"):
                yield join(at, path[len(normpath(part)) + 1 :]), value
            elif path == _EVERYTHING:
                yield f"{at} by {part}", value


def _contents(volume: dict[str, Any], namespace: str, holders: _Holders) -> Iterator[tuple[str, Value]]:
    yield from _source(volume, "secretName", namespace, holders)
    for source in as_list(dig(volume, ("projected", "sources"))):
        yield from _source(as_dict(source), "name", namespace, holders)


def _source(holder: dict[str, Any], secret_name: str, namespace: str, holders: _Holders) -> Iterator[tuple[str, Value]]:
    for kind, field, name_field in (("ConfigMap", "configMap", "name"), ("Secret", "secret", secret_name)):
        source = as_dict(holder.get(field))
        name = as_text(source.get(name_field))
        if not name:
            continue
        keys = holders.keys(kind, namespace, name)
        items = [as_dict(item) for item in as_list(source.get("items"))]
        for item in items:
            key = as_text(item.get("key"))
            yield normpath(as_text(item.get("path"))), keys.get(key, (Elsewhere(kind, name, key),))
        if not items:
            yield from keys.items()

"""Large dumps, as ``kubectl get -A -o json`` writes them, read without building what is not asked about.

A cluster's pods are most of its dump, and nearly every one repeats the template of its workload: of those, only what
differs is kept. Everything else is read whole. A file of another form is left to the reader of manifests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from strongroom.documents.collector import paused
from strongroom.model.origin import Origin
from strongroom.model.pod import PodUse, RunningPod
from strongroom.model.resource import Resource, ResourceId
from strongroom.model.workload import POD_SPECS
from strongroom.sources.objects import objects_in

SMALLEST = 1 << 20
"""Bytes below which a file is read as any other: it has lines worth showing."""

_LIST = re.compile(rb'\s*\{\s*"(apiVersion|items|kind|metadata)"')
_MADE = frozenset({"Pod", "ReplicaSet", "Job"})
"""Kinds that repeat the template of what made them."""


class _Owner(msgspec.Struct, frozen=True, rename="camel"):
    api_version: str = ""
    kind: str = ""
    name: str = ""
    controller: bool = False


class _Metadata(msgspec.Struct, frozen=True, rename="camel"):
    name: str = ""
    namespace: str = ""
    owner_references: list[_Owner] | None = None

    @property
    def owner(self) -> _Owner | None:
        """What controls the object."""
        return next((owner for owner in self.owner_references or () if owner.controller), None)


class _Head(msgspec.Struct, frozen=True, rename="camel"):
    """What tells what to do with an item."""

    kind: str = ""
    api_version: str = ""
    metadata: _Metadata = _Metadata()


class _Named(msgspec.Struct, frozen=True, rename="camel"):
    name: str = ""
    secret_name: str = ""


class _From(msgspec.Struct, frozen=True, rename="camel"):
    secret_key_ref: _Named | None = None


class _Variable(msgspec.Struct, frozen=True, rename="camel"):
    value_from: _From | None = None


class _Source(msgspec.Struct, frozen=True, rename="camel"):
    secret_ref: _Named | None = None
    secret: _Named | None = None


class _Mount(msgspec.Struct, frozen=True, rename="camel"):
    name: str = ""
    sub_path: str = ""
    sub_path_expr: str = ""


class _Container(msgspec.Struct, frozen=True, rename="camel"):
    name: str = ""
    env: tuple[_Variable, ...] | None = None
    env_from: tuple[_Source, ...] | None = None
    volume_mounts: tuple[_Mount, ...] | None = None


class _Projected(msgspec.Struct, frozen=True):
    sources: tuple[_Source, ...] | None = None


class _Volume(msgspec.Struct, frozen=True):
    name: str = ""
    secret: _Named | None = None
    projected: _Projected | None = None


class _Spec(msgspec.Struct, frozen=True, rename="camel"):
    node_name: str = ""
    containers: tuple[_Container, ...] | None = None
    init_containers: tuple[_Container, ...] | None = None
    volumes: tuple[_Volume, ...] | None = None


class _Pod(msgspec.Struct, frozen=True, rename="camel"):
    kind: str = ""
    api_version: str = ""
    metadata: _Metadata = _Metadata()
    spec: _Spec = _Spec()


class _List(msgspec.Struct, frozen=True, rename="camel"):
    items: list[msgspec.Raw]
    kind: str = ""
    api_version: str = ""


_HEAD, _POD = msgspec.json.Decoder(_Head), msgspec.json.Decoder(_Pod)


class Made(msgspec.Struct, frozen=True):
    """An item that another object made, kept as it was read until it is known whether the sources hold its maker."""

    kind: str
    api_version: str
    metadata: _Metadata
    raw: msgspec.Raw
    origin: Origin


def is_dump(data: bytes) -> bool:
    """Tell whether a file may be a large dump, by its size and first signs."""
    return len(data) >= SMALLEST and _LIST.match(data) is not None


def read_dump(data: bytes, origin: Origin) -> tuple[list[Resource], list[Made]] | None:
    """Return the objects of a dump, and those that others made; None where it is no list of objects.

    Nothing is taken from a dump that cannot be read as a whole: the reader of manifests says what is wrong with it.
    """
    try:
        with paused():
            listed = msgspec.json.decode(data, type=_List)
            if not listed.kind.endswith("List") or not listed.api_version:
                return None
            implied = ("", "") if listed.kind == "List" else (listed.kind.removesuffix("List"), listed.api_version)
            return _parted(listed.items, *implied, origin)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _parted(items: list[msgspec.Raw], kind: str, api_version: str, origin: Origin) -> tuple[list[Resource], list[Made]]:
    resources: list[Resource] = []
    made: list[Made] = []
    for index, raw in enumerate(items):
        head = _HEAD.decode(raw)
        place = origin.at(("items", index))
        one = Made(head.kind or kind, head.api_version or api_version, head.metadata, raw, place)
        if one.metadata.owner is not None and one.kind in _MADE:
            made.append(one)
        else:
            resources.extend(_whole(one))
    return resources, made


def settle(made: list[Made], resources: list[Resource]) -> tuple[list[Resource], list[RunningPod]]:
    """Return what others made: of what the sources hold the maker of only what is its own, of the rest all of it.

    Args:
        made: what others made.
        resources: everything that was read.
    """
    makers = {(r.kind, r.namespace, r.name) for r in resources if r.kind in POD_SPECS}
    makers.update((one.kind, one.metadata.namespace, one.metadata.name) for one in made)
    found: list[Resource] = []
    pods: list[RunningPod] = []
    for one in made:
        owner, namespace = one.metadata.owner, one.metadata.namespace
        if owner is None or (owner.kind, namespace, owner.name) not in makers:
            found.extend(_whole(one))
        elif one.kind == "Pod":
            pods.append(_running(_POD.decode(one.raw), one.origin))
        else:
            found.append(_without_spec(one))
    return found, pods


def _whole(one: Made) -> Iterator[Resource]:
    body = {"kind": one.kind, "apiVersion": one.api_version, **msgspec.json.decode(one.raw)}
    return objects_in(body, one.origin)


def _without_spec(one: Made) -> Resource:
    metadata = msgspec.to_builtins(one.metadata)
    body = {"apiVersion": one.api_version, "kind": one.kind, "metadata": metadata}
    return Resource(one.api_version, one.kind, one.metadata.namespace, one.metadata.name, {}, {}, body, one.origin)


def _running(pod: _Pod, origin: Origin) -> RunningPod:
    metadata, owner = pod.metadata, pod.metadata.owner
    made_by = None
    if owner is not None:
        made_by = ResourceId(owner.api_version.rpartition("/")[0], owner.kind, metadata.namespace, owner.name)
    identity = ResourceId("", "Pod", metadata.namespace, metadata.name)
    return RunningPod(identity, origin, made_by, tuple(dict.fromkeys(_uses(pod.spec))), pod.spec.node_name)


def _uses(spec: _Spec) -> Iterator[PodUse]:
    mounted = {volume.name: names for volume in spec.volumes or () if (names := _secrets_of(volume))}
    for container in (*(spec.init_containers or ()), *(spec.containers or ())):
        for variable in container.env or ():
            if variable.value_from is not None and variable.value_from.secret_key_ref is not None:
                yield PodUse(variable.value_from.secret_key_ref.name, container.name, "", kept=True)
        for source in container.env_from or ():
            if source.secret_ref is not None:
                yield PodUse(source.secret_ref.name, container.name, "", kept=True)
        for mount in container.volume_mounts or ():
            for name in mounted.get(mount.name, ()):
                yield PodUse(name, container.name, "", kept=bool(mount.sub_path or mount.sub_path_expr))


def _secrets_of(volume: _Volume) -> list[str]:
    names = [volume.secret.secret_name] if volume.secret is not None else []
    sources = volume.projected.sources if volume.projected is not None else None
    return [*names, *(source.secret.name for source in sources or () if source.secret is not None)]

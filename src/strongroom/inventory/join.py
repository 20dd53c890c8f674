"""Build the facts: one record per secret from everything that speaks of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from strongroom.inventory.consumers import Use, uses_of_resource, uses_of_workload
from strongroom.inventory.definitions import Defined, defined_by
from strongroom.inventory.material import certificate_of, token_of
from strongroom.inventory.rbac import bindings_of, roles_of
from strongroom.inventory.rotation_marks import created, last_change
from strongroom.inventory.stores import Stores, injected, stored_by
from strongroom.model.controlplane import EtcdContents, HostFile
from strongroom.model.facts import Facts
from strongroom.model.file import FileFact
from strongroom.model.origin import FieldPath, Origin
from strongroom.model.place import Context, Nature, Sighting
from strongroom.model.plaintext import Plaintext
from strongroom.model.pod import RunningPod, running_pod
from strongroom.model.resource import Resource, ResourceId, as_dict, dig
from strongroom.model.secret import Consumer, Definition, SecretKey, SecretRecord, SecretRef, Seen, Stored, Way
from strongroom.model.settings import Settings
from strongroom.model.workload import Workload, workloads_of
from strongroom.sources.controlplane import control_plane_of

_Place = tuple[ResourceId | None, str, str, int, FieldPath]


def build(
    resources: Sequence[Resource],
    sightings: Sequence[Sighting],
    files: Sequence[FileFact],
    settings: Settings,
    now: datetime,
    pods: Sequence[RunningPod] = (),
    gaps: Iterable[tuple[str, str]] = (),
    host_files: Iterable[HostFile] = (),
    stores: Iterable[EtcdContents] = (),
) -> Facts:
    """Join everything that was read into the facts that questions are asked of. Pure."""
    workloads = tuple(workload for resource in resources for workload in workloads_of(resource))
    roles = roles_of(resources)
    return Facts(
        resources=tuple(resources),
        workloads=workloads,
        secrets=_records(resources, workloads, sightings),
        sightings=tuple(sightings),
        roles=roles,
        bindings=bindings_of(resources, roles),
        files=tuple(files),
        settings=settings,
        now=now,
        in_repository=any(not resource.origin.object for resource in resources) or not resources,
        pods=(*pods, *(pod for resource in resources if (pod := running_pod(resource)) is not None)),
        gaps=frozenset(gaps),
        control_plane=control_plane_of(resources, host_files, stores),
    )


def _records(
    resources: Sequence[Resource], workloads: Sequence[Workload], sightings: Sequence[Sighting]
) -> tuple[SecretRecord, ...]:
    values = _whole_values(sightings)
    definitions: dict[SecretRef, list[Definition]] = {}
    rendered = any(r.origin.rendered_by == "kustomize" for r in resources)
    for resource in resources:
        if resource.kind == "Kustomization" and rendered:
            continue  # its generators are in the list as what they made
        for defined in defined_by(resource):
            definitions.setdefault(defined.ref, []).append(_definition(resource, defined, values))
    stores = Stores(resources)
    known = _Names(definitions)
    stored: dict[SecretRef, list[Stored]] = {}
    for resource in resources:
        for ref, entry in stored_by(resource, stores):
            stored.setdefault(ref, []).append(entry)
    consumers: dict[SecretRef, list[Consumer]] = {}
    for use in _uses(resources, workloads):
        for ref in known.resolve(use.ref):
            consumers.setdefault(ref, []).append(use.consumer)
    for ref, entry, consumer in _injected(workloads):
        stored.setdefault(ref, []).append(entry)
        consumers.setdefault(ref, []).append(consumer)
    # The same file may be part of several rendered roots: each place counts once.
    return tuple(
        SecretRecord(
            ref,
            tuple({(d.how, d.origin): d for d in definitions.get(ref, ())}.values()),
            tuple(dict.fromkeys(stored.get(ref, ()))),
            tuple(dict.fromkeys(consumers.get(ref, ()))),
        )
        for ref in sorted({*definitions, *stored, *consumers})
    )


class _Names:
    """Finds the Secrets that a reference may mean, where manifests leave the namespace open."""

    def __init__(self, defined: Iterable[SecretRef]) -> None:
        self._refs = set(defined)
        self._by_name: dict[str, list[SecretRef]] = {}
        for ref in self._refs:
            self._by_name.setdefault(ref.name, []).append(ref)

    def resolve(self, ref: SecretRef) -> list[SecretRef]:
        """Return the defined Secrets that the reference may mean; itself where there is none."""
        if ref in self._refs:
            return [ref]
        open_ref = SecretRef("", ref.name)
        if ref.namespace:
            return [open_ref] if open_ref in self._refs else [ref]
        return sorted(self._by_name.get(ref.name, [ref]))


def _uses(resources: Sequence[Resource], workloads: Sequence[Workload]) -> Iterable[Use]:
    for workload in workloads:
        yield from uses_of_workload(workload)
    for resource in resources:
        yield from uses_of_resource(resource)


def _injected(workloads: Sequence[Workload]) -> Iterable[tuple[SecretRef, Stored, Consumer]]:
    for workload in workloads:
        field = (*workload.field[:-1], "metadata", "annotations")
        annotations = as_dict(dig(workload.resource.body, field))
        for name, stored, origin in injected(workload.resource, annotations, field):
            ref = SecretRef(workload.namespace, stored.path)
            target = f"/vault/secrets/{name}"
            yield ref, stored, Consumer(Way.INJECTED, workload.resource.id, origin, target=target)


def _whole_values(sightings: Sequence[Sighting]) -> dict[_Place, Sighting]:
    """Index the sightings of whole Secret values by their place."""
    found: dict[_Place, Sighting] = {}
    for sighting in sightings:
        origin = sighting.origin
        if sighting.context is Context.SECRET and not origin.inner:
            found[_place(sighting.resource, origin)] = sighting
    return found


def _place(resource: ResourceId | None, origin: Origin) -> _Place:
    # Rendered objects know their file but not their document: in one file only the object tells them apart.
    return resource, origin.source, origin.path, origin.document, origin.field


def _definition(resource: Resource, defined: Defined, values: dict[_Place, Sighting]) -> Definition:
    when, change = created(resource), last_change(resource)
    return Definition(
        how=defined.how,
        resource=resource.id,
        origin=resource.origin.at(defined.field),
        type=defined.type,
        keys=tuple(_key(resource, name, field, values) for name, field in sorted(defined.keys)),
        keys_known=defined.keys_known,
        labels=resource.labels,
        annotations=tuple(resource.annotations),
        created=when.isoformat() if when else "",
        changed=change[0].isoformat() if change else "",
        changed_by=change[1] if change else "",
        immutable=resource.body.get("immutable") is True,
    )


def _key(resource: Resource, name: str, field: FieldPath, values: dict[_Place, Sighting]) -> SecretKey:
    origin = resource.origin.at(field)
    key = SecretKey(name, origin)
    value = dig(resource.body, field)
    if isinstance(value, Plaintext):
        secret = value.reveal()
        key = msgspec.structs.replace(key, certificate=certificate_of(secret), token=token_of(secret))
    elif isinstance(value, Seen):
        key = msgspec.structs.replace(key, certificate=value.certificate, token=value.token)
    sighting = values.get(_place(resource.id, origin))
    if sighting is None or sighting.nature in (Nature.CIPHERTEXT, Nature.REFERENCE):
        return key
    return msgspec.structs.replace(
        key,
        fingerprint=sighting.fingerprint,
        weak=sighting.weak,
        placeholder=sighting.nature is Nature.PLACEHOLDER,
        public=sighting.nature is Nature.PUBLIC,
    )

"""Who uses Secrets: workloads, service accounts, ingresses, and any reference in a custom resource."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from strongroom.model.origin import FieldPath
from strongroom.model.resource import Resource, as_dict, as_list, as_text
from strongroom.model.secret import Consumer, SecretRef, Way
from strongroom.model.workload import Container, Workload

_REFERENCE = re.compile(r"(secret(key)?(name|ref|reference|selector)|secret_?name|credentialssecret)$", re.IGNORECASE)
_DEPTH = 12
_NOT_SEARCHED = frozenset(
    {"", "apps", "batch", "rbac.authorization.k8s.io", "apiextensions.k8s.io", "kustomize.config.k8s.io"}
)
_OWN_TARGETS = frozenset(
    {
        ("Certificate", "secretName"),
        ("Issuer", "privateKeySecretRef"),
        ("ClusterIssuer", "privateKeySecretRef"),
        ("InfisicalSecret", "managedSecretReference"),
        ("SecretProviderClass", "secretName"),
        ("ServiceAccount", "secretName"),
    }
)
_CSI_SECRETS_STORE = "secrets-store.csi.k8s.io"


class Use(NamedTuple):
    """One use, with the Secret that it names."""

    ref: SecretRef
    consumer: Consumer


def uses_of_workload(workload: Workload) -> Iterator[Use]:
    """Yield every use of a Secret in a pod spec."""
    resource, namespace = workload.resource, workload.namespace
    for container in workload.containers:
        yield from _environment(workload, container)
    for field, volume in workload.volumes:
        yield from _volume(workload, field, volume)
    for index, entry in enumerate(as_list(workload.spec.get("imagePullSecrets"))):
        name = as_text(as_dict(entry).get("name"))
        if name:
            origin = resource.origin.at((*workload.field, "imagePullSecrets", index))
            yield Use(SecretRef(namespace, name), Consumer(Way.IMAGE_PULL, resource.id, origin))


def _environment(workload: Workload, container: Container) -> Iterator[Use]:
    resource = workload.resource
    for variable in container.env:
        reference = as_dict(variable.value_from.get("secretKeyRef"))
        if as_text(reference.get("name")):
            yield Use(
                SecretRef(workload.namespace, reference["name"]),
                Consumer(
                    Way.ENV,
                    resource.id,
                    resource.origin.at((*variable.field, "valueFrom", "secretKeyRef")),
                    container=container.name,
                    key=as_text(reference.get("key")),
                    target=variable.name,
                    optional=reference.get("optional") is True,
                ),
            )
    for field, entry in container.env_from:
        reference = as_dict(entry.get("secretRef"))
        if as_text(reference.get("name")):
            yield Use(
                SecretRef(workload.namespace, reference["name"]),
                Consumer(
                    Way.ENV_FROM,
                    resource.id,
                    resource.origin.at((*field, "secretRef")),
                    container=container.name,
                    target=as_text(entry.get("prefix")) + "*",
                    optional=reference.get("optional") is True,
                ),
            )


def _volume(workload: Workload, field: FieldPath, volume: dict[str, Any]) -> Iterator[Use]:
    secret = as_dict(volume.get("secret"))
    if as_text(secret.get("secretName")):
        yield from _mounted(workload, volume, secret["secretName"], secret, Way.VOLUME, (*field, "secret"))
    for index, source in enumerate(as_list(as_dict(volume.get("projected")).get("sources"))):
        part = as_dict(as_dict(source).get("secret"))
        if as_text(part.get("name")):
            place = (*field, "projected", "sources", index, "secret")
            yield from _mounted(workload, volume, part["name"], part, Way.PROJECTED, place)
    csi = as_dict(volume.get("csi"))
    attributes = as_dict(csi.get("volumeAttributes"))
    if csi.get("driver") == _CSI_SECRETS_STORE and as_text(attributes.get("secretProviderClass")):
        yield from _mounted(workload, volume, attributes["secretProviderClass"], {}, Way.CSI, (*field, "csi"))
    for kind, body in volume.items():
        # cephfs, rbd, iscsi, flexVolume, scaleIO, storageos, csi: a secret for the storage itself (Volume v1).
        for name_field in ("secretRef", "nodePublishSecretRef"):
            name = as_text(as_dict(as_dict(body).get(name_field)).get("name"))
            if name:
                origin = workload.resource.origin.at((*field, kind, name_field))
                yield Use(
                    SecretRef(workload.namespace, name), Consumer(Way.PERSISTENT_VOLUME, workload.resource.id, origin)
                )
    name = as_text(as_dict(volume.get("azureFile")).get("secretName"))
    if name:
        origin = workload.resource.origin.at((*field, "azureFile"))
        yield Use(SecretRef(workload.namespace, name), Consumer(Way.PERSISTENT_VOLUME, workload.resource.id, origin))


def _mounted(
    workload: Workload, volume: dict[str, Any], name: str, source: dict[str, Any], way: Way, field: FieldPath
) -> Iterator[Use]:
    """Yield one use per container that mounts the volume and per key that it selects; one where nobody mounts it."""
    resource, ref = workload.resource, SecretRef(workload.namespace, name)
    optional = source.get("optional") is True
    items = [as_text(as_dict(item).get("key")) for item in as_list(source.get("items"))] or [""]
    mounts = [
        (container.name, as_text(mount.get("mountPath")))
        for container in workload.containers
        for _, mount in container.mounts
        if mount.get("name") == volume.get("name")
    ] or [("", "")]
    origin = resource.origin.at(field)
    for container, target in mounts:
        for key in items:
            yield Use(ref, Consumer(way, resource.id, origin, container, key, target, optional))


def uses_of_resource(resource: Resource) -> Iterator[Use]:
    """Yield the uses of Secrets outside pod specs."""
    kind, group = resource.kind, resource.group
    if kind == "ServiceAccount" and not group:
        yield from _named_list(resource, ("secrets",), Way.SERVICE_ACCOUNT)
        yield from _named_list(resource, ("imagePullSecrets",), Way.IMAGE_PULL)
    elif kind == "Ingress" and group in ("networking.k8s.io", "extensions"):
        for index, entry in enumerate(as_list(resource.get("spec", "tls"))):
            name = as_text(as_dict(entry).get("secretName"))
            if name:
                yield _use(resource, resource.namespace, name, Way.INGRESS_TLS, ("spec", "tls", index, "secretName"))
    elif kind == "Gateway" and group == "gateway.networking.k8s.io":
        yield from _gateway(resource)
    elif kind == "PersistentVolume" and not group:
        yield from _persistent_volume(resource)
    elif group not in _NOT_SEARCHED:
        yield from _custom(resource, resource.body.get("spec"), ("spec",), _DEPTH)


def _named_list(resource: Resource, path: FieldPath, way: Way) -> Iterator[Use]:
    for index, entry in enumerate(as_list(resource.get(*path))):
        name = as_text(as_dict(entry).get("name"))
        if name:
            yield _use(resource, resource.namespace, name, way, (*path, index))


def _gateway(resource: Resource) -> Iterator[Use]:
    for position, listener in enumerate(as_list(resource.get("spec", "listeners"))):
        references = as_list(as_dict(as_dict(listener).get("tls")).get("certificateRefs"))
        for index, entry in enumerate(references):
            body = as_dict(entry)
            if as_text(body.get("name")) and as_text(body.get("kind")) in ("", "Secret"):
                field = ("spec", "listeners", position, "tls", "certificateRefs", index)
                namespace = as_text(body.get("namespace")) or resource.namespace
                yield _use(resource, namespace, body["name"], Way.GATEWAY_TLS, field)


def _persistent_volume(resource: Resource) -> Iterator[Use]:
    for kind, body in as_dict(resource.body.get("spec")).items():
        for name_field, reference in as_dict(body).items():
            if name_field.endswith("SecretRef") or name_field == "secretRef":
                name = as_text(as_dict(reference).get("name"))
                if name:
                    namespace = as_text(as_dict(reference).get("namespace"))
                    yield _use(resource, namespace, name, Way.PERSISTENT_VOLUME, ("spec", kind, name_field))


def _custom(resource: Resource, value: Any, path: FieldPath, depth: int) -> Iterator[Use]:
    """Follow every field of a custom resource whose name says that it refers to a Secret."""
    if not depth:
        return
    if isinstance(value, list):
        for index, child in enumerate(value):
            if isinstance(child, (dict, list)):
                yield from _custom(resource, child, (*path, index), depth - 1)
        return
    for key, child in as_dict(value).items():
        if key in ("containers", "initContainers"):
            continue  # a pod spec: its uses are a workload's
        if _REFERENCE.search(key) and (resource.kind, key) not in _OWN_TARGETS:
            yield from _reference(resource, key, child, (*path, key))
        if isinstance(child, (dict, list)):
            yield from _custom(resource, child, (*path, key), depth - 1)


def _reference(resource: Resource, key: str, value: Any, field: FieldPath) -> Iterator[Use]:
    way = Way.CUSTOM
    if resource.kind in ("SecretStore", "ClusterSecretStore"):
        way = Way.STORE
    elif resource.kind.endswith("WebhookConfiguration"):
        way = Way.WEBHOOK
    if isinstance(value, str) and key.lower().endswith("name"):
        yield _use(resource, resource.namespace, value, way, field)
    body = as_dict(value)
    name = as_text(body.get("name")) or as_text(body.get("secretName"))
    if name and as_text(body.get("kind")) in ("", "Secret"):
        namespace = as_text(body.get("namespace")) or resource.namespace
        yield _use(resource, namespace, name, way, field, key=as_text(body.get("key")))


def _use(resource: Resource, namespace: str, name: str, way: Way, field: FieldPath, *, key: str = "") -> Use:
    return Use(SecretRef(namespace, name), Consumer(way, resource.id, resource.origin.at(field), key=key))

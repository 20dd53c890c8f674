"""ExternalSecrets in the place of Secrets: the value comes from a store, and the manifest says where from.

https://external-secrets.io/latest/api/externalsecret/
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from strongroom.documents.wanted import Unfit
from strongroom.model.facts import Facts
from strongroom.model.resource import Resource, as_dict, as_list, as_text

PLACEHOLDER = "STORE"
"""The name of the store where the sources do not say which one is meant."""

API = "external-secrets.io/v1"
_GROUP = "external-secrets.io"
_INTERVAL = "1h"
_GENERATED = "kubernetes.io/service-account-token"
_KEPT = ("name", "namespace", "labels")
_OF_APPLY = "kubectl.kubernetes.io/last-applied-configuration"


class Store(NamedTuple):
    """Where an ExternalSecret reads: the object that stands for the store, None where a person has to name it."""

    kind: str
    name: str
    resource: Resource | None = None

    def show(self) -> str:
        """Write it as ``ClusterSecretStore vault``."""
        return f"{self.kind} {self.name}"


def store_for(facts: Facts, namespace: str) -> Store:
    """Return the store that a namespace may use where the sources have exactly one, else a placeholder."""
    found = [
        one
        for one in facts.of_kind("SecretStore", "ClusterSecretStore")
        if one.group == _GROUP and (one.kind == "ClusterSecretStore" or one.namespace == namespace)
    ]
    stores = {(one.kind, one.name): one for one in found if _lets_in(one, namespace)}
    if len(stores) != 1:
        return Store("ClusterSecretStore", PLACEHOLDER)
    ((kind, name), resource) = next(iter(stores.items()))
    return Store(kind, name, resource)


def path_of(body: dict[str, Any]) -> str:
    """Return where in the store the values of a Secret go: ``namespace/name``."""
    metadata = as_dict(body.get("metadata"))
    parts = as_text(metadata.get("namespace")), as_text(metadata.get("name"))
    return "/".join(part for part in parts if part)


def external(secret: dict[str, Any], store: Store) -> dict[str, Any]:
    """Return the ExternalSecret that makes a Secret of the same name, type, labels and keys; it holds no value.

    Raises:
        Unfit: Kubernetes fills the Secret itself, or it has no keys.
    """
    if secret.get("type") == _GENERATED:
        raise Unfit("Kubernetes fills it, and no store")
    keys = [*dict.fromkeys([*as_dict(secret.get("data")), *as_dict(secret.get("stringData"))])]
    if not keys:
        raise Unfit("it has no keys")
    old = as_dict(secret.get("metadata"))
    metadata = {name: old[name] for name in _KEPT if name in old}
    annotations = {name: value for name, value in as_dict(old.get("annotations")).items() if name != _OF_APPLY}
    if annotations:
        metadata["annotations"] = annotations
    target: dict[str, Any] = {"name": as_text(old.get("name"))}
    if secret.get("immutable") is True:
        target["immutable"] = True
    if as_text(secret.get("type")) not in ("", "Opaque"):
        # Without data, a template hands the keys through (engineVersion v2, mergePolicy Replace of nothing).
        # The operator hands labels and annotations on only where there is none.
        labels = {"labels": metadata["labels"]} if metadata.get("labels") else {}
        marks = {**labels, **({"annotations": annotations} if annotations else {})}
        target["template"] = {"type": as_text(secret.get("type")), **({"metadata": marks} if marks else {})}
    path = path_of(secret)
    return {
        "apiVersion": API,
        "kind": "ExternalSecret",
        "metadata": metadata,
        "spec": {
            "refreshInterval": _INTERVAL,
            "secretStoreRef": {"kind": store.kind, "name": store.name},
            "target": target,
            "data": [{"secretKey": key, "remoteRef": {"key": path, "property": key}} for key in keys],
        },
    }


def missing(name: str, namespace: str, labels: dict[str, str], store: Store, keys: list[str]) -> dict[str, Any]:
    """Return the ExternalSecret of a Secret that nothing defines: with some keys, or all that the store has there."""
    metadata: dict[str, Any] = {"name": name, **({"namespace": namespace} if namespace else {})}
    path = "/".join(part for part in (namespace, name) if part)
    spec: dict[str, Any] = {
        "refreshInterval": _INTERVAL,
        "secretStoreRef": {"kind": store.kind, "name": store.name},
        "target": {"name": name},
    }
    if keys:
        spec["data"] = [{"secretKey": key, "remoteRef": {"key": path, "property": key}} for key in keys]
    else:
        spec["dataFrom"] = [{"extract": {"key": path}}]
    head: dict[str, Any] = {"apiVersion": API, "kind": "ExternalSecret"}
    return {**head, "metadata": {**metadata, **({"labels": labels} if labels else {})}, "spec": spec}


def to_do(secret: dict[str, Any], store: Store) -> str:
    """Return what is left to a person: fill the path, and name the store where it is a placeholder."""
    keys = [*dict.fromkeys([*as_dict(secret.get("data")), *as_dict(secret.get("stringData"))])]
    which = f"put the name of the store in place of {PLACEHOLDER}, and " if store.resource is None else ""
    where = "there" if store.resource is None else f"in {store.show()}"
    return f"{which}fill {path_of(secret)} {where} with {', '.join(keys)}: the secret parts new, the rest as it was"


def admit(conditions: Any, namespace: str) -> bool:
    """Let a namespace use a store whose conditions name namespaces; return whether they changed."""
    entries = [as_dict(one) for one in as_list(conditions)]
    if not entries or not namespace or any(_matches(one, namespace) for one in entries):
        return False
    names = next((one["namespaces"] for one in entries if isinstance(one.get("namespaces"), list)), None)
    if names is None:
        return False
    names.append(namespace)
    return True


def _lets_in(store: Resource, namespace: str) -> bool:
    conditions: Iterable[Any] = as_list(store.get("spec", "conditions"))
    entries = [as_dict(one) for one in conditions]
    return not entries or any(_matches(one, namespace) for one in entries)


def _matches(condition: dict[str, Any], namespace: str) -> bool:
    # A selector or an expression may let it in: only the cluster can say.
    return namespace in as_list(condition.get("namespaces")) or bool(
        condition.get("namespaceSelector") or condition.get("namespaceRegexes")
    )

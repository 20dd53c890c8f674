"""Where values really live: references into external secret stores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from strongroom.model.origin import FieldPath, Origin
from strongroom.model.resource import Resource, as_dict, as_list, as_text, dig
from strongroom.model.secret import SecretRef, Stored

VAULT_INJECT = "vault.hashicorp.com/agent-inject-secret-"
"""Annotation of the Vault agent injector: the rest of it is the file's name, its value the path in Vault."""

_DEFAULT_REFRESH = "1h0m0s"  # ExternalSecret v1, spec.refreshInterval


class Stores:
    """The SecretStores of the sources, to tell a reference's provider."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._providers: dict[tuple[str, str, str], str] = {}
        for resource in resources:
            if resource.kind in ("SecretStore", "ClusterSecretStore") and resource.group == "external-secrets.io":
                namespace = resource.namespace if resource.kind == "SecretStore" else ""
                provider = next(iter(as_dict(resource.get("spec", "provider"))), "")
                self._providers[resource.kind, namespace, resource.name] = provider

    def provider(self, kind: str, namespace: str, name: str) -> str:
        """Return the provider of a store, e.g. ``vault``; empty where the store is not in the sources."""
        wanted = namespace if kind == "SecretStore" else ""
        return self._providers.get((kind, wanted, name)) or self._providers.get((kind, "", name), "")


def stored_by(resource: Resource, stores: Stores) -> Iterator[tuple[SecretRef, Stored]]:
    """Yield what an object takes from external stores, with the Secret that it goes to."""
    if resource.group == "external-secrets.io" and resource.kind in ("ExternalSecret", "ClusterExternalSecret"):
        yield from _external(resource, stores)
    elif resource.kind == "SecretProviderClass":
        yield from _provider_class(resource)
    elif resource.group == "secrets.hashicorp.com" and resource.kind in ("VaultStaticSecret", "VaultDynamicSecret"):
        spec = as_dict(resource.body.get("spec"))
        path = "/".join(part for part in (as_text(spec.get("mount")), as_text(spec.get("path"))) if part)
        name = as_text(dig(spec, ("destination", "name")))
        if name:
            store = f"VaultAuth {as_text(spec.get('vaultAuthRef')) or 'default'}"
            origin = resource.origin.at(("spec", "path"))
            yield (
                SecretRef(resource.namespace, name),
                Stored("vault", store, path, origin, refresh=as_text(spec.get("refreshAfter"))),
            )


def _external(resource: Resource, stores: Stores) -> Iterator[tuple[SecretRef, Stored]]:
    path: FieldPath = ("spec",) if resource.kind == "ExternalSecret" else ("spec", "externalSecretSpec")
    spec = as_dict(dig(resource.body, path))
    named = as_text(dig(spec, ("target", "name"))) or as_text(resource.get("spec", "externalSecretName"))
    name = named or resource.name
    namespaces = [n for n in as_list(resource.get("spec", "namespaces")) if isinstance(n, str)]
    refresh = as_text(spec.get("refreshInterval")) or _DEFAULT_REFRESH
    for stored in _remote_references(spec, path, resource, stores, refresh):
        for namespace in namespaces or [resource.namespace]:
            yield SecretRef(namespace, name), stored


def _remote_references(
    spec: dict[str, Any], path: FieldPath, resource: Resource, stores: Stores, refresh: str
) -> Iterator[Stored]:
    def stored(entry: dict[str, Any], remote: dict[str, Any], field: FieldPath) -> Stored:
        reference = as_dict(dig(entry, ("sourceRef", "storeRef"))) or as_dict(spec.get("secretStoreRef"))
        generator = as_dict(dig(entry, ("sourceRef", "generatorRef")))
        kind = as_text(generator.get("kind")) or as_text(reference.get("kind")) or "SecretStore"
        name = as_text(generator.get("name")) or as_text(reference.get("name"))
        return Stored(
            provider="generator" if generator else stores.provider(kind, resource.namespace, name),
            store=f"{kind} {name}",
            path=as_text(remote.get("key")) or as_text(remote.get("path")),
            origin=resource.origin.at(field),
            property=as_text(remote.get("property")),
            key=as_text(entry.get("secretKey")),
            refresh=refresh,
        )

    for index, entry in enumerate(as_list(spec.get("data"))):
        body = as_dict(entry)
        yield stored(body, as_dict(body.get("remoteRef")), (*path, "data", index))
    for index, entry in enumerate(as_list(spec.get("dataFrom"))):
        body = as_dict(entry)
        yield stored(body, as_dict(body.get("extract") or body.get("find")), (*path, "dataFrom", index))


def _provider_class(resource: Resource) -> Iterator[tuple[SecretRef, Stored]]:
    provider = as_text(resource.get("spec", "provider"))
    store = f"SecretProviderClass {resource.name}"
    listed = [
        (as_text(as_dict(entry).get("secretName")), item, ("spec", "secretObjects", index, "data", position))
        for index, entry in enumerate(as_list(resource.get("spec", "secretObjects")))
        for position, item in enumerate(as_list(as_dict(entry).get("data")))
    ]
    for name, item, field in listed:
        if name:
            path, key = as_text(as_dict(item).get("objectName")), as_text(as_dict(item).get("key"))
            yield SecretRef(resource.namespace, name), Stored(provider, store, path, resource.origin.at(field), key=key)
    if not listed:
        # The provider's own parameters are a text whose form each provider defines; only the class is known.
        origin = resource.origin.at(("spec", "parameters"))
        yield SecretRef(resource.namespace, resource.name), Stored(provider, store, "", origin)


def injected(resource: Resource, annotations: dict[str, Any], field: FieldPath) -> Iterator[tuple[str, Stored, Origin]]:
    """Yield what the Vault agent injector gives to pods: the file's name, its source, the annotation's place."""
    for name, path in annotations.items():
        if name.startswith(VAULT_INJECT) and isinstance(path, str):
            origin = resource.origin.at((*field, name))
            yield name.removeprefix(VAULT_INJECT), Stored("vault", "Vault agent injector", path, origin), origin

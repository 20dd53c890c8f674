"""What brings Secrets into being, by kind of object."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from strongroom.model.origin import FieldPath
from strongroom.model.resource import Resource, as_dict, as_list, as_text, dig
from strongroom.model.secret import How, SecretRef


class Defined(NamedTuple):
    """One Secret that an object defines: its keys with the fields that hold them.

    ``keys_known`` is False where the object does not say which keys there will be.
    """

    ref: SecretRef
    how: How
    type: str
    keys: tuple[tuple[str, FieldPath], ...]
    keys_known: bool = True
    field: FieldPath = ()


_TLS_KEYS = ("tls.crt", "tls.key", "ca.crt")
_KUSTOMIZATION = ("kustomization.yaml", "kustomization.yml", "Kustomization")


def defined_by(resource: Resource) -> Iterator[Defined]:
    """Yield the Secrets that an object defines."""
    definer = _BY_KIND.get(resource.kind)
    if definer is not None:
        group, function = definer
        if resource.group == group or resource.group.endswith(group or "\0"):
            yield from function(resource)


def _secret(resource: Resource) -> Iterator[Defined]:
    if resource.api_version != "v1":
        return
    keys: dict[str, FieldPath] = {}
    for part in ("data", "stringData"):  # stringData wins where both hold a key (Secret v1, "stringData")
        keys.update({key: (part, key) for key in as_dict(resource.body.get(part))})
    how = How.SECRET
    if isinstance(resource.body.get("sops"), dict):
        how = How.SOPS
    elif resource.origin.rendered_by == "kustomize" and resource.origin.path.endswith(_KUSTOMIZATION):
        how = How.SECRET_GENERATOR
    kind = as_text(resource.body.get("type")) or "Opaque"
    ref = SecretRef(resource.namespace, resource.name)
    yield Defined(ref, how, kind, tuple(keys.items()), keys_known=resource.whole)


def _sealed_secret(resource: Resource) -> Iterator[Defined]:
    template = as_dict(resource.get("spec", "template"))
    metadata = as_dict(template.get("metadata"))
    keys = tuple((key, ("spec", "encryptedData", key)) for key in as_dict(resource.get("spec", "encryptedData")))
    # The controller always unseals under the SealedSecret's own name and namespace.
    ref = SecretRef(resource.namespace or as_text(metadata.get("namespace")), resource.name)
    yield Defined(ref, How.SEALED_SECRET, as_text(template.get("type")), keys)


def _external_secret(resource: Resource) -> Iterator[Defined]:
    yield from _external(resource, ("spec",), resource.namespace, resource.name)


def _cluster_external_secret(resource: Resource) -> Iterator[Defined]:
    name = as_text(resource.get("spec", "externalSecretName")) or resource.name
    namespaces = [n for n in as_list(resource.get("spec", "namespaces")) if isinstance(n, str)] or [""]
    for namespace in namespaces:
        yield from _external(resource, ("spec", "externalSecretSpec"), namespace, name)


def _external(resource: Resource, path: FieldPath, namespace: str, name: str) -> Iterator[Defined]:
    spec = as_dict(dig(resource.body, path))
    target = as_dict(spec.get("target"))
    if as_text(target.get("creationPolicy")) == "None":
        return
    template = as_dict(target.get("template"))
    keys = tuple(
        (as_text(as_dict(entry).get("secretKey")), (*path, "data", index))
        for index, entry in enumerate(as_list(spec.get("data")))
        if as_text(as_dict(entry).get("secretKey"))
    )
    ref = SecretRef(namespace, as_text(target.get("name")) or name)
    known = not as_list(spec.get("dataFrom")) and not template
    yield Defined(ref, How.EXTERNAL_SECRET, as_text(template.get("type")), keys, known)


def _secret_provider_class(resource: Resource) -> Iterator[Defined]:
    listed = as_list(resource.get("spec", "secretObjects"))
    for index, entry in enumerate(listed):
        body = as_dict(entry)
        keys = tuple(
            (as_text(as_dict(item).get("key")), ("spec", "secretObjects", index, "data", position))
            for position, item in enumerate(as_list(body.get("data")))
        )
        if as_text(body.get("secretName")):
            ref = SecretRef(resource.namespace, as_text(body.get("secretName")))
            yield Defined(ref, How.SECRET_PROVIDER_CLASS, as_text(body.get("type")), keys)
    if not listed:
        yield Defined(SecretRef(resource.namespace, resource.name), How.SECRET_PROVIDER_CLASS, "", (), keys_known=False)


def _certificate(resource: Resource) -> Iterator[Defined]:
    name = as_text(resource.get("spec", "secretName"))
    if name:
        keys = tuple((key, ("spec", "secretName")) for key in _TLS_KEYS)
        yield Defined(SecretRef(resource.namespace, name), How.CERTIFICATE, "kubernetes.io/tls", keys)


def _ingress(resource: Resource) -> Iterator[Defined]:
    # cert-manager's ingress-shim makes the Secret (cert-manager documentation, "Annotated Ingress resource").
    issuers = ("cert-manager.io/cluster-issuer", "cert-manager.io/issuer", "kubernetes.io/tls-acme")
    if any(mark in resource.annotations for mark in issuers):
        for index, entry in enumerate(as_list(resource.get("spec", "tls"))):
            name = as_text(as_dict(entry).get("secretName"))
            if name:
                keys = tuple((key, ("spec", "tls", index)) for key in _TLS_KEYS)
                yield Defined(SecretRef(resource.namespace, name), How.CERTIFICATE, "kubernetes.io/tls", keys)


def _issuer(resource: Resource) -> Iterator[Defined]:
    name = as_text(resource.get("spec", "acme", "privateKeySecretRef", "name"))
    if name:
        namespace = resource.namespace if resource.kind == "Issuer" else ""
        yield Defined(SecretRef(namespace, name), How.OPERATOR, "", (), keys_known=False)


def _kustomization(resource: Resource) -> Iterator[Defined]:
    for index, entry in enumerate(as_list(resource.get("secretGenerator"))):
        body = as_dict(entry)
        name = as_text(body.get("name"))
        keys: list[tuple[str, FieldPath]] = []
        for part in ("literals", "files"):
            for position, text in enumerate(as_list(body.get(part))):
                if isinstance(text, str):
                    key = text.split("=", 1)[0].rpartition("/")[2]
                    keys.append((key, ("secretGenerator", index, part, position)))
        known = not as_list(body.get("envs")) and not body.get("env")
        namespace = as_text(body.get("namespace")) or as_text(resource.body.get("namespace"))
        if name:
            field: FieldPath = ("secretGenerator", index)
            ref = SecretRef(namespace, name)
            yield Defined(ref, How.SECRET_GENERATOR, as_text(body.get("type")), tuple(keys), known, field)


def _named_by(
    *path: str, otherwise_own: bool = False, suffixes: tuple[str, ...] = ("",)
) -> Callable[[Resource], Iterator[Defined]]:
    """Return a definer for an operator's object that names the Secret it fills, or gives it its own name."""

    def definer(resource: Resource) -> Iterator[Defined]:
        body: Any = dig(resource.body, path)
        name = as_text(body) or (resource.name if otherwise_own else "")
        for suffix in suffixes if name else ():
            ref = SecretRef(resource.namespace, name + suffix)
            yield Defined(ref, How.OPERATOR, "", (), keys_known=False)

    return definer


_BY_KIND: dict[str, tuple[str, Callable[[Resource], Iterator[Defined]]]] = {
    "Secret": ("", _secret),
    "SealedSecret": ("bitnami.com", _sealed_secret),
    "ExternalSecret": ("external-secrets.io", _external_secret),
    "ClusterExternalSecret": ("external-secrets.io", _cluster_external_secret),
    "SecretProviderClass": ("secrets-store.csi.x-k8s.io", _secret_provider_class),
    "Certificate": ("cert-manager.io", _certificate),
    "Issuer": ("cert-manager.io", _issuer),
    "ClusterIssuer": ("cert-manager.io", _issuer),
    "Ingress": ("networking.k8s.io", _ingress),
    "Kustomization": ("kustomize.config.k8s.io", _kustomization),
    "VaultStaticSecret": ("secrets.hashicorp.com", _named_by("spec", "destination", "name")),
    "VaultDynamicSecret": ("secrets.hashicorp.com", _named_by("spec", "destination", "name")),
    "VaultPKISecret": ("secrets.hashicorp.com", _named_by("spec", "destination", "name")),
    "HCPVaultSecretsApp": ("secrets.hashicorp.com", _named_by("spec", "destination", "name")),
    "InfisicalSecret": ("infisical.com", _named_by("spec", "managedSecretReference", "secretName")),
    "DopplerSecret": ("doppler.com", _named_by("spec", "managedSecret", "name")),
    "OnePasswordItem": ("onepassword.com", _named_by(otherwise_own=True)),
    "AzureKeyVaultSecret": ("spv.no", _named_by("spec", "output", "secret", "name")),
    "SopsSecret": ("isindir.github.com", _named_by("spec", "secretTemplates", "name")),
    "KafkaUser": ("kafka.strimzi.io", _named_by(otherwise_own=True)),
    "RabbitmqCluster": ("rabbitmq.com", _named_by(otherwise_own=True, suffixes=("-default-user", "-erlang-cookie"))),
    "Cluster": ("postgresql.cnpg.io", _named_by(otherwise_own=True, suffixes=("-app", "-superuser", "-ca", "-server"))),
}
"""Kind to the API group (or the end of it) and what it defines, by the documentation of each operator."""

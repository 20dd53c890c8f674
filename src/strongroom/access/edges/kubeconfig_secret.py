"""A Secret may hold a kubeconfig: with a client certificate or a token it says whose it is. Whoever reads the Secret is
that user, with his groups. A client certificate with its key, by themselves, say the same.

## Needs

Reading the Secret, in any way. The kubeconfig counts where it trusts the authority that the ConfigMap
``kube-root-ca.crt`` of this cluster names; another one may be for another cluster, and the step has a condition. So has
that of a certificate whose user or group a binding names: which authority signed it, the sources do not say.

## Exploited

```console
$ kubectl get secret ci-kubeconfig -n ci -o jsonpath='{.data.kubeconfig}' | base64 -d > found
$ kubectl --kubeconfig found auth whoami
```

## Closed

Programs inside the cluster use their ServiceAccount; those outside get tokens that expire. A client certificate cannot
be revoked: its user's bindings go.

## References

- https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
- https://kubernetes.io/docs/reference/access-authn-authz/authentication/#x509-client-certificates
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

from strongroom.access.credential import Bearer, bearer_of_certificate, bearer_of_token
from strongroom.access.operators import placed
from strongroom.access.way import Way
from strongroom.access.world import DEFAULT, World
from strongroom.model.access import Evidence, Node, Step, identity
from strongroom.model.plaintext import Plaintext
from strongroom.model.rbac import Subject
from strongroom.model.resource import Resource, as_dict, as_list, as_text
from strongroom.model.secret import Certificate

_LARGEST = 1 << 18
_ELSEWHERE = "if it is a kubeconfig of this cluster"
_OTHER_SIGNER = "if the API server trusts the signer of the certificate"


def steps(world: World) -> Iterator[Step]:
    """Yield which Secret holds whose kubeconfig or certificate, and in which groups he is by it."""
    yield from _kubeconfigs(world)
    yield from _certificates(world)


def _kubeconfigs(world: World) -> Iterator[Step]:
    authorities = {_pem(r.get("data", "ca.crt")) for r in world.facts.of_kind("ConfigMap") if r.name == _ROOT} - {b""}
    for secret in world.facts.of_kind("Secret"):
        for field, value in _values(secret):
            for bearer, authority in _bearers(value):
                condition = "" if authority and authority in authorities else _ELSEWHERE
                source = Node("Secret", placed(secret), secret.name)
                evidence = (Evidence("secret", secret.id, secret.origin.at(field), f"a {bearer.kind}"),)
                yield Step(source, bearer.node, WAY.id, evidence, condition)
                for group in bearer.groups:
                    yield Step(
                        source, Node("Group", "", group), WAY.id, evidence, condition, "the certificate names it"
                    )


_ROOT = "kube-root-ca.crt"
"""The ConfigMap with the API server's authority that the controller manager puts into every namespace."""


def _certificates(world: World) -> Iterator[Step]:
    """Yield which Secrets hold a certificate of somebody whom bindings name, and a key beside it."""
    named = {identity(subject) for binding in world.facts.bindings for _, subject in binding.subjects}
    for record in world.facts.secrets:
        for definition in record.definitions:
            if all(key.public or key.certificate for key in definition.keys):
                continue
            for key in definition.keys:
                for node in _subjects(key.certificate) if key.certificate is not None else ():
                    if node in named or node.kind == "Node":
                        source = Node("Secret", record.ref.namespace or DEFAULT, record.ref.name)
                        evidence = (Evidence("secret", definition.resource, key.origin, "a client certificate"),)
                        yield Step(source, node, WAY.id, evidence, _OTHER_SIGNER)


def _subjects(certificate: Certificate) -> Iterator[Node]:
    """Yield the user and the groups that a certificate names, by its subject as RFC 4514 writes it."""
    for part in certificate.subject.replace("+", ",").split(","):
        attribute, _, value = part.strip().partition("=")
        if attribute in ("CN", "O") and value:
            yield identity(Subject("User" if attribute == "CN" else "Group", "", value))


def _values(secret: Resource) -> Iterator[tuple[tuple[str, str], bytes]]:
    """Yield the values that may be a kubeconfig."""
    for part in ("data", "stringData"):
        for key, value in as_dict(secret.body.get(part)).items():
            if isinstance(value, Plaintext):
                data = value.reveal()
                if len(data) <= _LARGEST and b"users" in data and b"clusters" in data:
                    yield (part, key), data


def _bearers(data: bytes) -> Iterator[tuple[Bearer, bytes]]:
    """Yield whose credentials a kubeconfig holds, each with the authority of the cluster that it is used with."""
    import yaml

    try:
        config = as_dict(yaml.load(data, yaml.CSafeLoader))
    except (yaml.YAMLError, RecursionError, ValueError):
        return
    clusters = {name: as_dict(entry.get("cluster")) for name, entry in _named(config, "clusters")}
    users = {name: as_dict(entry.get("user")) for name, entry in _named(config, "users")}
    for _, entry in _named(config, "contexts"):
        context = as_dict(entry.get("context"))
        user = users.get(as_text(context.get("user")), {})
        cluster = clusters.get(as_text(context.get("cluster")), {})
        certificate = _decoded(user.get("client-certificate-data"))
        token = as_text(user.get("token")).encode()
        bearer = bearer_of_certificate(certificate) or (bearer_of_token(token) if token else None)
        if bearer is not None:
            yield bearer, _pem(_decoded(cluster.get("certificate-authority-data")))


def _named(config: dict[str, Any], part: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for entry in map(as_dict, as_list(config.get(part))):
        yield as_text(entry.get("name")), entry


def _decoded(value: Any) -> bytes:
    try:
        return base64.b64decode(as_text(value))
    except (binascii.Error, ValueError):
        return b""


def _pem(value: Any) -> bytes:
    """Return certificates in PEM without the spaces in which two copies may differ."""
    data = value if isinstance(value, bytes) else as_text(value).encode()
    return b"".join(data.split())


WAY = Way("kubeconfig-secret", "is what the kubeconfig says", ("T1552.007", "T1078"), steps)

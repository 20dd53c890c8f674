"""A Secret of the type ``bootstrap.kubernetes.io/token`` is a password with which machines join the cluster. Whoever
reads it is the user ``system:bootstrap:ID`` in the groups that it names, and with kubeadm's roles gets a certificate of
a machine.

## Needs

Reading the Secret in ``kube-system``; the API server has to accept such tokens (``--enable-bootstrap-token-auth``). The
token counts with the groups that its key ``auth-extra-groups`` names; where the sources hold no values, kubeadm's is
taken under a condition.

## Exploited

``ID.SECRET`` of the two keys ``token-id`` and ``token-secret`` is a bearer token.

## Closed

Tokens are made when a machine joins, with an expiration of hours; those that are left are deleted.

## References

- https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/
- https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import MEMBER, Evidence, Node, Step
from strongroom.model.plaintext import Plaintext
from strongroom.model.resource import Resource, as_dict

_TYPE, _PREFIX, _NAMESPACE = "bootstrap.kubernetes.io/token", "bootstrap-token-", "kube-system"
_GROUP = "system:bootstrappers"
"""Every bootstrap token is in it (k8s.io/cluster-bootstrap/token/api, ``BootstrapDefaultGroup``)."""
_KUBEADM = "system:bootstrappers:kubeadm:default-node-token"
"""What ``kubeadm token create`` adds unless it is told otherwise."""
_UNREAD = "if the token names that group"


def steps(world: World) -> Iterator[Step]:
    """Yield which Secret is the credential of which bootstrap user, and in which groups he is."""
    for secret in world.facts.of_kind("Secret"):
        if not secret.name.startswith(_PREFIX) or secret.namespace != _NAMESPACE or secret.get("type") != _TYPE:
            continue
        if _text(secret, "usage-bootstrap-authentication") not in (None, "true"):
            continue
        user = Node("User", "", f"system:bootstrap:{secret.name.removeprefix(_PREFIX)}")
        evidence = (Evidence("secret", secret.id, secret.origin),)
        yield Step(Node("Secret", secret.namespace, secret.name), user, WAY.id, evidence)
        yield Step(user, Node("Group", "", _GROUP), MEMBER, evidence, note="every bootstrap token is in it")
        groups = _text(secret, "auth-extra-groups")
        if groups is None:
            yield Step(user, Node("Group", "", _KUBEADM), MEMBER, evidence, _UNREAD)
        for group in (groups or "").split(","):
            if group.strip().startswith(_GROUP + ":"):
                yield Step(user, Node("Group", "", group.strip()), MEMBER, evidence, note="the token names it")


def _text(secret: Resource, key: str) -> str | None:
    """Return a setting of a token; None where the values of the Secret were not read."""
    values = {**as_dict(secret.get("data")), **as_dict(secret.get("stringData"))}
    if not any(isinstance(value, Plaintext) for value in values.values()):
        return None
    value = values.get(key)
    return (value.reveal_text() or "") if isinstance(value, Plaintext) else ""


WAY = Way("bootstrap-token", "joins as a machine", ("T1078",), steps)

"""Who asks, and what for: the attributes that the API server's authorizers decide on.

Source: ``k8s.io/apiserver/pkg/authorization/authorizer/interfaces.go``, and for the names and groups of users
https://kubernetes.io/docs/reference/access-authn-authz/authentication/
"""

from __future__ import annotations

from typing import Self

import msgspec

from strongroom.model.rbac import Subject

MASTERS = "system:masters"
AUTHENTICATED = "system:authenticated"
UNAUTHENTICATED = "system:unauthenticated"
ANONYMOUS = "system:anonymous"
NODES = "system:nodes"
NODE_USER = "system:node:"
SERVICE_ACCOUNT_USER = "system:serviceaccount:"
SERVICE_ACCOUNTS = "system:serviceaccounts"


class User(msgspec.Struct, frozen=True):
    """Somebody who is authenticated, or the anonymous user; ``groups`` are all of them, built-in ones included."""

    name: str
    groups: tuple[str, ...] = ()

    @classmethod
    def authenticated(cls, name: str, groups: tuple[str, ...] = ()) -> Self:
        """A user with a certificate or token: of the groups given and ``system:authenticated``."""
        return cls(name, tuple(dict.fromkeys((*groups, AUTHENTICATED))))

    @classmethod
    def of_service_account(cls, namespace: str, name: str) -> Self:
        """A ServiceAccount: of all service accounts, those of its namespace, and ``system:authenticated``."""
        groups = (SERVICE_ACCOUNTS, f"{SERVICE_ACCOUNTS}:{namespace}", AUTHENTICATED)
        return cls(f"{SERVICE_ACCOUNT_USER}{namespace}:{name}", groups)

    @classmethod
    def of_node(cls, name: str) -> Self:
        """The kubelet of a node."""
        return cls(f"{NODE_USER}{name}", (NODES, AUTHENTICATED))

    @classmethod
    def anonymous(cls) -> Self:
        """Whoever shows no credential."""
        return cls(ANONYMOUS, (UNAUTHENTICATED,))

    @classmethod
    def of_subject(cls, subject: Subject) -> Self:
        """The user that a binding speaks of, with the groups that every such user has; for a group, one of its members.

        The members of a group are known to the authenticator alone, so a member here has no name.
        """
        if subject.kind == "ServiceAccount":
            return cls.of_service_account(subject.namespace, subject.name)
        if subject.kind == "Group":
            return cls("", (subject.name,))
        if subject.name == ANONYMOUS:
            return cls.anonymous()
        if subject.name.startswith(NODE_USER):
            return cls.of_node(subject.name.removeprefix(NODE_USER))
        return cls.authenticated(subject.name)


class Request(msgspec.Struct, frozen=True):
    """One request: for an object or collection, or with ``path`` for a URL that is no resource.

    Attributes:
        verb: ``get``, ``list`` …, in lower case; for a path the HTTP method in lower case.
        group: the API group; empty for the core group.
        resource: its plural name, e.g. ``secrets``.
        subresource: e.g. ``exec``; empty for the object itself.
        namespace: empty for cluster-scoped objects, and for those of all namespaces. A request for a namespace by its
            name is one in that namespace.
        name: empty for collections, and for what is created by POST; a ``list`` or ``watch`` with the field selector
            ``metadata.name=NAME`` has that name.
        path: e.g. ``/healthz``; empty for a resource.
        fields: field selectors of the form ``field=value``; only nodes are allowed anything by them.
    """

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""
    fields: tuple[tuple[str, str], ...] = ()

    @property
    def combined(self) -> str:
        """The resource and its subresource as rules write them: ``pods/exec``."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource

"""What one rule allows, as the API server matches it.

Sources, in kubernetes/kubernetes: ``pkg/apis/rbac/v1/evaluation_helpers.go`` and, for where the name of a request comes
from, ``k8s.io/apiserver/pkg/endpoints/request/requestinfo.go`` and ``…/endpoints/handlers/{patch,update}.go``.
"""

from __future__ import annotations

from strongroom.access.rbac_request import Request
from strongroom.model.rbac import Rule

COLLECTION_VERBS = frozenset({"list", "watch", "create", "deletecollection"})
"""Verbs of requests that name no object, unless a ``list`` or ``watch`` has the field selector ``metadata.name``."""

RBAC_GROUP = "rbac.authorization.k8s.io"
_UPDATE_CREATES = frozenset(
    {(RBAC_GROUP, name) for name in ("roles", "rolebindings", "clusterroles", "clusterrolebindings")}
    | {("", name) for name in ("endpoints", "events", "limitranges", "services")}
    | {("events.k8s.io", "events"), ("node.k8s.io", "runtimeclasses")}
    | {("coordination.k8s.io", name) for name in ("leases", "leasecandidates")}
)
"""Resources that a PUT creates where there is no such object (``AllowCreateOnUpdate`` of their strategies)."""


def allows(rule: Rule, request: Request) -> bool:
    """Tell whether a rule allows a request, wherever its binding reaches."""
    if not rule.has_verb(request.verb):
        return False
    if request.path:
        return any(url_covers(url, request.path) for url in rule.urls)
    return (
        ("*" in rule.groups or request.group in rule.groups)
        and any(resource in rule.resources for resource in covering(request.combined, request.subresource))
        and (not rule.names or request.name in rule.names)
    )


def covering(combined: str, subresource: str) -> tuple[str, ...]:
    """Return the entries of ``resources`` that cover a resource: everything, itself, its subresource of everything."""
    return ("*", combined, f"*/{subresource}") if subresource else ("*", combined)


def url_covers(url: str, path: str) -> bool:
    """Tell whether an entry of ``nonResourceURLs`` covers a path: every ``*`` at its end stands for any rest."""
    return url == path or (url.endswith("*") and path.startswith(url.rstrip("*")))


def names_allowed(rule: Rule, verb: str, group: str, combined: str) -> tuple[str, ...] | None:
    """Return the names of objects that a rule, which covers verb and resource, allows; ``()`` any, None no object.

    A request for a collection has no name, so a rule with ``resourceNames`` does not allow it, with these exceptions:

    - ``list`` and ``watch`` with the field selector ``metadata.name`` have that name,
    - an object is created by name by a server-side apply (which needs ``patch`` too), and of a few resources by an
      update,
    - ``create`` of a subresource (``pods/exec``, ``serviceaccounts/token``) names the object,
    - an empty entry of ``resourceNames`` is the name of a request that has none.
    """
    if not rule.names:
        return ()
    unnamed = verb in COLLECTION_VERBS and "/" not in combined
    if unnamed and "" in rule.names:
        return ()
    if unnamed and verb == "deletecollection":
        return None
    if unnamed and verb == "create" and not _creates_by_name(rule, group, combined):
        return None
    return tuple(dict.fromkeys(name for name in rule.names if name)) or None


def _creates_by_name(rule: Rule, group: str, resource: str) -> bool:
    return rule.has_verb("patch") or ((group, resource) in _UPDATE_CREATES and rule.has_verb("update"))

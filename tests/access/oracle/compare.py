"""One batch of random RBAC in a running cluster, and our answers beside the API server's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from tests.access.oracle.objects import NAMESPACES
from tests.access.oracle.review import RBAC, clear, create, review
from tests.support.controlplane.access import Client, eventually

from strongroom.access.authorizer import Authorizer
from strongroom.access.nodes_graph import NodesGraph
from strongroom.access.rbac import Rbac
from strongroom.access.rbac_facts import rbac_of
from strongroom.access.rbac_request import Request, User
from strongroom.inventory.join import build
from strongroom.model.facts import Facts
from strongroom.model.origin import Origin
from strongroom.model.resource import Resource
from strongroom.model.settings import Settings
from strongroom.sources.objects import objects_in

_SENTINEL = "sentinel"


class Difference(msgspec.Struct, frozen=True):
    """A question that we answer otherwise than the API server."""

    user: User
    request: Request
    theirs: bool
    ours: bool


def facts_of(objects: Sequence[dict[str, Any]]) -> Facts:
    """Return the facts of objects as if they stood in one file."""
    return build(resources_of(objects), (), (), Settings(), datetime(2026, 11, 21, tzinfo=UTC))


def resources_of(objects: Sequence[dict[str, Any]]) -> list[Resource]:
    """Return objects as they are read."""
    return [
        resource
        for index, body in enumerate(objects)
        for resource in objects_in(body, Origin("deploy", "rbac.yaml", index))
    ]


def differences(
    admin: Client, objects: Sequence[dict[str, Any]], questions: Sequence[tuple[User, Request]]
) -> tuple[list[Difference], int]:
    """Put objects into a cluster, ask both sides, and take the objects out again; also return how many were allowed.

    Raises:
        AssertionError: the API server takes an object that we say it refuses, or the other way round; or an aggregated
            ClusterRole does not come to hold what we say.
    """
    facts = facts_of(objects)
    rbac = rbac_of(facts)
    try:
        _put(admin, objects, rbac)
        theirs = review(admin, questions)
    finally:
        clear(admin, (*NAMESPACES, _SENTINEL))
    authorizer = Authorizer(rbac, NodesGraph(facts.resources))
    ours = [authorizer.decide(user, request) is not None for user, request in questions]
    found = [
        Difference(user, request, they, we)
        for (user, request), they, we in zip(questions, theirs, ours, strict=True)
        if they != we
    ]
    return found, sum(theirs)


def _put(admin: Client, objects: Sequence[dict[str, Any]], rbac: Rbac) -> None:
    refused = {(resource.kind, resource.namespace, resource.name): reason for resource, reason in rbac.refused}
    for body, status in zip(objects, create(admin, objects), strict=True):
        key = (body["kind"], body["metadata"].get("namespace", ""), body["metadata"]["name"])
        assert (status >= 400) == (key in refused), (status, body, refused.get(key))
    try:
        eventually(lambda: not _unlike(admin, rbac), "aggregated roles hold what we say", patience=20)
    except TimeoutError as error:
        raise AssertionError(_unlike(admin, rbac)) from error
    _wait_until_seen(admin)


def _unlike(admin: Client, rbac: Rbac) -> list[str]:
    """Return the names of the aggregated ClusterRoles that hold other rules than we say."""
    served = {item["metadata"]["name"]: item for item in admin.get(f"{RBAC}/clusterroles")["items"]}
    return [
        role.resource.name
        for role in rbac.roles
        if role.aggregates
        and {_plain(rule) for rule in served[role.resource.name].get("rules") or ()}
        != {(rule.verbs, rule.groups, rule.resources, rule.names, rule.urls) for rule in role.rules}
    ]


def _plain(rule: dict[str, Any]) -> tuple[tuple[str, ...], ...]:
    fields = ("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs")
    return tuple(tuple(rule.get(field) or ()) for field in fields)


def _wait_until_seen(admin: Client) -> None:
    """Wait until the authorizer has seen all that was created before, of each of the four kinds."""
    made: list[dict[str, Any]] = []
    for prefix, namespace in (("Cluster", ""), ("", _SENTINEL)):
        metadata = {"name": _SENTINEL, "labels": {"batch": "yes"}} | ({"namespace": namespace} if namespace else {})
        rule = {"verbs": ["watch"], "apiGroups": ["sentinel"], "resources": [f"{prefix.lower()}sentinels"]}
        made.append({"kind": f"{prefix}Role", "metadata": metadata, "rules": [rule]})
        reference = {"kind": f"{prefix}Role", "name": _SENTINEL}
        subjects = [{"kind": "User", "name": _SENTINEL}]
        made.append({"kind": f"{prefix}RoleBinding", "metadata": metadata, "roleRef": reference, "subjects": subjects})
    assert create(admin, made) == [201] * 4
    user = User(_SENTINEL)
    asked = [
        (user, Request("watch", "sentinel", "clustersentinels")),
        (user, Request("watch", "sentinel", "sentinels", namespace=_SENTINEL)),
    ]
    eventually(lambda: review(admin, asked) == [True, True], "the authorizer has seen the objects")

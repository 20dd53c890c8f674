"""What an audit policy decides, and which requests can reach one of its rules.

The decision is that of k8s.io/apiserver ``pkg/audit/policy/checker.go``: the first rule that matches decides, and a
request that no rule matches is not logged.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

from strongroom.model.controlplane import AuditLevel, AuditPolicy, AuditRule

_MOST_MATCHES = 4_000_000
"""So many comparisons of a request with a rule are made for one policy and kind of request: far more than any policy
that a person wrote needs, and an end for any other."""

ORDINARY = "somebody"
"""A user whom no policy names."""


class Request(NamedTuple):
    """What a policy looks at of a request for a resource."""

    user: str
    groups: tuple[str, ...]
    verb: str
    namespace: str
    group: str
    resource: str
    subresource: str = ""
    name: str = ""


class Decision(NamedTuple):
    """How a request is logged, and by which rule; None where no rule matches it."""

    level: AuditLevel
    omit_stages: frozenset[str]
    rule: AuditRule | None

    def leaves_trace(self, verb: str) -> bool:
        """Tell whether a request that is answered is in the log at any of the stages that it goes through."""
        stages = {"RequestReceived", "ResponseComplete"} | ({"ResponseStarted"} if verb == "watch" else set())
        return self.level > AuditLevel.NONE and not self.omit_stages.issuperset(stages)


class Asked(NamedTuple):
    """A kind of request: a resource and the verbs of interest; ``namespaced`` as the API defines it."""

    group: str
    resource: str
    verbs: tuple[str, ...]
    subresource: str = ""
    namespaced: bool = True


def decide(policy: AuditPolicy, request: Request) -> Decision:
    """Return what a policy does with a request."""
    for rule in policy.rules:
        if _matches(rule, request):
            return Decision(rule.level, rule.omit_stages, rule)
    return Decision(AuditLevel.NONE, policy.omit_stages, None)


def requests_for(policy: AuditPolicy, rule: AuditRule | None, asked: Asked) -> Iterator[Request]:
    """Yield requests of a kind that a rule decides, or, for None, that no rule matches.

    Where the rule names nothing, a request that no policy names is tried: whatever earlier rule takes that one takes
    every other one too.
    """
    tried = rule or AuditRule(AuditLevel.NONE, policy.origin)
    if tried.urls and not tried.resources and not tried.namespaces:
        return
    rules = len(policy.rules) + 1
    for request in itertools.islice(_candidates(tried, asked), max(_MOST_MATCHES // rules**2, 1)):
        if decide(policy, request).rule is rule:
            yield request


def _candidates(rule: AuditRule, asked: Asked) -> Iterator[Request]:
    verbs = [verb for verb in asked.verbs if not rule.verbs or verb in rule.verbs]
    for verb, (user, groups) in itertools.product(verbs, _identities(rule)):
        for namespace, name in itertools.product(_namespaces(rule, asked, verb), _names(rule, asked, verb)):
            yield Request(user, groups, verb, namespace, asked.group, asked.resource, asked.subresource, name)


def _identities(rule: AuditRule) -> Iterator[tuple[str, tuple[str, ...]]]:
    if rule.users:
        for user in rule.users:
            own = groups_of(user)
            yield from ((user, (*own, group)) for group in rule.groups) if rule.groups else [(user, own)]
        return
    if rule.groups:
        for group in rule.groups:
            user = _member_of(group)
            yield user, tuple(dict.fromkeys((*groups_of(user), group)))
        return
    yield ORDINARY, groups_of(ORDINARY)
    account = "system:serviceaccount:some-namespace:some-account"
    yield account, groups_of(account)


def groups_of(user: str) -> tuple[str, ...]:
    """Return the groups that Kubernetes itself puts a user in (k8s.io/apiserver pkg/authentication/user)."""
    if user == "system:anonymous":
        return ("system:unauthenticated",)
    parts = user.split(":")
    if len(parts) == 4 and user.startswith("system:serviceaccount:"):
        return ("system:serviceaccounts", f"system:serviceaccounts:{parts[2]}", "system:authenticated")
    if user.startswith("system:node:"):
        return ("system:nodes", "system:authenticated")
    return ("system:authenticated",)


def _member_of(group: str) -> str:
    if group == "system:unauthenticated":
        return "system:anonymous"
    if group == "system:nodes":
        return "system:node:some-node"
    if group == "system:serviceaccounts":
        return "system:serviceaccount:some-namespace:some-account"
    if group.startswith("system:serviceaccounts:"):
        return f"system:serviceaccount:{group.rpartition(':')[2]}:some-account"
    return ORDINARY


def _namespaces(rule: AuditRule, asked: Asked, verb: str) -> tuple[str, ...]:
    # A request for all namespaces has the empty one, as has a request for what is in none.
    everywhere = ("",) if verb in ("list", "watch", "deletecollection") else ()
    possible = ("some-namespace", *everywhere) if asked.namespaced else ("",)
    if not rule.namespaces:
        return possible
    return tuple(name for name in rule.namespaces if (bool(name) and asked.namespaced) or name in possible)


def _names(rule: AuditRule, asked: Asked, verb: str) -> tuple[str, ...]:
    if verb in ("list", "watch", "deletecollection"):
        return ("",)
    named = tuple(name for resources in rule.resources for name in resources.names)
    # A new object has no name in its request (k8s.io/apiserver pkg/endpoints/request/requestinfo.go).
    return ("", *named) if verb == "create" and not asked.subresource else ("some-name", *named)


def _matches(rule: AuditRule, request: Request) -> bool:
    if rule.users and request.user not in rule.users:
        return False
    if rule.groups and not any(group in rule.groups for group in request.groups):
        return False
    if rule.verbs and request.verb not in rule.verbs:
        return False
    if rule.namespaces or rule.resources:
        return _matches_resource(rule, request)
    return not rule.urls


def _matches_resource(rule: AuditRule, request: Request) -> bool:
    if rule.namespaces and request.namespace not in rule.namespaces:
        return False
    if not rule.resources:
        return True
    whole = f"{request.resource}/{request.subresource}" if request.subresource else request.resource
    for entry in rule.resources:
        # An API server that does not know the group `*` (before kubernetes/kubernetes#135262) refuses the policy.
        if entry.group not in (request.group, "*"):
            continue
        if not entry.resources:
            return True
        if entry.names and request.name not in entry.names:
            continue
        if any(_names_resource(pattern, request, whole) for pattern in entry.resources):
            return True
    return False


def _names_resource(pattern: str, request: Request, whole: str) -> bool:
    if pattern in (whole, "*"):
        return True
    if request.subresource and pattern.startswith("*/") and pattern.removeprefix("*/") == request.subresource:
        return True
    return pattern.endswith("/*") and pattern.removesuffix("/*") == request.resource

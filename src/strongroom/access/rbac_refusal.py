"""Why the API server refuses a role or binding: what is refused gives nothing to anybody.

Source: ``pkg/apis/rbac/validation/validation.go`` and ``pkg/apis/rbac/v1/defaults.go`` in kubernetes/kubernetes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from strongroom.model.resource import Resource, as_dict, as_list

RBAC_GROUP = "rbac.authorization.k8s.io"
_LISTS = ("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs")
# https://datatracker.ietf.org/doc/html/rfc1123 as k8s.io/apimachinery/pkg/util/validation reads it
_LABEL = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_QUALIFIED = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{{0,61}}[A-Za-z0-9])?")
_LABEL_VALUE = re.compile(r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_LONGEST_NAME = 253


def refusal(resource: Resource) -> str:
    """Return why the API server refuses a Role, ClusterRole or binding of either kind; empty where it takes it.

    An object with a UID was taken already.
    """
    if resource.get("metadata", "uid"):
        return ""
    test = _TESTS.get(resource.kind)
    return _name(resource.name) or (test(resource) if test else "")


def _role(resource: Resource) -> str:
    rules = resource.get("rules")
    if rules is not None and not isinstance(rules, list):
        return "rules is no list"
    for index, rule in enumerate(as_list(rules)):
        if reason := _rule({} if rule is None else rule, namespaced=resource.kind == "Role"):
            return f"rules[{index}] {reason}"
    return _aggregation(resource.get("aggregationRule")) if resource.kind == "ClusterRole" else ""


def _rule(rule: Any, *, namespaced: bool) -> str:
    if not isinstance(rule, dict):
        return "is no mapping"
    for field in _LISTS:
        if not _texts(rule.get(field)):
            return f"has {field} that are no list of texts"
    if not rule.get("verbs"):
        return "has no verbs"
    if rule.get("nonResourceURLs"):
        if namespaced:
            return "has nonResourceURLs, which no Role may have"
        mixed = any(rule.get(field) for field in ("apiGroups", "resources", "resourceNames"))
        return "has both resources and nonResourceURLs" if mixed else ""
    if not rule.get("apiGroups"):
        return "has no apiGroups"
    return "" if rule.get("resources") else "has no resources"


def _texts(value: Any) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(entry, str) for entry in value))


def _aggregation(rule: Any) -> str:
    if rule is None:
        return ""
    selectors = as_dict(rule).get("clusterRoleSelectors")
    if not isinstance(selectors, list) or not selectors:
        return "aggregationRule has no clusterRoleSelectors"
    return "" if all(map(_selector, selectors)) else "aggregationRule has a selector that is none"


def _selector(selector: Any) -> bool:
    if selector is None:
        return True
    if not isinstance(selector, dict):
        return False
    labels, expressions = selector.get("matchLabels"), selector.get("matchExpressions")
    if not isinstance(labels, dict | None) or not isinstance(expressions, list | None):
        return False
    return all(_key(k) and _value(v) for k, v in (labels or {}).items()) and all(map(_expression, expressions or ()))


def _expression(expression: Any) -> bool:
    entry = as_dict(expression)
    values = entry.get("values")
    if not _key(entry.get("key")) or not _texts(values):
        return False
    if entry.get("operator") in ("In", "NotIn"):
        return bool(values) and all(map(_value, as_list(values)))
    return entry.get("operator") in ("Exists", "DoesNotExist") and not values


def _key(key: Any) -> bool:
    return isinstance(key, str) and bool(_QUALIFIED.fullmatch(key))


def _value(value: Any) -> bool:
    return isinstance(value, str) and bool(_LABEL_VALUE.fullmatch(value))


def _binding(resource: Resource) -> str:
    reference = resource.get("roleRef")
    if not isinstance(reference, dict):
        return "roleRef is missing"
    kinds = ("Role", "ClusterRole") if resource.kind == "RoleBinding" else ("ClusterRole",)
    if reference.get("apiGroup") not in (None, "", RBAC_GROUP):
        return "roleRef.apiGroup is of another group"
    if reference.get("kind") not in kinds:
        return f"roleRef.kind is not {' or '.join(kinds)}"
    name = reference.get("name")
    if not isinstance(name, str) or not name:
        return "roleRef.name is missing"
    if reason := _name(name):
        return f"roleRef: {reason}"
    subjects = resource.get("subjects")
    if subjects is not None and not isinstance(subjects, list):
        return "subjects is no list"
    for index, subject in enumerate(as_list(subjects)):
        if reason := _subject(subject, namespaced=resource.kind == "RoleBinding"):
            return f"subjects[{index}] {reason}"
    return ""


def _subject(subject: Any, *, namespaced: bool) -> str:
    if not isinstance(subject, dict) or not all(isinstance(value, str | None) for value in subject.values()):
        return "is no mapping of texts"
    kind, name, group = subject.get("kind"), subject.get("name"), subject.get("apiGroup")
    if not name:
        return "has no name"
    if kind == "ServiceAccount":
        if group:
            return "has an apiGroup, which a ServiceAccount has not"
        if not namespaced and not subject.get("namespace"):
            return "has no namespace, which a ClusterRoleBinding needs"
        valid = len(name) <= _LONGEST_NAME and _SUBDOMAIN.fullmatch(name)
        return "" if valid else "is no name of a ServiceAccount"
    if kind not in ("User", "Group"):
        return "is of an unknown kind"
    return "" if group in (None, "", RBAC_GROUP) else "has another apiGroup"


def _name(name: str) -> str:
    return "the name is no segment of a path" if name in (".", "..") or "/" in name or "%" in name else ""


_TESTS: dict[str, Callable[[Resource], str]] = {
    "Role": _role,
    "ClusterRole": _role,
    "RoleBinding": _binding,
    "ClusterRoleBinding": _binding,
}

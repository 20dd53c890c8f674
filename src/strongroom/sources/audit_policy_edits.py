"""An audit policy that keeps secret values out of the log, and what an API server needs to follow it.

https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/. A rule at level Request or RequestResponse writes bodies,
and the body of a Secret, or of a new token, is the secret itself; the first rule that matches a request decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from strongroom.documents.edits import bodies, edits
from strongroom.documents.lists import Listed, listed
from strongroom.documents.wanted import Unfit
from strongroom.errors import DocumentError
from strongroom.model.plan import Splice
from strongroom.model.resource import as_dict, as_list
from strongroom.sources.controlplane_edits import Mount

POLICY = """\
# Who read and wrote what. Of what holds values, the metadata and never a body, whatever later rules say.
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages:
  - RequestReceived
rules:
  - level: Metadata
    resources:
      - group: ""
        resources: [secrets, configmaps, serviceaccounts/token]
      - group: authentication.k8s.io
        resources: [tokenreviews, tokenrequests]
      - group: certificates.k8s.io
        resources: [certificatesigningrequests]
  - level: Metadata
"""

HOLDERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("", ("secrets", "configmaps", "serviceaccounts/token")),
    ("authentication.k8s.io", ("tokenreviews", "tokenrequests")),
    ("certificates.k8s.io", ("certificatesigningrequests",)),
)
"""API group to the resources whose bodies hold values, or what is as good as one."""

FILE = "audit-policy-file"
PLACE = "/etc/kubernetes/audit/policy.yaml"
LOGS = "/var/log/kubernetes/audit"

FLAGS = {
    "audit-log-path": f"{LOGS}/audit.log",
    "audit-log-maxage": "30",
    "audit-log-maxbackup": "10",
    "audit-log-maxsize": "100",
}
"""How the log is kept: 30 days (CIS 1.2.17), ten old files (1.2.18) of 100 megabytes (1.2.19)."""

LOG_MOUNT = Mount("audit-log", LOGS, read_only=False)

_BODIES = ("Request", "RequestResponse")


def guarded(data: bytes, where: str) -> tuple[Splice, ...]:
    """Return how a policy comes to log no body of what holds values: a rule before all others; none where it is so.

    Args:
        data: the policy.
        where: its name for people.

    Raises:
        DocumentError: it is no audit policy, or is written in a way that cannot be edited in place.
    """
    found = bodies(data)
    body = as_dict(found.get(0))
    if len(found) != 1 or body.get("kind") != "Policy" or body.get("apiVersion") != "audit.k8s.io/v1":
        raise DocumentError(f"{where} is no audit policy", hint="a Policy of audit.k8s.io/v1 is expected")
    rules = as_list(body.get("rules"))
    missing = [*_unguarded(rules)]
    if not missing:
        return ()
    entries = [{"group": group, "resources": [*resources]} for group, resources in missing]
    rule: dict[str, Any] = {"level": "Metadata", "resources": entries}
    try:
        if not rules:
            return edits(data, {0: {**body, "rules": [rule]}})
        return listed(data, [Listed(("rules",), (rule, *range(len(rules))))]).splices
    except Unfit as unfit:
        raise DocumentError(f"{where} cannot be edited", hint=str(unfit)) from None


def _unguarded(rules: list[Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the resources of which some rule may log bodies before a rule has taken all requests for them."""
    for group, resources in HOLDERS:
        open_ = tuple(resource for resource in resources if _logs_bodies(rules, group, resource))
        if open_:
            yield group, open_


def _logs_bodies(rules: list[Any], group: str, resource: str) -> bool:
    for rule in map(as_dict, rules):
        if not _may_match(rule, group, resource):
            continue
        if rule.get("level") in _BODIES:
            return True
        if not any(rule.get(limit) for limit in ("users", "userGroups", "verbs", "namespaces")) and not _narrow(rule):
            return False  # it takes every request for the resource
    return False


def _narrow(rule: dict[str, Any]) -> bool:
    """Tell whether a rule is for some objects only, or for a group that the API server may not take as a wildcard."""
    entries = [as_dict(entry) for entry in as_list(rule.get("resources"))]
    return any(entry.get("resourceNames") or entry.get("group") == "*" for entry in entries)


def _may_match(rule: dict[str, Any], group: str, resource: str) -> bool:
    """Tell whether a rule matches requests for a resource, of some user (pkg/audit/policy/checker.go)."""
    entries = as_list(rule.get("resources"))
    if not entries:
        return bool(rule.get("namespaces")) or not rule.get("nonResourceURLs")
    name, _, part = resource.partition("/")
    # NAME/* takes in what has no subresource too.
    patterns = {resource, "*", f"{name}/*", *((f"*/{part}",) if part else ())}
    for entry in map(as_dict, entries):
        if (entry.get("group") or "") in (group, "*"):
            named = as_list(entry.get("resources"))
            if not named or patterns & {str(one) for one in named}:
                return True
    return False

"""An audit policy that logs Secrets at ``Request`` or above writes their values into the audit log. Whoever reads the
log reads them: a program that mounts its folder, and wherever it is shipped.

## Needs

A pod that mounts the log's folder of the control plane's machine; or the place that the log is sent to.

## Exploited

```console
$ grep '"resource":"secrets"' /var/log/kubernetes/audit/audit.log
```

## Closed

Secrets, ConfigMaps, token reviews and ``serviceaccounts/token`` at ``Metadata``, before any rule that logs bodies.

## References

- https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/
- CIS Kubernetes Benchmark 3.2.2
- https://github.com/kubernetes/kubernetes/issues/88926
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import INCLUDES, Evidence, Node, Power, Step, power
from strongroom.model.controlplane import AuditLevel, AuditPolicy, AuditRule, Program
from strongroom.model.resource import as_dict, as_text

_USUAL = "/var/log/kubernetes/audit/audit.log"
_ASKED = frozenset({"create", "update", "patch"})
_ANSWERED = _ASKED | {"get", "list", "watch", "delete", "deletecollection"}
"""Verbs whose requests hold values of Secrets, and whose answers do."""


def steps(world: World) -> Iterator[Step]:
    """Yield which programs read the log, and that it holds Secrets where a policy says so."""
    control_plane = world.facts.control_plane
    logging = [(policy, rule) for policy in control_plane.policies if (rule := _bodies(policy)) is not None]
    if not logging:
        return
    reads = power(Power.READ_AUDIT_LOG)
    for policy, rule in logging:
        evidence = (Evidence("policy", policy.resource, rule.origin, f"logs Secrets at {rule.level.label}"),)
        yield Step(reads, power(Power.READ_SECRETS), INCLUDES, evidence, note="as they are written and read")
    servers = [server for server in control_plane.servers if server.program is Program.API_SERVER]
    for server in servers:
        if server.value("audit-webhook-config-file"):
            place = Evidence("server", server.resource, server.place("audit-webhook-config-file"))
            yield Step(Node("External", "", "audit webhook"), reads, WAY.id, (place,), note="receives the log")
    yield from _programs(world, {server.value("audit-log-path") for server in servers} - {"", "-"} or {_USUAL})


def _programs(world: World, paths: set[str]) -> Iterator[Step]:
    for code in world.code:
        for field, volume in code.workload.volumes:
            mounted = as_text(as_dict(volume.get("hostPath")).get("path"))
            if mounted and any(_holds(mounted, path) for path in paths):
                resource = code.workload.resource
                evidence = (Evidence("workload", resource.id, resource.origin.at((*field, "hostPath", "path"))),)
                yield Step(code.node, power(Power.READ_AUDIT_LOG), WAY.id, evidence, note=f"mounts {mounted}")


def _holds(folder: str, path: str) -> bool:
    clean = folder.rstrip("/")
    return bool(clean) and (path == clean or path.startswith(clean + "/"))


def _bodies(policy: AuditPolicy) -> AuditRule | None:
    """Return the first rule that logs values of Secrets; None where earlier ones settle every verb."""
    left = _ANSWERED
    for rule in policy.rules:
        if rule.urls or not (not rule.resources or any(_secrets(r.group, r.resources) for r in rule.resources)):
            continue
        verbs = left if not rule.verbs or "*" in rule.verbs else left.intersection(rule.verbs)
        logged = {AuditLevel.REQUEST: _ASKED, AuditLevel.REQUEST_RESPONSE: _ANSWERED}.get(rule.level, frozenset())
        if verbs & logged:
            return rule
        if not (rule.users or rule.groups or rule.namespaces or any(r.names for r in rule.resources)):
            left -= verbs
    return None


def _secrets(group: str, resources: tuple[str, ...]) -> bool:
    return group == "" and (not resources or "secrets" in resources or "*" in resources)


WAY = Way("audit-log-read", "reads the audit log", ("T1552.001",), steps)

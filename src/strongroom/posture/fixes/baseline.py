"""What the Pod Security level baseline forbids.

https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from strongroom.model.resource import as_dict, as_list, dig
from strongroom.model.workload import Workload

_CAPABILITIES = frozenset(
    [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ]
)
_SYSCTLS = frozenset(
    [
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
    ]
)
_SELINUX_TYPES = (None, "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")


def offence(workload: Workload) -> str:
    """Return what a pod spec does that baseline forbids, as a clause; empty where nothing."""
    return next(_offences(workload), "")


def _offences(workload: Workload) -> Iterator[str]:
    spec = workload.spec
    for name in ("hostPID", "hostIPC", "hostNetwork"):
        if spec.get(name) is True:
            yield f"uses {name}"
    for _, volume in workload.volumes:
        if "hostPath" in volume:
            yield "mounts a folder of the node"
    yield from _context(as_dict(spec.get("securityContext")))
    for container in workload.containers:
        context = as_dict(container.body.get("securityContext"))
        yield from _context(context)
        if context.get("privileged") is True:
            yield "runs a privileged container"
        if set(as_list(dig(context, ("capabilities", "add")))) - _CAPABILITIES:
            yield "adds capabilities"
        if context.get("procMount") not in (None, "Default"):
            yield "unmasks /proc"
        if any(as_dict(port).get("hostPort") for port in as_list(container.body.get("ports"))):
            yield "takes a port of the node"
        if any(as_dict(dig(container.body, (probe, "httpGet"))).get("host") for probe in _PROBES):
            yield "names a host in a probe"


_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def _context(context: dict[str, Any]) -> Iterator[str]:
    """Yield what a security context of a pod or a container does."""
    if dig(context, ("windowsOptions", "hostProcess")) is True:
        yield "runs as a process of the host"
    if dig(context, ("seLinuxOptions", "type")) not in _SELINUX_TYPES:
        yield "chooses an SELinux type"
    if dig(context, ("seLinuxOptions", "user")) or dig(context, ("seLinuxOptions", "role")):
        yield "chooses an SELinux user or role"
    for profile in ("seccompProfile", "appArmorProfile"):
        if dig(context, (profile, "type")) == "Unconfined":
            yield f"switches its {profile} off"
    if any(as_dict(one).get("name") not in _SYSCTLS for one in as_list(context.get("sysctls"))):
        yield "sets sysctls of the kernel"

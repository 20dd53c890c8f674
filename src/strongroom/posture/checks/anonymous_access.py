"""Requests without any credential are let in.

## What it finds

API servers that do not turn `--anonymous-auth` off, which is on by default; an `AuthenticationConfiguration` that lets
anonymous requests in at other paths than those of health checks; kubelets that let them in, which is critical where the
kubelet also authorises by `AlwaysAllow`.

## Not a finding

An `AuthenticationConfiguration` that limits anonymous requests to `/livez`, `/readyz` and `/healthz`, which is all that
load balancers and kubeadm need. An API server whose `--authentication-config` is not in the sources.

## Why it is bad

Who reaches the port is `system:anonymous`. With the default roles that user sees versions and health; with one mistaken
binding (`system:unauthenticated`, `system:anonymous`) whatever it gives, Secrets included, with no name in the log. A
kubelet that lets anybody in runs commands in every container of its node.

## Instead

Let anonymous requests in at the health paths only (`anonymous.conditions` of the `AuthenticationConfiguration`, since
Kubernetes 1.32), or turn them off and give the load balancer a TCP check.

## References

- [Kubernetes: anonymous requests](https://kubernetes.io/docs/reference/access-authn-authz/authentication/#anonymous-requests)
- [Kubernetes: kubelet authentication and authorisation](https://kubernetes.io/docs/reference/access-authn-authz/kubelet-authn-authz/)
- [CIS Kubernetes Benchmark 1.2.1 and 4.2.1](https://www.cisecurity.org/benchmark/kubernetes)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.controlplane import Server
from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.resource import Resource, as_dict, as_list, as_text
from strongroom.posture.check import Check, Hit, hit
from strongroom.posture.servers import hit_at, is_api_server, is_off, listed

_FLAG = "anonymous-auth"
_CONFIGURATION = "authentication-config"
_HEALTH = ("/livez", "/readyz", "/healthz")


def examine(facts: Facts, _: Facts) -> Iterator[Hit]:
    """Yield the hits of API servers, of their authentication configurations, and of kubelets."""
    for server in facts.control_plane.servers:
        if is_api_server(server):
            yield from _of_server(server)
    for resource in facts.of_kind("AuthenticationConfiguration"):
        if resource.group == "apiserver.config.k8s.io":
            yield from _of_configuration(resource)
    for resource in facts.of_kind("KubeletConfiguration"):
        if resource.group == "kubelet.config.k8s.io":
            yield from _of_kubelet(resource)


def _of_server(server: Server) -> Iterator[Hit]:
    flag = server.flag(_FLAG)
    if flag is None and server.value(_CONFIGURATION):
        return  # the file says, or is not in the sources
    if flag is not None and is_off(flag.value):
        return
    if "AlwaysAllow" in listed(server, "authorization-mode"):
        return  # then the API server turns them off itself (pkg/kubeapiserver/options/authentication.go)
    said = "lets anonymous requests in" if flag is not None else "lets anonymous requests in, as it does by default"
    yield hit_at(server, said, _FLAG)


def _of_configuration(resource: Resource) -> Iterator[Hit]:
    anonymous = as_dict(resource.body.get("anonymous"))
    if anonymous.get("enabled") is not True:
        return
    paths = [as_text(as_dict(entry).get("path")) for entry in as_list(anonymous.get("conditions"))]
    others = [path for path in paths if not path.startswith(_HEALTH)]
    if not paths:
        yield hit(resource, ("anonymous", "enabled"), "anonymous requests are let in everywhere")
    elif others:
        yield hit(resource, ("anonymous", "conditions"), f"anonymous requests are let in at {', '.join(others[:3])}")


def _of_kubelet(resource: Resource) -> Iterator[Hit]:
    if as_dict(resource.get("authentication", "anonymous")).get("enabled") is not True:
        return
    allows_all = resource.get("authorization", "mode") == "AlwaysAllow"
    more = " and may do everything: run commands in every container of the node" if allows_all else ""
    yield hit(
        resource,
        ("authentication", "anonymous", "enabled"),
        f"the kubelet lets anonymous requests in{more}",
        severity=Severity.CRITICAL if allows_all else Severity.MEDIUM,
    )


CHECK = Check(
    id="anonymous-access",
    title="Requests without any credential are let in",
    practice=Practice.ACCESS,
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    standards=("CIS-1.2.1", "CIS-4.2.1", "NSA-authentication", "OWASP-K09"),
    over=Facts,
    examine=examine,
)

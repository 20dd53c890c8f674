"""Kubelets may change more than their own node.

## What it finds

A kube-apiserver whose admission plugins leave `NodeRestriction` out, or whose `--authorization-mode` leaves `Node` out
or allows everything (`AlwaysAllow`).

## Not a finding

kubeadm configurations that do not name the flag: kubeadm sets both. Authorisation from a file
(`--authorization-config`), which is not in the manifest.

## Why it is bad

Whoever takes one node over has its kubelet's credentials. Without the Node authoriser and `NodeRestriction` these read
the Secrets of pods on other nodes, or relabel nodes until the pods with the interesting Secrets are scheduled here.

## Instead

`--enable-admission-plugins=NodeRestriction` and `--authorization-mode=Node,RBAC` on every API server.

## References

- [Kubernetes: NodeRestriction](https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction)
- [Kubernetes: using Node authorization](https://kubernetes.io/docs/reference/access-authn-authz/node/)
- [CIS Kubernetes Benchmark 1.2.6, 1.2.7 and 1.2.14](https://www.cisecurity.org/benchmark/kubernetes)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.controlplane import Server
from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.posture.check import Check, Hit
from strongroom.posture.servers import hit_at, is_api_server, listed

_PLUGINS = "enable-admission-plugins"
_DISABLED = "disable-admission-plugins"
_MODE = "authorization-mode"
_NAME = "NodeRestriction"


def examine(server: Server, facts: Facts) -> Iterator[Hit]:
    """Yield a hit for each of the two guards that is missing."""
    if not is_api_server(server):
        return
    if _NAME in listed(server, _DISABLED):
        yield hit_at(server, f"turns {_NAME} off", _DISABLED)
    elif _NAME not in listed(server, _PLUGINS) and (server.whole or server.flag(_PLUGINS)):
        yield hit_at(server, f"leaves {_NAME} out of its admission plugins", _PLUGINS)
    modes = listed(server, _MODE)
    if "AlwaysAllow" in modes or (server.whole and not modes and not server.value("authorization-config")):
        yield hit_at(server, "allows every request of every user", _MODE, severity=Severity.CRITICAL)
    elif modes and "Node" not in modes:
        yield hit_at(server, "leaves the Node authoriser out, so that RBAC gives kubelets what they need", _MODE)


CHECK = Check(
    id="node-restriction-off",
    title="Kubelets may change more than their own node",
    practice=Practice.ACCESS,
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    standards=("CIS-1.2.14", "CIS-1.2.6", "CIS-1.2.7", "NSA-rbac", "OWASP-K02"),
    over=Server,
    examine=examine,
)

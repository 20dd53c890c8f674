"""A program of the control plane serves profiles of itself.

## What it finds

A kube-apiserver, kube-controller-manager or kube-scheduler without `--profiling=false`, whose default is on.

## Not a finding

etcd, whose `--enable-pprof` is off by default.

## Why it is bad

Under `/debug/pprof` whoever may ask for it is shown the command line of the program, what it works on, and traces of
every call. Taking profiles also costs processor time, as much as is asked for. Rules on URLs that say `*` or `/debug/*`
are enough to be let in; few people who hold them know it.

## Instead

Set the flag to `false`, and turn it on for as long as somebody looks for a fault.

## References

- [CIS Kubernetes Benchmark 1.2.15, 1.3.2 and 1.4.1](https://www.cisecurity.org/benchmark/kubernetes)
- [kube-apiserver: --profiling](https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.controlplane import Program, Server
from strongroom.model.facts import Facts
from strongroom.model.finding import Audience, Confidence, Practice, Severity
from strongroom.posture.check import Check, Hit
from strongroom.posture.servers import hit_at, is_off

_FLAG = "profiling"


def examine(server: Server, facts: Facts) -> Iterator[Hit]:
    """Yield a hit for a program that serves profiles."""
    if server.program is not Program.ETCD and not is_off(server.value(_FLAG)):
        how = "asks for" if server.flag(_FLAG) else f"has no {server.written(_FLAG)}=false for"
        yield hit_at(server, f"{how} {server.program.value}: it serves profiles", _FLAG, about=server.program.value)


CHECK = Check(
    id="profiling-on",
    title="Control plane serves profiles of itself",
    practice=Practice.ACCESS,
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    audience=Audience.PEDANTIC,
    standards=("CIS-1.2.15", "CIS-1.3.2", "CIS-1.4.1", "OWASP-K02"),
    over=Server,
    examine=examine,
)

"""ServiceAccount tokens live for a year instead of an hour.

## What it finds

A kube-apiserver without `--service-account-extend-token-expiration=false`.

## Why it is bad

With the default, the token that every pod is given is accepted for a year, though it is renewed each hour: the flag was
made for clients of 2020 that did not read it again. A token that leaks through a log or a dump works for that year, as
long as its pod lives.

## Instead

Set the flag to `false`. Before that, look whether anything still uses stale tokens: the API server counts them in
`serviceaccount_stale_tokens_total` and names them in the audit log (`authentication.k8s.io/stale-token`).

## References

- [CIS Kubernetes Benchmark 1.2.30](https://www.cisecurity.org/benchmark/kubernetes)
- [KEP-1205: bound ServiceAccount tokens](https://github.com/kubernetes/enhancements/tree/master/keps/sig-auth/1205-bound-service-account-tokens)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.controlplane import Server
from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.posture.check import Check, Hit
from strongroom.posture.servers import hit_at, is_api_server, is_off

_FLAG = "service-account-extend-token-expiration"


def examine(server: Server, facts: Facts) -> Iterator[Hit]:
    """Yield a hit for an API server that extends tokens."""
    if is_api_server(server) and not is_off(server.value(_FLAG)):
        how = "asks for it" if server.flag(_FLAG) else f"has no {server.written(_FLAG)}=false"
        yield hit_at(server, f"{how}: tokens of pods are accepted for a year", _FLAG)


CHECK = Check(
    id="service-account-tokens-extended",
    title="ServiceAccount tokens live for a year",
    practice=Practice.LIFECYCLE,
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    standards=("CIS-1.2.30", "NSA-service-account-tokens", "OWASP-K09"),
    over=Server,
    examine=examine,
)

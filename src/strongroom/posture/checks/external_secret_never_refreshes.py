"""An ExternalSecret is read once and never again.

## What it finds

ExternalSecrets and ClusterExternalSecrets (`external-secrets.io/v1` and `v1beta1`) with `refreshInterval: "0"`,
with `refreshPolicy: CreatedOnce` or `OnChange`, or with an immutable target.

## Not a finding

ExternalSecrets that take everything from a generator that makes a new value each time (`Password`, `UUID`,
`SSHKey`): refreshing them would change the password under its users, so reading once is right. A generator of
tokens with an end (`ECRAuthorizationToken`, `VaultDynamicSecret` and others) must be refreshed, and is a finding.

## Why it is bad

The value is rotated in the store, and the cluster keeps the old one. It is found out when the old one stops
working, and in the emergency the withdrawal of a leaked value does not reach the pods.

## Instead

Set `refreshPolicy: Periodic` with an interval that the store can bear, such as `1h`, and restart what reads the
Secret at its start.

## References

- [External Secrets Operator: refresh policy and interval](https://external-secrets.io/latest/api/externalsecret/)
- [External Secrets Operator: generators](https://external-secrets.io/latest/guides/generator/)
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.origin import FieldPath
from strongroom.model.resource import Resource, as_dict, as_list, as_text, dig
from strongroom.posture.check import Check, Hit, hit

_SPECS: dict[str, FieldPath] = {"ExternalSecret": ("spec",), "ClusterExternalSecret": ("spec", "externalSecretSpec")}
_NO_TIME = re.compile(r"[+-]?0|([+-]?0+(\.0*)?(ns|us|µs|ms|s|m|h))+")  # time.ParseDuration of Go, for zero
_NEW_EACH_TIME = frozenset({"Password", "UUID", "SSHKey", "ClusterGenerator"})
_POLICIES = {
    "CreatedOnce": "is read once, when the Secret is made",
    "OnChange": "is read again only when the ExternalSecret itself changes",
}


def examine(resource: Resource, facts: Facts) -> Iterator[Hit]:
    """Yield a hit for an ExternalSecret that does not follow its store."""
    path = _SPECS.get(resource.kind)
    if path is None or resource.group != "external-secrets.io":
        return
    spec = as_dict(dig(resource.body, path))
    if _makes_new_values(spec):
        return
    name = resource.id.show()
    policy, interval = as_text(spec.get("refreshPolicy")), spec.get("refreshInterval")
    if policy in _POLICIES:
        yield hit(
            resource, (*path, "refreshPolicy"), f"{name} has refreshPolicy {policy}: the store {_POLICIES[policy]}"
        )
    elif (interval == 0 and interval is not False) or (isinstance(interval, str) and _NO_TIME.fullmatch(interval)):
        yield hit(resource, (*path, "refreshInterval"), f"{name} has a refreshInterval of zero: the store is read once")
    elif dig(spec, ("target", "immutable")) is True:
        message = f"the target of {name} is immutable: what changes in the store never arrives"
        yield hit(resource, (*path, "target", "immutable"), message)


def _makes_new_values(spec: dict[str, object]) -> bool:
    sources = as_list(spec.get("dataFrom"))
    kinds = [as_text(dig(entry, ("sourceRef", "generatorRef", "kind"))) for entry in sources]
    return bool(kinds) and not as_list(spec.get("data")) and all(kind in _NEW_EACH_TIME for kind in kinds)


CHECK = Check(
    id="external-secret-never-refreshes",
    title="ExternalSecret that is read once and never again",
    practice=Practice.LIFECYCLE,
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    standards=("PCI-8.6.3", "OWASP-K03"),
    over=Resource,
    examine=examine,
)

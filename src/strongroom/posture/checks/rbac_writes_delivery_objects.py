"""A role writes objects that fetch secrets with an operator's rights.

## What it finds

Rules that allow `create`, `update` or `patch` on the objects with which operators are told to fetch, copy or decrypt
secrets: ExternalSecret, PushSecret, SecretStore and their cluster-wide kinds, generators, SecretProviderClass,
VaultStaticSecret and its relatives, SealedSecret, and the objects of Infisical, Doppler and 1Password.

## Not a finding

Status, finalizers and reading. The operators' own roles are reported with `--pedantic` only. `create` with
`resourceNames`, which allows nothing. Rules with `*` among their resources (`rbac-wildcard`).

## Why it is bad

The operator reads the external store with its own identity. Whoever may create an ExternalSecret chooses which path
it reads and where the value lands: the right to write this object is the right to read whatever the store gives the
operator, however narrow the rules on Secrets are. A store that anybody may change sends the operator's credentials to
a server of his choice.

## Instead

Give these kinds to the deployment pipeline only, limit the operator's identity per namespace with a SecretStore and a
service account of that namespace, and limit every ClusterSecretStore by `conditions`.

## References

- [External Secrets: multi tenancy](https://external-secrets.io/latest/guides/multi-tenancy/)
- [External Secrets: threat model](https://external-secrets.io/latest/guides/threat-model/)
- [Secrets Store CSI driver: concepts](https://secrets-store-csi-driver.sigs.k8s.io/concepts)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Audience, Confidence, Practice, Severity
from strongroom.model.rbac import WRITE_VERBS, Role, Rule
from strongroom.posture.check import Check, Hit
from strongroom.posture.grants import grant_of, judged, own_rules, words

DELIVERY: dict[str, tuple[str, ...]] = {
    "external-secrets.io": (
        "clusterexternalsecrets",
        "clustersecretstores",
        "clusterpushsecrets",
        "externalsecrets",
        "secretstores",
        "pushsecrets",
    ),
    "generators.external-secrets.io": ("clustergenerators", "vaultdynamicsecrets", "webhooks"),
    "bitnami.com": ("sealedsecrets",),
    "secrets-store.csi.x-k8s.io": ("secretproviderclasses",),
    "secrets.hashicorp.com": (
        "vaultstaticsecrets",
        "vaultdynamicsecrets",
        "vaultpkisecrets",
        "vaultauths",
        "vaultconnections",
        "hcpvaultsecretsapps",
    ),
    "secrets.infisical.com": (
        "infisicalsecrets",
        "infisicalstaticsecrets",
        "infisicaldynamicsecrets",
        "infisicalpushsecrets",
    ),
    "secrets.doppler.com": ("dopplersecrets",),
    "onepassword.com": ("onepassworditems",),
}
"""API groups and resources of the objects that make an operator fetch or copy a secret, the widest first."""


def examine(role: Role, facts: Facts) -> Iterator[Hit]:
    """Yield one hit for each rule that writes such objects."""
    for rule in own_rules(role):
        written = _written(rule)
        verbs = [verb for verb in (WRITE_VERBS[1:] if rule.names else WRITE_VERBS) if rule.has_verb(verb)]
        if not written or not verbs:
            continue
        says = f"may {words(verbs)} {words(written[:3])}, which reads the store with the operator's rights,"
        severity = Severity.LOW if written == ["sealedsecrets"] else Severity.MEDIUM
        yield judged(
            role, rule, written[0], facts, says, wide=severity, narrow=severity, audience=_audience(role, facts)
        )


def _audience(role: Role, facts: Facts) -> Audience | None:
    """Speak of an operator's own role to the pedantic only, unless it is aggregated into what others hold."""
    grant = grant_of(role, facts)
    return Audience.PEDANTIC if grant.operator and not grant.into else None


def _written(rule: Rule) -> list[str]:
    return [resource for group, kinds in DELIVERY.items() for resource in kinds if rule.has_resource(group, resource)]


CHECK = Check(
    id="rbac-writes-delivery-objects",
    title="Role writes objects that fetch secrets with an operator's rights",
    practice=Practice.ACCESS,
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    standards=("CIS-5.1.2", "NSA-rbac", "OWASP-K02", "PCI-7.2.5"),
    over=Role,
    examine=examine,
)

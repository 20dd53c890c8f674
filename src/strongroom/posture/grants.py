"""What the access checks share: who holds a role and how far, and how a case is judged by it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from strongroom.model.facts import Facts
from strongroom.model.finding import Audience, Confidence, Related, Severity
from strongroom.model.origin import FieldPath
from strongroom.model.rbac import READ_VERBS, Role, Rule, Subject
from strongroom.model.resource import Resource
from strongroom.posture.check import Hit, hit

RBAC = "rbac.authorization.k8s.io"
BOOTSTRAPPING = "kubernetes.io/bootstrapping"
AGGREGATE_TO = "rbac.authorization.k8s.io/aggregate-to-"
SYSTEM_NAMESPACES = frozenset({"kube-system", "kube-public", "kube-node-lease"})
BUILT_IN_NAMES = frozenset({"cluster-admin", "admin", "edit", "view"})

SERVICE_ACCOUNTS = "system:serviceaccounts:"
ANSWERING = ("patch", "delete", "deletecollection")
"""Verbs that are no reads and whose answers hold the object, or the list of them; ``dryRun=All`` changes nothing.

https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run; ``resourceNames`` cannot limit the last one.
"""

EVERYONE = {
    "system:authenticated": "every user and every pod",
    "system:serviceaccounts": "every pod",
    "system:unauthenticated": "everyone who reaches the API server",
    "system:anonymous": "everyone who reaches the API server",
}
"""Subjects that stand for everyone, and who they are."""

# Programs whose business is other people's secrets or objects: their own installation manifests give them what the
# access checks report. That is true and worth knowing, but no mistake of the person who installs them.
OPERATORS: tuple[tuple[str, str], ...] = (
    ("external-secrets", "External Secrets"),
    ("sealed-secrets", "Sealed Secrets"),
    ("secrets-store-csi", "the Secrets Store CSI driver"),
    ("csi-secrets-store", "the Secrets Store CSI driver"),
    ("vault-secrets-operator", "the Vault Secrets Operator"),
    ("vault-agent-injector", "the Vault agent injector"),
    ("vault-secrets-webhook", "Bank-Vaults"),
    ("cert-manager", "cert-manager"),
    ("trust-manager", "trust-manager"),
    ("argocd", "Argo CD"),
    ("argo-cd", "Argo CD"),
    ("kustomize-controller", "Flux"),
    ("helm-controller", "Flux"),
    ("source-controller", "Flux"),
    ("source-watcher", "Flux"),
    ("notification-controller", "Flux"),
    ("image-reflector-controller", "Flux"),
    ("image-automation-controller", "Flux"),
    ("crossplane", "Crossplane"),
    ("istio", "Istio"),
    ("knative", "Knative"),
    ("kourier", "Knative"),
    ("contour", "Contour"),
    ("ingress-nginx", "ingress-nginx"),
    ("traefik", "Traefik"),
    ("gatekeeper", "Gatekeeper"),
    ("kyverno", "Kyverno"),
    ("rook-ceph", "Rook"),
    ("ceph-csi", "the Ceph CSI drivers"),
    ("strimzi", "Strimzi"),
    ("cnpg", "CloudNativePG"),
    ("cloudnative-pg", "CloudNativePG"),
    ("prometheus-operator", "the Prometheus operator"),
    ("stakater-reloader", "Reloader"),
    ("reloader", "Reloader"),
    ("reflector", "Reflector"),
    ("velero", "Velero"),
    ("infisical", "Infisical"),
    ("doppler", "Doppler"),
    ("strongroom", "Strongroom"),
)


class Grant(msgspec.Struct, frozen=True):
    """Who holds a role, and how far it reaches for them.

    Attributes:
        wide: True where a ClusterRoleBinding gives it, in every namespace.
        bound: True where any binding gives it.
        into: the built-in ClusterRoles that it is aggregated into: ``edit``.
        holders: the subjects, those of cluster-wide bindings first.
        namespaces: where RoleBindings give it; an empty name where the manifest names none.
        operator: the program that it belongs to, where that is a known operator.
    """

    wide: bool
    bound: bool
    into: tuple[str, ...]
    holders: tuple[Subject, ...]
    namespaces: tuple[str, ...]
    operator: str

    @property
    def where(self) -> str:
        """Where it reaches, for people: ``in every namespace``, ``in namespace shop``."""
        if self.wide:
            return "in every namespace"
        named = [name for name in self.namespaces if name]
        if len(named) == 1 and len(self.namespaces) == 1:
            return f"in namespace {named[0]}"
        if named:
            return "in namespaces " + ", ".join(named[:3]) + (" and others" if len(self.namespaces) > 3 else "")
        return "in its namespace" if self.bound else "wherever it is bound"

    @property
    def holder(self) -> str:
        """Who holds it, for people."""
        if self.into:
            return "aggregated into " + words(self.into)
        if self.operator:
            return f"it is what {self.operator} is installed with"
        if self.holders:
            others = len(self.holders) - 1
            more = f" and {others} more" if others else ""
            return f"held by {self.holders[0].show()}{more}"
        return "no subject holds it" if self.bound else "no binding in these sources"


def built_in(resource: Resource) -> bool:
    """Tell whether Kubernetes or kubeadm itself makes this RBAC object."""
    return resource.name.startswith(("system:", "kubeadm:")) or resource.labels.get(BOOTSTRAPPING) == "rbac-defaults"


def grant_of(role: Role, facts: Facts) -> Grant:
    """Return who holds a role in these sources."""
    bindings = sorted(facts.bindings_to(role), key=lambda binding: not binding.cluster)
    holders = dict.fromkeys(subject for binding in bindings for _, subject in binding.subjects)
    labels = role.resource.labels
    into = tuple(name for name in ("admin", "edit", "view") if labels.get(AGGREGATE_TO + name) == "true")
    here = [role.resource.namespace] if not role.cluster else []
    return Grant(
        wide=any(binding.cluster for binding in bindings),
        bound=bool(bindings),
        into=into,
        holders=tuple(holders),
        namespaces=tuple(sorted({b.resource.namespace for b in bindings if not b.cluster} or set(here))),
        operator=operator_of(role.resource, *holders),
    )


def reaches_the_cluster(role: Role, facts: Facts) -> bool:
    """Tell whether a role is given in every namespace, and so for objects without one; a mere definition may be."""
    grant = grant_of(role, facts)
    return role.cluster and (grant.wide or not grant.bound)


def stays_in_namespaces(role: Role, facts: Facts) -> bool:
    """Tell whether a role is given in single namespaces only."""
    grant = grant_of(role, facts)
    return not grant.wide and (grant.bound or not role.cluster)


def operator_of(resource: Resource, *subjects: Subject) -> str:
    """Return the known operator that an RBAC object, by its name or label, or every one of its subjects belongs to."""
    accounts = [subject.name for subject in subjects if subject.kind == "ServiceAccount"]
    if not accounts and subjects:
        return ""  # people and groups are no operator, whatever the role is called
    for name in (resource.name, resource.labels.get("app.kubernetes.io/name", "")):
        title = operator_named(name)
        if title:
            return title
    titles = [operator_named(name) for name in accounts]
    return titles[0] if titles and all(titles) else ""


def operator_named(name: str) -> str:
    """Return the known operator that a name speaks of; empty where there is none."""
    return next((title for fragment, title in OPERATORS if fragment in name), "")


def looks_like_controller(role: Role) -> bool:
    """Tell whether a role is a controller's: it updates the status or finalizers of something, or holds leases."""
    return any(
        resource.endswith(("/status", "/finalizers")) or resource == "leases"
        for rule in role.rules
        for resource in rule.resources
    )


def judged(
    role: Role,
    rule: Rule,
    resource: str,
    facts: Facts,
    says: str,
    *,
    wide: Severity,
    narrow: Severity,
    namespaced: bool = True,
    audience: Audience | None = None,
    related: tuple[Related, ...] = (),
) -> Hit:
    """Make the hit for a rule at the entry for a resource, judged by who holds the role.

    ``wide`` is the severity where the role is given in every namespace, ``narrow`` where it is given in some. A known
    operator's is at most medium. A ClusterRole that nothing binds is only a definition: at most medium, with low
    confidence. What is low speaks to the pedantic. ``namespaced`` says whether where the role reaches tells anything.
    """
    grant = grant_of(role, facts)
    severity = wide if grant.wide else narrow
    confidence = Confidence.HIGH
    if not grant.bound and not grant.into:
        confidence = Confidence.LOW if role.cluster else Confidence.MEDIUM
        if role.cluster and wide >= Severity.HIGH:
            severity = Severity.MEDIUM
    if grant.operator:
        severity = min(severity, Severity.MEDIUM)
    where = f" {grant.where}" if namespaced else ""
    message = f"{role.resource.id.show()} {says}{where}; {grant.holder}"
    if severity <= Severity.LOW:
        audience = Audience.PEDANTIC
    return hit(
        role.resource,
        entry(rule, resource),
        message,
        severity=severity,
        confidence=confidence,
        audience=audience,
        related=related,
    )


def entry(rule: Rule, resource: str) -> FieldPath:
    """Return the field of the entry of a rule's ``resources`` that covers a resource, else of the rule."""
    _, slash, sub = resource.partition("/")
    for name in (resource, f"*/{sub}" if slash else "", "*"):
        if name and name in rule.resources:
            return (*rule.field, "resources", rule.resources.index(name))
    return rule.field


def own_rules(role: Role) -> Iterator[Rule]:
    """Yield the rules that a person wrote into a role: none of a built-in or an aggregated one.

    The rules of an aggregated ClusterRole are reported where they are written. Rules with ``*`` among their resources
    are left out too: they are the subject of ``rbac-wildcard``, which says what they cover.
    """
    if not role.aggregates and not built_in(role.resource):
        yield from (rule for rule in role.rules if "*" not in rule.resources)


def narrow_for_secrets(role: Role, facts: Facts) -> Severity:
    """Return how bad it is to read every Secret of a namespace: worst for a program that is no controller."""
    programs = any(subject.kind == "ServiceAccount" for subject in grant_of(role, facts).holders)
    return Severity.HIGH if programs and not looks_like_controller(role) else Severity.MEDIUM


def words(items: Sequence[str]) -> str:
    """Join words as a sentence does: ``get, list and watch``."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def reads_secrets(rule: Rule) -> tuple[str, ...]:
    """Return the verbs with which a rule reads any Secret: none where ``resourceNames`` restrict it."""
    if rule.names or not rule.has_resource("", "secrets"):
        return ()
    return tuple(verb for verb in READ_VERBS if rule.has_verb(verb))


def secrets_in_answers(rule: Rule) -> tuple[str, ...]:
    """Return the verbs whose answers hold any Secret, of a rule without a verb that reads: see `ANSWERING`."""
    if reads_secrets(rule) or not rule.has_resource("", "secrets"):
        return ()
    limited = ("deletecollection",) if rule.names else ANSWERING
    return tuple(verb for verb in limited if rule.has_verb(verb))

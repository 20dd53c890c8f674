"""How the findings of related checks are settled by one deed: the words of "what to do first"."""

from __future__ import annotations

from typing import NamedTuple

from strongroom.model.leak import PENDING, PREFIX


class Remedy(NamedTuple):
    """One deed.

    Attributes:
        checks: the ids of the checks that it answers.
        text: the deed; ``{n}`` is the number with its noun, ``{kinds}`` the plural of the objects' kind.
        one, many: the noun, and what depends on its number.
        by_value: True to count secret values instead of objects: a credential in three places is rotated once.
    """

    checks: tuple[str, ...]
    text: str
    one: str
    many: str
    by_value: bool = False


# In the order in which a responder works: what has leaked, then who could take more, then what lets it happen again.
REMEDIES = (
    Remedy(
        (
            "secret-in-configmap",
            "secret-in-env-literal",
            "secret-in-command",
            "secret-in-metadata",
            "secret-in-custom-resource",
        ),
        "rotate and move {n} out of {kinds}",
        "credential",
        "credentials",
        by_value=True,
    ),
    Remedy(
        ("credential-file", "secret-in-helm-values", "secret-in-pipeline", "secret-in-image-build"),
        "rotate and take {n} out of the repository",
        "credential",
        "credentials",
        by_value=True,
    ),
    Remedy(
        ("plain-secret-manifest", "partly-encrypted-file"),
        "encrypt or externalise {n}, and rotate what stood there",
        "Secret manifest",
        "Secret manifests",
    ),
    Remedy((PENDING,), "take {n} out of what is about to be committed", "credential", "credentials", by_value=True),
    Remedy((PREFIX,), "rotate {n} that leaked", "credential", "credentials", by_value=True),
    Remedy(("weak-secret-value",), "generate {n} anew", "weak value", "weak values", by_value=True),
    Remedy(
        ("rbac-binds-everyone", "rbac-cluster-admin", "rbac-wildcard", "rbac-escalates"),
        "narrow {n} that can become cluster administrator",
        "role or binding",
        "roles and bindings",
    ),
    Remedy(
        (
            "rbac-reads-all-secrets",
            "rbac-gets-any-secret",
            "rbac-lists-secrets",
            "rbac-cluster-wide-where-namespaced-would-do",
        ),
        "narrow {n} to the Secrets needed, by name",
        "role",
        "roles",
    ),
    Remedy(
        (
            "rbac-node-proxy",
            "rbac-runs-in-pods",
            "rbac-mints-tokens",
            "rbac-changes-webhooks",
            "rbac-approves-certificates",
            "rbac-writes-delivery-objects",
            "reach-through-pods",
            "reach-through-identity",
            "reach-through-roles",
            "reach-through-operator",
            "reach-through-cluster",
        ),
        "close detours to Secrets in {n}",
        "role",
        "roles",
    ),
    Remedy(("secret-widely-reachable",), "let fewer identities reach {n}", "widely reachable Secret", "such Secrets"),
    Remedy(("repeated-secret-value",), "split {n} used in several places", "value", "values", by_value=True),
    Remedy(
        ("anonymous-access", "static-token-file", "node-restriction-off"),
        "close {n} to whoever has no identity of their own",
        "control-plane entrance",
        "control-plane entrances",
    ),
    Remedy(("at-rest-not-configured",), "turn on encryption at rest in {n}", "API server", "API servers"),
    Remedy(
        (
            "at-rest-identity-first",
            "at-rest-key-in-plain-file",
            "at-rest-key-too-old",
            "at-rest-kms-v1",
            "at-rest-leaves-out-secrets",
            "at-rest-plaintext-in-etcd",
            "at-rest-weak-cipher",
        ),
        "set encryption at rest right in {n}",
        "place",
        "places",
    ),
    Remedy(
        ("audit-log-off", "audit-logs-secret-bodies", "audit-misses-secret-reads"),
        "log who reads Secrets, and never what is in them, in {n}",
        "audit configuration",
        "audit configurations",
    ),
    Remedy(
        ("etcd-without-tls", "etcd-shares-ca", "file-permissions-too-open"),
        "shut {n} around etcd and its keys",
        "gap",
        "gaps",
    ),
    Remedy(("stale-pod-secret",), "restart {n} that still run on an older Secret", "workload", "workloads"),
    Remedy(
        ("drift-secret-changed", "drift-secret-not-in-repository", "drift-secret-not-live"),
        "bring {n} in Git and in the cluster together",
        "Secret",
        "Secrets",
    ),
    Remedy(
        ("host-path-to-credentials", "host-access-with-secrets"),
        "keep {n} away from the node's credentials",
        "workload",
        "workloads",
    ),
    Remedy(
        ("store-open-to-all-namespaces", "store-with-static-credentials"),
        "narrow {n} to chosen namespaces and workload identities",
        "secret store",
        "secret stores",
    ),
    Remedy(
        ("dangling-secret-reference",),
        "define the missing Secrets that {n}, or drop the references",
        "object names",
        "objects name",
    ),
    Remedy(
        ("legacy-token-secret", "token-expired"),
        "replace {n} by short-lived ones",
        "long-lived token",
        "long-lived tokens",
    ),
    Remedy(("certificate-expiring", "certificate-weak"), "renew {n}", "certificate", "certificates"),
    Remedy(("secret-too-old", "secret-never-rotated"), "rotate {n}", "overdue Secret", "overdue Secrets"),
    Remedy(
        ("secret-in-env", "whole-secret-in-env", "secret-by-subpath", "secret-volume-world-readable"),
        "mount secrets as private files in {n}",
        "workload",
        "workloads",
    ),
    Remedy(
        ("default-service-account", "shared-service-account"),
        "give {n}",
        "workload its own service account",
        "workloads their own service accounts",
    ),
    Remedy(
        ("namespace-without-network-policy", "namespace-without-pod-security"),
        "isolate {n} with network policies and Pod Security",
        "namespace",
        "namespaces",
    ),
    Remedy(("external-secret-never-refreshes",), "give {n} a refresh interval", "ExternalSecret", "ExternalSecrets"),
)
REMEDY_OF = {check: remedy for remedy in REMEDIES for check in remedy.checks}
"""The remedy of each check that has one; the others are answered by their own page."""

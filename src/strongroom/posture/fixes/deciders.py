"""Who decides on a finding that no edit of a manifest settles, and what there is to decide."""

from __future__ import annotations

from strongroom.model.finding import Finding, Practice

DEVELOPERS = "whoever develops the program"
PLATFORM = "whoever runs the cluster"
OWNER = "whoever owns the credential"
ACCESS = "whoever answers for access"

_DECISIONS: dict[str, tuple[str, str]] = {
    "anonymous-access": (PLATFORM, "the API server is told so by a flag of its own"),
    "at-rest-not-configured": (PLATFORM, "encryption at rest is set up on the control plane"),
    "audit-log-off": (PLATFORM, "the API server needs an audit policy"),
    "certificate-expiring": (OWNER, "the certificate has to be issued anew"),
    "certificate-weak": (OWNER, "the certificate has to be issued anew with a stronger key"),
    "credential-file": (OWNER, "the file does not belong in the repository: take it out, and rotate what it holds"),
    "dangling-secret-reference": (DEVELOPERS, "define the Secret, or drop the reference"),
    "host-access-with-secrets": (PLATFORM, "take the access to the node or the Secret away"),
    "host-path-to-credentials": (PLATFORM, "decide whether the program needs that folder of the node"),
    "legacy-token-secret": (ACCESS, "give its user a short-lived token, then delete it"),
    "old-kubernetes-version": (PLATFORM, "upgrade the cluster"),
    "partly-encrypted-file": (OWNER, "encrypt the file again, and rotate what stood there in plain text"),
    "plain-secret-manifest": (OWNER, "encrypt the manifest or keep the value in a store, and rotate it"),
    "profiling-on": (PLATFORM, "the program is told so by a flag of its own"),
    "pull-secret-on-default-account": (PLATFORM, "give the pull secret to the accounts that need it"),
    "rbac-binds-everyone": (ACCESS, "decide who is meant instead of everybody"),
    "rbac-cluster-admin": (ACCESS, "decide what the holder needs"),
    "repeated-secret-value": (OWNER, "give each place a value of its own, or one Secret to all"),
    "secret-in-custom-resource": (DEVELOPERS, "its operator has a field that names a Secret instead"),
    "secret-in-default-namespace": (OWNER, "move it to the namespace of what uses it"),
    "secret-in-env": (DEVELOPERS, "the program has to read the value from a file"),
    "secret-in-helm-values": (DEVELOPERS, "the chart has to take the name of a Secret instead of the value"),
    "secret-in-image-build": (DEVELOPERS, "build with a secret mount, and rotate the value"),
    "secret-in-pipeline": (DEVELOPERS, "keep the value in the pipeline's own store, and rotate it"),
    "secret-never-rotated": (OWNER, "rotate it"),
    "secret-too-old": (OWNER, "rotate it"),
    "secret-widely-reachable": (ACCESS, "narrow the ways that the finding names"),
    "service-account-tokens-extended": (PLATFORM, "the API server is told so by a flag of its own"),
    "shared-service-account": (ACCESS, "decide which of the rights each program needs"),
    "store-with-static-credentials": (PLATFORM, "let the store trust the identity of the workload"),
    "token-expired": (OWNER, "replace it, or delete it"),
    "unused-secret": (OWNER, "delete it if nothing else uses it"),
    "weak-secret-value": (OWNER, "generate it anew"),
}
_BY_PRACTICE = {
    Practice.PLAINTEXT: (OWNER, "take the value out, and rotate it"),
    Practice.EXPOSURE: (DEVELOPERS, "change how the workload is given the Secret"),
    Practice.ACCESS: (ACCESS, "decide what the holders need"),
    Practice.AT_REST: (PLATFORM, "change the configuration of the control plane"),
    Practice.ISOLATION: (PLATFORM, "decide who may come near"),
    Practice.LIFECYCLE: (OWNER, "renew or rotate it"),
}


def decider(finding: Finding) -> tuple[str, str]:
    """Return who decides, and what there is to decide."""
    return _DECISIONS.get(finding.id) or _BY_PRACTICE[finding.practice]


DECIDED = frozenset(_DECISIONS)
"""The checks that have a decision of their own."""

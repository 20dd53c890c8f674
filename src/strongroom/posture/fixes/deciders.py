"""Who decides on a finding that no edit of a manifest settles, and what there is to decide."""

from __future__ import annotations

from strongroom.model.finding import Finding, Practice

_DEVELOPERS = "whoever develops the program"
_PLATFORM = "whoever runs the cluster"
_OWNER = "whoever owns the credential"
_ACCESS = "whoever answers for access"

_DECISIONS: dict[str, tuple[str, str]] = {
    "anonymous-access": (_PLATFORM, "the API server is told so by a flag of its own"),
    "at-rest-not-configured": (_PLATFORM, "encryption at rest is set up on the control plane"),
    "audit-log-off": (_PLATFORM, "the API server needs an audit policy"),
    "certificate-expiring": (_OWNER, "the certificate has to be issued anew"),
    "certificate-weak": (_OWNER, "the certificate has to be issued anew with a stronger key"),
    "credential-file": (_OWNER, "the file does not belong in the repository: take it out, and rotate what it holds"),
    "dangling-secret-reference": (_DEVELOPERS, "define the Secret, or drop the reference"),
    "host-access-with-secrets": (_PLATFORM, "take the access to the node or the Secret away"),
    "host-path-to-credentials": (_PLATFORM, "decide whether the program needs that folder of the node"),
    "legacy-token-secret": (_ACCESS, "give its user a short-lived token, then delete it"),
    "old-kubernetes-version": (_PLATFORM, "upgrade the cluster"),
    "partly-encrypted-file": (_OWNER, "encrypt the file again, and rotate what stood there in plain text"),
    "plain-secret-manifest": (_OWNER, "encrypt the manifest or keep the value in a store, and rotate it"),
    "pull-secret-on-default-account": (_PLATFORM, "give the pull secret to the accounts that need it"),
    "rbac-binds-everyone": (_ACCESS, "decide who is meant instead of everybody"),
    "rbac-cluster-admin": (_ACCESS, "decide what the holder needs"),
    "repeated-secret-value": (_OWNER, "give each place a value of its own, or one Secret to all"),
    "secret-in-custom-resource": (_DEVELOPERS, "its operator has a field that names a Secret instead"),
    "secret-in-default-namespace": (_OWNER, "move it to the namespace of what uses it"),
    "secret-in-env": (_DEVELOPERS, "the program has to read the value from a file"),
    "secret-in-helm-values": (_DEVELOPERS, "the chart has to take the name of a Secret instead of the value"),
    "secret-in-image-build": (_DEVELOPERS, "build with a secret mount, and rotate the value"),
    "secret-in-pipeline": (_DEVELOPERS, "keep the value in the pipeline's own store, and rotate it"),
    "secret-never-rotated": (_OWNER, "rotate it"),
    "secret-too-old": (_OWNER, "rotate it"),
    "secret-widely-reachable": (_ACCESS, "narrow the ways that the finding names"),
    "service-account-tokens-extended": (_PLATFORM, "the API server is told so by a flag of its own"),
    "shared-service-account": (_ACCESS, "decide which of the rights each program needs"),
    "store-with-static-credentials": (_PLATFORM, "let the store trust the identity of the workload"),
    "token-expired": (_OWNER, "replace it, or delete it"),
    "unused-secret": (_OWNER, "delete it if nothing else uses it"),
    "weak-secret-value": (_OWNER, "generate it anew"),
}
_BY_PRACTICE = {
    Practice.PLAINTEXT: (_OWNER, "take the value out, and rotate it"),
    Practice.EXPOSURE: (_DEVELOPERS, "change how the workload is given the Secret"),
    Practice.ACCESS: (_ACCESS, "decide what the holders need"),
    Practice.AT_REST: (_PLATFORM, "change the configuration of the control plane"),
    Practice.ISOLATION: (_PLATFORM, "decide who may come near"),
    Practice.LIFECYCLE: (_OWNER, "renew or rotate it"),
}


def decider(finding: Finding) -> tuple[str, str]:
    """Return who decides, and what there is to decide."""
    return _DECISIONS.get(finding.id) or _BY_PRACTICE[finding.practice]


DECIDED = frozenset(_DECISIONS)
"""The checks that have a decision of their own."""

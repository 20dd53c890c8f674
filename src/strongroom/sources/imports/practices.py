"""Which habit a rule of another tool speaks against, by what the rule says of itself.

Tools number the same control differently, and anew with each edition of a benchmark; its title hardly changes. Titles:
CIS Kubernetes Benchmark 1.5 to 1.12 (kube-bench ``cfg/``, Trivy's KCV checks), Trivy's KSV checks
(github.com/aquasecurity/trivy-checks ``checks/kubernetes``), kubescape's controls (kubescape.io/docs/controls).
"""

from __future__ import annotations

import re

from strongroom.model.finding import Practice

_WORDS: dict[Practice, tuple[str, ...]] = {
    Practice.AT_REST: (
        r"encrypt|\bkms\b",
        r"\betcd\b.*(cert|\btls\b|\bca\b|auth)",
        r"--(peer|auto-tls|client-cert-auth)",
    ),
    Practice.LIFECYCLE: (
        r"rotat|expir|outdated|deprecated",
        r"token-auth-file|static token|service-account-(extend|lookup)",
    ),
    Practice.ISOLATION: (
        r"network ?polic|network segment|ingress and egress|namespace|sandbox",
        r"host ?(network|pid|ipc|ports?|process|aliases)",
        r"privilege[ds]?\b|privilege escalation|capabilit|\broot\b|sysctl|\bproc\b",
        r"seccomp|selinux|apparmor|security ?context|pod security|immutable container|linux hardening",
    ),
    Practice.PLAINTEXT: (
        r"configmaps? with (secret|sensitive)",
        r"(credential|secret|password|key)s? in (config|plain|clear|source|image)",
        r"hard-?coded|plain ?text|sensitive (data|content|information) in",
    ),
    Practice.EXPOSURE: (
        r"permissions (are|is|of)|ownership|host ?path|volume",
        r"service ?account token|automatic mapping of service account|automount|service principal",
        r"secrets as (files|env)|environment variables?",
    ),
    Practice.ACCESS: (
        r"anonymous|authori[sz]|authenti|audit|rbac|\broles?\b|cluster-?admin|\bbind|impersonat|wildcard",
        r"exec into|admission|kubelet|profiling|webhook|\bmanage\b|\baccess|service accounts?\b",
        r"list kubernetes secrets",
    ),
}
"""In the order in which they count."""

_RULES = {practice: re.compile("|".join(words), re.IGNORECASE) for practice, words in _WORDS.items()}


def practice_of(title: str, otherwise: Practice = Practice.EXPOSURE) -> Practice:
    """Return the practice that the first fitting word of a title tells, else the other one."""
    return next((practice for practice, words in _RULES.items() if words.search(title)), otherwise)

"""An answer about access of a cluster with many namespaces, accounts and Secrets."""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.access import INCLUDES, MEMBER, Evidence, Node, Power, Step, power
from strongroom.model.access_report import AccessReport, Exposure, WayPage
from strongroom.model.resource import ResourceId
from strongroom.model.secret import SecretRef

EVERYBODY = Node("Group", "", "system:serviceaccounts")


def build(namespaces: int, *, accounts: int = 100, secrets: int = 25) -> AccessReport:
    """Return who reaches which Secret where every account reads its namespace's, and all of them everybody's."""
    steps = tuple(step for index in range(namespaces) for step in _namespace(f"team-{index}", accounts, secrets))
    exposures = tuple(
        Exposure(SecretRef(f"team-{index}", f"secret-{number}"), groups=1, accounts=accounts * namespaces)
        for index in range(namespaces)
        for number in range(secrets)
    )
    return AccessReport(
        tool="strongroom 0.0",
        question="exposure",
        about="",
        sources=("large",),
        created="2026-11-01T00:00:00+00:00",
        exposures=exposures,
        graph=steps,
        ways={"secrets-get": WayPage("secrets-get", "reads the Secret", ("T1552.007",), "It is read.")},
        secrets=namespaces * secrets,
    )


def _namespace(name: str, accounts: int, secrets: int) -> Iterator[Step]:
    reads = power(Power.READ_SECRETS, name)
    for number in range(secrets):
        yield Step(reads, Node("Secret", name, f"secret-{number}"), INCLUDES)
    for number in range(accounts):
        account = Node("ServiceAccount", name, f"account-{number}")
        binding = ResourceId("rbac.authorization.k8s.io", "RoleBinding", name, f"binding-{number}")
        yield Step(account, reads, "secrets-get", (Evidence("binding", binding), Evidence("role", note="get secrets")))
        yield Step(account, EVERYBODY, MEMBER)
    yield Step(EVERYBODY, reads, "secrets-list", condition="if admission fails")

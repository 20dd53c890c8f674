"""What the checks of service accounts have in common: what an account may do, and whether its token is mounted."""

from __future__ import annotations

from strongroom.model.facts import Facts
from strongroom.model.rbac import READ_VERBS, Binding
from strongroom.model.workload import Workload

_READS_SECRETS = frozenset({"cluster-admin", "admin", "edit"})


class Accounts:
    """The bindings of the sources by ServiceAccount."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._by_name: dict[str, dict[str, list[Binding]]] = {}
        for binding in facts.bindings:
            for _, subject in binding.subjects:
                if subject.kind == "ServiceAccount":
                    named = self._by_name.setdefault(subject.name, {})
                    named.setdefault(subject.namespace, []).append(binding)

    def bindings(self, namespace: str, name: str) -> list[Binding]:
        """Return the bindings that name an account; a namespace that a manifest leaves open may be any."""
        named = self._by_name.get(name, {})
        if not namespace:
            return [binding for bindings in named.values() for binding in bindings]
        return [*named.get(namespace, ()), *named.get("", ())]

    def reads_secrets(self, namespace: str, name: str) -> bool:
        """Tell whether a binding lets an account read Secrets through the API."""
        return any(reads_secrets(binding) for binding in self.bindings(namespace, name))

    def automounts(self, workload: Workload) -> bool:
        """Tell whether the token of its account is mounted into the pods: the pod's word counts before the account's.

        https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/
        """
        own = workload.spec.get("automountServiceAccountToken")
        if isinstance(own, bool):
            return own
        account = self._facts.find("ServiceAccount", workload.namespace, workload.service_account)
        return account is None or account.body.get("automountServiceAccountToken") is not False


def creates_secrets(binding: Binding) -> bool:
    """Tell whether what a binding gives includes making Secrets."""
    return binding.role is not None and any(
        rule.has_verb("create") and rule.has_resource("", "secrets") for rule in binding.role.rules
    )


def reads_secrets(binding: Binding) -> bool:
    """Tell whether what a binding gives includes reading Secrets, by name or all."""
    if binding.role is None:
        return binding.role_kind == "ClusterRole" and binding.role_name in _READS_SECRETS
    return any(rule.has_verb(*READ_VERBS) and rule.has_resource("", "secrets") for rule in binding.role.rules)

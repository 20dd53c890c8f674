"""The rule that is left of one that reads any Secret."""

from __future__ import annotations

import enum
from collections.abc import Sequence

from strongroom.access import rbac_defaults
from strongroom.access.world import World
from strongroom.model.minimise import RuleBody
from strongroom.model.rbac import Role, Rule
from strongroom.model.resource import as_text, dig

READING = ("get", "list", "watch", "patch", "delete", "deletecollection")
"""Verbs whose answers hold the values of Secrets."""

_WRITING = ("create", "update", "patch", "delete", "deletecollection")
_ALSO_READING = ("patch", "delete", "deletecollection")
_STATUS = ("/status", "/finalizers")


class Secretly(enum.Enum):
    """What a rule gives of Secrets."""

    NOTHING = "nothing"
    NAMED = "some, by their names"
    ANY = "any"


def secretly(rule: Rule) -> Secretly:
    """Tell what a rule gives of Secrets."""
    if not rule.has_resource("", "secrets") or not rule.has_verb(*READING):
        return Secretly.NOTHING
    return Secretly.NAMED if rule.names else Secretly.ANY


def reads_secrets(rule: Rule) -> bool:
    """Tell whether a rule gives any Secret."""
    return secretly(rule) is not Secretly.NOTHING


def looks_like_controller(role: Role) -> bool:
    """Tell whether a role is a controller's: of status, finalizers, leases, or of types that Kubernetes has not."""
    own = {entry.group for entry in rbac_defaults.types()}
    return any(
        resource.endswith(_STATUS) or resource == "leases" or (group not in own and group != "*")
        for rule in role.rules
        for resource in rule.resources
        for group in rule.groups
    )


def smaller_rules(
    role: Role, rule: Rule, names: Sequence[str], world: World
) -> tuple[tuple[RuleBody, ...], list[str], list[str]]:
    """Return what a rule becomes, what that changes, and what the sources cannot tell.

    Args:
        role: that has it.
        rule: gives any Secret.
        names: of the Secrets that have to be read, where the role is given.
        world: what types there are.
    """
    body = dict(dig(role.resource.body, rule.field) or {})
    rest, does = _rest(rule, body, world)
    kept = [verb for verb in rule.verbs if verb in _WRITING]
    unsure = []
    if kept:
        also = [verb for verb in kept if verb in _ALSO_READING]
        text = f"which Secrets it may {_words(kept, 'or')} is not in the sources: that is left"
        unsure.append(text + (f", and {_words(also, 'and')} read{'' if also[1:] else 's'} too" if also else ""))
    elif "*" in rule.verbs:
        unsure.append("whether it writes Secrets is not in the sources: every verb becomes get")
    secrets = _of_secrets(rule, body, kept, names)
    return (*rest, *secrets), does, unsure


def _of_secrets(rule: Rule, body: RuleBody, kept: Sequence[str], names: Sequence[str]) -> list[RuleBody]:
    head = body if rule.resources == ("secrets",) else {"apiGroups": [""], "resources": ["secrets"]}
    found = []
    if names:
        found.append({**head, "resourceNames": [*names], "verbs": ["get"]})
    if kept:
        found.append({**head, "verbs": [*kept]})
    return found


def _rest(rule: Rule, body: RuleBody, world: World) -> tuple[list[RuleBody], list[str]]:
    """Return the rule without Secrets, and what is said of that."""
    if "*" not in rule.resources:
        others = [name for name in rule.resources if name != "secrets"]
        return ([{**body, "resources": others}] if others else []), []
    named = [name for name in rule.resources if name not in ("*", "secrets")]
    core = sorted({e.plural for e in rbac_defaults.types() if not e.group and e.plural != "secrets"}.union(named))
    groups = [group for group in rule.groups if group != ""]
    says = ["names every resource of the core API but secrets, instead of *"]
    if "*" in groups:
        groups = _groups(world)
        says = ["names every API group and, of the core one, every resource but secrets, instead of *"]
    found = [{**body, "apiGroups": [""], "resources": core}]
    if groups:
        found.append({**body, "apiGroups": groups, "resources": ["*"]})
    return found, says


def _groups(world: World) -> list[str]:
    """Return the API groups that there are: those of Kubernetes, and those that the sources define or have."""
    defined = {as_text(crd.get("spec", "group")) for crd in world.facts.of_kind("CustomResourceDefinition")}
    present = {resource.group for resource in world.facts.resources}
    return sorted(({entry.group for entry in rbac_defaults.types()} | defined | present) - {""})


def _words(items: Sequence[str], last: str) -> str:
    return f" {last} ".join([", ".join(items[:-1]), items[-1]] if items[1:] else items)

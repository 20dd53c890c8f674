"""What a role gives of Secrets, compared with what its holders' programs are known to use; and the smaller role.

Known is what the sources show: Secrets that the kubelet hands to a program need no right at all, so that what is left
are names of Secrets in what a program is started with, and in the objects that its role reads. Roles whose holders the
sources do not show at work are left as they are: nothing is known of what they need.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from strongroom.access import rbac_defaults
from strongroom.access.code import Code
from strongroom.access.minimise_rules import Secretly, looks_like_controller, reads_secrets, secretly, smaller_rules
from strongroom.access.minimise_uses import Uses
from strongroom.access.world import DEFAULT, World
from strongroom.model.access import Node
from strongroom.model.minimise import Beside, Left, NewRule, RuleBody, Smaller
from strongroom.model.rbac import Binding, Role, Subject
from strongroom.model.secret import SecretRef

_NAMED = 3
_NOTHING = "reads no Secret through the API"
_UNKNOWN = "what a program reads through the API without being told its name is not in the sources"
_SUFFIX = "-secrets"
_SYSTEM = ("system:", "kubeadm:")


class Minimised(msgspec.Struct, frozen=True):
    """Every role that gives Secrets: those that could be smaller, and those that are left."""

    smaller: tuple[Smaller, ...]
    left: tuple[Left, ...]


def minimise(world: World) -> Minimised:
    """Compare every role of the sources with what is known to be used."""
    accounts, uses = _programs(world), Uses(world)
    smaller: list[Smaller] = []
    left: list[Left] = []
    for role in world.rbac.roles:
        if (role.aggregates and not _built_in(role)) or not any(reads_secrets(rule) for rule in role.rules):
            continue
        found = _judge(role, world, accounts, uses)
        if isinstance(found, Smaller):
            smaller.append(found)
        elif found is not None:
            left.append(found)
    return Minimised(tuple(smaller), tuple(left))


_Accounts = dict[tuple[str, str], list[Code]]


def _programs(world: World) -> _Accounts:
    found: _Accounts = {}
    for code in world.code:
        found.setdefault((code.namespace, code.service_account), []).append(code)
    return found


def _judge(role: Role, world: World, accounts: _Accounts, uses: Uses) -> Smaller | Left | None:
    bindings = _bindings(role, world)
    if not bindings:
        return None if _built_in(role) else Left(role.resource.id, "no binding of the sources gives it to anybody")
    holders = list(dict.fromkeys(s for binding in bindings for s in _holders(binding)))
    why = _unknown(role, holders, accounts)
    if why:
        return Left(role.resource.id, why) if not _built_in(role) or _of_interest(holders, accounts) else None
    if any(rule.is_everything for rule in role.rules):
        return Left(role.resource.id, f"it gives every right on everything: name first what {_listed(holders)} needs")
    rules = [rule for rule in role.rules if secretly(rule) is Secretly.ANY]
    if not rules:
        return Left(role.resource.id, "it is limited to Secrets by name already")
    code = [one for holder in holders for one in accounts[holder.namespace, holder.name]]
    return _smaller(role, bindings, holders, code, world, uses)


def _bindings(role: Role, world: World) -> list[Binding]:
    """Return the bindings that give a role to anybody, those of every cluster itself left aside."""
    found = [binding for binding in world.facts.bindings_to(role) if _holders(binding)]
    named = (role.resource.name,) if _built_in(role) else (role.resource.name, *role.part_of)
    return [b for b in found if not b.resource.name.startswith(_SYSTEM) and b.role_name in named]


def _holders(binding: Binding) -> list[Subject]:
    space = "" if binding.cluster else binding.resource.namespace or DEFAULT
    return [
        s._replace(namespace=s.namespace or space) if s.kind == "ServiceAccount" else s for _, s in binding.subjects
    ]


def _built_in(role: Role) -> bool:
    resource = role.resource
    return (
        rbac_defaults.is_default(resource)
        or resource.name.startswith(_SYSTEM)
        or resource.labels.get(rbac_defaults.LABEL) == "rbac-defaults"
    )


def _of_interest(holders: Sequence[Subject], accounts: _Accounts) -> bool:
    """Tell whether programs of the sources hold a role: what Kubernetes made for people is not worth a line."""
    return any(one.kind == "ServiceAccount" and (one.namespace, one.name) in accounts for one in holders)


def _unknown(role: Role, holders: Sequence[Subject], accounts: _Accounts) -> str:
    """Return why nothing is known of what the holders of a role need; empty where something is."""
    people = [one for one in holders if one.kind != "ServiceAccount"]
    idle = [one for one in holders if one.kind == "ServiceAccount" and (one.namespace, one.name) not in accounts]
    if people:
        return f"{_listed(people)} {_holds(people)} it, and no manifest says what they need"
    if idle:
        return f"nothing in the sources runs as {_listed(idle)}, which {_holds(idle)} it"
    if _built_in(role):
        return f"Kubernetes itself keeps it; give {_listed(holders)} a role of {'their' if holders[1:] else 'its'} own"
    if looks_like_controller(role):
        return f"a controller's: {_listed(holders)} may need any Secret that the objects it looks after name"
    return ""


def _holds(subjects: Sequence[Subject]) -> str:
    return "hold" if len(subjects) > 1 else "holds"


def _listed(subjects: Sequence[Subject]) -> str:
    named = [_node(one).show() for one in subjects[:_NAMED]]
    more = f" and {len(subjects) - _NAMED} more" if len(subjects) > _NAMED else ""
    return ", ".join(named) + more


def _node(subject: Subject) -> Node:
    return Node(subject.kind, subject.namespace, subject.name)


def _smaller(
    role: Role, bindings: Sequence[Binding], holders: Sequence[Subject], code: Sequence[Code], world: World, uses: Uses
) -> Smaller | Left:
    wide = any(binding.cluster for binding in bindings)
    spaces = [""] if wide else list(dict.fromkeys(b.resource.namespace or DEFAULT for b in bindings))
    used = sorted({use for one in code for use in uses.of(one, role, spaces)})
    needed = sorted({use.secret for use in used if not use.delivered})
    names = () if wide else tuple(dict.fromkeys(ref.name for ref in needed))
    beside = _beside(role, holders, needed) if wide else ()
    changed, does, unsure = _rules(role, names, world)
    if not _reduces(role, changed):
        return Left(role.resource.id, "it is as small as the sources can tell")
    does = [*(_reads(one.rules, f" by a Role in {one.namespace}") for one in beside), *does]
    if not beside:
        does.insert(0, f"reads {', '.join(names)} by get, and no other Secret" if names else _NOTHING)
    return Smaller(
        role,
        tuple(_node(one) for one in holders),
        tuple(dict.fromkeys(one.node for one in code)),
        tuple(used),
        tuple(changed),
        beside,
        tuple(does),
        (*unsure, _UNKNOWN),
    )


def _reduces(role: Role, changed: Iterable[NewRule]) -> bool:
    listed = role.resource.body.get("rules")
    rules = listed if isinstance(listed, list) else []
    return any(list(one.rules) != [rules[int(one.field[1])]] for one in changed)


def _rules(role: Role, names: Sequence[str], world: World) -> tuple[list[NewRule], list[str], list[str]]:
    """Return the rules that change, with what that changes and what the sources cannot tell; names are read by one."""
    changed: list[NewRule] = []
    does: dict[str, None] = {}
    unsure: dict[str, None] = {}
    for rule in role.rules:
        if secretly(rule) is Secretly.ANY:
            new, said, cannot = smaller_rules(role, rule, () if changed else names, world)
            changed.append(NewRule(rule.field, new))
            does.update(dict.fromkeys(said))
            unsure.update(dict.fromkeys(cannot))
    return changed, [*does], [*unsure]


def _reads(rules: Sequence[RuleBody], where: str) -> str:
    names = ", ".join(name for rule in rules for name in rule["resourceNames"])
    return f"reads {names} by get{where}, and no other Secret"


def _beside(role: Role, holders: Sequence[Subject], needed: Sequence[SecretRef]) -> tuple[Beside, ...]:
    found: dict[str, list[str]] = {}
    for ref in needed:
        found.setdefault(ref.namespace, []).append(ref.name)
    accounts = tuple((one.namespace, one.name) for one in holders)
    return tuple(
        Beside(
            space,
            f"{role.resource.name}{_SUFFIX}",
            ({"apiGroups": [""], "resources": ["secrets"], "resourceNames": names, "verbs": ["get"]},),
            accounts,
        )
        for space, names in found.items()
    )

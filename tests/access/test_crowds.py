"""Roles of many names that many subjects hold."""

from __future__ import annotations

import pytest
from tests.access.reach import RBAC, Body, rule
from tests.posture.given import facts_of

from strongroom.access.crowds import crowds
from strongroom.access.graph import build
from strongroom.access.membership import Members
from strongroom.access.questions import Exposures, reached_by
from strongroom.access.rbac_facts import rbac_of
from strongroom.access.together import together
from strongroom.access.world import World
from strongroom.model.access import Node
from strongroom.model.access_report import Exposure

NAMES = tuple(f"s{number:02}" for number in range(20))
SECRETS: list[Body] = [
    {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "vault"}} for name in NAMES
]


def _user(name: str) -> Body:
    return {"kind": "User", "name": name, "apiGroup": RBAC}


def _bound(names: tuple[str, ...], subjects: list[Body], verb: str = "get", name: str = "given") -> list[Body]:
    where = {"name": name, "namespace": "vault"}
    ref = {"apiGroup": RBAC, "kind": "Role", "name": name}
    head: Body = {"apiVersion": f"{RBAC}/v1", "metadata": where}
    rules = [rule("secrets", verb, names=(one,)) for one in names]
    return [
        {**head, "kind": "Role", "rules": rules},
        {**head, "kind": "RoleBinding", "roleRef": ref, "subjects": subjects},
    ]


def _exposed(subjects: list[Body], members: Members | None = None) -> list[Exposure]:
    world = World(facts_of(*SECRETS, *_bound(NAMES, subjects)), members)
    graph = build(world, members)
    return Exposures(graph).of(graph.secrets())


def test_few_of_either_stand_by_themselves() -> None:
    """A role of few names, or one that few hold, needs no role in between."""
    for names, count in ((NAMES[:3], 40), (NAMES, 3)):
        bindings = rbac_of(facts_of(*_bound(names, [_user(f"u{n}") for n in range(count)]))).bindings
        apart = crowds(bindings)
        assert apart.kept == bindings
        assert (apart.roles, apart.holding) == ((), ())


@pytest.mark.parametrize("count", [3, 40])
def test_a_crowd_reaches_what_each_of_it_would(count: int) -> None:
    """Whether the role stands between or not: the same people, by the same act, in one step."""
    accounts = [{"kind": "ServiceAccount", "name": f"a{n}"} for n in range(count)]
    for one in _exposed([*(_user(f"u{n}") for n in range(count)), *accounts]):
        assert (one.users, one.by_steps[1]) == (count, one.identities)
        assert one.accounts >= count
        assert dict(one.means)["secrets-get"] == 2 * count


def test_a_path_through_a_crowd_tells_binding_and_role() -> None:
    """The step to the role has the binding as its evidence, and is no act."""
    world = World(facts_of(*SECRETS, *_bound(NAMES, [_user(f"u{n}") for n in range(40)])))
    graph = build(world)
    found = reached_by(graph, graph.number[Node("User", "", "u7")])

    assert {one.node.name for one in found if one.node.kind == "Secret"} >= set(NAMES)
    route = found[0].route
    assert route is not None
    assert (route.length, route.steps[0].way) == (1, "includes")
    assert [item.role for item in route.steps[0].evidence] == ["binding", "role"]


def test_a_right_of_a_crowd_counts_with_other_rights() -> None:
    """What somebody holds in a crowd joins what he holds by himself: deleting a Secret and making it again."""
    crowd = [_user(f"u{n}") for n in range(40)]
    own = _bound((), [_user("u7")], name="own")
    own[0]["rules"] = [rule("secrets", "create")]
    world = World(facts_of(*SECRETS, *_bound(NAMES, crowd), *own))
    joints = together(world.holders("", "secrets", "get"), world.holders("", "secrets", "create"), world=world)
    assert "u7" in {joint.source.name for joint in joints}
    assert "u8" not in {joint.source.name for joint in joints}

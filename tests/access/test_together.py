"""Who holds several permissions at once."""

from __future__ import annotations

from tests.access.reach import MALLORY, RBAC, Body, given, rule
from tests.posture.given import facts_of

from strongroom.access.graph import build
from strongroom.access.membership import Members
from strongroom.access.routes import Tree
from strongroom.access.together import implied_groups, together
from strongroom.access.world import World
from strongroom.model.access import Node

MAKES, READS = rule("secrets", "create"), rule("secrets", "get")
ALICE = Node("User", "", "alice")


def _group(name: str) -> Body:
    return {"kind": "Group", "apiGroup": RBAC, "name": name}


def _held(*bodies: Body, members: Members | None = None) -> set[tuple[str, str]]:
    world = World(facts_of(*bodies), members)
    questions = (world.holders("", "secrets", verb) for verb in ("create", "get"))
    default = {"system:masters", "system:kube-controller-manager"}
    return {
        (joint.source.show(), joint.namespace)
        for joint in together(*questions, world=world)
        if joint.source.name not in default and joint.source.namespace != "kube-system"
    }


def test_two_bindings_in_one_namespace() -> None:
    """Both rights in a namespace count together; in two namespaces they do not."""
    assert _held(*given("vault", MAKES), *given("vault", READS, name="b")) == {("user/mallory", "vault")}
    assert _held(*given("vault", MAKES), *given("shop", READS, name="b")) == set()


def test_everywhere_and_in_a_namespace() -> None:
    """A right that is held everywhere is held in each namespace; two of these make one that is held everywhere."""
    assert _held(*given("", MAKES), *given("shop", READS, name="b")) == {("user/mallory", "shop")}
    assert _held(*given("", MAKES), *given("", READS, name="b")) == {("user/mallory", "")}


def test_rights_of_built_in_groups() -> None:
    """What every authenticated user may do counts for each who may do the rest, and for nobody else."""
    everybody = given("vault", READS, subject=_group("system:authenticated"), name="b")

    assert _held(*given("vault", MAKES), *everybody) == {("user/mallory", "vault")}
    assert _held(*everybody) == set()


def test_rights_of_listed_groups() -> None:
    """A user in two groups that hold one right each holds both; what one group holds is the group's."""
    makers = given("vault", MAKES, subject=_group("makers"))
    readers = given("vault", READS, subject=_group("readers"), name="b")
    both = given("shop", MAKES, READS, subject=_group("makers"), name="c")
    members: Members = {"makers": ((ALICE, None),), "readers": ((ALICE, None),)}

    assert _held(*makers, *readers) == set()
    assert _held(*makers, *readers, members=members) == {("user/alice", "vault")}
    assert _held(*both, *readers, members=members) == {("group/makers", "shop")}


def test_a_way_is_open_to_whoever_two_groups_open_it_to() -> None:
    """Somebody in two listed groups reaches what takes a right of each; a member of one of them does not."""
    bob = Node("User", "", "bob")
    members: Members = {"makers": ((ALICE, None), (bob, None)), "readers": ((ALICE, None),)}
    account: Body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "a", "namespace": "vault"}}
    makers = given("vault", MAKES, subject=_group("makers"))
    readers = given("vault", rule("secrets", "get", names=("own",)), subject=_group("readers"), name="b")
    world = World(facts_of(account, *makers, *readers), members)
    graph = build(world, members)

    def reaches(who: Node) -> bool:
        return graph.number[Node("ServiceAccount", "vault", "a")] in Tree(graph, graph.number[who]).distance

    assert reaches(ALICE)
    assert not reaches(bob)


def test_groups_in_groups() -> None:
    """A group that is in another holds what that one holds; groups in a circle are followed once."""
    inner, outer = Node("Group", "", "inner"), Node("Group", "", "outer")
    members: Members = {"inner": ((ALICE, None), (outer, None)), "outer": ((inner, None),)}
    bodies = [*given("vault", MAKES, subject=_group("outer")), *given("vault", READS, name="b", subject=MALLORY)]
    alice = {**MALLORY, "name": "alice"}

    assert _held(*bodies, *given("vault", READS, subject=alice, name="c"), members=members) == {("user/alice", "vault")}


def test_names_come_last() -> None:
    """Of several permissions of one part, one for any name stands first."""
    world = World(facts_of(*given("vault", rule("secrets", "get", names=("one",)), READS, MAKES)))
    joints = [
        joint
        for joint in together(world.holders("", "secrets", "create"), world.holders("", "secrets", "get"), world=world)
        if joint.source.name == "mallory"
    ]

    assert [joint.parts[1][0].names for joint in joints] == [()]
    assert {item.note for item in joints[0].evidence("makes", "reads")} >= {"makes", "reads"}


def test_implied_groups() -> None:
    """ServiceAccounts are in three groups, users in one, and whoever shows no credential in none of them."""

    def names(*node: str) -> list[str]:
        return [group.name for group in implied_groups(Node(*node))]

    accounts = ["system:serviceaccounts:shop", "system:serviceaccounts", "system:authenticated"]
    assert names("ServiceAccount", "shop", "web") == accounts
    assert names("Group", "", "system:serviceaccounts:shop") == accounts[1:]
    assert names("User", "", "alice") == ["system:authenticated"]
    assert names("User", "", "system:anonymous") == []
    assert names("Group", "", "system:authenticated") == []
    assert names("ClusterRole", "", "admin") == []

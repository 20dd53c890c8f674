"""Who is in which group."""

from __future__ import annotations

from strongroom.access.groups import members_of
from strongroom.access.membership import memberships
from strongroom.model.access import Node

_KIM, _JUNIORS, _AUDITORS = Node("User", "", "kim"), Node("Group", "", "juniors"), Node("Group", "", "auditors")


def test_a_member_of_a_group_within_a_group_is_in_both() -> None:
    """Nothing is given to the inner group itself, and its members still come by what the outer one is given."""
    members = members_of("g.json", b'{"auditors": ["ann", "group/juniors"], "juniors": ["kim"], "others": ["kim"]}')
    steps = {(step.source, step.target) for step in memberships([_KIM, _JUNIORS], frozenset({_AUDITORS}), members)}

    assert {(_KIM, _JUNIORS), (_JUNIORS, _AUDITORS)} <= steps
    assert (_KIM, Node("Group", "", "others")) not in steps

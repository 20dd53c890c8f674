"""Who a user is, and in which groups."""

from __future__ import annotations

import pytest

from strongroom.access.rbac_request import Request, User
from strongroom.model.rbac import Subject


@pytest.mark.parametrize(
    ("subject", "user"),
    [
        (
            Subject("ServiceAccount", "shop", "web"),
            User(
                "system:serviceaccount:shop:web",
                ("system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"),
            ),
        ),
        (Subject("User", "", "alice"), User("alice", ("system:authenticated",))),
        (Subject("User", "", "system:anonymous"), User("system:anonymous", ("system:unauthenticated",))),
        (Subject("User", "", "system:node:a"), User("system:node:a", ("system:nodes", "system:authenticated"))),
        (Subject("Group", "", "dev"), User("", ("dev",))),
    ],
)
def test_a_subject_is_a_user_with_the_groups_of_its_kind(subject: Subject, user: User) -> None:
    """Kubernetes puts every identity into groups of its own; of a group's member only the group is known."""
    assert User.of_subject(subject) == user


def test_a_group_is_not_listed_twice() -> None:
    """Who is said to be authenticated is in that group once."""
    assert User.authenticated("a", ("x", "system:authenticated")).groups == ("x", "system:authenticated")


def test_a_resource_is_written_with_its_subresource() -> None:
    """Rules write both as one."""
    assert Request("get", resource="pods", subresource="log").combined == "pods/log"
    assert Request("get", resource="pods").combined == "pods"

"""Files that say who is in which group."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.access.groups import members_of
from strongroom.errors import DocumentError
from strongroom.model.access import Node

_LDIF = """\
version: 1
# people
dn: cn=devs,ou=groups,dc=example,dc=org
objectClass: groupOfNames
cn: devs
member: uid=ann,ou=people,dc=example,dc=org
member: cn=Smith\\, Bob,ou=people,dc=exa
 mple,dc=org

dn: cn=ops,ou=groups,dc=example,dc=org
objectClass: posixGroup
cn:: b3Bz
memberUid: eve
"""


def _names(path: str, text: str) -> dict[str, list[str]]:
    return {group: [node.show() for node, _ in listed] for group, listed in members_of(path, text.encode()).items()}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("g.csv", "devs,ann\ndevs,bob\nops,serviceaccount/shop/api\n"),
        ("g.csv", "\ufeffUser,Group,Since\nann,devs,2020\nbob,devs,\nsystem:serviceaccount:shop:api,ops,\n"),
        ("g.json", '{"devs": ["ann", "bob"], "ops": ["serviceaccount/shop/api"]}'),
        (
            "g.json",
            '[{"group": "devs", "members": ["ann", "user/bob"]}, {"name": "ops", "members": ["serviceaccount/shop/api"]}]',
        ),
    ],
)
def test_the_forms_say_the_same(path: str, text: str) -> None:
    """CSV with and without a header, and JSON of both kinds, give the same groups."""
    assert _names(path, text) == {"devs": ["user/ann", "user/bob"], "ops": ["serviceaccount/shop/api"]}


def test_ldif() -> None:
    """Distinguished names give their first value, lines are unfolded, base64 is decoded."""
    assert _names("g.ldif", _LDIF) == {"devs": ["user/ann", "user/Smith, Bob"], "ops": ["user/eve"]}


def test_lines_are_kept() -> None:
    """Each membership knows the line that says so."""
    ((_, origin),) = members_of("g.csv", b"group,member\n\ndevs,ann\n")["devs"]

    assert origin is not None
    assert (origin.path, origin.line) == ("g.csv", 3)


def test_a_group_in_a_group() -> None:
    """A member may be a group."""
    ((member, _),) = members_of("g.csv", b"all,group/devs\n")["all"]

    assert member == Node("Group", "", "devs")


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("g.csv", b"devs\n"),
        ("g.csv", b"group,since\ndevs,2020\n"),
        ("g.csv", b""),
        ("g.csv", b'"devs,ann\n'),
        ("g.csv", b"\xff\xfe\x00"),
        ("g.json", b"[1]"),
        ("g.json", b'{"devs": "ann"}'),
        ("g.json", b'[{"members": ["ann"]}]'),
        ("g.ldif", b"no colon\n"),
        ("g.ldif", b"cn:: !!!\n"),
        ("g.xml", b"<groups/>"),
    ],
)
def test_what_is_no_list_of_groups_is_refused(path: str, data: bytes) -> None:
    """A file of another form is an error that names it, never an empty list."""
    with pytest.raises(DocumentError, match=r"groups g\."):
        members_of(path, data)


@given(st.sampled_from(["g.csv", "g.json", "g.ldif"]), st.binary(max_size=200))
def test_any_bytes_give_groups_or_an_error(path: str, data: bytes) -> None:
    """No other exception ever comes out, and no empty answer."""
    with contextlib.suppress(DocumentError):
        assert members_of(path, data)


@pytest.mark.parametrize(("path", "data"), [("g.json", b"[1"), ("g.csv", b"\xff\xfe"), ("g.ldif", b"\xff\xfe")])
def test_what_cannot_be_read_says_what_is_needed(path: str, data: bytes) -> None:
    """A file that is not of the form of its suffix is refused with what that form is."""
    with pytest.raises(DocumentError) as refused:
        members_of(path, data)

    assert "group" in (refused.value.hint or "")

"""Who is in which group, as a directory says it: Kubernetes itself does not know.

Three forms: CSV with a group and a member in each line, JSON (``{"group": ["member", …]}``, or a list of objects with
``group`` and ``members``), and LDIF (RFC 2849) of groups as OpenLDAP and Active Directory export them (RFC 4519
``groupOfNames``, RFC 2307 ``posixGroup``).

A member is a user's name as the API server sees it; ``serviceaccount/NAMESPACE/NAME`` and ``group/NAME`` are others.
"""

from __future__ import annotations

import base64
import binascii
import csv
import io
import re
from collections.abc import Iterable, Iterator

import msgspec

from strongroom.access.membership import Members
from strongroom.access.rbac_request import SERVICE_ACCOUNT_USER
from strongroom.errors import DocumentError
from strongroom.model.access import Node
from strongroom.model.origin import Origin

_GROUP_COLUMNS = ("group", "groups", "group_name", "groupname")
_MEMBER_COLUMNS = ("member", "members", "user", "username", "user_name", "email", "name")
_LDIF_MEMBERS = ("member", "uniquemember", "memberuid")
_FIRST_RDN = re.compile(r"\s*[\w.-]+\s*=\s*((?:\\.|[^,+\\])+)")

_HINTS = {
    "csv": "a group and a member in each line, in UTF-8",
    "json": '{"group": ["member"]}, or a list of objects with group and members',
    "ldif": "groups as ldapsearch or slapcat write them, in UTF-8",
}

_Entry = tuple[str, str, int]
"""Group, member, line."""


def members_of(path: str, data: bytes) -> Members:
    """Read who is in which group.

    Args:
        path: of the file; its suffix tells the form.
        data: its contents.

    Raises:
        DocumentError: it is not of the form that its suffix says, or of none that is known.
    """
    suffix = path.rpartition(".")[2].lower()
    forms = {"csv": _csv, "json": _json, "ldif": _ldif}
    if suffix not in forms:
        raise DocumentError(f"groups {path} are of no known form", hint="the suffix tells it: .csv, .json or .ldif")
    try:
        text = data.decode("utf-8-sig")
        entries = list(forms[suffix](text))
    except (UnicodeDecodeError, msgspec.DecodeError, csv.Error, binascii.Error, ValueError):
        raise DocumentError(f"groups {path} are not {suffix.upper()}", hint=_HINTS[suffix]) from None
    if not entries:
        raise DocumentError(f"groups {path} name no member of any group", hint="a group and a member are needed")
    found: dict[str, dict[Node, Origin | None]] = {}
    for group, member, line in entries:
        found.setdefault(group, {}).setdefault(member_named(member), Origin(path, path, line=line))
    return {group: tuple(listed.items()) for group, listed in sorted(found.items())}


def member_named(text: str) -> Node:
    """Return the node of a member of a group."""
    kind, _, rest = text.partition("/")
    if kind == "serviceaccount" and rest.count("/") == 1:
        namespace, _, name = rest.partition("/")
        return Node("ServiceAccount", namespace, name)
    if text.startswith(SERVICE_ACCOUNT_USER) and text.count(":") == 3:
        return Node("ServiceAccount", *text.split(":")[2:])
    if kind in ("group", "user") and rest:
        return Node(kind.capitalize(), "", rest)
    return Node("User", "", text)


def _csv(text: str) -> Iterator[_Entry]:
    rows = csv.reader(io.StringIO(text), strict=True)
    group, member = 0, 1
    for index, row in enumerate(rows):
        words = [cell.strip() for cell in row]
        if not index and any(word.lower() in _GROUP_COLUMNS for word in words):
            lower = [word.lower() for word in words]
            group = _column(lower, _GROUP_COLUMNS)
            member = _column(lower, _MEMBER_COLUMNS)
        elif len(words) > max(group, member) and words[group] and words[member]:
            yield words[group], words[member], rows.line_num
        elif any(words):
            raise ValueError


def _column(header: list[str], names: Iterable[str]) -> int:
    found = [header.index(name) for name in names if name in header]
    if not found:
        raise ValueError
    return found[0]


class _Group(msgspec.Struct):
    members: list[str]
    group: str = ""
    name: str = ""


def _json(text: str) -> Iterator[_Entry]:
    body = msgspec.json.decode(text, type=dict[str, list[str]] | list[_Group])
    pairs = body.items() if isinstance(body, dict) else [(one.group or one.name, one.members) for one in body]
    for group, listed in pairs:
        if not group:
            raise ValueError
        yield from ((group, member, 1) for member in listed if member)


def _ldif(text: str) -> Iterator[_Entry]:
    name, found = "", list[tuple[str, int]]()
    for attribute, value, line in [*_ldif_lines(text), ("", "", 0)]:
        if attribute in ("", "dn"):  # the next entry begins
            yield from ((name, member, at) for member, at in found if name)
            name, found = "", []
        elif attribute == "cn":
            name = name or value
        elif attribute in _LDIF_MEMBERS:
            found.append((value if attribute == "memberuid" else _first_rdn(value), line))


def _ldif_lines(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield the attributes: folded lines joined, values in base64 decoded, comments left out."""
    lines: list[tuple[str, int]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(" ") and lines:
            lines[-1] = lines[-1][0] + line[1:], lines[-1][1]
        else:
            lines.append((line, number))
    for line, number in lines:
        attribute, colon, value = line.partition(":")
        if line.startswith("#") or not line.strip():
            continue
        if not colon:
            raise ValueError
        encoded = value.startswith(":")
        shown = base64.b64decode(value[1:].strip(), validate=True).decode() if encoded else value.strip()
        yield attribute.partition(";")[0].strip().lower(), shown, number


def _first_rdn(name: str) -> str:
    """Return the value of the first part of a distinguished name: ``alice`` of ``uid=alice,ou=people``."""
    match = _FIRST_RDN.match(name)
    return re.sub(r"\\(.)", r"\1", match[1]).strip() if match else name

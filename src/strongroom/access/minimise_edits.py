"""The rules of a role, changed in its manifest: what does not change stays byte for byte."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from strongroom.documents import edits as documents
from strongroom.documents.limits import Limits
from strongroom.documents.wanted import GONE, Unfit
from strongroom.model.minimise import NewRule, RuleBody
from strongroom.model.origin import FieldPath
from strongroom.model.plan import Splice
from strongroom.model.resource import dig

_BEHIND = "resources"


def edits(
    data: bytes, document: int, role: FieldPath, changes: Sequence[NewRule], more: Sequence[RuleBody], limits: Limits
) -> tuple[Splice, ...]:
    """Return what changes in a file, in order.

    Args:
        data: the file.
        document: which of its documents holds the role.
        role: the way to it in there.
        changes: the rules that change.
        more: objects that are added at the end.
        limits: as the file was read with.

    Raises:
        Unfit: it cannot be done so that the file then says what it should.
    """
    found = documents.bodies(data, limits)
    wanted = copy.deepcopy(found.get(document))
    limit(dig(wanted, role), changes)
    return documents.edits(data, {document: wanted}, more, limits)


def limit(role: Any, changes: Sequence[NewRule]) -> None:
    """Change the rules in the body of a role, to what `strongroom.documents.wanted` describes; new ones come last.

    Raises:
        Unfit: they are not as they were read.
    """
    rules = dig(role, ("rules",))
    if not isinstance(rules, list) or any(int(change.field[1]) >= len(rules) for change in changes):
        raise Unfit("the file is not as it was read")
    more: list[RuleBody] = []
    for change in changes:
        index = int(change.field[1])
        rules[index] = _rule(rules[index], change.rules[0]) if change.rules else GONE
        more += change.rules[1:]
    role["rules"] = rules + more if more or any(rule is not GONE for rule in rules) else []


def _rule(old: RuleBody, new: RuleBody) -> RuleBody:
    """Return a rule with its keys in the order in which they are written."""
    added = {key: values for key, values in new.items() if key not in old}
    found: RuleBody = {}
    for key in old:
        if key in new:
            found[key] = _values(old[key], new[key])
        if key == _BEHIND:
            found |= added
    return {**found, **added}


def _values(old: list[Any], new: Sequence[Any]) -> list[Any]:
    """Return a list with marks for what goes: values that stay keep their place."""
    left = [*new]
    marked = [left.pop(0) if left and value == left[0] else GONE for value in old]
    return marked if not left else [*new, *[GONE] * (len(old) - len(new))]

"""Rules changed in their manifests: what does not change stays byte for byte."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.access.minimise_edits import edits
from strongroom.documents.edits import applied
from strongroom.documents.limits import DEFAULT
from strongroom.documents.wanted import Unfit
from strongroom.documents.yaml import Document, read
from strongroom.documents.yamltext import block
from strongroom.model.minimise import NewRule, RuleBody

_GET = {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["mail"], "verbs": ["get"]}
_MAPS = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}
_ADDED = '- apiGroups:\n  - ""\n  resources:\n  - secrets\n  resourceNames:\n  - mail\n  verbs:\n  - get\n'
_HEAD = "# kept\napiVersion: v1\nkind: Role  # kept too\nrules:\n"


def changed(text: str, *changes: tuple[int, list[RuleBody]], more: tuple[RuleBody, ...] = ()) -> str:
    """Return a manifest after its rules were changed."""
    data = text.encode()
    new = [NewRule(("rules", index), tuple(rules)) for index, rules in changes]
    return applied(data, edits(data, 0, (), new, more, DEFAULT)).decode()


@pytest.mark.parametrize(
    ("before", "rules", "after"),
    [
        (
            "  - apiGroups: ['']\n    resources: ['secrets', 'configmaps']  # both\n    verbs: [get, list]\n",
            [_MAPS],
            "  - apiGroups: ['']\n    resources: ['configmaps']  # both\n    verbs: [get, list]\n",
        ),
        (
            "- apiGroups:\n  - ''\n  resources:\n  - secrets\n  - configmaps\n  verbs:\n  - get\n  - list\n",
            [_MAPS, _GET],
            "- apiGroups:\n  - ''\n  resources:\n  - configmaps\n  verbs:\n  - get\n  - list\n" + _ADDED,
        ),
        (
            '  - apiGroups: [""]\n    resources:\n      - secrets\n    verbs:\n      - get  # one\n      - watch\n',
            [_GET],
            '  - apiGroups: [""]\n    resources:\n      - secrets\n    resourceNames:\n      - mail\n    verbs:\n      - get  # one\n',
        ),
        (
            "  - {apiGroups: [''], resources: [secrets], verbs: ['*']}\n",
            [_GET],
            "  - {apiGroups: [''], resources: [secrets], resourceNames: [mail], verbs: [get]}\n",
        ),
        (
            "  - apiGroups: ['']\n    resources: [secrets]\n    verbs:\n    - '*'",
            [_GET],
            "  - apiGroups: ['']\n    resources: [secrets]\n    resourceNames: [mail]\n    verbs:\n    - 'get'",
        ),
    ],
    ids=["flow", "block", "values in block", "a rule on one line", "no line feed at the end"],
)
def test_a_rule_is_edited_as_it_is_written(before: str, rules: list[RuleBody], after: str) -> None:
    """Lists stay flow or block, quotes and comments stay, and nothing else moves."""
    assert changed(_HEAD + before, (0, rules)) == _HEAD + after


def test_a_rule_that_goes_takes_its_lines_along() -> None:
    """Comments between rules stay; where no rule is left the list is empty."""
    one = "  # first\n  - apiGroups: ['']\n    resources: [secrets]\n    verbs: [get]\n"
    two = "  # second\n  - apiGroups: ['']\n    resources: [pods]\n    verbs: [get]\n"

    assert changed(_HEAD + one + two, (0, [])) == _HEAD + "  # first\n" + two
    assert changed(_HEAD + one + "extra: 1\n", (0, [])) == _HEAD.rstrip("\n") + " []\nextra: 1\n"


def test_windows_line_ends_stay() -> None:
    """A file whose lines end with CR LF has no other line end afterwards."""
    text = (_HEAD + "  - apiGroups: ['']\n    resources: [secrets]\n    verbs: [get]\n").replace("\n", "\r\n")

    after = changed(text, (0, [_GET, _MAPS]))

    assert "resourceNames: [mail]\r\n" in after
    assert after.count("\n") == after.count("\r\n")


def test_json_is_written_as_json() -> None:
    """A manifest in JSON stays one."""
    text = '{"kind": "Role", "rules": [\n  {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}\n]}\n'

    assert json.loads(changed(text, (0, [_GET]))) == {"kind": "Role", "rules": [_GET]}


def test_objects_are_added_at_the_end() -> None:
    """What is made beside the role is a document of its own."""
    text = _HEAD + "  - apiGroups: ['']\n    resources: [secrets]\n    verbs: [get]"

    after = changed(text, (0, []), more=({"kind": "Role", "rules": [_GET]},))

    assert after.endswith("---\nkind: Role\nrules:\n" + "".join(f"{line}\n" for line in _as_item(_GET)))


def _as_item(rule: RuleBody) -> list[str]:
    lines = [*block(rule, 4)]
    return ["  - " + lines[0].lstrip(), *lines[1:]]


def test_rules_behind_an_anchor_are_not_touched() -> None:
    """Where a value stands elsewhere, so that an edit would change another rule too, it is refused."""
    shared = "  - &one\n    apiGroups: ['']\n    resources: [secrets]\n    verbs: [get]\n  - *one\n"

    with pytest.raises(Unfit):
        changed(_HEAD + shared, (0, [_GET]))


_texts = st.text(alphabet="abc-:#'\"*é \\", min_size=1, max_size=6)
_rules = st.fixed_dictionaries(
    {
        "apiGroups": st.just([""]),
        "resources": st.lists(_texts, min_size=1, max_size=3),
        "verbs": st.lists(_texts, min_size=1),
    }
)


@settings(max_examples=60, deadline=None)
@given(st.lists(_rules, min_size=1, max_size=4), st.lists(_rules, max_size=2), st.integers(0, 3))
def test_whatever_is_written_reads_back(before: list[RuleBody], new: list[RuleBody], index: int) -> None:
    """Any rules, however their texts look, are read again as they were meant."""
    text = "".join(f"{line}\n" for line in block({"kind": "Role", "rules": before}))
    index %= len(before)

    (document,) = read(changed(text, (index, new)).encode(), DEFAULT)

    assert isinstance(document, Document)
    assert document.body["rules"] == [*before[:index], *new[:1], *before[index + 1 :], *new[1:]]

"""Objects are changed in their files, and everything else stays byte for byte."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.files.sealed.build import KEYS

from strongroom.documents.edits import applied
from strongroom.files.sealed.editing import Wanted, edits
from strongroom.files.sealed.emit import as_json, as_yaml

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
SEALED = """\
# who owns it
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata: {name: db, namespace: shop}   # flow
spec:
    encryptedData:

        # the first
        one: AgFirst+/=   # behind it
        two: "AgSecond"
        three: 'AgThird'
    template:
        metadata:
            name: db
---
kind: Other
"""


def change(text: str, body: dict[str, Any]) -> str | None:
    """Bring the first document to a body."""
    data = text.encode()
    found = edits(data, [Wanted(0, (), body)])
    return None if found is None else applied(data, found).decode()


def wanted(**values: str) -> dict[str, Any]:
    """The object above with other values; an empty one takes the key away."""
    body: dict[str, Any] = next(yaml.safe_load_all(SEALED))
    held = {**body["spec"]["encryptedData"], **values}
    body["spec"]["encryptedData"] = {key: value for key, value in held.items() if value}
    return body


def test_a_value_changes_its_line_alone() -> None:
    """A changed value changes its own characters; quotes, comments and order stay."""
    for key, old, new in (
        ("one", "AgFirst+/=", "AgX"),
        ("two", '"AgSecond"', '"AgX"'),
        ("three", "'AgThird'", "'AgX'"),
    ):
        assert change(SEALED, wanted(**{key: "AgX"})) == SEALED.replace(old, new)


def test_keys_come_and_go() -> None:
    """A new key stands behind the last one, in its indentation; one that goes takes its line with it."""
    text = change(SEALED, wanted(two="", four="AgFour"))

    assert text == SEALED.replace('        two: "AgSecond"\n', "").replace(
        "'AgThird'\n", "'AgThird'\n        four: AgFour\n"
    )


def test_nothing_to_do() -> None:
    """An object that is as it shall be gives no edit."""
    assert edits(SEALED.encode(), [Wanted(0, (), wanted())]) == ()


def test_mappings_that_were_not_there() -> None:
    """A mapping that is new is written in the manner of the one that holds it."""
    body = wanted()
    body["metadata"]["annotations"] = {"a": "b"}
    body["spec"]["template"]["metadata"]["labels"] = {"c": "d"}
    text = change(SEALED, body)

    assert text is not None
    assert "{name: db, namespace: shop, annotations: {a: b}}   # flow" in text
    assert "            name: db\n            labels:\n                c: d\n---" in text


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_json(ending: str) -> None:
    """JSON keeps its manner: a new member has a line of its own where the others have."""
    text = json.dumps(wanted(), indent=3).replace("\n", ending)
    changed = change(text, wanted(one="AgX", four="AgFour"))

    assert changed is not None
    new = text.replace("AgFirst+/=", "AgX").replace('"AgThird"', f'"AgThird",{ending}         "four": "AgFour"')
    assert changed == new


def test_carriage_returns() -> None:
    """Files of Windows keep their line ends, in new lines too."""
    text = change(SEALED.replace("\n", "\r\n"), wanted(one="AgX", four="AgFour"))

    assert text is not None
    assert text.count("\n") == text.count("\r\n") == SEALED.count("\n") + 1


def test_shared_values() -> None:
    """A value that an alias shares with another is not edited in place: both would change."""
    text = SEALED.replace("AgFirst+/=", "&x AgFirst+/=").replace('"AgSecond"', "*x")

    assert change(text, wanted(one="AgX", two="AgFirst+/=")) is None


def test_an_item_of_a_list() -> None:
    """An object inside a List is changed, and its neighbour is not."""
    text = "kind: List\nitems:\n- spec:\n    encryptedData: {a: AgA}\n- spec: {encryptedData: {a: AgB}}\n"
    found = edits(text.encode(), [Wanted(0, ("items", 1), {"spec": {"encryptedData": {"a": "AgC"}}})])

    assert found is not None
    assert applied(text.encode(), found).decode() == text.replace("AgB", "AgC")


@given(
    st.dictionaries(KEYS, TEXTS, min_size=1, max_size=5),
    st.dictionaries(KEYS, TEXTS, min_size=1, max_size=5),
    st.sampled_from([as_yaml, as_json]),
)
def test_any_change(old: dict[str, str], new: dict[str, str], write: Any) -> None:
    """An edit is made so that the file then says what it shall, or is not made at all."""
    body = {"kind": "SealedSecret", "spec": {"encryptedData": old, "template": {"metadata": {"name": "x"}}}}
    then = copy.deepcopy(body)
    then["spec"]["encryptedData"] = new  # type: ignore[index]
    data = write(body).encode()
    found = edits(data, [Wanted(0, (), then)])

    if found is not None:
        assert yaml.safe_load(applied(data, found)) == then
    if write is as_yaml and old.keys() & new.keys():
        assert found is not None

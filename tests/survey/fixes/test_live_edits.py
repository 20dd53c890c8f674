"""What a fix wants of a live object, as the fields that change."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.crypto.plan_values import seal
from strongroom.documents.wanted import GONE, Octal, Replaced, Taken, Unfit, resolved
from strongroom.model.plaintext import Plaintext
from strongroom.model.plan import Sealed
from strongroom.plans.objects import edited
from strongroom.survey.fixes.live_edits import field_edits, refuse_values, written

_KEY = b"k" * 32
_VALUE = "Zq7-live-value"


def _seal(text: str) -> Sealed:
    return seal(Plaintext(text), _KEY)


_BODY: dict[str, Any] = {
    "spec": {
        "volumes": [{"name": "v", "secret": {"defaultMode": 420}}],
        "containers": [
            {"name": "a", "env": [{"name": "HOST", "value": "db"}, {"name": "PASSWORD", "value": _VALUE}]},
            {"name": "b", "args": ["--password", f"--x={_VALUE}"]},
        ],
    }
}


def _wanted() -> dict[str, Any]:
    body = copy.deepcopy(_BODY)
    first, second = body["spec"]["containers"]
    first["env"][1] = {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "a", "key": "PASSWORD"}}}
    first["env"].append({"name": "MORE", "value": "x"})
    second["args"][0] = GONE
    second["args"][1] = Replaced(((4, 4 + len(_VALUE), "$(X)"),))
    body["spec"]["volumes"][0]["secret"]["defaultMode"] = Octal(0o400)
    return body


def test_a_wanted_object() -> None:
    """The edits lead to what is wanted, and nothing of the object is written down in them."""
    edits = field_edits(_BODY, _wanted(), _seal)

    assert edited(_BODY, edits, _KEY) == resolved(_wanted(), _BODY, {0: _BODY})
    assert _VALUE not in repr(edits)
    assert "'db'" not in repr(edits)
    assert [edit.path for edit in edits] == [
        ("spec", "volumes", 0, "secret", "defaultMode"),
        ("spec", "containers", 0, "env"),
        ("spec", "containers", 1, "args"),
    ]


def test_nothing_to_do() -> None:
    """What is as it is wanted needs no edit."""
    assert field_edits(_BODY, copy.deepcopy(_BODY), _seal) == []


_SCALARS = st.one_of(st.booleans(), st.integers(-9, 9), st.text("ab", max_size=2))
_TREES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3)
    ),
    max_leaves=8,
)
_OBJECTS = st.dictionaries(st.sampled_from(["a", "b", "c"]), _TREES, max_size=3)


def _some_gone(value: Any, data: st.DataObject) -> Any:
    if isinstance(value, dict):
        return {key: _some_gone(one, data) for key, one in value.items()}
    if isinstance(value, list):
        return [GONE if data.draw(st.booleans()) else _some_gone(one, data) for one in value]
    return value


@given(_OBJECTS, _OBJECTS, st.data())
def test_any_object_to_any_other(before: dict[str, Any], other: dict[str, Any], data: st.DataObject) -> None:
    """Whatever is wanted, the edits lead there: another object, or the same one with items of its lists gone."""
    for wanted in (other, _some_gone(before, data)):
        found = edited(before, field_edits(before, wanted, _seal), _KEY)

        assert found == resolved(wanted, before, {0: before})


def test_new_objects_take_values_sealed() -> None:
    """What a new object takes from another one is sealed; what is not there cannot be taken."""
    body = {"kind": "Secret", "stringData": {"a": Taken(0, ("spec", "containers", 0, "env", 1, "value")), "b": "c"}}

    found = written(body, _seal, _BODY)

    assert found.value == {"kind": "Secret", "stringData": {"a": "", "b": "c"}}
    assert [hole.at for hole in found.holes] == [("stringData", "a")]
    assert _VALUE not in repr(found)
    with pytest.raises(Unfit):
        written(Taken(0, ("spec", "nothing")), _seal, _BODY)


def test_values_are_refused() -> None:
    """What would be written down must not hold a value of the cluster, however deep."""
    refuse_values([{"a": ["b", {"c": "d"}]}], [_VALUE])
    with pytest.raises(Unfit, match="hold a value"):
        refuse_values([{"a": ["b", {"c": f"x{_VALUE}y"}]}], [_VALUE])

"""Objects before and after steps, without a cluster."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.plans.build import KEY

from strongroom.crypto.plan_values import seal
from strongroom.errors import PlanError
from strongroom.model.plaintext import Plaintext
from strongroom.model.plan import FieldEdit, FieldPath, Hole
from strongroom.plans.objects import (
    difference,
    edited,
    filled,
    looked_at,
    owned,
    require_path,
    restored,
    touched,
    whole,
)

_SCALARS = st.one_of(st.booleans(), st.integers(-9, 9), st.text("ab", max_size=2))
_KEYS = st.sampled_from(["a", "b", "c"])
_TREES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEYS, inner, max_size=3)),
    max_leaves=8,
)
_OBJECTS = st.dictionaries(_KEYS, _TREES, max_size=3)


def _merged(target: Any, patch: Any) -> Any:
    """Return what RFC 7386 section 2 says of a patch."""
    if not isinstance(patch, dict):
        return patch
    found = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            found.pop(key, None)
        else:
            found[key] = _merged(found.get(key), value)
    return found


@given(_OBJECTS, _OBJECTS)
def test_a_difference_leads_from_one_object_to_the_other(old: dict[str, Any], new: dict[str, Any]) -> None:
    """The merge patch, done as RFC 7386 says, makes the new object of the old one."""
    assert _merged(old, difference(old, new)) == new


def _paths(value: Any, path: FieldPath = ()) -> list[FieldPath]:
    found = [path] if path else []
    if isinstance(value, dict):
        found += [each for key, inner in value.items() for each in _paths(inner, (*path, key))]
    elif isinstance(value, list):
        found += [each for n, inner in enumerate(value) for each in _paths(inner, (*path, n))]
    return found


@given(_OBJECTS, st.data())
def test_restored_after_changes_of_others(before: dict[str, Any], data: st.DataObject) -> None:
    """Going back brings the fields of the step back to the letter, and leaves what others changed besides."""
    chosen = data.draw(st.lists(st.sampled_from(_paths(before) or [("n",)]), max_size=3, unique=True))
    edits = [
        FieldEdit(path, gone=True) if isinstance(path[-1], str) and gone else FieldEdit(path, "new")
        for path in chosen
        if not any(path[:n] in chosen for n in range(1, len(path)))
        for gone in [data.draw(st.booleans())]
    ]
    edits.append(FieldEdit(("made", "deep", "field"), [1]))
    after = edited(before, edits, KEY)
    after["other"] = "of somebody else"

    assert looked_at(before, edits, KEY) != looked_at(after, edits, KEY)
    assert restored(after, before, edits) == {**before, "other": "of somebody else"}


@given(_OBJECTS)
def test_what_is_given_is_not_changed(body: dict[str, Any]) -> None:
    """Objects that are given stay as they are."""
    kept = copy.deepcopy(body)
    edits = [FieldEdit(("new", "deep"), 1), *(FieldEdit((key,), gone=True) for key in body)]

    restored(edited(body, edits, KEY), body, edits)

    assert body == kept


def test_a_map_that_the_step_made_goes_only_when_it_is_empty() -> None:
    """A map that was made on the way goes with the last field in it; one that others use stays."""
    edits = [FieldEdit(("metadata", "labels", "app"), "x")]
    after = edited({"metadata": {}}, edits, KEY)

    assert restored(after, {"metadata": {}}, edits) == {"metadata": {}}
    after["metadata"]["labels"]["their"] = "own"
    assert restored(after, {"metadata": {}}, edits) == {"metadata": {"labels": {"their": "own"}}}


def test_lists_count_as_a_whole() -> None:
    """A step that changes one item of a list looks at the whole list, and at nothing beside it."""
    edits = [FieldEdit(("spec", "list", 1, "a"), 1), FieldEdit(("spec", "list"), []), FieldEdit(("spec", "b"), 1)]

    assert touched(edits) == [("spec", "b"), ("spec", "list")]
    one = {"spec": {"list": [{}, {"a": 0}], "c": 1}}
    other = {"spec": {"list": [{"x": 1}, {"a": 0}], "c": 1}}
    assert looked_at(one, edits, KEY) != looked_at(other, edits, KEY)
    assert looked_at(one, edits, KEY) == looked_at({"spec": {**one["spec"], "c": 2}}, edits, KEY)


def test_values_in_their_places() -> None:
    """Sealed values and fields of the object as it was come into their places."""
    body = {"env": [{"name": "A", "value": "Zq7"}, {"name": "B"}]}
    holes = (Hole((0, "value"), seal(Plaintext("Zq8"), KEY)), Hole((1,), ("env", 0)))

    assert filled([{"value": ""}, None], holes, body, KEY) == [{"value": "Zq8"}, {"name": "A", "value": "Zq7"}]
    assert filled("", (Hole((), ("env", 0, "name")),), body, KEY) == "A"


@pytest.mark.parametrize("hole", [Hole((), ("env", 3)), Hole(("x", 0, "y"), ("env",)), Hole((), ("nothing",))])
def test_what_does_not_fit(hole: Hole) -> None:
    """A value that is not there, or has no place, is an error."""
    with pytest.raises(PlanError, match="does not fit the object"):
        filled({"x": [{}]} if hole.at[1:] == (1,) else {"x": "text"}, (hole,), {"env": []}, KEY)


def test_what_is_the_servers() -> None:
    """What the API server sets and what a controller reports does not tell objects apart."""
    one = {"kind": "Role", "metadata": {"name": "a", "uid": "1", "resourceVersion": "2"}, "status": {"x": 1}}
    other = {"kind": "Role", "metadata": {"name": "a", "generation": 3}}

    assert owned(one) == {"kind": "Role", "metadata": {"name": "a"}}
    assert whole(one, KEY) == whole(other, KEY)
    assert whole(one, KEY) != whole({**one, "rules": []}, KEY)


@pytest.mark.parametrize(
    "path",
    ["", "/metrics", "/api/v1/namespaces/a/secrets", "/api/v1/namespaces/a/secrets/../../x", "/api/v1/nodes/n/proxy/x",
     "/api/v1/namespaces/a/secrets/b?x=1", "/apis/apps/v1/namespaces/a/deployments/..", "/api/v1/secrets/a\n"],
)  # fmt: skip
def test_paths_that_lead_elsewhere(path: str) -> None:
    """A plan from somebody else cannot send requests to anything but one object."""
    with pytest.raises(PlanError, match="cannot be"):
        require_path(path)


@pytest.mark.parametrize(
    "path",
    ["/api/v1/namespaces/a", "/api/v1/namespaces/a/secrets/b.c", "/apis/apps/v1/namespaces/a/deployments/b",
     "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node", "/apis/external-secrets.io/v1beta1/namespaces/a/externalsecrets/b"],
)  # fmt: skip
def test_paths_of_objects(path: str) -> None:
    """The path of an object is taken, in a namespace or in none."""
    require_path(path)

"""Checks over manifests with anything anywhere."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.posture.given import facts_of

from strongroom.model.skipped import Skipped
from strongroom.posture.checks import CHECKS
from strongroom.posture.examine import examine
from strongroom.posture.pages import examples

ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    "",
    "x",
    "/",
    [],
    [None],
    ["x"],
    [[]],
    {},
    {"name": {}},
    {"x": None},
    [{"name": []}],
]


def bodies() -> list[Any]:
    """Return the objects of all YAML examples, the good and the bad."""
    import yaml

    found: list[Any] = []
    for check in CHECKS:
        for example in examples(check.id):
            if str(example.path).endswith(".yaml"):
                found.extend(d for d in yaml.safe_load_all(example.path.read_text("utf-8")) if isinstance(d, dict))
    return found


BODIES = bodies()


def paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the way to every field below a value."""
    children: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*path, key)
        yield from paths(child, (*path, key))


def changed(body: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """Return a copy with another value in one field."""
    new = copy.deepcopy(body)
    holder = new
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    return new


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_no_check_fails(data: st.DataObject) -> None:
    """Whatever one field of a manifest is replaced with, no check fails."""
    body = data.draw(st.sampled_from(BODIES))
    path = data.draw(st.sampled_from([p for p in paths(body) if p[0] not in ("kind", "apiVersion")]))
    odd = data.draw(st.sampled_from(ODD))
    failed: list[Skipped] = []
    examine(facts_of(changed(body, path, odd), body), CHECKS, failed)
    assert failed == []


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_no_check_fails_on_odd_specs(odd: Any) -> None:
    """Objects of every kind whose specification is something else make no check fail."""
    kinds = {(body.get("apiVersion"), body.get("kind")) for body in BODIES}
    parts = ("spec", "data", "metadata", "rules", "subjects", "webhooks", "status", "type")
    made = [
        {"apiVersion": api, "kind": kind, "metadata": {"name": "x", "namespace": "y"}, part: odd}
        for api, kind in sorted(kinds, key=str)
        for part in parts
    ]
    failed: list[Skipped] = []
    examine(facts_of(*made), CHECKS, failed)
    assert failed == []

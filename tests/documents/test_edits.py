"""Editing files: they say what was wanted, and everything else stays byte for byte."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.documents.corpora import manifests

from strongroom.documents.edits import applied, bodies, edits, spans
from strongroom.documents.positions import locate
from strongroom.documents.wanted import GONE, Octal, Replaced, Taken, Unfit
from strongroom.model.origin import FieldPath
from strongroom.model.plan import Copied, Text
from strongroom.model.resource import dig

FILE = b"""\
# the shop's settings
apiVersion: v1
kind: ConfigMap
metadata:
  name: api   # keep
  labels: {}
data:
  HOST: x
  SECRET: 'abc'   # bye
  file: |
    a=1
    b=pw

  last: "z"
---
spec:
  containers:
  - name: a
    args: [--password, hunter2, "--x=hunter2!"]
    env:
    - value: s
      name: K
    # about L
    - name: L
      value: t
"""


def edited(data: bytes, change: Any, *added: Any) -> str:
    """Return a file after a change of its documents."""
    wanted = copy.deepcopy(bodies(data))
    change(wanted)
    return applied(data, edits(data, wanted, added)).decode()


def lines_changed(before: bytes, after: str) -> tuple[list[str], list[str]]:
    """Return the lines that went and the lines that came, in order."""
    old, new = before.decode().splitlines(), after.splitlines()
    return [line for line in old if line not in new], [line for line in new if line not in old]


def test_a_value_keeps_its_quotes_and_its_comment() -> None:
    """A new value is quoted as the one before was, and the comment behind it stays."""
    after = edited(FILE, lambda wanted: wanted[0]["data"].update(SECRET="new", last="y"))
    assert lines_changed(FILE, after) == (
        ["  SECRET: 'abc'   # bye", '  last: "z"'],
        ["  SECRET: 'new'   # bye", '  last: "y"'],
    )


def test_keys_are_renamed_in_place() -> None:
    """A key that comes where another one goes takes its place, its quotes and its comment."""

    def change(wanted: Any) -> None:
        data = wanted[0]["data"]
        wanted[0]["data"] = {"HOST": "x", "PORT": "1", "file": data["file"], "final": "z"}

    assert lines_changed(FILE, edited(FILE, change)) == (
        ["  SECRET: 'abc'   # bye", '  last: "z"'],
        ["  PORT: '1'   # bye", '  final: "z"'],
    )


def test_keys_go_and_come() -> None:
    """A key that goes takes its lines with it; a new one follows the key before it."""

    def change(wanted: Any) -> None:
        data = wanted[0]["data"]
        wanted[0]["data"] = {"HOST": "x", "file": data["file"], "PORT": "1", "last": "z"}

    assert lines_changed(FILE, edited(FILE, change)) == (["  SECRET: 'abc'   # bye"], ['  PORT: "1"'])


def test_what_moves_is_taken_from_the_file() -> None:
    """A value that moves is named by its place, whole or in part; nothing of it is in the text that the edit brings."""

    def change(wanted: Any) -> None:
        del wanted[0]["data"]["SECRET"], wanted[0]["data"]["file"]
        wanted[1]["spec"]["containers"][0]["args"] = ["--password", "$(A)", Replaced(((4, 11, "$(A)"),))]

    wanted = copy.deepcopy(bodies(FILE))
    change(wanted)
    part = Taken(1, ("spec", "containers", 0, "args", 2), 4, 11)
    new = {"stringData": {"S": Taken(0, ("data", "SECRET")), "F": Taken(0, ("data", "file")), "P": part}}
    splices = edits(FILE, wanted, [new])

    brought = "".join(piece.text for one in splices for piece in one.pieces if isinstance(piece, Text))
    assert not any(value in brought for value in ("abc", "pw", "hunter2"))
    assert sum(isinstance(piece, Copied) for one in splices for piece in one.pieces) == 3
    after = applied(FILE, splices)
    assert bodies(after)[2] == {"stringData": {"S": "abc", "F": "a=1\nb=pw\n", "P": "hunter2"}}
    assert b'args: [--password, $(A), "--x=$(A)!"]' in after or b'args: [--password, "$(A)", "--x=$(A)!"]' in after


def test_items_go_and_come() -> None:
    """An item that goes takes its lines with it, comments around it stay, and new items follow the last."""

    def change(wanted: Any) -> None:
        env = wanted[1]["spec"]["containers"][0]["env"]
        env[0] = GONE
        env.append({"name": "M", "value": "1"})

    after = edited(FILE, change)
    assert after.endswith('    env:\n    # about L\n    - name: L\n      value: t\n    - name: M\n      value: "1"\n')


def test_first_key_of_an_item() -> None:
    """The key beside a dash can be renamed, given another value, and taken away."""

    def swap(wanted: Any) -> None:
        wanted[1]["spec"]["containers"][0]["env"][0] = {"valueFrom": {"secretKeyRef": {"name": "s"}}, "name": "K"}

    def drop(wanted: Any) -> None:
        del wanted[1]["spec"]["containers"][0]["env"][0]["value"]

    assert "    - valueFrom:\n        secretKeyRef:\n          name: s\n      name: K\n" in edited(FILE, swap)
    assert "    env:\n    - name: K\n" in edited(FILE, drop)


def test_empty_collections() -> None:
    """What was empty is filled in block style, and what has become empty is written as such."""

    def change(wanted: Any) -> None:
        wanted[0]["metadata"]["labels"]["a"] = "b"
        wanted[0]["data"] = {}
        wanted[1]["spec"]["containers"][0]["env"] = [GONE, GONE]

    after = edited(FILE, change)
    assert "  labels:\n    a: b\ndata: {}\n---\n" in after
    assert after.endswith("    env: []\n")


@pytest.mark.parametrize("head", ["", "---\n"])
@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_several_documents_go(head: str, count: int) -> None:
    """Whichever documents of a file go, the others stay as they are, and a new one follows them."""
    texts = [f"# of {index}\nkind: A{index}\n" for index in range(count)]
    data = (head + "---\n".join(texts)).encode()
    for gone in (set(some) for size in range(1, count + 1) for some in combinations(range(count), size)):
        left = [text for index, text in enumerate(texts) if index not in gone]
        after = applied(data, edits(data, dict.fromkeys(gone, GONE))).decode()
        assert after.removeprefix("---\n") == "---\n".join(left)
        more = applied(data, edits(data, dict.fromkeys(gone, GONE), ({"kind": "New"},)))
        assert [*bodies(more).values()] == [*({"kind": text[-3:-1]} for text in left), {"kind": "New"}]


def test_documents_go_and_come() -> None:
    """A document goes with one separator; new ones follow at the end."""

    def first(wanted: Any) -> None:
        wanted[0] = GONE

    def second(wanted: Any) -> None:
        wanted[1] = GONE

    assert edited(FILE, first) == FILE.decode().partition("---\n")[2]
    assert edited(FILE, second) == FILE.decode().partition("---\n")[0]
    assert edited(b"a: 1", lambda _: None, {"b": [{"c": Octal(0o440)}]}) == "a: 1\n---\nb:\n  - c: 0440\n"


@pytest.mark.parametrize("indent", [None, 1, 2, 4])
def test_json_stays_json(indent: int | None) -> None:
    """In JSON, keys and values are written as JSON, below each other where the file has them so."""
    data = json.dumps({"a": {"b": ["x", "y"], "c": 1}, "d": "e"}, indent=indent).encode()

    def change(wanted: Any) -> None:
        wanted[0]["a"]["b"] = [GONE, "y", {"n": "z"}]
        wanted[0]["a"] = {"b": wanted[0]["a"]["b"], "new": [True], "c": 2}
        wanted[0]["f"] = wanted[0].pop("d")

    expected = {"a": {"b": ["y", {"n": "z"}], "new": [True], "c": 2}, "f": "e"}
    after = edited(data, change)
    assert json.loads(after) == expected
    if indent is None:
        assert after == json.dumps(expected)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a: &x {b: 1}\nc: *x\n", ("c", "b")),  # the anchor's own place would change too
        ("a: &x {b: 1}\nc:\n  <<: *x\n  d: 2\n", ("c", "b")),
    ],
)
def test_what_cannot_be_edited_in_place_is_refused(text: str, path: FieldPath) -> None:
    """Where an edit would change something else as well, or has no plain place, nothing is edited."""

    def change(wanted: Any) -> None:
        holder = dig(wanted[0], path[:-1])
        if isinstance(holder, list):
            holder[path[-1]] = GONE  # type: ignore[index]
        else:
            holder[path[-1]] = {"new": "value"}

    with pytest.raises(Unfit):
        edited(text.encode(), change)


def test_documents_that_cannot_be_read_stay() -> None:
    """A file with a broken document can still be edited elsewhere."""
    data = b"a: 1\n---\n{{ broken\n---\nb: 2\n"
    assert edited(data, lambda wanted: wanted[2].update(b=3)) == "a: 1\n---\n{{ broken\n---\nb: 3\n"


def test_bytes_before_and_between() -> None:
    """A byte order mark and characters of several bytes do not shift what is edited."""
    data = "\ufeff# Grüße 🔑\na: ü\nb: 'é'\n".encode()
    assert edited(data, lambda wanted: wanted[0].update(b="x")) == "\ufeff# Grüße 🔑\na: ü\nb: 'x'\n"


def test_spans() -> None:
    """The place of each value is found, and none for a path that is not there."""
    found = spans(FILE, {0: [("data", "SECRET"), ("data", "none")], 7: [("a",)]})
    assert [FILE[one.start : one.end] for one in found] == [b"'abc'"]


# Over real manifests


def _paths(value: Any, path: FieldPath = ()) -> Iterator[FieldPath]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _paths(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _paths(child, (*path, index))


def _change(body: Any, path: FieldPath, how: str) -> FieldPath:
    """Change a document at a path; return the path whose lines may change: an empty one where lines are only added."""
    holder, step = dig(body, path[:-1]), path[-1]
    value = holder[step]
    if how == "value":
        holder[step] = "a new value: #1"
    elif how == "nested":
        holder[step] = {"valueFrom": {"secretKeyRef": {"name": "n", "key": "k"}}}
    elif how == "gone":
        if isinstance(step, int):
            holder[step] = GONE
        else:
            del holder[step]
        alone = all(one is GONE for one in (holder or ()))
        return path[:-1] if alone else path
    elif how == "more" and isinstance(value, list):
        value.append({"name": "new", "mode": Octal(0o440)})
        return path if len(value) == 1 else ()
    elif isinstance(value, dict):
        value["a-new-key"] = ["x", {"y": "z"}]
        return path if len(value) == 1 else ()
    else:
        holder[step] = 7
    return path


def _check(data: bytes, seed: str) -> bool:
    """Make one random edit of a file and look at every byte; return False where it was refused."""
    chance = random.Random(seed)  # noqa: S311 - a test that can be repeated
    before = bodies(data)
    index = chance.choice([*before])
    wanted = copy.deepcopy(before[index])
    paths = [*_paths(wanted)]
    if not paths:
        return True
    path = chance.choice(paths)
    at = _change(wanted, path, chance.choice(["value", "nested", "gone", "more", "more"]))
    try:
        splices = edits(data, {index: wanted})
    except Unfit:
        return False
    after = applied(data, splices)
    starts = [0, *(i + 1 for i, byte in enumerate(data) if byte == 10)]
    places = locate(data, index)
    touched = [places.key(at), places.of(at)] if at else []
    lines = {line for span in touched if span for line in range(span.line, span.end_line + 1)}
    for splice in splices:
        first, last = (sum(start <= at for start in starts) for at in (splice.start, max(splice.end - 1, splice.start)))
        # a list whose key stands on the line before, an item whose next key moves up: one line either way
        allowed = lines | {line - 1 for line in lines} | {line + 1 for line in lines}
        assert splice.start == splice.end or {first, last} <= allowed, (path, splice)
    if b"\r" not in data:
        crlf = data.replace(b"\n", b"\r\n")
        assert applied(crlf, edits(crlf, {index: wanted})) == after.replace(b"\n", b"\r\n")
    return True


def test_real_manifests() -> None:
    """Random edits of the corpora change lines of the edited field alone, with either kind of line ends."""
    files = [path for path in manifests() if path.stat().st_size < 60_000]
    assert len(files) > 500
    refused = total = 0
    for path in files[::3]:
        data = path.read_bytes()
        if not bodies(data):
            continue
        for round_ in range(2):
            total += 1
            refused += not _check(data, f"{path.name} {round_}")
    assert total > 400
    assert refused / total < 0.03


@given(st.integers(0, 10_000), st.sampled_from(sorted((Path(__file__).parents[2] / "examples/shop").rglob("*.yaml"))))
def test_the_shop(seed: int, path: Path) -> None:
    """Random edits of the example's manifests change lines of the edited field alone."""
    data = path.read_bytes()
    if bodies(data):
        _check(data, str(seed))


@pytest.mark.parametrize(
    ("before", "added"),
    [
        ("a: [x, y]\nb:\n  c: [z]\n", "d: [v, w]\n"),
        ("a:\n  - x\nb:\n  c: [z]\n", "d:\n  - v\n  - w\n"),
        ("a: 1\n", "d:\n  - v\n  - w\n"),
    ],
    ids=["brackets", "as many below each other", "neither"],
)
def test_new_lists_are_written_as_others(before: str, added: str) -> None:
    """A new list of words stands in brackets where the document writes its lists so."""
    data = before.encode()
    wanted = {**bodies(data)[0], "d": ["v", "w"]}
    assert applied(data, edits(data, {0: wanted})).decode() == before + added


def test_characters_that_yaml_does_not_hold() -> None:
    """JSON is read as YAML too: what that would refuse is escaped."""
    data = b'{"a": "x"}'
    after = applied(data, edits(data, {0: {"a": "\x7f\ufffe"}}))
    assert after == b'{"a": "\\u007f\\ufffe"}'

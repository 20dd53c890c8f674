"""Lists are edited in place: items move with their comments, come and go, and everything else stays byte for byte."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.documents.lists import Brought, Edited, Listed, brought, listed
from strongroom.documents.wanted import Unfit
from strongroom.documents.yaml import Document, read
from strongroom.model.plaintext import Plaintext
from strongroom.model.plan import Copied, Sealed, Text

FILE = b"""\
# ours
kind: List  # of keys
keys:
  # the newest
  - name: b
    secret: QkI=   # twice
    # really
  # the oldest
  - name: "a"
    secret: 'QUE='

spare: {}
"""
FRESH = Brought(Plaintext("RlJFU0g="), Sealed(b"sealed"))
NEW: dict[str, object] = {"name": "c", "secret": brought(0)}
HIDDEN = [("keys", 0, "secret"), ("keys", 1, "secret")]


def edited(data: bytes, *items: int | dict[str, object]) -> str:
    """Return a file whose list of keys became these items."""
    return (listed(data, [Listed(("keys",), items)], [FRESH], HIDDEN).after.reveal()).decode()


def test_added() -> None:
    """A new item is written as the others are, and nothing else changes."""
    assert edited(FILE, 0, NEW, 1) == FILE.decode().replace(
        "    # really\n", "    # really\n  - name: c\n    secret: RlJFU0g=\n"
    )


def test_first() -> None:
    """A new first item stands above the comment of the former first one, which is about that."""
    assert edited(FILE, NEW, 0, 1).startswith(
        "# ours\nkind: List  # of keys\nkeys:\n  - name: c\n    secret: RlJFU0g=\n  # the newest\n  - name: b\n"
    )
    single = b"keys:\n\n  # since 2021\n  - name: b\n    secret: QkI=\n"
    assert edited(single, NEW, 0) == (
        "keys:\n\n  - name: c\n    secret: RlJFU0g=\n  # since 2021\n  - name: b\n    secret: QkI=\n"
    )


def test_moved() -> None:
    """An item moves with the comments above it and below it."""
    assert edited(FILE, 1, 0) == (
        "# ours\nkind: List  # of keys\nkeys:\n  # the oldest\n  - name: \"a\"\n    secret: 'QUE='\n"
        "  # the newest\n  - name: b\n    secret: QkI=   # twice\n    # really\n\nspare: {}\n"
    )


def test_removed() -> None:
    """An item goes with its comments, be it the last line of a file without a line end."""
    assert edited(FILE, 1) == (
        "# ours\nkind: List  # of keys\nkeys:\n  # the oldest\n  - name: \"a\"\n    secret: 'QUE='\n\nspare: {}\n"
    )
    assert edited(b"keys:\n- name: b\n  secret: QkI=\n- name: a\n  secret: QUE=", 0) == (
        "keys:\n- name: b\n  secret: QkI=\n"
    )


def test_flow() -> None:
    """Lists in brackets are edited between them, over several lines where they are written so."""
    line = b"keys: [{name: b, secret: QkI=}, {name: a, secret: QUE=}]\n"
    assert edited(line, 0, NEW, 1) == (
        "keys: [{name: b, secret: QkI=}, {name: c, secret: RlJFU0g=}, {name: a, secret: QUE=}]\n"
    )
    assert edited(line, 1, 0) == "keys: [{name: a, secret: QUE=}, {name: b, secret: QkI=}]\n"
    body = {"keys": [{"name": "b", "secret": "QkI="}, {"name": "a", "secret": "QUE="}]}
    pretty = edited(json.dumps(body, indent=2).encode(), 1, NEW)
    assert json.loads(pretty) == {"keys": [body["keys"][1], {"name": "c", "secret": "RlJFU0g="}]}
    assert pretty == json.dumps(json.loads(pretty), indent=2)


def test_carriage_returns() -> None:
    """A file with the line ends of Windows keeps them, and gets no others."""
    found = edited(FILE.replace(b"\n", b"\r\n"), 1, NEW, 0)
    assert found.count("\r\n") == found.count("\n")


def pieces(found: Edited) -> str:
    """Return what the splices bring in clear."""
    return "".join(piece.text for splice in found.splices for piece in splice.pieces if isinstance(piece, Text))


def test_no_value_in_splices() -> None:
    """What the splices hold in clear is neither a value nor a comment, which could have been a value once."""
    found = listed(FILE, [Listed(("keys",), (1, NEW, 0))], [FRESH], HIDDEN)
    assert any(isinstance(piece, Copied) for splice in found.splices for piece in splice.pieces)
    for hidden in ("QkI=", "QUE=", "RlJFU0g=", "#"):
        assert hidden not in pieces(found)


@pytest.mark.parametrize(
    "data",
    [
        b"keys: &k\n- &x {name: a}\n- *x\n",
        b"keys: []\n",
        b"a: 1\n---\nkeys: [1, 2]\n",
        b"keys: [1, 2\n",
        b"- 1\n",
    ],
)
def test_refused(data: bytes) -> None:
    """What cannot be edited in place is refused, and not damaged."""
    with pytest.raises(Unfit):
        listed(data, [Listed(("keys",), (1, 0))])


ITEMS = st.lists(
    st.dictionaries(st.sampled_from("abc"), st.sampled_from(["x", "1", "y z", ""]), min_size=1), min_size=1
)


def block(items: list[dict[str, str]], lead: str, comments: list[str], gap: bool) -> str:
    """Write a list in block style with comments."""
    lines = ["top:", "  keys:"]
    for number, item in enumerate(items):
        if number < len(comments) and comments[number]:
            lines.append(f"{lead}# {comments[number]}")
        entries = [f"{key}: {json.dumps(value)}" for key, value in item.items()]
        lines += [f"{lead}- {entries[0]}", *(f"{lead}  {entry}" for entry in entries[1:])]
        lines += [""] if gap else []
    return "\n".join([*lines, "  after: 1  # end", ""])


@given(
    items=ITEMS,
    lead=st.sampled_from(["  ", "    "]),
    comments=st.lists(st.sampled_from(["", "one", "two"])),
    gap=st.booleans(),
    flow=st.booleans(),
    data=st.data(),
)
def test_any_order(
    items: list[dict[str, str]], lead: str, comments: list[str], gap: bool, flow: bool, data: st.DataObject
) -> None:
    """Whatever is kept, moved and added, the file says it afterwards, and what stands around the list stays."""
    text = block(items, lead, comments, gap)
    if flow:
        text = f"top:\n  keys: {json.dumps(items)}\n  after: 1  # end\n"
    order = data.draw(st.permutations(range(len(items))))
    kept: list[int | dict[str, object]] = [*order[: data.draw(st.integers(1, len(items)))]]
    for at in data.draw(st.lists(st.integers(0, len(items)), max_size=2)):
        kept.insert(at, {"name": "new", "secret": brought(0)})
    found = listed(text.encode(), [Listed(("top", "keys"), tuple(kept))], [FRESH]).after.reveal()
    [document] = read(found)
    assert isinstance(document, Document)
    new = {"name": "new", "secret": "RlJFU0g="}
    assert document.body["top"]["keys"] == [items[one] if isinstance(one, int) else new for one in kept]
    assert found.startswith(b"top:\n  keys:")
    assert found.endswith(b"  after: 1  # end\n")

"""Written objects are read back as they were, by parsers of YAML 1.1 and by that of Kubernetes."""

from __future__ import annotations

import json

import yaml
from hypothesis import given
from hypothesis import strategies as st

from strongroom.documents.yaml import Document, read
from strongroom.files.sealed.emit import as_json, as_yaml

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=60) | st.sampled_from(
    ["yes", "1e3", "0x1", "null", "a: b", "- a", "#", "a\nb", "a\nb\n", "a\n\n", "\n", " a\nb", "a\n  b\n", "12:30:00"]
)
BODIES = st.recursive(
    TEXTS | st.booleans(), lambda inner: st.dictionaries(TEXTS, inner, min_size=1, max_size=4), max_leaves=8
)


@given(st.dictionaries(TEXTS, BODIES, min_size=1, max_size=4))
def test_read_back(body: dict[str, object]) -> None:
    """YAML and JSON give the same object again."""
    for text in (as_yaml(body), as_json(body)):
        (found,) = read(text.encode())
        assert isinstance(found, Document)
        assert found.body == body
    assert json.loads(as_json(body)) == body
    if all(character.isprintable() or character == "\n" for character in as_yaml(body)):
        assert yaml.safe_load(as_yaml(body)) == body


def test_several_lines_stay_readable() -> None:
    """A text of several lines, as a template is, is a block."""
    assert as_yaml({"a": "b: {{ x }}\nc\n"}) == "---\na: |\n  b: {{ x }}\n  c\n"

"""Text from input cannot act on whatever shows it."""

from __future__ import annotations

import csv
import io
import unicodedata
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.report.hostile import NAMES

from strongroom.report import sanitise

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)


@given(ANY_TEXT)
def test_a_line_holds_no_character_that_is_hidden_or_acts(text: str) -> None:
    """Whatever the text, a sanitised line has no control, surrogate, line separator or bidirectional override."""
    shown = sanitise.line(text)
    hidden = {"Cc", "Cs", "Zl", "Zp"}
    assert not [c for c in shown if unicodedata.category(c) in hidden]
    assert not [c for c in shown if unicodedata.bidirectional(c) in {"RLO", "LRO", "RLE", "LRE", "RLI", "LRI", "FSI"}]
    shown.encode()


@given(st.text(st.characters(categories=("L", "N", "P", "Zs"), include_characters=" "), max_size=80))
def test_a_line_of_plain_text_is_unchanged(text: str) -> None:
    """Letters of every script, digits, punctuation and spaces stay as they are."""
    assert sanitise.line(text) == text


def test_hidden_characters_are_shown_by_their_code() -> None:
    """An escape sequence and a bidirectional override are visible as escapes, so that a reader sees the attempt."""
    assert sanitise.line("a\x1b[31mb\u202ec\ud800\U000e0041") == r"a\x1b[31mb\u202ec\ud800\U000e0041"


def test_shortening_keeps_both_ends_and_tells_how_much_is_gone() -> None:
    """A text of 100 characters cut to 30 keeps 20 at its start and 10 at its end, and names the 70."""
    text = "".join(chr(ord("a") + index % 26) for index in range(100))
    assert sanitise.shorten(text, 30) == f"{text[:20]}…(70 more)…{text[-10:]}"
    assert sanitise.shorten(text, 100) == text


@given(ANY_TEXT)
def test_json_text_is_the_same_value_without_raw_invisible_characters(text: str) -> None:
    """Escaping the encoded document does not change what a parser reads from it."""
    text = sanitise.writable(text)
    document = sanitise.json_text(msgspec.json.encode([text]).decode())
    assert msgspec.json.decode(document) == [text]
    assert not [c for c in document if "\x7f" <= c <= "\x9f" or c in "\u2028\u202e\u200b\ufeff"]


@given(ANY_TEXT)
def test_writable_text_encodes(text: str) -> None:
    """Text with lone surrogates becomes text that UTF-8 can carry; other text stays."""
    sanitise.writable(text).encode()
    if not any("\ud800" <= c <= "\udfff" for c in text):
        assert sanitise.writable(text) == text


@given(ANY_TEXT)
def test_xml_text_can_stand_in_a_document(text: str) -> None:
    """No character of the text makes an XML document malformed."""
    ET.fromstring(f"<a>{escape(sanitise.xml_text(text))}</a>")  # noqa: S314  (our own document)


@pytest.mark.parametrize("text", [*NAMES, " =1", "\t=1", "\r=1", "\n=1"])
def test_a_csv_cell_never_starts_a_formula(text: str) -> None:
    """A spreadsheet sees no cell that starts with a character that makes it compute, blanks and all."""
    out = io.StringIO()
    csv.writer(out).writerow([sanitise.csv_cell(text)])
    (cell,) = next(csv.reader(io.StringIO(out.getvalue())))
    assert not cell.lstrip().startswith(("=", "+", "-", "@"))

"""Text and identifiers of the HTML report."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from tests.report import factories as make

from strongroom.report.html_text import Anchors, Prose, place, show


@given(st.lists(st.text(max_size=80), max_size=30))
def test_anchors_never_repeat_and_need_no_escaping(names: list[str]) -> None:
    """Whatever the names are, ids are distinct and hold nothing that a URL or HTML would take otherwise."""
    anchors = Anchors()
    taken = [anchors.take("secret", name) for name in names]
    assert len(set(taken)) == len(taken)
    assert all(re.fullmatch(r"secret[a-z0-9-]*", anchor) for anchor in taken)


def test_an_anchor_made_from_a_number_does_not_meet_a_counted_one() -> None:
    """A name that looks like the second of another one still gets an id of its own."""
    anchors = Anchors()
    assert [anchors.take("secret", name) for name in ("db", "db-2", "db", "DB")] == [
        "secret-db",
        "secret-db-2",
        "secret-db-3",
        "secret-db-4",
    ]


@given(st.text(max_size=2_000))
def test_shown_text_is_short_and_can_be_written(text: str) -> None:
    """Shown text is one line, encodable, without control characters, and bounded."""
    shown = show(text, 50)
    shown.encode("utf-8")
    assert len(shown) <= 10 * 70
    assert not re.search("[\x00-\x1f\x7f-\x9f\ufffe\uffff]", shown)


def test_a_place_is_written_as_editors_open_it() -> None:
    """Path, line and column; the source where there is no path; the field where no line was looked up."""
    assert place(make.origin("a.yaml", 3, 4)) == "a.yaml:3:4"
    assert place(make.origin("", 3, 4)) == "deploy/:3:4"
    assert place(make.origin("a.yaml", 1, 1, field=("data", "a.b"), inner="c")) == 'a.yaml data["a.b"] → c'
    assert place(make.origin("a.yaml", 1, 1)) == "a.yaml:1:1"


def test_prose_renders_what_checks_write() -> None:
    """Paragraphs, code and links become HTML; a link sends no referrer."""
    rendered = Prose().html("Mount it as a `file`.\n\n- [CIS](https://www.cisecurity.org/)")
    assert "<p>Mount it as a <code>file</code>.</p>" in rendered
    assert '<a rel="noreferrer" href="https://www.cisecurity.org/">CIS</a>' in rendered


def test_prose_has_no_html_no_picture_and_no_script_of_its_own() -> None:
    """Raw HTML is text, pictures are not fetched, and a link that would run something is none."""
    rendered = Prose().html("<b onclick=x>bold</b> ![pixel](https://evil.example/p.png) [run](javascript:alert(1))")
    assert "<b" not in rendered
    assert "<img" not in rendered
    assert 'href="javascript' not in rendered

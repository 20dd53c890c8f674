"""Markdown for a comment: short, folded, and inert whatever the names are."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt
from tests.report import factories as make
from tests.report import hostile, shop, snapshot

from strongroom.model.finding import Severity
from strongroom.model.report import Report
from strongroom.report import markdown


def rendered(report: Report) -> str:
    """Return the whole comment."""
    return "".join(markdown.render(report))


class Elements(HTMLParser):
    """Collects the elements and the text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element's name and that it has no attribute of its own."""
        self.names.append(tag)
        assert all(name in {"start", "style"} for name, _ in attrs), attrs

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.text += data


def page_of(report: Report) -> Elements:
    """Return the elements that a reader of GitHub-flavoured Markdown sees."""
    parser = MarkdownIt("gfm-like", {"html": True, "linkify": False})
    elements = Elements()
    elements.feed(parser.render(rendered(report)))
    return elements


def test_the_report_of_a_small_platform() -> None:
    """The whole comment reads as the snapshot does."""
    snapshot.check("report.md", rendered(shop.build()))


def test_names_cannot_make_elements() -> None:
    """Rendered with HTML allowed, a report of hostile names has only the elements of an ordinary one."""
    ours = set(page_of(shop.build()).names) | {"sub"}
    theirs = set(page_of(hostile.report()).names)
    assert theirs <= ours, theirs - ours


def test_every_row_keeps_its_cells() -> None:
    """A name with a bar or a line break does not tear the table apart: each finding is one row of three cells."""
    names = page_of(hostile.report()).names
    assert names.count("td") == 3 * (names.count("tr") - names.count("th") // 3)


@pytest.mark.parametrize(
    "text", ["@octocat", "#12", "https://evil.example", "www.evil.example", "$x$", "a|b", "- x", "1. x"]
)
def test_nothing_becomes_a_link_a_mention_or_a_list(text: str) -> None:
    """What GitHub would act on stands as an entity, and is read as it was written."""
    escaped = markdown.escaped(text)
    assert escaped != text
    shown = Elements()
    shown.feed(MarkdownIt("gfm-like", {"linkify": False}).render(escaped))
    assert shown.names == ["p"]
    assert shown.text.strip() == text


def test_a_comment_fits() -> None:
    """Ten thousand findings, or names of 100,000 characters, give a comment that GitHub still takes."""
    for report in (hostile.large(10_000), hostile.report()):
        assert len(rendered(report)) <= markdown.MOST_CHARACTERS


def test_what_does_not_fit_is_counted() -> None:
    """Findings of checks that do not fit are counted in one line."""
    long = "word " * 60
    report = make.report(
        *(
            make.finding(f"check-{n:03}", message=f"{long} {m}", at=make.origin(line=m + 1))
            for n in range(30)
            for m in range(20)
        )
    )
    shown = rendered(report)
    assert len(shown) <= markdown.MOST_CHARACTERS
    held = sum(f"<code>check-{n:03}</code>" in shown for n in range(30))
    assert 0 < held < 30
    assert f"_{(30 - held) * 20:,} further findings are in the full report._" in shown


def test_the_verdict_comes_first() -> None:
    """The first line says whether the run failed."""
    assert rendered(make.report(make.finding())).startswith("### Strongroom: failed\n")
    assert rendered(make.report(make.finding(severity=Severity.LOW))).startswith("### Strongroom: passed\n")
    assert "No findings." in rendered(make.report())

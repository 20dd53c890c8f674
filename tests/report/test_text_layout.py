"""Paragraphs wrap inside the terminal and hang under their labels."""

from __future__ import annotations

from strongroom.report.terminal import Terminal
from strongroom.report.text_layout import NARROWEST, Layout


def test_further_lines_hang_under_the_first_word() -> None:
    """A wrapped paragraph is indented by the width of its label."""
    layout = Layout(Terminal(width=40))
    text = layout.put("one two three four five six seven eight nine", lead="label  ")
    assert text == "label  one two three four five six seven\n       eight nine\n"


def test_a_terminal_that_is_too_narrow_is_treated_as_the_narrowest() -> None:
    """Below forty columns lines are made for forty, rather than for a column of single letters."""
    assert Layout(Terminal(width=5)).width == NARROWEST


def test_parts_may_be_empty() -> None:
    """Empty parts vanish, and a paragraph of nothing is an empty line."""
    layout = Layout(Terminal())
    assert layout.put("", ("", "bold"), "x") == "x\n"
    assert layout.put() == "\n"


def test_count_says_how_many_lines_a_paragraph_takes() -> None:
    """The count agrees with what is written."""
    layout = Layout(Terminal(width=40))
    words = "one two three four five six seven eight nine ten"
    assert layout.count(words, indent=4) == layout.put(words, lead="    ").count("\n")


def test_styles_colour_only_a_terminal_that_has_colours() -> None:
    """A style writes escape sequences for a colour terminal and nothing else for others."""
    assert Layout(Terminal()).put(("x", "bold")) == "x\n"
    assert Layout(Terminal(colour=True)).put(("x", "bold")) == "\x1b[1mx\x1b[0m\n"

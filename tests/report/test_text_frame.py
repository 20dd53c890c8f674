"""The mark of a code frame stands under what the finding is about."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from tests.report import factories as make

from strongroom.report.text_frame import frame


def shown(line: str, column: int, end: int = 0, number: int = 7, width: int = 80) -> list[str]:
    """Return the lines of the frame of a finding at columns of a line."""
    place = make.origin(line=number, column=column, end_line=number if end else 0, end_column=end)
    return [text.plain for text in frame(make.finding(at=place, frame=line), 4, width)]


def test_the_mark_spans_the_place() -> None:
    """The marks start at the column and end before the exclusive end; the line loses its indentation."""
    assert shown("      password: '****'", 17, 23) == [
        "    7 │ password: '****'",
        "      │           ^^^^^^",
    ]


def test_without_an_end_the_rest_of_the_line_is_marked() -> None:
    """Where only the start is known, the marks run to the end of the line."""
    assert shown("key: ****", 6, 0) == ["    7 │ key: ****", "      │      ^^^^"]


def test_a_column_beyond_the_line_has_no_mark() -> None:
    """A masked line may be shorter than the file's: then the line stands alone."""
    assert shown("key: *", 40, 50) == ["    7 │ key: *"]


def test_no_frame_no_lines() -> None:
    """A finding without a line has no frame."""
    assert shown("", 1) == []
    assert shown("   ", 1) == []
    assert shown("  ••••••", 3) == []


def test_wide_characters_are_counted_as_two_columns() -> None:
    """A mark under a place that follows wide characters stands where the terminal shows the place."""
    line, marks = shown("名前: ****", 5, 9)
    assert cell_len(line[: line.index("*")]) == marks.index("^")


def test_a_long_line_is_shown_around_the_place() -> None:
    """Of a minified file's line the neighbourhood of the place is shown, and what is left out is marked as such."""
    line, marks = shown("x" * 5_000 + "SECRET" + "y" * 5_000, 5_001, 5_007)
    assert cell_len(line) <= 80
    assert line[marks.index("^") : marks.rindex("^") + 1] == "SECRET"
    assert line.count("…") == 2


@given(
    st.text(st.characters(exclude_categories=()), max_size=200),
    st.integers(1, 220),
    st.integers(0, 240),
    st.integers(40, 120),
)
def test_no_frame_is_wider_than_the_terminal(line: str, column: int, end: int, width: int) -> None:
    """Whatever stands in the line and wherever the place is, the frame fits and its marks stand under characters."""
    lines = shown(line, column, end, 123, width)
    assert all(cell_len(one) <= width for one in lines)
    if len(lines) == 2:
        assert cell_len(lines[1]) <= cell_len(lines[0])

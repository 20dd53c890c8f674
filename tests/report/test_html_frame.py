"""The line of a file in the HTML report."""

from __future__ import annotations

from tests.report import factories as make

from strongroom.report.html_frame import AFTER, BEFORE, FURTHER_LINES, MARKED, frame_of


def test_the_place_is_set_apart_and_the_indentation_is_gone() -> None:
    """The columns of the finding cut the line into what stands before, at and after its place."""
    at = make.origin(line=7, column=16, end_line=7, end_column=24)
    frame = frame_of(make.finding(at=at, frame="    password: '********' # old"))
    assert frame is not None
    assert (frame.number, frame.before, frame.marked, frame.after) == (7, "password: '", "********", "' # old")


def test_without_an_end_the_rest_of_the_line_is_marked() -> None:
    """Where only the start is known, the place goes on to the end of the line."""
    frame = frame_of(make.finding(at=make.origin(line=7, column=5), frame="    secretKeyRef:  "))
    assert frame is not None
    assert (frame.before, frame.marked, frame.after) == ("", "secretKeyRef:", "")


def test_a_finding_without_a_frame_has_none() -> None:
    """An empty frame is no frame."""
    assert frame_of(make.finding(frame="")) is None
    assert frame_of(make.finding(frame=" \n ")) is None


def test_a_column_beyond_the_line_marks_nothing() -> None:
    """A masked line may be shorter than the file's; the frame still shows it."""
    frame = frame_of(make.finding(at=make.origin(line=1, column=90, end_line=1, end_column=99), frame="  a: ****"))
    assert frame is not None
    assert frame.before.endswith("a: ****")
    assert frame.marked == ""


def test_a_line_of_a_megabyte_is_shown_around_its_place() -> None:
    """Only the neighbourhood of the place is kept, with a mark where text is missing."""
    line = "x" * 500_000 + "********" + "y" * 500_000
    at = make.origin(line=1, column=500_001, end_line=1, end_column=500_009)
    frame = frame_of(make.finding(at=at, frame=line))
    assert frame is not None
    assert (frame.before, frame.marked, frame.after) == ("…" + "x" * BEFORE, "********", "y" * AFTER + "…")


def test_further_lines_are_numbered_and_bounded() -> None:
    """A frame of many lines shows the first ones with their numbers, without the common indentation."""
    frame = frame_of(make.finding(at=make.origin(line=3, column=3), frame="  a: |\n" + "    b\n" * 50))
    assert frame is not None
    assert frame.further[0] == (4, "  b")
    assert len(frame.further) == FURTHER_LINES
    assert all(len(text) < 2 * MARKED for _, text in frame.further)

"""The text report: calm, complete, at most as wide as the terminal."""

from __future__ import annotations

import re

import pytest
from rich.cells import cell_len
from tests.report import factories as make
from tests.report import hostile, shop, snapshot

from strongroom.model.finding import Practice, Related, Severity
from strongroom.model.report import Report
from strongroom.model.skipped import Coverage
from strongroom.report import text
from strongroom.report.terminal import Terminal

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def rendered(report: Report, terminal: Terminal = Terminal()) -> str:  # noqa: B008  (a frozen tuple)
    """Return the whole report as one text."""
    return "".join(text.render(report, terminal))


@pytest.mark.parametrize(
    ("name", "terminal"),
    [
        ("report.txt", Terminal()),
        ("report-colour.txt", Terminal(colour=True)),
        ("report-ascii.txt", Terminal(unicode=False)),
        ("report-120-verbose.txt", Terminal(width=120, verbose=True)),
    ],
)
def test_the_report_of_a_small_platform(name: str, terminal: Terminal) -> None:
    """The whole report reads as the snapshot does."""
    snapshot.check(name, rendered(shop.build(), terminal))


def test_the_report_of_a_clean_run() -> None:
    """A run without findings says so, says what was read, and that the exit code is 0."""
    snapshot.check("clean.txt", rendered(make.report()))


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    """At any width, with hostile names and long paths, no line takes more columns than there are."""
    for report in (shop.build(), hostile.report()):
        for line in rendered(report, Terminal(width=width, verbose=True)).splitlines():
            assert cell_len(line) <= width, line


def test_no_line_ends_with_a_space() -> None:
    """Piped output has no trailing blanks that a diff or an editor would show."""
    assert not [line for line in rendered(shop.build()).splitlines() if line != line.rstrip()]


def test_a_long_path_is_folded_and_not_cut() -> None:
    """A path longer than a line is spread over several, and every character of it is there."""
    path = "/".join(f"folder-{n}" for n in range(30)) + "/config.yaml"
    shown = rendered(make.report(make.finding(at=make.origin(path))))
    assert f"{path}:7:16" in re.sub(r"\s+", "", shown)


def test_a_long_path_is_folded_after_slashes() -> None:
    """The names of folders and files stay whole where they fit a line."""
    path = "/".join(f"folder-{n:02}" for n in range(30)) + "/config.yaml"
    shown = rendered(make.report(make.finding(at=make.origin(path))))
    lines = [line.strip() for line in shown.splitlines() if "folder-" in line]
    assert all(line.endswith(("/", "config.yaml:7:16  fp", "config.yaml:7:16")) for line in lines)


def test_notes_that_say_the_same_are_drawn_together() -> None:
    """A hundred kustomize roots that were built alike take two lines, unless everything is asked for."""
    notes = tuple(f"base-{n:03}/kustomization.yaml: built by kustomize" for n in range(100))
    report = make.report(coverage=Coverage(files=100, notes=notes))
    assert "built by kustomize: base-000/kustomization.yaml," in rendered(report)
    assert "and 98 more" in rendered(report)
    assert rendered(report, Terminal(verbose=True)).count("built by kustomize") == 100


def test_colour_changes_nothing_but_colour() -> None:
    """Without its colours the coloured report is the plain one."""
    assert COLOUR.sub("", rendered(shop.build(), Terminal(colour=True))) == rendered(shop.build())


def test_the_environment_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the given terminal decides: variables that rich would read change neither width nor colour."""
    before = rendered(shop.build()), rendered(shop.build(), Terminal(colour=True))
    for name, value in (("COLUMNS", "33"), ("NO_COLOR", "1"), ("FORCE_COLOR", "1"), ("TERM", "dumb")):
        monkeypatch.setenv(name, value)
    assert (rendered(shop.build()), rendered(shop.build(), Terminal(colour=True))) == before


def test_ascii_output_is_ascii() -> None:
    """Where the output's encoding cannot carry lines and dots, everything is written in ASCII."""
    assert rendered(hostile.report(), Terminal(unicode=False)).isascii()


def test_fifty_similar_findings_do_not_flood() -> None:
    """Of fifty findings of one check in one file, three are shown and the others are summed up with their lines."""
    report = make.report(*(make.finding(at=make.origin(line=n)) for n in range(1, 51)))
    shown = rendered(report)
    assert shown.count("deploy/config.yaml:") == 3
    assert "and 47 more in deploy/config.yaml, lines 4, 5, 6" in shown
    assert rendered(report, Terminal(verbose=True)).count("deploy/config.yaml:") == 50


def test_many_files_do_not_flood() -> None:
    """Of a check's findings in forty files, ten files are shown and the others are counted."""
    report = make.report(*(make.finding(at=make.origin(f"deploy/{n:02}.yaml")) for n in range(40)))
    shown = rendered(report)
    assert shown.count(".yaml:7:16") == 10
    assert "and 30 more in 30 further files (--verbose lists them)" in " ".join(shown.split())


def test_what_to_do_first_takes_at_most_ten_lines() -> None:
    """The opening list keeps to ten lines at 80 columns, wrapped lines included."""
    names = [make.resource(name=f"{'long-name-' * 6}{n}") for n in range(30)]
    report = make.report(*(make.finding(f"check-{n:02}", about=about) for n, about in enumerate(names)))
    opening = rendered(report).split("\n\n", 1)[0].splitlines()
    assert opening[0] == "Do first"
    assert 5 < len(opening) <= 11


def test_practices_keep_their_order_and_checks_the_worst_first() -> None:
    """Sections follow the order of the practices; inside one, the check with the worst finding stands first."""
    shown = rendered(
        make.report(
            make.finding("z-check", practice=Practice.ACCESS, severity=Severity.CRITICAL),
            make.finding("a-check", practice=Practice.ACCESS, severity=Severity.LOW),
            make.finding("b-check", practice=Practice.PLAINTEXT, severity=Severity.LOW),
        )
    )
    places = [shown.index(word) for word in (Practice.PLAINTEXT.title, "  b-check", Practice.ACCESS.title)]
    assert places == sorted(places)
    assert shown.index("  z-check") < shown.index("  a-check")


def test_an_object_is_named_once() -> None:
    """The object stands before the message unless the message names it."""
    shown = rendered(
        make.report(
            make.finding(message="key A holds a password"),
            make.finding(message="ConfigMap shop/api-config holds a password", at=make.origin(line=9)),
        )
    )
    assert "ConfigMap shop/api-config: key A holds a password" in shown
    assert "ConfigMap shop/api-config: ConfigMap" not in shown


def test_further_places_are_listed_up_to_three() -> None:
    """Related places follow a finding; more than three are counted unless everything is asked for."""
    related = [Related(make.origin(f"other-{n}.yaml"), "the same value") for n in range(5)]
    report = make.report(make.finding(related=related))
    assert rendered(report).count("also other-") == 3
    assert "and 2 further places" in rendered(report)
    assert rendered(report, Terminal(verbose=True)).count("also other-") == 5


@pytest.mark.parametrize(
    ("severity", "fail_on", "expected"),
    [
        (Severity.HIGH, Severity.HIGH, "Exit 1: high or worse was found."),
        (Severity.MEDIUM, Severity.HIGH, "Exit 0: nothing high or worse."),
        (Severity.INFO, Severity.INFO, "Exit 1: info or worse was found."),
    ],
)
def test_the_verdict_says_what_the_exit_code_means(severity: Severity, fail_on: Severity, expected: str) -> None:
    """The last sentence names the exit code and the threshold behind it."""
    shown = rendered(make.report(make.finding(severity=severity), fail_on=fail_on))
    assert " ".join(shown.split()).endswith(expected)


def test_markup_in_names_is_text() -> None:
    """A name that looks like the terminal library's markup or an emoji code is shown as it is written."""
    about = make.resource(name="[red]x[/red] :bomb:")
    assert "[red]x[/red] :bomb:" in rendered(make.report(make.finding(about=about)), Terminal(colour=True))


def test_ten_thousand_findings_stay_readable() -> None:
    """The report of 10,000 findings has hundreds of lines, not tens of thousands, and says what it leaves out."""
    shown = rendered(hostile.large(10_000))
    assert len(shown.splitlines()) < 1_500
    assert "10,000 findings" in shown
    assert "--verbose lists them" in shown

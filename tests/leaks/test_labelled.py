"""The scan on the labelled files: what is marked is found, and nothing else is reported."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from tests.leaks.fakes import fake
from tests.leaks.labelled_files import FOLDER, Case, Lines, Score, all_cases, score

from strongroom.leaks.library import PASSWORD_RULES
from strongroom.model.finding import Confidence
from strongroom.model.origin import Origin
from strongroom.model.place import Nature
from strongroom.survey.scanning.blobs import Blobs

CASES = all_cases()
CATEGORIES = sorted({case.category for case in CASES})
LOWEST = 0.98


@pytest.fixture(scope="module")
def scores() -> Mapping[str, Score]:
    """What the scan makes of each case, by its label."""
    blobs = Blobs(b"\x07" * 32)
    return {case.label: score(case.written(), _reported(blobs, case)) for case in CASES}


def _reported(blobs: Blobs, case: Case) -> set[Lines]:
    hits = blobs.look(case.file, case.written().text.encode(), Origin("labelled", case.file))
    return {
        Lines(h.origin.line, h.origin.line) for h in hits if h.nature is Nature.SECRET and h.confidence > Confidence.LOW
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_a_labelled_file_is_what_its_label_says(case: Case, scores: Mapping[str, Score]) -> None:
    """Every mark is found and no other line is reported, unless the case says why it is known to fail."""
    got = scores[case.label]
    assert bool(got.missed or got.wrong) == bool(case.fails), got


@pytest.mark.parametrize("category", CATEGORIES)
def test_recall_and_precision_hold_in_each_category(category: str, scores: Mapping[str, Score]) -> None:
    """In each category at least 98 % of the marks are found, and 98 % of what is reported is marked."""
    total = Score()
    for case in CASES:
        if case.category == category:
            total = total.plus(scores[case.label])
    assert total.recall >= LOWEST, total
    assert total.precision >= LOWEST, total


def test_the_set_is_large_and_balanced() -> None:
    """There are at least three hundred cases; those that hold no secret at all are three in ten or more."""
    assert len(CASES) >= 300
    assert sum(not case.written().secret for case in CASES) >= 0.3 * len(CASES)
    assert len({case.label for case in CASES}) == len(CASES)


def test_few_cases_are_known_to_fail() -> None:
    """Failures stay in the set, and are no more than two in a hundred."""
    assert sum(bool(case.fails) for case in CASES) <= 0.02 * len(CASES)


def test_made_up_credentials_are_the_same_every_time() -> None:
    """The same kind and number give the same text, another number another."""
    assert fake("github", 1) == fake("github", 1) != fake("github", 2)


def test_no_file_of_the_set_holds_a_credential_itself() -> None:
    """The cases as they are kept give the scan nothing that a provider issues: credentials are made when they are read."""
    blobs = Blobs(b"\x07" * 32)
    for path in FOLDER.glob("*.yaml"):
        hits = blobs.look(f"{path.name}.txt", path.read_bytes(), Origin("labelled", path.name))
        sure = [h for h in hits if h.nature is Nature.SECRET and h.confidence is Confidence.HIGH]
        assert [(h.rule, h.origin.line) for h in sure if h.rule not in PASSWORD_RULES] == []

"""Recognition on labelled values: each case says what it is, how sure that is, and why."""

from __future__ import annotations

import pytest
from tests.leaks.labelled_values import Case, all_cases, sightings_of

from strongroom.leaks.recognise import Recogniser
from strongroom.model.finding import Confidence
from strongroom.model.place import Nature, Sighting

CASES = all_cases()


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    """A recogniser with the library's rules."""
    return Recogniser()


@pytest.mark.parametrize("case", CASES, ids=Case.label)
def test_a_labelled_value_is_what_its_label_says(case: Case, recogniser: Recogniser) -> None:
    """A labelled value gets the nature, the confidence, the rule and the weakness that its label names."""
    sightings = sightings_of(recogniser, case)
    secrets = [s for s in sightings if s.nature is Nature.SECRET]
    if case.is_ == "nothing":
        assert secrets == []
        return
    found = [s for s in sightings if s.nature.value == case.is_]
    assert len(found) == 1 or (case.several and found), sightings
    if case.is_ != "secret":
        assert secrets == []
    if case.sure is not None:
        assert found[0].confidence.label == case.sure
    if case.rule is not None:
        assert found[0].rule == case.rule
    if case.weak is not None:
        assert found[0].weak == case.weak


def test_recall_and_precision_hold_on_the_whole_set(recogniser: Recogniser) -> None:
    """Of the labelled secrets at least 98 % are seen, and of what is reported with confidence at least 98 % is a secret."""
    true = false = missed = 0
    for case in CASES:
        sure = [s for s in sightings_of(recogniser, case) if _is_reported(s)]
        expected = case.is_ == "secret" and case.sure != "low"
        true += expected and bool(sure)
        missed += expected and not sure
        false += bool(sure) and case.is_ != "secret"
    assert true >= 0.98 * (true + missed)
    assert true >= 0.98 * (true + false)


def _is_reported(sighting: Sighting) -> bool:
    return sighting.nature is Nature.SECRET and sighting.confidence > Confidence.LOW


def test_the_set_is_large_and_half_of_it_is_no_secret() -> None:
    """The set has at least two hundred cases, and at least half of them must not be reported."""
    assert len(CASES) >= 200
    assert sum(case.is_ != "secret" for case in CASES) >= len(CASES) / 2


def test_no_case_shows_its_value(recogniser: Recogniser) -> None:
    """The representation of a sighting or a candidate never holds the value."""
    for case in CASES:
        if case.is_ == "secret" and len(case.value) > 5 and case.value != case.name:
            assert case.value not in repr(sightings_of(recogniser, case))

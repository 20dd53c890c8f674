"""Words that several formats share."""

from __future__ import annotations

import pytest
from tests.report import factories as make

from strongroom.model.resource import ResourceId
from strongroom.report.wording import plural, sentence


@pytest.mark.parametrize(
    ("number", "expected"), [(0, "0 files"), (1, "1 file"), (2, "2 files"), (12_000, "12,000 files")]
)
def test_numbers_have_their_nouns(number: int, expected: str) -> None:
    """One file, and everything else in the plural, thousands separated."""
    assert plural(number, "file") == expected


def test_an_irregular_plural_is_given() -> None:
    """Where adding an s is wrong, the plural is given."""
    assert plural(2, "entry", "entries") == "2 entries"


@pytest.mark.parametrize(
    ("resource", "message", "expected"),
    [
        (make.resource(), "KEY holds a token", "ConfigMap shop/api-config: KEY holds a token"),
        (make.resource("Namespace", "shop", ""), "namespace shop holds secrets", "namespace shop holds secrets"),
        (make.resource("Policy", "", ""), "the log holds bodies", "Policy: the log holds bodies"),
    ],
)
def test_a_sentence_names_its_object_once(resource: ResourceId, message: str, expected: str) -> None:
    """The object stands in front where the message does not name it; one without a name is called by its kind."""
    assert sentence(make.finding(about=resource, message=message)) == expected

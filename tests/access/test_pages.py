"""The pages of ways."""

from __future__ import annotations

import pytest

from strongroom.access.edges import WAYS
from strongroom.access.pages import example, markdown, sections


def test_page_of_a_way() -> None:
    """A page begins with the id, has its sections, and shows both clusters before the references."""
    way = next(way for way in WAYS if way.id == "secrets-get")
    page = markdown(way)

    assert page.startswith("# secrets-get\n\nGetting a Secret")
    assert page.index("## Needs") < page.index("## Closed") < page.index("## Example") < page.index("## References")
    assert page.count("kind: RoleBinding") == 2
    assert "`serviceaccount/outside/attacker` reaches `secret/vault/crown-jewel`" in page
    assert "``" not in page.replace("```", "")


def test_headings_inside_a_fence_are_no_sections() -> None:
    """Every section of every page is one that a reader sees as a heading."""
    for way in WAYS:
        assert set(sections(way)) <= {"", "Needs", "Exploited", "Closed", "Demonstrated", "References"}


def test_an_example_says_who_reaches_what() -> None:
    """An example gives attacker and target apart from its manifests; a way has only these two examples."""
    found = example(WAYS[0], "setup")

    assert found.attacker
    assert found.reaches
    assert not found.manifests.startswith("#")
    with pytest.raises(FileNotFoundError):
        example(WAYS[0], "other")

"""The standards as data."""

from __future__ import annotations

from importlib import resources

import pytest

from strongroom.posture.checks import CHECKS
from strongroom.posture.standards import FILES, load


def test_every_file_is_listed() -> None:
    """No file of controls lies beside the list."""
    folder = resources.files("strongroom.posture.standards")

    assert tuple(sorted(p.name for p in folder.iterdir() if p.name.endswith(".toml"))) == FILES


def test_controls_are_complete() -> None:
    """Every control has a title, a standard with its version, and an address where the standard is published."""
    for key, control in load().items():
        assert control.id == key
        assert control.title.strip() == control.title != ""
        assert not control.title.endswith(".")
        assert any(character.isdigit() for character in control.standard)
        assert control.url.startswith("https://")


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("CIS-1.2.27", "encryption-provider-config"),
        ("CIS-5.1.2", "access to secrets"),
        ("CIS-5.4.1", "files over"),
        ("NSA-secrets", "Secrets"),
        ("OWASP-K03", "Secrets Management Failures"),
        ("PCI-8.6.2", "hard coded"),
    ],
)
def test_keys_mean_what_the_standard_says(key: str, words: str) -> None:
    """The keys that checks use most stand for the right controls."""
    assert words in load()[key].title


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_checks_name_controls_that_exist(check) -> None:  # type: ignore[no-untyped-def]
    """A check answers to controls of the files, each named once."""
    assert set(check.standards) <= set(load())
    assert len(set(check.standards)) == len(check.standards)

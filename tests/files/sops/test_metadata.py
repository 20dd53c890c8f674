"""The metadata of a file: from what stands there, and back."""

from __future__ import annotations

from typing import Any

import pytest
from tests.files.sops import made
from tests.support import sops

from strongroom.errors import DocumentError
from strongroom.files.sops.formats.flat import flattened, unflattened
from strongroom.files.sops.metadata import from_mapping, same_keys, to_mapping
from strongroom.files.sops.selection import Selection


def _body() -> dict[str, Any]:
    metadata = made.opened(made.encrypted(b"a: b\n", "yaml"), "yaml").metadata
    return to_mapping(metadata)


def test_there_and_back() -> None:
    """Nothing is lost, and the parts stand in the order in which sops writes them."""
    body = _body()

    assert to_mapping(from_mapping(body)) == body
    assert list(body) == ["age", "lastmodified", "mac", "unencrypted_suffix", "version"]


def test_sops_writes_the_same_lines() -> None:
    """But for the key, the time and the MAC, the text of the metadata is that of sops."""

    def lines(data: bytes) -> list[str]:
        text = data.decode().split("sops:\n")[1]
        return [
            line
            for line in text.splitlines()
            if not line.startswith(" " * 12) and "mac:" not in line and "modified" not in line
        ]

    assert lines(made.encrypted(b"a: b\n", "yaml")) == lines(sops.encrypt(b"a: b\n", "yaml"))


@pytest.mark.parametrize("form", ["dotenv", "ini"])
def test_flat_formats_have_the_names_of_sops(form: str) -> None:
    """Names and texts are those of sops."""
    plain = b"A=b\n" if form == "dotenv" else b"[a]\nb = c\n"

    def names(data: bytes) -> list[bytes]:
        return sorted(
            line.split(b"=")[0].strip() for line in data.splitlines() if b"age__" in line or b"version" in line
        )

    assert names(made.encrypted(plain, form)) == names(sops.encrypt(plain, form))


def test_flattening_is_undone() -> None:
    """Lists, mappings and lines survive."""
    body = {"key_groups": [{"age": [{"enc": "a\nb"}], "hc_vault": []}, {"kms": [{"context": {"x": "y"}}]}], "mac": "m"}
    flat = flattened(body)

    assert flat["key_groups__list_0__map_age__list_0__map_enc"] == "a\\nb"
    assert unflattened(flat.items()) == {
        "key_groups": [{"age": [{"enc": "a\nb"}]}, {"kms": [{"context": {"x": "y"}}]}],
        "mac": "m",
    }


@pytest.mark.parametrize(
    "names", [["a", "a__map_b"], ["a__list_0", "a__map_b"], ["a__list_1"], ["a__list_99999999"], ["a__list_x"]]
)
def test_flat_names_that_contradict_themselves_are_refused(names: list[str]) -> None:
    """Nothing is guessed."""
    with pytest.raises(DocumentError):
        unflattened([(name, "x") for name in names])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"age": None}, "name no key"),
        ({"age": "x"}, "no list"),
        ({"age": [{"recipient": 1}]}, "age"),
        ({"lastmodified": "yesterday"}, "no time"),
        ({"lastmodified": None}, "no text"),
        ({"mac": 1}, "no text"),
        ({"encrypted_regex": "x"}, "more than one selection"),
        ({"shamir_threshold": -1}, "number of groups"),
        ({"shamir_threshold": "many"}, "number of groups"),
        ({"mac_only_encrypted": "maybe"}, "neither true nor false"),
        ({"age": None, "key_groups": [1]}, "no list of groups"),
    ],
)
def test_metadata_of_another_form_are_refused(change: dict[str, Any], reason: str) -> None:
    """The error names the part."""
    with pytest.raises(DocumentError, match=reason):
        from_mapping({**_body(), **change})


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-01-02T03:04:05+00:00", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05+02:00", "2026-01-02T03:04:05+02:00"),
    ],
)
def test_the_time_is_as_go_writes_it_again(text: str, read: str) -> None:
    """That form is what the MAC was authenticated with."""
    assert from_mapping({**_body(), "lastmodified": text}).lastmodified == read


def test_what_lasts_over_a_change() -> None:
    """MAC and time may differ, keys may not; a selection that is not said is the default."""
    body = _body()
    bare = {key: value for key, value in body.items() if key != "unencrypted_suffix"}

    assert same_keys(body, {**bare, "mac": "other", "lastmodified": "later"})
    assert not same_keys(body, {**body, "age": []})
    assert from_mapping(bare).selection == Selection(unencrypted_suffix="_unencrypted")


def test_an_old_threshold_is_read() -> None:
    """Some releases wrote a floating point number into flat files."""
    assert from_mapping({**_body(), "shamir_threshold": "2.0"}).shamir_threshold == 2

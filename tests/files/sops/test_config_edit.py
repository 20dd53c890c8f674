"""A recipient taken out of ``.sops.yaml``."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import UsageError
from strongroom.files.sops.config import parse
from strongroom.files.sops.config_edit import labels, without

ANN, BEN, CAT = (f"age1{letter * 58}" for letter in "abc")
VAULT = "https://kv.vault.azure.net"

CASES = [
    (f"- age: {ANN},{BEN}\n", f"- age: {BEN}\n"),
    (f"- age: {BEN}, {ANN}  # both\n", f"- age: {BEN}  # both\n"),
    (f"- age: >-\n    {BEN},\n    {ANN},\n    {CAT}\n", f"- age: >-\n    {BEN},\n    {CAT}\n"),
    (f"- age: >-\n    {BEN},\n    {ANN}\n  pgp: F\n", f"- age: >-\n    {BEN}\n  pgp: F\n"),
    (f"- age: [{ANN}, {BEN}]\n", f"- age: [{BEN}]\n"),
    (f"- age: [{BEN}, {ANN}]\n", f"- age: [{BEN}]\n"),
    (f'- {{age: "{BEN},{ANN}", path_regex: z}}\n', f'- {{age: "{BEN}", path_regex: z}}\n'),
    (f"- age:\n    # the first\n    - {ANN} # ann\n    - {BEN}\n", f"- age:\n    # the first\n    - {BEN}\n"),
    (f"- age: {ANN}\n  pgp: F\n", "- pgp: F\n"),
    (f"- path_regex: x\n  age: {ANN}\n  pgp: F\n", "- path_regex: x\n  pgp: F\n"),
    (
        f"- key_groups:\n    - age: [{ANN}]\n      pgp:\n        - F\n    - age: [{ANN}]\n",
        "- key_groups:\n    - pgp:\n        - F\n",
    ),
]


@pytest.mark.parametrize(("before", "after"), CASES)
def test_only_the_recipient_goes(before: str, after: str) -> None:
    """It goes from every place where it can stand, and every other byte stays."""
    head = "# who can open what\ncreation_rules:\n"
    assert without((head + before).encode(), ANN).decode() == head + after


def test_anchor_and_aliases() -> None:
    """An anchor goes with its aliases."""
    text = f"keys:\n  - &ann {ANN} # Ann\n  - &ben {BEN}\ncreation_rules:\n  - key_groups:\n    - age:\n      - *ann\n      - *ben\n"
    assert without(text.encode(), ANN).decode() == text.replace(f"  - &ann {ANN} # Ann\n", "").replace(
        "      - *ann\n", ""
    )


def test_entries_of_clouds() -> None:
    """An ARN, a resource id and a key of Azure Key Vault are entries of a group."""
    arn, resource = "arn:aws:kms:eu-central-1:1:key/2", "projects/p/locations/l/keyRings/r/cryptoKeys/k"
    text = (
        "creation_rules:\n- key_groups:\n  - kms:\n    - arn: " + arn + "\n      role: r\n    - arn: other\n"
        "    gcp_kms:\n    - resource_id: " + resource + "\n    azure_keyvault:\n    - vaultUrl: " + VAULT + "\n"
        "      key: k\n      version: v\n"
    )
    assert "role" not in without(text.encode(), arn).decode()
    assert b"arn: other" in without(text.encode(), arn)
    assert b"gcp_kms" not in without(text.encode(), resource)
    assert b"azure_keyvault" not in without(text.encode(), f"{VAULT}/keys/k/v")


def test_what_is_not_there_changes_nothing() -> None:
    """A recipient that the file does not name leaves it as it is, also where it is a part of another one's name."""
    text = f"creation_rules:\n- age: {ANN}x,{BEN}\n".encode()
    assert without(text, CAT) == text
    assert without(text, ANN) == text


def test_the_last_recipient_of_everything() -> None:
    """A file that would be empty is refused."""
    with pytest.raises(UsageError):
        without(f"creation_rules:\n- age: {ANN}\n".encode(), ANN)


def test_labels() -> None:
    """A recipient is called what its anchor or the comment on its line says."""
    text = f"keys:\n  - &ann {ANN}\n  - {BEN} # Ben Doe\n  - {CAT}\n"
    assert dict(labels(text.encode())) == {ANN: "ann", BEN: "Ben Doe"}


@given(st.lists(st.sampled_from([ANN, BEN, CAT]), min_size=1, max_size=4), st.integers(0, 3), st.booleans())
def test_any_list(recipients: list[str], style: int, comments: bool) -> None:
    """Of any list in any style, what is left are the others in their order."""
    note = " # note" if comments else ""
    items = {
        0: ", ".join(recipients) + note,
        1: "[" + ", ".join(recipients) + "]" + note,
        2: "\n" + "\n".join(f"    - {one}{note}" for one in recipients),
        3: ">-\n" + ",\n".join(f"    {one}" for one in recipients),
    }[style]
    text = f"creation_rules:\n- path_regex: x{note}\n  pgp: F\n  age: {items}\n"
    rule = (parse(without(text.encode(), ANN)).creation_rules or ())[0]
    found = rule.keys.get("age") or []
    names = [one.strip() for one in found.split(",")] if isinstance(found, str) else found
    assert names == [one for one in recipients if one != ANN]
    assert rule.path_regex == "x"

"""The table of kinds and the modules that it names."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import strongroom.keys
from strongroom.errors import DocumentError, UsageError
from strongroom.keys.key import KeyKind
from strongroom.keys.kinds import IDS, MODULES, every, kind_of


def test_each_module_declares_the_kind_of_its_id() -> None:
    """A kind is found by its name in SOPS metadata, and no module declares one that the table does not list."""
    assert tuple(kind.id for kind in every()) == IDS
    folder = Path(strongroom.keys.__path__[0])
    declaring = {f"strongroom.keys.{path.stem}" for path in folder.glob("*.py") if "\nKIND = " in path.read_text()}
    assert declaring == set(MODULES.values())


def test_names_in_rules_are_those_of_sops() -> None:
    """Rules and key groups name the kinds as `.sops.yaml` has them."""
    assert {kind.id: (kind.rule_field, kind.group_field) for kind in every()} == {
        "kms": ("kms", "kms"),
        "gcp_kms": ("gcp_kms", "gcp_kms"),
        "azure_kv": ("azure_keyvault", "azure_keyvault"),
        "hc_vault": ("hc_vault_transit_uri", "hc_vault"),
        "age": ("age", "age"),
        "pgp": ("pgp", "pgp"),
    }


def test_an_unknown_kind() -> None:
    """A kind of a newer SOPS is an error that lists what is supported."""
    with pytest.raises(DocumentError) as caught:
        kind_of("hsm")
    assert "hc_vault" in caught.value.hint


def test_every_kind_is_documented() -> None:
    """The page on keys has a row for each kind, with its names in rules and its option."""
    page = (Path(__file__).parents[2] / "docs" / "keys.md").read_text()
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| [")]
    names = {(row[2].strip(" `"), row[3].strip(" `")) for row in rows}
    assert names == {(kind.rule_field, kind.group_field) for kind in every()}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)
PARTS = st.sampled_from(
    (
        "enc",
        "created_at",
        "recipient",
        "fp",
        "arn",
        "role",
        "context",
        "aws_profile",
        "resource_id",
        "vault_url",
        "name",
        "version",
        "vault_address",
        "engine_path",
        "key_name",
        "vaultUrl",
        "key",
    )
)
LIKELY = st.sampled_from(
    (
        "https://shop.vault.azure.net",
        "https://[",
        "arn:aws:kms:a:1:key/b",
        "projects/a/locations/b/keyRings/c/cryptoKeys/d",
        "..",
        "age1",
        "A" * 40,
        "transit",
        "2026-11-21T10:00:00Z",
        "\x00",
        "�",
    )
)


@pytest.mark.parametrize("kind", every(), ids=lambda kind: kind.id)
@given(data=st.data())
def test_hostile_metadata_is_an_error_of_ours(kind: KeyKind, data: st.DataObject) -> None:
    """Whatever an entry of a file or of a rule holds, it is taken or refused, and never a traceback."""
    entry = data.draw(st.dictionaries(PARTS, LIKELY | JSON))
    with suppress(DocumentError):
        wrapped = kind.from_entry(entry)
        assert kind.from_entry(kind.to_entry(wrapped)) == wrapped
    for anything in (entry, data.draw(JSON), data.draw(LIKELY)):
        with suppress(UsageError):
            kind.from_rule(anything)
    with suppress(UsageError):
        kind.parse(data.draw(st.text() | LIKELY | st.lists(LIKELY).map(",".join)))


def test_a_local_kind_loads_nothing_for_the_network() -> None:
    """Unwrapping with age loads neither HTTP nor a cloud's library: a decryption starts in milliseconds."""
    code = (
        "import sys\n"
        "from strongroom.files.sops import data_key\n"
        "from strongroom.keys import age, kinds, process\n"
        "identity, recipient = age.generate()\n"
        "context = process.context()._replace(environment={'SOPS_AGE_KEY': identity.reveal().decode()})\n"
        "key = data_key.new()\n"
        "kinds.kind_of('age').unwrap(age.wrap(key, age.parse(recipient)[0], context), context)\n"
        "print(*sys.modules)\n"
    )
    loaded = subprocess.run((sys.executable, "-c", code), capture_output=True, check=True, text=True).stdout.split()
    assert "pyrage" in loaded
    for heavy in ("http.client", "ssl", "boto3", "asyncio", "cryptography", "yaml", "click", "subprocess"):
        assert heavy not in loaded

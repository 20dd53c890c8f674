"""The data key of a file: groups, order, what is kept, and what an error says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from strongroom.errors import KeyUseError, TamperedError, UsageError
from strongroom.files.sops import data_key
from strongroom.files.sops.metadata import Metadata
from strongroom.files.sops.selection import Selection
from strongroom.keys import age, pgp
from strongroom.keys.key import Context, MasterKey, Wrapped
from strongroom.model.plaintext import Plaintext

NOW = "2026-11-21T10:00:00Z"


def _nobody(what: str) -> Plaintext:
    raise UsageError(f"{what} needs a passphrase, and there is no terminal to ask on")


def _context(environment: Mapping[str, str]) -> Context:
    return Context({"PATH": "/usr/bin:/bin", **environment}, _nobody, lambda: NOW, kept={})


def _metadata(*groups: tuple[Wrapped, ...], threshold: int = 0) -> Metadata:
    return Metadata(groups, threshold, NOW, "", Selection(), "3.11.0")


def _pair() -> tuple[str, MasterKey]:
    identity, recipient = age.generate()
    return identity.reveal().decode(), age.parse(recipient)[0]


def test_a_new_key_is_random() -> None:
    """It has the length of an AES-256 key, and no two are the same."""
    keys = {data_key.new().reveal() for _ in range(100)}
    assert len(keys) == 100
    assert {len(key) for key in keys} == {32}


def test_one_group() -> None:
    """Each key of the group opens the file by itself."""
    (first, one), (second, two) = _pair(), _pair()
    key = data_key.new()
    groups = data_key.wrap(key, [[one, two]], 0, _context({}))
    assert [wrapped.key for wrapped in groups[0]] == [one, two]
    for identity in (first, second):
        assert data_key.unwrap(_metadata(*groups), _context({"SOPS_AGE_KEY": identity})) == key


def test_shares_of_groups() -> None:
    """Two of three groups are enough, and the key in a share is not the data key."""
    pairs = [_pair() for _ in range(3)]
    key = data_key.new()
    groups = data_key.wrap(key, [[master] for _, master in pairs], 2, _context({}))
    metadata = _metadata(*groups, threshold=2)
    for missing in range(3):
        identities = "\n".join(identity for place, (identity, _) in enumerate(pairs) if place != missing)
        assert data_key.unwrap(metadata, _context({"SOPS_AGE_KEY": identities})) == key
    for (identity, _), group in zip(pairs, groups, strict=True):
        share = age.unwrap(group[0], _context({"SOPS_AGE_KEY": identity}))
        assert len(share.reveal()) == 33
        assert share.reveal()[:32] != key.reveal()


@pytest.mark.parametrize("place", [0, 1, 2])
def test_nobody_is_asked_for_a_group_that_is_not_needed(place: int, tmp_path: Path) -> None:
    """Where two of three groups open by themselves, the command for the third is not run, wherever it stands."""
    pairs = [_pair() for _ in range(3)]
    key = data_key.new()
    groups = data_key.wrap(key, [[master] for _, master in pairs], 2, _context({}))
    silent = "\n".join(identity for at, (identity, _) in enumerate(pairs) if at != place)
    command = f"sh -c 'echo run >> {tmp_path}/log; echo {pairs[place][0]}'"
    environment = {"SOPS_AGE_KEY": silent, "SOPS_AGE_KEY_CMD": command}
    assert data_key.unwrap(_metadata(*groups, threshold=2), _context(environment)) == key
    assert not (tmp_path / "log").exists()
    all_three = data_key.wrap(key, [[master] for _, master in pairs], 3, _context({}))
    assert data_key.unwrap(_metadata(*all_three, threshold=3), _context(environment)) == key
    assert (tmp_path / "log").read_text() == "run\n"


def test_a_name_beside_a_wrapped_key_is_only_a_hint() -> None:
    """The entry that names our recipient is tried first; where names were swapped, the others still are."""
    (identity, one), (_, two) = _pair(), _pair()
    key = data_key.new()
    ((first, second),) = data_key.wrap(key, [[two, one]], 0, _context({}))
    holder = _context({"SOPS_AGE_KEY": identity})
    swapped = (first._replace(key=one), second._replace(key=two))
    for group in ((first, second), (second, first), swapped, swapped[::-1]):
        assert data_key.unwrap(_metadata(group), holder) == key


def test_too_few_groups() -> None:
    """The error says how many could be opened, and why each of the others could not."""
    pairs = [_pair() for _ in range(3)]
    groups = data_key.wrap(data_key.new(), [[master] for _, master in pairs], 2, _context({}))
    with pytest.raises(KeyUseError) as caught:
        data_key.unwrap(_metadata(*groups, threshold=2), _context({"SOPS_AGE_KEY": pairs[0][0]}))
    lines = caught.value.message.splitlines()
    assert lines[0] == "only 1 of 2 needed key groups could be opened:"
    assert lines[1:] == [f"  age {pairs[place][1].name}: the identity found does not open it" for place in (1, 2)]


def test_every_key_that_was_tried_is_named() -> None:
    """Without any key, each line names a key of the file and why it does not open it."""
    _, recipient = _pair()
    wrapped = age.wrap(data_key.new(), recipient, _context({}))
    other = Wrapped(pgp.parse("85D77543B3D624B63CEA9E6DBC17301B491B3F21")[0], "x", NOW)
    with pytest.raises(KeyUseError) as caught:
        data_key.unwrap(_metadata((other, wrapped)), _context({"SOPS_GPG_EXEC": "/nowhere/gpg"}))
    assert caught.value.message.splitlines() == [
        "no key opens the file:",
        f"  age {recipient.name}: no age identity was found",
        "  PGP 85D77543B3D624B63CEA9E6DBC17301B491B3F21: /nowhere/gpg could not be run: No such file or directory",
    ]
    assert "SOPS_AGE_KEY_FILE" in caught.value.hint
    assert "SOPS_GPG_EXEC" in caught.value.hint


def test_a_name_from_a_file_cannot_add_lines() -> None:
    """A recipient with line breaks stays on its line of the error."""
    wrapped = Wrapped(MasterKey("age", "age1\n  age ann: opened it\r\n"), "x")
    with pytest.raises(KeyUseError) as caught:
        data_key.unwrap(_metadata((wrapped,)), _context({}))
    assert len(caught.value.message.splitlines()) == 2


@pytest.mark.parametrize(
    ("order", "ran"), [("", []), ("pgp,age", ["pgp"]), ("kms,pgp", ["pgp"]), ("age", []), (" age , pgp ", [])]
)
def test_the_order_of_kinds(order: str, ran: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    """SOPS_DECRYPTION_ORDER says what is tried first; by default age, then PGP."""
    folder = tmp_path_factory.mktemp("order")
    program = folder / "gpg"
    program.write_text(f"#!/bin/sh\necho pgp >> {folder}/log\nexit 2\n")
    program.chmod(0o755)
    identity, recipient = _pair()
    key = data_key.new()
    other = Wrapped(pgp.parse("85D77543B3D624B63CEA9E6DBC17301B491B3F21")[0], "x", NOW)
    group = (other, age.wrap(key, recipient, _context({})))
    environment = {"SOPS_AGE_KEY": identity, "SOPS_GPG_EXEC": str(program), "SOPS_DECRYPTION_ORDER": order}
    assert data_key.unwrap(_metadata(group), _context(environment)) == key
    log = folder / "log"
    assert (log.read_text().split() if log.exists() else []) == ran


def test_an_order_with_an_unknown_kind() -> None:
    """It is refused, as SOPS does."""
    with pytest.raises(UsageError, match="SOPS_DECRYPTION_ORDER"):
        data_key.unwrap(_metadata((Wrapped(_pair()[1], "x"),)), _context({"SOPS_DECRYPTION_ORDER": "age,rot13"}))


def test_what_is_wrapped_already_is_kept() -> None:
    """Adding a recipient leaves the others' entries byte for byte; removing one leaves the rest."""
    (_, one), (_, two), (_, three) = _pair(), _pair(), _pair()
    key = data_key.new()
    before = data_key.wrap(key, [[one, two]], 0, _context({}))
    after = data_key.wrap(key, [[three, two]], 0, _context({}), before)
    assert after[0][1] == before[0][1]
    assert [wrapped.key for wrapped in after[0]] == [three, two]


def test_shares_are_never_kept() -> None:
    """With several groups the shares are new ones, and so is every entry."""
    (first, one), (second, two) = _pair(), _pair()
    key = data_key.new()
    before = data_key.wrap(key, [[one], [two]], 0, _context({}))
    after = data_key.wrap(key, [[one], [two]], 0, _context({}), before)
    assert not {group[0].enc for group in before} & {group[0].enc for group in after}
    assert data_key.unwrap(_metadata(*after, threshold=2), _context({"SOPS_AGE_KEY": f"{first}\n{second}"})) == key
    whole = data_key.wrap(key, [[one]], 0, _context({}), before)
    assert data_key.unwrap(_metadata(*whole), _context({"SOPS_AGE_KEY": first})) == key


def test_one_failure_wraps_nothing() -> None:
    """Where a key cannot be wrapped for, the error names it and the file stays as it is."""
    missing = pgp.parse("85D77543B3D624B63CEA9E6DBC17301B491B3F21")[0]
    with pytest.raises(KeyUseError) as caught:
        data_key.wrap(data_key.new(), [[_pair()[1], missing]], 0, _context({"SOPS_GPG_EXEC": "/nowhere/gpg"}))
    assert caught.value.message.splitlines() == [
        "the data key could not be wrapped:",
        "  PGP 85D77543B3D624B63CEA9E6DBC17301B491B3F21: /nowhere/gpg could not be run: No such file or directory",
    ]


@pytest.mark.parametrize(("groups", "threshold"), [(0, 0), (2, 1), (2, 3), (3, -1)])
def test_groups_that_cannot_be(groups: int, threshold: int) -> None:
    """No group, and a threshold that is none, are refused."""
    with pytest.raises(UsageError):
        data_key.wrap(data_key.new(), [[_pair()[1]]] * groups, threshold, _context({}))


def test_an_empty_group() -> None:
    """A group without keys could never be opened."""
    with pytest.raises(UsageError, match="without any key"):
        data_key.wrap(data_key.new(), [[_pair()[1]], []], 2, _context({}))


def test_a_file_without_keys() -> None:
    """There is nothing that could open it."""
    with pytest.raises(KeyUseError, match="names no key"):
        data_key.unwrap(_metadata(), _context({}))


def test_something_else_was_wrapped() -> None:
    """What the master keys open is checked for its length, and shares for fitting together."""
    identity, master = _pair()
    holder = _context({"SOPS_AGE_KEY": identity})
    short = age.wrap(Plaintext(b"short"), master, holder)
    with pytest.raises(TamperedError, match="no data key"):
        data_key.unwrap(_metadata((short,)), holder)
    shares = [(age.wrap(Plaintext(share), master, holder),) for share in (b"a" * 32 + b"\1", b"b" * 32 + b"\1")]
    with pytest.raises(TamperedError, match="do not fit together"):
        data_key.unwrap(_metadata(*shares, threshold=2), holder)


def test_a_threshold_that_was_lowered_gives_another_key() -> None:
    """Changing the threshold in the file opens nothing: fewer shares give another key, which opens no value."""
    pairs = [_pair() for _ in range(3)]
    key = data_key.new()
    groups = data_key.wrap(key, [[master] for _, master in pairs], 3, _context({}))
    holder = _context({"SOPS_AGE_KEY": "\n".join(identity for identity, _ in pairs)})
    assert data_key.unwrap(_metadata(*groups, threshold=3), holder) == key
    assert data_key.unwrap(_metadata(*groups, threshold=2), holder) != key
    assert data_key.unwrap(_metadata(*groups, threshold=0), holder) == key


def test_the_same_key() -> None:
    """A key of a rule and a key of a file are the same by what SOPS compares."""
    _, one = _pair()
    assert data_key.same(one, one)
    assert not data_key.same(one, _pair()[1])
    assert not data_key.same(one, one._replace(kind="pgp"))
    kms = MasterKey("kms", "arn", (("role", "a"),))
    assert not data_key.same(kms, kms._replace(options=()))

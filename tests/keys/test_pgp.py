"""OpenPGP through gpg: fingerprints, trust, passphrases, other programs, and what an error says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.keys.contexts import DATA_KEY, context
from tests.support.gnupg import GnuPG

from strongroom.errors import KeyUseError, UsageError
from strongroom.keys import pgp
from strongroom.keys.key import MasterKey

FINGERPRINT = "85D77543B3D624B63CEA9E6DBC17301B491B3F21"


@pytest.mark.parametrize(
    "text",
    [
        FINGERPRINT,
        "85D7 7543 B3D6 24B6 3CEA  9E6D BC17 301B 491B 3F21",
        FINGERPRINT.lower(),
        FINGERPRINT + "!",
        "0x" + FINGERPRINT,
        "BC17301B491B3F21",
        "A" * 64,
    ],
)
def test_fingerprints(text: str) -> None:
    """Blanks do not count; long key ids, subkeys with an exclamation mark and version 6 fingerprints are taken."""
    (key,) = pgp.parse(text)
    assert key == MasterKey("pgp", "".join(text.split()))
    assert pgp.from_rule(text) == (key,)


@pytest.mark.parametrize("text", ["491B3F21", "ann@example.com", "Ann", "--version", "-", FINGERPRINT + "!!", "A" * 65])
def test_what_names_no_key_for_sure(text: str) -> None:
    """Names, mail addresses and short ids can be made to fit another key, and options are none."""
    with pytest.raises(UsageError) as caught:
        pgp.parse(text)
    assert "--list-keys" in caught.value.hint
    for entry in (text, {"fp": FINGERPRINT}, 5):
        with pytest.raises(UsageError):
            pgp.from_rule(entry)


def test_a_file_that_names_something_else(gnupg: GnuPG) -> None:
    """What stands in metadata as fingerprint is shown, and not given to gpg to wrap for."""
    entry = {"fp": "ann@example.com", "created_at": "x", "enc": "x"}
    with pytest.raises(KeyUseError, match="no fingerprint"):
        pgp.wrap(DATA_KEY, pgp.from_entry(entry).key, context(gnupg.environment))


def test_a_key_that_nobody_trusts_is_used(gnupg: GnuPG, tmp_path: Path) -> None:
    """A public key that was only imported is wrapped for, as the rule names it by its fingerprint."""
    fingerprint = gnupg.make_key(f"{tmp_path.name} <trust@example.com>")
    other = GnuPG()
    try:
        other.run("--import", given=gnupg.run("--export", fingerprint))
        (key,) = pgp.parse(fingerprint)
        wrapped = pgp.wrap(DATA_KEY, key, context(other.environment))
        with pytest.raises(KeyUseError, match="gpg has no secret key for it"):
            pgp.unwrap(wrapped, context(other.environment))
    finally:
        other.close()
    assert pgp.unwrap(wrapped, context(gnupg.environment)) == DATA_KEY


def test_a_key_that_cannot_be_wrapped_for(gnupg: GnuPG) -> None:
    """A missing key and an expired one are refused by name."""
    somebody = context(gnupg.environment)
    with pytest.raises(KeyUseError, match=f"no public key {FINGERPRINT}"):
        pgp.wrap(DATA_KEY, MasterKey("pgp", FINGERPRINT), somebody)
    gnupg.run(
        "--passphrase",
        "",
        "--faked-system-time",
        "20200101T000000!",
        "--quick-generate-key",
        "Old <old@example.com>",
        "rsa2048",
        "encrypt",
        "1d",
    )
    (expired,) = pgp.parse(gnupg.fingerprints("old@example.com")[0])
    with pytest.raises(KeyUseError, match="missing, expired or revoked"):
        pgp.wrap(DATA_KEY, expired, somebody)


def test_a_key_with_a_passphrase(gnupg: GnuPG, tmp_path: Path) -> None:
    """The agent of gpg asks; without a person it fails, and the error holds nothing of it."""
    passphrase = "correct horse battery"
    fingerprint = gnupg.make_key(f"{tmp_path.name} <locked@example.com>", passphrase=passphrase)
    somebody = context(gnupg.environment)
    wrapped = pgp.wrap(DATA_KEY, pgp.parse(fingerprint)[0], somebody)
    gnupg.forget_passphrases()
    pinentry = tmp_path / "pinentry"
    pinentry.write_text(
        "#!/bin/sh\necho OK\nwhile read -r line; do case $line in GETPIN*) echo 'ERR 83886179 cancelled';; *) echo OK;; esac; done\n"
    )
    pinentry.chmod(0o755)
    configuration = gnupg.home / "gpg-agent.conf"
    before = configuration.read_text()
    configuration.write_text(f"{before}pinentry-program {pinentry}\n")
    gnupg.forget_passphrases()
    with pytest.raises(KeyUseError, match="gpg could not decrypt it") as caught:
        pgp.unwrap(wrapped, somebody)
    assert "horse" not in caught.value.message
    pinentry.write_text(
        pinentry.read_text().replace("echo 'ERR 83886179 cancelled'", f"echo 'D {passphrase}'; echo OK")
    )
    assert pgp.unwrap(wrapped, somebody) == DATA_KEY
    configuration.write_text(before)
    gnupg.forget_passphrases()


def test_nobody_is_asked_in_a_quiet_context(gnupg: GnuPG, tmp_path: Path) -> None:
    """Gpg may ask for a passphrase or a card; where nobody may be asked, it is not run."""
    somebody = context({**gnupg.environment, "SOPS_GPG_EXEC": str(tmp_path / "not-run")})
    entry = {"fp": FINGERPRINT, "created_at": "x", "enc": "x"}
    with pytest.raises(KeyUseError, match="may have to ask"):
        pgp.unwrap(pgp.from_entry(entry), somebody._replace(quiet=True))


def test_another_program(gnupg: GnuPG, tmp_path: Path) -> None:
    """SOPS_GPG_EXEC names the program; one that is not there is an error that names it."""
    fingerprint = gnupg.make_key(f"{tmp_path.name} <program@example.com>")
    program = tmp_path / "my gpg"
    program.write_text(f'#!/bin/sh\necho run >> "{tmp_path}/log"\nexec {shutil.which("gpg")} "$@"\n')
    program.chmod(0o755)
    somebody = context({**gnupg.environment, "SOPS_GPG_EXEC": str(program)})
    assert pgp.unwrap(pgp.wrap(DATA_KEY, pgp.parse(fingerprint)[0], somebody), somebody) == DATA_KEY
    assert (tmp_path / "log").read_text() == "run\nrun\n"
    with pytest.raises(KeyUseError, match="nowhere could not be run") as caught:
        pgp.wrap(DATA_KEY, pgp.parse(fingerprint)[0], context({"SOPS_GPG_EXEC": str(tmp_path / "nowhere")}))
    assert "SOPS_GPG_EXEC" in caught.value.hint


def test_a_message_that_grows(gnupg: GnuPG, tmp_path: Path) -> None:
    """A message of megabytes, compressed to a few bytes, is not unpacked."""
    fingerprint = gnupg.make_key(f"{tmp_path.name} <bomb@example.com>")
    options = ("--trust-model", "always", "--armor", "-z", "9", "--recipient", fingerprint, "--encrypt")
    bomb = gnupg.run(*options, given=bytes(30_000_000))
    assert len(bomb) < 100_000
    entry = {"fp": fingerprint, "created_at": "x", "enc": bomb.decode()}
    with pytest.raises(KeyUseError, match="could not decrypt"):
        pgp.unwrap(pgp.from_entry(entry), context(gnupg.environment))


def test_a_message_for_a_passphrase_or_in_clear(gnupg: GnuPG) -> None:
    """What nobody encrypted for a key is no wrapped key."""
    for words in (("--armor", "--store"), ("--armor", "--enarmor")):
        text = gnupg.run(*words, given=b"x" * 32).decode().replace("PGP ARMORED FILE", "PGP MESSAGE")
        with pytest.raises(KeyUseError):
            pgp.unwrap(pgp.from_entry({"fp": FINGERPRINT, "created_at": "x", "enc": text}), context(gnupg.environment))

"""OpenPGP through the ``gpg`` of the user, whose keyring and agent hold the keys (https://getsops.io/docs/#encrypting-using-pgp).

As with SOPS, a key that a rule names by its fingerprint is trusted: the rule is where trust was decided.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from strongroom.errors import KeyUseError, UsageError
from strongroom.keys.entries import listed, rule_text, text_of
from strongroom.keys.key import Context, KeyKind, MasterKey, Wrapped
from strongroom.model.plaintext import Plaintext

_TITLE = "PGP"

_KEY_ID = re.compile(r"(?:0x)?[0-9A-Fa-f]{16,64}!?")
"""A fingerprint or a long key id; ``!`` takes exactly that subkey (gpg(1), "How to specify a user ID")."""

MOST_BYTES = 4096
"""Longest message that is decrypted; a data key and a share of one are far shorter."""

ENCRYPT_SECONDS = 60
"""How long gpg may take to encrypt. Decryption has no bound: a person may be looking for a smart card."""


def parse(text: str) -> tuple[MasterKey, ...]:
    """Return the fingerprints of a list that commas separate; blanks inside them do not count.

    Raises:
        UsageError: one of them is neither a fingerprint nor a long key id.
    """
    return tuple(_key(part) for part in listed(text))


def from_rule(entry: Any) -> tuple[MasterKey, ...]:
    """Return the key of an entry of ``key_groups``.

    Raises:
        UsageError: it is neither a fingerprint nor a long key id.
    """
    return (_key(rule_text(entry, "pgp")),)


def _key(text: str) -> MasterKey:
    fingerprint = "".join(text.split())
    if not _KEY_ID.fullmatch(fingerprint):
        raise UsageError(
            "a text given as PGP fingerprint is none",
            hint="gpg --list-keys shows fingerprints; names and short ids can be made to fit another key",
        )
    return MasterKey("pgp", fingerprint)


def from_entry(entry: Mapping[str, Any]) -> Wrapped:
    """Return a wrapped key of the metadata.

    Raises:
        DocumentError: a part is missing.
    """
    key = MasterKey("pgp", text_of(entry, "fp", _TITLE))
    return Wrapped(key, text_of(entry, "enc", _TITLE), text_of(entry, "created_at", _TITLE))


def to_entry(wrapped: Wrapped) -> dict[str, Any]:
    """Return the entry of the metadata."""
    return {"created_at": wrapped.created_at, "enc": wrapped.enc, "fp": wrapped.key.name}


def wrap(data_key: Plaintext, key: MasterKey, context: Context) -> Wrapped:
    """Encrypt a data key for a public key of the keyring, armoured.

    Raises:
        KeyUseError: gpg does not have the key, or cannot encrypt for it.
    """
    if not _KEY_ID.fullmatch(key.name):
        raise KeyUseError("what the file has is no fingerprint", hint="name the key by its fingerprint in .sops.yaml")
    options = ("--batch", "--no-default-recipient", "--no-encrypt-to", "--trust-model", "always", "--yes")
    words = (*options, "--armor", "--recipient", key.name, "--encrypt")
    out, status = _gpg(words, data_key.reveal(), context, ENCRYPT_SECONDS)
    armoured = out.decode("ascii", "replace").strip()
    if "END_ENCRYPTION" not in status or not armoured:
        raise KeyUseError(_why_not_wrapped(status, key.name))
    return Wrapped(key, armoured, context.now())


def unwrap(wrapped: Wrapped, context: Context) -> Plaintext:
    """Decrypt a data key; the agent of gpg may ask its user.

    Raises:
        KeyUseError: gpg has no secret key for it, or the message was changed.
    """
    if context.quiet:
        raise KeyUseError("gpg may have to ask")
    words = ("--quiet", "--max-output", str(MOST_BYTES), "--decrypt")
    out, status = _gpg(words, wrapped.enc.encode("utf-8", "replace"), context, None)
    if "DECRYPTION_OKAY" not in status or not out:
        reason = _why_not_unwrapped(status)
        ask = "ERROR" in status and "GPG_TTY" not in context.environment
        raise KeyUseError(reason, hint="where gpg asks on a terminal: export GPG_TTY=$(tty)" if ask else "")
    return Plaintext(out)


def _gpg(words: tuple[str, ...], given: bytes, context: Context, seconds: int | None) -> tuple[bytes, frozenset[str]]:
    """Run gpg; return what it prints and the keywords of its status lines (doc/DETAILS of GnuPG)."""
    import subprocess

    program = context.environment.get("SOPS_GPG_EXEC") or "gpg"
    try:
        done = subprocess.run(
            (program, "--status-fd", "2", *words),
            input=given,
            capture_output=True,
            env=dict(context.environment),
            timeout=seconds,
            check=False,
        )
    except OSError as error:
        raise KeyUseError(
            f"{program} could not be run: {error.strerror or error}",
            hint="GnuPG must be installed; SOPS_GPG_EXEC names another program",
        ) from None
    except subprocess.TimeoutExpired:
        raise KeyUseError(f"{program} took longer than {seconds} seconds") from None
    lines = done.stderr.decode("utf-8", "replace").splitlines()
    status = {line.split()[1] for line in lines if line.startswith("[GNUPG:] ") and len(line.split()) > 1}
    return (done.stdout, frozenset(status)) if not done.returncode else (b"", frozenset(status))


def _why_not_wrapped(status: frozenset[str], name: str) -> str:
    if "INV_RECP" in status or "KEYEXPIRED" in status or "NO_PUBKEY" in status:
        return f"gpg has no public key {name} that it can encrypt for; it may be missing, expired or revoked"
    return "gpg could not encrypt"


def _why_not_unwrapped(status: frozenset[str]) -> str:
    # Without --verbose, gpg says nothing else where it has none of the keys.
    if "ENC_TO" in status and not status & {"KEY_CONSIDERED", "DECRYPTION_KEY", "ERROR"}:
        return "gpg has no secret key for it"
    if "NODATA" in status or "BADARMOR" in status:
        return "its wrapped key is damaged, or no PGP message"
    if "BADMDC" in status or "DECRYPTION_INFO" in status:
        return "gpg could not decrypt it: the message was changed"
    return "gpg could not decrypt it; its agent may be locked, or the passphrase was not given"


KIND = KeyKind(
    id="pgp",
    title=_TITLE,
    rule_field="pgp",
    group_field="pgp",
    parse=parse,
    from_rule=from_rule,
    from_entry=from_entry,
    to_entry=to_entry,
    wrap=wrap,
    unwrap=unwrap,
    local=True,
)

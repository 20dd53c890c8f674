"""The data key of a file: made, wrapped for master keys, and got back from what they wrapped.

With one key group every master key wraps the data key itself. With several, the key is split into one share per group
(Shamir), of which the threshold is needed (https://getsops.io/docs/#key-groups).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from itertools import takewhile

from strongroom.errors import KeyUseError, StrongroomError, TamperedError, UsageError
from strongroom.files.sops.metadata import Metadata
from strongroom.keys.key import Context, MasterKey, Wrapped
from strongroom.keys.kinds import IDS, kind_of
from strongroom.model.plaintext import Plaintext

BYTES = 32
"""Length of a data key: AES-256."""

DEFAULT_ORDER = "age,pgp"
"""Which kinds are tried first, as SOPS' ``--decryption-order`` has it by default."""


def new() -> Plaintext:
    """Return a random data key."""
    return Plaintext(os.urandom(BYTES))


def unwrap(metadata: Metadata, context: Context) -> Plaintext:
    """Return the data key of a file.

    Kinds are tried in the order of ``SOPS_DECRYPTION_ORDER``, and what needs no person before what does.

    Raises:
        KeyUseError: no master key of a group opens it; the text says of each why not.
        TamperedError: what came out is no data key.
    """
    if not metadata.groups:
        raise KeyUseError("the file names no key that could open it")
    order = _order(context.environment.get("SOPS_DECRYPTION_ORDER") or DEFAULT_ORDER)
    groups = [_sorted(group, order) for group in metadata.groups]
    if len(groups) > 1:
        return _checked(_combined(groups, metadata.shamir_threshold or len(groups), context))
    (group,) = groups
    part = _silently(group, context) if len(group) > 1 else None
    if part is None:
        part, failures = _fully(group, context)
        if part is None:
            raise _unopened([failures], 1, 0)
    return _checked(part)


def _combined(groups: list[list[Wrapped]], threshold: int, context: Context) -> Plaintext:
    """Return the data key of several groups; one that needs a person is opened only where the others are too few."""
    from strongroom.crypto import shamir

    needed = max(threshold, shamir.LEAST)
    parts: list[bytes] = []
    closed: list[list[Wrapped]] = []
    for group in groups:
        part = _silently(group, context) if len(parts) < needed else None
        if part is None:
            closed.append(group)
        else:
            parts.append(part.reveal())
    failures: list[list[tuple[MasterKey, StrongroomError]]] = []
    for group in closed if len(parts) < needed else ():
        part, failed = _fully(group, context)
        if part is not None:
            parts.append(part.reveal())
        else:
            failures.append(failed)
        if len(parts) == needed:
            break
    if len(parts) < needed:
        raise _unopened(failures, needed, len(parts))
    try:
        return Plaintext(shamir.combine(parts))
    except ValueError:
        raise TamperedError("the shares of the data key do not fit together") from None


def _checked(key: Plaintext) -> Plaintext:
    if len(key.reveal()) != BYTES:
        raise TamperedError("what the master keys wrap is no data key", hint="the sops metadata was changed")
    return key


def _order(text: str) -> tuple[str, ...]:
    """Return the kinds in the order in which they are tried.

    Raises:
        UsageError: one of them is unknown.
    """
    first = tuple(part.strip() for part in text.split(",") if part.strip())
    for kind_id in first:
        if kind_id not in IDS:
            raise UsageError(
                "SOPS_DECRYPTION_ORDER names a kind of key that is unknown", hint="kinds are " + ", ".join(IDS)
            )
    return first


def _sorted(group: Sequence[Wrapped], order: tuple[str, ...]) -> list[Wrapped]:
    rank = {kind_id: place for place, kind_id in reversed(list(enumerate(order)))}
    return sorted(group, key=lambda wrapped: rank.get(wrapped.key.kind, len(rank)))


def _silently(group: Sequence[Wrapped], context: Context) -> Plaintext | None:
    """Return what the age keys that stand in front open without asking anybody; None where they do not."""
    quiet = context._replace(quiet=True)
    leading = list(takewhile(lambda wrapped: wrapped.key.kind == "age", group))
    if not leading:
        return None
    age = kind_of("age")
    for wrapped in sorted(leading, key=lambda wrapped: not (age.is_ours and age.is_ours(wrapped.key, quiet))):
        with suppress(KeyUseError, TamperedError, UsageError):
            return age.unwrap(wrapped, quiet)
    return None


def _fully(
    group: Sequence[Wrapped], context: Context
) -> tuple[Plaintext | None, list[tuple[MasterKey, StrongroomError]]]:
    """Return what a group wraps, or why each of its keys does not open it."""
    failures: list[tuple[MasterKey, StrongroomError]] = []
    for wrapped in group:
        try:
            return kind_of(wrapped.key.kind).unwrap(wrapped, context), []
        except (KeyUseError, TamperedError, UsageError) as error:
            failures.append((wrapped.key, error))
    return None, failures


def _unopened(failures: Sequence[Sequence[tuple[MasterKey, StrongroomError]]], needed: int, opened: int) -> KeyUseError:
    """Return an error that says what was tried for each key and why it failed."""
    several = needed > 1
    head = f"only {opened} of {needed} needed key groups could be opened" if several else "no key opens the file"
    lines = [_line(key, error) for group in failures for key, error in group]
    hints = dict.fromkeys(error.hint for group in failures for _, error in group if error.hint)
    return KeyUseError("\n".join([head + (":" if lines else ""), *lines]), hint="; ".join(hints))


def _line(key: MasterKey, error: StrongroomError) -> str:
    # The name comes from the file: it stays on one line.
    return f"  {kind_of(key.kind).title} {' '.join(key.name.split())}: {error.message}"


def wrap(
    data_key: Plaintext,
    groups: Sequence[Sequence[MasterKey]],
    threshold: int,
    context: Context,
    keep: Sequence[Sequence[Wrapped]] = (),
) -> tuple[tuple[Wrapped, ...], ...]:
    """Wrap a data key for every master key of every group.

    Args:
        data_key: what is wrapped, or split and its shares wrapped.
        groups: master keys; each group opens one share.
        context: where keys are looked for.
        threshold: how many groups will be needed; 0 for all of them. Nothing with one group.
        keep: wrapped copies of the same data key that stay as they are where their master key is still asked for. With
            several groups the shares are new, and nothing can stay.

    Raises:
        KeyUseError: one could not be wrapped for; then nothing is.
        UsageError: a group is empty, or the threshold cannot be.
    """
    if not groups or not all(groups):
        raise UsageError("a key group without any key cannot be used")
    if len(groups) == 1:
        present = [wrapped for group in keep for wrapped in group] if len(keep) == 1 else []
        return (_wrapped(data_key, groups[0], context, present),)
    from strongroom.crypto import shamir

    try:
        shares = shamir.split(data_key.reveal(), len(groups), threshold or len(groups))
    except ValueError as error:
        raise UsageError(f"the key groups cannot be used: {error}") from None
    return tuple(_wrapped(Plaintext(share), group, context, []) for share, group in zip(shares, groups, strict=True))


def _wrapped(
    part: Plaintext, group: Sequence[MasterKey], context: Context, present: Sequence[Wrapped]
) -> tuple[Wrapped, ...]:
    done: list[Wrapped] = []
    failures: list[tuple[MasterKey, StrongroomError]] = []
    for key in group:
        kept = next((wrapped for wrapped in present if same(key, wrapped.key)), None)
        try:
            done.append(kept or kind_of(key.kind).wrap(part, key, context))
        except (KeyUseError, UsageError) as error:
            failures.append((key, error))
    if failures:
        lines = [_line(key, error) for key, error in failures]
        hints = dict.fromkeys(error.hint for _, error in failures if error.hint)
        raise KeyUseError("\n".join(["the data key could not be wrapped:", *lines]), hint="; ".join(hints))
    return tuple(done)


def same(wanted: MasterKey, present: MasterKey) -> bool:
    """Tell whether a file is already wrapped for a master key that a rule asks for.

    An Azure key that the rule names without a version is whichever version the file has.
    """
    if wanted.kind != present.kind:
        return False
    if wanted.kind == "azure_kv" and wanted.name.endswith("/"):
        return present.name.startswith(wanted.name)
    # Role, encryption context and profile are parts of what a KMS key is to SOPS; the parts of others are in the name.
    return wanted.name == present.name and (wanted.kind != "kms" or wanted.options == present.options)

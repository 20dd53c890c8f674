"""How the encrypted files of a tree stand: against their rules, against tampering, against what we know."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from strongroom.errors import KeyUseError, StrongroomError, TamperedError, UsageError
from strongroom.files.sops.data_key import same, unwrap
from strongroom.files.sops.metadata import Metadata
from strongroom.files.sops.opened import open_file
from strongroom.files.sops.recipients import difference
from strongroom.files.sops.selection import effective
from strongroom.keys.key import Context, MasterKey
from strongroom.leaks.files.committed import SUFFIXES, refusals
from strongroom.survey.encrypted.tree import Look, Scope, looks

NEWEST = (3, 13)
"""The newest release of SOPS whose files are known."""

OUT_OF_STEP = frozenset({"in-plain", "keys", "selection", "tampered", "version", "unreadable"})
"""What is wrong with a file; anything else is told beside."""


class Note(NamedTuple):
    """One thing about a file.

    Attributes:
        id: ``in-plain`` (it should be encrypted), ``keys`` or ``selection`` (not those of its rule), ``tampered``,
            ``version`` (of a SOPS that is not known), ``unreadable``, ``no-rule``, ``not-checked``.
        text: for people.
    """

    id: str
    text: str


class Status(NamedTuple):
    """How one file stands.

    Attributes:
        name: its path as it is shown.
        format: its format.
        metadata: None where it is in plain or cannot be read.
        rule: where its rule stands; empty where there is none.
        notes: what there is to say.
    """

    name: str
    format: str
    metadata: Metadata | None
    rule: str
    notes: tuple[Note, ...]

    @property
    def fine(self) -> bool:
        """True where nothing has to be done."""
        return not any(note.id in OUT_OF_STEP for note in self.notes)


def statuses(paths: Sequence[str], scope: Scope, check: Context | None) -> Iterator[Status]:
    """Yield how files stand, those that are encrypted or should be.

    Args:
        paths: files and folders.
        scope: how they are looked at.
        check: where keys are, to open each file and check its MAC; None looks at what shows without a key.

    Raises:
        SourceError: a path is not there.
        DocumentError: a configuration cannot be read.
    """
    for look in looks(paths, scope):
        yield Status(
            look.name,
            look.form.id,
            look.metadata,
            look.rule.origin if look.rule is not None else "",
            tuple(_notes(look, check)),
        )


def shown_key(key: MasterKey) -> str:
    """Return a key for people: its kind and its name."""
    return f"{key.kind} {key.name}"


def _notes(look: Look, check: Context | None) -> Iterator[Note]:
    if look.metadata is None:
        if look.why:
            yield Note("in-plain", f"should be encrypted: {look.why}")
        if look.problem:
            yield Note("no-rule" if look.why else "unreadable", look.problem)
        return
    if look.rule is not None:
        yield from _against_rule(look, look.metadata)
    elif look.problem:
        yield Note("no-rule", look.problem)
    if not _known(look.metadata.version):
        yield Note("version", f"written by sops {look.metadata.version}, which is not known")
    if check is not None:
        yield from _opened(look, check)
    elif look.path.name.endswith(SUFFIXES):
        yield from (Note("tampered", one.message) for one in refusals(look.path.name, look.data.reveal()))


def _against_rule(look: Look, metadata: Metadata) -> Iterator[Note]:
    if look.rule is None:
        return
    found = difference(metadata, look.rule, same)
    parts = [f"lacks {shown_key(key)}" for _, key in found.added]
    parts += [f"has {shown_key(key)}" for _, key in found.removed]
    if found.threshold is not None:
        parts.append(f"needs another number of key groups than {found.threshold}")
    if parts:
        yield Note("keys", f"not as {look.rule.origin}: {'; '.join(parts)}")
    try:
        differs = effective(metadata.selection) != effective(look.rule.selection) and look.form.id != "binary"
    except UsageError as error:
        yield Note("selection", error.message)
    else:
        if differs:
            yield Note("selection", f"encrypts other values than {look.rule.origin} says")


def _opened(look: Look, context: Context) -> Iterator[Note]:
    try:
        open_file(look.data.reveal(), look.form, lambda metadata: unwrap(metadata, context))
    except TamperedError as error:
        yield Note("tampered", error.message)
    except (KeyUseError, UsageError) as error:
        yield Note("not-checked", error.message)
    except StrongroomError as error:
        yield Note("unreadable", error.message)


def _known(version: str) -> bool:
    match = re.match(r"(\d{1,6})\.(\d{1,6})", version)
    return match is not None and int(match[1]) == NEWEST[0] and int(match[2]) <= NEWEST[1]

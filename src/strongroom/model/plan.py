"""A plan: every change as ordered steps that can be read before they are done, and gone back on afterwards.

A plan holds no secret value. What a step takes from a file as it was is named by its place, and taken when the step is
done.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

FORMAT = 1
"""Version of the format of saved plans."""

ABSENT = ""
"""The digest of a file that is not there."""


class Copied(msgspec.Struct, frozen=True, tag="copied"):
    """Text of the file as it was, by its place; shown masked.

    Attributes:
        start, end: byte offsets in the contents before the step; the end is exclusive.
    """

    start: int
    end: int


class Text(msgspec.Struct, frozen=True, tag="text"):
    """Text that the plan brings; never a secret value."""

    text: str


Piece: TypeAlias = Text | Copied


class Splice(msgspec.Struct, frozen=True):
    """One place of a file that changes: the bytes from ``start`` to ``end`` give way to the pieces."""

    start: int
    end: int
    pieces: tuple[Piece, ...] = ()


class WriteFile(msgspec.Struct, frozen=True, tag="write-file"):
    """Makes or edits a file; everything outside the splices stays byte for byte.

    Attributes:
        path: relative to the folder that the plan is for; no ``..``.
        before, after: keyed digests of the contents (HMAC-SHA256, as `Plaintext.fingerprint`); `ABSENT` for no file.
        splices: in order, without overlap; one from 0 to 0 for a new file.
        hidden: spans of the contents before that hold values, besides what is copied.
        mode: permission bits of a new file.
    """

    path: str
    before: str
    after: str
    splices: tuple[Splice, ...]
    hidden: tuple[tuple[int, int], ...] = ()
    mode: int = 0o644


class DeleteFile(msgspec.Struct, frozen=True, tag="delete-file"):
    """Deletes a file whose contents have a digest; ``path`` as in `WriteFile`."""

    path: str
    before: str


Change: TypeAlias = WriteFile | DeleteFile


class PlanStep(msgspec.Struct, frozen=True):
    """One step.

    Attributes:
        title: what it does, for people: ``limit Role shop/web to the Secrets that it needs``.
        change: the change itself.
        why: fingerprints of the findings that it mends.
        unsafe: why it could change how a program behaves; empty where it does not.
    """

    title: str
    change: Change
    why: tuple[str, ...] = ()
    unsafe: str = ""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Ordered steps, and what a person is told beside them.

    Attributes:
        tool: name and version that made it.
        created: ISO 8601 time, UTC.
        key_id: identifies the fingerprint key under which digests are made; it tells nothing of the key.
        summary: one line.
        steps: in the order in which they are done.
        notes: what is left to a person, a sentence each.
    """

    format: int = FORMAT
    tool: str
    created: str
    key_id: str
    summary: str
    steps: tuple[PlanStep, ...]
    notes: tuple[str, ...] = ()


class StepView(msgspec.Struct, frozen=True):
    """One step for people: its title, its file, and the lines of its diff without line ends."""

    title: str
    path: str
    diff: tuple[str, ...]
    unsafe: str = ""

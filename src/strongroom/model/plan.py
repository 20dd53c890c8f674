"""A plan: every change as ordered steps that can be read before they are done, and gone back on afterwards.

A plan holds no secret value. What a step takes from a file as it was is named by its place, and taken when the step is
done.
"""

from __future__ import annotations

from typing import Any, TypeAlias

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


class Sealed(msgspec.Struct, frozen=True, tag="sealed"):
    """A value that the plan brings itself, such as a fresh key; shown masked.

    Attributes:
        data: AES-256-GCM, the nonce of 12 bytes first, under a key derived from the fingerprint key
            (`strongroom.crypto.plan_values`).
    """

    data: bytes


Piece: TypeAlias = Text | Copied | Sealed


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
        at_most: permission bits that a file which is there may keep; unset, it keeps all.
    """

    path: str
    before: str
    after: str
    splices: tuple[Splice, ...]
    hidden: tuple[tuple[int, int], ...] = ()
    mode: int = 0o644
    at_most: int | msgspec.UnsetType = msgspec.UNSET


class DeleteFile(msgspec.Struct, frozen=True, tag="delete-file"):
    """Deletes a file whose contents have a digest; ``path`` as in `WriteFile`."""

    path: str
    before: str


class RunProcedure(msgspec.Struct, frozen=True, tag="run-procedure"):
    """Runs a procedure (`strongroom.model.procedure`).

    Attributes:
        name: which one.
        arguments: what it is told; never a secret value.
    """

    name: str
    arguments: dict[str, Any]


FieldPath: TypeAlias = tuple[str | int, ...]
"""Where a field of an object stands: keys and places in lists."""


class Hole(msgspec.Struct, frozen=True):
    """Where a value goes that is not written down: one that the plan brings, or one of the object as it was.

    Attributes:
        at: the place in what is written down.
        value: sealed text; or the field that is taken from the object as it was before the step.
    """

    at: FieldPath
    value: Sealed | FieldPath


class FieldEdit(msgspec.Struct, frozen=True):
    """One field of an object that changes.

    Attributes:
        path: where it stands in the object as it was before the step; every place in a list is there already.
        value: what it shall be, never a secret value.
        holes: the values that are put into it.
        gone: it is removed, and the rest is empty.
    """

    path: FieldPath
    value: Any = None
    holes: tuple[Hole, ...] = ()
    gone: bool = False


class ClusterRef(msgspec.Struct, frozen=True):
    """Which cluster a step is for.

    Attributes:
        uid: of its Namespace kube-system, which tells clusters apart.
        context: the kubeconfig's context.
        kubeconfig: the file, where it is not one that kubectl would take.
    """

    uid: str
    context: str
    kubeconfig: str = ""


class CreateObject(msgspec.Struct, frozen=True, tag="create-object"):
    """Makes an object that must not be there.

    Attributes:
        cluster: where.
        path: its path in the API: ``/api/v1/namespaces/shop/secrets/db``.
        name: for people: ``Secret shop/db``.
        body: the object; never a secret value.
        holes: the values that are put into it.
    """

    cluster: ClusterRef
    path: str
    name: str
    body: dict[str, Any]
    holes: tuple[Hole, ...] = ()


class PatchObject(msgspec.Struct, frozen=True, tag="patch-object"):
    """Changes some fields of an object; all others may change before and after, and stay as they are.

    Attributes:
        cluster, path, name: as in `CreateObject`.
        before: keyed digest of what the fields hold now, each list among them as a whole.
        edits: what changes.
    """

    cluster: ClusterRef
    path: str
    name: str
    before: str
    edits: tuple[FieldEdit, ...]


class DeleteObject(msgspec.Struct, frozen=True, tag="delete-object"):
    """Deletes an object; ``before`` is the keyed digest of all of it that is not the server's."""

    cluster: ClusterRef
    path: str
    name: str
    before: str


FileChange: TypeAlias = WriteFile | DeleteFile
ObjectChange: TypeAlias = CreateObject | PatchObject | DeleteObject
Change: TypeAlias = FileChange | ObjectChange | RunProcedure


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

    @property
    def files(self) -> tuple[FileChange, ...]:
        """The changes of files, in the order in which they are done."""
        return tuple(step.change for step in self.steps if isinstance(step.change, FileChange))


class StepView(msgspec.Struct, frozen=True):
    """One step for people.

    Attributes:
        title: what it does.
        path: the file that it changes; empty where it changes none.
        diff: the lines of its diff, without line ends.
        unsafe: as in `PlanStep`.
        said: what a procedure will do, a line each; of the first of steps on objects, in which cluster.
    """

    title: str
    path: str = ""
    diff: tuple[str, ...] = ()
    unsafe: str = ""
    said: tuple[str, ...] = ()


class PlanStanding(msgspec.Struct, frozen=True):
    """Where a plan stands that was begun on this machine.

    Attributes:
        digest: what identifies it.
        summary, tool, created: as in `Plan`.
        root: the folder that it is for; empty where an earlier version did not write it down.
        state: ``running``, ``stopped``, ``undoing`` (stopped on the way back), ``done`` or ``undone``.
        done: how many steps are done.
        steps: how many there are.
        at: the number of the step at which going on begins, from 1; 0 where nothing is left.
        title: that step's title.
        changed: when it was last worked on, ISO 8601, UTC.
    """

    digest: str
    summary: str
    tool: str
    created: str
    root: str
    state: str
    done: int
    steps: int
    at: int
    title: str
    changed: str

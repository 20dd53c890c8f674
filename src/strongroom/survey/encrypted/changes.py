"""Changes to many encrypted files as one plan: encrypt, rotate, updatekeys, and those of an offboarding.

The new files are made first, beside each other, and nothing is written; then the plan that brings them in is done with
a journal (`strongroom.plans`). A plan holds ciphertext and what stands between: what a file in plain gives way with is
hidden when the plan is shown, and never part of it.
"""

from __future__ import annotations

import difflib
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple, TypeVar

import strongroom
from strongroom.errors import DocumentError, StrongroomError, UsageError
from strongroom.files.sops import data_key
from strongroom.files.sops.merge_metadata import Groups, keys_of
from strongroom.files.sops.metadata import Metadata
from strongroom.files.sops.opened import Opened, open_file
from strongroom.files.sops.recipients import difference
from strongroom.files.sops.sealing import encrypt, rotated, with_metadata
from strongroom.keys.key import Context, MasterKey, Wrapped
from strongroom.model.plaintext import Plaintext
from strongroom.model.plan import Plan, PlanStep, Splice, Text, WriteFile
from strongroom.plans.saved import key_id
from strongroom.survey.encrypted.tree import Look

_WORKERS = 8
_MOST_LINES = 20_000
_Made = TypeVar("_Made")


class Change(NamedTuple):
    """A file that shall change.

    Attributes:
        look: the file.
        title: what is done to it, for people.
        make: returns what it shall hold.
    """

    look: Look
    title: str
    make: Callable[[], bytes]


class Failure(NamedTuple):
    """A file that could not be changed, and why."""

    name: str
    message: str


class Changes(NamedTuple):
    """A plan, and what it leaves out."""

    plan: Plan
    failures: tuple[Failure, ...]


class Opener:
    """Opens files; what wraps the same data key is unwrapped once, and wrapped once for the same keys.

    Args:
        context: where keys are; people are asked by one thread at a time.
    """

    def __init__(self, context: Context) -> None:
        self._lock, self._asking = threading.Lock(), threading.Lock()
        self._known: dict[object, Future[Any]] = {}
        self._ask = context.ask
        self.context = context._replace(ask=self._asked)

    def open(self, look: Look) -> Opened:
        """Open a file and check its MAC.

        Raises:
            StrongroomError: it cannot be opened, or was tampered with.
        """
        return open_file(look.data.reveal(), look.form, self.unwrap)

    def unwrap(self, metadata: Metadata) -> Plaintext:
        """Return the data key of a file.

        Raises:
            StrongroomError: no key opens it.
        """
        return self._once(_wrapped_key(metadata), lambda: data_key.unwrap(metadata, self.context))

    def wrapped(self, opened: Opened, groups: Groups, threshold: int) -> tuple[tuple[Wrapped, ...], ...]:
        """Return the data key of an open file wrapped for some keys; what is there already stays.

        Files that wrap the same data key share what comes out.

        Raises:
            StrongroomError: it could not be wrapped for one of them.
        """
        return self._once(
            (*_wrapped_key(opened.metadata), groups, threshold),
            lambda: data_key.wrap(opened.data_key, groups, threshold, self.context, keep=opened.metadata.groups),
        )

    def _once(self, name: object, make: Callable[[], _Made]) -> _Made:
        with self._lock:
            known = self._known.get(name)
            mine: Future[Any] = known or Future()
            self._known[name] = mine
        if known is None:
            try:
                mine.set_result(make())
            except BaseException as error:
                mine.set_exception(error)
                raise
        made: _Made = mine.result()
        return made

    def _asked(self, what: str) -> Plaintext:
        with self._asking:
            return self._ask(what)


def _wrapped_key(metadata: Metadata) -> tuple[object, ...]:
    return metadata.groups, metadata.shamir_threshold


def to_encrypt(looks: Iterable[Look], opener: Opener) -> Iterator[Change]:
    """Yield the files in plain that should be encrypted, each with its rule."""
    for look in looks:
        if look.metadata is None and look.why:
            yield Change(look, f"encrypt {look.name}: {look.why}", partial(_encrypted, look, opener))


def to_rotate(looks: Iterable[Look], opener: Opener) -> Iterator[Change]:
    """Yield the encrypted files, each for a new data key."""
    for look in looks:
        if look.metadata is not None:
            title = f"new data key for {look.name}"
            if look.rule is not None and (more := difference(look.metadata, look.rule, data_key.same).removed):
                # No MAC covers recipients: somebody without the key may have added one.
                title += f", also for {', '.join(_shown(key) for _, key in more)}, which {look.rule.origin} has not"
            yield Change(look, title, partial(_rotated, look, opener, keys_of(look.metadata)))


def to_update(looks: Iterable[Look], opener: Opener) -> Iterator[Change]:
    """Yield the encrypted files whose keys are not those of their rule."""
    for look in looks:
        if look.metadata is None or look.rule is None:
            continue
        found = difference(look.metadata, look.rule, data_key.same)
        if found.keys:
            parts = [f"add {_shown(key)}" for _, key in found.added]
            parts += [f"remove {_shown(key)}" for _, key in found.removed]
            parts += [f"{found.threshold} key groups needed"] if found.threshold is not None else []
            title = f"keys of {look.name}: {', '.join(parts)}"
            yield Change(look, title, partial(_updated, look, opener))


def leaving(look: Look, groups: Groups, opener: Opener, title: str) -> Change:
    """Return the change by which a file gets a new data key for some keys alone."""
    return Change(look, title, partial(_rotated, look, opener, groups))


def planned(
    changes: Sequence[Change],
    root: Path,
    key: bytes,
    summary: str,
    notes: Sequence[str] = (),
    more: Sequence[PlanStep] = (),
    told: Callable[[str], None] = lambda _: None,
) -> Changes:
    """Make the new files, and the plan that brings them in.

    The first file is made alone, so that a passphrase is asked for once; then several at a time where a key management
    service far away is waited for. Files with age keys alone are made one after the other: they wait for nobody.

    Args:
        changes: the files.
        root: the folder that the plan is for.
        key: the fingerprint key.
        summary: what the plan is, in one line.
        notes: what is left to a person.
        more: steps that come first.
        told: called with the name of each file when it is made.
    """
    root = root.absolute()
    steps: list[PlanStep] = []
    failures: list[Failure] = []
    for change, made in zip(changes, _made(changes, told), strict=True):
        try:
            step = _step(change, made, root, key) if isinstance(made, bytes) else None
        except StrongroomError as error:
            made = error
        if isinstance(made, StrongroomError):
            failures.append(Failure(change.look.name, f"{made.message}" + (f" ({made.hint})" if made.hint else "")))
        elif step is not None:
            steps.append(step)
    plan = Plan(
        tool=f"strongroom {strongroom.__version__}",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        key_id=key_id(key),
        summary=summary,
        steps=(*more, *steps),
        notes=tuple(notes),
    )
    return Changes(plan, tuple(failures))


def write_step(title: str, path: Path, before: bytes, after: bytes, root: Path, key: bytes, *, plain: bool) -> PlanStep:
    """Return the step of a plan that brings a file to new contents.

    Args:
        title: what it does.
        path: the file.
        before: what it holds.
        after: what it shall hold; holds no value.
        root: the folder of the plan.
        key: the fingerprint key.
        plain: what gives way may be a value, and is hidden when the plan is shown.

    Raises:
        DocumentError: the new contents are no text.
        UsageError: the file is outside the folder.
    """
    try:
        splices = tuple(_splices(before, after))
    except UnicodeDecodeError:
        raise DocumentError("the file is not UTF-8", hint="change it alone, without -r") from None
    hidden = tuple((one.start, one.end) for one in splices if one.end > one.start) if plain else ()
    digests = Plaintext(before).fingerprint(key), Plaintext(after).fingerprint(key)
    return PlanStep(title, WriteFile(_inside(path, root), *digests, splices, hidden))


def _made(changes: Sequence[Change], told: Callable[[str], None]) -> Iterator[bytes | StrongroomError]:
    def make(change: Change) -> bytes | StrongroomError:
        told(change.look.name)
        try:
            return change.make()
        except StrongroomError as error:
            return error

    if all(_is_local(change.look) for change in changes):
        yield from map(make, changes)
        return
    yield make(changes[0])
    with ThreadPoolExecutor(_WORKERS) as pool:
        yield from pool.map(make, changes[1:])


def _is_local(look: Look) -> bool:
    """Tell whether a file has, and is to have, no keys but those of age."""
    now = keys_of(look.metadata) if look.metadata is not None else ()
    wanted = look.rule.groups if look.rule is not None else ()
    return all(key.kind == "age" for group in (*now, *wanted) for key in group)


def _step(change: Change, after: bytes, root: Path, key: bytes) -> PlanStep | None:
    before = change.look.data.reveal()
    if after == before:
        return None
    plain = change.look.metadata is None
    return write_step(change.title, change.look.path, before, after, root, key, plain=plain)


def _splices(before: bytes, after: bytes) -> Iterator[Splice]:
    """Yield where two contents differ, by lines."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    if max(len(old), len(new)) > _MOST_LINES:
        yield Splice(0, len(before), (Text(after.decode()),))
        return
    at = [0]
    for text in old:
        at.append(at[-1] + len(text))
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            brought = b"".join(new[j1:j2]).decode()
            yield Splice(at[i1], at[i2], (Text(brought),) if brought else ())


def _shown(key: MasterKey) -> str:
    from strongroom.survey.encrypted.status import shown_key  # brings the whole search for leaks

    return shown_key(key)


def _inside(path: Path, root: Path) -> str:
    inside = PurePosixPath(os.path.relpath(path.absolute(), root.absolute()))
    if ".." in inside.parts:
        raise UsageError(f"{path} is outside {root}", hint="--root names a folder that holds all of the files")
    return inside.as_posix()


def _encrypted(look: Look, opener: Opener) -> bytes:
    if look.rule is None:
        raise UsageError(look.problem or "nothing says who can open it", hint="strongroom file init makes a .sops.yaml")
    key = data_key.new()
    groups = data_key.wrap(key, look.rule.groups, look.rule.shamir_threshold, opener.context)
    return encrypt(look.data, look.form, look.rule, key, groups, opener.context.now())


def _rotated(look: Look, opener: Opener, wanted: Groups) -> bytes:
    opened = opener.open(look)
    key = data_key.new()
    metadata = opened.metadata
    threshold = min(metadata.shamir_threshold, len(wanted)) if len(wanted) > 1 else 0
    groups = data_key.wrap(key, wanted, threshold, opener.context)
    opened = opened._replace(metadata=metadata._replace(shamir_threshold=threshold))
    return rotated(opened, key, groups, opener.context.now())


def _updated(look: Look, opener: Opener) -> bytes:
    if look.rule is None:
        raise UsageError("no rule holds for it")
    opened = opener.open(look)
    metadata = opened.metadata
    threshold = look.rule.shamir_threshold if len(look.rule.groups) > 1 else 0
    groups = opener.wrapped(opened, look.rule.groups, threshold)
    return with_metadata(opened, metadata._replace(groups=groups, shamir_threshold=threshold))

"""Who can open which file, since when, and what is left to do when somebody goes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from strongroom.errors import DocumentError, StrongroomError, UsageError
from strongroom.files.sops import config_edit
from strongroom.files.sops.config import Config, parse
from strongroom.files.sops.envelope import open_scalar
from strongroom.files.sops.merge_metadata import Groups, effective_threshold
from strongroom.files.sops.metadata import Metadata
from strongroom.files.sops.recipients import opens_alone, without
from strongroom.files.sops.rules import NAME
from strongroom.keys.key import MasterKey
from strongroom.model.plaintext import Plaintext
from strongroom.survey.encrypted.history import Occasion, Past, Sealed, sealed
from strongroom.survey.encrypted.tree import Look, Scope, files

Unwrap = Callable[[Metadata], Plaintext]
"""Gives the data key of a file."""


class Reader(NamedTuple):
    """One key of one file.

    Attributes:
        key: who.
        label: what ``.sops.yaml`` calls it; empty where it does not.
        path: the file.
        alone: whether it opens the file without another key.
        now: False for one that could, and cannot any more.
        since: when the first commit came that let it, ISO 8601; empty where no commit does.
        commit: that commit.
        until: when the last commit came in which it could, for one that cannot any more.
        created_at: when its copy of the data key was made, as the file says.
    """

    key: MasterKey
    label: str
    path: str
    alone: bool
    now: bool
    since: str = ""
    commit: str = ""
    until: str = ""
    created_at: str = ""


class Exposed(NamedTuple):
    """A value that somebody could read.

    Attributes:
        path: its file.
        place: where it stands there.
        state: ``current`` (it stands there as they could read it), ``changed`` (it was written again since), ``gone``.
        last: when the last commit came in which they could read it; empty for what no commit has.
    """

    path: str
    place: str
    state: str
    last: str


def readers(looks: Iterable[Look], history: Past | None, labels: dict[str, str], *, former: bool) -> Iterator[Reader]:
    """Yield who can open files, file by file.

    Args:
        looks: the files.
        history: of their repository; None where there is none, or nobody asks.
        labels: what recipients are called.
        former: yield those who could once, too.
    """
    for look in looks:
        if look.metadata is None:
            continue
        occasions = _of(look.path, history)
        present = {wrapped.key: wrapped.created_at for group in look.metadata.groups for wrapped in group}
        for key, created in present.items():
            when = [one for one in occasions if _has(one.sealed.metadata, key)]
            since, commit = (when[-1].time, when[-1].commit) if when else ("", "")
            alone = opens_alone(look.metadata, (key,))
            yield Reader(key, labels.get(key.name, ""), look.name, alone, True, since, commit, created_at=created)
        if former:
            yield from _former(look, occasions, set(present), labels)


def _former(
    look: Look, occasions: Sequence[Occasion], present: set[MasterKey], labels: dict[str, str]
) -> Iterator[Reader]:
    seen: dict[MasterKey, list[Occasion]] = {}
    for one in occasions:
        for key in {wrapped.key for group in one.sealed.metadata.groups for wrapped in group} - present:
            seen.setdefault(key, []).append(one)
    for key, when in seen.items():
        alone = opens_alone(when[0].sealed.metadata, (key,))
        yield Reader(
            key, labels.get(key.name, ""), look.name, alone, False, when[-1].time, when[-1].commit, when[0].time
        )


def _of(path: Path, history: Past | None) -> list[Occasion]:
    if history is None:
        return []
    inside = os.path.relpath(path.absolute(), history.top)
    return [one for one in history.occasions if one.path == inside]


def _has(metadata: Metadata, key: MasterKey) -> bool:
    return any(wrapped.key == key for group in metadata.groups for wrapped in group)


def known_labels(configs: Iterable[Path]) -> dict[str, str]:
    """Return what recipients are called in some ``.sops.yaml``."""
    found: dict[str, str] = {}
    for path in configs:
        try:
            found |= dict(config_edit.labels(path.read_bytes()))
        except OSError:
            continue  # a name for people is no reason to stop
    return found


def configs(paths: Sequence[str], scope: Scope) -> list[Path]:
    """Return every ``.sops.yaml`` that holds in some folders: those in them, and the nearest above each.

    Raises:
        SourceError: a path is not there.
    """
    from strongroom.files.sops.rules import find

    if scope.config is not None:
        return [scope.config]
    folders = {Path(path).absolute() if Path(path).is_dir() else Path(path).absolute().parent for path in paths}
    above = {find(folder, scope.environment) for folder in folders}
    below = {path for _, path in files(paths, gitignore=scope.gitignore, settings=True) if path.name == NAME}
    return sorted({path.absolute() for path in (*above, *below) if path is not None})


def known_names(configs: Iterable[Path]) -> set[str]:
    """Return the recipients that some ``.sops.yaml`` name, as they are written there."""
    found: set[str] = set()
    for path in configs:
        with contextlib.suppress(OSError):  # one that cannot be read is told where it is to be changed
            found |= config_edit.named(path.read_bytes())
    return found


def person(given: str, labels: dict[str, str], known: Iterable[MasterKey], more: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the names of the keys that a person names by key or by label, in every way in which they are written.

    Args:
        given: a key or a label.
        labels: what recipients are called.
        known: the keys of files, now and once.
        more: other recipients: those of a ``.sops.yaml``.

    Raises:
        UsageError: nobody is called so.
    """
    names = {key.name for key in known} | set(labels) | set(more)
    keys = {config_edit.canonical(given)} & {config_edit.canonical(name) for name in names}
    keys = keys or {config_edit.canonical(name) for name, label in labels.items() if label == given}
    found = tuple(sorted(name for name in names if config_edit.canonical(name) in keys))
    if not found:
        raise UsageError(
            f"no file and no .sops.yaml has a recipient {given}", hint="strongroom file recipients lists them"
        )
    return found


def remaining(look: Look, names: Sequence[str]) -> Groups:
    """Return who can open a file without somebody.

    Raises:
        UsageError: nobody could.
    """
    if look.metadata is None:
        raise DocumentError(f"{look.name} is not encrypted")
    groups = tuple(tuple(wrapped.key for wrapped in group) for group in look.metadata.groups)
    left = without(groups, lambda key: key.name in names)
    if not left or len(left) < effective_threshold(look.metadata):
        raise UsageError(f"without that recipient nobody could open {look.name}", hint="give it another key first")
    return left


def config_without(path: Path, names: Sequence[str]) -> tuple[bytes, bytes]:
    """Return a ``.sops.yaml`` as it is and without some recipients.

    Raises:
        DocumentError: it cannot be read.
        UsageError: a rule would be left without a key, or the text cannot be edited.
    """
    try:
        before = path.read_bytes()
    except OSError as error:
        raise DocumentError(f"{path} cannot be read", hint=(error.strerror or "").lower()) from None
    after = before
    for name in names:
        try:
            after = config_edit.without(after, name)
        except (DocumentError, UsageError) as error:
            raise type(error)(f"{path}: {error.message}", hint=error.hint) from None
    if after != before:
        _check(path, parse(before), parse(after))
    return before, after


def _check(path: Path, before: Config, after: Config) -> None:
    old, new = before.creation_rules or (), after.creation_rules or ()
    keyed = [bool(rule.key_groups or any(rule.keys.values())) for rule in old]
    left = [bool(rule.key_groups or any(rule.keys.values())) for rule in new]
    if keyed != left or len(before.destination_rules) != len(after.destination_rules):
        raise UsageError(f"a rule of {path} would be left without a key", hint="give it another key first")


def exposed(
    looks: Sequence[Look], history: Past | None, names: Sequence[str], shown: Path, unwrap: Unwrap | None = None
) -> list[Exposed]:
    """Return the values that somebody could read: now, and in any version that a branch holds.

    Whether a value was changed since is told by its ciphertext, which stays the same where the value does. A new data
    key changes all of them: then only who opens both versions can tell, and without that a value counts as changed.

    Args:
        looks: the encrypted files.
        history: of their repository; None where there is none.
        names: of the keys of that person.
        shown: the folder that paths are shown from.
        unwrap: gives data keys, to compare values; None compares ciphertexts alone.
    """
    present: dict[str, Sealed] = {}
    found: dict[tuple[str, str], Exposed] = {}
    for look in looks:
        now = sealed(look.data.reveal(), look.form)
        if now is not None:
            present[look.name] = now
            if _reads(now.metadata, names):
                found |= {(look.name, place): Exposed(look.name, place, "current", "") for place in now.values}
    for one in history.occasions if history is not None else ():
        if not _reads(one.sealed.metadata, names):
            continue
        path = _shown(one.path, history, shown)
        for place in one.sealed.values:
            there = found.get((path, place))
            if there is None or (there.state == "changed" and unwrap is not None):
                state = _state(one.sealed, present.get(path), place, unwrap)
                found[path, place] = Exposed(path, place, state, there.last if there is not None else one.time)
            elif not there.last:
                found[path, place] = there._replace(last=one.time)
    return sorted(found.values())


def _state(then: Sealed, now: Sealed | None, place: str, unwrap: Unwrap | None) -> str:
    if now is None or place not in now.values:
        return "gone"
    old, new = then.values[place], now.values[place]
    if old.text == new.text:
        return "current"
    if unwrap is None:
        return "changed"
    try:
        before = open_scalar(old.text, unwrap(then.metadata).reveal(), old.path)
        after = open_scalar(new.text, unwrap(now.metadata).reveal(), new.path)
    except StrongroomError:
        return "changed"  # who cannot open both cannot tell
    return "current" if before == after else "changed"


def _reads(metadata: Metadata, names: Sequence[str]) -> bool:
    return any(wrapped.key.name in names for group in metadata.groups for wrapped in group)


def _shown(path: str, history: Past | None, shown: Path) -> str:
    return os.path.relpath(history.top / path, shown) if history is not None else path

"""The files of a tree that are encrypted, and those that should be.

A file should be encrypted if it holds a Kubernetes Secret with values in plain, or if a creation rule of ``.sops.yaml``
singles it out and chooses one of its values. A rule singles a file out if it would not hold for a file of any other
name as well: ``path_regex: .*yaml$`` says how to encrypt, not what. A Kubernetes manifest without a Secret is never
meant.

The configuration of a file is the nearest one above it (that of ``--config`` or ``SOPS_CONFIG`` goes before): a tree
may have several, and the file does not care from where it is looked at.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from strongroom.errors import SourceError, StrongroomError, UsageError
from strongroom.files.sops.document import Format
from strongroom.files.sops.envelope import PREFIX
from strongroom.files.sops.formats import format_of
from strongroom.files.sops.metadata import Metadata, from_mapping
from strongroom.files.sops.rule import Rule
from strongroom.files.sops.rules import NAME, OTHER_NAME, Asked, find, rule_for
from strongroom.files.sops.selection import chosen
from strongroom.model.plaintext import Plaintext
from strongroom.model.skipped import Reason, Skipped

_LARGEST = 32 << 20
_ENVELOPE = PREFIX.encode()
_KUBERNETES = re.compile(rb"(?m)^[{\s]*[\"']?apiVersion[\"']?\s*:")
_SECRET = re.compile(rb"\bkind[\"']?[ \t]*:\s*[\"']?Secret\b")


class Look(NamedTuple):
    """A file that is encrypted, or should be.

    Attributes:
        name: its path as it is shown.
        path: where it lies.
        form: its format.
        data: what it holds.
        metadata: of an encrypted file; None for one in plain, and for one that cannot be read.
        rule: the one that holds for it; None where there is none.
        why: for a file in plain, why it should be encrypted.
        problem: why it cannot be read, or its rule not found.
    """

    name: str
    path: Path
    form: Format
    data: Plaintext
    metadata: Metadata | None = None
    rule: Rule | None = None
    why: str = ""
    problem: str = ""


class Scope(NamedTuple):
    """What is looked at.

    Attributes:
        environment: of the process, for ``SOPS_CONFIG`` and ``PWD``.
        config: a configuration for all files; None for the nearest of each.
        gitignore: leave out what Git ignores.
        told: called with the name of each file before it is read.
    """

    environment: Mapping[str, str]
    config: Path | None = None
    gitignore: bool = True
    told: Callable[[str], None] = lambda _: None


def looks(paths: Sequence[str], scope: Scope) -> Iterator[Look]:
    """Yield the files below some paths that are encrypted or should be, in a stable order.

    At the end stands, with its problem, what cannot be read and so may be either.

    Raises:
        SourceError: a path is not there.
        DocumentError: a configuration cannot be read.
    """
    configs: dict[Path, Path | None] = {}
    missed: list[Skipped] = []
    for name, path in files(paths, gitignore=scope.gitignore, missed=missed):
        scope.told(name)
        if path.parent not in configs:
            configs[path.parent] = _config(path, scope)
        found = _look(name, path, scope.environment, configs[path.parent])
        if found is not None:
            yield found
    for one in missed:
        problem = f"{one.reason.value}: {one.detail}"
        yield Look(one.path, Path(one.path), format_of(one.path), Plaintext(b""), problem=problem)


def files(
    paths: Sequence[str], *, gitignore: bool, settings: bool = False, missed: list[Skipped] | None = None
) -> Iterator[tuple[str, Path]]:
    """Yield the regular files that paths name or hold, each once.

    Args:
        paths: files and folders.
        gitignore: leave out what Git ignores.
        settings: yield the ``.sops.yaml``, too.
        missed: gets the folders that cannot be read.

    Raises:
        SourceError: a path is not there.
    """
    from strongroom.sources.tree import walk

    seen: set[Path] = set()
    for given in paths:
        path = Path(given)
        if path.is_dir():
            shown = "" if given in {".", "./"} else given.rstrip("/")
            walked = walk(path, shown, gitignore=gitignore)
            below = walked.files
            if missed is not None:
                missed += [one for one in walked.skipped if one.reason is Reason.UNREADABLE]
        elif path.exists():
            below = [(given, path.absolute())]
        else:
            raise SourceError(f"{given} does not exist")
        for name, file in below:
            if file not in seen and (settings or file.name not in {NAME, OTHER_NAME}):
                seen.add(file)
                yield name, file


def look(name: str, path: Path, scope: Scope) -> Look | None:
    """Look at one file; None where it neither is nor should be encrypted.

    Raises:
        DocumentError: its configuration cannot be read.
    """
    return _look(name, path, scope.environment, _config(path, scope))


def _look(name: str, path: Path, environment: Mapping[str, str], config: Path | None) -> Look | None:
    form = format_of(path.name)
    try:
        data = _read(path)
    except OSError as error:
        return Look(name, path, form, Plaintext(b""), problem=f"cannot be read: {(error.strerror or '').lower()}")
    if len(data) > _LARGEST:
        # Most of what is so large is neither; an encrypted file shows it early.
        problem = f"larger than {_LARGEST >> 20} MiB"
        return Look(name, path, form, Plaintext(b""), problem=problem) if _ENVELOPE in data else None
    if _may_be_encrypted(data):
        try:
            found = form.read(data, True).metadata
            metadata = from_mapping(found) if found is not None else None
        except StrongroomError as error:
            return Look(name, path, form, Plaintext(data), problem=error.message)
        if metadata is not None:
            rule, problem = _rule(path, form, environment, config) if config is not None else (None, "")
            return Look(name, path, form, Plaintext(data), metadata, rule, problem=problem)
    return _in_plain(name, path, form, data, environment, config)


def asked_look(name: str, path: Path, scope: Scope) -> Look:
    """Look at a file that a person names; also at one that need not be encrypted.

    Raises:
        DocumentError: its configuration cannot be read.
    """
    found = look(name, path, scope)
    if found is not None:
        return found
    form = format_of(path.name)
    data = path.read_bytes()
    rule, problem = _rule(path, form, scope.environment, _config(path, scope))
    return Look(name, path, form, Plaintext(data), rule=rule, problem=problem)


def _in_plain(
    name: str, path: Path, form: Format, data: bytes, environment: Mapping[str, str], config: Path | None
) -> Look | None:
    why = "a Secret in plain text" if _holds_plain_secret(path, form, data) else ""
    manifest = form.id in {"yaml", "json"} and _KUBERNETES.search(data) is not None
    if not why and manifest:
        return None
    if not why and not _singled_out(path, form, environment, config):
        return None
    rule, problem = _rule(path, form, environment, config)
    if not why:
        if rule is None or not _chooses(rule, form, data):
            return None
        why = rule.origin
    return Look(name, path, form, Plaintext(data), rule=rule, why=why, problem=problem)


def _holds_plain_secret(path: Path, form: Format, data: bytes) -> bool:
    if form.id not in {"yaml", "json"} or not _SECRET.search(data):
        return False
    from strongroom.leaks.files.committed import refusals

    return any(refusals(path.name, data))


def _chooses(rule: Rule, form: Format, data: bytes) -> bool:
    """Tell whether a rule would encrypt anything of a file."""
    try:
        document = form.read(data, False)
    except StrongroomError:
        return True  # encrypting it will say what is wrong with it
    return any(leaf.scalar.data and chosen(rule.selection, leaf) for leaf in document.leaves)


def _singled_out(path: Path, form: Format, environment: Mapping[str, str], config: Path | None) -> bool:
    """Tell whether a rule names this file rather than any."""
    if config is None:
        return False
    try:
        rule = rule_for(path, config, environment, Asked(format=form.id))
    except UsageError:
        return False
    # A suffix alone says much of .env and .ini, and nothing of .yaml and .json.
    suffix = path.suffix if form.id in {"yaml", "json"} else ".other"
    anything = config.parent / secrets.token_hex(16) / f"{secrets.token_hex(16)}{suffix}"
    try:
        return rule_for(anything, config, environment, Asked(format=form.id)).origin != rule.origin
    except UsageError:
        return True


def _rule(path: Path, form: Format, environment: Mapping[str, str], config: Path | None) -> tuple[Rule | None, str]:
    """Return the rule for a file, or why there is none."""
    try:
        return rule_for(path, config, environment, Asked(format=form.id)), ""
    except UsageError as error:
        return None, error.message


def _config(path: Path, scope: Scope) -> Path | None:
    return scope.config if scope.config is not None else find(path.parent, scope.environment)


def _may_be_encrypted(data: bytes) -> bool:
    return b"sops" in data and (b"mac" in data or b"ENC[" in data)


def _read(path: Path) -> bytes:
    """Return what a file holds; of one that is too large, more than the limit."""
    with path.open("rb") as stream:
        return stream.read(_LARGEST + 1)

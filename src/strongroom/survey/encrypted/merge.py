"""Git's merge driver for encrypted files, and what is left to a person resolved.

Git gives a driver three files and the name of the fourth (https://git-scm.com/docs/gitattributes, "Defining a custom
merge driver"). Where the merge cannot be made, for want of a key or because a side was tampered with, Git's own merge
of the ciphertexts is made and called a conflict: nothing is lost, and `resolve` starts again from the three versions
that Git keeps in its index.
"""

from __future__ import annotations

import subprocess
from functools import partial
from pathlib import Path
from typing import NamedTuple

from strongroom.documents.bounded import read_file
from strongroom.errors import OutputError, SourceError, StrongroomError, TamperedError, UsageError
from strongroom.files.sops.data_key import unwrap, wrap
from strongroom.files.sops.document import Format
from strongroom.files.sops.formats import format_of
from strongroom.files.sops.merge_files import Merged, Side, has_markers, merge_files
from strongroom.files.sops.merge_metadata import Groups
from strongroom.files.sops.opened import open_file, read_metadata
from strongroom.keys.key import Context, Wrapped
from strongroom.model.plaintext import Plaintext
from strongroom.survey.encrypted.status import shown_key
from strongroom.survey.staged import git
from strongroom.writing import replace_file

_LARGEST = 256 << 20
_STAGES = {"1": "base", "2": "ours", "3": "theirs"}


class Driven(NamedTuple):
    """What the driver did.

    Attributes:
        conflicts: whether Git is told of a conflict.
        told: where the conflicts are; empty where there are none.
        error: why the merge was left to Git.
        added: who can open the result, and could not open our side.
        stop: somebody of these could open neither side: to name a recipient takes no key, so that a person says first
            whether that is right.
    """

    conflicts: bool
    told: str = ""
    error: StrongroomError | None = None
    added: tuple[str, ...] = ()
    stop: bool = False


def drive(base: Path, ours: Path, theirs: Path, name: str, context: Context) -> Driven:
    """Merge as Git asks a driver to; the result takes the place of ``ours``.

    Args:
        base: the common ancestor; an empty file where there is none.
        ours: the version of the branch that is merged into.
        theirs: the other version.
        name: the path of the file in the repository, which tells its format.
        context: where keys are.

    Raises:
        SourceError: one of the three cannot be read, or Git is not there.
        OutputError: the result cannot be written.
    """
    past, mine, other = (read_file(path, _LARGEST) for path in (base, ours, theirs))
    form = format_of(name)
    try:
        if not (is_encrypted(mine, form) or is_encrypted(other, form)):
            return Driven(_as_git(ours, base, theirs) != 0)
        merged = merge_versions(past, mine, other, form, context)
    except OutputError:
        raise
    except StrongroomError as error:
        _as_git(ours, base, theirs)
        return Driven(conflicts=True, error=error)
    replace_file(ours, [merged.data])
    who = added(mine, merged, form)
    return Driven(
        bool(merged.conflicts), shown(merged), added=who, stop=bool(who) and _wrapped_anew(merged, mine, other, form)
    )


def merge_versions(base: bytes, ours: bytes, theirs: bytes, form: Format, context: Context) -> Merged:
    """Open three versions of a file and merge them; an empty base is none.

    A side in plain is merged only into a file that was in plain before: else whoever has no key could bring in values
    that the merge would authenticate.

    Raises:
        KeyUseError: no key opens a version.
        TamperedError: a version was changed without the key, or is not encrypted any more.
        DocumentError: a version cannot be read, or both sides changed the recipients to something else.
    """
    past = _side("the common ancestor", base, form, context) if base.strip() else None
    mine, other = _side("our side", ours, form, context), _side("their side", theirs, form, context)
    for side, what in ((mine, "our side"), (other, "their side")):
        if side.opened is None and (past is None or past.opened is not None):
            raise TamperedError(
                f"{what} is in plain", hint="encrypt it there, or decide with git checkout --ours|--theirs"
            )
    return merge_files(past, mine, other, form, partial(_wrap, context), context.now())


def _wrap(
    context: Context, data_key: Plaintext, groups: Groups, threshold: int, present: tuple[tuple[Wrapped, ...], ...]
) -> tuple[tuple[Wrapped, ...], ...]:
    return wrap(data_key, groups, threshold, context, keep=present)


def added(ours: bytes, merged: Merged, form: Format) -> tuple[str, ...]:
    """Return who can open a merge, and could not open our side; people are told, for no MAC covers recipients."""
    before = read_metadata(ours, form).groups if is_encrypted(ours, form) else ()
    known = {wrapped.key for group in before for wrapped in group}
    if not known:
        return ()
    return tuple(shown_key(one.key) for group in merged.sealer.metadata.groups for one in group if one.key not in known)


def _wrapped_anew(merged: Merged, ours: bytes, theirs: bytes, form: Format) -> bool:
    """Tell whether a merge gives a data key to somebody whom only their side names, which took no key to write."""
    mine, other = read_metadata(ours, form).groups, read_metadata(theirs, form).groups
    known = {wrapped.key for group in mine for wrapped in group}
    theirs_wrapped = {wrapped for group in other for wrapped in group}
    result = merged.sealer.metadata.groups
    return any(one.key not in known and one not in theirs_wrapped for group in result for one in group)


def stages(path: Path) -> dict[str, bytes]:
    """Return the versions of a file in conflict as Git's index keeps them: ``base``, ``ours``, ``theirs``.

    Raises:
        SourceError: Git cannot tell.
        UsageError: the file is not in conflict, or one side deleted it.
    """
    listed = git("ls-files", "-u", "-z", "--", path.name, folder=path.parent).decode("utf-8", "surrogateescape")
    found = {}
    for entry in filter(None, listed.split("\0")):
        _, object_id, stage = entry.partition("\t")[0].split(" ")
        found[_STAGES[stage]] = git("cat-file", "blob", object_id, folder=path.parent)
    if not found:
        raise UsageError(f"{path} is not in conflict", hint="git status lists what is")
    if not {"ours", "theirs"} <= found.keys():
        raise UsageError(f"one side deleted {path}", hint="git add keeps it, git rm removes it")
    return found


def resolved(merged: Merged, text: Plaintext, now: str) -> bytes:
    """Return the encrypted file of what a person made of a conflict.

    Raises:
        UsageError: markers of the conflict are left in it.
        DocumentError: it is not of the format.
    """
    if text not in merged.sides and has_markers(text.reveal()):
        raise UsageError(
            "markers of the conflict are left", hint="keep one side of each, or join them; nothing is written"
        )
    return merged.sealer.seal(text, now)


def is_encrypted(data: bytes, form: Format) -> bool:
    """Tell whether a version of a file is encrypted.

    Raises:
        DocumentError: it cannot be read.
    """
    return b"sops" in data and form.read(data, True).metadata is not None


def shown(merged: Merged) -> str:
    """Return where a merge has conflicts; names of keys alone."""
    keeper = merged.sealer.keeper
    # The first step into YAML is the document, which says nothing where there is one.
    skip = keeper.format.id == "yaml" and len({leaf.branch for leaf in keeper.encrypted.leaves}) < 2
    steps = [at[1:] if skip and len(at) > 1 and isinstance(at[0], int) else at for at in merged.conflicts]
    places = [".".join(str(one if not isinstance(one, tuple) else one[1]) for one in at) for at in steps]
    return ", ".join(place or "the layout" for place in places)


def _side(what: str, data: bytes, form: Format, context: Context) -> Side:
    try:
        if not is_encrypted(data, form):
            return Side(Plaintext(data), None)
        opened = open_file(data, form, lambda metadata: unwrap(metadata, context))
        return Side(opened.plain(), opened)
    except StrongroomError as error:
        raise type(error)(f"{what} cannot be opened: {error.message}", hint=error.hint) from None


def _as_git(ours: Path, base: Path, theirs: Path) -> int:
    """Merge lines as Git does without us; return the number of conflicts."""
    names = ("-L", "ours", "-L", "base", "-L", "theirs")
    try:
        return subprocess.run(["git", "merge-file", "-q", *names, ours, base, theirs], check=False).returncode
    except FileNotFoundError:
        raise SourceError("git is not installed") from None

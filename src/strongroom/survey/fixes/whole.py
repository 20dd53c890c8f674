"""Fixes of files that are no manifests: credentials leave the folder, builds mount what they were told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from strongroom.documents.wanted import Unfit
from strongroom.model.facts import Facts
from strongroom.model.file import FileKind
from strongroom.model.finding import Finding
from strongroom.model.plan import ABSENT, DeleteFile, PlanStep, Splice, Text, WriteFile
from strongroom.plans.files import read
from strongroom.survey.encrypted.changes import write_step
from strongroom.survey.fixes.files import Files

CREDENTIAL_FILE = "credential-file"
IMAGE_BUILD = "secret-in-image-build"

_WHOLE = frozenset({FileKind.PRIVATE_KEY, FileKind.KEYSTORE, FileKind.KUBECONFIG, FileKind.DOTENV})
"""Files that are there for the credential. Others hold settings or state too."""
_SPECIAL = re.compile(r"([\\*?\[\]])")
_ARG = re.compile(r"(?i)^(?P<head>\s*ARG\s+(?P<name>[A-Za-z_]\w*))=\S*[^\S\n]*$")
_RUN = re.compile(r"(?i)^(?P<head>\s*RUN)(?=\s)")
_JSON = re.compile(r"(?i)\s*RUN\s+\[")
_FROM = re.compile(r"(?i)\s*FROM\s+(?:--\S+\s+)*(?P<base>\S+)(?:\s+AS\s+(?P<name>\S+))?")
_SYNTAX = re.compile(r"(?i)#\s*syntax\s*=\s*docker/dockerfile(?:-upstream)?:(?P<major>\d+)\.(?P<minor>\d+)")
_FRONTEND = (1, 10)
"""Gives secrets as variables since then."""
_HEREDOC = re.compile(r"<<-?\s*[\"']?\w")


class Whole(NamedTuple):
    """What is done to one file, and what a person has to do beside it."""

    title: str
    unsafe: str  # something that the sources do not show may rely on it
    to_do: str
    steps: tuple[PlanStep, ...]


class WholeFiles:
    """The files of a plan that are changed as text, or deleted.

    Args:
        files: the files that it may edit.
        facts: which files are credentials.
        root: its folder.
        key: the fingerprint key.
    """

    def __init__(self, files: Files, facts: Facts, root: Path, key: bytes) -> None:
        self._files, self._root, self._key = files, root, key
        self._kinds = {one.origin.path: one.kind for one in facts.files if one.holds_credential}
        self._ignored: dict[str, None] = {}

    def removal(self, finding: Finding) -> Whole:
        """Return the deletion of a file that is a credential and nothing else.

        Raises:
            Unfit: it is something else too, or no file of the folder.
        """
        path, kind = finding.origin.path, self._kinds.get(finding.origin.path)
        if kind not in _WHOLE:
            raise Unfit("it holds more than a credential: take the value out of it, and rotate it")
        inside, before = self._files.inside(path), self._digest(path)
        change = DeleteFile(inside, before)
        return Whole(
            f"delete {inside}, a {kind.value}, and list it in .gitignore",
            "what reads the file there finds nothing until it is put there in another way",
            f"give what reads {inside} the file from outside Git with a new credential, and commit its deletion, as "
            f"git rm --cached {inside} would; strongroom plan undo brings it back",
            (PlanStep(f"delete {inside}", change, (finding.fingerprint,)),),
        )

    def ignore(self, steps: Iterable[PlanStep]) -> None:
        """Have files that a plan deletes listed in ``.gitignore``."""
        self._ignored.update({one.change.path: None for one in steps if isinstance(one.change, DeleteFile)})

    def ignoring(self) -> PlanStep | None:
        """Return the step that lists them; None where there is nothing to add."""
        path = self._root / ".gitignore"
        before = read(path).data
        known = (before or b"").decode("utf-8", "replace").splitlines()
        lines = [line for line in map(_pattern, self._ignored) if line not in known]
        if not lines:
            return None
        gap = "\n" if before and not before.endswith(b"\n") else ""
        added = gap + "".join(f"{line}\n" for line in lines)
        after = (before or b"") + added.encode()
        digest = ABSENT if before is None else self._files.digest(before)
        at = len(before or b"")
        splices = (Splice(at, at, (Text(added),)),)
        return PlanStep(
            "list credentials in .gitignore", WriteFile(".gitignore", digest, self._files.digest(after), splices)
        )

    def build(self, path: str, findings: Iterable[Finding]) -> Whole:
        """Return the edit by which a build mounts a secret instead of an argument with a default.

        https://docs.docker.com/build/building/secrets/ (the option ``env``: Dockerfile frontend 1.10)

        Raises:
            Unfit: the value stands elsewhere than in the default of an ``ARG``, or what uses it cannot mount it.
        """
        data = self._files.data(path)
        wanted: set[int | None] = {finding.origin.line for finding in findings}
        try:
            lines = data.decode().splitlines(keepends=True)
        except UnicodeDecodeError:
            raise Unfit("the file is not UTF-8") from None
        names = _named(lines, wanted)
        _mount(lines, names)
        for at in names:
            lines[at] = ""
        after = "".join(lines).encode()
        listed = ", ".join(names.values())
        ids = " ".join(f"--secret id={name.lower()},env={name}" for name in names.values())
        step = write_step(f"mount {listed} in the build", Path(path), data, after, self._root, self._key, plain=True)
        step = PlanStep(step.title, step.change, tuple(finding.fingerprint for finding in findings))
        return Whole(
            f"mount {listed} as a secret of the build in {path}, instead of an argument with a default",
            "",
            f"build by BuildKit with {ids} and a new value; delete the images that hold the old one ({path})",
            (step,),
        )

    def _digest(self, path: str) -> str:
        return self._files.digest(self._files.data(path))


def _pattern(name: str) -> str:
    """Return the line of a ``.gitignore`` that means one file."""
    return "/" + _SPECIAL.sub(r"\\\1", name)


def _named(lines: list[str], wanted: set[int | None]) -> dict[int, str]:
    """Return the ARG instructions at some lines, by their index."""
    found: dict[int, str] = {}
    for number in wanted:
        match = _ARG.match(lines[number - 1].rstrip("\r\n")) if number and number <= len(lines) else None
        if match is None or number is None:
            raise Unfit("it is no default of an ARG alone in its line: mount a secret, and rotate the value")
        found[number - 1] = match["name"]
    return found


def _mount(lines: list[str], names: Mapping[int, str]) -> None:
    """Give the mount to each RUN that has an argument in its environment: a program may read it there unasked.

    An argument is there from its instruction to the end of its stage, and in the stages that are built on this one.

    Raises:
        Unfit: another instruction uses it, or one that has it cannot be changed.
    """
    live: list[str] = []
    stages: dict[str, list[str]] = {}
    begun, start = False, 0
    _refuse_old_frontend(lines)
    while start < len(lines):
        end = start
        while lines[end].rstrip("\r\n").endswith("\\") and end + 1 < len(lines):
            end += 1
        text = "".join(lines[start : end + 1])
        if start in names:
            live += [names[start]] if begun else []
        elif not text.lstrip().startswith("#"):
            run, stage = _RUN.match(text), _FROM.match(text)
            used = [name for name in names.values() if re.search(rf"\b{name}\b", text)]
            if (used and not run) or (live and run and (_HEREDOC.search(text) or _JSON.match(text))):
                raise Unfit(f"{[*used, *live][0]} is used by another instruction than RUN: decide how that is given it")
            if stage:
                begun, live = True, [*stages.get(stage["base"].lower(), ())]
                stages[(stage["name"] or "").lower()] = live
            elif run:
                mounts = "".join(f" --mount=type=secret,id={name.lower()},env={name},required=true" for name in live)
                lines[start] = lines[start][: run.end()] + mounts + lines[start][run.end() :]
        start = end + 1


def _refuse_old_frontend(lines: Sequence[str]) -> None:
    for line in lines:
        if not line.startswith("#"):
            return
        match = _SYNTAX.match(line)
        if match and (int(match["major"]), int(match["minor"])) < _FRONTEND:
            raise Unfit(
                "its syntax line asks for a frontend before 1.10, which gives no secret as a variable: raise it"
            )

"""The labelled files under ``labelled/``: each case is one small file in which marks say what is a secret.

In the text of a case ``⟪kind:1⟫`` stands for a made-up credential (`fakes.fake`) that must be found, ``⟪=text⟫`` for a
text as it is, and encodings follow a bar (``⟪github:1|b64⟫``). ``⟦…⟧`` writes the same without a mark: finding it is
false. ``⟨=text⟩`` may be found or not, as a default password. ``⟪@name|helm⟫`` takes a named part of the case, whose own
marks are expanded first.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import msgspec
import yaml
from tests.leaks.fakes import ENCODINGS, fake

FOLDER = Path(__file__).parent / "labelled"
_MARK = re.compile(r"(?P<open>[⟪⟦⟨])(?P<what>[^⟪⟦⟨⟫⟧⟩|]*)(?P<how>(?:\|[a-z0-9]+)*)[⟫⟧⟩]")
_IN_BLOCK = re.compile(r":[ \t]*(?:[|>][+-]?)?\n[ \t]*$")
"""A value that stands on the lines below its key: a scanner may name the line of the key."""
_WRAPPED = re.compile(r"^(?P<indent>[^\S\n]*)@@$", re.MULTILINE)


class Lines(NamedTuple):
    """The lines of a mark, both inclusive."""

    first: int
    last: int


class Case(msgspec.Struct, forbid_unknown_fields=True):
    """One small file.

    Attributes:
        why: what is shown, in a few words; unique in its category.
        text: the file with marks, or what the category's ``wrap`` stands around.
        file: its name.
        frame: ``own`` where the category's ``wrap`` does not stand around the text.
        parts: named texts for ``⟪@name⟫``.
        fails: why the tool is known to fail here; such a case counts all the same.
        category: of its file.
    """

    why: str
    text: str
    file: str = ""
    frame: str = ""
    parts: dict[str, str] = {}
    fails: str = ""
    category: str = ""

    @property
    def label(self) -> str:
        """Name the case."""
        return f"{self.category}: {self.why}"

    def written(self) -> Written:
        """Return the file as a scanner meets it, and the lines of its marks."""
        return _written(self.text, self.parts)


class Written(NamedTuple):
    """A file of a case: its text, the lines that must be found, and those that may be."""

    text: str
    secret: list[Lines]
    either: list[Lines]


class _File(msgspec.Struct, forbid_unknown_fields=True):
    category: str
    cases: list[Case]
    file: str = "case.yaml"
    wrap: str = "@@\n"


def all_cases() -> list[Case]:
    """Return every case of every category, in the order of the files' names."""
    found: list[Case] = []
    for path in sorted(FOLDER.glob("*.yaml")):
        file = msgspec.convert(yaml.safe_load(path.read_text("utf-8")), _File)
        for case in file.cases:
            wrap = "@@\n" if case.frame else file.wrap
            text = _WRAPPED.sub(lambda m, case=case: _indented(case.text, m["indent"]), wrap)  # type: ignore[misc]
            found.append(msgspec.structs.replace(case, category=file.category, file=case.file or file.file, text=text))
    return found


def _indented(text: str, indent: str) -> str:
    return "\n".join(indent + line if line else line for line in text.rstrip("\n").split("\n"))


def _written(text: str, parts: dict[str, str]) -> Written:
    out: list[str] = []
    line, at = 1, 0
    marks: dict[str, list[Lines]] = {"⟪": [], "⟦": [], "⟨": []}
    for match in _MARK.finditer(text):
        before = text[at : match.start()]
        line += before.count("\n")
        value = _value(match["what"], match["how"], parts)
        value = value.rstrip("\n").replace("\n", "\n" + _indent_of(text, match.start()))
        head = 1 if _IN_BLOCK.search(before) else 0
        marks[match["open"]].append(Lines(line - head, line + value.count("\n")))
        line += value.count("\n")
        out += (before, value)
        at = match.end()
    return Written("".join([*out, text[at:]]), marks["⟪"], marks["⟨"])


def _indent_of(text: str, at: int) -> str:
    """A value of several lines stands in a block: its lines are indented as its first."""
    start = text.rfind("\n", 0, at) + 1
    before = text[start:at]
    return before if not before.strip() else " " * (len(before) - len(before.lstrip()))


def _value(what: str, how: str, parts: dict[str, str]) -> str:
    if what.startswith("="):
        value = what[1:]
    elif what.startswith("@"):
        value = _written(parts[what[1:]], parts).text
    else:
        kind, _, number = what.partition(":")
        value = fake(kind, int(number or "1"))
    for encoding in how.split("|")[1:]:
        value = ENCODINGS[encoding](value)
    return value


class Score(NamedTuple):
    """What a scanner made of some cases.

    ``found`` and ``missed`` count marks; ``wrong`` counts what was reported where no mark stands.
    """

    found: int = 0
    missed: int = 0
    wrong: int = 0

    def plus(self, other: Score) -> Score:
        """Return the sum."""
        return Score(self.found + other.found, self.missed + other.missed, self.wrong + other.wrong)

    @property
    def recall(self) -> float:
        """The share of the marks that were found."""
        marks = self.found + self.missed
        return self.found / marks if marks else 1.0

    @property
    def precision(self) -> float:
        """The share of what was reported that is marked."""
        reported = self.found + self.wrong
        return self.found / reported if reported else 1.0


def score(written: Written, reported: set[Lines]) -> Score:
    """Compare what a scanner reports of one case, each by its lines, with the marks.

    What spans several lines is right where one of them is marked, and wrong once where none is.
    """
    found = sum(any(_meet(mark, lines) for lines in reported) for mark in written.secret)
    allowed = (*written.secret, *written.either)
    wrong = {lines.first for lines in reported if not any(_meet(mark, lines) for mark in allowed)}
    return Score(found, len(written.secret) - found, len(wrong))


def _meet(one: Lines, other: Lines) -> bool:
    return one.first <= other.last and other.first <= one.last

"""The page of a check: its docstring, its judgement, its examples."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, NamedTuple

from strongroom.model.finding import Audience
from strongroom.posture.check import Check
from strongroom.posture.standards import load

HEADINGS = ("What it finds", "Not a finding", "Why it is bad", "Instead", "References")
"""The sections of a page, in their order; only "Not a finding" may be absent."""

_EXPECTED = "# finds: "
_LANGUAGES = {".yaml": "yaml", ".yml": "yaml", ".json": "json", ".env": "shell", ".toml": "toml"}


class Example(NamedTuple):
    """One example of a check: a file, or a folder of files.

    Attributes:
        name: ``bad``, ``bad-2``, ``good-ciphertext`` …
        bad: True where the check must find something.
        path: the file or the folder.
    """

    name: str
    bad: bool
    path: Traversable


def examples(check_id: str) -> list[Example]:
    """Return the examples of a check, ordered by name."""
    folder = files("strongroom.posture") / "examples" / check_id
    if not folder.is_dir():
        return []
    entries = sorted(folder.iterdir(), key=lambda entry: entry.name.split("."))
    return [Example(e.name.split(".")[0], e.name.startswith("bad"), e) for e in entries]


def markdown(check: Check[Any]) -> str:
    """Return the whole page as Markdown: title, table, sections, with the examples where they help."""
    import sys

    text = sys.modules[check.examine.__module__].__doc__ or ""
    lead, sections = _split(text)
    pedantic = "; pedantic: reported with `--pedantic` only" if check.audience is Audience.PEDANTIC else ""
    out = [
        f"# {check.id}\n\n{lead}\n",
        (
            f"Severity **{check.severity.label}**, confidence **{check.confidence.label}**, "
            f"practice *{check.practice.title.lower()}*{pedantic}.\n"
        ),
    ]
    standards = load()
    if check.standards:
        out.extend(f"- {standards[key].standard}: {standards[key].title}" for key in check.standards)
        out.append("")
    found = examples(check.id)
    for heading in HEADINGS:
        if heading == "Instead":
            out.append("## Example\n")
            out.extend(_shown(next(e for e in found if e.bad)) if any(e.bad for e in found) else ())
        if heading in sections:
            out.append(f"## {heading}\n\n{sections[heading]}\n")
        if heading == "Instead" and any(not e.bad for e in found):
            out.extend(_shown(next(e for e in found if not e.bad)))
    return "\n".join(out).rstrip() + "\n"


def _split(text: str) -> tuple[str, dict[str, str]]:
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    lead = current
    for line in text.splitlines():
        if line.startswith("## "):
            current = sections.setdefault(line[3:].strip(), [])
        else:
            current.append(line)
    return "\n".join(lead).strip(), {name: "\n".join(lines).strip() for name, lines in sections.items()}


def _shown(example: Example) -> Iterator[str]:
    for path in [example.path] if example.path.is_file() else _files_below(example.path):
        if path.name in ("FINDS", "README.md"):
            continue
        suffix = "." + path.name.rpartition(".")[2]
        body = "\n".join(line for line in path.read_text("utf-8").splitlines() if not line.startswith(_EXPECTED))
        yield f"```{_LANGUAGES.get(suffix, 'text')}\n{body.strip()}\n```\n"


def _files_below(folder: Traversable) -> Iterator[Traversable]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _files_below(entry)
        else:
            yield entry

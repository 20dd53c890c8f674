"""The page of a way: its docstring, its techniques, its example."""

from __future__ import annotations

import sys
from importlib.resources import files
from typing import NamedTuple

from strongroom.access.way import Way

SECTIONS = ("Needs", "Exploited", "Closed", "References")
"""The sections of every page, in their order; ``Demonstrated`` may stand before the references."""

DEMONSTRATED = "Demonstrated"

_HEADERS = ("attacker", "reaches")


class Example(NamedTuple):
    """One cluster: where the way is open, or the same with the way closed.

    Attributes:
        attacker: who, as ``strongroom access reach`` takes it.
        reaches: what he reaches where it is open.
        manifests: the objects, as YAML.
    """

    attacker: str
    reaches: str
    manifests: str


def example(way: Way, name: str) -> Example:
    """Return the example ``setup`` or ``fixed`` of a way.

    Raises:
        FileNotFoundError: there is none.
        KeyError: its first comments do not say who reaches what.
    """
    text = (files("strongroom.access") / "examples" / way.id / f"{name}.yaml").read_text("utf-8")
    said = dict(line[2:].split(": ", 1) for line in text.splitlines() if line.startswith("# ") and ": " in line)
    manifests = "\n".join(line for line in text.splitlines() if not line.startswith("# "))
    return Example(said["attacker"], said["reaches"], manifests.strip() + "\n")


def sections(way: Way) -> dict[str, str]:
    """Return the text of a way's page by heading; what stands before the first has an empty one."""
    found: dict[str, list[str]] = {"": []}
    current = found[""]
    fenced = False
    for line in (sys.modules[way.steps.__module__].__doc__ or "").splitlines():
        fenced ^= line.startswith("```")
        if line.startswith("## ") and not fenced:
            current = found.setdefault(line[3:].strip(), [])
        else:
            current.append(line)
    return {heading: "\n".join(lines).strip() for heading, lines in found.items()}


def markdown(way: Way) -> str:
    """Return the whole page as Markdown, with the cluster in which the way is open and what closes it."""
    parts = sections(way)
    techniques = ", ".join(
        f"[{one}](https://attack.mitre.org/techniques/{one.replace('.', '/')}/)" for one in way.techniques
    )
    shown = (
        "a test shows it on a real API server" if way.demonstrated else "not demonstrated on an API server; see below"
    )
    out = [f"# {way.id}\n", f"{parts.pop('')}\n", f"MITRE ATT&CK {techniques}; {shown}.\n"]
    for heading, text in parts.items():
        if heading == "References":
            out += _clusters(way)
        out.append(f"## {heading}\n\n{text}\n")
    return _ticks("\n".join(out)).rstrip() + "\n"


def _clusters(way: Way) -> list[str]:
    opened, closed = example(way, "setup"), example(way, "fixed")
    return [
        f"## Example\n\nHere `{opened.attacker}` reaches `{opened.reaches}`:\n",
        f"```yaml\n{opened.manifests}```\n",
        f"And here `{closed.attacker}` does not:\n",
        f"```yaml\n{closed.manifests}```\n",
    ]


def _ticks(text: str) -> str:
    """Turn the double backticks of docstrings into the single ones of Markdown, fences left alone."""
    lines = (line if line.startswith("```") else line.replace("``", "`") for line in text.splitlines())
    return "\n".join(lines)

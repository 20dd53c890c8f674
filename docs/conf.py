"""Sphinx configuration; generates the pages of checks and ways before the build."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import strongroom

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "Strongroom"
author = "the Strongroom authors"
release = version = strongroom.__version__
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "Strongroom"
exclude_patterns = ["images"]
myst_heading_anchors = 3
suppress_warnings = ["misc.highlighting_failure"]


def write_check_pages(_: Sphinx) -> None:
    """Write ``docs/checks/ID.md`` and its index from the checks themselves; remove pages of checks that are gone."""
    from strongroom.model.finding import Practice
    from strongroom.posture.checks import CHECKS
    from strongroom.posture.pages import markdown

    folder = Path(__file__).parent / "checks"
    pages = {f"{check.id}.md": markdown(check) for check in CHECKS}
    index = ["# Checks\n", f"{len(CHECKS)} checks, by practice. `strongroom explain ID` shows the same pages.\n"]
    for practice in Practice:
        chosen = sorted((c for c in CHECKS if c.practice is practice), key=lambda c: (-c.severity, c.id))
        if chosen:
            index.append(f"## {practice.title}\n\n| check | severity | finds |\n|---|---|---|")
            index.extend(f"| [{c.id}]({c.id}.md) | {c.severity.label} | {c.title} |" for c in chosen)
            index.append("")
    index.append("```{toctree}\n:hidden:\n:maxdepth: 1\n\n" + "\n".join(sorted(c.id for c in CHECKS)) + "\n```")
    pages["index.md"] = "\n".join(index) + "\n"
    _replace(folder, pages)


def write_way_pages(_: Sphinx) -> None:
    """Write ``docs/access/ways/ID.md`` and its index from the ways themselves; remove pages of ways that are gone."""
    from strongroom.access.edges import WAYS
    from strongroom.access.pages import markdown

    pages = {f"{way.id}.md": markdown(way) for way in WAYS}
    index = ["# Ways to reach a secret\n"]
    index.append(f"{len(WAYS)} ways. Each page has a cluster in which the way is open, and one in which it is closed.")
    index.append(
        "Where the API server alone decides, a test takes the way on a real one, and finds the other closed.\n"
    )
    index.append("| way | whoever takes it | demonstrated |\n|---|---|---|")
    index.extend(f"| [{way.id}]({way.id}.md) | {way.title} | {'yes' if way.demonstrated else 'no'} |" for way in WAYS)
    index.append("\n```{toctree}\n:hidden:\n:maxdepth: 1\n\n" + "\n".join(sorted(way.id for way in WAYS)) + "\n```")
    pages["index.md"] = "\n".join(index) + "\n"
    _replace(Path(__file__).parent / "access" / "ways", pages)


def _replace(folder: Path, pages: dict[str, str]) -> None:
    """Make the pages of a folder these; files that need no change are left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.md"):
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        file = folder / name
        if not file.exists() or file.read_text("utf-8") != text:
            file.write_text(text, "utf-8")


def setup(app: Sphinx) -> None:
    """Register the generators."""
    app.connect("builder-inited", write_check_pages)
    app.connect("builder-inited", write_way_pages)

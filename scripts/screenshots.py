"""Draw the pictures of the documentation: docs/images/report.png, secret.png, terminal.svg and access-*.png.

Run as ``.venv/bin/python scripts/screenshots.py`` after a change of what reports look like; needs Debian's chromium.
They show ``strongroom audit examples/shop`` and ``strongroom access … examples/escalation`` as they are, run anew. With
``access`` as argument only the latter are drawn.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
SOURCE = "examples/shop"
PAGE = "secret-shop-postgres"
ACCESS = {
    "graph": ["exposure", "secret/edge/edge-tls"],
    "path": ["paths", "user/nina", "secret/edge/edge-tls"],
    "review": ["review"],
}
COLUMNS, FIRST_LINES, LAST_LINES = 88, 44, 4
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]

# The colours of the report's dark scheme, so that the pictures belong together.
GREY, CRITICAL, HIGH, GOOD, MEDIUM = (48, 55, 61), (245, 139, 173), (245, 154, 111), (124, 201, 160), (226, 182, 80)
LOW, PLUM, ACCENT, SOFT, INK = (134, 187, 227), (201, 160, 220), (98, 194, 196), (163, 171, 179), (229, 227, 221)
THEME = TerminalTheme(
    (19, 23, 26),
    INK,
    [GREY, CRITICAL, GOOD, MEDIUM, LOW, PLUM, ACCENT, SOFT],
    [SOFT, HIGH, GOOD, MEDIUM, LOW, PLUM, ACCENT, INK],
)


def main() -> int:
    """Draw all pictures; return the exit code."""
    chromium = shutil.which("chromium")
    if chromium is None:
        print("error: chromium is not installed\nhint: apt-get install chromium", file=sys.stderr)
        return 2
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        photograph_access(Path(folder), chromium)
        if sys.argv[1:] == ["access"]:
            return 0
        report = Path(folder) / "report.html"
        # A fixed key: the short fingerprints of the pictures do not change with the machine.
        key = Path(folder) / "key"
        key.write_bytes(bytes(32))
        printed = audit(report, key)
        (IMAGES / "terminal.svg").write_text(terminal(printed), encoding="utf-8")
        photograph(report, chromium)
    return 0


def audit(report: Path, key: Path) -> str:
    """Run the audit as a user does; return what it printed, with colours, and write the HTML report."""
    command = [str(Path(sys.executable).parent / "strongroom"), "audit", SOURCE, "--color"]
    command += ["--output", str(report), "--fingerprint-key", str(key)]
    environment = {**os.environ, "COLUMNS": str(COLUMNS)}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if run.returncode != 1:
        raise SystemExit(f"error: the audit of {SOURCE} ended with {run.returncode}: {run.stderr}")
    return run.stdout


def terminal(printed: str) -> str:
    """Return the first and the last lines of a terminal's text as a picture that fetches no font."""
    lines = printed.rstrip("\n").split("\n")
    if len(lines) > FIRST_LINES + LAST_LINES + 1:
        lines = [*lines[:FIRST_LINES], "  ⋮", *lines[-LAST_LINES:]]
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True, color_system="truecolor")
        console.print(Text("$ strongroom audit " + SOURCE, style="bold"))
        console.print(Text.from_ansi("\n".join(lines)))
    drawn = console.export_svg(title="Strongroom", theme=THEME, unique_id="strongroom")
    return re.sub(r"@font-face \{.*?\}", "", drawn, flags=re.DOTALL)


def photograph(report: Path, chromium: str) -> None:
    """Take the pictures of the HTML report: its summary, and the page of one Secret."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 1000}, device_scale_factor=1.5)
        page.goto(report.as_uri())
        page.screenshot(path=IMAGES / "report.png")
        page.set_viewport_size({"width": 1280, "height": 720})
        page.goto(f"{report.as_uri()}#{PAGE}")
        page.screenshot(path=IMAGES / "secret.png")
        browser.close()


def photograph_access(folder: Path, chromium: str) -> None:
    """Take the pictures of answers about access: a Secret and who reaches it, one path, and a review on paper."""
    for name, arguments in ACCESS.items():
        command = [str(Path(sys.executable).parent / "strongroom"), "access", *arguments, "examples/escalation"]
        run = subprocess.run([*command, "-q", "-o", str(folder / f"{name}.html")], cwd=ROOT, check=False)
        if run.returncode:
            raise SystemExit(f"error: {' '.join(command)} ended with {run.returncode}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for name, scheme in (("graph", "light"), ("path", "dark"), ("review", "light")):
            context = browser.new_context(
                viewport={"width": 1400, "height": 1120},
                color_scheme="dark" if scheme == "dark" else "light",
                reduced_motion="reduce",
            )
            page = context.new_page()
            page.goto((folder / f"{name}.html").as_uri())
            _pose(page, name)
            page.screenshot(path=IMAGES / f"access-{name}.png")
            context.close()
        browser.close()


def _pose(page: Page, name: str) -> None:
    """Bring a page to where its picture says most."""
    if name == "review":
        page.emulate_media(media="print")
        return
    canvas = page.locator("#graph-canvas")
    canvas.focus()
    if name == "graph":
        page.locator("#graph-own").check()
        page.locator("#graph-more").click()
        person = "user/peggy"
        place = page.evaluate("(label) => document.getElementById('graph-canvas').strongroom.place(label)", person)
        canvas.click(position=place)
    else:
        for _ in range(4):
            page.keyboard.press("ArrowDown")
    page.wait_for_timeout(500)  # the canvas is drawn in the next frames


if __name__ == "__main__":
    sys.exit(main())

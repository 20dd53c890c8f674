"""Sealing a thousand values at once, beside ``kubeseal`` once for each value, which is how it is used for values."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.controlplane import binaries

from benchmarks.measure import Command, Figure, interleaved

VALUES = 1000
_MANY = 10_000
_PER_SECRET = 10
_TURNS = 3


def manifests(file: Path, values: int) -> None:
    """Write Secrets that hold so many values together, ten each."""
    with file.open("w", encoding="utf-8") as stream:
        for number in range(values // _PER_SECRET):
            data = {f"key-{key}": f"value {number} {key} " + "x" * 20 for key in range(_PER_SECRET)}
            metadata = {"name": f"s{number}", "namespace": "shop"}
            body = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}
            stream.write(f"---\n{json.dumps(body)}\n")


def _commands(folder: Path) -> list[Command]:
    subject = ("-subj", "/", "-days", "3650")
    subprocess.run(
        ("openssl", "req", "-x509", "-newkey", "rsa:4096", "-nodes", "-keyout", "k.pem", "-out", "c.pem", *subject),
        cwd=folder,
        check=True,
        capture_output=True,
    )
    for name, values in (("one.yaml", _PER_SECRET), ("some.yaml", VALUES), ("many.yaml", _MANY)):
        manifests(folder / name, values)
    (folder / "value").write_text("value 0 0 " + "x" * 20)
    kubeseal = shlex.quote(str(binaries.build("kubeseal", lambda text: print(text, flush=True))))
    once = f"{kubeseal} --raw --cert c.pem --name s --namespace shop < value"
    seal = (sys.executable, "-m", "strongroom", "seal", "--cert", "c.pem", "--fingerprint-key", "key")
    (folder / "key").write_bytes(b"k" * 32)
    return [
        Command("strongroom seal", (*seal, "some.yaml"), folder=folder),
        Command("kubeseal, once a value", ("sh", "-c", f"for i in $(seq {VALUES}); do {once}; done"), folder=folder),
        Command("kubeseal, all in one file", ("sh", "-c", f"{kubeseal} --cert c.pem < some.yaml"), folder=folder),
        Command("strongroom seal, 10 values", (*seal, "one.yaml"), folder=folder),
        Command("strongroom seal, 10,000 values", (*seal, "many.yaml"), folder=folder),
    ]


def run() -> str:
    """Measure; return the section of the page."""
    with tempfile.TemporaryDirectory() as name:
        figures = interleaved(_commands(Path(name)), _TURNS)
    own = figures["strongroom seal"]
    rows = [_row(command, figure, own) for command, figure in figures.items()]
    lead = f"{VALUES:,} values under a key of 4,096 bits, ten to a Secret; the ratio is to the time of the first line."
    head = ["| | wall | processor | memory | ratio |", "|---|---|---|---|---|"]
    return "\n".join(["## Sealing", "", lead, "", *head, *rows])


def _row(name: str, figure: Figure, own: Figure) -> str:
    ratio = f"{figure.wall / own.wall:.2f}"
    return f"| {name} | {figure.wall:.2f} s | {figure.processor:.2f} s | {figure.memory:.0f} MiB | {ratio} |"


if __name__ == "__main__":
    print(run())

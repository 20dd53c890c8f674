"""Who reaches which secret, on generated clusters: time and memory from the files of a dump to the report.

python -m benchmarks access
"""

from __future__ import annotations

import gc
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from benchmarks.access_cluster import Generator
from benchmarks.measure import Command, Figure, interleaved
from strongroom.access.rbac_facts import rbac_of
from strongroom.access.who_can import who_can
from strongroom.access.who_can_question import question
from strongroom.documents.limits import DEFAULT
from strongroom.inventory.join import build
from strongroom.model.settings import Settings
from strongroom.sources.collect import Options, collect
from strongroom.survey.access import know
from strongroom.survey.run import Request

SIZES = (1_000, 10_000, 30_000, 100_000)
_TIMED = 30_000
_ROUNDS = 3
_LIMIT = "--max-file-size=4096"


class Sized(NamedTuple):
    """One cluster and what was measured over it."""

    pods: int
    megabytes: float
    secrets: int
    identities: int
    steps: int
    figure: Figure


def measured(folder: Path, pods: int) -> Sized:
    """Write a cluster and let all exposures be found by whole processes."""
    size = Generator(pods).write(folder)
    words = (sys.executable, "-m", "strongroom", "access", "exposure", str(folder), _LIMIT, "--format", "csv")
    figure = interleaved([Command("exposure", words, folder=folder)], _ROUNDS if pods <= _TIMED else 1)["exposure"]
    request = Request((str(folder),), b"k" * 32, limits=msgspec.structs.replace(DEFAULT, max_bytes=4 << 30))
    graph = know(request, copies=False).graph
    steps = sum(len(graph.steps(*pair)) for pair in graph.pairs())
    return Sized(pods, size / 1e6, len(graph.secrets()), len(graph.identities()), steps, figure)


def who_can_seconds(folder: Path) -> float:
    """Return the seconds that one direct question takes over a dump that is loaded."""
    options = Options(limits=msgspec.structs.replace(DEFAULT, max_bytes=4 << 30), dumps=True)
    reading = collect([str(folder)], options)
    gc.disable()  # as the command does: what was read stays
    facts = build(reading.resources, (), (), Settings(), datetime.now(UTC))
    before = time.perf_counter()
    rbac = rbac_of(facts)
    who_can(question("get", "secrets", (), "", facts, rbac), rbac, facts, {})
    seconds = time.perf_counter() - before
    gc.enable()
    return seconds


def run() -> str:
    """Measure, and return the section of the page."""
    found: list[Sized] = []
    seconds = 0.0
    for pods in SIZES:
        print(f"  {pods:,} pods", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            found.append(measured(Path(folder), pods))
            if pods == _TIMED:
                seconds = who_can_seconds(Path(folder))
    return section(found, seconds)


def section(found: list[Sized], seconds: float) -> str:
    """Write the section of the page."""
    lines = [
        "## Who reaches which secret",
        "",
        "`strongroom access exposure DUMP` over generated clusters, as `kubectl get -A -o json` writes them: from the",
        "files to the report of all exposures, whole processes. At 30,000 pods there are 4,500 RoleBindings, 700",
        "ClusterRoleBindings, 1,400 Roles and 700 ClusterRoles; the other sizes are in proportion.",
        "",
        "*seconds* are those of the clock; *processor*, also per 1,000 pods, depends less on what else runs.",
        "",
        "| pods | dump, MB | Secrets | identities | steps | seconds | processor | per 1,000 pods | memory, MiB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {one.pods:,} | {one.megabytes:,.0f} | {one.secrets:,} | {one.identities:,} | {one.steps:,}"
        f" | {one.figure.wall:.1f} | {one.figure.processor:.1f} | {1000 * one.figure.processor / one.pods:.2f}"
        f" | {one.figure.memory:,.0f} |"
        for one in found
    ]
    lines += [
        "",
        f"`who-can get secrets` takes {seconds:.2f} s more than loading the dump of {_TIMED:,} pods.",
        "KubeHound publishes 7 minutes for 30,000 pods.",
    ]
    return "\n".join(lines) + "\n"

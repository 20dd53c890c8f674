"""Whole processes, measured from outside: wall and processor time, and the memory of the largest process."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_QUIET = {"LOG_LEVEL": "ERROR", "NO_COLOR": "1", "PYTHONWARNINGS": "ignore"}


@dataclass(frozen=True)
class Command:
    """One program to measure, in its folder; ``codes`` are the exit codes that mean that it did its work."""

    name: str
    words: tuple[str, ...]
    codes: tuple[int, ...] = (0,)
    folder: Path = Path()


@dataclass(frozen=True)
class Figure:
    """Medians over the runs: seconds, seconds of both processors, MiB."""

    wall: float
    processor: float
    memory: float
    runs: int


def interleaved(commands: Sequence[Command], runs: int) -> dict[str, Figure]:
    """Measure commands in turn, A B A B …, after one warm-up each: the machine's mood then meets all of them alike."""
    samples: dict[str, list[tuple[float, float, float]]] = {command.name: [] for command in commands}
    for turn in range(runs + 1):
        for command in commands:
            sample = _once(command)
            if turn:
                samples[command.name].append(sample)
    return {name: _median(taken) for name, taken in samples.items()}


def _median(samples: Sequence[tuple[float, float, float]]) -> Figure:
    wall, processor, memory = (statistics.median(values) for values in zip(*samples, strict=True))
    return Figure(wall, processor, memory, len(samples))


def _once(command: Command) -> tuple[float, float, float]:
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command.words,
            cwd=command.folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=os.environ | _QUIET,
        )
        # wait4 gives the usage of this child alone, its own children included.
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in command.codes:
            output.seek(0)
            raise RuntimeError(f"{command.name} ended with {process.returncode}: {output.read()[-2000:]!r}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024

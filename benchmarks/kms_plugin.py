"""The KMS plugin beside the stand-in of the tests (Go, on Kubernetes' own server), and what it costs an API server.

Calls are made by a program of its own (tests/controlplane/kubernetes/kms-load), as an API server makes them.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.support.controlplane import binaries
from tests.support.controlplane.apiserver import Options
from tests.support.controlplane.kms import KmsPlugin, encryption_configuration
from tests.support.controlplane.server import Cluster, built_programs
from tests.support.strongroom_kms import StrongroomKms

SECONDS = 3
CALLERS = 16
RATE = 1000
TURNS = 5
OBJECTS = 1000
LISTED = 20_000
_THREADS = 8
_NO_CACHE = "--watch-cache-sizes=secrets#0"
"""A LIST shall read etcd and decrypt, and not the API server's cache, which holds objects in plain."""

_SECRETS = "/api/v1/namespaces/default/secrets"


class Load(NamedTuple):
    """What a run of calls came to; times in milliseconds."""

    rate: float
    p99: float
    processor: float
    """Microseconds of processor time of the plugin for a call."""


def load(plugin: StrongroomKms | KmsPlugin, process: int, method: str, rate: int) -> Load:
    """Call a plugin for a while; every call has to succeed."""
    program = str(binaries.build("kms-load", _say))
    before = _processor(process)
    words = [program, str(plugin.socket), method, str(SECONDS), str(CALLERS), str(rate), "3"]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=SECONDS + 30)
    found = json.loads(done.stdout)
    assert found["failures"] == 0, found
    used = (_processor(process) - before) / found["requests"] * 1e6
    return Load(found["requests"] / found["seconds"], found["p99"], used)


def _processor(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _say(text: str) -> None:
    print(text, flush=True)


def calls() -> dict[tuple[str, str], Load]:
    """Run both plugins in turn; medians by plugin and kind of load."""
    kinds: dict[str, tuple[str, int]] = {
        "Encrypt": ("encrypt", 0),
        "Decrypt": ("decrypt", 0),
        f"Encrypt at {RATE:,}/s": ("encrypt", RATE),
        f"Decrypt at {RATE:,}/s": ("decrypt", RATE),
    }
    own, peer = StrongroomKms(), KmsPlugin(binaries.build("kms-plugin", _say), "key-1")
    taken: dict[tuple[str, str], list[Load]] = {}
    try:
        own.run()
        peer.run()
        plugins = (("strongroom", own, own.process.pid), ("stand-in", peer, peer.pid))
        for _ in range(TURNS):
            for kind, (method, rate) in kinds.items():
                for name, plugin, process in plugins:
                    taken.setdefault((kind, name), []).append(load(plugin, process, method, rate))
    finally:
        own.close()
        peer.close()
    return {key: Load(*map(statistics.median, zip(*loads, strict=True))) for key, loads in taken.items()}


class Connection:
    """A connection to an API server that is kept."""

    def __init__(self, cluster: Cluster) -> None:
        client = cluster.access.client()
        parts = urlsplit(client.url)
        self._connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, context=client.tls)

    def request(self, method: str, path: str, body: Any = None) -> bytes:
        """Make a request that has to succeed."""
        sent = {"Content-Type": "application/json", "Accept": "application/json"}
        self._connection.request(method, path, None if body is None else json.dumps(body), sent)
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status < http.client.BAD_REQUEST, answer.status
        return content

    def close(self) -> None:
        """Close it."""
        self._connection.close()


def each(cluster: Cluster, numbers: range, act: Callable[[Connection, int], object]) -> float:
    """Do something for each number, with several connections; seconds."""

    def some(first: int) -> None:
        connection = Connection(cluster)
        for number in numbers[first::_THREADS]:
            act(connection, number)
        connection.close()

    begin = time.monotonic()
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(some, range(_THREADS)))
    return time.monotonic() - begin


def create(connection: Connection, number: int) -> None:
    """Make a Secret of a kilobyte."""
    data = {"value": base64.b64encode(os.urandom(768)).decode()}
    connection.request("POST", _SECRETS, {"metadata": {"name": f"s{number}"}, "data": data})


@contextmanager
def clusters() -> Iterator[Mapping[str, Cluster]]:
    """A cluster for each way to encrypt, side by side."""
    programs = built_programs(_say)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        own, peer = StrongroomKms(), KmsPlugin(binaries.build("kms-plugin", _say), "key-1")
        stack.callback(own.close)
        stack.callback(peer.close)
        own.run()
        peer.run()
        key = {"name": "k", "secret": base64.b64encode(os.urandom(32)).decode()}
        providers: dict[str, dict[str, object]] = {
            "secretbox": {"secretbox": {"keys": [key]}},
            "strongroom": own.provider("own"),
            "stand-in": peer.provider("peer"),
        }
        running = {}
        for name, provider in providers.items():
            options = Options(encryption_configuration(folder / f"{name}.json", provider), flags=(_NO_CACHE,))
            running[name] = stack.enter_context(Cluster(programs, [options], controllers=False))
        yield running


def costs() -> dict[tuple[str, str], float]:
    """Seconds by what is done and by how it is encrypted; medians over turns."""
    taken: dict[tuple[str, str], list[float]] = {}
    with clusters() as running:
        for turn in range(TURNS):
            numbers = range(turn * OBJECTS, (turn + 1) * OBJECTS)
            for name, cluster in running.items():
                taken.setdefault((f"{OBJECTS:,} creates", name), []).append(each(cluster, numbers, create))
            for name, cluster in running.items():
                got = each(cluster, numbers, lambda c, n: c.request("GET", f"{_SECRETS}/s{n}"))
                taken.setdefault((f"{OBJECTS:,} gets", name), []).append(got)
        for cluster in running.values():
            each(cluster, range(TURNS * OBJECTS, LISTED), create)
        for _ in range(TURNS):
            for name, cluster in running.items():
                taken.setdefault((f"LIST of {LISTED:,}", name), []).append(_listing(cluster))
    return {key: statistics.median(seconds) for key, seconds in taken.items()}


def _listing(cluster: Cluster) -> float:
    """List everything with one request; seconds."""
    connection = Connection(cluster)
    begin = time.monotonic()
    connection.request("GET", f"{_SECRETS}?limit={LISTED}")
    seconds = time.monotonic() - begin
    connection.close()
    return seconds


def run() -> str:
    """Measure; return the section of the page."""
    return f"## KMS plugin\n\n{_calls_table(calls())}\n{_costs_table(costs())}"


def _calls_table(found: Mapping[tuple[str, str], Load]) -> str:
    lines = [
        "With a key in a file, on a Unix socket; the load is a program of its own on the same machine.",
        "",
        "| | strongroom | p99 | processor | stand-in (Go) | p99 | processor |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind in dict.fromkeys(kind for kind, _ in found):
        both = (found[kind, name] for name in ("strongroom", "stand-in"))
        cells = (f"{one.rate:,.0f}/s | {one.p99:.2f} ms | {one.processor:.0f} µs" for one in both)
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _costs_table(spent: Mapping[tuple[str, str], float]) -> str:
    lines = [
        "What an API server takes with a plugin; the ratio is to secretbox in the same run.",
        "",
        "| | secretbox | strongroom, ratio | stand-in (Go), ratio |",
        "|---|---|---|---|",
    ]
    for act in dict.fromkeys(act for act, _ in spent):
        base = spent[act, "secretbox"]
        ratios = (f"{spent[act, name] / base:.2f}" for name in ("strongroom", "stand-in"))
        lines.append(f"| {act} | {base:.2f} s | {' | '.join(ratios)} |")
    return "\n".join(lines) + "\n"

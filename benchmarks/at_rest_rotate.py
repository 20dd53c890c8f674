"""Rewriting 20,000 Secrets under a new key, beside the documented way, and what others notice of it meanwhile.

The documented way: ``kubectl get secrets --all-namespaces -o json | kubectl replace -f -``
(https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/#ensure-all-secrets-are-encrypted).
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import os
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, Self
from urllib.parse import urlsplit

from tests.support.controlplane import binaries
from tests.support.controlplane.access import Client
from tests.support.controlplane.apiserver import Options
from tests.support.controlplane.server import Cluster, built_programs

SECRETS = 20_000
_IDLE_SECONDS = 15
_PROBES = 50
_KEYS = ("a", "b")
_CALM, _PATIENCE = 0.1, 30
_PROFILE = (
    "Where the API server's part goes, by its own profile of 5,000 such writes (Kubernetes 1.36, client "
    "certificate, no webhooks): memory and its collection 26 %, HTTP and the chain of handlers 13 %, talking to "
    "etcd 12 %, verifying the client certificate of each request 10 %, metrics and tracing 9 %, field ownership 6 "
    "%, the patch itself 4 %, encryption 0.3 %. No form of the request was seen to change that: merge, strategic "
    "and JSON patches, server-side apply, a PUT of the whole object in protobuf, HTTP/2, unchecked fields, one "
    "connection or eight. What others wait for hardly depends on how many of ours are under way: rewriting 8,000 with "
    "one at a time, two, and up to eight took their 99th percentile to 9.1, 9.0 and 9.7 ms, where it is 3.7 ms idle."
)


class Taken(NamedTuple):
    """What one way took.

    Attributes:
        wall: seconds.
        memory: MiB of its largest process.
        p99: milliseconds at the 99th percentile for others.
        server: milliseconds of processor time of API server and etcd for one Secret, beyond what they take anyway.
        client: milliseconds of its own for one Secret.
    """

    wall: float
    memory: float
    p99: float
    server: float
    client: float


class Idle(NamedTuple):
    """What others have while nothing is rewritten, and how many processors API server and etcd use then."""

    p99: float
    processors: float


class Probe:
    """Somebody else who reads one object, so many times a second, over one connection."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._ended = threading.Event()
        self._taken: list[float] = []
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def p99(self) -> float:
        """The 99th percentile in milliseconds."""
        return 1000 * sorted(self._taken)[len(self._taken) * 99 // 100]

    def _ask(self) -> None:
        parts = urlsplit(self._client.url)
        connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, context=self._client.tls)
        while not self._ended.wait(1 / _PROBES):
            began = time.perf_counter()
            connection.request("GET", "/api/v1/namespaces/default/configmaps/probe")
            connection.getresponse().read()
            self._taken.append(time.perf_counter() - began)


def run(secrets: int = SECRETS) -> str:
    """Measure; return the section of the page."""
    programs = built_programs(_say)
    kubectl = binaries.build("kubectl", _say)
    with tempfile.TemporaryDirectory() as name:
        config = Path(name) / "encryption.yaml"
        _configure(config, "a")
        with Cluster(programs, [Options(encryption_config=config)], controllers=False, durable=True) as cluster:
            admin = cluster.access.client()
            admin.create("/api/v1/namespaces/default/configmaps", {"metadata": {"name": "probe"}})
            _fill(admin, secrets)
            idle = _idle(cluster, admin)
            environment = os.environ | {"XDG_STATE_HOME": name, "KUBECONFIG": str(cluster.access.kubeconfig())}
            rotate = f"{sys.executable} -m strongroom at-rest rotate --yes --to current --settle 0 --config {config}"
            ways = {
                "strongroom at-rest rotate": rotate,
                "kubectl get, kubectl replace": f"{kubectl} get secrets -A -o json | {kubectl} replace -f -",
            }
            figures: dict[str, Taken] = {}
            for turn, (way, command) in enumerate(ways.items()):
                _configure(config, _KEYS[(turn + 1) % 2])
                cluster.api_servers[0].restart()
                _calm(cluster)
                figures[way] = _taken(command, environment, cluster, admin, idle, secrets)
                _check(cluster, _KEYS[(turn + 1) % 2], secrets)
    return _page(figures, idle.p99, secrets, os.cpu_count() or 1)


def _idle(cluster: Cluster, admin: Client) -> Idle:
    _calm(cluster)
    before, began = _server(cluster), time.perf_counter()
    with Probe(admin) as probe:
        time.sleep(_IDLE_SECONDS)
    return Idle(probe.p99, (_server(cluster) - before) / (time.perf_counter() - began))


def _calm(cluster: Cluster) -> None:
    """Wait until the API server has done what it does on its own after a start."""
    for _ in range(_PATIENCE):
        before = _server(cluster)
        time.sleep(1)
        if _server(cluster) - before < _CALM:
            return
    raise RuntimeError("the API server does not come to rest")


def _server(cluster: Cluster) -> float:
    """Seconds of processor time of API server and etcd so far."""
    return sum(_processor(process) for process in (cluster.api_servers[0].pid, cluster.etcd.pid))


def _processor(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _taken(
    command: str, environment: dict[str, str], cluster: Cluster, admin: Client, idle: Idle, secrets: int
) -> Taken:
    with Probe(admin) as probe, tempfile.TemporaryFile() as output:
        before, began = _server(cluster), time.perf_counter()
        # Everything goes to a file: a pipe that nobody reads would stop kubectl.
        process = subprocess.Popen(["sh", "-c", command], stdout=output, stderr=output, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - began
        if process.returncode:
            output.seek(0)
            raise RuntimeError(f"{command} failed: {output.read()[-2000:]!r}")
        server = _server(cluster) - before - idle.processors * wall
    client = usage.ru_utime + usage.ru_stime
    return Taken(wall, usage.ru_maxrss / 1024, probe.p99, 1000 * server / secrets, 1000 * client / secrets)


def _check(cluster: Cluster, key: str, secrets: int) -> None:
    mark = f"k8s:enc:secretbox:v1:{key}:".encode()
    under = sum(value.startswith(mark) for _, value in cluster.etcd.store.prefix("/registry/secrets/"))
    assert under == secrets, f"{under} of {secrets} are rewritten"


def _configure(path: Path, first: str) -> None:
    names = [first, *(name for name in _KEYS if name != first)]
    keys = "".join(f"            - {{name: {name}, secret: {_secret(name)}}}\n" for name in names)
    head = "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n"
    path.write_text(f"{head}  - resources: [secrets]\n    providers:\n      - secretbox:\n          keys:\n{keys}")


def _secret(name: str) -> str:
    return base64.b64encode(hashlib.sha256(name.encode()).digest()).decode()


def _fill(admin: Client, secrets: int) -> None:
    value = base64.b64encode(b"x" * 200).decode()

    def make(number: int) -> None:
        body = {"metadata": {"name": f"s{number}"}, "data": {"v": value}}
        admin.create("/api/v1/namespaces/default/secrets", body)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(make, range(secrets)))


def _page(figures: dict[str, Taken], idle: float, secrets: int, processors: int) -> str:
    own = figures["strongroom at-rest rotate"]
    lead = (
        f"{secrets:,} Secrets rewritten under another key, in an etcd that waits for the disk; meanwhile somebody else "
        f"reads an object {_PROBES} times a second, which takes {idle:.1f} ms at the 99th percentile while the "
        "API server is idle."
    )
    rows = [
        f"| {name} | {one.wall:.1f} s | {one.memory:.0f} MiB | {one.p99:.1f} ms | {one.server:.1f} ms | "
        f"{one.client:.1f} ms | {one.wall / own.wall:.2f} |"
        for name, one in figures.items()
    ]
    head = [
        "| | wall | memory | p99 of others | server, for one Secret | client, for one Secret | ratio |",
        "|---|---|---|---|---|---|---|",
    ]
    return "\n".join(
        ["## Rotating a key at rest", "", lead, "", *head, *rows, "", _bound(figures, secrets, processors)]
    )


def _bound(figures: dict[str, Taken], secrets: int, processors: int) -> str:
    """Say what no client of this API server can do better."""
    own, peer = figures["strongroom at-rest rotate"], figures["kubectl get, kubectl replace"]
    least = own.server * secrets / 1000 / processors
    used = (own.server + own.client) * secrets / 1000 / processors / own.wall
    return (
        "Server and client columns are processor time; server is API server and etcd together. One write costs the "
        f"server {own.server:.1f} ms, whoever asks for it, so {processors} processors need at least {least:.1f} s for "
        f"{secrets:,}, were the client free: at most {peer.wall / least:.1f} times faster than the documented way on "
        f"this machine, and strongroom keeps it {used:.0%} busy. {_PROFILE}"
    )


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    print(run(int(sys.argv[1]) if len(sys.argv) > 1 else SECRETS))

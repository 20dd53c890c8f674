"""A cluster of two control-plane nodes that goes from one encryption to the next while it is used.

What lies in etcd is judged here from its bytes, by the formats that Kubernetes documents and none of the tool's code:
https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/#verifying-that-data-is-encrypted and
https://github.com/kubernetes/kubernetes/blob/v1.36.0/staging/src/k8s.io/kms/apis/v2/api.proto
"""

from __future__ import annotations

import base64
import json
import random
import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from http.client import NOT_FOUND
from pathlib import Path
from typing import Any, Protocol

from tests.atrest.live import SECRETS, People, Tool, Writers, applied
from tests.atrest.node import STATIC_POD, HostNode
from tests.atrest.test_configure_live import options
from tests.support.controlplane.access import Client, RefusedError, eventually
from tests.support.controlplane.apiserver import ApiServer
from tests.support.controlplane.server import Cluster

from strongroom.survey.at_rest.configure import MANIFEST

CONFIG = "/etc/kubernetes/encryption/config.yaml"
SLOW = 2.0
"""Seconds that one of the kubelets is behind the other."""
TRIES = 12
PLAIN = "plain text"
_LENGTH_DELIMITED, _SEVEN_BITS = 2, 0x7F
_STEP = re.compile(r"step (\d+) of (\d+)")


class Killed(Protocol):
    """A program that a test may kill and run again."""

    def kill(self) -> None:
        """End it at once."""

    def run(self) -> None:
        """Run it again."""


class Kubelets(People):
    """Restart an API server when its static pod or its EncryptionConfiguration changed, or when it ended; a context.

    Args:
        nodes: each server with the files of its node, and how many seconds its kubelet needs to notice.
    """

    def __init__(self, nodes: Sequence[tuple[ApiServer, HostNode, float]]) -> None:
        self._nodes = {id(server): node for server, node, _ in nodes}
        super().__init__([(server, node.place(MANIFEST), delay) for server, node, delay in nodes])

    def _look_after(self, server: ApiServer, _: Path, delay: float) -> None:
        node = self._nodes[id(server)]
        loaded = _files(node)
        while not self._ended.wait(0.1):
            changed = _files(node) != loaded
            if changed:
                self._ended.wait(delay)
            with self._one_at_a_time:
                if changed or not server.running:
                    loaded = _files(node)
                    server.stop()
                    server.options = options(node)
                    self._started(server)

    def killing(self, process: Killed) -> Callable[[], None]:
        """Return what kills a program (kill -9); an API server is run again by its kubelet, others after a while."""

        def kill() -> None:
            process.kill()
            if not isinstance(process, ApiServer):
                self._ended.wait(SLOW)
                process.run()

        return kill

    def _started(self, server: ApiServer) -> None:
        ready = server.access.client()
        while not self._ended.is_set():
            if not server.running:
                server.launch()
            if ready.answers("/readyz"):
                return
            self._ended.wait(0.1)


def _files(node: HostNode) -> tuple[bytes, ...]:
    config = node.flags().get("encryption-provider-config")
    paths = [node.place(MANIFEST)] + ([node.place(config)] if config else [])
    return tuple(path.read_bytes() for path in paths)


class Busy(Writers):
    """Create, change, read and delete Secrets all the time, each through every API server in turn; a context.

    Attributes:
        written: what each Secret holds, as a server confirmed it.
        deleted: what is gone, as a server confirmed it.
        wrong: what was read that is not what had been written.
        done: how many writes were confirmed.
    """

    def __init__(self, servers: Sequence[ApiServer], count: int = 2) -> None:
        super().__init__(servers, count)
        self.deleted: set[str] = set()
        self.wrong: list[str] = []
        self.done = 0

    def _write(self, number: int) -> None:
        turn = 0
        while not self._ended.wait(0.02):
            turn += 1
            name, value = f"w{number}-{turn % 20}", base64.b64encode(f"{number} {turn}".encode()).decode()
            path = f"{SECRETS}/{name}"
            if name in self.written and turn % 7 == 0:
                if self._done(turn, partial(_delete, path)):
                    del self.written[name]
                    self.deleted.add(name)
                    self.done += 1
                continue
            body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": {"v": value}}
            if self._done(turn, partial(applied, path, body)):
                self.written[name] = value
                self.deleted.discard(name)
                self.done += 1
                self._read(turn + 1, path, value)

    def _read(self, turn: int, path: str, value: str) -> None:
        """Read it from the other server, from etcd and not from its cache."""
        read: list[str] = []
        if self._done(turn, lambda client: read.append(client.get(path)["data"]["v"])) and read[-1] != value:
            self.wrong.append(path)

    def check(self) -> None:
        """See that nothing was refused, and nothing read that had not been written."""
        assert self.refused == []
        assert self.wrong == []


class Journey:
    """Two API servers on one etcd, each on a node of its own, and the tool that people use there.

    Args:
        cluster: unencrypted.
        folder: for the files of the nodes and the state of the tool.
        seed: of what happens by chance.
        count: how many Secrets there are.
    """

    def __init__(self, cluster: Cluster, folder: Path, seed: int, count: int) -> None:
        self.cluster, self.tool = cluster, Tool(folder, cluster.access.kubeconfig())
        self.held = filled(cluster, count)
        self._chance = random.Random(seed)  # noqa: S311 - moments
        self.nodes = [HostNode(folder / name) for name in ("one", "two")]
        for node in self.nodes:
            node.write(MANIFEST, STATIC_POD.replace("https://127.0.0.1:2379", cluster.etcd.url))
        self._etcd = ["--etcd", cluster.etcd.url]
        self._servers = [word for one in cluster.api_servers for word in ("--api-server", one.access.url)]

    @contextmanager
    def running(self) -> Iterator[Kubelets]:
        """Have kubelets, of which the second is slow, and writers; see in the end that all is as they wrote it."""
        servers = self.cluster.api_servers
        with Kubelets(list(zip(servers, self.nodes, (0, SLOW), strict=True))) as people:
            with Busy(servers) as busy:
                yield people
            busy.check()
            self._ends(busy)

    def configured(self) -> None:
        """Configure both nodes as the documentation says: with a key that nothing is written under yet."""
        first, second = self.nodes
        for node in self.nodes:
            self.tool.run("at-rest", "configure", "--root", str(node.root), "--staged", "--yes")
            if node is first:
                place = second.place(CONFIG)
                place.parent.mkdir(parents=True)
                shutil.copy(first.config, place)
        eventually(self._same_loaded, "both API servers have loaded the file", 120)

    def _same_loaded(self) -> bool:
        return all(server["same"] for server in self.status()["servers"])

    def status(self) -> Any:
        """Return what ``at-rest status`` says."""
        return json.loads(self.tool.run("at-rest", "status", *self._looked_at(), "--format", "json"))

    def verify(self, code: int = 0) -> None:
        """Have ``at-rest verify`` prove everything, or find something."""
        self.tool.run("at-rest", "verify", *self._looked_at(), "--sample", "20", code=code)

    def _looked_at(self) -> list[str]:
        return [f"etcd:{self.cluster.etcd.url}", "--config", str(self.nodes[0].config), *self._servers]

    def rotation(self, *chosen: str) -> list[str]:
        """Return the command of a rotation."""
        files = [word for node in self.nodes for word in ("--config", str(node.config))]
        return ["at-rest", "rotate", "--yes", "--settle", "1", *self._etcd, *files, *self._servers, *chosen]

    def goes(self, command: Sequence[str], during: Callable[[], None]) -> None:
        """Run a command, going on whenever it stopped; something happens at a moment that chance chooses."""
        said: list[str] = []
        happens = [during]

        def happen(_: object) -> None:
            while happens:
                happens.pop()()

        for _ in range(TRIES):
            if self._runs(command, said, happen) == 0:
                return
            assert any("strongroom plan resume" in line for line in said), "".join(said)
            command = ("plan", "resume", self.tool.unfinished())
        raise AssertionError("".join(said))

    def cut_short(self, command: Sequence[str]) -> str:
        """Run a command and kill it (kill -9) at a moment that chance chooses; return its plan, empty if it was done."""
        said: list[str] = []
        code = self._runs(command, said, lambda process: process.kill())
        assert code in (0, -9), "".join(said)
        return self.tool.unfinished() if code else ""

    def _runs(self, command: Sequence[str], said: list[str], during: Callable[[subprocess.Popen[str]], None]) -> int:
        process, moment = self.tool.started(*command), 0
        assert process.stderr is not None
        with process.stderr:
            for line in process.stderr:
                said.append(line)
                if step := _STEP.search(line):
                    moment = moment or self._chance.randint(1, int(step[2]))
                    if int(step[1]) >= moment:
                        moment = int(step[2]) + 1
                        time.sleep(self._chance.random() * SLOW)
                        during(process)
        return process.wait(900)

    def stands(self, how_: str, verified: int = 0) -> str:
        """See that every Secret lies in etcd in the same way, and is what was written; return the way.

        Args:
            how_: how the way begins.
            verified: the exit code of ``at-rest verify``.
        """
        [found] = in_bytes(self.cluster)
        assert found.startswith(how_)
        for server in self.cluster.api_servers:
            read = values(server)
            assert {name: read.get(name) for name in self.held} == self.held
        stored = self.status()["stored"]
        assert [one["standing"] for one in stored] == ["plain" if found == PLAIN else "current"]
        self.verify(verified)
        return found

    def _ends(self, busy: Busy) -> None:
        """See that through every API server there is exactly what was written, and is in etcd."""
        expected = {**self.held, **busy.written}
        for server in self.cluster.api_servers:
            assert values(server) == expected
        stored = [key.rpartition("/")[2] for key, _ in self.cluster.etcd.store.prefix("/registry/secrets/")]
        assert sorted(stored) == sorted(expected)
        assert busy.done > len(busy.written)


def _delete(path: str, client: Client) -> None:
    try:
        client.delete(path)
    except RefusedError as error:
        if error.status != NOT_FOUND:  # an earlier try got through, and its answer did not
            raise


def how(value: bytes) -> str:
    """Return how an object lies in etcd: in plain text, or what encrypted it, with its key."""
    if value.startswith(b"k8s\x00"):
        return PLAIN
    _, _, provider, version, name, rest = value.split(b":", 5)
    key = b" " + _field(rest, 2) if (provider, version) == (b"kms", b"v2") else b""
    return (provider + b" " + name + key).decode()


def _field(message: bytes, wanted: int) -> bytes:
    """Return a field of a protobuf message that comes before all that are not length-delimited."""
    at = 0
    while at < len(message):
        tag, at = _number(message, at)
        assert tag & 7 == _LENGTH_DELIMITED
        length, at = _number(message, at)
        if tag >> 3 == wanted:
            return message[at : at + length]
        at += length
    raise AssertionError(f"no field {wanted}")


def _number(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (message[at] & _SEVEN_BITS) << shift
        shift, at = shift + 7, at + 1
        if message[at - 1] <= _SEVEN_BITS:
            return value, at


def in_bytes(cluster: Cluster) -> Counter[str]:
    """Count how the Secrets lie in etcd."""
    return Counter(how(value) for _, value in cluster.etcd.store.prefix("/registry/secrets/"))


def values(server: ApiServer) -> dict[str, str]:
    """Return what all Secrets hold, as an API server says."""
    server.wait()
    found = server.access.client().get(SECRETS)["items"]
    return {one["metadata"]["name"]: one["data"]["v"] for one in found}


def filled(cluster: Cluster, count: int) -> dict[str, str]:
    """Make Secrets; return what they hold."""
    admin = cluster.access.client()
    held = {f"s{number}": base64.b64encode(f"value {number}".encode()).decode() for number in range(count)}

    def make(one: tuple[str, str]) -> None:
        admin.create(SECRETS, {"metadata": {"name": one[0]}, "data": {"v": one[1]}, "immutable": one[0][-1] == "7"})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(make, held.items()))
    return held

"""A real control plane under rotation: servers that people restart, writers that never stop, and a tool that is killed.

What lies in etcd is read here without any of the tool's own code.
"""

from __future__ import annotations

import base64
import http.client
import os
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.controlplane.access import Client, RefusedError
from tests.support.controlplane.apiserver import ApiServer
from tests.support.controlplane.etcd import Etcd
from tests.support.controlplane.kms import KmsPlugin
from tests.support.controlplane.server import Cluster

_STEP = re.compile(r"step (\d+) of \d+")
_GONE = (OSError, http.client.HTTPException)
SECRETS = "/api/v1/namespaces/default/secrets"
_AWAY = {429, 500, 503, 504}
_UNREADABLE = ("matching", "transform", "crypt")
"""Words of what an API server says of an object that it has no key for (k8s.io/apiserver ``pkg/storage/value``)."""


class _Busy:
    """Threads that run until the end of a context."""

    def __init__(self, work: Callable[..., None], each: Sequence[tuple[object, ...]]) -> None:
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=work, args=one) for one in each]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()


class People(_Busy):
    """Restart an API server whenever its file changed, some of them slowly; a context.

    What they have restarted ends with them: the system ends a process with the thread that started it.

    Args:
        servers: each with its file, and how many seconds somebody needs to notice.
    """

    def __init__(self, servers: Sequence[tuple[ApiServer, Path, float]]) -> None:
        super().__init__(self._look_after, servers)
        self._one_at_a_time = threading.Lock()

    def _look_after(self, server: ApiServer, path: Path, delay: float) -> None:
        loaded = path.read_bytes()
        while not self._ended.wait(0.1):
            if path.read_bytes() != loaded:
                self._ended.wait(delay)
                with self._one_at_a_time:
                    loaded = path.read_bytes()
                    server.restart()

    def killing(self, process: ApiServer | Etcd | KmsPlugin) -> Callable[[], None]:
        """Return what kills a program (kill -9), and runs it again a little later."""

        def kill() -> None:
            with self._one_at_a_time:
                process.kill()
                self._ended.wait(2)
                process.run()

        return kill


class Writers(_Busy):
    """Write Secrets all the time through every API server in turn; a context.

    Attributes:
        written: what each Secret holds, as a server confirmed it.
        refused: what a server said that was neither a success nor its absence.
    """

    def __init__(self, servers: Sequence[ApiServer], count: int = 2) -> None:
        self.written: dict[str, str] = {}
        self.refused: list[str] = []
        self._clients = [server.access.client() for server in servers]
        super().__init__(self._write, [(number,) for number in range(count)])

    def _write(self, number: int) -> None:
        turn = 0
        while not self._ended.wait(0.02):
            turn += 1
            name, value = f"w{number}-{turn % 20}", base64.b64encode(f"{number} {turn}".encode()).decode()
            body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": {"v": value}}
            if self._done(turn, partial(applied, f"{SECRETS}/{name}", body)):
                self.written[name] = value

    def _done(self, turn: int, act: Callable[[Client], object]) -> bool:
        """Do something until a server confirms it."""
        while not self._ended.is_set():
            turn += 1
            try:
                act(self._clients[turn % len(self._clients)])
            except RefusedError as error:
                if error.status not in _AWAY or "decrypt" in str(error) or "encrypt" in str(error):
                    self.refused.append(str(error))
                    return False
                self._ended.wait(0.1)
            except _GONE:
                self._ended.wait(0.1)
            else:
                return True
        return False


class Tool:
    """The program, run in a process of its own.

    Args:
        folder: for its state.
        kubeconfig: how it reaches the API servers.
    """

    def __init__(self, folder: Path, kubeconfig: Path) -> None:
        self._environment = dict(os.environ, XDG_STATE_HOME=str(folder / "state"), KUBECONFIG=str(kubeconfig))

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run it to its end; return what it wrote."""
        done = self._run(arguments)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def _run(self, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._command(arguments), env=self._environment, capture_output=True, text=True, timeout=900, check=False
        )

    def started(self, *arguments: str) -> subprocess.Popen[str]:
        """Start it; what it says of its progress is in a pipe."""
        command = self._command(arguments)
        return subprocess.Popen(command, env=self._environment, stderr=subprocess.PIPE, text=True)

    def killed(self, *arguments: str, known: set[str]) -> bool:
        """Run it, and kill it when it says that it is at a step that is not known yet; tell whether it was killed."""
        process = self.started(*arguments)
        assert process.stderr is not None
        said = []
        with process.stderr:
            for line in process.stderr:
                said.append(line)
                step = _STEP.search(line)
                if step and step[1] not in known:
                    known.add(step[1])
                    process.send_signal(signal.SIGKILL)
                    break
            said += list(process.stderr)
        code = process.wait(600)
        assert code in (0, -signal.SIGKILL), "".join(said)
        return code != 0

    def finished(self, *arguments: str, kill: Callable[[], None] = lambda: None, tries: int = 12) -> None:
        """Run it, and have it go on whenever it stopped.

        Args:
            arguments: of its command.
            kill: called once, when it says that it rewrites.
            tries: how often it may go on.
        """
        said: list[str] = []
        command = arguments
        for _ in range(tries):
            process = self.started(*command)
            assert process.stderr is not None
            with process.stderr:
                for line in process.stderr:
                    if "rewrite " in line and not any("rewrite " in one for one in said):
                        kill()
                    said.append(line)
            if process.wait(600) == 0:
                return
            command = ("plan", "resume", self.unfinished())
        raise AssertionError("".join(said))

    def unfinished(self) -> str:
        """Return the digest of the plan that is begun and not finished; empty where there is none."""
        listed = self._run(("plan", "list"))
        found = re.search(r"\b[0-9a-f]{12}\b", listed.stdout + listed.stderr)
        assert listed.returncode == (0 if found is None else 1), listed.stdout + listed.stderr
        return found[0] if found else ""

    def _command(self, arguments: Sequence[str]) -> list[str]:
        return [sys.executable, "-m", "strongroom", *arguments]


def applied(path: str, body: object, client: Client) -> None:
    """Apply an object through a client."""
    client.apply(path, body)


def in_etcd(cluster: Cluster, resource: str = "secrets") -> Counter[str]:
    """Count how the objects of a resource lie in etcd, by the first bytes of their values."""
    found: Counter[str] = Counter()
    for _, value in cluster.etcd.store.prefix(f"/registry/{resource}/"):
        if value.startswith(b"k8s:enc:"):
            _, _, provider, version, key, _ = value.split(b":", 5)
            found[f"{provider.decode()}:{version.decode()}:{key.decode()}"] += 1
        else:
            assert value.startswith(b"k8s\x00")
            found["plain"] += 1
    return found


def check_written(cluster: Cluster, written: dict[str, str]) -> None:
    """See through every API server that each Secret holds what was written."""
    for server in cluster.api_servers:
        server.wait()
        found = server.access.client().get("/api/v1/namespaces/default/secrets")["items"]
        held = {one["metadata"]["name"]: one["data"]["v"] for one in found}
        assert {name: held.get(name) for name in written} == written

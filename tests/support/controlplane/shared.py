"""One cluster for all workers of a test run: started by the first that needs it, ended when the last has gone.

The cluster belongs to a keeper, a process of its own. Each worker holds a connection to the keeper for as long as it
needs the cluster; the kernel closes the connections of a worker that crashes, so the keeper always learns who is left.
When nobody is, it ends the cluster and itself. If the keeper is killed, its programs die with it (see ``leash``).
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

from tests.support.controlplane.access import Access
from tests.support.controlplane.process import ProcessError
from tests.support.controlplane.server import Cluster

REPOSITORY = Path(__file__).parents[3]


class Lease:
    """A share in the common cluster: ``access`` is valid until ``close``."""

    def __init__(self, access: Access, connection: socket.socket, keeper: subprocess.Popen[str] | None) -> None:
        self.access = access
        self._connection = connection
        self._keeper = keeper

    def close(self) -> None:
        """Give the share back; the last one to do so waits until the cluster has ended."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)
            # The keeper closes its end at once while others remain, and after the cluster's end otherwise.
            while self._connection.recv(4096):
                pass
        self._connection.close()
        if self._keeper is not None and self._keeper.stdout is not None:
            self._keeper.stdout.close()
            # Others may keep it for longer than this process lives; then there is nobody here to wait for it.
            self._keeper.returncode = self._keeper.poll() or 0


def join(meeting: Path, programs: dict[str, Path], directory: Path) -> Lease:
    """A share in the cluster of this test run, which is started if this is the first.

    Args:
        meeting: a folder that all workers of the run share and no other run uses.
        programs: where the programs of a control plane are, by name.
        directory: a folder of this worker's own, for kubeconfigs.

    Raises:
        ProcessError: the cluster did not start.
    """
    meeting.mkdir(parents=True, exist_ok=True)
    address = meeting / "keeper"
    with (meeting / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _connect(address, directory) or _launch(address, programs, directory)


def _connect(address: Path, directory: Path, keeper: subprocess.Popen[str] | None = None) -> Lease | None:
    if not address.exists():
        return None
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(10)
        connection.connect(address.read_text(encoding="utf-8"))
        # A keeper that is about to end greets nobody any more.
        with connection.makefile("r", encoding="utf-8") as stream:
            greeting = stream.readline()
        if greeting:
            connection.settimeout(60)
            return Lease(Access.described(json.loads(greeting), directory), connection, keeper)
    except OSError:
        pass
    connection.close()
    return None


def _launch(address: Path, programs: dict[str, Path], directory: Path) -> Lease:
    places = json.dumps({name: str(place) for name, place in programs.items()})
    keeper = subprocess.Popen(
        [sys.executable, "-m", "tests.support.controlplane.shared", str(address), places],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert keeper.stdin is not None
    assert keeper.stdout is not None
    # The keeper holds on while this end of its standard input is open, so it outlives no crash before the connection.
    with keeper.stdin:
        said = keeper.stdout.readline()
        lease = _connect(address, directory, keeper) if said == "ready\n" else None
    if lease is None:
        problem = said + keeper.stdout.read()
        keeper.stdout.close()
        keeper.wait()
        raise ProcessError(f"the cluster for all tests did not start:\n{problem}")
    return lease


def keep(address: Path, programs: dict[str, Path], lifeline: IO[str]) -> None:
    """Run a cluster for whoever connects, until ``lifeline`` has ended and nobody is connected.

    Args:
        address: the file that tells workers which socket to connect to.
        programs: where the programs of a control plane are, by name.
        lifeline: the standard input that the first worker holds open until it is connected.
    """
    with Cluster(programs) as cluster, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        # A socket's path has to be short (about 100 characters), which a test run's folder may not be.
        place = str(cluster.directory / "keeper")
        listener.bind(place)
        listener.listen(64)
        address.write_text(place, encoding="utf-8")
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        greeting = json.dumps(cluster.access.describe()).encode() + b"\n"
        last = _serve(listener, greeting, lifeline)
        address.unlink(missing_ok=True)
    for connection in last:
        connection.close()


def _serve(listener: socket.socket, greeting: bytes, lifeline: IO[str]) -> list[socket.socket]:
    """Greet and count workers until none is left; the connections that the last ones to leave still wait on."""
    workers: list[socket.socket] = []
    watched: list[socket.socket | IO[str]] = [listener, lifeline]
    while True:
        readable, _, _ = select.select([*watched, *workers], [], [])
        leaving = [worker for worker in workers if worker in readable]
        workers = [worker for worker in workers if worker not in leaving]
        if listener in readable:
            workers.append(listener.accept()[0])
            with suppress(OSError):
                workers[-1].sendall(greeting)
        if lifeline in readable:
            watched.remove(lifeline)
        if not workers and lifeline not in watched:
            return leaving
        for worker in leaving:
            worker.close()


def main(arguments: list[str]) -> int:
    """Be the keeper; everything that it says goes to the worker that started it."""
    address, places = arguments
    os.dup2(1, 2)
    # The usual request to end has to take the cluster along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    programs = {name: Path(place) for name, place in json.loads(places).items()}
    keep(Path(address), programs, sys.stdin)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""A real standalone cluster of Spark for tests: a master and workers on the loopback, each in a JVM of its own."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import secrets
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyspark
from tests.support.controlplane.process import Process

_HOME = Path(pyspark.__file__).parent
_MARK = "STRONGROOM_TEST_CLUSTER"
_PATIENCE_SECONDS = 300
_URL = re.compile(r"spark://127\.0\.0\.1:\d+")
_FINISHED = re.compile(r"Finished task .* in stage (\d+)\.")
_ENCRYPTED = """\
spark.authenticate                 true
spark.authenticate.secret          {secret}
spark.network.crypto.enabled       true
spark.io.encryption.enabled        true
spark.eventLog.enabled             true
spark.eventLog.dir                 {folder}/events
spark.local.dir                    {folder}/local
spark.driver.memory                512m
spark.executor.memory              512m
spark.driver.host                  127.0.0.1
spark.driver.bindAddress           127.0.0.1
"""


class Cluster:
    """A master and two workers of one core each.

    Attributes:
        folder: everything that they and the driver write.
        mark: what the environment of each of their processes holds.
        environment: what a driver needs, so that it finds the settings and is ended with the cluster.
        master: the address of the master.
    """

    def __init__(self, folder: Path, mark: str, programs: Path) -> None:
        self._started: list[Process] = []
        self.folder = folder
        self.mark = mark
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "PYSPARK_"))},
            _MARK: mark,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "SPARK_CONF_DIR": str(folder / "conf"),
            "SPARK_DAEMON_MEMORY": "256m",
            "SPARK_LOCAL_DIRS": str(folder / "local"),
            "SPARK_LOCAL_IP": "127.0.0.1",
        }
        for name in ("conf", "events", "local"):
            (folder / name).mkdir(parents=True)
        (folder / "conf" / "spark-defaults.conf").write_text(
            _ENCRYPTED.format(secret=secrets.token_hex(16), folder=folder)
        )
        self.master = ""
        self.workers: list[Process] = []

    def start(self) -> None:
        """Start the master, and then the workers; return when they know each other."""
        master = self._start("master", "master.Master", "--port", "0")
        log = master.log
        master.wait_until(functools.partial(_says, log, "elected leader"), "up", _PATIENCE_SECONDS)
        found = _URL.search(log.read_text())
        if found is None:
            raise AssertionError("a master says where it is")
        self.master = found[0]
        self.workers = [self._worker(f"worker{number}") for number in range(2)]
        for worker in self.workers:
            registered = functools.partial(_says, worker.log, "Successfully registered")
            worker.wait_until(registered, "registered", _PATIENCE_SECONDS)

    def stop(self) -> None:
        """End everything that was started for the cluster."""
        for process in self._started:
            process.kill()
        _until(lambda: not _end(self.mark), 30)

    def finished(self, worker: int, stage: int) -> int:
        """Count the tasks of a stage that a worker has finished."""
        logs = (self.folder / f"worker{worker}").glob("app-*/*/stderr")
        return sum(int(number) == stage for log in logs for number in _FINISHED.findall(log.read_text()))

    def kill(self, worker: int) -> None:
        """End a worker and its executors at once, as a machine that is lost."""
        os.killpg(self.workers[worker].pid, signal.SIGKILL)
        self.workers[worker].kill()

    def _worker(self, name: str) -> Process:
        words = ("--cores", "1", "--memory", "600M", "--work-dir", str(self.folder / name))
        return self._start(name, "worker.Worker", "--port", "0", *words, self.master)

    def _start(self, name: str, kind: str, *words: str) -> Process:
        program = Process(name, self.folder / f"{name}.log")
        program.log.touch()
        ours = ("SPARK_", _MARK, "PATH")
        variables = [f"{key}={value}" for key, value in self.environment.items() if key.startswith(ours)]
        command = [str(_HOME / "bin" / "spark-class"), f"org.apache.spark.deploy.{kind}", "--host", "127.0.0.1"]
        self._started.append(program)
        program.start(["/usr/bin/env", *variables, *command, "--webui-port", "0", *words])
        return program


@contextlib.contextmanager
def cluster(folder: Path, programs: Path) -> Iterator[Cluster]:
    """Start a cluster; with the block, it ends and everything that was started for it.

    Args:
        folder: takes what it writes.
        programs: a folder whose programs its processes find first.
    """
    made = Cluster(folder, secrets.token_hex(16), programs)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def processes(mark: str) -> list[Path]:
    """Return the processes that carry a mark, in ``/proc``; one that has ended has no environment any more."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"{_MARK}={mark}".encode() in (process / "environ").read_bytes():
                found.append(process)
    return found


def _end(mark: str) -> list[Path]:
    """End the processes that carry a mark; return which they were."""
    found = processes(mark)
    for process in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(process.name), signal.SIGKILL)
    return found


def _says(log: Path, text: str) -> bool:
    return text in log.read_text()


def _until(ready: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise AssertionError("processes of the cluster are still there")
        time.sleep(0.1)

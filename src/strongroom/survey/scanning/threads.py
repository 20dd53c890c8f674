"""A few threads over a stream of jobs. The library releases the interpreter's lock while it scans."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")

_MOST = 8
_BATCH = 32
_WAITING = 4  # batches for each thread


def threads() -> int:
    """Return how many threads are worth having here."""
    return max(1, min(_MOST, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1))


class _Pool(Generic[Job, Result]):
    def __init__(self, work: Callable[[Job], Result | None], count: int) -> None:
        self._work = work
        self._queue: queue.Queue[list[Job] | None] = queue.Queue(count * _WAITING)
        self.results: list[Result] = []
        self.failure: BaseException | None = None
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def _run(self) -> None:
        while (batch := self._queue.get()) is not None:
            if self.failure is not None:
                continue  # what waits is taken from the queue, so that whoever fills it is not kept waiting
            try:
                for job in batch:
                    result = self._work(job)
                    if result is not None:
                        self.results.append(result)
            except BaseException as error:  # noqa: BLE001 - raised again where the results are asked for
                self.failure = error

    def put(self, batch: list[Job]) -> None:
        self._queue.put(batch)

    def end(self) -> None:
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()


def in_threads(
    jobs: Iterable[Job],
    work: Callable[[Job], Result | None],
    *,
    size: Callable[[Job], int] = lambda _: 0,
    most: int = 1 << 20,
) -> list[Result]:
    """Do the jobs in threads; return the results that are not None, in any order.

    Jobs are taken from the iterable as they are needed: no more than a few batches wait.

    Args:
        jobs: consumed in the calling thread.
        work: called in a thread for each job; what it raises is raised here.
        size: the bytes that a job holds.
        most: a batch is full when its jobs hold so many bytes.
    """
    pool: _Pool[Job, Result] = _Pool(work, threads())
    try:
        for batch in _batches(jobs, size, most):
            if pool.failure is not None:
                break
            pool.put(batch)
    finally:
        pool.end()
    if pool.failure is not None:
        raise pool.failure
    return pool.results


def _batches(jobs: Iterable[Job], size: Callable[[Job], int], most: int) -> Iterator[list[Job]]:
    batch: list[Job] = []
    held = 0
    for job in jobs:
        batch.append(job)
        held += size(job)
        if len(batch) >= _BATCH or held >= most:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch

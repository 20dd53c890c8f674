"""A plugin from its start to its end: socket, keys, health, metrics, signals."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import grpc

from strongroom.crypto.memory import lock
from strongroom.errors import OutputError, StrongroomError
from strongroom.keys.kmsv2.method import REQUEST_BYTES
from strongroom.serve.kms_plugin.calls import Caller
from strongroom.serve.kms_plugin.health import Health, Intervals, look, reachable, watch
from strongroom.serve.kms_plugin.keyring import Keyring, keyring
from strongroom.serve.kms_plugin.metrics import Metrics, key_id_hash
from strongroom.serve.kms_plugin.service import Service
from strongroom.serve.kms_plugin.settings import Settings, checked_address
from strongroom.serve.log import Log
from strongroom.serve.notify import tell
from strongroom.serve.observing import application, observed
from strongroom.serve.processor import stay_on_one
from strongroom.serve.sockets import PrivateSocket, checked_path

_MOST_REQUESTS = 4096
"""Requests that are taken in at once, whatever becomes of them."""

_SPARE = 8
"""Threads beyond those that keys may hold, for ``Status`` and for refusals."""

_READER_INTERVAL = 60.0
_LOOK_PATIENCE = 3.0
_DRAIN = 1.0
"""Seconds beyond the timeout of a request that the end waits for those that run."""

_HOLD = 0.1
"""Seconds for which answers are held back around the stop, and for which the client hears of it."""

_OPTIONS = [
    ("grpc.max_receive_message_length", REQUEST_BYTES),
    ("grpc.max_metadata_size", 16 * 1024),
    ("grpc.so_reuseport", 0),
    ("grpc.enable_http_proxy", 0),
]


class Plugin:
    """What a running plugin consists of.

    Args:
        settings: how it runs.
        environment: where keys look for credentials, and systemd says how to reach it.
        log: where it tells what happens.
    """

    def __init__(self, settings: Settings, environment: Mapping[str, str], log: Log) -> None:
        self.settings = settings
        self.log = log
        self._environment = environment
        self.metrics = Metrics()
        self.caller = Caller(settings.concurrency, settings.queue, self.metrics.retries.inc)
        # Looks have turns of their own: a crowd of requests that hang must not hide that the key is well, or ill.
        self.looker = Caller(2, 0, self.metrics.retries.inc)
        self.health = Health(Intervals(settings.look_interval, _LOOK_PATIENCE))
        # Asked when it is read: looks that have stopped coming are no good health.
        self.metrics.healthy.set_function(lambda: 0 if self.health.reason() else 1)
        keys = keyring(settings.keys(), environment)
        self.service = Service(keys, self.health, self.caller, self.metrics, log, settings.timeout)
        self._said = ("", "")
        self._warned: set[str] = set()
        self._reading = asyncio.Lock()
        self._longest_use = max(settings.timeout, _LOOK_PATIENCE)

    @property
    def keys(self) -> Keyring:
        """The keys that are in use now."""
        return self.service.keyring

    async def read_again(self, reread: Callable[[], Settings]) -> None:
        """Use the keys of other settings, and log what came of it; where they are no good, those before stay."""
        async with self._reading:
            try:
                await self._replace_keys(await asyncio.to_thread(reread))
            except StrongroomError as error:
                self.log.problem("keys stay as they were", reason=error.message)
                return
        keys = ", ".join(key.name for key in self.keys.readers)
        self.log.info("keys were read again", key=self.keys.writer.name, also=keys)

    async def _replace_keys(self, settings: Settings) -> None:
        """Use the keys of other settings from now on; those before are closed once no request can use them.

        Another key that encrypts has to show first that it can: API servers already depend on this plugin.

        Raises:
            UsageError: one of them is no URI of a key.
            StrongroomError: another key would encrypt, and cannot.
        """
        before, found = self.keys, keyring(settings.keys(), self._environment)
        if settings.key != self.settings.key:
            began = time.monotonic()
            try:
                version = await asyncio.to_thread(look, found.writer, Caller(1, 0), _LOOK_PATIENCE)
            except BaseException:
                found.close()
                raise
            self.service.keyring = found
            self.health.saw(version, began)
            self.health.looked("")
        self.service.keyring, self.settings = found, settings
        self.metrics.reader_healthy.clear()
        asyncio.get_running_loop().call_later(self._longest_use + _DRAIN, self._retire, before)
        self.health.doubt()

    def _retire(self, keys: Keyring) -> None:
        keys.close()
        self.log.info("keys were closed", key=keys.writer.name)

    def seen(self, reason: str, seconds: float) -> None:
        """Count a look at the key; log it where the version or the reason is another one than before."""
        self.metrics.looks.observe(seconds)
        key_id = self.health.version.id if self.health.version else ""
        self.metrics.encrypts_with(key_id)
        self.warn()
        if (key_id, reason) == self._said:
            return
        if reason:
            self.log.problem("key cannot be used", key=self.keys.writer.name, reason=reason)
        else:
            self.log.info("key is healthy", key=self.keys.writer.name, key_id=key_id, key_id_hash=key_id_hash(key_id))
        self._said = key_id, reason

    def warn(self) -> None:
        """Log what speaks against the keys, each warning once; some are found when a key is looked at."""
        for warning in self.keys.warnings():
            if warning not in self._warned:
                self._warned.add(warning)
                self.log.warning("not for production", reason=warning)

    def watch_writer(self, ended: threading.Event) -> None:
        """Look after the key that encrypts, until the end."""
        watch(self.health, lambda: self.keys.writer, self.looker, self.seen, ended)

    def watch_readers(self, ended: threading.Event) -> None:
        """Look after the keys that only decrypt; whether they answer is a metric, and does not decide about health."""
        ill: set[str] = set()
        while not ended.is_set():
            for key in self.keys.readers:
                reason = reachable(key, self.looker, _LOOK_PATIENCE)
                self.metrics.reader_healthy.labels(key.name).set(0 if reason else 1)
                if reason and key.name not in ill:
                    self.log.warning("key that only decrypts does not answer", key=key.name, reason=reason)
                (ill.add if reason else ill.discard)(key.name)
            ended.wait(_READER_INTERVAL)

    def close(self) -> None:
        """Give back what is held."""
        self.keys.close()


async def run(
    settings: Settings, environment: Mapping[str, str], log: Log, reread: Callable[[], Settings] | None = None
) -> None:
    """Serve until SIGTERM or SIGINT; requests that run then are answered.

    Args:
        settings: how.
        environment: of the process.
        log: where it tells what happens.
        reread: returns the settings anew, at SIGHUP.

    Raises:
        UsageError: the socket or a key cannot be.
        OutputError: the socket or the address for metrics cannot be used.
    """
    stay_on_one()
    ended = asyncio.Event()
    plugin = Plugin(settings, environment, log)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    readings: set[asyncio.Task[None]] = set()

    def read_again() -> None:
        # Kept, because the loop itself would let go of a task that nobody holds.
        task = asyncio.create_task(plugin.read_again(reread or (lambda: plugin.settings)))
        readings.add(task)
        task.add_done_callback(readings.discard)

    loop.add_signal_handler(signal.SIGHUP, read_again)
    unlocked = lock()
    plugin.metrics.memory_locked.set(0 if unlocked else 1)
    async with AsyncExitStack() as stack:
        stack.callback(plugin.close)
        served = application(plugin.metrics.registry, plugin.health.reason)
        where = checked_address(settings.metrics_address)
        address = await stack.enter_async_context(observed(where, served, replace=settings.replace))
        stack.enter_context(_listening(plugin, checked_path(settings.socket)))
        stack.enter_context(_watching(plugin))
        _say_started(plugin, address, unlocked)
        tell(environment, "READY=1")
        await ended.wait()
        log.info("ending")
        tell(environment, "STOPPING=1")
    log.info("ended")


def _say_started(plugin: Plugin, address: str, unlocked: str) -> None:
    settings, log = plugin.settings, plugin.log
    keys = ", ".join(key.name for key in plugin.keys.readers)
    log.info("listening", socket=settings.socket, key=plugin.keys.writer.name, also=keys, metrics=address)
    if unlocked:
        log.warning("memory is not locked", reason=unlocked)


@contextmanager
def _watching(plugin: Plugin) -> Iterator[None]:
    ended = threading.Event()
    # Daemons: a key that does not answer within its deadline must not keep the program from ending.
    for watcher in (plugin.watch_writer, plugin.watch_readers):
        threading.Thread(target=watcher, args=(ended,), name=watcher.__name__, daemon=True).start()
    try:
        yield
    finally:
        ended.set()
        plugin.health.doubt()


@contextmanager
def _listening(plugin: Plugin, path: Path) -> Iterator[None]:
    settings = plugin.settings
    # A request beyond those that may be with a key, or wait for it, is refused at once: a thread is always free.
    threads = ThreadPoolExecutor(settings.concurrency + settings.queue + _SPARE, thread_name_prefix="request")
    server = grpc.server(threads, options=_OPTIONS, maximum_concurrent_rpcs=_MOST_REQUESTS)
    server.add_generic_rpc_handlers((plugin.service.handler(),))
    place = PrivateSocket(path)
    place.prepare(replace=settings.replace)
    try:
        _bind(server, place)
        server.start()
        place.publish()
        yield
    finally:
        # From here on new connections wait for the next plugin that listens here.
        place.withdraw()
        end(server, plugin.service, settings.timeout + _DRAIN)


def _bind(server: grpc.Server, place: PrivateSocket) -> None:
    before = os.umask(0o177)
    try:
        server.add_insecure_port(f"unix:{place.beside}")
    except RuntimeError:
        raise OutputError(f"socket {place.path} cannot be made") from None
    finally:
        os.umask(before)


def end(server: grpc.Server, service: Service, patience: float) -> None:
    """Stop a server so that nobody who waits for an answer loses it.

    gRPC drops what arrives after the stop and before the client has heard of it. So answers are held back for a moment:
    who waits for one asks nothing else, and its next question goes to the plugin that follows.

    Args:
        server: the server.
        service: what answers in it.
        patience: seconds for requests that run.
    """
    service.gate.clear()
    time.sleep(_HOLD)
    stopped = server.stop(patience)
    time.sleep(_HOLD)
    service.gate.set()
    stopped.wait()

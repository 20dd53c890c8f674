"""What each API server has loaded as its EncryptionConfiguration, told by its own metrics.

Every API server that was started with ``--encryption-provider-config`` says the SHA-256 of the file that it works with,
whether it reads changes by itself or not (k8s.io/apiserver ``pkg/server/options/encryptionconfig/metrics`` and
``.../controller``; seen on 1.36). What it says of KMS v2 keys: ``pkg/storage/value/encrypt/envelope/metrics``.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from strongroom.errors import AnswerError
from strongroom.kube.client import Client
from strongroom.kube.connection import Asked, connect

METRICS = "/metrics"
HEALTH = "/healthz/kms-providers"

_PLAIN = "text/plain"
_NOT_FOUND = 404
_PAUSE = 0.25
_HASH = "sha256:"
_CONFIG = "apiserver_encryption_config_controller_"
_ENVELOPE = "apiserver_envelope_encryption_"
_STARTED = "process_start_time_seconds"
_WANTED = (_CONFIG, f"{_ENVELOPE}key_id_hash_", _STARTED)
# Text exposition format: https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details
_SAMPLE = re.compile(r"(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)")
_LABEL = re.compile(r'(?:^|,)([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"')
_LONGEST_LINE = 1 << 16
_ESCAPED = re.compile(r"\\(.)")

STATUS = "status"
"""What `KmsSeen.transformation` says of a key that the plugin named as its present one."""


class Server(NamedTuple):
    """One API server, and how it is reached.

    Attributes:
        name: it for people; its address where the user gave no other.
        url: where it answers itself, not through a balancer; empty for the one that the kubeconfig names.
        context: the context of the kubeconfig whose credential is used; the current one where empty.
        kubeconfig: the file, in place of those that kubectl would take.
    """

    name: str
    url: str = ""
    context: str = ""
    kubeconfig: str | None = None


class KmsSeen(NamedTuple):
    """A key of a KMS v2 plugin as an API server saw it.

    Attributes:
        provider: the name of the plugin in the configuration.
        key_id_hash: ``sha256:`` and the hash of the key's id; `config_hash` of the id's bytes.
        transformation: ``to_storage``, ``from_storage``; `STATUS` where the plugin named it when asked for its status.
        last: when, in Unix seconds.
    """

    provider: str
    key_id_hash: str
    transformation: str
    last: float


class Loaded(NamedTuple):
    """What an API server works with.

    Attributes:
        config_hash: of its EncryptionConfiguration, as `config_hash` writes it; empty where it was started with none.
        at: when it last took a changed file, in Unix seconds; 0 where it has not since it started.
        reloads_failed: how often it could not take a changed file since it started.
        started: when its process started, in Unix seconds.
        kms: the keys of KMS v2 plugins that it has seen since it started.
        identity: a hash that the API server gives itself; processes of one host name share it.
    """

    config_hash: str
    at: float
    reloads_failed: int
    started: float
    kms: tuple[KmsSeen, ...] = ()
    identity: str = ""

    def kms_now(self, provider: str) -> str:
        """Return the hash of the key id that a plugin named last as its present one; empty where none is known."""
        named = [seen for seen in self.kms if seen.provider == provider and seen.transformation == STATUS]
        return max(named, key=lambda seen: seen.last).key_id_hash if named else ""


def config_hash(data: bytes) -> str:
    """Return the hash of a configuration file, or of a KMS key's id, as API servers write it in their metrics.

    k8s.io/apiserver ``encryptionconfig.LoadEncryptionConfig`` (hash of the file) and ``metrics.getHash``.
    """
    return f"{_HASH}{hashlib.sha256(data).hexdigest()}"


async def loaded(server: Server, environment: Mapping[str, str]) -> Loaded:
    """Ask an API server what it works with. Needs ``get`` on the non-resource URL ``/metrics``.

    Raises:
        KubeconfigError: nothing says how to reach it.
        UnreachableError: it does not answer.
        AnswerError: it does not permit to read its metrics.
    """
    async with session(server, environment) as client:
        body = await client.get(METRICS, accept=_PLAIN)
    return loaded_of(body.decode("utf-8", "replace"))


async def kms_healthy(server: Server, environment: Mapping[str, str]) -> bool | None:
    """Tell whether an API server finds its KMS providers healthy; None where it has none.

    https://kubernetes.io/docs/tasks/administer-cluster/kms-provider/ ("/healthz/kms-providers").

    Raises:
        ClusterError: it cannot be asked.
    """
    async with session(server, environment) as client:
        try:
            await client.get(HEALTH, accept="*/*")
        except AnswerError as error:
            if error.status == _NOT_FOUND:
                return None
            if error.status < 500:
                raise
            return False
    return True


def session(server: Server, environment: Mapping[str, str], pause: float = _PAUSE) -> Client:
    """Return a session with one API server, not opened yet.

    Args:
        server: which.
        environment: where the kubeconfig's file and the proxy are named.
        pause: seconds before a request that failed is sent again for the first time.

    Raises:
        KubeconfigError: nothing says how to reach it.
    """
    asked = Asked(context=server.context, kubeconfig=server.kubeconfig, server=server.url)
    return Client(connect(asked, environment), pause=pause)


def loaded_of(metrics: str) -> Loaded:
    """Read what an API server's metrics say. Pure."""
    hashes: list[tuple[str, str]] = []
    kms: list[KmsSeen] = []
    at = started = 0.0
    failed = 0
    for name, labels, value in _samples(metrics):
        if name == f"{_CONFIG}last_config_info":
            hashes.append((labels.get("hash", ""), labels.get("apiserver_id_hash", "")))
        elif name.endswith("automatic_reload_last_timestamp_seconds") and labels.get("status") == "success":
            at = max(at, value)
        elif name.endswith("automatic_reloads_total") and labels.get("status") == "failure":
            failed += int(value)
        elif name == _STARTED:
            started = value
        elif name in _KEY_TIMES:
            kms.append(_seen(labels, value))
    # A server that has two hashes is in the middle of a change: neither is what it surely works with.
    hash_, identity = hashes[0] if len(hashes) == 1 else ("", hashes[0][1] if hashes else "")
    return Loaded(hash_, at, failed, started, tuple(sorted(kms)), identity)


_KEY_TIMES = {
    f"{_ENVELOPE}key_id_hash_last_timestamp_seconds",
    f"{_ENVELOPE}key_id_hash_status_last_timestamp_seconds",
}


def _seen(labels: Mapping[str, str], value: float) -> KmsSeen:
    return KmsSeen(
        labels.get("provider_name", ""), labels.get("key_id_hash", ""), labels.get("transformation_type", STATUS), value
    )


def _samples(metrics: str) -> Iterator[tuple[str, dict[str, str], float]]:
    for line in metrics.splitlines():
        if line.startswith(_WANTED) and len(line) <= _LONGEST_LINE and (match := _SAMPLE.match(line)):
            try:
                value = float(match["value"])
            except ValueError:
                continue
            if not math.isfinite(value):
                continue
            labels = {name: _ESCAPED.sub(_unescaped, text) for name, text in _LABEL.findall(match["labels"] or "")}
            yield match["name"], labels, value


def _unescaped(match: re.Match[str]) -> str:
    return "\n" if match[1] == "n" else match[1]

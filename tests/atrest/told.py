"""API servers that only tell: their metrics and the Leases of the cluster."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.kube.front import Answer, Front, Seen, front, kubeconfig

from strongroom.atrest.procedures.arguments import ServerArgument
from strongroom.atrest.servers import config_hash

OLD, NEW = config_hash(b"old file"), config_hash(b"new file")


class Telling:
    """What one API server says; each attribute may be changed while it runs.

    Attributes:
        name: of its host, and of its Lease.
        hash: of the file that it works with.
        key: the id of the key that its KMS plugin named last.
        others: further hosts that hold a Lease.
        asked: how often its metrics were read.
        away: whether it does not answer.
    """

    def __init__(self, name: str, hash_: str = OLD) -> None:
        self.name, self.hash, self.key = name, hash_, b"first"
        self.others: tuple[str, ...] = ()
        self.asked = 0
        self.away = False

    def __call__(self, seen: Seen, _: int) -> Answer | None:
        """Answer a request."""
        if self.away:
            return Answer(drop=True)
        if seen.path.startswith("/metrics"):
            self.asked += 1
            return Answer(200, self._metrics())
        leases = [_lease(host) for host in (self.name, *self.others)]
        return Answer(200, json.dumps({"kind": "LeaseList", "items": leases}).encode())

    def _metrics(self) -> bytes:
        identity = config_hash(self.name.encode())
        labels = f'apiserver_id_hash="{identity}"'
        key = f'{labels},key_id_hash="{config_hash(self.key)}",provider_name="vault"'
        return (
            f'apiserver_encryption_config_controller_last_config_info{{{labels},hash="{self.hash}"}} 1\n'
            f"apiserver_envelope_encryption_key_id_hash_status_last_timestamp_seconds{{{key}}} 1.7e+09\n"
            "process_start_time_seconds 1.6e+09\n"
        ).encode()


def _lease(host: str, ago: float = 10) -> dict[str, object]:
    renewed = datetime.now(UTC) - timedelta(seconds=ago)
    labels = {"kubernetes.io/hostname": host}
    spec = {"leaseDurationSeconds": 3600, "renewTime": renewed.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
    return {"metadata": {"name": host, "labels": labels}, "spec": spec}


@contextmanager
def telling(folder: Path, *servers: Telling) -> Iterator[list[ServerArgument]]:
    """Run them; return how they are reached. Those that run together know each other."""
    fronts: list[Front] = []

    def arguments() -> list[ServerArgument]:
        config = str(kubeconfig(folder, "http://127.0.0.1:1"))
        return [ServerArgument(one.name, at.url, "", config) for one, at in zip(servers, fronts, strict=True)]

    for one in servers:
        one.others += tuple(other.name for other in servers if other is not one)
    with front(None, servers[0]) as first:
        fronts.append(first)
        if len(servers) == 1:
            yield arguments()
            return
        with front(None, servers[1]) as second:
            fronts.append(second)
            yield arguments()

"""Backups of 20,000 Secrets beside ``kubectl get``, which leaves them in plain; restores beside ``kubectl create``.

``python -m benchmarks.backup [SECRETS]`` prints the section.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import statistics
import sys
from collections.abc import Iterator
from typing import Any

import aiohttp
from tests.support.controlplane import binaries
from tests.support.controlplane.access import Access
from tests.support.controlplane.server import Cluster, built_programs

from benchmarks.cluster_scale import Run, post, timed
from strongroom.keys import age

SECRETS = 20_000
_RESTORED_SHARE = 10  # every so-many-th is restored: kubectl takes minutes for all
_NAMESPACES = 20
_VALUE_BYTES = 1500
_AT_A_TIME = 32
_TURNS = 3


def _objects(count: int) -> Iterator[tuple[str, dict[str, Any]]]:
    for number in range(_NAMESPACES):
        yield "/api/v1/namespaces", {"metadata": {"name": f"n{number}"}}
    for number in range(count):
        data = {"value": base64.b64encode(os.urandom(_VALUE_BYTES)).decode()}
        yield f"/api/v1/namespaces/n{number % _NAMESPACES}/secrets", {"metadata": {"name": f"s{number}"}, "data": data}


async def _fill(access: Access, count: int) -> None:
    objects = _objects(count)
    connector = aiohttp.TCPConnector(limit=_AT_A_TIME, ssl=access.client().tls)
    async with aiohttp.ClientSession(connector=connector) as session:
        for _ in range(_NAMESPACES):
            path, body = next(objects)
            await post(session, access.url, path, body)

        async def work() -> None:
            for path, body in objects:
                await post(session, access.url, path, body)

        await asyncio.gather(*(work() for _ in range(_AT_A_TIME)))


def run(count: int = SECRETS) -> str:
    """Measure; return the section of the page."""
    kubectl = str(binaries.build("kubectl", _say))
    with Cluster(built_programs(_say), controllers=False) as cluster:
        asyncio.run(_fill(cluster.access, count))
        _say(f"{count:,} Secrets are there")
        folder, config = cluster.directory, cluster.access.kubeconfig()
        identity, recipient = age.generate()
        (folder / "age.key").write_bytes(identity.reveal())
        os.environ["SOPS_AGE_KEY_FILE"] = str(folder / "age.key")
        at_rest = [sys.executable, "-m", "strongroom", "at-rest"]
        file = str(folder / "b.backup")
        programs = {
            "kubectl get secrets -A -o json": [kubectl, "get", "secrets", "-A", "-o", "json"],
            "at-rest backup": [*at_rest, "backup", "--age", recipient, "-o", file, "--replace", "-q"],
            "at-rest backup verify": [*at_rest, "backup", "verify", file],
            "at-rest backup verify --against cluster": [*at_rest, "backup", "verify", file, "--against", "cluster"],
        }
        runs: dict[str, list[Run]] = {name: [] for name in programs}
        for _ in range(_TURNS):
            for name, call in programs.items():
                runs[name].append(timed(call, config, folder))
        restored = _restored(cluster, kubectl, [*at_rest, "restore", file, "--yes", "--select"])
    lead = f"{count:,} Secrets of {_VALUE_BYTES:,} random bytes on a real API server, backed up to an age recipient."
    return "\n".join(["## Backups", "", lead, "", *_table(runs), "", _RESTORING, "", *_table(restored)])


_RESTORING = (
    f"Every {_RESTORED_SHARE}th of them deleted and brought back. `restore` checks the whole file, looks at what is "
    "there, has the API server try everything, and looks again; `kubectl create` does none of it."
)


def _restored(cluster: Cluster, kubectl: str, restore: list[str]) -> dict[str, list[Run]]:
    """Bring the Secrets of two namespaces back, in turn with kubectl from a file in plain."""
    config, folder = cluster.access.kubeconfig(), cluster.directory
    client = cluster.access.client()
    names = [f"n{number}" for number in range(_NAMESPACES // _RESTORED_SHARE)]
    items = []
    for name in names:
        for item in client.get(f"/api/v1/namespaces/{name}/secrets")["items"]:
            metadata = {key: item["metadata"][key] for key in ("name", "namespace")}
            items.append({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": item["data"]})
    plain = folder / "plain.json"
    plain.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    selects = [word for name in names for word in ("--select", f"{name}/*")][1:]
    programs = {"kubectl create -f": [kubectl, "create", "-f", str(plain)], "at-rest restore": [*restore, *selects]}
    runs: dict[str, list[Run]] = {program: [] for program in programs}
    for _ in range(_TURNS):
        for program, call in programs.items():
            for name in names:
                client.request("DELETE", f"/api/v1/namespaces/{name}/secrets")
            runs[program].append(timed(call, config, folder))
    return runs


def _table(runs: dict[str, list[Run]]) -> list[str]:
    base = statistics.median(one.seconds for one in next(iter(runs.values())))
    lines = ["| | seconds | ratio | memory, MB |", "|---|---|---|---|"]
    for name, measured in runs.items():
        seconds = statistics.median(one.seconds for one in measured)
        memory = max(one.megabytes for one in measured)
        lines.append(f"| `{name}` | {seconds:.1f} | {seconds / base:.2f} | {memory:.0f} |")
    return lines


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    print(run(int(sys.argv[1]) if sys.argv[1:] else SECRETS))

"""The audit of a big cluster beside ``kubectl get`` of the same kinds: time and memory.

A real API server on loopback is filled first (see tests/controlplane), then both programs run in turn.

    python -m benchmarks.cluster_scale              # 2,000 namespaces, 20,000 Secrets, 10,000 pods …; some minutes
    python -m benchmarks.cluster_scale --scale 0.05
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import os
import random
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
from tests.support.controlplane import binaries
from tests.support.controlplane.access import Access
from tests.support.controlplane.server import Cluster, built_programs

NAMESPACES, SECRETS, PODS, CONFIG_MAPS, ROLE_BINDINGS = 2_000, 20_000, 10_000, 10_000, 5_000
KINDS = (
    "namespaces",
    "secrets",
    "pods",
    "configmaps",
    "rolebindings.rbac.authorization.k8s.io",
    "serviceaccounts",
    "deployments.apps",
    "replicasets.apps",
)
_AT_A_TIME = 64
_ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"

Call = tuple[str, dict[str, Any]]


class Run(NamedTuple):
    """One run of a program."""

    seconds: float
    megabytes: float


def _namespaced(scale: float, count: int) -> Iterator[tuple[str, int]]:
    namespaces = max(int(NAMESPACES * scale), 1)
    for index in range(int(count * scale)):
        yield f"team-{index % namespaces:04}", index


def namespaces(scale: float) -> Iterator[Call]:
    """Yield the namespaces, then their accounts, without which no pod can be made."""
    for index in range(max(int(NAMESPACES * scale), 1)):
        yield "/api/v1/namespaces", {"metadata": {"name": f"team-{index:04}", "labels": {"team": f"{index % 50}"}}}


def accounts(scale: float) -> Iterator[Call]:
    """Yield the account of each namespace."""
    for index in range(max(int(NAMESPACES * scale), 1)):
        yield f"/api/v1/namespaces/team-{index:04}/serviceaccounts", {"metadata": {"name": "default"}}


def contents(scale: float, source: random.Random) -> Iterator[Call]:
    """Yield Secrets, ConfigMaps, RoleBindings and Deployments as platforms have them."""

    def text(length: int) -> str:
        return "".join(source.choices(_ALPHABET, k=length))

    for namespace, index in _namespaced(scale, SECRETS):
        data = {
            key: base64.b64encode(text(24).encode()).decode()
            for key in ("username", "password", "url")[: 1 + index % 3]
        }
        metadata = {"name": f"secret-{index}", "labels": {"app.kubernetes.io/name": f"app-{index % 40}"}}
        yield f"/api/v1/namespaces/{namespace}/secrets", {"metadata": metadata, "type": "Opaque", "data": data}
    for namespace, index in _namespaced(scale, CONFIG_MAPS):
        lines = "".join(
            f"{key}.{text(6)}={text(12)}\n" for key in ("server", "cache", "feature", "client") for _ in range(8)
        )
        data = {"application.properties": lines, "LOG_LEVEL": "info", "REGION": "eu-west-1", "TIMEOUT": "30s"}
        yield f"/api/v1/namespaces/{namespace}/configmaps", {"metadata": {"name": f"config-{index}"}, "data": data}
    for namespace, index in _namespaced(scale, ROLE_BINDINGS):
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
        subject = {"kind": "ServiceAccount", "name": "default", "namespace": namespace}
        body = {"metadata": {"name": f"binding-{index}"}, "roleRef": role, "subjects": [subject]}
        yield f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings", body


def _template(namespace_index: int) -> dict[str, Any]:
    reference = {"name": f"secret-{namespace_index}", "key": "username"}
    resources = {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}}
    container = {
        "name": "app",
        "image": "registry.example.org/app:1.4.2",
        "env": [{"name": "USERNAME", "valueFrom": {"secretKeyRef": reference}}, {"name": "LOG_LEVEL", "value": "info"}],
        "resources": resources,
        "volumeMounts": [{"name": "config", "mountPath": "/etc/app"}],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}},
    }
    volumes = [{"name": "config", "configMap": {"name": f"config-{namespace_index}"}}]
    return {"metadata": {"labels": {"app": "app"}}, "spec": {"containers": [container], "volumes": volumes}}


async def workloads(session: aiohttp.ClientSession, url: str, scale: float) -> None:
    """Make a Deployment and its ReplicaSet in each namespace, and the pods that belong to it."""
    count = max(int(NAMESPACES * scale), 1)
    selector = {"matchLabels": {"app": "app"}}

    async def one(index: int) -> None:
        namespace, template = f"team-{index:04}", _template(index)
        apps = f"/apis/apps/v1/namespaces/{namespace}"
        body = {"metadata": {"name": "app"}, "spec": {"selector": selector, "template": template}}
        made = await post(session, url, f"{apps}/deployments", body)
        owner = _owner("Deployment", made)
        body["metadata"] = {"name": "app-7d4b9c6f5d", "ownerReferences": [owner], "labels": {"app": "app"}}
        owner = _owner("ReplicaSet", await post(session, url, f"{apps}/replicasets", body))
        for number in range(int(PODS * scale) // count):
            metadata = {"name": f"app-7d4b9c6f5d-{number}", "ownerReferences": [owner], "labels": {"app": "app"}}
            await post(
                session, url, f"/api/v1/namespaces/{namespace}/pods", {"metadata": metadata, "spec": template["spec"]}
            )

    await _all(one(index) for index in range(count))


def _owner(kind: str, made: dict[str, Any]) -> dict[str, Any]:
    metadata = made["metadata"]
    reference = {"apiVersion": "apps/v1", "kind": kind, "name": metadata["name"], "uid": metadata["uid"]}
    return {**reference, "controller": True}


async def post(session: aiohttp.ClientSession, url: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Create one object."""
    async with session.post(url + path, json=body) as response:
        response.raise_for_status()
        answer = await response.json()
        assert isinstance(answer, dict)
        return answer


async def _all(work: Iterator[Any]) -> None:
    gate = asyncio.Semaphore(_AT_A_TIME)

    async def bounded(one: Any) -> None:
        async with gate:
            await one

    await asyncio.gather(*(bounded(one) for one in work))


async def fill(access: Access, scale: float) -> None:
    """Fill a cluster."""
    source = random.Random(20260101)  # noqa: S311 - the same objects in every run
    connector = aiohttp.TCPConnector(limit=_AT_A_TIME, ssl=access.client().tls)
    async with aiohttp.ClientSession(connector=connector) as session:
        for calls in (namespaces(scale), accounts(scale), contents(scale, source)):
            await _all(post(session, access.url, path, body) for path, body in calls)
        await workloads(session, access.url, scale)


def timed(call: list[str], config: Path, folder: Path) -> Run:
    """Run a program to its end; what it prints goes nowhere."""
    environment = {**os.environ, "KUBECONFIG": str(config), "XDG_STATE_HOME": str(folder)}
    before = time.perf_counter()
    pid = os.posix_spawn(
        call[0], call, environment, file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    )
    _, code, usage = os.wait4(pid, 0)
    seconds = time.perf_counter() - before
    if os.waitstatus_to_exitcode(code) not in (0, 1):
        raise SystemExit(f"{call[0]} failed")
    return Run(seconds, usage.ru_maxrss / 1024)


def run(scale: float = 1.0, rounds: int = 3) -> str:
    """Fill a cluster, measure, and return the section of the page."""
    kubectl = str(binaries.build("kubectl", _say))
    with Cluster(built_programs(_say), controllers=False) as cluster:
        began = time.perf_counter()
        asyncio.run(fill(cluster.access, scale))
        _say(f"filled in {time.perf_counter() - began:.0f} s")
        strongroom = [sys.executable, "-m", "strongroom", "audit", "cluster"]
        programs = {
            "kubectl get -o json": [kubectl, "get", ",".join(KINDS), "-A", "-o", "json"],
            "strongroom audit cluster": strongroom,
            "strongroom audit cluster --values": [*strongroom, "--values"],
        }
        runs: dict[str, list[Run]] = {name: [] for name in programs}
        for _ in range(rounds):
            for name, call in programs.items():
                runs[name].append(timed(call, cluster.access.kubeconfig(), cluster.directory))
    return _section(scale, runs)


def _section(scale: float, runs: dict[str, list[Run]]) -> str:
    base = statistics.median(one.seconds for one in runs["kubectl get -o json"])
    sizes = (int(count * scale) for count in (NAMESPACES, SECRETS, PODS, CONFIG_MAPS, ROLE_BINDINGS))
    lines = [
        "## A big cluster",
        "",
        "{:,} namespaces, {:,} Secrets, {:,} pods, {:,} ConfigMaps, {:,} RoleBindings on a real API server;".format(
            *sizes
        ),
        "`kubectl get -A -o json` of the same kinds. Seconds are medians, memory is the largest.",
        "",
        "| program | seconds | beside kubectl | memory, MB |",
        "|---|---|---|---|",
    ]
    for name, measured in runs.items():
        seconds = statistics.median(one.seconds for one in measured)
        memory = max(one.megabytes for one in measured)
        lines.append(f"| `{name}` | {seconds:.1f} | {seconds / base:.2f} | {memory:.0f} |")
    return "\n".join(lines) + "\n"


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def main() -> None:
    """Print the section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    print(run(chosen.scale, chosen.rounds))


if __name__ == "__main__":
    main()

"""The procedure ``wait-until-rolled-out``: nothing is taken away that pods still use which have not been replaced yet.

A Deployment, StatefulSet or DaemonSet is rolled out when its controller has seen it as it is (``observedGeneration``),
and all of its pods are new and at work, as ``kubectl rollout status`` tells it
(https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#complete-deployment).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from strongroom.errors import PlanError
from strongroom.kube import object_writer as writer
from strongroom.kube.client import Client
from strongroom.model.plan import ClusterRef, RunProcedure
from strongroom.model.procedure import Arguments, Procedure, Told
from strongroom.plans.object_steps import within
from strongroom.plans.objects import require_path

NAME = "wait-until-rolled-out"
_SECONDS, _PAUSE = 600, 2.0


class Rollout(msgspec.Struct, frozen=True):
    """What is waited for.

    Attributes:
        cluster: where.
        workloads: for people, by path: ``Deployment shop/web``.
        back: on the way back instead, before what the pods used is taken away again.
        seconds: how long.
    """

    cluster: ClusterRef
    workloads: dict[str, str]
    back: bool = False
    seconds: int = _SECONDS


def rollout(cluster: ClusterRef, workloads: Mapping[str, str], *, back: bool) -> RunProcedure:
    """Return the step that waits for some workloads; arguments as for `Rollout`."""
    return RunProcedure(NAME, msgspec.to_builtins(Rollout(cluster, dict(workloads), back)))


def _asked(arguments: Arguments) -> Rollout:
    try:
        found = msgspec.convert(arguments, Rollout)
    except msgspec.ValidationError:
        raise PlanError(f"{NAME} does not know what to wait for", hint="make the plan again") from None
    for path in found.workloads:
        require_path(path)
    return found


def is_rolled_out(body: Mapping[str, Any]) -> bool:
    """Tell whether all pods of a workload are as it says now, and at work. Pure."""
    status, spec = body.get("status") or {}, body.get("spec") or {}
    if status.get("observedGeneration", 0) < body["metadata"].get("generation", 0):
        return False
    if body.get("kind") == "DaemonSet":
        wanted = status.get("desiredNumberScheduled", 0)
        counts = ["updatedNumberScheduled", "numberAvailable"]
    else:
        wanted = spec.get("replicas", 1)
        counts = ["updatedReplicas", "availableReplicas", "replicas"]
    return all(status.get(count, 0) == wanted for count in counts)


def held_up(body: Mapping[str, Any]) -> str:
    """Say why a controller leaves pods of a workload as they are, and what to do; empty where it does not. Pure.

    From ``paused`` of a Deployment and ``updateStrategy`` of a StatefulSet or DaemonSet:
    https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/.
    """
    spec = body.get("spec") or {}
    strategy = spec.get("updateStrategy") or {}
    if spec.get("paused"):
        return "it is paused and replaces no pod: kubectl rollout resume"
    if strategy.get("type") == "OnDelete":
        return "its pods are replaced only when somebody deletes them (updateStrategy OnDelete): delete the old ones"
    if partition := (strategy.get("rollingUpdate") or {}).get("partition"):
        return f"its pods with numbers below {partition} stay old (updateStrategy, partition): set partition to 0"
    return ""


def _said(arguments: Arguments) -> tuple[str, ...]:
    asked = _asked(arguments)
    if asked.back:
        return "on the way back, waits until all pods of these are as before:", *asked.workloads.values()
    return f"waits until all pods of these are new and at work, {asked.seconds} s at most:", *asked.workloads.values()


def _check(arguments: Arguments) -> None:
    within(_asked(arguments).cluster, writer.identity)


def _do(arguments: Arguments, told: Told) -> None:
    asked = _asked(arguments)
    if not asked.back:
        _wait(asked, told)


def _undo(arguments: Arguments, told: Told) -> None:
    asked = _asked(arguments)
    if asked.back:
        _wait(asked, told)


def _wait(asked: Rollout, told: Told) -> None:
    async def wait(client: Client) -> None:
        until, said = time.monotonic() + asked.seconds, ""
        while left := await _left(client, asked):
            if time.monotonic() > until:
                first, why = next(iter(left.items()))
                hint = f"{why or 'see to it that its pods start'}; then strongroom plan resume goes on, undo goes back"
                raise PlanError(f"{first} is not rolled out after {asked.seconds} s", hint=hint)
            names = (f"{name} ({why})" if why else name for name, why in left.items())
            if said != (said := f"waiting for {', '.join(names)}"):
                told(said)
            await asyncio.sleep(_PAUSE)

    within(asked.cluster, wait)


def _verify(arguments: Arguments) -> None:
    asked = _asked(arguments)

    async def look(client: Client) -> None:
        left = await _left(client, asked)
        if left and not asked.back:
            first, why = next(iter(left.items()))
            hint = "strongroom plan resume waits again"
            raise PlanError(f"{first} is not rolled out", hint=f"{why}; then {hint}" if why else hint)

    within(asked.cluster, look)


async def _left(client: Client, asked: Rollout) -> dict[str, str]:
    """Return the workloads that are not rolled out, for people, and what holds them up."""
    found = {path: await writer.read(client, path) for path in asked.workloads}
    waiting = {path: body for path, body in found.items() if body is not None and not is_rolled_out(body)}
    return {asked.workloads[path]: held_up(body) for path, body in waiting.items()}


PROCEDURE = Procedure(NAME, _said, _check, _do, _verify, _undo)

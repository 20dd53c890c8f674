"""A CSI driver may ask for tokens of the pods that it mounts volumes for. The driver's own pods then hold tokens of
other programs' ServiceAccounts; versions of some drivers wrote them to their logs.

## Needs

Running code in a pod of the driver; it has to be one that the CSIDriver object gives ``tokenRequests``.

## Exploited

Entering the driver's pod on a machine and reading the volume contexts that the kubelet sends.

## Closed

Only drivers that need tokens ask for them, with an audience that the API server does not accept. Nobody enters their
pods, which usually run in ``kube-system``.

## References

- https://kubernetes-csi.github.io/docs/token-requests.html
- CVE-2023-2878, CVE-2024-3744 and CVE-2025-7445: tokens in the logs of drivers

Not demonstrated: the kubelet hands the tokens out, and an API server alone has none.
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.code import Code
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import INCLUDES, Evidence, Node, Step
from strongroom.model.resource import Resource, as_dict, as_list, as_text, dig

_FOLDERS = {"csi-secrets-store": "secrets-store.csi.k8s.io"}
"""Folders of sockets that are not named as their driver is."""
_OTHER_AUDIENCE = "if the API server accepts the audience"


def steps(world: World) -> Iterator[Step]:
    """Yield which driver is handed tokens of which ServiceAccounts."""
    drivers = {d.name: d for d in world.facts.of_kind("CSIDriver") if as_list(d.get("spec", "tokenRequests"))}
    if not drivers:
        return
    used: dict[str, dict[Node, None]] = {}
    for code in world.code:
        for name in _used(code):
            used.setdefault(name, {})[Node("ServiceAccount", code.namespace, code.service_account)] = None
    for name, driver in drivers.items():
        evidence = (Evidence("driver", driver.id, driver.origin.at(("spec", "tokenRequests"))),)
        for account in used.get(name, ()):
            yield Step(_handed(name), account, INCLUDES, evidence, _condition(driver), f"pods that use {name}")
    for code in world.code:
        for name, path in _sockets(code):
            if name in drivers:
                resource = code.workload.resource
                yield Step(
                    code.node, _handed(name), WAY.id, (Evidence("workload", resource.id, resource.origin),), note=path
                )


def _handed(driver: str) -> Node:
    return Node("Object", "", f"CSIDriver/{driver}")


def _condition(driver: Resource) -> str:
    """Return the condition: none where a token is for the API server's own audience, which is the empty one."""
    audiences = [as_text(as_dict(one).get("audience")) for one in as_list(driver.get("spec", "tokenRequests"))]
    return "" if "" in audiences else _OTHER_AUDIENCE


def _used(code: Code) -> set[str]:
    return {as_text(dig(volume, ("csi", "driver"))) for _, volume in code.workload.volumes} - {""}


def _sockets(code: Code) -> Iterator[tuple[str, str]]:
    """Yield the drivers whose socket a program has: that of DRIVER lies in /var/lib/kubelet/plugins/DRIVER."""
    for _, volume in code.workload.volumes:
        path = as_text(as_dict(volume.get("hostPath")).get("path")).rstrip("/").removesuffix("/csi.sock")
        folder, _, name = path.rpartition("/")
        if folder.endswith("/plugins"):
            yield _FOLDERS.get(name, name), path


WAY = Way("csi-token-requests", "is handed tokens of the pods that it serves", ("T1528",), steps, demonstrated=False)

"""Flux applies what a Kustomization or a HelmRelease names, as the ServiceAccount that it names or, without one, with
the rights of the controller, which are a cluster admin's by default.

## Needs

``create``, ``update`` or ``patch`` on ``kustomizations`` of ``kustomize.toolkit.fluxcd.io`` or ``helmreleases`` of
``helm.toolkit.fluxcd.io``, in any namespace, and a source in its reach: patches in the object itself turn any source
into what is wanted. With ``--default-service-account`` the controller acts as that account of the object's namespace.
It acts as whichever ServiceAccount of that namespace the object names.

## Exploited

A Kustomization whose source is one's own repository.

## Closed

Multi-tenancy lockdown: ``--default-service-account`` and ``--no-cross-namespace-refs=true`` on every controller.

## References

- https://fluxcd.io/flux/installation/configuration/multitenancy/

Not demonstrated: Flux decides.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from strongroom.access.code import Code
from strongroom.access.operators import writers
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Evidence, Node, Power, Step, power

_KINDS = (
    ("kustomize.toolkit.fluxcd.io", "kustomizations", "kustomize-controller"),
    ("helm.toolkit.fluxcd.io", "helmreleases", "helm-controller"),
)
_HOME = "flux-system"
_DEFAULT_ACCOUNT = "--default-service-account="


def steps(world: World) -> Iterator[Step]:
    """Yield who has Flux act for him."""
    for group, resource, name in _KINDS:
        code = _controller(world, name)
        account = Node("ServiceAccount", code.namespace if code else _HOME, code.service_account if code else name)
        locked = _default_account(code)
        more = (Evidence("controller", code.workload.resource.id, code.workload.resource.origin),) if code else ()
        for found in writers(world, group, resource):
            writer = msgspec.structs.replace(found, condition="") if code else found
            note = f"writes {resource}"
            if not locked:
                yield writer.step(account, WAY.id, note, "", more)
            elif writer.namespace:
                yield writer.step(Node("ServiceAccount", writer.namespace, locked), WAY.id, note, "", more)
            # he names the account that it acts as
            yield writer.step(power(Power.MINT_TOKENS, writer.namespace), WAY.id, note, "", more)


def _controller(world: World, name: str) -> Code | None:
    for code in world.code:
        images = [container.image.partition("@")[0].rpartition("/")[2] for container in code.workload.containers]
        if any(image.partition(":")[0] == name for image in images):
            return code
    return None


def _default_account(code: Code | None) -> str:
    for container in code.workload.containers if code is not None else ():
        for _, word in container.words:
            if word.startswith(_DEFAULT_ACCOUNT):
                return word.removeprefix(_DEFAULT_ACCOUNT)
    return ""


WAY = Way("flux-write", "has Flux apply it", ("T1072",), steps, demonstrated=False)

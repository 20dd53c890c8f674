"""Argo CD applies what an Application names, with the rights of its controller. Whoever may write Applications in its
namespace has the controller apply a manifest of his own: a pod that mounts what he wants, a binding to himself.

## Needs

``create``, ``update`` or ``patch`` on ``applications`` (or ``applicationsets``) of ``argoproj.io`` in Argo CD's
namespace, and an AppProject that permits the repository and the destination; the project ``default`` permits all.
Applications in other namespaces, where Argo CD is told to look at them, are left out.

## Exploited

An Application whose ``source.repoURL`` is one's own repository and whose ``destination`` is the cluster itself.

## Closed

The project ``default`` permits nothing; each team has a project that names its repositories and namespaces; teams use
Argo CD's own RBAC and no right on the objects.

## References

- https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/#projects
- https://argo-cd.readthedocs.io/en/stable/operator-manual/app-any-namespace/

Not demonstrated: Argo CD decides.
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.argo import GROUP, argo
from strongroom.access.operators import writers
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Step

_LIMITED = "unless its AppProject forbids it"


def steps(world: World) -> Iterator[Step]:
    """Yield who has Argo CD act for him."""
    found = argo(world)
    condition = "" if found.permits_all else _LIMITED
    for resource in ("applications", "applicationsets"):
        for writer in writers(world, GROUP, resource):
            if writer.namespace in ("", found.namespace):
                note = f"writes {resource}"
                yield writer.step(found.controller, WAY.id, note, condition, found.permits_all)


WAY = Way("argo-application-write", "has Argo CD apply it", ("T1072",), steps, demonstrated=False)

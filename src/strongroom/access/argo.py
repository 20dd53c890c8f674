"""Argo CD as the sources show it: as whom it acts, and what its projects permit."""

from __future__ import annotations

from typing import NamedTuple

from strongroom.access.world import DEFAULT, World
from strongroom.model.access import Evidence, Node
from strongroom.model.resource import Resource, as_dict, as_list, as_text

GROUP = "argoproj.io"
CLUSTER = "https://kubernetes.default.svc"
"""The address under which Argo CD knows the cluster that it runs in; its name there is ``in-cluster``."""

_CONTROLLER = "argocd-application-controller"


class Argo(NamedTuple):
    """One Argo CD.

    Attributes:
        namespace: where it runs, and looks for Applications and projects.
        controller: the ServiceAccount that applies.
        permits_all: what says that a project permits every repository and destination; empty where none is known to.
    """

    namespace: str
    controller: Node
    permits_all: tuple[Evidence, ...]


def argo(world: World) -> Argo:
    """Return the Argo CD of the sources; its usual names where they do not show it."""
    namespace, account = "argocd", _CONTROLLER
    for code in world.code:
        words = [word for container in code.workload.containers for _, word in container.words]
        if any(word.rpartition("/")[2] == _CONTROLLER for word in words):
            namespace, account = code.namespace, code.service_account
            break
    projects = (p for p in world.facts.of_kind("AppProject") if p.group == GROUP)
    opened = (p for p in projects if (p.namespace or DEFAULT) == namespace and _permits_all(p))
    evidence = tuple(Evidence("project", p.id, p.origin, "permits everything") for p in opened)[:1]
    return Argo(namespace, Node("ServiceAccount", namespace, account), evidence)


def is_this_cluster(destination: dict[str, object]) -> bool:
    """Tell whether a destination is the cluster in which Argo CD runs."""
    server, name = as_text(destination.get("server")), as_text(destination.get("name"))
    return name == "in-cluster" or server.rstrip("/") == CLUSTER


def _permits_all(project: Resource) -> bool:
    """Tell whether a project permits every repository and every namespace of the cluster (AppProject, v1alpha1)."""
    destinations = [as_dict(one) for one in as_list(project.get("spec", "destinations"))]
    anywhere = any(
        one.get("namespace") == "*" and ("*" in (one.get("server"), one.get("name")) or is_this_cluster(one))
        for one in destinations
    )
    return anywhere and "*" in as_list(project.get("spec", "sourceRepos"))

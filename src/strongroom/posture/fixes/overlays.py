"""Whether an overlay changes the containers of an object too: an edit of the base could then give it something else.

Kustomize merges what a patch says into what the base says
(https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/patches/): a variable that the base takes from a
Secret and a patch gives a value to would have both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from strongroom.documents.wanted import Unfit
from strongroom.model.facts import Facts, same_namespace
from strongroom.model.resource import Resource, as_dict, as_list, as_text
from strongroom.model.workload import workloads_of
from strongroom.posture.pods import is_whole

_PARTS = ("containers", "initContainers", "volumes")
_LISTS = ("patches", "patchesJson6902", "patchesStrategicMerge")


def patched(resource: Resource, same_name: Iterable[Resource], facts: Facts) -> str:
    """Return the file that changes the containers or volumes of an object; empty where none does.

    Args:
        resource: the object.
        same_name: the objects of its kind and name.
        facts: for the kustomizations.
    """
    if not any(True for _ in workloads_of(resource)):
        return ""
    for other in same_name:
        near = same_namespace(other.namespace, resource.namespace)
        if other is not resource and near and _is_fragment(other):
            return other.origin.path
    for kustomization in facts.of_kind("Kustomization"):
        if any(_concerns(patch, resource, facts) for patch in _patches(kustomization)):
            return kustomization.origin.path
    return ""


def refuse_retargeted(secret: Resource, facts: Facts) -> None:
    """Refuse a Secret that an overlay patches: what is of another kind then is not what the patch is about.

    Raises:
        Unfit: naming the kustomization.
    """
    for kustomization in facts.of_kind("Kustomization"):
        if any(_is_about(patch, secret, facts) for patch in _patches(kustomization)):
            raise Unfit(f"{kustomization.origin.path} patches it: both have to be changed together")


def _is_about(patch: Any, secret: Resource, facts: Facts) -> bool:
    """Tell whether a patch is about a Secret, by its target or by what it says itself."""
    target = as_dict(as_dict(patch).get("target"))
    kind, name = as_text(target.get("kind")), as_text(target.get("name"))
    if kind or name:
        return kind in ("", secret.kind) and name in ("", secret.name)
    text = as_text(as_dict(patch).get("patch")) or as_text(patch)
    if "\n" in text:
        return secret.kind in text and secret.name in text
    file = (as_text(as_dict(patch).get("path")) or text).rpartition("/")[2]
    same = [one for one in facts.of_kind(secret.kind) if one.name == secret.name and one is not secret]
    return any(one.origin.path.rpartition("/")[2] == file for one in same)


def _is_fragment(other: Resource) -> bool:
    """Tell whether an object is a patch that says something of containers or volumes."""
    found = [workload for workload in workloads_of(other) if not is_whole(workload)]
    return any(workload.spec.get(part) for workload in found for part in _PARTS)


def _patches(kustomization: Resource) -> Iterator[Any]:
    for name in _LISTS:
        yield from as_list(kustomization.body.get(name))


def _concerns(patch: Any, resource: Resource, facts: Facts) -> bool:
    """Tell whether a patch that is no object of the sources may change the containers of an object."""
    body = as_dict(patch)
    target = as_dict(body.get("target"))
    if as_text(target.get("kind")) not in ("", resource.kind) or as_text(target.get("name")) not in ("", resource.name):
        return False
    text = as_text(body.get("patch")) or (patch if isinstance(patch, str) and "\n" in patch else "")
    if text:
        return any(part in text for part in _PARTS) and (bool(target) or resource.name in text)
    path = as_text(body.get("path")) or (patch if isinstance(patch, str) else "")
    name = path.rpartition("/")[2]
    # a file of strategic merge patches is an object of the sources, and was looked at; others are lists of operations
    return bool(path) and not any(one.origin.path.rpartition("/")[2] == name for one in facts.resources)

"""Custom resources for tests: any object of a group and kind is taken."""

from __future__ import annotations

from typing import Any

from tests.support.controlplane.access import Client, eventually


def crd(group: str, plural: str, kind: str, *, namespaced: bool = True) -> dict[str, Any]:
    """Return a definition that takes any object."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    names = {"plural": plural, "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"}
    scope = "Namespaced" if namespaced else "Cluster"
    spec = {"group": group, "names": names, "scope": scope, "versions": [version]}
    return {"metadata": {"name": f"{plural}.{group}"}, "spec": spec}


def define(client: Client, group: str, plural: str, kind: str, *, namespaced: bool = True) -> None:
    """Make a custom resource, and wait until it is served."""
    client.create(
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd(group, plural, kind, namespaced=namespaced)
    )
    eventually(lambda: client.answers(f"/apis/{group}/v1/{plural}"), f"{plural}.{group} is served")

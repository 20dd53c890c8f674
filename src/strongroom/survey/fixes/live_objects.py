"""The objects of a running cluster, read whole where a fix wants to change them, and who else keeps each as it is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from strongroom.documents.wanted import Unfit
from strongroom.errors import AnswerError
from strongroom.kube import object_writer as writer
from strongroom.kube.client import Client
from strongroom.kube.connection import Asked, connect
from strongroom.kube.discovery import Served, discover
from strongroom.model.plan import ClusterRef
from strongroom.model.resource import Resource, as_dict, as_list, as_text

_MANAGED_BY = "app.kubernetes.io/managed-by"
_BOOTSTRAP = "kubernetes.io/bootstrapping"
_RELEASE = "meta.helm.sh/release-name"
_ARGO = "argocd.argoproj.io/tracking-id"
_FLUX = {"kustomize.toolkit.fluxcd.io/name": "Flux Kustomization", "helm.toolkit.fluxcd.io/name": "Flux HelmRelease"}
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_MANAGERS = {
    "argocd-controller": "Argo CD",
    "argocd-application-controller": "Argo CD",
    "kustomize-controller": "Flux",
    "helm-controller": "Flux",
    "helm": "Helm",
}
"""Field managers of what applies manifests from elsewhere."""
_FIXED = {
    "Pod": "a Pod cannot be changed: mend what makes it",
    "Job": "a Job cannot be changed: make it anew",
    "ReplicaSet": "a ReplicaSet does not replace its pods when it changes: make it a Deployment",
    "ReplicationController": "a ReplicationController does not replace its pods when it changes: make it a Deployment",
}


def owner(body: Mapping[str, Any]) -> str:
    """Return what would bring an object back to what it was, and where it is to be mended; empty for nothing."""
    metadata = as_dict(body.get("metadata"))
    labels, notes = as_dict(metadata.get("labels")), as_dict(metadata.get("annotations"))
    for one in map(as_dict, as_list(metadata.get("ownerReferences"))):
        if one.get("controller") is True:
            return f"{as_text(one.get('kind'))} {as_text(one.get('name'))} makes it: mend that"
    if as_text(notes.get(_RELEASE)):
        return f"Helm release {as_text(notes[_RELEASE])} makes it: mend the chart or its values"
    if as_text(notes.get(_ARGO)):
        application = as_text(notes[_ARGO]).partition(":")[0]
        return f"Argo CD application {application} makes it: mend the manifest in its repository"
    for label, what in _FLUX.items():
        if as_text(labels.get(label)):
            return f"{what} {as_text(labels[label])} makes it: mend the manifest in its repository"
    if as_text(labels.get(_BOOTSTRAP)):
        return "the API server makes it, and makes it again: narrow who is bound to it"
    if as_text(labels.get(_MANAGED_BY)):
        return f"{as_text(labels[_MANAGED_BY])} manages it: mend it there"
    managers = {as_text(as_dict(one).get("manager")) for one in as_list(metadata.get("managedFields"))}
    found = next((_MANAGERS[one] for one in sorted(managers & _MANAGERS.keys())), "")
    return f"{found} applies it: mend the manifest in its repository" if found else ""


def was_applied(body: Mapping[str, Any]) -> bool:
    """Tell whether somebody applies an object from a manifest with kubectl: the next time brings it back."""
    metadata = as_dict(body.get("metadata"))
    operations = {
        as_text(one.get("manager"))
        for one in map(as_dict, as_list(metadata.get("managedFields")))
        if one.get("operation") == "Apply"
    }
    return _APPLIED in as_dict(metadata.get("annotations")) or "kubectl" in operations


class LiveObjects:
    """Objects of one cluster, each read once; a context manager.

    Args:
        asked: which cluster, and who asks.

    Raises:
        ClusterError: it could not be asked.
    """

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._runner = asyncio.Runner()
        self._read: dict[str, dict[str, Any] | None] = {}

    def __enter__(self) -> LiveObjects:  # noqa: PYI034 - final
        """Log in, and ask what is served."""
        self._client = Client(connect(self._asked))
        self._runner.run(self._client.__aenter__())
        served = self._runner.run(discover(self._client)).served
        self._served: dict[tuple[str, str], Served] = {(one.group, one.kind): one for one in served.values()}
        uid = self._runner.run(writer.identity(self._client))
        self.cluster = ClusterRef(uid, self._client.connection.context, _absolute(self._asked.kubeconfig))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._runner.run(self._client.__aexit__(kind, error, at))
        self._runner.close()

    def path(self, group: str, kind: str, namespace: str, name: str) -> str:
        """Return the path of an object; raises Unfit where the cluster has no such kind."""
        served = self._served.get((group, kind))
        if served is None:
            raise Unfit(f"the cluster knows no {kind}")
        return f"{served.path(namespace if served.namespaced else '')}/{name}"

    def body(self, resource: Resource) -> dict[str, Any]:
        """Return an object that a fix may change, as it is now; of a Secret without its values.

        Raises:
            Unfit: something else keeps it as it is, it cannot be changed, or is not there any more.
            ClusterError: it could not be asked.
        """
        path = self.path(resource.group, resource.kind, resource.namespace, resource.name)
        if path not in self._read:
            self._read[path] = self._now(path, secret=resource.kind == "Secret" and not resource.group)
        found = self._read[path]
        if found is None:
            raise Unfit("it is not there any more")
        kept = owner(found) or _FIXED.get(resource.kind, "")
        if kept:
            raise Unfit(kept)
        if found.get("immutable") is True:
            raise Unfit("it is immutable: it has to be made anew")
        return found

    def whole(self, path: str) -> dict[str, Any]:
        """Return an object with all its fields, the values of a Secret among them; raises Unfit as `body`."""
        found = self._now(path, secret=False)
        if found is None:
            raise Unfit("it is not there any more")
        return found

    def _now(self, path: str, *, secret: bool) -> dict[str, Any] | None:
        try:
            accept = writer.METADATA if secret else "application/json"
            found = json.loads(self._runner.run(self._client.get(path, accept=accept)))
        except AnswerError as error:
            if error.status == writer.NOT_FOUND:
                return None
            raise
        if secret:
            found |= {"apiVersion": "v1", "kind": "Secret"}
        return found if isinstance(found, dict) else None


def _absolute(kubeconfig: str | None) -> str:
    """Return where a file is from everywhere: a plan may be done from another folder."""
    return str(Path(kubeconfig).absolute()) if kubeconfig else ""

"""Apply one of the example platforms to a cluster, as a person would with kubectl, kustomize and helm.

python -m tests.e2e.shop KUBECONFIG examples/shop
"""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.support.controlplane import binaries
from tests.support.controlplane.access import Client, RefusedError, eventually

from strongroom.documents.yaml import Document, read

_NOT_OBJECTS = frozenset({"values.yaml", "Chart.yaml", "kustomization.yaml", ".gitlab-ci.yml"})
_OWN_TOOLS = frozenset({"deploy", "charts"})
_SERVERS_OWN = frozenset({"uid", "creationTimestamp", "managedFields", "resourceVersion"})
_NEVER_SERVED = frozenset(
    {"Kustomization", "Config", "List", "EncryptionConfiguration", "Policy", "AuthenticationConfiguration"}
)


def objects(folder: Path, program: Callable[[str], Path]) -> Iterator[dict[str, Any]]:
    """Yield the objects of an example: built by kustomize and helm where they are, read otherwise."""
    texts = [_run([program("kustomize"), "build", folder / "deploy" / "overlays" / "production"])]
    charts = sorted((folder / "charts").iterdir())
    texts += [_run([program("helm"), "template", "release", chart, "--namespace", "shop"]) for chart in charts]
    texts += [
        path.read_text("utf-8")
        for path in sorted(folder.rglob("*.yaml"))
        if path.relative_to(folder).parts[0] not in _OWN_TOOLS and path.name not in _NOT_OBJECTS
    ]
    for text in texts:
        for document in read(text.encode()):
            if isinstance(document, Document):
                yield from _opened(document.body)


def built(folder: Path, program: Callable[[str], Path]) -> Iterator[dict[str, Any]]:
    """Yield the objects that the pipeline of an example applies."""
    text = _run([program("kustomize"), "build", folder / "deploy" / "overlays" / "production"])
    for document in read(text.encode()):
        if isinstance(document, Document):
            yield from _opened(document.body)


def _opened(body: Any) -> Iterator[dict[str, Any]]:
    if isinstance(body, dict) and body.get("kind") == "List":
        for item in body["items"]:
            yield from _opened(item)
    elif isinstance(body, dict) and "apiVersion" in body and body.get("kind") not in _NEVER_SERVED:
        yield _unlocked(body) if "sops" in body else body


def _unlocked(body: dict[str, Any]) -> dict[str, Any]:
    """Return what a controller would make of a SOPS document; the values are not the real ones."""
    kept = {key: value for key, value in body.items() if key not in ("sops", "data", "stringData")}
    names = [*body.get("data", {}), *body.get("stringData", {})]
    return {**kept, "stringData": {name: secrets.token_urlsafe(24) for name in names}}


def _run(call: list[Any]) -> str:
    return subprocess.run([str(part) for part in call], capture_output=True, text=True, check=True).stdout


def apply(client: Client, kubectl: Path, config: Path, found: list[dict[str, Any]]) -> list[str]:
    """Apply objects: namespaces, definitions of custom resources, then everything; return what was refused."""
    namespaces = {body["metadata"].get("namespace", "shop") for body in found}
    for name in sorted(namespaces):
        if not client.answers(f"/api/v1/namespaces/{name}"):
            client.create("/api/v1/namespaces", {"metadata": {"name": name}})
    _define(client, found)
    refused: list[str] = []
    for body in sorted(found, key=lambda body: body["kind"] not in ("Namespace", "ServiceAccount")):
        metadata = {key: value for key, value in body["metadata"].items() if key not in _SERVERS_OWN}
        place = ["--kubeconfig", str(config), "-n", metadata.get("namespace", "shop")]
        call = [str(kubectl), *place, "apply", "--server-side", "--force-conflicts", "-f", "-"]
        text = json.dumps({**body, "metadata": metadata})
        done = subprocess.run(call, input=text, capture_output=True, text=True, check=False)
        if done.returncode:
            refused.append(f"{body['kind']} {body['metadata'].get('name')}")
    return refused


def _define(client: Client, found: list[dict[str, Any]]) -> None:
    served = {group["name"] for group in client.get("/apis")["groups"]}
    wanted: dict[tuple[str, str, str], bool] = {}
    for body in found:
        group, slash, version = body["apiVersion"].rpartition("/")
        if slash and group not in served:
            wanted[group, version, body["kind"]] = not body["kind"].startswith("Cluster")
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    for (group, version, kind), namespaced in wanted.items():
        plural = kind.lower() + ("es" if kind.lower().endswith("s") else "s")
        spec = {
            "group": group,
            "names": {"plural": plural, "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"},
            "scope": "Namespaced" if namespaced else "Cluster",
            "versions": [{"name": version, "served": True, "storage": True, "schema": schema}],
        }
        metadata = {
            "name": f"{plural}.{group}",
            "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"},
        }
        try:
            client.create(
                "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {"metadata": metadata, "spec": spec}
            )
        except RefusedError as error:
            if error.status != 409:
                raise
        _wait(client, f"/apis/{group}/{version}/{plural}")


def _wait(client: Client, path: str) -> None:
    eventually(lambda: client.answers(path), f"{path} is served")


def main(arguments: list[str]) -> int:
    """Apply an example to the cluster of a kubeconfig."""
    from tests.e2e.client import of_kubeconfig

    config, folder = Path(arguments[0]), Path(arguments[1])
    programs = {name: binaries.build(name, print) for name in ("kubectl", "kustomize", "helm")}
    found = list(objects(folder, programs.__getitem__))
    for line in apply(of_kubeconfig(config), programs["kubectl"], config, found):
        print(f"refused: {line}")  # noqa: T201 - for a person
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

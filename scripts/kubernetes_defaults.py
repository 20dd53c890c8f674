"""Write what every Kubernetes cluster holds by itself, as a running one shows it: RBAC objects and resource types.

``python -m scripts.kubernetes_defaults`` starts a control plane of the version that the tests use, and rewrites
``src/strongroom/access/defaults/kubernetes.json``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.support.controlplane import binaries
from tests.support.controlplane.access import Client, eventually
from tests.support.controlplane.server import Cluster, built_programs

TARGET = Path(__file__).parents[1] / "src/strongroom/access/defaults/kubernetes.json"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
KINDS = {
    "clusterroles": "ClusterRole",
    "clusterrolebindings": "ClusterRoleBinding",
    "roles": "Role",
    "rolebindings": "RoleBinding",
}
LABEL = "kubernetes.io/bootstrapping"


def main() -> int:
    """Rewrite the file from a control plane of its own."""
    with Cluster(built_programs(lambda text: print(text, file=sys.stderr))) as cluster:
        defaults = read(cluster.access.client())
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(render(defaults), encoding="utf-8")
    print(f"{TARGET}: {len(defaults['objects'])} objects, {len(defaults['types'])} types")
    return 0


def read(admin: Client) -> dict[str, Any]:
    """Return the default RBAC objects and the resource types of a cluster."""
    eventually(lambda: bool(admin.get(f"{RBAC}/clusterroles/view").get("rules")), "roles are aggregated")
    objects = [
        _plain(kind, item)
        for plural, kind in KINDS.items()
        for item in admin.get(f"{RBAC}/{plural}")["items"]
        if LABEL in item["metadata"].get("labels", {})
    ]
    return {"version": binaries.version("kube-apiserver"), "objects": objects, "types": _types(admin)}


def render(defaults: dict[str, Any]) -> str:
    """Write one object or type a line, so that a change of version can be read."""
    lines = [f'{{"version": {json.dumps(defaults["version"])}']
    for part in ("objects", "types"):
        entries = ",\n".join(json.dumps(entry) for entry in defaults[part])
        lines.append(f'"{part}": [\n{entries}\n]')
    return ",\n".join(lines) + "}\n"


def _plain(kind: str, item: dict[str, Any]) -> dict[str, Any]:
    metadata = {key: item["metadata"][key] for key in ("name", "namespace", "labels") if key in item["metadata"]}
    plain = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata}
    if "aggregationRule" in item:
        return {**plain, "aggregationRule": item["aggregationRule"]}
    return plain | {key: item[key] for key in ("rules", "roleRef", "subjects") if item.get(key)}


def _types(admin: Client) -> list[dict[str, Any]]:
    found = []
    versions = ["/api/v1"] + [
        f"/apis/{group['preferredVersion']['groupVersion']}" for group in admin.get("/apis")["groups"]
    ]
    for path in versions:
        group = "" if path == "/api/v1" else path.split("/")[2]
        found += [
            {
                "group": group,
                "plural": entry["name"],
                "kind": entry["kind"],
                "namespaced": entry["namespaced"],
                "aliases": [name for name in (entry.get("singularName"), *entry.get("shortNames", ())) if name],
            }
            for entry in admin.get(path)["resources"]
        ]
    return found


if __name__ == "__main__":
    sys.exit(main())

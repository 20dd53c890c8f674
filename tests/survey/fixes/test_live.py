"""``strongroom fix cluster`` on a real API server."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.support.controlplane.access import Access, Client

from strongroom.errors import PlanError, UsageError
from strongroom.plans.apply import Doing
from strongroom.plans.objects import owned
from strongroom.sources.cluster_options import ClusterOptions
from strongroom.survey.fixes.live_objects import owner, was_applied
from strongroom.survey.fixes.planning import plan_fixes
from strongroom.survey.fixes.proof import audited, prove
from strongroom.survey.fixes.wanted import Planned, Wanted
from strongroom.survey.procedures import procedure
from strongroom.survey.run import Request

_KEY = b"k" * 32
_VALUE = "Zq7xR2mTn8vK4wPz"
_TOKEN = "Kq9zR2mTn8vK4wPy"
_RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces"


def _deployment(name: str, env: list[dict[str, Any]], **metadata: Any) -> dict[str, Any]:
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "c", "image": "x", "env": env}]},
    }
    spec = {"replicas": 0, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"metadata": {"name": name, **metadata}, "spec": spec}


class Shop:
    """A namespace with values in the clear, and a role that reads every Secret."""

    def __init__(self, cluster: Access, namespace: str, folder: Path) -> None:
        self.client: Client = cluster.client()
        self.namespace, self.folder = namespace, folder
        self.kubeconfig = str(cluster.kubeconfig(namespace=namespace))
        core, apps = f"/api/v1/namespaces/{namespace}", f"/apis/apps/v1/namespaces/{namespace}"
        self.paths = {
            "config": f"{core}/configmaps/config",
            "api": f"{apps}/deployments/api",
            "role": f"{_RBAC}/{namespace}/roles/api",
            "helmed": f"{apps}/deployments/helmed",
        }
        data = {"host": "db", "DB_PASSWORD": _VALUE}
        self.client.create(f"{core}/configmaps", {"metadata": {"name": "config"}, "data": data})
        taken = {"configMapKeyRef": {"name": "config", "key": "DB_PASSWORD"}}
        env: list[dict[str, Any]] = [
            {"name": "DB_PASSWORD", "valueFrom": taken},
            {"name": "API_PASSWORD", "value": _TOKEN},
        ]
        self.client.create(f"{apps}/deployments", _deployment("api", env))
        release = {"annotations": {"meta.helm.sh/release-name": "shop"}}
        self.client.create(
            f"{apps}/deployments", _deployment("helmed", [{"name": "DB_PASSWORD", "value": _TOKEN}], **release)
        )
        self.client.create(f"{core}/serviceaccounts", {"metadata": {"name": "api"}})
        rules = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]}]
        self.client.create(f"{_RBAC}/{namespace}/roles", {"metadata": {"name": "api"}, "rules": rules})
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "api"}
        subjects = [{"kind": "ServiceAccount", "name": "api", "namespace": namespace}]
        binding = {"metadata": {"name": "api"}, "roleRef": reference, "subjects": subjects}
        self.client.create(f"{_RBAC}/{namespace}/rolebindings", binding)

    def request(self) -> Request:
        """Return what an audit of the namespace is asked."""
        options = ClusterOptions(kubeconfig=self.kubeconfig, namespaces=(self.namespace,))
        return Request(sources=("cluster:test",), key=_KEY, cluster=options)

    def planned(self, **wanted: Any) -> Planned:
        """Plan the fixes."""
        return plan_fixes(self.request(), Wanted(**{"to": "", **wanted}))

    def doing(self, planned: Planned) -> Doing:
        """Return what does a plan."""
        return Doing(planned.fix.plan, self.folder, _KEY, self.folder / "state", procedures=procedure)

    def now(self) -> dict[str, Any]:
        """Return the objects as they are, without what the API server and controllers set."""
        found = {name: owned(self.client.get(path)) for name, path in self.paths.items()}
        for body in found.values():
            body["metadata"].get("annotations", {}).pop("deployment.kubernetes.io/revision", None)
            if not body["metadata"].get("annotations", True):
                del body["metadata"]["annotations"]
        return found

    def names(self, kind: str) -> set[str]:
        """Return the names of the objects of a kind."""
        found = self.client.get(f"/api/v1/namespaces/{self.namespace}/{kind}")
        return {item["metadata"]["name"] for item in found["items"]}


@pytest.fixture
def shop(cluster: Access, namespace: str, tmp_path: Path) -> Shop:
    """A shop of its own."""
    return Shop(cluster, namespace, tmp_path)


def test_values_move_to_secrets(shop: Shop) -> None:
    """Values move from ConfigMaps and pod specs to Secrets, roles get smaller; the audit proves it; undo restores it."""
    before, first = shop.now(), audited(shop.request())
    planned = shop.planned(unsafe=True)
    kinds = [type(step.change).__name__ for step in planned.fix.plan.steps]
    wait = "RunProcedure"
    assert kinds == ["CreateObject", "CreateObject", wait, "PatchObject", "PatchObject", wait, "PatchObject"]
    text = repr(planned.fix.plan)
    assert _VALUE not in text
    assert _TOKEN not in text

    shop.doing(planned).apply()

    now = shop.now()
    assert now["config"]["data"] == {"host": "db"}
    env = {one["name"]: one["valueFrom"]["secretKeyRef"] for one in _containers(now["api"])[0]["env"]}
    values = {name: _value(shop, one["name"], one["key"]) for name, one in env.items()}
    assert values == {"DB_PASSWORD": _VALUE, "API_PASSWORD": _TOKEN}
    assert not now["role"].get("rules")
    proof = prove(planned.fix, first, audited(shop.request()), planned.opened)
    gone = {(one.id, one.resource.name) for one in proof.gone if one.resource}
    assert {("secret-in-configmap", "config"), ("secret-in-env-literal", "api")} <= gone
    assert (proof.damage, proof.fresh) == ((), ())

    shop.doing(planned).undo()
    assert shop.now() == before
    assert not shop.names("secrets")


def test_what_helm_keeps_is_named(shop: Shop) -> None:
    """An object that Helm, or another tool, brings back is left as it is, and where to mend it is said."""
    before = shop.now()["helmed"]
    planned = shop.planned(unsafe=True)

    shop.doing(planned).apply()

    assert shop.now()["helmed"] == before
    why = {one.why for one in planned.fix.left if one.finding.resource and one.finding.resource.name == "helmed"}
    assert "Helm release shop makes it: mend the chart or its values" in why


def test_nothing_unsafe_is_done_unasked(shop: Shop) -> None:
    """What would replace running pods, or take rights that might be used, is only offered."""
    planned = shop.planned()

    risks = " ".join(one.unsafe for one in planned.fix.offered)
    assert f"Deployment {shop.namespace}/api: its pods are replaced by new ones at once" in risks
    changed = {step.change.name for step in planned.fix.plan.steps if hasattr(step.change, "name")}
    assert not any("Deployment" in name or "Role " in name for name in changed)


def test_pods_that_nothing_replaces_keep_what_they_use(shop: Shop) -> None:
    """A value that the pods of a lone ReplicaSet use stays where it is: no change of it would give them another."""
    taken = {"configMapKeyRef": {"name": "config", "key": "DB_PASSWORD"}}
    lone = _deployment("lone", [{"name": "DB_PASSWORD", "valueFrom": taken}])
    shop.client.create(f"/apis/apps/v1/namespaces/{shop.namespace}/replicasets", lone)

    planned = shop.planned(unsafe=True)

    changed = {step.change.name for step in planned.fix.plan.steps if hasattr(step.change, "name")}
    assert f"ConfigMap {shop.namespace}/config" not in changed
    why = {one.why for one in planned.fix.left if one.finding.id == "secret-in-configmap"}
    assert why == {"a ReplicaSet does not replace its pods when it changes: make it a Deployment"}


def test_another_change_meanwhile_stops_it(shop: Shop) -> None:
    """A plan whose objects were changed after it was made is refused before its first step."""
    planned = shop.planned(unsafe=True)
    headers = {"Content-Type": "application/merge-patch+json"}
    shop.client.call("PATCH", shop.paths["config"], {"data": {"DB_PASSWORD": "another"}}, headers)
    before = shop.now()

    with pytest.raises(PlanError, match="is not as it was when the plan was made"):
        shop.doing(planned).apply()
    assert shop.now() == before
    assert not shop.names("secrets")


def test_the_command(shop: Shop) -> None:
    """The command shows what it would do, does it, says what is left, and the plan commands go back on it."""
    before = shop.now()
    words = ["fix", "cluster:test", "--kubeconfig", shop.kubeconfig, "-n", shop.namespace, "--unsafe"]

    shown = _run(shop, *words, "--dry-run")
    assert f"take out of Role {shop.namespace}/api" in shown
    assert "wait until the pods run as changed" in shown
    assert shop.now() == before

    done = _run(shop, *words, "--yes")
    assert _VALUE not in shown + done
    assert "config-config" in shop.names("secrets")
    (listed,) = [line for line in _run(shop, "plan", "list", "--all").splitlines() if "mend findings" in line]

    _run(shop, "plan", "undo", listed.split()[0], "--yes")
    assert shop.now() == before


def test_what_does_not_go_together(shop: Shop) -> None:
    """Options of files, and asking as somebody else, are refused where a cluster is mended."""
    with pytest.raises(UsageError, match="--to sops goes with files"):
        shop.planned(to="sops")
    options = ClusterOptions(kubeconfig=shop.kubeconfig, as_user="ann")
    with pytest.raises(UsageError, match="--as goes with looking"):
        plan_fixes(Request(sources=("cluster:test",), key=_KEY, cluster=options), Wanted(to=""))
    with pytest.raises(UsageError, match="one cluster is mended at a time"):
        plan_fixes(Request(sources=("cluster:test", "cluster:other"), key=_KEY), Wanted(to=""))


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({"ownerReferences": [{"kind": "App", "name": "a", "controller": True}]}, "App a makes it"),
        ({"ownerReferences": [{"kind": "App", "name": "a"}]}, ""),
        ({"annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:a/b"}}, "Argo CD application shop"),
        ({"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}}, "Flux Kustomization apps"),
        ({"labels": {"app.kubernetes.io/managed-by": "Terraform"}}, "Terraform manages it"),
        ({"labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}}, "the API server makes it"),
        ({"managedFields": [{"manager": "argocd-controller", "operation": "Apply"}]}, "Argo CD applies it"),
        ({"managedFields": [{"manager": "kubectl-edit", "operation": "Update"}]}, ""),
        ({}, ""),
    ],
)
def test_who_keeps_an_object(metadata: dict[str, Any], said: str) -> None:
    """What would bring an object back is found in its metadata, and named; an object of nobody's may be changed."""
    found = owner({"metadata": metadata})

    assert found.startswith(said)
    assert bool(found) == bool(said)


def test_who_applies_an_object() -> None:
    """An object that somebody applies with kubectl, on the client's side or the server's, is told from others."""
    note = {"kubectl.kubernetes.io/last-applied-configuration": "{}"}
    assert was_applied({"metadata": {"annotations": note}})
    assert was_applied({"metadata": {"managedFields": [{"manager": "kubectl", "operation": "Apply"}]}})
    assert not was_applied({"metadata": {"managedFields": [{"manager": "kubectl", "operation": "Update"}]}})


def _containers(body: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = body["spec"]["template"]["spec"]["containers"]
    return found


def _value(shop: Shop, name: str, key: str) -> str:
    data = shop.client.get(f"/api/v1/namespaces/{shop.namespace}/secrets/{name}")["data"]
    return base64.b64decode(data[key]).decode()


def _run(shop: Shop, *words: str) -> str:
    environment = {**os.environ, "XDG_STATE_HOME": str(shop.folder / "state")}
    call = [sys.executable, "-m", "strongroom", *words]
    done = subprocess.run(call, cwd=shop.folder, env=environment, capture_output=True, check=False)
    printed = (done.stdout + done.stderr).decode()
    assert done.returncode in (0, 1), printed
    return printed

"""Fixes of what a namespace has around its workloads: labels, policies, stores and roles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.posture.fixes.mending import ROLE, deployment, mended

from strongroom.model.origin import Origin
from strongroom.model.resource import Resource
from strongroom.model.workload import workloads_of
from strongroom.posture.fixes.baseline import offence
from strongroom.sources.objects import objects_in

SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: shop, labels: {app.kubernetes.io/part-of: shop}}\nstringData: {password: changeme}\n"


def test_labels(tmp_path: Path) -> None:
    """A Secret gets the owner that the others of its namespace name, and a version."""
    other = "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: session\n  namespace: shop\nstringData: {key: changeme}\n"
    result = mended(tmp_path, {"s.yaml": SECRET + other}, "secret-without-owner", "secret-without-version")
    labels = {"app.kubernetes.io/part-of": "shop", "app.kubernetes.io/version": "1"}
    assert result.objects()["Secret", "session"]["metadata"]["labels"] == labels
    assert result.objects()["Secret", "db"]["metadata"]["labels"] == labels

    alone = mended(tmp_path / "other", {"s.yaml": other}, "secret-without-owner")
    assert "nothing in the sources says whose it is" in alone.why("secret-without-owner")


def test_sealed_files_are_not_touched(tmp_path: Path) -> None:
    """A file that SOPS sealed keeps its seal: a label would break it."""
    text = (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: shop}\nstringData:\n"
        "  password: ENC[AES256_GCM,data:AA==,iv:AAAA,tag:AAAA,type:str]\nsops:\n  mac: ENC[AES256_GCM,data:AA==,iv:AA,tag:AA,type:str]\n"
        "  version: 3.11.0\n"
    )
    result = mended(tmp_path, {"s.yaml": text}, "secret-without-version")
    assert "seal would break" in result.why("secret-without-version")


def test_namespaces(tmp_path: Path) -> None:
    """A namespace gets a policy, which is unsafe, and the level that its pods meet, which is not."""
    space = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n"
    files = {"n.yaml": space, "s.yaml": SECRET, "d.yaml": deployment("containers: [{name: a, image: a:1}]\n")}
    both = ("namespace-without-network-policy", "namespace-without-pod-security")
    safe = mended(tmp_path, files, *both)
    assert safe.files["n.yaml"] == f"{space}  labels:\n    pod-security.kubernetes.io/enforce: baseline\n"

    done = mended(tmp_path, files, *both, unsafe=True)
    policy = done.objects()["NetworkPolicy", "from-own-namespace"]
    assert policy["metadata"]["namespace"] == "shop"
    assert policy["spec"]["ingress"] == [{"from": [{"podSelector": {}}]}]


SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: NAME, namespace: shop}
spec:
  selector: {app: NAME}
  ports: [{port: 80, targetPort: http}, {port: 53, protocol: UDP}]
"""


INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: i, namespace: shop}
spec: {rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}
"""


ROUTE = """\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: edge}
spec: {rules: [{backendRefs: [{name: web, namespace: shop, port: 80}]}]}
"""


WEBHOOK = """\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: v}
webhooks: [{name: v.example.org, clientConfig: {service: {name: web, namespace: shop}}}]
"""


VIRTUAL = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: v, namespace: shop}
spec: {gateways: [istio-system/gw], http: [{route: [{destination: {host: web, port: {number: 80}}}]}]}
"""


CALLER = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: c, namespace: other}
data: {url: "http://web.shop.svc:80"}
"""


@pytest.mark.parametrize(
    "caller",
    [INGRESS, ROUTE, WEBHOOK, VIRTUAL, CALLER, ""],
    ids=["ingress", "route", "webhook", "virtual service", "name", "type"],
)
def test_who_is_let_in(tmp_path: Path, caller: str) -> None:
    """Pods that manifests say are called from outside the namespace stay open at the ports of their Service."""
    web, db = SERVICE.replace("NAME", "web"), SERVICE.replace("NAME", "db")
    web = web if caller else web.replace("selector:", "type: LoadBalancer\n  selector:")
    space = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n"
    files = {
        "n.yaml": space,
        "s.yaml": SECRET,
        "a.yaml": f"{web}---\n{db}",
        "c.yaml": caller or space.replace("shop", "o"),
    }
    result = mended(tmp_path, files, "namespace-without-network-policy", unsafe=True)
    found = {name: body for (kind, name), body in result.objects().items() if kind == "NetworkPolicy"}
    assert [*found] == ["from-own-namespace", "to-web"]
    assert found["to-web"]["spec"]["podSelector"] == {"matchLabels": {"app": "web"}}
    assert found["to-web"]["spec"]["ingress"] == [{"ports": [{"port": "http"}, {"port": 53, "protocol": "UDP"}]}]


def test_a_challenge(tmp_path: Path) -> None:
    """Where cert-manager proves a domain, the pods that it starts for that are reached from outside the namespace."""
    space = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n"
    asking = INGRESS.replace("shop}", "shop, annotations: {cert-manager.io/cluster-issuer: acme}}")
    files = {"n.yaml": space, "s.yaml": SECRET, "c.yaml": asking}
    result = mended(tmp_path, files, "namespace-without-network-policy", unsafe=True)
    policy = result.objects()["NetworkPolicy", "to-acme-solver"]["spec"]
    assert policy["podSelector"] == {"matchLabels": {"acme.cert-manager.io/http01-solver": "true"}}
    assert policy["ingress"] == [{"ports": [{"port": 8089}]}]


def test_metrics(tmp_path: Path) -> None:
    """Where its pods are asked for metrics, saying that the sources are whole does not make the policy safe."""
    space = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n"
    for number, annotation in enumerate(("example.org/a", "prometheus.io/scrape")):
        service = SERVICE.replace("namespace: shop", f'namespace: shop, annotations: {{{annotation}: "true"}}')
        files = {"n.yaml": space, "s.yaml": SECRET, "a.yaml": service}
        (offered,) = mended(tmp_path / str(number), files, "namespace-without-network-policy").fix.offered
        assert offered.unseen == (number == 0)


def _offence(spec: dict[str, Any]) -> str:
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}
    resource: Resource = next(objects_in(body, Origin("in", "in/p.yaml", 0)))
    return offence(next(workloads_of(resource)))


@pytest.mark.parametrize(
    ("spec", "wrong"),
    [
        ({"containers": [{"name": "a", "securityContext": {"capabilities": {"add": ["CHOWN"]}}}]}, ""),
        ({"containers": [{"name": "a", "securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}}]}, "capabilities"),
        ({"hostNetwork": True, "containers": []}, "hostNetwork"),
        ({"containers": [{"name": "a", "ports": [{"hostPort": 80}]}]}, "port of the node"),
        ({"containers": [], "volumes": [{"name": "v", "hostPath": {"path": "/"}}]}, "folder of the node"),
        ({"initContainers": [{"name": "a", "securityContext": {"privileged": True}}], "containers": []}, "privileged"),
        ({"containers": [], "securityContext": {"sysctls": [{"name": "kernel.msgmax"}]}}, "sysctls"),
        ({"containers": [{"name": "a", "securityContext": {"seccompProfile": {"type": "Unconfined"}}}]}, "seccomp"),
    ],
)
def test_baseline(spec: dict[str, Any], wrong: str) -> None:
    """A pod that breaks the level baseline is found, in init containers and in the pod's own context too."""
    assert wrong in _offence(spec)
    assert bool(wrong) == bool(_offence(spec))


def test_stores_and_refreshes(tmp_path: Path) -> None:
    """A store is limited to the namespaces that use it, and an ExternalSecret follows it again: both unsafe."""
    text = """\
apiVersion: external-secrets.io/v1
kind: ClusterSecretStore
metadata:
  name: vault
spec:
  provider: {vault: {server: https://vault.example.org, auth: {kubernetes: {role: r, mountPath: m}}}}
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: s, namespace: shop}
spec:
  refreshInterval: "0"
  secretStoreRef: {kind: ClusterSecretStore, name: vault}
  dataFrom: [{extract: {key: a}}]
"""
    ids = ("store-open-to-all-namespaces", "external-secret-never-refreshes")
    assert len(mended(tmp_path, {"e.yaml": text}, *ids).fix.offered) == 2
    done = mended(tmp_path, {"e.yaml": text}, *ids, unsafe=True).objects()
    assert done["ClusterSecretStore", "vault"]["spec"]["conditions"] == [{"namespaces": ["shop"]}]
    assert done["ExternalSecret", "s"]["spec"]["refreshInterval"] == "1h"


def test_bindings(tmp_path: Path) -> None:
    """A binding of a role that is gone goes; a cluster-wide one of one namespace becomes a RoleBinding there."""
    dangling = ROLE.replace("kind: Role, name: reader", "kind: Role, name: gone")
    done = mended(tmp_path / "a", {"r.yaml": dangling}, "rbac-dangling", unsafe=True)
    assert ("RoleBinding", "reader") not in done.objects()
    assert len(done.objects()) == 2

    wide = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: config}
rules: [{apiGroups: [""], resources: [configmaps], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: config
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: config}
subjects: [{kind: ServiceAccount, name: api, namespace: shop}]
"""
    files = {"w.yaml": wide, "d.yaml": deployment("serviceAccountName: api\ncontainers: [{name: a, image: a:1}]\n")}
    narrow = mended(tmp_path / "b", files, "rbac-cluster-wide-where-namespaced-would-do", unsafe=True)
    assert narrow.objects()["RoleBinding", "config"]["metadata"] == {"name": "config", "namespace": "shop"}


def test_roles(tmp_path: Path) -> None:
    """A role is limited to what its holders are known to need, as an unsafe fix."""
    reader = ROLE.replace("verbs: [get]", "verbs: [get, list, watch]")
    spec = "serviceAccountName: shared\ncontainers: [{name: a, image: a:1, env: [{name: S, valueFrom: {secretKeyRef: {name: db, key: k}}}]}]\n"
    files = {"r.yaml": reader, "d.yaml": deployment(spec), "s.yaml": SECRET}
    assert mended(tmp_path, files, "rbac-lists-secrets").files["r.yaml"] == reader
    done = mended(tmp_path, files, "rbac-lists-secrets", unsafe=True)
    assert "list" not in done.files["r.yaml"]
    assert done.fix.mended[0].files == (str(tmp_path / "r.yaml"),)

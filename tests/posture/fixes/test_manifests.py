"""Fixes that change how manifests give secrets, run programs and bind roles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.posture.fixes.mending import deployment, mended, pod_spec

from strongroom.model.origin import Origin
from strongroom.model.resource import Resource
from strongroom.model.workload import workloads_of
from strongroom.posture.checks import CHECKS
from strongroom.posture.fixes import FIXES
from strongroom.posture.fixes.baseline import offence
from strongroom.posture.fixes.deciders import DECIDED
from strongroom.posture.fixes.env_to_file import reads_file
from strongroom.sources.objects import objects_in

SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: shop, labels: {app.kubernetes.io/part-of: shop}}\nstringData: {password: changeme}\n"


def test_the_list_of_fixes() -> None:
    """Each fix is for checks that exist, no check has two, and what stands in a finding's place is a check too."""
    known = {check.id for check in CHECKS}
    checks = [id_ for fix in FIXES for id_ in fix.checks]
    assert len(checks) == len(set(checks))
    assert {*checks, *(lesser for fix in FIXES for lesser in fix.instead), *DECIDED} <= known


def test_no_token(tmp_path: Path) -> None:
    """A pod whose account has no rights gets no token; where the account is not known, that is unsafe."""
    text = deployment("serviceAccountName: api\ncontainers: [{name: a, image: a:1}]\n")
    account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: api, namespace: shop}\n"

    sure = mended(tmp_path / "sure", {"d.yaml": text, "a.yaml": account}, "token-automounted")
    assert list(pod_spec(sure)) == ["serviceAccountName", "automountServiceAccountToken", "containers"]
    assert pod_spec(sure)["automountServiceAccountToken"] is False

    unsure = mended(tmp_path / "unsure", {"d.yaml": text}, "token-automounted")
    assert unsure.files["d.yaml"] == text
    assert "rights that other sources give" in unsure.fix.offered[0].unsafe


@pytest.mark.parametrize(
    ("context", "safe"),
    [("securityContext: {fsGroup: 999}", True), ("securityContext: {runAsUser: 0}", True), ("hostname: a", False)],
)
def test_modes(tmp_path: Path, context: str, safe: bool) -> None:
    """A mode loses the rights of others, written as it was; unsafe where it is not known who reads the file."""
    spec = f"{context}\ncontainers: [{{name: a, image: a:1}}]\nvolumes:\n- name: v\n  secret:\n    secretName: db\n    defaultMode: 0444 # r\n"
    result = mended(tmp_path, {"d.yaml": deployment(spec)}, "secret-volume-world-readable", unsafe=True)
    assert "defaultMode: 0440 # r\n" in result.files["d.yaml"]
    assert (result.fix.mended[0].unsafe == "") is safe


def test_modes_that_are_not_written(tmp_path: Path) -> None:
    """Where no mode is written, the default is replaced, of a projected volume at the volume."""
    spec = """
securityContext: {fsGroup: 1}
containers: [{name: a, image: a:1}]
volumes:
- name: v
  secret:
    secretName: db
- name: w
  projected:
    sources:
    - secret: {name: db}
"""
    result = mended(tmp_path, {"d.yaml": deployment(spec)}, "secret-volume-world-readable")
    first, second = pod_spec(result)["volumes"]
    assert first["secret"]["defaultMode"] == second["projected"]["defaultMode"] == 0o440


def test_subpath(tmp_path: Path) -> None:
    """A part becomes a folder, and the path is renamed where the manifest names it; else it is left."""
    mounts = "volumeMounts: [{name: s, mountPath: /etc/app/key, subPath: key, readOnly: true}]"
    volumes = "volumes: [{name: s, secret: {secretName: db}}]\n"
    named = f"containers:\n- name: a\n  image: a:1\n  args: [--key=/etc/app/key]\n  env: [{{name: KEY, value: /etc/app/key}}]\n  {mounts}\n{volumes}"
    done = mended(tmp_path / "a", {"d.yaml": deployment(named)}, "secret-by-subpath", unsafe=True)
    container = pod_spec(done)["containers"][0]
    assert container["volumeMounts"] == [{"name": "s", "mountPath": "/run/secrets/s", "readOnly": True}]
    assert container["env"] == [{"name": "KEY", "value": "/run/secrets/s/key"}]
    assert container["args"] == ["--key=/run/secrets/s/key"]

    hidden = f"containers:\n- name: a\n  image: a:1\n  {mounts}\n{volumes}"
    left = mended(tmp_path / "b", {"d.yaml": deployment(hidden)}, "secret-by-subpath", unsafe=True)
    assert "does not say how the program knows /etc/app/key" in left.why("secret-by-subpath")


def test_an_account_of_its_own(tmp_path: Path) -> None:
    """A workload that names no account gets one without a token, which pulls images as the default one did."""
    default = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: default, namespace: shop}\nimagePullSecrets: [{name: pull}]\n"
    text = deployment("containers: [{name: a, image: a:1}]\n")
    result = mended(tmp_path, {"a.yaml": default, "d.yaml": text}, "default-service-account")

    assert pod_spec(result)["serviceAccountName"] == "api"
    account = result.objects()["ServiceAccount", "api"]
    assert account["imagePullSecrets"] == [{"name": "pull"}]
    assert account["automountServiceAccountToken"] is False
    assert result.files["d.yaml"].startswith(text.partition("    spec:\n")[0])


ROLE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: shop}
rules: [{apiGroups: [""], resources: [secrets], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: shared, namespace: shop}]
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: shared, namespace: shop}
"""


@pytest.mark.parametrize("mounts", [False, True])
def test_a_shared_account(tmp_path: Path, mounts: bool) -> None:
    """Programs without a token leave a shared account; where two use its rights, somebody has to decide."""
    spec = "serviceAccountName: shared\nautomountServiceAccountToken: {}\ncontainers: [{{name: a, image: a:1}}]\n"
    files = {
        "r.yaml": ROLE,
        "one.yaml": deployment(spec.format("true" if mounts else "false"), "one"),
        "two.yaml": deployment(spec.format("true"), "two"),
    }
    result = mended(tmp_path, files, "shared-service-account")
    if mounts:
        assert "decide which of them each one needs" in result.why("shared-service-account")
    else:
        assert pod_spec(result, "one")["serviceAccountName"] == "one"
        assert pod_spec(result, "two")["serviceAccountName"] == "shared"


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


@pytest.mark.parametrize(
    ("image", "variable", "reads"),
    [
        ("postgres:17.2", "POSTGRES_PASSWORD", True),
        ("docker.io/library/postgres@sha256:00", "POSTGRES_PASSWORD", True),
        ("registry.example.org/postgres:17", "POSTGRES_PASSWORD", False),
        ("bitnami/postgresql:17", "POSTGRES_PASSWORD", False),
        ("postgres:17", "PGPASSWORD", False),
        ("localhost:5000/mysql", "MYSQL_PASSWORD", False),
    ],
)
def test_images_that_read_files(image: str, variable: str, reads: bool) -> None:
    """Only the official images are known to read ``NAME_FILE``, and only for some variables."""
    assert reads_file(image, variable) is reads


def test_a_file_instead_of_a_variable(tmp_path: Path) -> None:
    """A variable that the image reads from a file too becomes a file, unless a probe uses it."""
    reference = "{name: POSTGRES_PASSWORD, valueFrom: {secretKeyRef: {name: db, key: password}}}"
    spec = "containers:\n- name: a\n  image: postgres:17\n  env:\n  - {}\n"
    done = mended(tmp_path / "a", {"d.yaml": deployment(spec.format(reference))}, "secret-in-env", unsafe=True)
    container = pod_spec(done)["containers"][0]
    assert container["env"] == [{"name": "POSTGRES_PASSWORD_FILE", "value": "/run/secrets/db/password"}]
    assert container["volumeMounts"] == [{"name": "secret-db", "mountPath": "/run/secrets/db", "readOnly": True}]
    assert pod_spec(done)["volumes"] == [{"name": "secret-db", "secret": {"secretName": "db"}}]

    probe = (
        spec.format(reference) + '  livenessProbe: {exec: {command: [sh, -c, "PGPASSWORD=$POSTGRES_PASSWORD psql"]}}\n'
    )
    left = mended(tmp_path / "b", {"d.yaml": deployment(probe)}, "secret-in-env", unsafe=True)
    assert "in a command or a probe" in left.why("secret-in-env")

    own = spec.replace("postgres:17", "api:1").format(reference)
    asked = mended(tmp_path / "c", {"d.yaml": deployment(own)}, "secret-in-env", unsafe=True)
    assert "only its developers" in asked.why("secret-in-env")
    said = frozenset({"POSTGRES_PASSWORD"})
    told = mended(tmp_path / "d", {"d.yaml": deployment(own)}, "secret-in-env", unsafe=True, reads_files=said)
    assert pod_spec(told)["containers"][0]["env"][0]["name"] == "POSTGRES_PASSWORD_FILE"


LITERAL = "containers:\n- name: a\n  image: a:1\n  env:\n  - name: TOKEN\n    value: ktNPT0ND3YWZznDFpGlnEAVrtvqjRxWC\n"
KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [../base]\n"
FRAGMENT = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec: "


@pytest.mark.parametrize(
    ("overlay", "patch", "blocks"),
    [
        ("patches: [{path: p.yaml}]\n", FRAGMENT + "{replicas: 6}\n", False),
        (
            "patches: [{path: p.yaml}]\n",
            FRAGMENT + "{template: {spec: {containers: [{name: a, env: [{name: TOKEN, value: other}]}]}}}\n",
            True,
        ),
        ("patches: [{path: p.yaml, target: {kind: Deployment}}]\n", "- {op: remove, path: /spec/replicas}\n", True),
        ("patches: [{path: p.yaml, target: {kind: Service}}]\n", "- {op: remove, path: /spec/type}\n", False),
        (
            "patches:\n- target: {name: api}\n  patch: |-\n    - op: add\n      path: /spec/template/spec/containers/0/env/-\n",
            "",
            True,
        ),
    ],
)
def test_overlays(tmp_path: Path, overlay: str, patch: str, blocks: bool) -> None:
    """What an overlay changes in the same containers is not edited in the base alone."""
    files = {
        "base/d.yaml": deployment(LITERAL),
        "base/kustomization.yaml": KUSTOMIZATION.replace("../base", "d.yaml"),
        "over/kustomization.yaml": KUSTOMIZATION + overlay,
        **({"over/p.yaml": patch} if patch else {}),
    }
    result = mended(tmp_path, files, "secret-in-env-literal")
    assert (result.files["base/d.yaml"] == files["base/d.yaml"]) is blocks
    if blocks:
        assert "changes its containers too" in result.why("secret-in-env-literal")


def test_one_file_by_two_names(tmp_path: Path) -> None:
    """A file that is reached by a link too is edited once."""
    (tmp_path / "b").mkdir()
    (tmp_path / "b/link.yaml").symlink_to("../d.yaml")
    result = mended(tmp_path, {"d.yaml": deployment(LITERAL)}, "secret-in-env-literal")
    assert len(result.fix.plan.steps) == 1

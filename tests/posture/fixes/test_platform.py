"""Fixes of the platform: rights, accounts, stores, the API server, operators' objects."""

from __future__ import annotations

from pathlib import Path

from tests.posture.fixes.mending import VALUE, deployment, mended

from strongroom.documents.edits import bodies

ROLE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: ops}
rules:
  - apiGroups: ["*"]
    resources: ["*"]
    verbs: [get, list]
  - apiGroups: [""]
    resources: [nodes/proxy, nodes/metrics]
    verbs: [get]
  - apiGroups: [rbac.authorization.k8s.io]
    resources: [clusterroles]
    verbs: [get, escalate, bind]
"""
BINDING = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: ops}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: ops}
subjects:
"""
GROUP = "  - {kind: Group, apiGroup: rbac.authorization.k8s.io, name: operators}\n"
EVERYONE = GROUP.replace("operators", "system:authenticated")
RIGHTS = ("rbac-wildcard", "rbac-node-proxy", "rbac-escalates", "rbac-binds-everyone")


def test_rights_of_a_group(tmp_path: Path) -> None:
    """What the checks name goes, what stands beside it stays, and reading everything becomes a list without Secrets."""
    result = mended(tmp_path, {"rbac.yaml": f"{ROLE}---\n{BINDING}{GROUP}"}, *RIGHTS, unsafe=True)
    rules = result.objects()["ClusterRole", "ops"]["rules"]
    assert {"apiGroups": [""], "resources": ["nodes/metrics"], "verbs": ["get"]} in rules
    assert {"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["clusterroles"], "verbs": ["get"]} in rules
    read = [one for rule in rules for one in rule["resources"]]
    assert {"pods", "deployments"} <= set(read)
    assert not {"*", "secrets"} & set(read)
    assert any("what Group operators needs" in note for note in result.fix.notes)


def test_rights_stay_without_unsafe(tmp_path: Path) -> None:
    """Taking rights away is offered, not done."""
    result = mended(tmp_path, {"rbac.yaml": f"{ROLE}---\n{BINDING}{GROUP}"}, *RIGHTS)
    assert not result.fix.plan.steps
    assert len(result.fix.offered) == 1


def test_rights_of_a_program_that_runs(tmp_path: Path) -> None:
    """Where a workload holds a token for the rights, somebody has to decide what it needs."""
    account = "  - {kind: ServiceAccount, namespace: shop, name: api}\n"
    files = {
        "rbac.yaml": f"{ROLE}---\n{BINDING}{account}",
        "api.yaml": deployment("serviceAccountName: api\ncontainers: [{name: a, image: a}]"),
    }
    result = mended(tmp_path, files, "rbac-node-proxy", unsafe=True)
    assert not result.fix.plan.steps
    assert "Deployment shop/api runs with it" in result.why("rbac-node-proxy")


def test_everybody_leaves_a_binding(tmp_path: Path) -> None:
    """Everybody is taken out of a binding; a binding that is left without anybody goes."""
    both = mended(
        tmp_path / "a", {"b.yaml": f"{ROLE}---\n{BINDING}{GROUP}{EVERYONE}"}, "rbac-binds-everyone", unsafe=True
    )
    assert [one["name"] for one in both.objects()["ClusterRoleBinding", "ops"]["subjects"]] == ["operators"]
    alone = mended(tmp_path / "b", {"b.yaml": f"{ROLE}---\n{BINDING}{EVERYONE}"}, "rbac-binds-everyone", unsafe=True)
    assert [*alone.objects()] == [("ClusterRole", "ops")]


def test_pull_secret(tmp_path: Path) -> None:
    """What ran as the default account gets one of its own that pulls as before, and the default account pulls no more."""
    account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: default, namespace: shop}\nimagePullSecrets:\n  - name: registry\n"
    files = {"account.yaml": account, "api.yaml": deployment("containers: [{name: a, image: a}]")}
    found = mended(tmp_path, files, "pull-secret-on-default-account", unsafe=True).objects()
    assert "imagePullSecrets" not in found["ServiceAccount", "default"]
    assert found["ServiceAccount", "api"]["imagePullSecrets"] == [{"name": "registry"}]
    assert found["Deployment", "api"]["spec"]["template"]["spec"]["serviceAccountName"] == "api"


STORE = """\
apiVersion: external-secrets.io/v1
kind: ClusterSecretStore
metadata:
  name: vault
spec:
  provider:
    vault:
      server: https://vault.example.org
      auth:
        tokenSecretRef: {name: t, namespace: eso, key: token}
"""


def test_store_identity(tmp_path: Path) -> None:
    """Vault is opened by a service account, and what to set up there is said; other credentials are left."""
    check = "store-with-static-credentials"
    result = mended(tmp_path / "a", {"s.yaml": STORE}, check, unsafe=True)
    auth = result.objects()["ClusterSecretStore", "vault"]["spec"]["provider"]["vault"]["auth"]
    account = {"name": "external-secrets", "namespace": "eso"}
    assert auth == {"kubernetes": {"mountPath": "kubernetes", "role": "vault", "serviceAccountRef": account}}
    assert "eso/external-secrets" in result.fix.to_do[0]
    shown = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: external-secrets, namespace: eso}\n"
    assert mended(tmp_path / "c", {"s.yaml": STORE, "a.yaml": shown}, check).fix.plan.steps
    (offered,) = mended(tmp_path / "d", {"s.yaml": STORE}, check).fix.offered
    assert offered.unseen
    other = STORE.replace("tokenSecretRef: {", "userPass: {path: p, username: u, secretRef: {").replace(
        "token}", "token}}"
    )
    assert not mended(tmp_path / "b", {"s.yaml": other}, check, unsafe=True).fix.plan.steps


GRAFANA = f"""\
apiVersion: grafana.integreatly.org/v1beta1
kind: Grafana
metadata: {{name: grafana, namespace: monitoring}}
spec:
  config:
    security:
      admin_user: operations
      admin_password: {VALUE}
"""


def test_grafana(tmp_path: Path) -> None:
    """The operator's setting becomes a variable that a Secret fills."""
    found = mended(tmp_path / "a", {"g.yaml": GRAFANA}, "secret-in-custom-resource").objects()
    spec = found["Grafana", "grafana"]["spec"]
    assert spec["config"]["security"] == {"admin_user": "operations"}
    (container,) = spec["deployment"]["spec"]["template"]["spec"]["containers"]
    key = "GF_SECURITY_ADMIN_PASSWORD"
    reference = {"secretKeyRef": {"name": "grafana-config", "key": key}}
    assert container == {"name": "grafana", "env": [{"name": key, "valueFrom": reference}]}
    assert found["Secret", "grafana-config"]["stringData"] == {key: VALUE}
    later = GRAFANA.replace("v1beta1", "v2")
    (offered,) = mended(tmp_path / "b", {"g.yaml": later}, "secret-in-custom-resource").fix.offered
    assert "may not know the field" in offered.unsafe


API_SERVER = """\
apiVersion: v1
kind: Pod
metadata: {name: kube-apiserver, namespace: kube-system}
spec:
  containers:
    - name: kube-apiserver
      image: registry.k8s.io/kube-apiserver:v1.36.1
      command:
        - kube-apiserver
        - --etcd-servers=https://127.0.0.1:2379
        - --service-account-extend-token-expiration=true
      volumeMounts:
        - {name: pki, mountPath: /etc/kubernetes/pki}
  volumes:
    - {name: pki, hostPath: {path: /etc/kubernetes/pki}}
"""
FLAGS = ("at-rest-not-configured", "audit-log-off", "anonymous-access", "service-account-tokens-extended")


def test_api_server(tmp_path: Path) -> None:
    """Flags, the files that they name and their mounts are written, and what to copy to the nodes is said."""
    result = mended(tmp_path, {"cp/apiserver.yaml": API_SERVER}, *FLAGS, unsafe=True)
    spec = result.objects()["Pod", "kube-apiserver"]["spec"]
    (container,) = spec["containers"]
    words = container["command"]
    assert "--service-account-extend-token-expiration=false" in words
    assert "--service-account-extend-token-expiration=true" not in words
    named = [word.partition("=")[2] for word in words if word.startswith(("--audit-policy-file", "--authentication-"))]
    mounts = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
    paths = {one["name"]: one["hostPath"]["path"] for one in spec["volumes"]}
    assert mounts == paths
    assert all(any(path == name or name.startswith(f"{path}/") for path in mounts.values()) for name in named)
    assert "level: Metadata" in result.files["cp/audit-policy.yaml"]
    assert "conditions:" in result.files["cp/authentication.yaml"]
    copied = [one.partition(" to ")[0].rpartition("/")[2] for one in result.fix.to_do if one.startswith("copy ")]
    assert copied == ["audit-policy.yaml", "authentication.yaml"]
    assert any("strongroom at-rest configure" in one for one in result.fix.to_do)


def test_profiles(tmp_path: Path) -> None:
    """Every program that an object starts is told to serve no profiles, by a static pod and by kubeadm."""
    configuration = (
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n"
        "apiServer:\n  extraArgs:\n  - {name: profiling, value: 'true'}\n"
        "scheduler: {extraArgs: [{name: v, value: '2'}]}  # quiet\n"
    )
    files = {"pod.yaml": API_SERVER, "kubeadm.yaml": configuration}
    offered = mended(tmp_path / "a", files, "profiling-on")
    assert offered.files == files
    assert all(one.unseen for one in offered.fix.offered)

    result = mended(tmp_path / "b", files, "profiling-on", unsafe=True)
    (container,) = result.objects()["Pod", "kube-apiserver"]["spec"]["containers"]
    assert container["command"][-1] == "--profiling=false"
    (body,) = bodies(result.files["kubeadm.yaml"].encode()).values()
    off = {"name": "profiling", "value": "false"}
    assert body["apiServer"]["extraArgs"] == [off]
    assert body["scheduler"]["extraArgs"] == [{"name": "v", "value": "2"}, off]
    assert body["controllerManager"]["extraArgs"] == [off]
    assert "# quiet" in result.files["kubeadm.yaml"]


KUBEADM = """\
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.36.1
apiServer:
  extraArgs:
    - {name: authorization-mode, value: "Node,RBAC"}
"""


def test_kubeadm(tmp_path: Path) -> None:
    """What kubeadm makes the static pod of says the same: flags as extraArgs, folders as extraVolumes."""
    result = mended(tmp_path, {"kubeadm.yaml": KUBEADM}, *FLAGS, unsafe=True)
    (body,) = bodies(result.files["kubeadm.yaml"].encode()).values()
    flags = {one["name"]: one["value"] for one in body["apiServer"]["extraArgs"]}
    assert flags["encryption-provider-config"] == "/etc/kubernetes/encryption/config.yaml"
    assert {"audit-policy-file", "authentication-config", "authorization-mode"} <= {*flags}
    paths = {one["mountPath"] for one in body["apiServer"]["extraVolumes"]}
    assert {"/etc/kubernetes/encryption", "/etc/kubernetes/audit", "/etc/kubernetes/authentication.yaml"} <= paths
    assert all(one.endswith("before kubeadm is run") or "before kubeadm is run;" in one for one in result.fix.to_do)


def test_an_older_api_server(tmp_path: Path) -> None:
    """Where the version cannot limit anonymous requests, or flags exclude it, somebody decides."""
    old = API_SERVER.replace("v1.36.1", "v1.29.1")
    assert "version" in mended(tmp_path / "a", {"a.yaml": old}, FLAGS[2], unsafe=True).why(FLAGS[2])
    oidc = API_SERVER.replace(
        "        - --etcd", "        - --oidc-issuer-url=https://id.example.org\n        - --etcd"
    )
    assert "--oidc-" in mended(tmp_path / "b", {"a.yaml": oidc}, FLAGS[2], unsafe=True).why(FLAGS[2])


def test_loose_values(tmp_path: Path) -> None:
    """Variables of pipelines go or are named, values of charts are left empty; what else stands there stays."""
    gitlab = f"# the registry\nvariables:\n  USER: ci\n  REGISTRY_PASSWORD: {VALUE}\nbuild:\n  script: [make]\n"
    github = f"on: push\njobs:\n  a:\n    runs-on: x\n    env:\n      REGISTRY_PASSWORD: {VALUE}\n    steps: []\n"
    values = f"database:\n  user: shop # who\n  password: {VALUE}\n"
    files = {
        ".gitlab-ci.yml": gitlab,
        ".github/workflows/a.yml": github,
        "c/values.yaml": values,
        "c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
    }
    result = mended(tmp_path, files, "secret-in-pipeline", "secret-in-helm-values")
    assert result.files[".gitlab-ci.yml"] == gitlab.replace(f"  REGISTRY_PASSWORD: {VALUE}\n", "")
    assert result.files[".github/workflows/a.yml"] == github.replace(VALUE, '"${{ secrets.REGISTRY_PASSWORD }}"')
    assert result.files["c/values.yaml"] == values.replace(VALUE, '""')
    assert len(result.fix.to_do) == 3

"""What objects and files of a host say of control planes; the manifests in ``kubeadm/`` are what kubeadm 1.36.3 wrote."""

from __future__ import annotations

import base64
import shutil
from pathlib import Path

import pytest
import yaml
from tests.posture.given import facts_of, read
from tests.support.controlplane.access import Access
from tests.support.controlplane.pki import Authority

from strongroom.errors import SourceError
from strongroom.model.controlplane import HostFileKind, Program
from strongroom.model.facts import Facts
from strongroom.model.place import Nature
from strongroom.model.plaintext import Plaintext
from strongroom.model.report import Report
from strongroom.model.settings import Settings
from strongroom.sources.cluster_options import ClusterOptions
from strongroom.survey.run import Request, look, survey

KUBEADM = Path(__file__).parent / "kubeadm"
KEY = bytes(range(32))
SECRET = base64.b64encode(bytes(range(100, 132))).decode()
ENCRYPTION = f"""\
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: [events]
    providers:
      - identity: {{}}
  - resources: [secrets, widgets.example.com]
    providers:
      - secretbox:
          keys:
            - name: key2
              secret: {SECRET}
            - name: key1
              secret: <BASE64 KEY>
      - kms:
          name: cloud
      - identity: {{}}
  - resources: ['*.apps']
    providers:
      - aescbc: {{keys: []}}
"""


def _kubeadm() -> Facts:
    return facts_of(*(yaml.safe_load(path.read_text("utf-8")) for path in sorted(KUBEADM.glob("*.yaml"))))


def test_static_pods_of_kubeadm() -> None:
    """The flags of each program are those that kubeadm gave it, with the version and the place of each."""
    plane = _kubeadm().control_plane
    (api_server,) = plane.programs(Program.API_SERVER)
    (etcd,) = plane.programs(Program.ETCD)

    assert {server.program for server in plane.servers} == set(Program)
    assert api_server.value("authorization-mode") == "Node,RBAC"
    assert api_server.value("etcd-servers") == "https://127.0.0.1:2379"
    assert api_server.version == "1.36.3"
    assert api_server.flag("anonymous-auth") is None
    assert api_server.place("enable-admission-plugins").field[-2] == "command"
    assert etcd.value("client-cert-auth") == "true"
    assert etcd.value("trusted-ca-file") == "/etc/kubernetes/pki/etcd/ca.crt"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["kube-apiserver", "--anonymous-auth=false", "--anonymous-auth=true"], "true"),
        (["kube-apiserver", "--anonymous-auth", "--v=2"], "true"),
        (["kube-apiserver", "--audit-log-path", "/x", "--anonymous-auth=0"], "0"),
        (
            ["/bin/sh", "-c", "exec /usr/local/bin/kube-apiserver --v=2 \\\n  --anonymous-auth=false --secure-port=1"],
            "false",
        ),
        (["/usr/bin/proxy", "--anonymous-auth=false", "--to=kube-apiserver"], None),
        (["/bin/sh", "-c", "kube-apiserver --v=2 \\\n  --anonymous-auth='false' --secure-port=1"], "false"),
    ],
)
def test_ways_to_write_flags(command: list[str], expected: str | None) -> None:
    """The last of two counts, a switch without a value is on, a value may follow, and a script is read for its flags."""
    spec = {"containers": [{"name": "api", "image": "x", "command": command}]}
    facts = facts_of({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": spec})
    servers = facts.control_plane.servers

    assert [server.value("anonymous-auth") for server in servers] == ([expected] if expected else [])


def test_kubeadm_configurations() -> None:
    """Both forms of extraArgs, an external etcd, and Cluster API's copy of the configuration are read alike."""
    facts = read(
        """
apiVersion: kubeadm.k8s.io/v1beta3
kind: ClusterConfiguration
kubernetesVersion: v1.30.4
apiServer: {extraArgs: {anonymous-auth: "false"}}
etcd: {external: {endpoints: [https://a:2379, https://b:2379], caFile: /ca.crt}}
---
apiVersion: controlplane.cluster.x-k8s.io/v1beta1
kind: KubeadmControlPlane
metadata: {name: c}
spec:
  version: v1.33.1
  kubeadmConfigSpec:
    clusterConfiguration:
      apiServer: {extraArgs: [{name: anonymous-auth, value: "true"}]}
      etcd: {local: {extraArgs: [{name: auto-tls, value: "true"}]}}
"""
    )
    one, other = facts.control_plane.programs(Program.API_SERVER)

    assert (one.value("anonymous-auth"), one.version, one.whole) == ("false", "1.30.4", False)
    assert one.value("etcd-servers") == "https://a:2379,https://b:2379"
    assert one.value("etcd-cafile") == "/ca.crt"
    assert (other.value("anonymous-auth"), other.version) == ("true", "1.33.1")
    (etcd,) = facts.control_plane.programs(Program.ETCD)
    assert etcd.value("auto-tls") == "true"


def test_an_etcd_of_a_product_is_none_of_ours() -> None:
    """An etcd outside kube-system that no label calls a part of the control plane is left out."""
    spec = {"containers": [{"name": "etcd", "image": "etcd:3", "command": ["etcd", "--data-dir=/d"]}]}
    here = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "e", "namespace": "kube-system"}, "spec": spec}
    there = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "e", "namespace": "search"}, "spec": spec}

    assert len(facts_of(here, there).control_plane.servers) == 1


def test_who_serves_a_resource() -> None:
    """Entries that name a resource win over those of its group, and what none names is written in plain text."""
    (configuration,) = read(ENCRYPTION).control_plane.encryption

    assert [p.kind for p in configuration.providers_of("secrets")] == ["secretbox", "kms", "identity"]
    assert [p.kind for p in configuration.providers_of("events")] == ["identity"]
    assert [p.kind for p in configuration.providers_of("widgets", "example.com")] == ["secretbox", "kms", "identity"]
    assert [p.kind for p in configuration.providers_of("deployments", "apps")] == ["aescbc"]
    assert configuration.providers_of("configmaps") == ()
    assert [p.kms_version for p in configuration.providers_of("secrets")] == ["", "v1", ""]
    assert [(key.name, key.usable) for key in configuration.keys] == [("key2", True), ("key1", False)]


def test_keys_are_values(tmp_path: Path) -> None:
    """A key is a Plaintext from the moment of reading, known by its fingerprint, and masked on its line."""
    path = tmp_path / "encryption.yaml"
    path.write_text(ENCRYPTION)
    request = Request((str(path),), KEY, Settings(), pedantic=True)
    known = look(request)
    report = survey(request)
    (sighting,) = [s for s in known.facts.sightings if s.rule == "encryption-key"]
    body = known.facts.resources[0].body

    assert isinstance(body["resources"][1]["providers"][0]["secretbox"]["keys"][0]["secret"], Plaintext)
    assert sighting.fingerprint == Plaintext(SECRET).fingerprint(KEY)
    assert sighting.nature is Nature.SECRET
    (finding,) = [f for f in report.findings if f.id == "at-rest-key-in-plain-file"]
    assert finding.value == sighting.fingerprint
    assert "secret: ••••••" in finding.frame
    assert SECRET not in repr(report)


def _host(folder: Path) -> Path:
    root = folder / "etc" / "kubernetes"
    (root / "pki" / "etcd").mkdir(parents=True)
    shutil.copytree(KUBEADM, root / "manifests")
    authority = Authority.new("kubernetes").credential
    (root / "pki" / "ca.crt").write_bytes(authority.certificate)
    (root / "pki" / "ca.key").write_bytes(authority.key)
    (root / "pki" / "etcd" / "ca.crt").write_bytes(Authority.new("etcd-ca").credential.certificate)
    (root / "admin.conf").write_text("users: [{user: {token: hunter-of-admins}}]")
    (root / "enc.yaml").write_text(ENCRYPTION)
    for path in root.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o644 if path.suffix == ".crt" else 0o600)
    return root


def _audit(*sources: str) -> Report:
    return survey(Request(sources, KEY, Settings(), pedantic=True))


def test_a_host_of_kubeadm(tmp_path: Path) -> None:
    """On a host as kubeadm leaves it, each file is known for what it is, and none is too open."""
    root = _host(tmp_path)
    known = look(Request((f"files:{root}",), KEY, Settings()))
    kinds = {str(Path(f.origin.path).relative_to(root)): f.kind for f in known.facts.control_plane.files}
    report = _audit(f"files:{root}")

    assert kinds == {
        "admin.conf": HostFileKind.CREDENTIAL,
        "enc.yaml": HostFileKind.ENCRYPTION,
        "manifests": HostFileKind.FOLDER,
        "manifests/etcd.yaml": HostFileKind.MANIFEST,
        "manifests/kube-apiserver.yaml": HostFileKind.MANIFEST,
        "manifests/kube-controller-manager.yaml": HostFileKind.MANIFEST,
        "manifests/kube-scheduler.yaml": HostFileKind.MANIFEST,
        "pki": HostFileKind.FOLDER,
        "pki/ca.crt": HostFileKind.CERTIFICATE,
        "pki/ca.key": HostFileKind.KEY,
        "pki/etcd/ca.crt": HostFileKind.CERTIFICATE,
    }
    assert {f.id for f in report.findings} == {
        "anonymous-access",
        "at-rest-key-in-plain-file",
        "at-rest-kms-v1",
        "at-rest-not-configured",
        "audit-log-off",
        "profiling-on",
        "service-account-tokens-extended",
    }
    assert "hunter" not in repr(report)


def test_open_files_are_found(tmp_path: Path) -> None:
    """Each mode that lets others in is a finding at the file, as bad as what it gives."""
    root = _host(tmp_path)
    (root / "admin.conf").chmod(0o644)
    (root / "pki" / "ca.crt").chmod(0o666)
    (root / "pki").chmod(0o755)
    found = [f for f in _audit(f"files:{root}").findings if f.id == "file-permissions-too-open"]

    assert [(Path(f.origin.path).name, f.severity.label) for f in found] == [("admin.conf", "high"), ("ca.crt", "high")]
    assert "mode 0644: everybody on the host may read it" in found[0].message


def test_the_same_files_in_a_repository(tmp_path: Path) -> None:
    """Where the same files lie in a folder, modes mean nothing and a key is worse: it is kept with the sources."""
    root = _host(tmp_path)
    (root / "enc.yaml").chmod(0o644)
    report = _audit(str(root))
    severities = {f.id: f.severity.label for f in report.findings}

    assert "file-permissions-too-open" not in severities
    assert severities["at-rest-key-in-plain-file"] == "high"
    assert severities["credential-file"] == "high"


def test_two_authorities_that_are_one(tmp_path: Path) -> None:
    """An etcd whose CA is a copy of the cluster's under another name is found by the certificate itself."""
    root = _host(tmp_path)
    shutil.copy(root / "pki" / "ca.crt", root / "pki" / "etcd" / "ca.crt")
    found = [f for f in _audit(f"files:{root}").findings if f.id == "etcd-shares-ca"]

    assert len(found) == 2
    assert all("cluster's CA" in f.message for f in found)


def test_sources_that_are_none(tmp_path: Path) -> None:
    """A folder that does not exist, and no folder at all, are errors."""
    with pytest.raises(SourceError, match="cannot be read"):
        _audit(f"files:{tmp_path}/nowhere")
    with pytest.raises(SourceError, match="names no folder"):
        _audit("files:")


def test_static_pods_in_a_running_cluster(cluster: Access, namespace: str) -> None:
    """The mirror pod of an API server in a running cluster is asked the same, and found by its object and field."""
    body = yaml.safe_load((KUBEADM / "kube-apiserver.yaml").read_text("utf-8"))
    body["metadata"] = {"name": "kube-apiserver-cp-1", "labels": body["metadata"]["labels"]}
    body["spec"] = {"containers": body["spec"]["containers"], "automountServiceAccountToken": False}
    for container in body["spec"]["containers"]:
        container["volumeMounts"] = []
    cluster.client().create(f"/api/v1/namespaces/{namespace}/pods", body)
    options = ClusterOptions(kubeconfig=str(cluster.kubeconfig()), namespaces=(namespace,))
    wanted = frozenset({"at-rest-not-configured", "audit-log-off", "node-restriction-off", "etcd-without-tls"})
    report = survey(Request(("cluster",), KEY, Settings(), select=wanted, cluster=options))

    assert [f.id for f in report.findings] == ["at-rest-not-configured", "audit-log-off"]
    assert report.findings[0].origin.show().endswith("spec.containers[0].command")
    assert report.findings[0].origin.object == f"Pod {namespace}/kube-apiserver-cp-1"

"""Configuration of a control plane that is written inside other objects: kubeadm's ConfigMap, Cluster API's files."""

from __future__ import annotations

import base64
import gzip
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.posture.given import read
from tests.sources.custom_resources import define
from tests.support.controlplane.access import Client
from tests.support.controlplane.fixtures import StartCluster

from strongroom.model.controlplane import Program
from strongroom.model.report import Report
from strongroom.model.settings import Settings
from strongroom.sources.cluster_options import ClusterOptions
from strongroom.survey.run import Request, survey

KEY = bytes(range(32))
SECRET = base64.b64encode(bytes(range(100, 132))).decode()
KUBEADM = """\
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.30.2
apiServer:
  extraArgs:
    - name: token-auth-file
      value: /etc/tokens.csv
"""
CONFIG_MAP = f"""\
apiVersion: v1
kind: ConfigMap
metadata: {{name: kubeadm-config, namespace: kube-system}}
data:
  ClusterConfiguration: |
{"".join(f"    {line}{chr(10)}" for line in KUBEADM.splitlines())}"""
ENCRYPTION = f"""\
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: [secrets]
    providers:
      - identity: {{}}
      - secretbox:
          keys:
            - name: k1
              secret: {SECRET}
"""
MACHINES = f"""\
apiVersion: controlplane.cluster.x-k8s.io/v1beta1
kind: KubeadmControlPlane
metadata: {{name: prod, namespace: capi}}
spec:
  version: v1.35.1
  kubeadmConfigSpec:
    clusterConfiguration:
      apiServer:
        extraArgs:
          encryption-provider-config: /etc/kubernetes/enc.yaml
    files:
      - path: /etc/kubernetes/notes
        content: 'just: [text'
      - path: /etc/kubernetes/enc.yaml
        content: |
{"".join(f"          {line}{chr(10)}" for line in ENCRYPTION.splitlines())}      - path: /etc/kubernetes/audit.yaml
        content: "apiVersion: audit.k8s.io/v1\\nkind: Policy\\nrules:\\n- level: RequestResponse\\n"
"""


def audit(*sources: str, select: frozenset[str] = frozenset(), **more: Any) -> Report:
    """Return the report on some sources."""
    return survey(Request(sources, KEY, Settings(), select=select, **more))


def places(path: Path, *select: str) -> dict[str, str]:
    """Return the findings of a file by id, each with its place and the text that stands there."""
    lines = path.read_text().splitlines()
    found = {}
    for finding in audit(str(path), select=frozenset(select)).findings:
        origin = finding.origin
        text = lines[origin.line - 1][origin.column - 1 : origin.end_column - 1]
        found[finding.id] = f"{origin.line}: {text}"
    return found


def test_the_config_map_of_kubeadm(tmp_path: Path) -> None:
    """What kubeadm left in ``kubeadm-config`` is judged as its configuration is, at the exact line of the ConfigMap."""
    (path := tmp_path / "dump.yaml").write_text(CONFIG_MAP)

    found = places(path, "at-rest-not-configured", "old-kubernetes-version", "static-token-file")

    assert found == {
        "at-rest-not-configured": "10: extraArgs",
        "old-kubernetes-version": "8: v1.30.2",
        "static-token-file": "11: name: token-auth-file",
    }


def test_files_of_cluster_api(tmp_path: Path) -> None:
    """The files that Cluster API writes to machines are judged as if they lay there, at their exact lines."""
    (path := tmp_path / "machines.yaml").write_text(MACHINES)

    found = places(path)

    assert found["at-rest-identity-first"] == "21: identity"
    assert found["at-rest-key-in-plain-file"] == f"25: {SECRET}"
    assert found["audit-logs-secret-bodies"].startswith("27: ")
    assert "at-rest-not-configured" not in found
    # One value at one place is said once.
    assert not {"secret-in-custom-resource", "repeated-secret-value"} & set(found)


def test_a_key_that_stands_elsewhere_too(tmp_path: Path) -> None:
    """The same key in a second file is still one value in several places."""
    (tmp_path / "a.yaml").write_text(MACHINES)
    (tmp_path / "b.yaml").write_text(ENCRYPTION)

    report = audit(str(tmp_path), select=frozenset({"repeated-secret-value", "at-rest-key-in-plain-file"}))

    assert sorted(finding.id for finding in report.findings) == [
        "at-rest-key-in-plain-file",
        "at-rest-key-in-plain-file",
        "repeated-secret-value",
    ]


@pytest.mark.parametrize("encoding", ["base64", "gzip+base64"])
def test_encoded_files(encoding: str) -> None:
    """A file that is encoded is read as well; its place is the whole of it."""
    data = gzip.compress(ENCRYPTION.encode()) if "gzip" in encoding else ENCRYPTION.encode()
    file = {"path": "/e", "encoding": encoding, "content": base64.b64encode(data).decode()}
    facts = read(
        yaml.safe_dump(
            {
                "apiVersion": "bootstrap.cluster.x-k8s.io/v1beta2",
                "kind": "KubeadmConfigTemplate",
                "metadata": {"name": "t", "namespace": "capi"},
                "spec": {"template": {"spec": {"files": [file]}}},
            }
        )
    )

    (configuration,) = facts.control_plane.encryption
    assert configuration.resource.show() == "EncryptionConfiguration capi/t"
    assert [key.name for key in configuration.keys] == ["k1"]
    # A machine that joins starts no control plane.
    assert facts.control_plane.servers == ()


@pytest.mark.parametrize(
    "file",
    [
        {"content": "?", "encoding": "base64"},
        {"content": base64.b64encode(b"no gzip").decode(), "encoding": "gzip+base64"},
        {"content": base64.b64encode(gzip.compress(bytes(64 << 20))).decode(), "encoding": "gzip+base64"},
        {"content": "\x1f\x8b", "encoding": "gzip"},
        {"contentFrom": {"secret": {"name": "s", "key": "k"}}},
        {"content": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kubeadm-config}\n"},
        {"content": "[" * 100_000},
        "text",
    ],
    ids=["no base64", "no gzip", "a bomb", "raw gzip", "elsewhere", "another kind", "brackets", "no file"],
)
def test_files_that_say_nothing(file: object) -> None:
    """Files that cannot be decoded, or are something else, add no object."""
    body = {"kubeadmConfigSpec": {"files": [file]}}
    kind = {"apiVersion": "controlplane.cluster.x-k8s.io/v1beta1", "kind": "KubeadmControlPlane"}

    facts = read(yaml.safe_dump({**kind, "metadata": {"name": "c"}, "spec": body}))

    assert [resource.kind for resource in facts.resources] == ["KubeadmControlPlane"]


def test_other_config_maps_are_left_alone() -> None:
    """A ConfigMap of another name or namespace is no word of kubeadm."""
    for said in (("kubeadm-config", "kubeadm"), ("kube-system", "shop")):
        assert read(CONFIG_MAP.replace(*said)).control_plane.servers == ()


_WANTED = frozenset({"at-rest-not-configured", "at-rest-identity-first", "at-rest-key-in-plain-file"})


def _pod(client: Client) -> None:
    client.create("/api/v1/namespaces/kube-system/serviceaccounts", {"metadata": {"name": "default"}})
    spec = {"containers": [{"name": "kube-apiserver", "image": "x", "command": ["kube-apiserver", "--v=2"]}]}
    client.create("/api/v1/namespaces/kube-system/pods", {"metadata": {"name": "kube-apiserver-cp-1"}, "spec": spec})


def test_in_a_running_cluster(start_cluster: StartCluster) -> None:
    """Both are read from a running cluster; once pods show what runs, what kubeadm was told of it adds nothing."""
    access = start_cluster().access
    admin = access.client()
    admin.create("/api/v1/namespaces/kube-system/configmaps", yaml.safe_load(CONFIG_MAP))
    group = "controlplane.cluster.x-k8s.io"
    define(admin, group, "kubeadmcontrolplanes", "KubeadmControlPlane")
    machines = {**yaml.safe_load(MACHINES), "apiVersion": f"{group}/v1"}
    admin.create("/api/v1/namespaces", {"metadata": {"name": "capi"}})
    admin.create(f"/apis/{group}/v1/namespaces/capi/kubeadmcontrolplanes", machines)
    options = ClusterOptions(kubeconfig=str(access.kubeconfig()))

    first = audit("cluster", select=_WANTED, cluster=options)
    _pod(admin)
    second = audit("cluster", select=_WANTED, cluster=options)

    inside = "KubeadmControlPlane capi/prod spec.kubeadmConfigSpec.files[1].content.resources[0].providers"
    both = {
        f"cluster:test {inside}[0].identity",
        f"cluster:test {inside}[1].secretbox.keys[0].secret",
    }
    kubeadm = "cluster:test ConfigMap kube-system/kubeadm-config data.ClusterConfiguration.apiServer.extraArgs"
    assert {finding.origin.show() for finding in first.findings} == {*both, kubeadm}
    pod = "cluster:test Pod kube-system/kube-apiserver-cp-1 spec.containers[0].command"
    assert {finding.origin.show() for finding in second.findings} == {*both, pod}
    assert SECRET not in repr(first)


def test_programs_of_the_config_map() -> None:
    """The ConfigMap of kubeadm speaks of the four programs that kubeadm configures."""
    plane = read(CONFIG_MAP).control_plane

    assert {server.program for server in plane.servers} == {
        Program.API_SERVER,
        Program.CONTROLLER_MANAGER,
        Program.ETCD,
        Program.SCHEDULER,
    }

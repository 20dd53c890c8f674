"""Rules that meet, on a real API server: one resource before everything, and one resource in two rules."""

from __future__ import annotations

import base64
import os
from collections import Counter
from pathlib import Path

import pytest
from tests.atrest.live import SECRETS, People, Tool
from tests.support.controlplane.apiserver import Options
from tests.support.controlplane.fixtures import StartCluster
from tests.support.controlplane.server import Cluster

from strongroom.atrest.servers import Server
from strongroom.atrest.stored import Etcd
from strongroom.errors import PlanError
from strongroom.model.at_rest import AtRest
from strongroom.survey.at_rest.rotation import Asked, planned
from strongroom.survey.at_rest.status import Request
from strongroom.survey.at_rest.verify import verify

HEAD = "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n"
VALUE = base64.b64encode(b"value").decode()
NEVER = {"peerserverleases", "ranges"}
"""What API servers write for themselves, and never encrypt."""


def box(name: str) -> str:
    """Return a provider whose key is made of its name."""
    return f"secretbox: {{keys: [{{name: {name}, secret: {base64.b64encode(name.encode() * 32).decode()}}}]}}"


def rule(resources: str, *providers: str) -> str:
    """Return a rule; plain text can be read at its end."""
    return f"- {{resources: [{resources}], providers: [{', '.join(f'{{{one}}}' for one in (*providers, 'identity: {}'))}]}}\n"


EVERYTHING = HEAD + rule("secrets", box("a")) + rule("'*.*'", box("b"))
JOINED = HEAD + rule("secrets", box("a")) + rule("secrets", box("b"))


def in_bytes(cluster: Cluster, prefix: str = "/registry/") -> Counter[str]:
    """Count by which key objects lie in etcd, as their bytes say; what is never encrypted is left out."""
    found: Counter[str] = Counter()
    for key, value in cluster.etcd.store.prefix(prefix):
        if key.split("/")[2] not in NEVER:
            found[value.split(b":", 5)[4].decode() if value.startswith(b"k8s:enc:") else "plain"] += 1
    return found


def proved(cluster: Cluster, config: Path) -> AtRest:
    """Return what ``at-rest verify`` says, the API server asked too."""
    source, server = f"etcd:{cluster.etcd.url}", cluster.access.url
    kubeconfig = str(cluster.access.kubeconfig())
    return verify(Request((source,), str(config), api_servers=(server,), kubeconfig=kubeconfig, environment={}))


def test_one_resource_before_everything(start_cluster: StartCluster, tmp_path: Path) -> None:
    """The rule that names a resource serves it alone, one for everything all else; verify calls exactly that right."""
    config = tmp_path / "encryption.yaml"
    config.write_text(EVERYTHING)
    cluster = start_cluster(Options(encryption_config=config))
    cluster.access.client().create(SECRETS, {"metadata": {"name": "one"}, "data": {"v": VALUE}})
    assert in_bytes(cluster, "/registry/secrets/") == {"a": 1}
    assert set(in_bytes(cluster)) == {"a", "b"}
    report = proved(cluster, config)
    assert report.problems == ()
    by_bytes = in_bytes(cluster)
    assert {one.how.key for one in report.stored if one.resource == "secrets"} == {"a"}
    assert {one.how.key for one in report.stored if one.resource != "secrets"} == {"b"}
    assert sum(one.number for one in report.stored) == sum(by_bytes.values())
    # What the first rule is for under the key of the other one can be read by nobody.
    config.write_text(HEAD + rule("secrets", box("b")) + rule("'*.*'", box("b"), box("a")))
    assert [problem.id for problem in proved(cluster, config).problems if problem.resource] == ["unknown-key"]


@pytest.mark.verify
def test_rotation_of_everything(start_cluster: StartCluster, tmp_path: Path) -> None:
    """With a rule for everything, every object of a cluster is rewritten under one new key, and stays readable."""
    config = tmp_path / "encryption.yaml"
    config.write_text(EVERYTHING)
    cluster = start_cluster(Options(encryption_config=config))
    [server] = cluster.api_servers
    cluster.access.client().create(SECRETS, {"metadata": {"name": "one"}, "data": {"v": VALUE}})
    tool = Tool(tmp_path, cluster.access.kubeconfig())
    to = ["--etcd", cluster.etcd.url, "--config", str(config), "--api-server", cluster.access.url]
    with People([(server, config, 0)]):
        tool.run("at-rest", "rotate", "--yes", "--settle", "0.5", *to)
        [key] = in_bytes(cluster)
        assert key.startswith("key-")
        assert cluster.access.client().get(f"{SECRETS}/one")["data"] == {"v": VALUE}
        assert proved(cluster, config).problems == ()


def test_one_resource_in_two_rules(start_cluster: StartCluster, tmp_path: Path) -> None:
    """An API server joins such rules: the first encrypts, both are read; a rotation asks for one rule before it begins."""
    config = tmp_path / "encryption.yaml"
    config.write_text(HEAD + rule("secrets", box("b")))
    cluster = start_cluster(Options(encryption_config=config))
    [one] = cluster.api_servers
    cluster.access.client().create(SECRETS, {"metadata": {"name": "older"}, "data": {"v": VALUE}})
    config.write_text(JOINED)
    one.restart()
    cluster.access.client().create(SECRETS, {"metadata": {"name": "newer"}, "data": {"v": VALUE}})
    assert in_bytes(cluster, "/registry/secrets/") == {"a": 1, "b": 1}
    assert cluster.access.client().get(f"{SECRETS}/older")["data"] == {"v": VALUE}
    report = proved(cluster, config)
    assert [(problem.id, problem.objects) for problem in report.problems] == [("old-key", ("default/older",))]
    server = Server("one", cluster.access.url, "", str(cluster.access.kubeconfig()))
    asked = Asked((config,), (server,), Etcd(f"etcd:{cluster.etcd.url}"))
    with pytest.raises(PlanError, match="several rules name secrets"):
        planned(asked, b"k" * 32, tmp_path / "state", os.environ)
    assert config.read_text() == JOINED

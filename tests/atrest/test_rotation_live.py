"""Whole rotations of a real control plane: two API servers on one etcd, writers running, the tool killed at each step."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import yaml
from tests.atrest.configurations import LOCAL, PLAIN
from tests.atrest.live import People, Tool, Writers, check_written, in_etcd
from tests.support.controlplane.apiserver import Options
from tests.support.controlplane.fixtures import StartCluster, StartKms
from tests.support.controlplane.server import Cluster

CONFIGURATION = f"# All API servers work with the same bytes.\n{LOCAL}"
SLOW = 2.0
"""Seconds that one of the API servers is behind the other."""
MANY = 2000


def first_key(path: Path) -> str:
    """Return the name of the key that encrypts, as the file says."""
    provider = yaml.safe_load(path.read_text())["resources"][0]["providers"][0]
    return str(provider["secretbox"]["keys"][0]["name"])


@pytest.mark.parametrize("then", ["done", pytest.param("undone", marks=pytest.mark.verify)])
def test_killed_at_each_step(start_cluster: StartCluster, tmp_path: Path, then: str) -> None:
    """Killed at each of its steps, going on (and then going back), no Secret is lost, unreadable or refused."""
    files = [tmp_path / "a.yaml", tmp_path / "b.yaml"]
    for path in files:
        path.write_text(CONFIGURATION)
    cluster = start_cluster(*(Options(encryption_config=path) for path in files))
    one, two = cluster.api_servers
    secrets = "/api/v1/namespaces/default/secrets"
    fixed = {"metadata": {"name": "fixed"}, "immutable": True, "data": {"v": "Zml4ZWQ="}}
    cluster.access.client().create(secrets, fixed)
    tool = Tool(tmp_path, cluster.access.kubeconfig())
    rotate = ["at-rest", "rotate", "--yes", "--settle", "0.5", "--etcd", cluster.etcd.url]
    rotate += ["--config", str(files[0]), "--config", str(files[1])]
    rotate += ["--api-server", one.access.url, "--api-server", two.access.url]
    with People([(one, files[0], 0), (two, files[1], SLOW)]):
        with Writers((one, two)) as writers:
            plan = killed_forward(tool, rotate)
            new = first_key(files[0])
            assert new != "old"
            assert set(in_etcd(cluster)) == {f"secretbox:v1:{new}"}
            check_files(files, [new])
            if then == "undone":
                killed_back(tool, plan)
                assert set(in_etcd(cluster)) == {"secretbox:v1:old"}
                assert [path.read_text() for path in files] == [CONFIGURATION] * 2
        assert writers.refused == []
        assert len(writers.written) == 40
        check_written(cluster, {**writers.written, "fixed": "Zml4ZWQ="})


def killed_forward(tool: Tool, rotate: list[str]) -> str:
    """Do a rotation, killed at each step where it says that it is there; return what identifies its plan."""
    known: set[str] = set()
    assert tool.killed(*rotate, known=known)
    plan = tool.unfinished()
    assert "not finished" in tool.run(*rotate, code=2)
    while tool.killed("plan", "resume", plan, known=known):
        assert tool.unfinished() == plan
    assert {"1", "5", "8", "9", "10", "13"} <= known
    return plan


def killed_back(tool: Tool, plan: str) -> None:
    """Go back on a rotation, killed at each step."""
    known: set[str] = set()
    going = ["plan", "undo", "--yes", plan]
    while tool.killed(*going, known=known):
        going = ["plan", "resume", plan]
    assert {"4", "5", "8"} <= known


# An API server looks once a minute, which nothing changes (``EncryptionConfigFileChangePollDuration`` of k8s.io/apiserver
# ``pkg/server/options/encryptionconfig/controller``): three changes take more than two minutes.
@pytest.mark.verify
def test_automatic_reload(start_cluster: StartCluster, tmp_path: Path) -> None:
    """API servers that read their file anew, each in its own time, are waited for, and nobody restarts anything."""
    files = [tmp_path / "a.yaml", tmp_path / "b.yaml"]
    for path in files:
        path.write_text(CONFIGURATION)
    cluster = start_cluster(*(Options(encryption_config=path, reload_encryption=True) for path in files))
    one, two = cluster.api_servers
    tool = Tool(tmp_path, cluster.access.kubeconfig())
    rotate = ["at-rest", "rotate", "--yes", "--etcd", cluster.etcd.url, "--config", str(files[0])]
    rotate += ["--config", str(files[1]), "--api-server", one.access.url, "--api-server", two.access.url]
    with Writers((one, two)) as writers:
        tool.run(*rotate)
        assert set(in_etcd(cluster)) == {f"secretbox:v1:{first_key(files[0])}"}
        check_files(files, [first_key(files[1])])
    assert writers.refused == []
    check_written(cluster, writers.written)


def check_files(files: list[Path], keys: list[str]) -> None:
    """See that each file has these keys, its comment, and is for its owner alone."""
    for path in files:
        text = path.read_text()
        assert text.startswith("# All API servers")
        names = [key["name"] for key in yaml.safe_load(text)["resources"][0]["providers"][0]["secretbox"]["keys"]]
        assert names == keys
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.verify
def test_there_and_back(start_cluster: StartCluster, start_kms: StartKms, tmp_path: Path) -> None:
    """From plain text to a key, another, KMS v2, its next key, and back, with kill -9 of every other program."""
    path = tmp_path / "encryption.yaml"
    path.write_text(PLAIN)
    # Both read the same file, as two on one host would; People restart each.
    cluster = start_cluster(*(Options(encryption_config=path) for _ in range(2)))
    one, two = cluster.api_servers
    fixed = fill(cluster, MANY)
    plugin = start_kms("first")
    tool = Tool(tmp_path, cluster.access.kubeconfig())
    rotate = ["at-rest", "rotate", "--yes", "--settle", "0.5", "--etcd", cluster.etcd.url, "--config", str(path)]
    rotate += ["--api-server", one.access.url, "--api-server", two.access.url]
    with People([(one, path, 0), (two, path, SLOW)]) as people:
        with Writers((one, two)) as writers:
            tool.finished(*rotate, "--to", "secretbox", kill=people.killing(one))
            first = first_key(path)
            assert set(in_etcd(cluster)) == {f"secretbox:v1:{first}"}
            tool.finished(*rotate, kill=people.killing(cluster.etcd))
            assert set(in_etcd(cluster)) == {f"secretbox:v1:{first_key(path)}"}
            assert first_key(path) != first
            to_kms = ["--to", "kms", "--kms-name", "vault", "--kms-endpoint", f"unix://{plugin.socket}"]
            tool.finished(*rotate, *to_kms, kill=people.killing(plugin))
            assert set(in_etcd(cluster)) == {"kms:v2:vault"}
            assert key_ids(cluster) == {b"first"}
            plugin.stop()
            plugin.key_id = "second"
            plugin.run()
            tool.finished(*rotate, "--kms-wait", "0.05")
            assert key_ids(cluster) == {b"second"}
            tool.finished(*rotate, "--decrypt")
            assert set(in_etcd(cluster)) == {"plain"}
            assert yaml.safe_load(path.read_text()) == yaml.safe_load(PLAIN)
        assert writers.refused == []
        check_written(cluster, {**fixed, **writers.written})


def key_ids(cluster: Cluster) -> set[bytes]:
    """Return which of the ids that tests give to keys stand in the envelopes of values (``EncryptedObject``, field 2)."""
    values = [value for _, value in cluster.etcd.store.prefix("/registry/secrets/")]
    return {name for name in (b"first", b"second") if any(b"\x12" + bytes([len(name)]) + name in v for v in values)}


def fill(cluster: Cluster, count: int) -> dict[str, str]:
    """Make Secrets; return what they hold."""
    admin = cluster.access.client()
    held = {f"s{number}": base64.b64encode(str(number).encode()).decode() for number in range(count)}
    for name, value in held.items():
        admin.create("/api/v1/namespaces/default/secrets", {"metadata": {"name": name}, "data": {"v": value}})
    return held

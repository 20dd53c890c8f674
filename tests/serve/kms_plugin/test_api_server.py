"""The plugin and a real API server: what lies in etcd, and what happens while one of them is gone."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import closing
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml
from tests.serve.kms_plugin.conftest import StartPlugin
from tests.support.controlplane import kms
from tests.support.controlplane.access import Client, eventually
from tests.support.controlplane.apiserver import Options
from tests.support.controlplane.fixtures import StartCluster
from tests.support.controlplane.server import Cluster
from tests.support.openbao import OpenBao
from tests.support.softhsm import SoftHSM
from tests.support.strongroom_kms import StrongroomKms

from strongroom.serve.kms_plugin.manifests import Installation, encryption_configuration

SECRETS = "/api/v1/namespaces/default/secrets"
VALUE = b"the value of a Secret"
PATIENCE = 90
"""Seconds within which an API server has asked for Status again: it does so once a minute."""


def create(client: Client, name: str) -> None:
    """Make a Secret."""
    client.create(SECRETS, {"metadata": {"name": name}, "data": {"k": base64.b64encode(VALUE).decode()}})


def value(client: Client, name: str) -> bytes:
    """The value of a Secret, through the API."""
    return base64.b64decode(client.get(f"{SECRETS}/{name}")["data"]["k"])


def stored(cluster: Cluster, name: str) -> bytes:
    """The bytes of a Secret in etcd."""
    return cluster.etcd.store.get(f"/registry/secrets/default/{name}") or b""


def encrypted(tmp_path: Path, *plugins: StrongroomKms) -> Options:
    """The options of an API server that encrypts Secrets through plugins, the first of which writes."""
    providers = [plugin.provider(f"p{index}") for index, plugin in enumerate(plugins)]
    return Options(kms.encryption_configuration(tmp_path / "encryption.json", *providers))


def unhealthy(client: Client) -> str:
    """What the API server says about its KMS plugins; empty while all is well."""
    status, text = client.request("GET", "/healthz?verbose")
    return "" if status == HTTPStatus.OK else text.decode()


def test_etcd_holds_what_the_plugin_encrypted(
    start_plugin: StartPlugin, start_cluster: StartCluster, tmp_path: Path
) -> None:
    """A Secret lies in etcd under the plugin's key, by the configuration that is rendered, and outlives the death of the plugin and the server."""
    plugin = start_plugin()
    wanted = Installation("kms", PurePosixPath(plugin.socket), plugin.keys, ("127.0.0.1", 1))
    configuration = tmp_path / "encryption.yaml"
    configuration.write_text(yaml.safe_dump(encryption_configuration(wanted)))
    cluster = start_cluster(Options(configuration))
    client = cluster.access.client()
    create(client, "one")
    with plugin.client() as asked:
        key_id = asked.status().key_id

    assert stored(cluster, "one").startswith(b"k8s:enc:kms:v2:kms:")
    assert key_id.encode() in stored(cluster, "one")
    assert VALUE not in stored(cluster, "one")
    assert value(client, "one") == VALUE

    plugin.process.kill()
    create(client, "two")  # the API server has its data key, and does not need the plugin
    added = plugin.rotate()
    plugin.run()
    cluster.api_servers[0].restart()
    create(client, "three")

    assert [value(client, name) for name in ("one", "two", "three")] == [VALUE] * 3
    assert added.encode() in stored(cluster, "three")
    assert key_id.encode() in stored(cluster, "two")


@pytest.fixture
def bao() -> Iterator[OpenBao]:
    """An OpenBao of this test alone, which it may kill."""
    with closing(OpenBao()) as server:
        yield server


def transit(bao: OpenBao) -> tuple[list[str], list[str], dict[str, str]]:
    """Keys, options and environment of a plugin with a transit key."""
    uri = "vault-transit:" + bao.transit_key("kek")
    return [uri], ["--look-interval", "0.5"], {"VAULT_TOKEN": bao.token}


def test_status_tells_when_the_server_of_the_key_is_gone(start_plugin: StartPlugin, bao: OpenBao) -> None:
    """Status says so within the patience of a look and never waits itself; a new version of the key is noticed before."""
    plugin = start_plugin(*transit(bao))
    with plugin.client(timeout=2) as client:
        first = client.status().key_id
        bao.call("POST", "transit/keys/kek/rotate", {})
        eventually(lambda: client.status().key_id != first, "the new version is noticed")
        assert client.status().healthz == "ok"

        bao.close()
        eventually(lambda: client.status().healthz != "ok", "Status tells that OpenBao is gone", 20)
        assert client.status().key_id not in ("", first)


@pytest.mark.verify
def test_rotation_is_seen_by_the_api_server(
    start_plugin: StartPlugin, start_cluster: StartCluster, bao: OpenBao, tmp_path: Path
) -> None:
    """A rotated transit key is used by the API server without a restart; OpenBao's death is in its health, and passes."""
    plugin = start_plugin(*transit(bao))
    cluster = start_cluster(encrypted(tmp_path, plugin))
    client = cluster.access.client()
    create(client, "before")
    with plugin.client() as asked:
        first = asked.status().key_id
        bao.call("POST", "transit/keys/kek/rotate", {})
        eventually(lambda: asked.status().key_id != first, "the plugin notices", PATIENCE)
        second = asked.status().key_id

    def written_with_the_new_one() -> bool:
        name = f"after-{len(client.get(SECRETS)['items'])}"
        create(client, name)
        return second.encode() in stored(cluster, name)

    eventually(written_with_the_new_one, "the API server uses the new version", PATIENCE)
    assert first.encode() in stored(cluster, "before")

    bao.call("POST", "transit/keys/kek/config", {"deletion_allowed": True})
    bao.call("DELETE", "transit/keys/kek")
    eventually(lambda: unhealthy(client) != "", "the API server says that the key is gone", PATIENCE)
    assert value(client, "before") == VALUE  # its data key is in the server's memory


@pytest.mark.verify
def test_the_socket_may_come_after_the_api_server(start_cluster: StartCluster, tmp_path: Path) -> None:
    """An API server that starts before its plugin is not ready until the plugin is there, and then reads everything."""
    with closing(StrongroomKms()) as plugin:
        plugin.run()
        cluster = start_cluster(encrypted(tmp_path, plugin))
        client = cluster.access.client()
        create(client, "one")
        server = cluster.api_servers[0]
        server.stop()
        plugin.process.stop()
        server.launch()
        with pytest.raises(TimeoutError):
            eventually(lambda: client.answers("/readyz"), "ready without its plugin", 8)
        plugin.run()
        server.wait()

        assert value(client, "one") == VALUE


@pytest.mark.verify
def test_from_one_key_to_another(start_plugin: StartPlugin, start_cluster: StartCluster, tmp_path: Path) -> None:
    """From a file to an HSM: a plugin without the old key refuses what it encrypted, one with both reads everything."""
    with closing(SoftHSM()) as hsm:
        hsm.key("kek", 1)
        old = start_plugin()
        cluster = start_cluster(encrypted(tmp_path, old))
        client = cluster.access.client()
        create(client, "old")
        wrong = start_plugin([hsm.uri("kek")], environment=hsm.environment)
        server = cluster.api_servers[0]
        server.stop()
        server.options = encrypted(tmp_path, wrong)
        server.launch()
        reason = "no key of this plugin has the version"
        eventually(lambda: reason in server.last_output(200), "the API server says what is wrong", PATIENCE)
        both = start_plugin([hsm.uri("kek"), *old.keys], environment=hsm.environment)
        side = encrypted(tmp_path, both, old)
        server.restart(side)
        create(client, "new")

        assert [value(client, name) for name in ("old", "new")] == [VALUE] * 2
        assert b"pkcs11:" in stored(cluster, "new")
        _rewrite(client, "old")
        assert b"pkcs11:" in stored(cluster, "old")


def _rewrite(client: Client, name: str) -> None:
    found: dict[str, Any] = client.get(f"{SECRETS}/{name}")
    client.call("PUT", f"{SECRETS}/{name}", found)

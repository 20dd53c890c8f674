"""etcd as a source: what real API servers wrote, read from the running etcd, from a snapshot, and from etcdctl's output."""

from __future__ import annotations

import base64
import json
import os
import random
import secrets
from collections import Counter
from pathlib import Path

import pytest
from tests.sources.etcd_reading import read
from tests.support.controlplane.apiserver import Options
from tests.support.controlplane.etcd import Etcd
from tests.support.controlplane.fixtures import StartCluster, StartKms
from tests.support.controlplane.kms import encryption_configuration
from tests.support.controlplane.server import Cluster

from strongroom.model.controlplane import EtcdContents
from strongroom.model.settings import Settings
from strongroom.sources.etcd_client import EtcdClient
from strongroom.sources.etcd_keys import resource_of
from strongroom.sources.etcd_options import EtcdOptions
from strongroom.sources.etcd_values import stored_as
from strongroom.survey.run import Request, survey

KEY = bytes(range(32))


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _local(kind: str, *keys: str) -> dict[str, object]:
    return {kind: {"keys": [{"name": name, "secret": _key_of(name)} for name in keys]}}


_KEYS: dict[str, str] = {}


def _key_of(name: str) -> str:
    return _KEYS.setdefault(name, _key())


def _write(cluster: Cluster, names: list[str]) -> None:
    admin = cluster.access.client()
    for name in names:
        body = {"metadata": {"name": name}, "stringData": {"password": f"canary-{name}-{secrets.token_hex(8)}"}}
        admin.create("/api/v1/namespaces/default/secrets", body)


def _counts(contents: EtcdContents) -> Counter[str]:
    return Counter({f"{c.resource} {c.stored_as.show()}": c.count for c in contents.counts})


def test_a_store_through_its_life(start_cluster: StartCluster, tmp_path: Path) -> None:
    """Plain text, aescbc, then secretbox with two keys: each step is counted as the API server wrote it, in both ways."""
    encryption = tmp_path / "encryption.json"
    cluster = start_cluster(Options())
    (server,) = cluster.api_servers
    url = f"etcd:{cluster.etcd.url}"
    _write(cluster, [f"plain-{n}" for n in range(7)])
    server.restart(
        Options(encryption_config=encryption_configuration(encryption, _local("aescbc", "old"), {"identity": {}}))
    )
    _write(cluster, ["cbc-1", "cbc-2"])
    rotated: list[dict[str, object]] = [
        _local("secretbox", "second", "first"),
        _local("aescbc", "old"),
        {"identity": {}},
    ]
    server.restart(
        Options(encryption_config=encryption_configuration(encryption, *rotated, resources=("secrets", "configmaps")))
    )
    _write(cluster, ["box-1", "box-2", "box-3"])
    admin = cluster.access.client()
    admin.delete("/api/v1/namespaces/default/secrets/plain-6")
    admin.call("PUT", "/api/v1/namespaces/default/secrets/plain-5", _stored(cluster, "plain-5"))
    admin.create("/api/v1/namespaces/default/configmaps", {"metadata": {"name": "a"}, "data": {"x": "y"}})
    snapshot = tmp_path / "snapshot.db"
    cluster.etcd.store.snapshot(snapshot)

    live, saved = read(url), read(f"etcd:{snapshot}")

    assert {k: v for k, v in _counts(live).items() if k.startswith("secrets")} == {
        "secrets plain text": 5,
        "secrets aescbc old": 2,
        "secrets secretbox second": 4,
    }
    assert live.plaintext == tuple(f"default/plain-{n}" for n in range(5))
    assert saved.counts == live.counts
    assert saved.plaintext == live.plaintext
    assert _truth(cluster) == {k.removeprefix("secrets "): v for k, v in _counts(live).items() if "secrets" in k}


def _stored(cluster: Cluster, name: str) -> object:
    return cluster.access.client().get(f"/api/v1/namespaces/default/secrets/{name}")


def _truth(cluster: Cluster) -> dict[str, int]:
    """Count by the bytes that etcd holds, without the code under test."""
    found: Counter[str] = Counter()
    for _, value in cluster.etcd.store.prefix("/registry/secrets/"):
        parts = value.split(b":", 5)
        found[f"{parts[2].decode()} {parts[4].decode()}" if value.startswith(b"k8s:enc:") else "plain text"] += 1
    return dict(found)


def test_kms_v2_with_two_keys_and_what_was_before(
    start_cluster: StartCluster, start_kms: StartKms, tmp_path: Path
) -> None:
    """What a real KMS v2 plugin's keys encrypted is counted by their ids, beside what is still readable."""
    plugin = start_kms("key-2025")
    cluster = start_cluster(Options())
    (server,) = cluster.api_servers
    _write(cluster, ["before-1", "before-2"])
    configuration = encryption_configuration(tmp_path / "kms.json", plugin.provider("vault"), {"identity": {}})
    server.restart(Options(encryption_config=configuration))
    _write(cluster, ["first"])
    plugin.stop()
    plugin.key_id = "key-2026"
    plugin.run()
    server.restart()
    _write(cluster, ["second-1", "second-2", "second-3"])
    snapshot = tmp_path / "snapshot.db"
    cluster.etcd.store.snapshot(snapshot)

    live, saved = read(f"etcd:{cluster.etcd.url}"), read(f"etcd:{snapshot}")

    assert {k: v for k, v in _counts(live).items() if k.startswith("secrets")} == {
        "secrets plain text": 2,
        "secrets kms v2 vault (key-2025)": 1,
        "secrets kms v2 vault (key-2026)": 3,
    }
    assert saved.counts == live.counts
    assert all(
        cluster.access.client().answers(f"/api/v1/namespaces/default/secrets/{n}") for n in ("first", "before-1")
    )
    request = Request((f"etcd:{snapshot}",), KEY, Settings(), select=frozenset({"at-rest-plaintext-in-etcd"}))
    (finding,) = survey(request).findings
    assert "2 of 6 Secrets are readable in etcd: default/before-1, default/before-2" in finding.message
    assert "1 under kms v2 vault (key-2025); 3 under kms v2 vault (key-2026)" in finding.message


def test_custom_resources_are_counted(start_cluster: StartCluster, tmp_path: Path) -> None:
    """A custom resource that the configuration names is counted under its group, though its keys have another form."""
    encryption = encryption_configuration(
        tmp_path / "e.json", _local("secretbox", "k"), resources=("secrets", "widgets.example.com")
    )
    cluster = start_cluster(Options(encryption_config=encryption))
    admin = cluster.access.client()
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    admin.create(
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        {
            "metadata": {"name": "widgets.example.com"},
            "spec": {
                "group": "example.com",
                "scope": "Namespaced",
                "names": {"plural": "widgets", "singular": "widget", "kind": "Widget"},
                "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
            },
        },
    )
    path = "/apis/example.com/v1/namespaces/default/widgets"
    body = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}}
    server = cluster.api_servers[0]
    server.wait_until(lambda: admin.answers(path), "serving widgets")
    admin.create(path, body)

    counts = _counts(read(f"etcd:{cluster.etcd.url}"))

    assert counts["widgets.example.com secretbox k"] == 1


def test_what_etcdctl_wrote(tmp_path: Path) -> None:
    """The JSON of ``etcdctl get --prefix`` says the same, at the place of its first Secret in plain text."""

    def pair(key: str, value: bytes) -> dict[str, str]:
        return {"key": base64.b64encode(key.encode()).decode(), "value": base64.b64encode(value).decode()}

    kvs = [
        pair("/registry/secrets/shop/api", b"k8s:enc:secretbox:v1:k1:" + b"\x01" * 40),
        pair("/registry/secrets/shop/db", b"k8s\x00\n\x0c\n\x02v1\x12\x06Secret hunter-in-etcd"),
    ]
    path = tmp_path / "dump.json"
    path.write_text(json.dumps({"header": {"revision": 7}, "kvs": kvs, "count": 2}, indent=1))

    report = survey(Request((str(path),), KEY, Settings(), select=frozenset({"at-rest-plaintext-in-etcd"})))

    (finding,) = report.findings
    assert "1 of 2 Secrets are readable in etcd: shop/db; 1 under secretbox k1" in finding.message
    assert finding.origin.field == ("kvs", 1)
    assert finding.origin.line > 1
    assert "hunter" not in repr(report)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b"k8s\0\n\x0c\n\x02v1\x12\x06Secret", "plain text"),
        (b'{"kind":"Secret"}', "plain text"),
        (b"", "plain text"),
        (b"k8s:enc:aescbc:v1:key1:" + bytes(40), "aescbc key1"),
        (b"k8s:enc:aesgcm:v1:key:1:" + bytes(40), "aesgcm key"),
        (b"k8s:enc:kms:v1:cloud:" + bytes(40), "kms v1 cloud"),
        (
            b"k8s:enc:kms:v2:vault:" + b"\x0a\x83\x02" + bytes(259) + b"\x12\x05key-7\x1a\x02ab\x28\x01",
            "kms v2 vault (key-7)",
        ),
        (b"k8s:enc:kms:v2:vault:" + b"\x28\x01\x12\x03k-1", "kms v2 vault (k-1)"),
        (b"k8s:enc:kms:v2:vault:" + b"\xff\xff", "kms v2 vault"),
        (b"k8s:enc:rot13:v1:x:" + bytes(9), "unknown"),
        (b"k8s:enc:", "unknown"),
    ],
)
def test_prefixes(value: bytes, shown: str) -> None:
    """The prefix tells the provider and the key, and the message of KMS v2 (EncryptedObject) the id of its key."""
    assert stored_as(value).show() == shown


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("/registry/secrets/shop/db", ("secrets", "shop/db")),
        ("/registry/clusterroles/admin", ("clusterroles", "admin")),
        ("/registry/example.com/widgets/shop/w", ("widgets.example.com", "shop/w")),
        ("/registry/example.com/gadgets/g", ("gadgets.example.com", "g")),
        ("/elsewhere/secrets/shop/db", ("", "")),
    ],
)
def test_keys(key: str, expected: tuple[str, str]) -> None:
    """A key tells the resource and the name; resources of other groups have their group first."""
    assert resource_of(key, "/registry") == expected


def test_pages_of_many_sizes(control_plane_programs: dict[str, Path], tmp_path: Path) -> None:
    """Every key comes once, whatever the sizes of the values, and whole values are whole."""
    etcd = Etcd(control_plane_programs["etcd"], tmp_path / "etcd")
    etcd.run()
    choose = random.Random(11)  # noqa: S311 - the same sizes each time
    wanted = {f"/registry/secrets/shop/s{n:04}": os.urandom(choose.choice((1, 700, 9000, 300_000))) for n in range(300)}
    try:
        for key, value in wanted.items():
            etcd.store.put(key, value)
        with EtcdClient(f"etcd:{etcd.url}", EtcdOptions()) as client:
            ((start, end),) = client.ranges(("secrets",), lambda _: None)
            whole = {pair.key: pair.value for pair in client.pages(start, end, whole=True)}
            heads = list(client.pages(start, end))
    finally:
        etcd.close()

    assert whole == wanted
    assert [pair.key for pair in heads] == sorted(wanted)
    assert all(len(pair.value) <= 512 for pair in heads)
    assert [pair.revision for pair in heads] == list(range(2, 302))

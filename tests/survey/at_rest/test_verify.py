"""``at-rest status`` and ``verify`` on a real control plane: what API servers wrote, and what was done to it behind them."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.support.controlplane.access import eventually
from tests.support.controlplane.apiserver import ApiServer, Options
from tests.support.controlplane.fixtures import StartCluster, StartKms
from tests.support.controlplane.kms import KmsPlugin, encryption_configuration
from tests.support.controlplane.server import Cluster
from tests.support.kms_standin import StandIn
from tests.support.snapshots import Revision, snapshot

from strongroom.errors import UsageError
from strongroom.model.at_rest import AtRest, Standing
from strongroom.model.finding import Severity
from strongroom.survey.at_rest.status import Request, status
from strongroom.survey.at_rest.verify import verify

_PLAIN: dict[str, Any] = {"identity": {}}
_SPECS: dict[str, dict[str, Any]] = {
    "secrets": {"stringData": {"password": "canary-password"}},
    "configmaps": {"data": {"password": "canary-password"}},
    "limitranges": {"spec": {"limits": []}},
    "podtemplates": {"template": {"spec": {"containers": [{"name": "c", "image": "canary"}]}}},
}


def _local(kind: str, *names: str) -> dict[str, Any]:
    return {kind: {"keys": [{"name": n, "secret": base64.b64encode(secrets.token_bytes(32)).decode()} for n in names]}}


class Store:
    """Two API servers on one etcd: the first has a provider for each of four resources, the second has none at all."""

    def __init__(self, start: StartCluster, plugin: KmsPlugin, folder: Path) -> None:
        self.plugin, self.folder = plugin, folder
        self.box, self.gcm, self.cbc = _local("secretbox", "b:1"), _local("aesgcm", "g"), _local("aescbc", "old")
        self.kms: dict[str, Any] = plugin.provider("vault")
        self.config = self.written("encryption.json", self.kms, self.box, self.gcm, self.cbc)
        self.cluster: Cluster = start(Options(encryption_config=Path(self.config)), Options())
        self.first, self.second = self.cluster.api_servers
        _create(self.second, "secrets", "plain-1", "plain-2")
        _create(self.first, "secrets", "kms-1", "kms-2", "kms-3", "kms-4")
        _create(self.first, "configmaps", "box-1", "box-2")
        _create(self.first, "limitranges", "gcm-1", "gcm-2")
        _create(self.first, "podtemplates", "cbc-1", "cbc-2")

    def written(self, name: str, *providers: dict[str, Any], more: tuple[dict[str, Any], ...] = ()) -> str:
        """Write an EncryptionConfiguration: one provider for each resource, some more, and plain text; its path."""
        rules = [
            {"resources": [resource], "providers": [provider, *more, _PLAIN]}
            for resource, provider in zip(_SPECS, providers, strict=True)
        ]
        body = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "EncryptionConfiguration", "resources": rules}
        target = self.folder / name
        target.write_bytes(msgspec.json.encode(body))
        return str(target)

    def request(self, config: str = "", *, source: str = "", servers: bool = False, sample: int = 0) -> Request:
        """Ask with a configuration; by default with the one that the first server has."""
        return Request(
            sources=(source or f"etcd:{self.cluster.etcd.url}",),
            config=config or self.config,
            api_servers=(self.first.access.url, self.second.access.url) if servers else (),
            kubeconfig=str(self.cluster.access.kubeconfig()),
            sample=sample,
            environment={},
        )

    def change(self, name: str, how: Callable[[bytes], bytes]) -> None:
        """Change a value in etcd, behind the API servers' backs."""
        store, key = self.cluster.etcd.store, f"/registry/{name}"
        value = store.get(key)
        assert value is not None
        store.put(key, how(value))


def _create(server: ApiServer, resource: str, *names: str) -> None:
    for name in names:
        body = {"metadata": {"name": name}, **_SPECS[resource]}
        server.access.client().create(f"/api/v1/namespaces/default/{resource}", body)


def _ids(report: AtRest) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for problem in report.problems:
        found.setdefault(problem.id, set()).update(problem.objects)
    return found


def _standings(report: AtRest, resource: str) -> dict[str, tuple[int, Standing]]:
    return {one.how.show(): (one.number, one.standing) for one in report.stored if one.resource == resource}


def test_what_a_real_control_plane_wrote(start_cluster: StartCluster, start_kms: StartKms, tmp_path: Path) -> None:
    """One control plane, looked at in turn: as it was written, with other keys, and after values were changed in etcd."""
    store = Store(start_cluster, start_kms("key-2026"), tmp_path)
    _as_it_was_written(store)
    _with_other_keys(store)
    _with_changed_values(store)


def _as_it_was_written(store: Store) -> None:
    """Every provider is counted and decrypted; the server without keys lists only what is in plain text."""
    live = verify(store.request(servers=True, sample=3))

    assert _standings(live, "secrets") == {
        "plain text": (2, Standing.PLAIN),
        "kms v2 vault (key-2026)": (4, Standing.CURRENT),
    }
    for resource, way in (("configmaps", "secretbox b"), ("limitranges", "aesgcm g"), ("podtemplates", "aescbc old")):
        assert _standings(live, resource)[way][1] is Standing.CURRENT
    found = _ids(live)
    assert found["plaintext"] >= {"default/plain-1", "default/plain-2"}
    assert "old-key" not in found
    assert "unknown-key" not in found
    first, second = (server.access.url for server in (store.first, store.second))
    blocking = {p.resource: set(p.objects) for p in live.problems if p.id == "blocks-list"}
    assert all(second in p.message for p in live.problems if p.id in ("blocks-list", "undecryptable"))
    assert blocking["secrets"] == {f"default/kms-{n}" for n in (1, 2, 3, 4)}
    assert blocking["limitranges"] == {"default/gcm-1", "default/gcm-2"}
    proofs = {(one.resource, one.how): (one.number, one.of) for one in live.proofs}
    assert proofs["secrets", "decrypted"] == (4, 4)
    assert proofs["podtemplates", "decrypted"] == (2, 2)
    assert proofs["secrets", f"listed by {first}"] == (6, 6)
    assert proofs["secrets", f"read through {first}"] == (3, 3)
    assert ("secrets", f"listed by {second}") not in proofs
    assert {state.name: state.same for state in live.servers} == {first: True, second: False}
    snapshot = store.folder / "snapshot.db"
    store.cluster.etcd.store.snapshot(snapshot)
    saved = verify(store.request(source=f"etcd:{snapshot}"))
    assert saved.stored == live.stored
    assert {(one.resource, one.how): (one.number, one.of) for one in saved.proofs}.items() <= proofs.items()
    told = status(store.request(servers=True))
    assert told.stored == live.stored
    assert told.proofs == ()
    assert "canary" not in repr((live, saved, told))


def _with_other_keys(store: Store) -> None:
    """A key that is missing, another one of the same name, one that is not first, and a plugin with another key."""
    fresh = _local("secretbox", "new"), _local("aesgcm", "new"), _local("aescbc", "new")
    lacking = verify(store.request(store.written("lacking.json", store.kms, *fresh)))
    assert _ids(lacking)["unknown-key"] >= {"default/box-1", "default/gcm-1", "default/gcm-2", "default/cbc-1"}
    assert "undecryptable" not in _ids(lacking)
    assert lacking.worst() is Severity.CRITICAL

    older = verify(
        store.request(store.written("older.json", store.kms, *fresh, more=(store.box, store.gcm, store.cbc)))
    )
    assert _ids(older)["old-key"] >= {"default/box-1", "default/gcm-1", "default/gcm-2", "default/cbc-1"}
    assert {"unknown-key", "undecryptable"}.isdisjoint(_ids(older))

    others = _local("secretbox", "b:1"), _local("aesgcm", "g"), _local("aescbc", "old")
    wrong = verify(store.request(store.written("wrong.json", store.kms, *others)))
    assert _ids(wrong)["undecryptable"] >= {"default/box-1", "default/gcm-1", "default/gcm-2", "default/cbc-1"}
    # The API server tries every key of a name, and so does the proof.
    both = verify(store.request(store.written("both.json", store.kms, *others, more=(store.box, store.gcm, store.cbc))))
    assert "undecryptable" not in _ids(both)

    store.plugin.stop()
    silent = verify(store.request())
    assert "not-asked" in _ids(silent)
    assert {one.resource: (one.number, one.of) for one in silent.proofs}["secrets"] == (0, 4)
    store.plugin.key_id = "key-2027"
    store.plugin.run()
    rotated = verify(store.request())
    assert _standings(rotated, "secrets")["kms v2 vault (key-2026)"] == (4, Standing.STALE)
    assert _ids(rotated)["old-key"] == {f"default/kms-{n}" for n in (1, 2, 3, 4)}
    assert {one.resource: (one.number, one.of) for one in rotated.proofs}["secrets"] == (4, 4)


def _with_changed_values(store: Store) -> None:
    """A flipped bit, a value that was cut off or moved, and one that is no object are named, by bytes and by LIST."""
    for name in ("configmaps/default/box-1", "limitranges/default/gcm-1", "podtemplates/default/cbc-1"):
        store.change(name, lambda value: value[:-1] + bytes([value[-1] ^ 1]))
    store.change("secrets/default/kms-1", lambda value: value[:-40])
    moved = store.cluster.etcd.store.get("/registry/secrets/default/kms-2")
    store.change("secrets/default/kms-3", lambda _: moved or b"")
    store.change("secrets/default/plain-1", lambda _: b"\0\0\0")
    changed = {"box-1", "gcm-1", "cbc-1", "kms-1", "kms-3", "plain-1"}

    report = verify(store.request(servers=True))

    by_bytes = {name for p in report.problems if p.id == "undecryptable" for name in p.objects}
    assert by_bytes == {f"default/{name}" for name in changed}
    first = [p for p in report.problems if p.id == "blocks-list" and store.first.access.url in p.message]
    assert {p.resource: set(p.objects) for p in first} == {
        "secrets": {"default/kms-1", "default/kms-3", "default/plain-1"},
        "configmaps": {"default/box-1"},
        "limitranges": {"default/gcm-1"},
        "podtemplates": {"default/cbc-1"},
    }
    assert "canary" not in repr(report)


@pytest.mark.verify
def test_writes_that_go_on_while_the_plugin_is_unhealthy(start_cluster: StartCluster, tmp_path: Path) -> None:
    """An API server goes on encrypting under a key whose plugin says that it is revoked: verify says so (#138950)."""
    with StandIn() as plugin:
        config = encryption_configuration(tmp_path / "e.json", plugin.provider, {"identity": {}})
        cluster = start_cluster(Options(encryption_config=config))
        (server,) = cluster.api_servers
        asked = Request(
            sources=(f"etcd:{cluster.etcd.url}", "cluster"),
            config=str(config),
            kubeconfig=str(cluster.access.kubeconfig()),
            environment={},
        )
        _create(server, "secrets", "before")
        assert verify(asked).problems == ()
        plugin.healthz = "the key is revoked"
        admin = cluster.access.client()
        eventually(lambda: not admin.answers("/healthz/kms-providers"), "the API server to see it", 90)
        _create(server, "secrets", "after")

        found = verify(asked)

    assert [problem.id for problem in found.problems] == ["kms-unhealthy", "kms-unhealthy"]
    assert "wrote last at" in found.problems[0].message
    assert _standings(found, "secrets") == {"kms v2 vault (key-1)": (2, Standing.CURRENT)}


def test_a_plugin_that_says_it_is_unhealthy(tmp_path: Path) -> None:
    """A plugin is asked itself, too: for its health, and for the key that it has now."""
    data = b"\x0a\x01x\x12\x05key-0\x1a\x01y\x28\x01"
    source = snapshot(tmp_path / "s.db", [Revision("/registry/secrets/shop/db", b"k8s:enc:kms:v2:vault:" + data)])
    with StandIn() as plugin:
        config = encryption_configuration(tmp_path / "e.json", plugin.provider, {"identity": {}})
        plugin.healthz = "the key is revoked"
        found = verify(Request(sources=(str(source),), config=str(config), environment={}))

    assert {problem.id for problem in found.problems} == {"kms-unhealthy", "old-key", "undecryptable"}
    assert "revoked" not in repr(found)  # what a plugin says in words may hold anything


def test_what_verify_asks_for(tmp_path: Path) -> None:
    """Without an etcd nothing is proved: an error, never a clean report."""
    config = tmp_path / "e.json"
    rule = {"resources": ["secrets"], "providers": [_local("secretbox", "k")]}
    kinds = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "EncryptionConfiguration"}
    config.write_bytes(msgspec.json.encode({**kinds, "resources": [rule]}))
    with pytest.raises(UsageError, match="no etcd"):
        verify(Request(config=str(config), environment={}))
    with pytest.raises(UsageError, match="nothing is named"):
        status(Request(environment={}))

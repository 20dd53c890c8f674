"""How objects lie in a snapshot: the newest revision counts, wildcards mean what they mean to the API server."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.snapshots import Revision, snapshot

from strongroom.atrest.stored import Counted, Etcd, check_cluster, count, counted, stored, values
from strongroom.errors import SourceError, UsageError
from strongroom.model.controlplane import StoredAs

_BOX = b"k8s:enc:secretbox:v1:key1:" + bytes(60)
_GCM = b"k8s:enc:aesgcm:v1:key2:" + bytes(60)
_KMS = b"k8s:enc:kms:v2:vault:" + b"\x0a\xac\x02" + bytes(300) + b"\x12\x05key-7\x1a\x02ab\x28\x01"
_PLAIN = b"k8s\0canary-value"

_LIFE = [
    Revision("/registry/secrets/shop/db", _PLAIN),
    Revision("/registry/secrets/shop/api", _BOX),
    Revision("/registry/secrets/shop/gone", _PLAIN),
    Revision("/registry/configmaps/shop/c", _PLAIN),
    Revision("/registry/secrets/shop/db", _GCM),
    Revision("/registry/secrets/shop/gone", None),
    Revision("/registry/services/specs/shop/web", _PLAIN),
    Revision("/registry/deployments/shop/web", _PLAIN),
    Revision("/registry/example.com/widgets/shop/w", _KMS),
    Revision("/registry/secrets/shop/new", _KMS),
]


def _etcd(tmp_path: Path) -> Etcd:
    return Etcd(f"etcd:{snapshot(tmp_path / 's.db', _LIFE)}")


def _names(tmp_path: Path, *resources: str) -> list[str]:
    return [f"{one.resource} {one.name}" for one in stored(_etcd(tmp_path), resources, lambda _: None)]


def test_the_newest_revision_counts(tmp_path: Path) -> None:
    """A value that was rewritten lies in its new way, one that was deleted not at all; revisions tell the age."""
    found = count(_etcd(tmp_path), ("secrets",), lambda _: None)

    assert [(one.how.show(), one.number, one.oldest, one.newest) for one in found.of("secrets")] == [
        ("secretbox key1", 1, 3, 3),
        ("aesgcm key2", 1, 6, 6),
        ("kms v2 vault (key-7)", 1, 11, 11),
    ]
    assert found.plaintext == {}


def test_without_names_secrets_and_what_is_encrypted(tmp_path: Path) -> None:
    """Where no resource is named, resources of which nothing is encrypted are left out."""
    assert _names(tmp_path) == ["widgets.example.com shop/w", "secrets shop/api", "secrets shop/db", "secrets shop/new"]


@pytest.mark.parametrize(
    ("resources", "kept"),
    [
        (("configmaps",), ["configmaps shop/c"]),
        (("services",), ["services shop/web"]),
        (("deployments.apps",), ["deployments shop/web"]),
        (("*.apps",), ["deployments shop/web"]),
        (("*.example.com",), ["widgets.example.com shop/w"]),
        (("widgets.example.com", "configmaps"), ["configmaps shop/c", "widgets.example.com shop/w"]),
    ],
)
def test_names_of_a_configuration(tmp_path: Path, resources: tuple[str, ...], kept: list[str]) -> None:
    """Resources are found under the keys that the API server gives them, which are not always their names."""
    assert _names(tmp_path, *resources) == kept


def test_wildcards(tmp_path: Path) -> None:
    """The core group is neither the groups of Kubernetes nor those of custom resources; everything is all three."""
    assert {name.split()[0] for name in _names(tmp_path, "*.")} == {"secrets", "configmaps", "services"}
    assert len(_names(tmp_path, "*.*")) == 7


def test_plaintext_is_named_and_values_are_whole(tmp_path: Path) -> None:
    """Plain text is named for each resource; whole values come with the key that encryption ties them to."""
    found = count(_etcd(tmp_path), ("*.*",), lambda _: None)
    whole = {one.key: one.value for one in values(_etcd(tmp_path), ("*.*",), lambda _: None)}

    assert found.plaintext == {"configmaps": ("shop/c",), "deployments": ("shop/web",), "services": ("shop/web",)}
    assert whole["/registry/secrets/shop/new"] == _KMS
    assert whole["/registry/configmaps/shop/c"] == _PLAIN
    assert all("canary" not in repr(one) for one in values(_etcd(tmp_path), ("*.*",), lambda _: None))


def test_names_are_kept_where_they_are_asked_for(tmp_path: Path) -> None:
    """Of ways that are not right, every object is named."""
    box = StoredAs("secretbox", "key1")
    found: Counted = counted(stored(_etcd(tmp_path), (), lambda _: None), lambda _, how: how == box)

    assert found.named == {("secrets", box): ("shop/api",)}


def test_sources_that_are_none(tmp_path: Path) -> None:
    """What is no etcd is an error before anything is counted."""
    (tmp_path / "text").write_text("hello")

    with pytest.raises(UsageError, match="neither a URL nor a file"):
        count(Etcd("etcd:nowhere"), (), lambda _: None)
    with pytest.raises(SourceError, match="no etcd database"):
        count(Etcd(f"etcd:{tmp_path / 'text'}"), (), lambda _: None)
    with pytest.raises(SourceError, match="cannot be reached"):
        count(Etcd("etcd:http://127.0.0.1:1"), (), lambda _: None)


def test_where_no_cluster_lies(tmp_path: Path) -> None:
    """An etcd of something else, or another prefix, is refused: that nothing is found there proves nothing."""
    elsewhere = snapshot(tmp_path / "other.db", [Revision("/prod/namespaces/default", _PLAIN)])
    with pytest.raises(SourceError, match="holds no cluster") as caught:
        check_cluster(Etcd(f"etcd:{elsewhere}"))
    assert "--etcd-prefix" in caught.value.hint
    check_cluster(Etcd(f"etcd:{snapshot(tmp_path / 'e.db', [Revision('/registry/namespaces/default', _PLAIN)])}"))

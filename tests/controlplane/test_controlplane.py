"""The shared control plane is a real Kubernetes: its API server, its RBAC, its etcd, its controllers."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.support.controlplane import binaries
from tests.support.controlplane.access import Access, RefusedError, eventually
from tests.support.controlplane.etcd import PAGE
from tests.support.controlplane.pki import Credential


def test_version(cluster: Access) -> None:
    """The API server says the version that the module file pins, as a released one does."""
    said = cluster.client().get("/version")

    assert said["gitVersion"] == binaries.version("kube-apiserver")
    assert f"v{said['major']}.{said['minor']}." in said["gitVersion"]


def test_user_without_rights_is_refused(cluster: Access, namespace: str) -> None:
    """A user known by certificate alone may not read Secrets, until a RoleBinding to the user's group allows it."""
    user = cluster.client("jane", ["readers"])
    secrets = f"/api/v1/namespaces/{namespace}/secrets"
    with pytest.raises(RefusedError, match='User "jane" cannot list resource "secrets"') as refused:
        user.get(secrets)

    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    admin = cluster.client()
    rule = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}
    admin.create(f"{rbac}/roles", {"metadata": {"name": "reader"}, "rules": [rule]})
    group = {"kind": "Group", "name": "readers", "apiGroup": "rbac.authorization.k8s.io"}
    role = {"kind": "Role", "name": "reader", "apiGroup": "rbac.authorization.k8s.io"}
    admin.create(f"{rbac}/rolebindings", {"metadata": {"name": "reader"}, "roleRef": role, "subjects": [group]})

    assert (refused.value.status, refused.value.reason) == (403, "Forbidden")
    eventually(lambda: user.answers(secrets), "the group may list Secrets")


def test_secret_is_plain_in_etcd(cluster: Access, namespace: str) -> None:
    """Without encryption at rest, etcd holds a Secret as Kubernetes' plain protobuf, value included."""
    secret = {"metadata": {"name": "db"}, "stringData": {"password": "correct horse"}}
    cluster.client().create(f"/api/v1/namespaces/{namespace}/secrets", secret)

    raw = cluster.store.get(f"/registry/secrets/{namespace}/db")

    assert raw is not None
    assert raw.startswith(b"k8s\x00")
    assert b"correct horse" in raw


def test_etcd_holds_what_is_put(cluster: Access, namespace: str) -> None:
    """Bytes put into etcd come back by key and by prefix over several pages, in order, and are gone when deleted."""
    prefix = f"/strongroom-test/{namespace}/"
    expected = [(f"{prefix}{number:04}", bytes([number % 256, 0, 255])) for number in range(PAGE + 3)]
    for key, value in expected:
        cluster.store.put(key, value)

    assert list(cluster.store.prefix(prefix)) == expected
    assert cluster.store.get(f"{prefix}0007") == b"\x07\x00\xff"
    for key, _ in expected[8:]:
        cluster.store.delete(key)
    assert list(cluster.store.prefix(prefix)) == expected[:8]
    assert cluster.store.delete(f"{prefix}0007")
    assert not cluster.store.delete(f"{prefix}0007")
    assert cluster.store.get(f"{prefix}0007") is None
    for key, _ in expected[:7]:
        assert cluster.store.delete(key)


def test_etcd_snapshot(cluster: Access, namespace: str, tmp_path: Path) -> None:
    """A snapshot is a bbolt database that holds what was written before it."""
    secret = {"metadata": {"name": "snap"}, "stringData": {"a": "in the snapshot"}}
    cluster.client().create(f"/api/v1/namespaces/{namespace}/secrets", secret)

    cluster.store.snapshot(tmp_path / "snapshot.db")

    content = (tmp_path / "snapshot.db").read_bytes()
    # The magic number of bbolt's first page: https://github.com/etcd-io/bbolt/blob/v1.4.3/internal/common/types.go
    assert content[16:20] == (0xED0CDAED).to_bytes(4, "little")
    assert b"in the snapshot" in content


def test_token_is_issued_and_accepted(cluster: Access, namespace: str) -> None:
    """A token that the API server issues for a ServiceAccount authenticates as that account."""
    account = f"/api/v1/namespaces/{namespace}/serviceaccounts/default"
    token = cluster.client().create(f"{account}/token", {"spec": {"expirationSeconds": 600}})["status"]["token"]

    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}}
    said = cluster.client().create("/apis/authentication.k8s.io/v1/tokenreviews", review)["status"]

    assert said["authenticated"]
    assert said["user"]["username"] == f"system:serviceaccount:{namespace}:default"


def test_controllers_make_the_default_account(cluster: Access, namespace: str) -> None:
    """The controller manager gives a new namespace its ServiceAccount and its bundle of authorities."""
    admin = cluster.client()
    bundle = f"/api/v1/namespaces/{namespace}/configmaps/kube-root-ca.crt"
    eventually(lambda: admin.answers(bundle), "the bundle of authorities is there")

    assert admin.get(f"/api/v1/namespaces/{namespace}/serviceaccounts/default")["metadata"]["name"] == "default"
    assert admin.get(bundle)["data"]["ca.crt"] == cluster.authority.credential.certificate.decode()


def test_controllers_delete_a_namespace(cluster: Access, namespace: str) -> None:
    """The controller manager empties and removes a namespace that was deleted, in etcd too."""
    admin = cluster.client()
    doomed = f"{namespace}-doomed"
    admin.create("/api/v1/namespaces", {"metadata": {"name": doomed}})
    admin.create(f"/api/v1/namespaces/{doomed}/secrets", {"metadata": {"name": "in-it"}})

    admin.delete(f"/api/v1/namespaces/{doomed}")

    eventually(lambda: admin.request("GET", f"/api/v1/namespaces/{doomed}")[0] == 404, "the namespace is gone")
    assert cluster.store.get(f"/registry/secrets/{doomed}/in-it") is None


def test_apply_is_server_side(cluster: Access, namespace: str) -> None:
    """An object that is applied is owned by the named manager, field by field."""
    path = f"/api/v1/namespaces/{namespace}/configmaps/applied"
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied"}, "data": {"key": "value"}}

    applied = cluster.client().apply(path, body, manager="me")

    owners = [(each["manager"], each["operation"]) for each in applied["metadata"]["managedFields"]]
    assert owners == [("me", "Apply")]


def test_kubeconfig(cluster: Access, namespace: str, program: Callable[[str], Path]) -> None:
    """A kubeconfig makes kubectl the user that it names, in the namespace that it names; nobody else may read it."""
    kubeconfig = cluster.kubeconfig("jane", ["readers", "writers"], namespace=namespace)
    whoami = piped(b"", program("kubectl"), f"--kubeconfig={kubeconfig}", "auth", "whoami", "--output=json")

    said = json.loads(whoami)["status"]["userInfo"]

    assert said["username"] == "jane"
    assert set(said["groups"]) == {"readers", "writers", "system:authenticated"}
    assert json.loads(kubeconfig.read_text())["contexts"][0]["context"]["namespace"] == namespace
    assert kubeconfig.stat().st_mode & 0o077 == 0


def test_users_with_one_name_and_other_groups(cluster: Access) -> None:
    """The same name with other groups is another identity: nothing is kept of the first."""
    plain, powerful = cluster.client("sam"), cluster.client("sam", ["system:masters"])

    assert plain.request("GET", "/api/v1/secrets")[0] == 403
    assert powerful.request("GET", "/api/v1/secrets?limit=1")[0] == 200


def test_kubeseal(program: Callable[[str], Path], tmp_path: Path) -> None:
    """Sealing with kubeseal needs a certificate and no cluster, and its key opens what was sealed."""
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    credential = sealing_credential()
    certificate.write_bytes(credential.certificate)
    key.write_bytes(credential.key)
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "n"}, "data": {"a": "Yg=="}}
    kubeseal = program("kubeseal")

    sealed = piped(json.dumps(secret).encode(), kubeseal, "--cert", certificate)
    opened = piped(sealed, kubeseal, "--recovery-unseal", "--recovery-private-key", key)

    assert json.loads(sealed)["kind"] == "SealedSecret"
    assert b"Yg==" not in sealed
    assert json.loads(opened)["data"] == {"a": "Yg=="}


def piped(given: bytes, *command: str | Path) -> bytes:
    """What the command makes of its standard input."""
    return subprocess.run(command, input=given, capture_output=True, check=True).stdout


def sealing_credential() -> Credential:
    """A self-signed RSA certificate, as the Sealed Secrets controller makes its own."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    private = key.private_bytes(encoding, form, serialization.NoEncryption())
    return Credential(certificate.public_bytes(encoding), private)

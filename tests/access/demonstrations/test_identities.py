"""Ways to become somebody else, or to be given more."""

from __future__ import annotations

import base64
import http.client
import ssl
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.access.demonstrations.stage import Attempt, Stage, demonstrate, is_refused, reads
from tests.support.controlplane.access import Client, RefusedError, eventually
from tests.support.controlplane.pki import private_pem

RBAC = "/apis/rbac.authorization.k8s.io/v1"
REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
JSON_PATCH = {"Content-Type": "application/json-patch+json"}
ADMIN = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
READER = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}


def _as(stage: Stage, user: str, *groups: str) -> str:
    token = stage.account(stage.outside, "attacker").headers["Authorization"].removeprefix("Bearer ")
    headers = {"Impersonate_User": user, **({"Impersonate_Group": groups[0]} if groups else {})}
    return stage.jewel(stage.bearing(token, **headers))


def _impersonate_user(stage: Stage) -> str:
    return _as(stage, "system:kube-controller-manager")


def _impersonate_group(stage: Stage) -> str:
    return _as(stage, "alice", "system:masters")


def _impersonate_account(stage: Stage) -> str:
    return _as(stage, f"system:serviceaccount:{stage.vault}:deployer")


def _escalate(stage: Stage) -> str:
    path = f"{RBAC}/namespaces/{stage.vault}/roles/{stage.own('attack')}"
    change = [{"op": "add", "path": "/rules/-", "value": READER}]
    stage.attacker().call("PATCH", path, change, JSON_PATCH)
    return _soon(stage)


def _bind(stage: Stage) -> str:
    body = {
        "metadata": {"generateName": "mine-"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "admin"},
        "subjects": [{"kind": "ServiceAccount", "name": "attacker", "namespace": stage.outside}],
    }
    binding = stage.attacker().create(f"{RBAC}/namespaces/{stage.vault}/rolebindings", body)
    found = _soon(stage)
    stage.admin.delete(f"{RBAC}/namespaces/{stage.vault}/rolebindings/{binding['metadata']['name']}")
    return found


def _aggregate(stage: Stage) -> str:
    name = f"{stage.own('attack')}-{uuid.uuid4().hex[:6]}"
    labels = {f"example.com/aggregate-to-{stage.own('attack')}-view": "true"}
    stage.attacker().create(f"{RBAC}/clusterroles", {"metadata": {"name": name, "labels": labels}, "rules": [READER]})
    found = _soon(stage)
    stage.admin.delete(f"{RBAC}/clusterroles/{name}")
    return found


def _soon(stage: Stage) -> str:
    """Read the Secret as the attacker, as soon as the API server has seen his new right."""
    found: list[str] = []

    def read() -> bool:
        try:
            found.append(stage.jewel(stage.attacker()))
        except RefusedError:
            return False
        return True

    eventually(read, "the new right counts")
    return found[0]


def _approve(stage: Stage) -> str:
    key, pem = _request("system:kube-controller-manager")
    name = f"{stage.own('attack')}-{uuid.uuid4().hex[:6]}"
    attacker = stage.attacker()
    spec = {"signerName": "kubernetes.io/kube-apiserver-client", "usages": ["client auth"], "request": _encoded(pem)}
    made = attacker.create(REQUESTS, {"metadata": {"name": name}, "spec": spec})
    try:
        return stage.jewel(_client(stage, key, _signed(attacker, made)))
    finally:
        stage.admin.delete(f"{REQUESTS}/{name}")


def _signed(attacker: Client, made: dict[str, Any]) -> bytes:
    """Approve a request of one's own, and return the certificate that the control plane makes."""
    made["status"] = {
        "conditions": [{"type": "Approved", "status": "True", "reason": "Mine", "message": "", "lastUpdateTime": None}]
    }
    made["metadata"] = {"name": made["metadata"]["name"]}
    path = f"{REQUESTS}/{made['metadata']['name']}/approval"
    certificates: list[str] = []

    def approve() -> bool:
        # Each answer shows the request as it is: the right to read requests is not needed.
        certificates.append(attacker.call("PUT", path, made)["status"].get("certificate", ""))
        return bool(certificates[-1])

    eventually(approve, "it is signed")
    return base64.b64decode(certificates[-1])


def _request(user: str) -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, user)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return private_pem(key), request.public_bytes(serialization.Encoding.PEM)


def _client(stage: Stage, key: bytes, certificate: bytes) -> Client:
    folder = Path(stage.cluster.directory) / uuid.uuid4().hex
    folder.mkdir(mode=0o700, parents=True)
    (folder / "tls.crt").write_bytes(certificate)
    (folder / "tls.key").write_bytes(key)
    tls = ssl.create_default_context(cadata=stage.cluster.authority.credential.certificate.decode())
    tls.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    return Client(stage.cluster.url, tls)


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _directly(stage: Stage) -> str:
    return stage.jewel(stage.attacker())


ATTEMPTS: dict[str, Attempt] = {
    "impersonate-users": _impersonate_user,
    "impersonate-groups": _impersonate_group,
    "impersonate-service-accounts": _impersonate_account,
    "impersonate-constrained": _impersonate_account,
    "escalate": _escalate,
    "bind": _bind,
    "aggregated-roles": _aggregate,
    "csr-approve": _approve,
    "every-right": _directly,
    "system-masters": _directly,
}


@pytest.mark.parametrize("way", ATTEMPTS)
def test_way(way: str, stage: Callable[[str], Stage]) -> None:
    """The attacker reads the planted value by this way, and is refused once it is closed."""
    demonstrate(stage(way), ATTEMPTS[way])


def _granted(scene: Stage, *rules: dict[str, Any]) -> None:
    """Give the attacker a Role of his own in the vault, called ``granted``."""
    base = f"{RBAC}/namespaces/{scene.vault}"
    scene.admin.create(f"{base}/roles", {"metadata": {"name": "granted"}, "rules": list(rules)})
    scene.admin.create(f"{base}/rolebindings", _binding(scene, "granted"))


def _binding(scene: Stage, role: str, kind: str = "Role") -> dict[str, Any]:
    return {
        "metadata": {"name": role},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": "attacker", "namespace": scene.outside}],
    }


def _rbac_rule(resources: list[str], verbs: list[str]) -> dict[str, Any]:
    return {"apiGroups": ["rbac.authorization.k8s.io"], "resources": resources, "verbs": verbs}


def test_escalate_needs_no_role_of_his_own(stage: Callable[[str], Stage]) -> None:
    """With ``escalate``, who may create roles and bindings binds himself to an empty role and fills it then."""
    scene = stage("escalate")
    scene.put("fixed")
    _granted(scene, _rbac_rule(["roles"], ["create", "patch", "escalate"]), _rbac_rule(["rolebindings"], ["create"]))
    base = f"{RBAC}/namespaces/{scene.vault}"
    attacker = scene.attacker()

    def empty(name: str) -> dict[str, Any]:
        return {"metadata": {"name": name}, "rules": []}

    created = http.client.CREATED
    eventually(lambda: attacker.request("POST", f"{base}/roles", empty("mine"))[0] == created, "a role is made")
    eventually(lambda: attacker.request("POST", f"{base}/rolebindings", _binding(scene, "mine"))[0] == created, "bound")
    change = [{"op": "add", "path": "/rules", "value": [READER]}]
    attacker.call("PATCH", f"{base}/roles/mine", change, JSON_PATCH)

    eventually(lambda: reads(scene, _directly), "the role is filled")


def test_writing_roles_and_bindings_alone_gives_nothing(stage: Callable[[str], Stage]) -> None:
    """Without ``escalate`` and ``bind``, a role or binding that gives more than its writer has is refused."""
    scene = stage("escalate")
    scene.put("fixed")
    _granted(scene, _rbac_rule(["roles", "rolebindings"], ["create", "update", "patch"]))
    base = f"{RBAC}/namespaces/{scene.vault}"
    attacker = scene.attacker()
    mine = {"metadata": {"name": "mine"}, "rules": []}
    eventually(lambda: attacker.request("POST", f"{base}/roles", mine)[0] == http.client.CREATED, "a role is made")
    binding = _binding(scene, "granted")
    change = [{"op": "add", "path": "/rules", "value": [READER]}]

    assert attacker.request("POST", f"{base}/roles", {"metadata": {"name": "more"}, "rules": [ADMIN]})[0] == 403
    assert attacker.request("PATCH", f"{base}/roles/mine", change, JSON_PATCH)[0] == 403
    assert attacker.request("POST", f"{base}/rolebindings", _binding(scene, "admin", "ClusterRole"))[0] == 403
    assert attacker.request("PUT", f"{base}/rolebindings/granted", binding)[0] == http.client.OK


def test_updating_a_binding_needs_the_role_or_bind(stage: Callable[[str], Stage]) -> None:
    """Who may update a binding adds himself to it only where he may ``bind`` its role, or has what it gives."""
    scene = stage("bind")
    scene.put("fixed")
    base = f"{RBAC}/namespaces/{scene.vault}"
    others = _binding(scene, "edit", "ClusterRole")
    others["subjects"] = [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "alice"}]
    scene.admin.create(f"{base}/rolebindings", others)
    update = _rbac_rule(["rolebindings"], ["patch"])
    _granted(scene, update)
    subject = {"kind": "ServiceAccount", "name": "attacker", "namespace": scene.outside}
    change = [{"op": "add", "path": "/subjects/-", "value": subject}]
    attacker = scene.attacker()

    def patch() -> str:
        return attacker.request("PATCH", f"{base}/rolebindings/edit", change, JSON_PATCH)[1].decode()

    eventually(lambda: "attempting to grant RBAC permissions not currently held" in patch(), "it may patch bindings")
    bind = {**_rbac_rule(["clusterroles"], ["bind"]), "resourceNames": ["edit"]}
    scene.admin.apply(
        f"{base}/roles/granted",
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": {"name": "granted"},
            "rules": [update, bind],
        },
    )
    eventually(lambda: '"kind":"RoleBinding"' in patch(), "it may bind the role")

    eventually(lambda: reads(scene, _directly), "he is in the binding")


def test_a_label_on_a_role_needs_what_the_role_gives(stage: Callable[[str], Stage]) -> None:
    """Without ``escalate``, nobody labels a ClusterRole that allows more than he may, so as to aggregate it."""
    scene = stage("aggregated-roles")
    scene.put("fixed")
    name = scene.own("attack")
    rules = [_rbac_rule(["clusterroles"], ["create", "patch"])]
    scene.admin.apply(
        f"{RBAC}/clusterroles/{name}",
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": name},
            "rules": rules,
        },
    )
    attacker = scene.attacker()
    change = {"metadata": {"labels": {f"example.com/aggregate-to-{name}-view": "true"}}}
    merge = {"Content-Type": "application/merge-patch+json"}
    path = f"{RBAC}/clusterroles/"

    eventually(lambda: attacker.request("PATCH", f"{path}{name}?dryRun=All", change, merge)[0] == 200, "his own")
    assert attacker.request("PATCH", f"{path}system:node?dryRun=All", change, merge)[0] == 403


def test_groups_alone_are_nobody(stage: Callable[[str], Stage]) -> None:
    """Who may impersonate groups and nobody in them cannot: a request that names groups needs a user."""
    scene = stage("impersonate-groups")
    scene.put("fixed")
    rules = [{"apiGroups": [""], "resources": ["groups"], "verbs": ["impersonate"]}]
    scene.admin.apply(
        f"{RBAC}/clusterroles/{scene.own('attack')}",
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": scene.own("attack")},
            "rules": rules,
        },
    )
    eventually(lambda: is_refused(scene, lambda at: _as(at, "alice", "auditors")), "alice is nobody's any more")

    assert is_refused(scene, _impersonate_group)


def test_masters_get_no_certificate(stage: Callable[[str], Stage]) -> None:
    """The API server refuses a request for a client certificate with the organisation ``system:masters``."""
    scene = stage("csr-approve")
    scene.put("setup")
    key = ec.generate_private_key(ec.SECP256R1())
    name = [(NameOID.ORGANIZATION_NAME, "system:masters"), (NameOID.COMMON_NAME, "anybody")]
    subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in name])
    pem = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    spec = {
        "signerName": "kubernetes.io/kube-apiserver-client",
        "usages": ["client auth"],
        "request": _encoded(pem.public_bytes(serialization.Encoding.PEM)),
    }
    body = {"metadata": {"name": f"{scene.own('attack')}-masters"}, "spec": spec}

    status, said = scene.admin.request("POST", REQUESTS, body)

    assert status == 403
    assert b"system:masters" in said

"""Ways by credentials and copies that lie in objects."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
from collections.abc import Callable

import pytest
import yaml
from tests.access.demonstrations.certificate import REQUESTS, holding, node_request
from tests.access.demonstrations.stage import Attempt, Stage, demonstrate
from tests.support.controlplane.access import Client, RefusedError, eventually

TOKEN_SECRET = "deployer-token"
BOOTSTRAP = "/api/v1/namespaces/kube-system/secrets/bootstrap-token-07401b"


def _data(client: Client, path: str) -> dict[str, str]:
    found: dict[str, str] = client.get(path).get("data", {})
    return found


def _values(client: Client, path: str) -> dict[str, str]:
    return {key: base64.b64decode(value).decode() for key, value in _data(client, path).items()}


def _of_vault(stage: Stage, rest: str) -> str:
    return f"/api/v1/namespaces/{stage.vault}/{rest}"


def _recreate(stage: Stage) -> str:
    attacker = stage.attacker()
    status, _ = attacker.request("POST", _of_vault(stage, "serviceaccounts"), {"metadata": {"name": "old-operator"}})
    assert status in (http.client.CREATED, http.client.CONFLICT, http.client.FORBIDDEN)
    path = _of_vault(stage, "serviceaccounts/old-operator/token")
    return stage.jewel(stage.bearing(attacker.create(path, {"spec": {}})["status"]["token"]))


def _long_lived(stage: Stage) -> str:
    token = _values(stage.attacker(), _of_vault(stage, f"secrets/{TOKEN_SECRET}")).get("token", "")
    return stage.jewel(stage.bearing(token)) if token else ""


def _join(stage: Stage) -> str:
    found = _values(stage.attacker(), BOOTSTRAP)
    return _as_node(stage, stage.bearing(f"{found['token-id']}.{found['token-secret']}"))


def _as_node(stage: Stage, asker: Client) -> str:
    key, spec = node_request(stage.node)
    made = asker.create(REQUESTS, {"metadata": {"generateName": f"{stage.own('attack')}-"}, "spec": spec})
    path = f"{REQUESTS}/{made['metadata']['name']}"
    certificates: list[str] = []

    def signed() -> bool:
        certificates.append(asker.get(path)["status"].get("certificate", ""))
        return bool(certificates[-1])

    try:
        eventually(signed, "it is approved and signed")
        return stage.jewel(holding(stage, key, base64.b64decode(certificates[-1])))
    finally:
        stage.admin.delete(path)


def _release(stage: Stage) -> str:
    value = _values(stage.attacker(), _of_vault(stage, "secrets/sh.helm.release.v1.shop.v1"))["release"]
    return gzip.decompress(base64.b64decode(value)).decode()


def _release_in_config_map(stage: Stage) -> str:
    value = _data(stage.attacker(), _of_vault(stage, "configmaps/sh.helm.release.v1.shop.v1"))["release"]
    return gzip.decompress(base64.b64decode(value)).decode()


def _copy(stage: Stage) -> str:
    return json.dumps(stage.attacker().get(f"/apis/apps/v1/namespaces/{stage.vault}/deployments/web"))


ATTEMPTS: dict[str, Attempt] = {
    "account-recreate": _recreate,
    "service-account-token": _long_lived,
    "bootstrap-token": _join,
    "helm-release": _release,
    "config-maps-get": _release_in_config_map,
    "value-copy": _copy,
}


@pytest.mark.parametrize("way", ATTEMPTS)
def test_way(way: str, stage: Callable[[str], Stage]) -> None:
    """The attacker reads the planted value by this way, and is refused once it is closed."""
    demonstrate(stage(way), ATTEMPTS[way])


def test_kubeconfig(stage: Callable[[str], Stage]) -> None:
    """Who reads a kubeconfig from a Secret reads what its user may."""
    scene = stage("kubeconfig-secret")
    scene.put("setup")
    config = scene.cluster.kubeconfig("deployer").read_text()
    change = {"stringData": {"kubeconfig": config}}
    path = _of_vault(scene, "secrets/ci-kubeconfig")
    scene.admin.call("PATCH", path, change, {"Content-Type": "application/merge-patch+json"})

    def attempt(at: Stage) -> str:
        found = yaml.safe_load(_values(at.attacker(), path)["kubeconfig"])["users"][0]["user"]
        key, certificate = (base64.b64decode(found[f"client-{part}-data"]) for part in ("key", "certificate"))
        return at.jewel(holding(at, key, certificate))

    demonstrate(scene, attempt)


def test_machines_are_approved_by_themselves(stage: Callable[[str], Stage]) -> None:
    """With the right to be approved as a machine, a request is; without, it is not when a later one already is."""
    scene = stage("csr-auto-approve")
    scene.put("setup")
    for resource in ("certificatesigningrequests", "certificatesigningrequests/nodeclient"):
        _reviewed(scene, resource, allowed=True)
    assert scene.planted in base64.b64decode(json.loads(_as_node(scene, scene.attacker()))["data"]["password"]).decode()

    scene.put("fixed")
    _reviewed(scene, "certificatesigningrequests/nodeclient", allowed=False)
    attacker = scene.attacker()
    _, spec = node_request(scene.node)
    made = attacker.create(REQUESTS, {"metadata": {"generateName": f"{scene.own('attack')}-"}, "spec": spec})
    _as_node(scene, scene.admin)

    mine = attacker.get(f"{REQUESTS}/{made['metadata']['name']}")
    scene.admin.delete(f"{REQUESTS}/{made['metadata']['name']}")
    assert mine["status"] == {}


def _reviewed(scene: Stage, resource: str, *, allowed: bool) -> None:
    """Wait until the authorizer says of the attacker what the example means."""
    plural, _, part = resource.partition("/")
    asked = {"group": "certificates.k8s.io", "resource": plural, "subresource": part, "verb": "create"}
    body = {"spec": {"user": f"system:serviceaccount:{scene.outside}:attacker", "resourceAttributes": asked}}
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    eventually(lambda: scene.admin.create(path, body)["status"]["allowed"] is allowed, f"{resource}: {allowed}")


def test_a_missing_account_cannot_be_had_without_making_it(stage: Callable[[str], Stage]) -> None:
    """A token of a ServiceAccount that does not exist is not given, whoever may ask for one."""
    scene = stage("account-recreate")
    scene.put("setup")

    with pytest.raises(RefusedError) as refused:
        scene.admin.create(_of_vault(scene, "serviceaccounts/old-operator/token"), {"spec": {}})

    assert refused.value.status == http.client.NOT_FOUND

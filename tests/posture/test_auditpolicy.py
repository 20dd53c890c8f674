"""Audit policies, against real API servers that were started with them."""

from __future__ import annotations

import base64
import json
import random
import secrets
import uuid
from pathlib import Path
from typing import Any

import pytest
from tests.posture.given import facts_of
from tests.support.controlplane.access import Access, RefusedError
from tests.support.controlplane.apiserver import Options
from tests.support.controlplane.fixtures import StartCluster

from strongroom.model.controlplane import AuditLevel, AuditPolicy
from strongroom.posture.auditpolicy import Asked, Request, decide, groups_of, requests_for
from strongroom.posture.checks.audit_logs_secret_bodies import CHECK as LOGS_BODIES

USERS = (
    "alice",
    "system:serviceaccount:shop:api",
    "system:serviceaccount:kube-system:job",
    "system:node:worker-1",
    "bob",
)
GROUPS = ("team-a", "system:authenticated", "system:nodes", "system:serviceaccounts", "system:serviceaccounts:shop")
NAMESPACES = ("shop", "default", "")
RESOURCES = (
    "secrets",
    "configmaps",
    "pods",
    "pods/log",
    "pods/*",
    "*/log",
    "*",
    "serviceaccounts",
    "serviceaccounts/token",
)
VERBS = ("get", "list", "watch", "create", "update", "patch", "delete")


def _some(choose: random.Random, values: tuple[str, ...], chance: float) -> list[str]:
    return choose.sample(values, choose.randint(1, 2)) if choose.random() < chance else []


def _policy(choose: random.Random) -> dict[str, Any]:
    rules = []
    for _ in range(choose.randint(4, 9)):
        rule: dict[str, Any] = {"level": choose.choice(["None", "Metadata", "Request", "RequestResponse"])}
        for name, values, chance in (
            ("users", USERS, 0.3),
            ("userGroups", GROUPS, 0.3),
            ("verbs", VERBS, 0.5),
            ("namespaces", NAMESPACES, 0.3),
        ):
            if picked := _some(choose, values, chance):
                rule[name] = picked
        if choose.random() < 0.8:
            entry: dict[str, Any] = {"group": choose.choice(["", "", "apps", "*"])}
            if picked := _some(choose, RESOURCES, 0.8):
                entry["resources"] = picked
                if choose.random() < 0.2:
                    entry["resourceNames"] = ["one", "two"]
            rule["resources"] = [entry]
        elif "namespaces" not in rule and choose.random() < 0.3:
            rule["nonResourceURLs"] = ["/healthz*"]
        if choose.random() < 0.2:
            rule["omitStages"] = choose.sample(["RequestReceived", "ResponseComplete", "ResponseStarted"], 2)
        rules.append(rule)
    body = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": rules}
    if choose.random() < 0.5:
        body["omitStages"] = ["RequestReceived"]
    return body


def _read(body: dict[str, Any]) -> AuditPolicy:
    (policy,) = facts_of(body).control_plane.policies
    return policy


def _request(choose: random.Random) -> Request:
    user = choose.choice(USERS)
    groups = tuple(dict.fromkeys((*groups_of(user), *choose.sample(("team-a", "team-b"), choose.randint(0, 1)))))
    group, resource, subresource = choose.choice(
        [
            ("", "secrets", ""),
            ("", "configmaps", ""),
            ("", "pods", ""),
            ("", "pods", "log"),
            ("apps", "deployments", ""),
        ]
    )
    verb = "get" if subresource else choose.choice(VERBS)
    all_of_them = verb in ("list", "watch", "create")
    namespace = choose.choice(("shop", "default") if not all_of_them or verb == "create" else NAMESPACES)
    name = "" if all_of_them else choose.choice(("one", "two", "three"))
    return Request(user, groups, verb, namespace, group, resource, subresource, name)


def _send(access: Access, request: Request, audit_id: str) -> None:
    client = access.client(request.user, request.groups)
    path = "/apis/apps/v1" if request.group else "/api/v1"
    path += f"/namespaces/{request.namespace}" if request.namespace else ""
    path += "/" + "/".join(part for part in (request.resource, request.name, request.subresource) if part)
    path += "?watch=true&timeoutSeconds=1" if request.verb == "watch" else ""
    method = {"create": "POST", "update": "PUT", "patch": "PATCH", "delete": "DELETE"}.get(request.verb, "GET")
    client.request(method, path, {} if method in ("POST", "PUT", "PATCH") else None, {"Audit-ID": audit_id})


def _events(log: Path) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for line in log.read_text("utf-8").splitlines() if log.exists() else []:
        event = json.loads(line)
        found.setdefault(event["auditID"], []).append(event)
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_decisions_are_the_servers(start_cluster: StartCluster, tmp_path: Path, seed: int) -> None:
    """Random requests under random policies are logged at the level, and with the trace, that the API server gives them."""
    choose = random.Random(seed)  # noqa: S311 - the same requests each time
    path = tmp_path / "policy.json"
    body = _policy(choose)
    path.write_text(json.dumps(body))
    cluster = start_cluster(Options(audit_policy=path))
    (server,) = cluster.api_servers
    checked = 0
    for turn in range(3):
        if turn:
            body = _policy(choose)
            path.write_text(json.dumps(body))
            server.restart()
        policy = _read(body)
        sent = {str(uuid.uuid4()): _request(choose) for _ in range(60)}
        for audit_id, request in sent.items():
            _send(cluster.access, request, audit_id)
        events = _events(server.audit_log)
        for audit_id, request in sent.items():
            decision = decide(policy, request)
            seen = {event["level"] for event in events.get(audit_id, [])}
            # A log is followed like a watch: its answer has a start of its own.
            expected = decision.leaves_trace("watch" if request.subresource == "log" else request.verb)
            assert seen == ({decision.level.label} if expected else set()), (body, request)
            checked += 1
    assert checked == 180


def test_which_bodies_hold_values(start_cluster: StartCluster, tmp_path: Path) -> None:
    """What the check says of each verb and level is what a real audit log holds, and no more."""
    leaked = {level: _leaks(start_cluster, tmp_path, level) for level in ("Request", "RequestResponse")}

    assert leaked["Request"] == {"create", "update", "patch", "review"}
    assert leaked["RequestResponse"] >= {"create", "update", "patch", "review", "get", "list", "token"}
    assert "watch" not in leaked["RequestResponse"]
    for level, verbs in leaked.items():
        assert _said(level) == verbs & {"create", "update", "patch", "get", "list", "review", "token"}


def _said(level: str) -> set[str]:
    """Return what the check says of a policy that logs everything at a level, in the words of this test."""
    facts = facts_of({"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [{"level": level}]})
    (hit,) = LOGS_BODIES.examine(facts.control_plane.policies[0], facts)
    said: set[str] = set()
    for part in hit.message.partition("bodies of ")[2].split("; "):
        what, _, verbs = part.partition(" on ")
        named = {"Secrets": None, "ServiceAccount tokens": "token", "token reviews": "review", "ConfigMaps": None}[what]
        said |= {named} if named else set(verbs.split(", "))
    return said


def _leaks(start_cluster: StartCluster, tmp_path: Path, level: str) -> set[str]:
    path = tmp_path / f"{level}.json"
    path.write_text(json.dumps({"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [{"level": level}]}))
    cluster = start_cluster(Options(audit_policy=path), controllers=True)
    (server,) = cluster.api_servers
    admin = cluster.access.client()
    folder = "/api/v1/namespaces/default/secrets"
    value = secrets.token_hex(16)
    data = {"metadata": {"name": "s"}, "data": {"p": base64.b64encode(value.encode()).decode()}}
    ids: dict[str, str] = {}

    def call(what: str, method: str, path: str, body: object = None, content: str = "application/json") -> Any:
        ids[what] = str(uuid.uuid4())
        try:
            return admin.call(method, path, body, {"Audit-ID": ids[what], "Content-Type": content})
        except RefusedError:
            return None

    call("create", "POST", folder, data)
    call("get", "GET", f"{folder}/s")
    call("list", "GET", folder)
    call("watch", "GET", f"{folder}?watch=true&timeoutSeconds=1")
    call("update", "PUT", f"{folder}/s", data)
    call("patch", "PATCH", f"{folder}/s", data, "application/merge-patch+json")
    call("delete", "DELETE", f"{folder}/s")
    account = "/api/v1/namespaces/default/serviceaccounts/default/token"
    token = call(
        "token", "POST", account, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    )
    presented = token["status"]["token"]
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": presented}}
    call("review", "POST", "/apis/authentication.k8s.io/v1/tokenreviews", review)
    events = _events(server.audit_log)
    needles = (value, base64.b64encode(value.encode()).decode(), presented)
    return {what for what, id_ in ids.items() if any(n in json.dumps(events.get(id_, [])) for n in needles)}


def test_a_rule_that_is_never_reached() -> None:
    """Requests that an earlier rule takes are not tried for a later one; those that it leaves are."""
    body = {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "rules": [
            {"level": "Metadata", "resources": [{"group": "", "resources": ["secrets"]}], "verbs": ["get", "list"]},
            {"level": "RequestResponse"},
        ],
    }
    policy = _read(body)
    reads = list(requests_for(policy, policy.rules[1], Asked("", "secrets", ("get", "list"))))
    writes = list(requests_for(policy, policy.rules[1], Asked("", "secrets", ("get", "create"))))

    assert reads == []
    assert {request.verb for request in writes} == {"create"}
    assert all(decide(policy, request).level is AuditLevel.REQUEST_RESPONSE for request in writes)

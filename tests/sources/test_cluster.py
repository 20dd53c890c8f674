"""What is read of a running cluster, and what is never asked for."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.kube.front import Answer, Seen, front, kubeconfig, secret, status
from tests.sources.custom_resources import define
from tests.support.controlplane.access import Access, Client, eventually
from tests.support.controlplane.fixtures import StartCluster

from strongroom.errors import AnswerError, UnreachableError, UsageError
from strongroom.model.plaintext import Plaintext
from strongroom.model.resource import Resource
from strongroom.model.secret import Seen as SeenValue
from strongroom.model.skipped import Reason
from strongroom.sources.cluster_options import ClusterOptions
from strongroom.sources.collect import Options, collect
from strongroom.sources.reading import Reading

COPY = "kubectl.kubernetes.io/last-applied-configuration"
VALUE = "hunter2-Kq8vTz3mWx"


def read(config: Path, *namespaces: str, **options: Any) -> Reading:
    """Read a cluster, without recognition."""
    chosen = ClusterOptions(str(config), namespaces, **options)
    return collect(("cluster",), Options(cluster=chosen))


def one(reading: Reading, kind: str, name: str) -> Resource:
    """Return the object of a kind and name; there must be exactly one."""
    found = [resource for resource in reading.resources if (resource.kind, resource.name) == (kind, name)]
    assert len(found) == 1
    return found[0]


def applied(namespace: str, name: str, values: Mapping[str, str]) -> dict[str, str]:
    """Return the annotation that ``kubectl apply`` leaves."""
    copy = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"annotations": {}, "name": name, "namespace": namespace},
        "stringData": dict(values),
    }
    return {COPY: json.dumps(copy)}


def everything(reading: Reading) -> str:
    """Return all text that a reading holds, wherever it is."""
    objects = [(r.body, r.annotations, r.labels) for r in reading.resources]
    return repr((objects, reading.notes, reading.skipped, reading.pods))


def deployment(name: str, **spec: Any) -> dict[str, Any]:
    """Return a Deployment with one container."""
    container = {"name": "app", "image": "registry.example.org/app:1", **spec}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    return {"metadata": {"name": name}, "spec": {"selector": {"matchLabels": {"app": name}}, "template": template}}


def runs(client: Client, namespace: str, pod: str, since: str) -> None:
    """Say what a kubelet would: that the container of a pod runs."""
    container = {"name": "app", "image": "x:1", "imageID": "", "ready": True, "restartCount": 0}
    state = {"running": {"startedAt": since}}
    body = {"status": {"phase": "Running", "containerStatuses": [{**container, "state": state}]}}
    path = f"/api/v1/namespaces/{namespace}/pods/{pod}/status"
    client.call("PATCH", path, body, {"Content-Type": "application/merge-patch+json"})


def test_secrets_are_read_without_their_values(cluster: Access, namespace: str) -> None:
    """Type, names of keys, time of creation and last change of a Secret are known; its values are not."""
    secret(cluster.client(), namespace, "db", {"password": VALUE, "user": "app"}, labels={"team": "shop"})

    reading = read(cluster.kubeconfig(), namespace)
    found = one(reading, "Secret", "db")

    assert found.body["type"] == "Opaque"
    assert found.body["data"] == {"password": SeenValue(), "user": SeenValue()}
    assert found.whole
    assert found.labels == {"team": "shop"}
    assert found.get("metadata", "creationTimestamp")
    assert found.get("metadata", "managedFields", 0, "time")
    assert found.origin.source == "cluster:test"
    assert found.origin.show() == f"cluster:test Secret {namespace}/db"
    assert VALUE not in everything(reading)
    assert base64.b64encode(VALUE.encode()).decode() not in everything(reading)


def test_the_data_of_secrets_is_never_asked_for(cluster: Access, namespace: str, tmp_path: Path) -> None:
    """Every request for Secrets asks for a table, which has no values; no single Secret is ever asked for."""
    secret(cluster.client(), namespace, "db", {"password": VALUE})
    answers: list[bytes] = []

    def watch(seen: Seen, _before: int) -> Answer:
        code, body = cluster.client().request("GET", seen.path, headers={"Accept": seen.accept})
        if "/secrets" in seen.path:
            answers.append(body)
        return Answer(code, body)

    with front(None, watch) as server:
        config = kubeconfig(tmp_path, server.url)
        read(config, namespace)
        read(config, namespace, metadata=False)
        asked = [seen for seen in server.seen if "/secrets" in seen.path]

    assert len(asked) == 2
    assert all("as=Table" in seen.accept and "," not in seen.accept for seen in asked)
    assert "includeObject=Metadata" in asked[0].path
    assert "includeObject=None" in asked[1].path
    assert not any(base64.b64encode(VALUE.encode()) in body for body in answers)


def test_the_copy_that_apply_leaves_is_dropped_and_remembered(cluster: Access, namespace: str) -> None:
    """The annotation with a Secret's values is emptied while decoding; that of a copy without values is forgotten."""
    client = cluster.client()
    secret(
        client, namespace, "copied", {"password": VALUE}, annotations=applied(namespace, "copied", {"password": VALUE})
    )
    secret(client, namespace, "empty", {}, annotations=applied(namespace, "empty", {}) | {"a": "b"})
    secret(client, namespace, "odd", {}, annotations={COPY: f"not json {VALUE}"})

    reading = read(cluster.kubeconfig(), namespace)

    assert one(reading, "Secret", "copied").annotations == {COPY: ""}
    assert one(reading, "Secret", "empty").annotations == {"a": "b"}
    assert one(reading, "Secret", "odd").annotations == {COPY: ""}
    assert VALUE not in everything(reading)


def test_without_metadata(cluster: Access, namespace: str) -> None:
    """With ``--no-metadata`` only name, type, number of keys and age are known, and no metadata is transferred."""
    secret(cluster.client(), namespace, "db", {"password": VALUE}, labels={"team": "shop"})

    found = one(read(cluster.kubeconfig(), namespace, metadata=False), "Secret", "db")

    assert found.namespace == namespace
    assert found.labels == {}
    assert found.body["type"] == "Opaque"
    assert found.body["data"] == {}
    assert not found.whole
    assert found.get("metadata", "creationTimestamp")


def test_without_metadata_every_namespace_is_asked(start_cluster: StartCluster) -> None:
    """Rows without metadata do not say their namespace, so that each namespace is asked for its own."""
    access = start_cluster().access
    for name in ("one", "two"):
        access.client().create("/api/v1/namespaces", {"metadata": {"name": name}})
        secret(access.client(), name, "db", {"password": VALUE})

    reading = read(access.kubeconfig(), metadata=False)

    assert sorted(r.namespace for r in reading.resources if r.kind == "Secret") == ["one", "two"]


def test_with_values(cluster: Access, namespace: str) -> None:
    """With ``--values`` the values are read, and are `Plaintext` before anything else sees them."""
    secret(cluster.client(), namespace, "db", {"password": VALUE})

    reading = read(cluster.kubeconfig(), namespace, values=True)
    found = one(reading, "Secret", "db")

    assert found.body["data"]["password"] == Plaintext(VALUE)
    assert VALUE not in everything(reading)


def test_values_without_metadata_are_refused(cluster: Access) -> None:
    """``--values`` and ``--no-metadata`` contradict each other."""
    with pytest.raises(UsageError):
        read(cluster.kubeconfig(), values=True, metadata=False)


def test_keys_that_managed_fields_do_not_name(cluster: Access, namespace: str) -> None:
    """Where the API server no longer knows who owns the data, the number of keys is known, and not their names."""
    client = cluster.client()
    secret(client, namespace, "db", {"password": VALUE})
    patch: dict[str, Any] = {"metadata": {"managedFields": [{}]}}
    path = f"/api/v1/namespaces/{namespace}/secrets/db"
    client.call("PATCH", path, patch, {"Content-Type": "application/merge-patch+json"})

    found = one(read(cluster.kubeconfig(), namespace), "Secret", "db")

    assert found.body["data"] == {}
    assert not found.whole


def test_what_a_deployment_made_is_not_repeated(cluster: Access, namespace: str) -> None:
    """The ReplicaSets and pods of a Deployment are no objects of their own; what its containers were given is kept."""
    client = cluster.client()
    variable = {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}
    client.create(f"/apis/apps/v1/namespaces/{namespace}/deployments", deployment("api", env=[variable]))
    pods = f"/api/v1/namespaces/{namespace}/pods"
    eventually(lambda: bool(client.get(pods)["items"]), "the Deployment has a pod")
    runs(client, namespace, client.get(pods)["items"][0]["metadata"]["name"], "2026-01-02T03:04:05Z")
    bare = {"metadata": {"name": "alone"}, "spec": {"containers": [{"name": "app", "image": "x:1"}]}}
    client.create(pods, bare)

    reading = read(cluster.kubeconfig(), namespace)

    kinds = sorted((r.kind, r.name) for r in reading.resources if r.kind in ("Deployment", "ReplicaSet", "Pod"))
    assert kinds == [("Deployment", "api"), ("Pod", "alone")]
    assert [(pod.owner.kind, pod.owner.name) for pod in reading.pods if pod.owner] == [("Deployment", "api")]
    (use,) = reading.pods[0].uses
    assert (use.secret, use.container, use.started, use.kept) == ("db", "app", "2026-01-02T03:04:05Z", True)


def test_the_pods_of_a_job_of_a_cron_job(cluster: Access, namespace: str) -> None:
    """A Job that a CronJob made is not repeated either."""
    client = cluster.client()
    job = {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "app", "image": "x:1"}]}}}
    body = {"metadata": {"name": "nightly"}, "spec": {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": job}}}
    made = client.create(f"/apis/batch/v1/namespaces/{namespace}/cronjobs", body)
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly", "uid": made["metadata"]["uid"]}
    metadata = {"name": "nightly-1", "ownerReferences": [{**owner, "controller": True}]}
    client.create(f"/apis/batch/v1/namespaces/{namespace}/jobs", {"metadata": metadata, "spec": job})
    client.create(f"/apis/batch/v1/namespaces/{namespace}/jobs", {"metadata": {"name": "once"}, "spec": job})

    reading = read(cluster.kubeconfig(), namespace)

    assert sorted(r.name for r in reading.resources if r.kind in ("Job", "CronJob")) == ["nightly", "once"]


def test_custom_resources_that_matter_are_found(start_cluster: StartCluster) -> None:
    """Discovery finds the custom resources of secret tools; their status is left out, and other kinds are not read."""
    access = start_cluster().access
    client = access.client()
    define(client, "external-secrets.io", "externalsecrets", "ExternalSecret")
    define(client, "cert-manager.io", "certificates", "Certificate")
    define(client, "example.org", "widgets", "Widget")
    spec = {"secretStoreRef": {"name": "vault"}, "data": [{"secretKey": "a", "remoteRef": {"key": "b"}}]}
    body = {"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": {"name": "db"}}
    client.create(
        "/apis/external-secrets.io/v1/namespaces/default/externalsecrets", {**body, "spec": spec, "status": {"a": "b"}}
    )
    issued = {"notBefore": "2026-01-01T00:00:00Z", "notAfter": "2026-04-01T00:00:00Z", "revision": 3}
    body = {"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": "web"}}
    client.create(
        "/apis/cert-manager.io/v1/namespaces/default/certificates",
        {**body, "spec": {"secretName": "web-tls"}, "status": issued},
    )
    body = {"apiVersion": "example.org/v1", "kind": "Widget", "metadata": {"name": "w"}}
    client.create("/apis/example.org/v1/namespaces/default/widgets", body)
    eventually(lambda: b"widgets" in client.request("GET", "/apis/example.org/v1")[1], "discovery knows them")

    reading = read(access.kubeconfig())

    found = one(reading, "ExternalSecret", "db")
    assert (found.api_version, found.body["spec"]) == ("external-secrets.io/v1", spec)
    assert "status" not in found.body
    assert one(reading, "Certificate", "web").body["status"] == {key: issued[key] for key in ("notBefore", "notAfter")}
    assert not [r for r in reading.resources if r.kind == "Widget"]


def test_what_may_not_be_listed_is_named_and_the_rest_is_read(cluster: Access, namespace: str) -> None:
    """A user who may list only ConfigMaps gets those; everything else is named with the missing permission."""
    client = cluster.client()
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}]
    client.create(f"{rbac}/roles", {"metadata": {"name": "reader"}, "rules": rules})
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
    subjects = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "reader"}]
    client.create(f"{rbac}/rolebindings", {"metadata": {"name": "reader"}, "roleRef": role, "subjects": subjects})
    client.create(f"/api/v1/namespaces/{namespace}/configmaps", {"metadata": {"name": "settings"}, "data": {"a": "b"}})
    config = cluster.kubeconfig("reader")
    reader = cluster.client("reader")
    eventually(lambda: reader.answers(f"/api/v1/namespaces/{namespace}/configmaps"), "the role counts")

    reading = read(config, namespace)
    named = {entry.detail for entry in reading.skipped}

    assert {r.kind for r in reading.resources} == {"ConfigMap"}
    assert f"cannot list secrets in namespace {namespace}" in named
    assert f"cannot list deployments.apps in namespace {namespace}" in named
    assert not [text for text in named if "configmaps" in text]
    assert {entry.reason for entry in reading.skipped} == {Reason.NOT_PERMITTED}
    assert {entry.path for entry in reading.skipped} == {"cluster:test"}
    assert ("secrets", namespace) in reading.gaps


def test_many_namespaces_that_may_not_be_listed_are_one_line(cluster: Access, tmp_path: Path) -> None:
    """The same permission missing in many namespaces is said once."""

    def fault(seen: Seen, _before: int) -> Answer | None:
        return status(403, "Forbidden") if "/secrets" in seen.path else None

    with front(cluster.client(), fault) as server:
        places = ("default", *(f"team-{index}" for index in range(9)))
        reading = read(kubeconfig(tmp_path, server.url), *places)

    secrets = [entry.detail for entry in reading.skipped if "secrets" in entry.detail]
    assert secrets == ["cannot list secrets in namespace default, team-0, team-1 and 7 more"]


def test_somebody_who_may_list_nothing_at_all(cluster: Access) -> None:
    """Where nothing may be listed that is an error with what to do, and no empty report."""
    with pytest.raises(AnswerError, match="permits to list nothing") as raised:
        read(cluster.kubeconfig("nobody"))
    assert "--namespace" in raised.value.hint


def test_only_the_chosen_namespaces_are_read(cluster: Access, namespace: str, tmp_path: Path) -> None:
    """With namespaces chosen, every list is of one of them, and nothing outside of a namespace is asked for."""
    with front(cluster.client()) as server:
        reading = read(kubeconfig(tmp_path, server.url), namespace, "default")
        paths = {seen.path.partition("?")[0] for seen in server.seen} - {"/api", "/apis"}

    assert {r.namespace for r in reading.resources} <= {namespace, "default"}
    assert all(f"/namespaces/{namespace}/" in path or "/namespaces/default/" in path for path in paths)
    assert ("clusterroles.rbac.authorization.k8s.io", "") in reading.gaps


def test_a_list_that_is_read_again_gives_each_object_once(cluster: Access, namespace: str, tmp_path: Path) -> None:
    """When a list expires in the middle and is read from the beginning, no object is there twice."""
    client = cluster.client()
    for index in range(7):
        secret(client, namespace, f"s-{index}", {"a": "b"})

    def fault(seen: Seen, before: int) -> Answer | None:
        if "/secrets" not in seen.path:
            return None
        if before == 1:
            return status(410, "Expired")
        return Answer(
            *client.request("GET", seen.path.replace("limit=500", "limit=3"), headers={"Accept": seen.accept})
        )

    with front(client, fault) as server:
        reading = read(kubeconfig(tmp_path, server.url), namespace)

    assert sorted(r.name for r in reading.resources if r.kind == "Secret") == [f"s-{index}" for index in range(7)]


def test_one_kind_that_fails_is_named_and_the_rest_is_read(cluster: Access, namespace: str, tmp_path: Path) -> None:
    """A kind whose list the server cannot give does not end the reading."""

    def fault(seen: Seen, _before: int) -> Answer | None:
        return status(500, "InternalError", "conversion webhook failed") if "/cronjobs" in seen.path else None

    with front(cluster.client(), fault) as server:
        reading = read(kubeconfig(tmp_path, server.url), namespace)

    named = [(entry.reason, entry.detail) for entry in reading.skipped]
    assert named == [(Reason.NOT_ANSWERED, f"cannot list cronjobs.batch in namespace {namespace}: status 500")]
    assert any(r.kind == "ServiceAccount" for r in reading.resources)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (status(401, "Unauthorized"), AnswerError),
        (Answer(200, b"<html>"), UnreachableError),
        (Answer(200, b'{"items": 3}'), UnreachableError),
    ],
)
def test_what_ends_the_reading(
    cluster: Access, namespace: str, tmp_path: Path, answer: Answer, error: type[Exception]
) -> None:
    """A credential that is no longer accepted, or something that answers in the API server's place, ends the reading."""
    client = cluster.client()
    with front(client, lambda seen, _: answer if "/deployments" in seen.path else None) as server, pytest.raises(error):
        read(kubeconfig(tmp_path, server.url), namespace)


def test_two_contexts_are_two_sources(cluster: Access, namespace: str, tmp_path: Path) -> None:
    """Each context that is named is read, and its objects say which they come from."""
    with front(cluster.client()) as server:
        files = [kubeconfig(tmp_path, server.url, name=name) for name in ("blue", "green")]
        merged = tmp_path / "merged"
        blue, green = (yaml.safe_load(file.read_text()) for file in files)
        merged.write_text(json.dumps({key: blue[key] + green[key] for key in ("contexts", "clusters", "users")}))
        chosen = Options(cluster=ClusterOptions(str(merged), (namespace,)))
        reading = collect(("cluster:blue", "cluster:green"), chosen)

    accounts = [r.origin for r in reading.resources if r.kind == "ServiceAccount"]
    assert sorted(origin.source for origin in accounts) == ["cluster:blue", "cluster:green"]
    assert len({origin.document for origin in (r.origin for r in reading.resources)}) == len(reading.resources)

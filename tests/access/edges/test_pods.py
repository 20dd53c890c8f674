"""Ways through pods and nodes: what each needs, exactly."""

from __future__ import annotations

from typing import Any

import pytest
from tests.access.reach import JEWEL, OTHER, Body, given, reached, rule

from strongroom.model.access import Node

SECRET = "secret/vault/jewel"


def _pod(name: str = "web", namespace: str = "vault", uses: str = "jewel", **spec: Any) -> Body:
    container = {"name": "main", **spec.pop("container", {})}
    if uses:
        container["envFrom"] = [{"secretRef": {"name": uses}}]
    body = {"nodeName": "worker", "containers": [container], **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace}, "spec": body}


def _workload(kind: str, version: str = "apps/v1", name: str = "web", **spec: Any) -> Body:
    template = {"spec": {"containers": [{"name": "main"}], **spec}}
    body: Body = {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": "vault"}}
    body["spec"] = {"jobTemplate": {"spec": {"template": template}}} if kind == "CronJob" else {"template": template}
    return body


def _namespace(name: str, level: str = "") -> Body:
    labels = {"pod-security.kubernetes.io/enforce": level} if level else {}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def test_exec_reaches_what_the_pod_has() -> None:
    """Inside a pod he reads its Secret and no other of the namespace."""
    found = reached(JEWEL, OTHER, _pod(), *given("vault", rule("pods/exec", "create")))

    assert SECRET in found
    assert "secret/vault/other" not in found


def test_exec_by_name() -> None:
    """``resourceNames`` limit exec to the pods of these names."""
    assert SECRET in reached(JEWEL, _pod(), *given("vault", rule("pods/exec", "create", names=("web",))))
    assert SECRET not in reached(JEWEL, _pod(), *given("vault", rule("pods/exec", "create", names=("other",))))


@pytest.mark.parametrize("resource", ["pods/exec", "pods/attach"])
def test_get_is_enough_on_older_servers_only(resource: str) -> None:
    """``get`` on a stream is shown with the condition that the server is old."""
    pod, get = _pod(container={"stdin": True}), rule(resource, "get")

    assert SECRET not in reached(JEWEL, pod, *given("vault", get))
    assert SECRET in reached(JEWEL, pod, *given("vault", get), conditional=True)


def test_attach_needs_input() -> None:
    """Attaching reaches the program that reads its input, in any namespace; else only what is printed."""
    attach = rule("pods/attach", "create")

    for namespace in ("vault", ""):
        assert SECRET in reached(JEWEL, _pod(container={"stdin": True}), *given(namespace, attach))
        assert SECRET not in reached(JEWEL, _pod(), *given(namespace, attach))
        assert SECRET in reached(JEWEL, _pod(), *given(namespace, attach), conditional=True)


def test_debug_containers_name_any_secret() -> None:
    """A debug container reads every Secret of the namespace; where no pod is of the name that he may use, none."""
    named = rule("pods/ephemeralcontainers", "patch", names=("web",))

    assert "secret/vault/other" in reached(JEWEL, OTHER, _pod(), *given("vault", named))
    assert reached(JEWEL, OTHER, _pod(name="api"), *given("vault", named)) == set()


@pytest.mark.parametrize(
    ("kind", "version", "resource"),
    [
        ("Deployment", "apps/v1", "deployments"),
        ("StatefulSet", "apps/v1", "statefulsets"),
        ("DaemonSet", "apps/v1", "daemonsets"),
        ("ReplicaSet", "apps/v1", "replicasets"),
        ("CronJob", "batch/v1", "cronjobs"),
        ("ReplicationController", "v1", "replicationcontrollers"),
    ],
)
def test_templates(kind: str, version: str, resource: str) -> None:
    """Who changes the template of a workload that exists reads every Secret beside it; without one, none."""
    group = version.rpartition("/")[0]
    for namespace in ("vault", ""):
        patch = given(namespace, rule(resource, "patch", group=group))
        assert SECRET in reached(JEWEL, _workload(kind, version), *patch)
        assert SECRET not in reached(JEWEL, *patch)
    wrong = given("vault", rule(resource, "patch", names=("other",), group=group))
    assert SECRET not in reached(JEWEL, _workload(kind, version), *wrong)
    assert SECRET in reached(JEWEL, *given("vault", rule(resource, "create", group=group)))


def test_jobs_and_scale_are_no_templates() -> None:
    """The template of a Job that exists cannot be changed, and ``scale`` changes no template."""
    job, deployment = _workload("Job", "batch/v1"), _workload("Deployment")

    assert SECRET not in reached(JEWEL, job, *given("vault", rule("jobs", "patch", group="batch")))
    assert SECRET not in reached(JEWEL, deployment, *given("vault", rule("deployments/scale", "patch", group="apps")))


@pytest.mark.parametrize(
    ("level", "patch", "reaches"),
    [("baseline", True, True), ("restricted", True, True), ("baseline", False, False), ("", False, True)],
)
def test_pod_security_labels(level: str, patch: bool, reaches: bool) -> None:
    """Running pods in a namespace with a level reaches the nodes only for who may change the namespace."""
    rules = [rule("pods", "create")] + ([rule("namespaces", "patch", names=("shop",))] if patch else [])
    found = reached(JEWEL, _pod(), _namespace("shop", level), *given("shop", *rules))

    assert (SECRET in found) is reaches


def test_changing_another_namespace_does_not_help() -> None:
    """The namespace that he may change has to be one that he runs pods in."""
    change = given("", rule("namespaces", "patch", names=("play",)), name="change")
    found = reached(JEWEL, _pod(), _namespace("shop", "baseline"), *given("shop", rule("pods", "create")), *change)

    assert SECRET not in found


@pytest.mark.parametrize(("level", "reaches"), [("baseline", True), ("restricted", False)])
def test_volumes_of_the_node(level: str, reaches: bool) -> None:
    """A claim on a folder of the node passes Pod Security; where pods are not root, root's files stay closed."""
    volumes = given("", rule("persistentvolumes", "create"), name="volumes")
    inside = given("shop", rule("pods", "create"), rule("persistentvolumeclaims", "create"))
    bodies = (JEWEL, _pod(), _namespace("shop", level), *volumes, *inside)

    assert (SECRET in reached(*bodies)) is reaches
    assert SECRET in reached(*bodies, conditional=True)


@pytest.mark.parametrize(
    ("agent", "escapes"),
    [
        ({"container": {"securityContext": {"privileged": True}}}, True),
        ({"container": {"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}}}, True),
        ({"container": {"securityContext": {"capabilities": {"add": ["NET_ADMIN"]}}}}, False),
        ({"container": {"securityContext": {"capabilities": {"add": ["SYS_PTRACE"]}}}}, False),
        ({"container": {"securityContext": {"capabilities": {"add": ["CAP_SYS_PTRACE"]}}}, "hostPID": True}, True),
        ({"hostPID": True}, False),
        ({"hostNetwork": True}, False),
    ],
)
def test_containers_that_are_root_on_their_node(agent: dict[str, Any], escapes: bool) -> None:
    """A container of this shape reaches the Secrets of the other pods of its node, or does not."""
    found = reached(JEWEL, _pod(), _pod("agent", "tools", "", **agent), start=Node("Pod", "tools", "agent"))

    assert (SECRET in found) is escapes


@pytest.mark.parametrize(
    ("path", "security", "escapes"),
    [
        ("/var/run/docker.sock", {}, True),
        ("/run/containerd/containerd.sock", {}, True),
        ("/", {}, True),
        ("//var/lib/../lib/kubelet/", {}, True),
        ("/", {"runAsUser": 1000}, False),
        ("/", {"runAsNonRoot": True}, False),
        ("/var/log", {}, False),
        ("/etc/ssl/certs", {}, False),
    ],
)
def test_folders_of_the_node(path: str, security: Body, escapes: bool) -> None:
    """A mounted path of the node that leads to the runtime or the kubelet is the node, for a container that is root."""
    container = {"volumeMounts": [{"name": "node", "mountPath": "/node"}], "securityContext": security}
    volumes = [{"name": "node", "hostPath": {"path": path}}]
    agent = _pod("agent", "tools", "", container=container, volumes=volumes)

    assert (SECRET in reached(JEWEL, _pod(), agent, start=Node("Pod", "tools", "agent"))) is escapes


def test_a_privileged_pod_on_another_node() -> None:
    """Root on one node is not root on another; a workload that is placed nowhere yet is shown with that condition."""
    privileged = {"container": {"securityContext": {"privileged": True}}}
    elsewhere = _pod("agent", "tools", "", nodeName="other", **privileged)
    anywhere = _workload("Deployment", containers=[{"name": "main", "securityContext": {"privileged": True}}])
    every = _workload("DaemonSet", containers=[{"name": "main", "securityContext": {"privileged": True}}])

    assert SECRET not in reached(JEWEL, _pod(), elsewhere, start=Node("Pod", "tools", "agent"))
    assert SECRET not in reached(JEWEL, _pod(), anywhere, start=Node("Deployment", "vault", "web"))
    assert SECRET in reached(JEWEL, _pod(), anywhere, start=Node("Deployment", "vault", "web"), conditional=True)
    assert SECRET in reached(JEWEL, _pod(), every, start=Node("DaemonSet", "vault", "web"))


@pytest.mark.parametrize(
    ("of_pod", "of_account", "holds"),
    [(None, None, True), (None, False, False), (True, False, True), (False, True, False), (False, None, False)],
)
def test_tokens_are_mounted(of_pod: bool | None, of_account: bool | None, holds: bool) -> None:
    """The pod spec decides whether a token is mounted, else the ServiceAccount, else it is."""
    account: Body = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "default", "namespace": "vault"},
    }
    if of_account is not None:
        account["automountServiceAccountToken"] = of_account
    spec: dict[str, Any] = {} if of_pod is None else {"automountServiceAccountToken": of_pod}
    found = reached(account, _pod(uses="", **spec), start=Node("Pod", "vault", "web"))

    assert ("serviceaccount/vault/default" in found) is holds


@pytest.mark.parametrize(
    ("audience", "holds"), [("", True), ("https://kubernetes.default.svc.cluster.local", True), ("vault", False)]
)
def test_projected_tokens(audience: str, holds: bool) -> None:
    """A projected token opens the API server where it is for the API server's audience."""
    source = {"serviceAccountToken": {"path": "token", **({"audience": audience} if audience else {})}}
    spec: dict[str, Any] = {
        "automountServiceAccountToken": False,
        "volumes": [{"name": "own", "projected": {"sources": [source]}}],
        "container": {"volumeMounts": [{"name": "own", "mountPath": "/own"}]},
    }
    found = reached(_pod(uses="", **spec), start=Node("Pod", "vault", "web"))

    assert ("serviceaccount/vault/default" in found) is holds


def test_pull_secrets_stay_with_the_kubelet() -> None:
    """A program does not see the Secret that its image is pulled with, nor one that no container mounts; its node does."""
    spec: dict[str, Any] = {
        "imagePullSecrets": [{"name": "jewel"}],
        "volumes": [{"name": "v", "secret": {"secretName": "other"}}],
    }
    bodies = (JEWEL, OTHER, _pod(uses="", **spec))

    assert not {SECRET, "secret/vault/other"} & reached(*bodies, start=Node("Pod", "vault", "web"))
    assert {SECRET, "secret/vault/other"} <= reached(*bodies, start=Node("Node", "", "worker"))


def test_nodes_proxy_by_name() -> None:
    """``nodes/proxy`` with names reaches the pods of these nodes; a RoleBinding gives nothing."""
    named = rule("nodes/proxy", "get", names=("worker",))

    assert SECRET in reached(JEWEL, _pod(), *given("", named))
    assert SECRET not in reached(JEWEL, _pod(nodeName="other"), *given("", named))
    assert SECRET not in reached(JEWEL, _pod(), *given("vault", named))


@pytest.mark.parametrize("resource", ["pods/log", "pods/portforward", "pods/proxy", "services/proxy"])
def test_ways_that_depend_on_the_program(resource: str) -> None:
    """Logs, ports and proxies are shown with their condition and do not count as reach."""
    verb = "create" if resource == "pods/portforward" else "get"

    assert SECRET not in reached(JEWEL, _pod(), *given("vault", rule(resource, verb)))
    assert SECRET in reached(JEWEL, _pod(), *given("vault", rule(resource, verb)), conditional=True)


def test_secrets_update_and_create_read_nothing() -> None:
    """``create`` and ``update`` on Secrets show nobody a value."""
    assert reached(JEWEL, *given("vault", rule("secrets", "create", "update"))) == set()


def test_a_static_pod_is_given_nothing_of_the_api() -> None:
    """The API server refuses mirror pods that name Secrets or a ServiceAccount, and kubelets give them none."""
    account = {"kind": "ServiceAccount", "namespace": "vault", "name": "default"}
    reads = given("vault", rule("secrets", "get"), subject=account)
    pod, mirror = _pod(), _pod()
    mirror["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "5f1c"}
    start = Node("Pod", "vault", "web")

    assert {SECRET, "serviceaccount/vault/default"} <= reached(JEWEL, pod, *reads, start=start)
    assert reached(JEWEL, mirror, *reads, start=start) <= {"node/worker"}
    assert SECRET not in reached(JEWEL, mirror, *reads, start=Node("Node", "", "worker"))

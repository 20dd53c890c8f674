"""What nodes may do is what the Node authorizer of a running API server says."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.access.oracle.compare import resources_of
from tests.access.oracle.review import review
from tests.support.controlplane.access import Access, Client, eventually

from strongroom.access.authorizer import Authorizer
from strongroom.access.nodes_graph import NodesGraph
from strongroom.access.rbac import Rbac
from strongroom.access.rbac_request import Request, User

_VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "*")
_SUBRESOURCES = ("", "", "", "", "status", "token", "eviction", "exec")
_RESOURCES = (
    *(("", "secrets"), ("", "configmaps"), ("", "persistentvolumeclaims"), ("", "persistentvolumes"), ("", "pods")),
    *(("", "nodes"), ("", "serviceaccounts"), ("", "services"), ("", "events"), ("", "endpoints"), ("apps", "pods")),
    *(("storage.k8s.io", "volumeattachments"), ("storage.k8s.io", "csinodes"), ("storage.k8s.io", "csidrivers")),
    *(("coordination.k8s.io", "leases"), ("resource.k8s.io", "resourceslices"), ("apps", "deployments")),
    *(("resource.k8s.io", "resourceclaims"), ("certificates.k8s.io", "certificatesigningrequests")),
    *(("certificates.k8s.io", "podcertificaterequests"), ("node.k8s.io", "runtimeclasses")),
    *(("authentication.k8s.io", "tokenreviews"), ("authorization.k8s.io", "subjectaccessreviews")),
)


def _pod(name: str, node: str, *, annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    container = {"name": "main", "image": "none", **spec.pop("container", {})}
    metadata = {"name": name, "annotations": annotations or {}}
    return {"metadata": metadata, "spec": {"nodeName": node, "containers": [container], **spec}}


def _pods(node: str, other: str) -> list[dict[str, Any]]:
    """Pods that refer to objects in each of the ways that the authorizer knows."""
    env = [
        {"name": "A", "valueFrom": {"secretKeyRef": {"name": "by-variable", "key": "a"}}},
        {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "by-variable", "key": "a"}}},
    ]
    sources = [{"secret": {"name": "by-projection"}}, {"configMap": {"name": "by-projection"}}]
    template = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    volumes = [
        {"name": "a", "secret": {"secretName": "by-volume"}},
        {"name": "b", "configMap": {"name": "by-volume"}},
        {"name": "c", "projected": {"sources": sources}},
        {"name": "d", "persistentVolumeClaim": {"claimName": "by-claim"}},
        {"name": "e", "ephemeral": {"volumeClaimTemplate": {"spec": template}}},
        {"name": "f", "csi": {"driver": "x", "nodePublishSecretRef": {"name": "by-csi"}}},
        {"name": "g", "azureFile": {"shareName": "x", "secretName": "by-azure"}},
        {"name": "h", "cephfs": {"monitors": ["x"], "secretRef": {"name": "by-ceph"}}},
        {
            "name": "i",
            "iscsi": {"targetPortal": "x:1", "iqn": "iqn.2001-04.a:b", "lun": 0, "secretRef": {"name": "by-iscsi"}},
        },
    ]
    from_all = [{"secretRef": {"name": "by-source"}}, {"configMapRef": {"name": "by-source"}}]
    first = {"name": "first", "image": "none", "envFrom": [{"secretRef": {"name": "by-init"}}]}
    return [
        _pod("variables", node, container={"env": env, "envFrom": from_all}, initContainers=[first]),
        _pod("volumes", node, volumes=volumes),
        _pod("elsewhere", other, imagePullSecrets=[{"name": "by-pull"}], serviceAccountName="robot"),
        _pod("mirror", node, annotations={"kubernetes.io/config.mirror": "x"}),
    ]


def _volume(name: str, namespace: str, claim: str) -> dict[str, Any]:
    secrets = {
        "nodeStageSecretRef": "staged",
        "controllerPublishSecretRef": "controller",
        "nodePublishSecretRef": "published",
    }
    references = {field: {"name": secret, "namespace": namespace} for field, secret in secrets.items()}
    return {
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "claimRef": {"namespace": namespace, "name": claim},
            "csi": {"driver": "x", "volumeHandle": name, **references},
        },
    }


@contextmanager
def _made(admin: Client, namespace: str, node: str, other: str) -> Iterator[None]:
    """Nodes, pods, a volume and an attachment; what is not in the namespace is deleted in the end."""
    volume, attachment = f"{node}-volume", f"{node}-attachment"
    attached = {"attacher": "x", "nodeName": node, "source": {"persistentVolumeName": volume}}
    try:
        for name in (node, other):
            admin.create("/api/v1/nodes", {"metadata": {"name": name}})
        admin.create(f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "robot"}})
        for pod in _pods(node, other):
            admin.create(f"/api/v1/namespaces/{namespace}/pods", pod)
        admin.create("/api/v1/persistentvolumes", _volume(volume, namespace, "by-claim"))
        admin.create("/apis/storage.k8s.io/v1/volumeattachments", {"metadata": {"name": attachment}, "spec": attached})
        seen = [
            (User.of_node(node), Request("get", "", "pods", "", namespace, "mirror")),
            (User.of_node(node), Request("get", "", "persistentvolumes", "", "", volume)),
            (User.of_node(node), Request("get", "storage.k8s.io", "volumeattachments", "", "", attachment)),
        ]
        eventually(lambda: all(review(admin, seen)), "the authorizer has seen the objects")
        yield
    finally:
        for path in (
            f"/apis/storage.k8s.io/v1/volumeattachments/{attachment}",
            f"/api/v1/persistentvolumes/{volume}",
            f"/api/v1/nodes/{node}",
            f"/api/v1/nodes/{other}",
        ):
            admin.request("DELETE", path)


def _questions(namespace: str, node: str, other: str) -> list[tuple[User, Request]]:
    chance = random.Random(7)  # noqa: S311 - to be repeated, not to be secret
    ways = ("variable", "projection", "volume", "claim", "csi", "azure", "ceph", "iscsi", "source", "init", "pull")
    names = [f"by-{way}" for way in ways] + ["staged", "published", "controller", "default", "robot", "volumes-e"]
    names += ["variables", "volumes", "elsewhere", "mirror", node, other, f"{node}-volume", f"{node}-attachment", ""]
    users = [User.of_node(node), User.of_node(node), User.of_node(other), User.of_node("unknown")]
    users += [User(f"system:node:{node}", ("system:authenticated",)), User("system:node:", ("system:nodes",))]
    asked = []
    for _ in range(3000):
        group, resource = chance.choice(_RESOURCES[:5] if chance.random() < 0.5 else _RESOURCES)
        where = chance.choice((namespace, namespace, namespace, "", "kube-node-lease", "default"))
        fields = (("spec.nodeName", chance.choice((node, other))),) if chance.random() < 0.2 else ()
        verb = chance.choice(_VERBS[:3] if fields or chance.random() < 0.5 else _VERBS)
        name = "" if fields else chance.choice(names)
        request = Request(verb, group, resource, chance.choice(_SUBRESOURCES), where, name, fields=fields)
        asked.append((chance.choice(users), request))
    return asked


def _read(admin: Client, namespace: str) -> list[dict[str, Any]]:
    pods = admin.get(f"/api/v1/namespaces/{namespace}/pods")["items"]
    volumes = admin.get("/api/v1/persistentvolumes")["items"]
    attachments = admin.get("/apis/storage.k8s.io/v1/volumeattachments")["items"]
    return [
        *({"apiVersion": "v1", "kind": "Pod", **pod} for pod in pods),
        *({"apiVersion": "v1", "kind": "PersistentVolume", **volume} for volume in volumes),
        *({"apiVersion": "storage.k8s.io/v1", "kind": "VolumeAttachment", **entry} for entry in attachments),
    ]


def test_nodes_may_do_what_the_node_authorizer_allows(cluster: Access, namespace: str) -> None:
    """A node reaches the objects of its pods and nothing else, in every way that a pod may refer to an object."""
    admin = cluster.client()
    node, other = (f"{name}-{uuid.uuid4().hex[:8]}" for name in ("one", "two"))
    questions = _questions(namespace, node, other)
    with _made(admin, namespace, node, other):
        graph = NodesGraph(resources_of(_read(admin, namespace)))
        theirs = review(admin, questions)
    authorizer = Authorizer(Rbac((), ()), graph)
    differing = [
        (user.name, request, they)
        for (user, request), they in zip(questions, theirs, strict=True)
        if (authorizer.decide(user, request) is not None) != they
    ]

    assert differing == []
    assert sum(theirs) > 100

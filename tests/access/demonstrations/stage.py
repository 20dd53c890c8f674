"""The example clusters of ways, put into a real one under names of their own, and the attackers in them."""

from __future__ import annotations

import base64
import http.client
import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from tests.support.controlplane.access import Access, Client, RefusedError, eventually
from tests.support.controlplane.server import has_default_account

from strongroom.access.edges import WAYS
from strongroom.access.pages import Example, example

PLANTED = "planted-by-the-example"
"""The value that nearly all examples plant; the base64 of it counts as well."""

JEWEL = "crown-jewel"
"""The Secret that it is planted in."""

_OWN_WORDS = re.compile(r"\b(vault|outside|attack)\b")
_PATHS = {
    "Namespace": ("/api/v1", "namespaces", False),
    "Node": ("/api/v1", "nodes", False),
    "PersistentVolume": ("/api/v1", "persistentvolumes", False),
    "Secret": ("/api/v1", "secrets", True),
    "ConfigMap": ("/api/v1", "configmaps", True),
    "ServiceAccount": ("/api/v1", "serviceaccounts", True),
    "Pod": ("/api/v1", "pods", True),
    "CustomResourceDefinition": ("/apis/apiextensions.k8s.io/v1", "customresourcedefinitions", False),
    "Attack": ("/apis/example.com/v1", "attacks", True),
    "Deployment": ("/apis/apps/v1", "deployments", True),
    "Role": ("/apis/rbac.authorization.k8s.io/v1", "roles", True),
    "RoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "rolebindings", True),
    "ClusterRole": ("/apis/rbac.authorization.k8s.io/v1", "clusterroles", False),
    "ClusterRoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "clusterrolebindings", False),
}
_UNPROCESSABLE = 422


@dataclass(frozen=True)
class TokenClient(Client):
    """Requests with a bearer token, and with other headers that every one of them carries."""

    headers: Mapping[str, str]

    def request(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """One request, as `Client.request`."""
        return super().request(method, path, body, {**self.headers, **(headers or {})})


class Stage:
    """One way's example in a cluster.

    Attributes:
        admin: may do everything.
        vault, outside: the namespaces of the example, as they are called here.
        node: what its node is called here.
    """

    def __init__(self, cluster: Access, way_id: str) -> None:
        self.cluster = cluster
        self.admin = cluster.client()
        self._suffix = uuid.uuid4().hex[:8]
        self._way = next(way for way in WAYS if way.id == way_id)
        self._present: dict[str, Any] = {}
        self._example: Example | None = None
        self.vault, self.outside, self.node = self.own("vault"), self.own("outside"), self.own("attack-node")

    def own(self, text: str) -> str:
        """Return a text of the example with the names that this stage has for its namespaces and cluster-wide objects."""
        return _OWN_WORDS.sub(lambda found: f"{found[0]}-{self._suffix}", text)

    def put(self, name: str) -> None:
        """Make the cluster what the example ``setup`` or ``fixed`` says: what the other one had beside it goes."""
        self._example = example(self._way, name)
        wanted = {self._path(body): body for body in yaml.safe_load_all(self.own(self._example.manifests))}
        for path in reversed([path for path in self._present if path not in wanted]):
            self._remove(path)
        for path, body in wanted.items():
            if self._present.get(path) != body:
                self._apply(path, body)
        self._present = wanted

    def put_kind(self, name: str, kind: str) -> None:
        """Put the objects of one kind of an example there, before all others."""
        for body in yaml.safe_load_all(self.own(example(self._way, name).manifests)):
            if body["kind"] == kind:
                self._apply(self._path(body), body)

    def close(self) -> None:
        """Remove the namespaces, and what is not in them."""
        inside = tuple(f"/namespaces/{name}/" for name in (self.vault, self.outside))
        for path in reversed(self._present):
            if not any(part in path for part in inside):
                self.admin.request("DELETE", path)

    @property
    def planted(self) -> str:
        """The value that this example plants."""
        secrets = (body for body in self._present.values() if body["kind"] == "Secret")
        values = (b.get("stringData", {}).get("password") for b in secrets if b["metadata"]["name"] == JEWEL)
        return next((value for value in values if value), PLANTED)

    def attacker(self) -> Client:
        """Return a client with a credential of the attacker's own."""
        if self._example is None:
            raise ValueError("nothing is on the stage yet")
        kind, _, rest = self.own(self._example.attacker).partition("/")
        if kind == "serviceaccount":
            return self.account(*rest.split("/"))
        if kind == "group":
            return self.cluster.client(f"member-{self._suffix}", [rest])
        if kind == "node":
            return self.kubelet()
        raise ValueError(f"{kind} has no credential")

    def account(self, namespace: str, name: str) -> TokenClient:
        """Return a client with a token of a ServiceAccount, which the API server made."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        return self.bearing(self.admin.create(path, {"spec": {}})["status"]["token"])

    def bearing(self, token: str, **headers: str) -> TokenClient:
        """Return a client with a token; the headers are sent with every request, ``_`` in their names for ``-``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        anonymous = self.cluster.client("nobody")
        tls = type(anonymous.tls)(anonymous.tls.protocol)
        tls.load_verify_locations(cadata=self.cluster.authority.credential.certificate.decode())
        return TokenClient(self.cluster.url, tls, {"Authorization": f"Bearer {token}", **named})

    def kubelet(self) -> Client:
        """Return a client with the credential of the example's node."""
        return self.cluster.client(f"system:node:{self.node}", ["system:nodes"])

    def jewel(self, client: Client) -> str:
        """Read the planted Secret as somebody; raises as `Client.call` does."""
        return json.dumps(client.get(f"/api/v1/namespaces/{self.vault}/secrets/crown-jewel"))

    def place(self, namespace: str, pod: str) -> None:
        """Bind a pod to the example's node, as the scheduler does."""
        target = {"apiVersion": "v1", "kind": "Node", "name": self.node}
        body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod}, "target": target}
        self.admin.create(f"/api/v1/namespaces/{namespace}/pods/{pod}/binding", body)

    def _path(self, body: Mapping[str, Any]) -> str:
        prefix, plural, namespaced = _PATHS[body["kind"]]
        metadata = body["metadata"]
        inside = f"/namespaces/{metadata['namespace']}" if namespaced else ""
        return f"{prefix}{inside}/{plural}/{metadata['name']}"

    def _apply(self, path: str, body: Mapping[str, Any]) -> None:
        try:
            self.admin.apply(path, body)
        except RefusedError as refused:
            if refused.status != _UNPROCESSABLE:
                raise
            self._remove(path)  # what cannot be changed is made anew
            self.admin.apply(path, body)
        if body["kind"] == "Namespace":
            name = body["metadata"]["name"]
            eventually(lambda: has_default_account(self.admin, name), f"{name} has a ServiceAccount")

    def _remove(self, path: str) -> None:
        self.admin.request("DELETE", f"{path}?gracePeriodSeconds=0")
        eventually(lambda: self.admin.request("GET", path)[0] == http.client.NOT_FOUND, f"{path} is gone")


Attempt = Callable[[Stage], str]
"""What an attacker does; returns what he has read. Raises RefusedError where the API server does not let him."""


def demonstrate(stage: Stage, attempt: Attempt) -> None:
    """Prove that the attempt reads the planted value where the way is open, and is refused where it is closed.

    RBAC, the Node authorizer and Pod Security learn of changes a moment later: both are waited for.
    """
    stage.put("setup")
    eventually(lambda: reads(stage, attempt), f"{stage.own('attack')}: the way is open")
    stage.put("fixed")
    eventually(lambda: is_refused(stage, attempt), f"{stage.own('attack')}: the way is closed")


def reads(stage: Stage, attempt: Attempt) -> bool:
    """Tell whether an attempt reads the planted value; not yet, where it is refused."""
    try:
        found = attempt(stage)
    except RefusedError as refused:
        if refused.status != http.client.FORBIDDEN:
            raise
        return False
    return stage.planted in found or encoded(stage.planted) in found


def encoded(value: str) -> str:
    """Return the base64 of a value as far as nothing that follows it changes it."""
    data = value.encode()
    return base64.b64encode(data[: len(data) // 3 * 3]).decode()


def is_refused(stage: Stage, attempt: Attempt) -> bool:
    """Tell whether an attempt is refused (403)."""
    try:
        attempt(stage)
    except RefusedError as refused:
        return refused.status == http.client.FORBIDDEN
    return False

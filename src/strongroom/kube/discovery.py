"""What an API server serves: one request for all groups.

https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery (Kubernetes 1.27 and later)
"""

from __future__ import annotations

import msgspec

from strongroom.errors import ClusterError
from strongroom.kube.client import Client
from strongroom.kube.lists import not_a_list

_ACCEPT = (
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"
)


class Served(msgspec.Struct, frozen=True):
    """A kind of object that can be listed, in the version that the server prefers.

    Attributes:
        resource: the plural name of its URL: ``deployments``.
    """

    group: str
    version: str
    resource: str
    kind: str
    namespaced: bool

    @property
    def api_version(self) -> str:
        """As objects write it: ``apps/v1``."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def name(self) -> str:
        """As messages write it: ``deployments.apps``."""
        return f"{self.resource}.{self.group}" if self.group else self.resource

    def path(self, namespace: str = "") -> str:
        """Return the path of its collection, in one namespace or in all."""
        root = f"/apis/{self.api_version}" if self.group else f"/api/{self.version}"
        return f"{root}/namespaces/{namespace}/{self.resource}" if namespace else f"{root}/{self.resource}"


class _Kind(msgspec.Struct, frozen=True):
    kind: str = ""


class _Resource(msgspec.Struct, frozen=True, rename="camel"):
    resource: str
    scope: str = "Namespaced"
    verbs: list[str] = []
    response_kind: _Kind = _Kind()


class _Version(msgspec.Struct, frozen=True, rename="camel"):
    version: str
    resources: list[_Resource] = []
    freshness: str = "Current"


class _Metadata(msgspec.Struct, frozen=True):
    name: str = ""


class _Group(msgspec.Struct, frozen=True):
    metadata: _Metadata = _Metadata()
    versions: list[_Version] = []


class _Groups(msgspec.Struct, frozen=True):
    kind: str
    items: list[_Group] = []


class Discovery(msgspec.Struct, frozen=True):
    """Everything that can be listed, by group and plural name; and the groups whose own servers do not answer."""

    served: dict[tuple[str, str], Served]
    stale: tuple[str, ...]


async def discover(client: Client) -> Discovery:
    """Ask what is served.

    Raises:
        ClusterError: the server is too old, refuses, or is no API server.
    """
    served: dict[tuple[str, str], Served] = {}
    stale: list[str] = []
    for path in ("/api", "/apis"):
        body = await client.get(path, accept=_ACCEPT)
        try:
            groups = msgspec.json.decode(body, type=_Groups)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise not_a_list(client) from None
        if groups.kind != "APIGroupDiscoveryList":
            raise ClusterError(
                f"the API server of {client.connection.context} is older than Kubernetes 1.27",
                hint="audit a dump of it: kubectl get all,secrets,... -A -o yaml > dump.yaml",
            )
        for group in groups.items:
            stale += [group.metadata.name for version in group.versions if version.freshness != "Current"]
            for one in _preferred(group):
                served.setdefault((one.group, one.resource), one)
    return Discovery(served, tuple(dict.fromkeys(stale)))


def _preferred(group: _Group) -> list[Served]:
    """Return the listable resources of a group; its versions come with the preferred one first."""
    return [
        Served(group.metadata.name, version.version, r.resource, r.response_kind.kind, r.scope == "Namespaced")
        for version in group.versions
        for r in version.resources
        if "list" in r.verbs
    ]

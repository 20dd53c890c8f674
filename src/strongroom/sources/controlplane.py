"""What objects, files of a host and the contents of etcd say of control planes, together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from strongroom.model.controlplane import ControlPlane, EtcdContents, HostFile, Server
from strongroom.model.resource import Resource
from strongroom.sources.controlplane_audit import policy_of
from strongroom.sources.controlplane_encryption import encryption_of
from strongroom.sources.controlplane_servers import servers_of

_KUBEADM = "kubeadm.k8s.io"


def control_plane_of(
    resources: Sequence[Resource], files: Iterable[HostFile] = (), stores: Iterable[EtcdContents] = ()
) -> ControlPlane:
    """Join what is known of control planes. Pure."""
    return ControlPlane(
        servers=_servers(resources),
        encryption=tuple(found for resource in resources if (found := encryption_of(resource)) is not None),
        policies=tuple(policy for resource in resources if (policy := policy_of(resource)) is not None),
        files=tuple(files),
        stores=tuple(stores),
    )


def _servers(resources: Sequence[Resource]) -> tuple[Server, ...]:
    """Return the programs; where a cluster shows one that runs, what kubeadm was told of it adds nothing."""
    found = [server for resource in resources for server in servers_of(resource)]
    running = {(s.origin.source, s.program) for s in found if s.origin.object and not s.extra_args}
    return tuple(
        s
        for s in found
        if not (s.origin.object and s.extra_args and s.resource.group == _KUBEADM)
        or (s.origin.source, s.program) not in running
    )

"""A container that is privileged, that mounts the right folder of its node, or that has the right capability, is
root on the node for whoever runs code in it.

## Needs

Code that runs in a container with one of:

- ``privileged: true``, or a capability that breaks the border: ``SYS_ADMIN``, ``SYS_MODULE``, ``SYS_RAWIO``,
  ``DAC_READ_SEARCH``, ``ALL``;
- ``hostPID: true`` with the capability ``SYS_PTRACE``;
- a mounted ``hostPath`` that leads to the socket of the container runtime or to the kubelet's files (``/``, ``/etc``,
  ``/etc/kubernetes``, ``/var/lib/kubelet``, ``/run`` and others), and a container that runs as root.

Where the sources show no running pod and it is no DaemonSet, on which node it runs is not known: the step is shown
with this condition and does not count as reach.

## Exploited

```console
$ nsenter --target 1 --mount --uts --ipc --net --pid sh      # privileged with hostPID
$ chroot /host sh                                            # hostPath /
$ docker -H unix:///var/run/docker.sock run -v /:/host …     # the runtime's socket
```

## Closed

Enforce Pod Security ``baseline`` on every namespace but those of node agents, and let nobody enter the pods of these.

## Demonstrated

That such a container is root on its node needs a node. The test reads the Secret of another pod on it with the
credential that root finds there, the kubelet's; where Pod Security enforces ``baseline``, the API server refuses the
privileged pod.

## References

- https://kubernetes.io/docs/concepts/security/pod-security-standards/
- https://kubehound.io/reference/attacks/
- https://attack.mitre.org/techniques/T1611/
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from strongroom.access.code import Code
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Evidence, Node, Power, Step, power
from strongroom.model.origin import FieldPath
from strongroom.model.resource import as_dict, as_list, as_text, dig
from strongroom.model.workload import Container, Workload

_SOCKET = re.compile(r"(/.*)?/(docker|dockershim|containerd|crio|cri-dockerd|podman)\.sock")
_FOLDERS = frozenset(
    {
        "/", "/etc", "/etc/kubernetes", "/run", "/run/containerd", "/run/crio", "/srv", "/srv/kubernetes", "/var",
        "/var/lib", "/var/lib/kubelet", "/var/lib/kubelet/pki", "/var/lib/kubelet/pods", "/var/lib/rancher",
        "/var/run", "/var/run/containerd", "/var/run/crio",
    }
)  # fmt: skip
_CAPABILITIES = frozenset({"ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO", "DAC_READ_SEARCH"})
_NOT_PLACED = "on the node that it runs on, which the sources do not show"


def steps(world: World) -> Iterator[Step]:
    """Yield which program is root on which node."""
    for code in world.code:
        found = list(_ways_out(code.workload))
        if found:
            resource = code.workload.resource
            evidence = tuple(
                Evidence("workload", resource.id, resource.origin.at(field), note) for field, note in found
            )
            for target, condition in _nodes(code):
                yield Step(code.node, target, WAY.id, evidence, condition, found[0][1])


def _nodes(code: Code) -> Iterator[tuple[Node, str]]:
    if code.machines:
        yield from ((Node("Node", "", machine), "") for machine in sorted(code.machines))
        return
    spec = code.workload.spec
    everywhere = code.node.kind == "DaemonSet" and not spec.get("nodeSelector") and not spec.get("affinity")
    yield power(Power.HOST), "" if everywhere else _NOT_PLACED


def _ways_out(workload: Workload) -> Iterator[tuple[FieldPath, str]]:
    """Yield the fields that open the way to the node, and what they say."""
    for container in workload.containers:
        context = as_dict(container.body.get("securityContext"))
        field = (*container.field, "securityContext")
        if context.get("privileged") is True:
            yield (*field, "privileged"), f"container {container.name} is privileged"
        added = {as_text(one).upper().removeprefix("CAP_") for one in as_list(dig(context, ("capabilities", "add")))}
        opening = added & _CAPABILITIES
        if workload.spec.get("hostPID") is True:
            opening |= added & {"SYS_PTRACE"}
        if opening:
            yield (*field, "capabilities", "add"), f"container {container.name} has {', '.join(sorted(opening))}"
    yield from _host_paths(workload)


def _host_paths(workload: Workload) -> Iterator[tuple[FieldPath, str]]:
    for field, volume in workload.volumes:
        path = as_text(as_dict(volume.get("hostPath")).get("path"))
        if path.startswith("/") and _opens("/" + posixpath.normpath(path).lstrip("/")):
            for container in workload.containers:
                mounts = any(mount.get("name") == volume.get("name") for _, mount in container.mounts)
                if mounts and _is_root(workload, container):
                    yield (*field, "hostPath"), f"container {container.name} mounts {path} of the node"


def _opens(path: str) -> bool:
    return path in _FOLDERS or _SOCKET.fullmatch(path) is not None


def _is_root(workload: Workload, container: Container) -> bool:
    """Tell whether a container may run as root: nothing says that it does not."""
    own, pod = as_dict(container.body.get("securityContext")), as_dict(workload.spec.get("securityContext"))
    user = own.get("runAsUser", pod.get("runAsUser"))
    if isinstance(user, int):
        return user == 0
    return own.get("runAsNonRoot", pod.get("runAsNonRoot")) is not True


WAY = Way("container-to-node", "is root on its node", ("T1611",), steps)

"""Everything that the API server keeps lies in etcd. Whoever reads its files, or logs in with the API server's
certificate, reads every Secret: in plain text, unless they are encrypted at rest, and then with the key, which lies on
the same machine.

## Needs

A pod that mounts etcd's data, or the certificates with which the API server logs in, from the control plane's machine;
or a Secret that holds such a certificate and its key, and a network that lets one reach etcd.

## Exploited

```console
$ etcdctl --cert apiserver-etcd-client.crt --key apiserver-etcd-client.key get /registry/secrets/ --prefix
```

## Closed

No pod mounts these folders but those of the control plane itself; encryption at rest with a key in a KMS.

## References

- https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/
- CIS Kubernetes Benchmark 1.1.11, 1.1.12 and section 2
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from strongroom.access.code import Code
from strongroom.access.way import Way
from strongroom.access.world import DEFAULT, World
from strongroom.model.access import INCLUDES, Evidence, Node, Power, Step, power
from strongroom.model.controlplane import Program
from strongroom.model.resource import as_dict, as_text

_KEPT = ("/var/lib/etcd", "/etc/kubernetes/pki/etcd", "/etc/kubernetes/pki/apiserver-etcd-client.key")
"""Where kubeadm keeps etcd's data and the API server's login (kubeadm implementation details)."""
_LOGINS = frozenset({"kube-apiserver-etcd-client", "kube-etcd-healthcheck-client"})
"""Common names of the clients that etcd's authority signs there."""
_CONTROL_PLANE = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
_ENCRYPTED = "if it reads the encryption key as well"
_ELSEWHERE = "if it runs on a machine of the control plane"
_REACHED = "if it reaches etcd, and etcd trusts the signer"


def steps(world: World) -> Iterator[Step]:
    """Yield which programs read etcd, and that its contents are every Secret."""
    found = [*_programs(world), *_logins(world)]
    yield from found
    if found:
        condition = _ENCRYPTED if _encrypted(world) else ""
        yield Step(
            power(Power.READ_ETCD), power(Power.READ_SECRETS), INCLUDES, (), condition, "etcd holds every Secret"
        )


def _programs(world: World) -> Iterator[Step]:
    masters = {r.name for r in world.facts.of_kind("Node") if any(label in r.labels for label in _CONTROL_PLANE)}
    for code in world.code:
        for field, volume in code.workload.volumes:
            mounted = as_text(as_dict(volume.get("hostPath")).get("path"))
            path = posixpath.normpath(mounted) if mounted.startswith("/") else ""
            if path and any(_covers(path, one) for one in _KEPT):
                resource = code.workload.resource
                evidence = (Evidence("workload", resource.id, resource.origin.at((*field, "hostPath", "path"))),)
                condition = "" if _is_there(code, path, masters) else _ELSEWHERE
                yield Step(code.node, power(Power.READ_ETCD), WAY.id, evidence, condition, f"mounts {mounted}")


def _is_there(code: Code, path: str, masters: set[str]) -> bool:
    """Tell whether what is mounted is etcd's: nothing else has such a folder, and any machine has a wider one."""
    return any(path == one or path.startswith(one + "/") for one in _KEPT) or not masters.isdisjoint(code.machines)


def _covers(folder: str, path: str) -> bool:
    return folder in ("/", path) or path.startswith(folder + "/") or folder.startswith(path + "/")


def _logins(world: World) -> Iterator[Step]:
    """Yield which Secrets hold a certificate of one of etcd's usual clients, and a key beside it."""
    for record in world.facts.secrets:
        for definition in record.definitions:
            certificates = [key.certificate for key in definition.keys if key.certificate is not None]
            names = {part.strip() for one in certificates for part in one.subject.split(",")}
            has_key = not all(key.public or key.certificate for key in definition.keys)
            if has_key and names & {f"CN={name}" for name in _LOGINS}:
                node = Node("Secret", record.ref.namespace or DEFAULT, record.ref.name)
                evidence = (Evidence("secret", definition.resource, definition.origin, "holds a login to etcd"),)
                yield Step(node, power(Power.READ_ETCD), WAY.id, evidence, _REACHED)


def _encrypted(world: World) -> bool:
    """Tell whether the sources show that Secrets are encrypted when they are written."""
    control_plane = world.facts.control_plane
    for configuration in control_plane.encryption:
        providers = configuration.providers_of("secrets")
        if providers and providers[0].kind != "identity":
            return True
    servers = [server for server in control_plane.servers if server.program is Program.API_SERVER]
    return not control_plane.encryption and any(server.value("encryption-provider-config") for server in servers)


WAY = Way("etcd-read", "reads etcd", ("T1552.001",), steps)

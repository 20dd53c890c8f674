"""What starts an API server, changed: its flags, and the folders of the host that it sees.

A static pod (https://kubernetes.io/docs/tasks/configure-pod-container/static-pod/), or the ClusterConfiguration that
kubeadm makes one of (https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/, ``APIServer`` and
``HostPathMount``; ``extraArgs`` is a mapping up to v1beta3). Bodies of documents are changed, as
`strongroom.documents.edits` takes them.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from strongroom.documents.wanted import Unfit
from strongroom.model.controlplane import Program, Server
from strongroom.model.origin import FieldPath, Origin
from strongroom.model.resource import as_dict, as_list, as_text, dig
from strongroom.sources.controlplane_servers import servers_of
from strongroom.sources.objects import objects_in

_KUBEADM_PARTS = {
    Program.API_SERVER: "apiServer",
    Program.CONTROLLER_MANAGER: "controllerManager",
    Program.SCHEDULER: "scheduler",
}


class Mount(NamedTuple):
    """A folder or file of the host that the API server sees.

    Attributes:
        name: of the volume.
        path: where the API server sees it.
        kind: as a hostPath has it: ``DirectoryOrCreate``, ``File``.
        read_only: whether it is only read.
        host: where it lies on the host; under the same path where it is empty.
        file: the file in it that is replaced now and then.
        is_reloaded: whether the API server reads the file again while it runs, and not only when it starts.
    """

    name: str
    path: str
    kind: str = "DirectoryOrCreate"
    read_only: bool = True
    host: str = ""
    file: str = ""
    is_reloaded: bool = True


class Started(NamedTuple):
    """What starts an API server.

    Attributes:
        server: its flags.
        body: the document.
        is_pod: True for a static pod, False for a ClusterConfiguration of kubeadm.
    """

    server: Server
    body: dict[str, Any]
    is_pod: bool

    @property
    def mounts(self) -> tuple[Mount, ...]:
        """What of the host it sees."""
        return tuple(_mounts_of_pod(self) if self.is_pod else _mounts_of_kubeadm(self))

    @property
    def user(self) -> int:
        """The number of the user that it runs as, where the document names one; 0 is root."""
        pod, container = (as_dict(dig(self.body, field)) for field in (("spec",), _container(self)))
        named = (
            [as_dict(one.get("securityContext")).get("runAsUser") for one in (container, pod)] if self.is_pod else []
        )
        return next((one for one in named if isinstance(one, int)), 0)

    def sees(self, path: str) -> Mount | None:
        """Return the mount through which it sees a path; None where it does not."""
        found = [one for one in self.mounts if PurePosixPath(path).is_relative_to(one.path)]
        return max(found, key=lambda one: len(one.path), default=None)

    def on_host(self, path: str) -> str:
        """Return where a file lies on the host that it sees under a path; the same path where it does not see it."""
        mount = self.sees(path)
        if mount is None or not mount.host:
            return path
        return str(PurePosixPath(mount.host) / PurePosixPath(path).relative_to(mount.path))


def started_by(body: Any) -> Started | None:
    """Return what a document says on how to start an API server; None where it says nothing of it."""
    for resource in objects_in(body, Origin("", "")):
        if resource.origin.field:
            continue  # it is written inside another object
        for server in servers_of(resource):
            is_kubeadm = (resource.group, resource.kind) == ("kubeadm.k8s.io", "ClusterConfiguration")
            if server.program is Program.API_SERVER and (is_kubeadm or resource.kind == "Pod"):
                return Started(server, body, is_pod=not is_kubeadm)
    return None


def changed(started: Started, flags: Mapping[str, str], mounts: Sequence[Mount]) -> dict[str, Any]:
    """Return the document with other flags and more mounts; what is so already stays as it is.

    Args:
        started: the document.
        flags: name to value.
        mounts: folders of the host. A mount of nothing but the file of one of them becomes one of the folder where the
            file is reloaded: a file that is replaced is another file, which a mount of the old one does not show.

    Raises:
        Unfit: a script starts the API server, so that its flags cannot be told apart; a file is mounted under another
            name.
    """
    body: dict[str, Any] = copy.deepcopy(started.body)
    for name, value in flags.items():
        if started.server.value(name) != value:
            set_flag(body, started.server, name, value)
    for mount in mounts:
        single = next((one for one in started.mounts if mount.file and one.path == mount.file), None)
        if single is not None and mount.is_reloaded:
            _widen(started, body, single)
        elif started.sees(mount.file or mount.path) is None:
            _see(started, body, mount)
    return body


def set_flag(body: dict[str, Any], server: Server, name: str, value: str) -> None:
    """Write a flag: in the place of the one that counts, else behind the last.

    Raises:
        Unfit: a script starts the API server.
    """
    if server.extra_args:
        _set_extra_arg(body, server, name, value)
        return
    words = dig(body, server.origin.field)
    if not isinstance(words, list) or any("\n" in str(word) for word in words):
        raise Unfit("a script starts it: set the flag there")
    flag = server.flag(name)
    at = flag.origin.field[-1] if flag is not None else None
    if isinstance(at, int) and at < len(words) and str(words[at]).startswith(f"--{name}="):
        words[at] = f"--{name}={value}"
    else:
        words.append(f"--{name}={value}")


def _set_extra_arg(body: dict[str, Any], server: Server, name: str, value: str) -> None:
    part = _part(body, _KUBEADM_PARTS[server.program])
    is_list = as_text(body.get("apiVersion")).rpartition("/")[2] not in ("v1beta1", "v1beta2", "v1beta3")
    given = part.setdefault("extraArgs", [] if is_list else {})
    if isinstance(given, dict):
        given[name] = value
        return
    entry = next((one for one in reversed(as_list(given)) if as_dict(one).get("name") == name), None)
    if entry is None:
        given.append({"name": name, "value": value})
    else:
        entry["value"] = value


def _part(body: dict[str, Any], name: str = "apiServer") -> dict[str, Any]:
    if not isinstance(body.get(name), dict):
        body[name] = {}
    part: dict[str, Any] = body[name]
    return part


def _see(started: Started, body: dict[str, Any], mount: Mount) -> None:
    read_only = {"readOnly": True} if mount.read_only else {}
    if not started.is_pod:
        entry = {"name": mount.name, "hostPath": mount.path, "mountPath": mount.path, **read_only}
        _part(body).setdefault("extraVolumes", []).append({**entry, "pathType": mount.kind})
        return
    names = {as_dict(one).get("name") for one in as_list(dig(body, ("spec", "volumes")))}
    name, number = mount.name, 2
    while name in names:
        name, number = f"{mount.name}-{number}", number + 1
    container = dig(body, _container(started))
    container.setdefault("volumeMounts", []).append({"name": name, "mountPath": mount.path, **read_only})
    volume = {"name": name, "hostPath": {"path": mount.path, "type": mount.kind}}
    as_dict(body.get("spec")).setdefault("volumes", []).append(volume)


def _widen(started: Started, body: dict[str, Any], single: Mount) -> None:
    """Make of a mount of a file one of its folder."""
    file, place = PurePosixPath(single.path), PurePosixPath(single.host or single.path)
    if file.name != place.name:
        raise Unfit("its file has another name inside: mount a folder where it has the same")
    inside, host = str(file.parent), str(place.parent)
    if not started.is_pod:
        for entry in as_list(_part(body).get("extraVolumes")):
            if as_dict(entry).get("mountPath") == single.path:
                entry |= {"hostPath": host, "mountPath": inside, "pathType": "DirectoryOrCreate"}
        return
    for entry in as_list(as_dict(dig(body, _container(started))).get("volumeMounts")):
        if as_dict(entry).get("mountPath") == single.path:
            if entry.get("subPath"):
                raise Unfit("a part of a volume is mounted as its file: mount the folder")
            entry["mountPath"] = inside
    for volume in as_list(dig(body, ("spec", "volumes"))):
        if as_dict(volume).get("name") == single.name:
            volume["hostPath"] = {"path": host, "type": "DirectoryOrCreate"}


def _container(started: Started) -> FieldPath:
    return started.server.origin.field[:-1]


def _mounts_of_pod(started: Started) -> list[Mount]:
    hosts = {
        as_text(as_dict(volume).get("name")): as_dict(as_dict(volume).get("hostPath"))
        for volume in as_list(dig(started.body, ("spec", "volumes")))
    }
    found = []
    for mount in as_list(as_dict(dig(started.body, _container(started))).get("volumeMounts")):
        host = hosts.get(as_text(as_dict(mount).get("name")))
        if host:
            part = as_text(as_dict(mount).get("subPath"))
            place = str(PurePosixPath(as_text(host.get("path"))) / part) if part else as_text(host.get("path"))
            found.append(_mount(mount, as_text(host.get("type")), place))
    return found


def _mounts_of_kubeadm(started: Started) -> list[Mount]:
    entries = [as_dict(one) for one in as_list(as_dict(started.body.get("apiServer")).get("extraVolumes"))]
    return [_mount(one, as_text(one.get("pathType")), as_text(one.get("hostPath"))) for one in entries]


def _mount(entry: Mapping[str, Any], kind: str, host: str) -> Mount:
    path, host = as_text(entry.get("mountPath")).rstrip("/"), host.rstrip("/")
    return Mount(as_text(entry.get("name")), path, kind, bool(entry.get("readOnly")), "" if host == path else host)

"""Who starts the programs of a control plane, and with which flags.

Flags: https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/,
https://etcd.io/docs/v3.6/op-guide/configuration/ (which also reads ``ETCD_...`` variables), and the ``extraArgs`` of
https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from strongroom.model.controlplane import Flag, Program, Server
from strongroom.model.origin import FieldPath, Origin
from strongroom.model.resource import Resource, as_dict, as_list, as_text, dig
from strongroom.model.workload import Container, Workload, workloads_of

_PROGRAMS = {program.value: program for program in Program}
_WORKLOADS = frozenset({"Pod", "PodTemplate", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"})
_IN_SCRIPT = re.compile(r"(?<!\S)--(?P<name>[a-z][a-z0-9.-]*)(?:=(?P<value>\"[^\"]*\"|'[^']*'|[^\s\\]*))?")
_VERSION = re.compile(r"v?(?P<version>\d+\.\d+(?:\.\d+)?)(?=$|[-+._])")
_SWITCH = "true"  # what a flag without a value says (github.com/spf13/pflag, NoOptDefVal of booleans)

# Of other programs, an image alone says too little: they are known by a flag that nothing else has.
_KNOWN_BY = {Program.API_SERVER: "--etcd-servers", Program.ETCD: "--data-dir"}

_CONFIGURATIONS: dict[tuple[str, str], tuple[FieldPath, FieldPath]] = {
    ("bootstrap.cluster.x-k8s.io", "KubeadmConfig"): (("spec", "clusterConfiguration"), ()),
    ("bootstrap.cluster.x-k8s.io", "KubeadmConfigTemplate"): (("spec", "template", "spec", "clusterConfiguration"), ()),
    ("kubeadm.k8s.io", "ClusterConfiguration"): ((), ("kubernetesVersion",)),
    ("controlplane.cluster.x-k8s.io", "KubeadmControlPlane"): (
        ("spec", "kubeadmConfigSpec", "clusterConfiguration"),
        ("spec", "version"),
    ),
    ("controlplane.cluster.x-k8s.io", "KubeadmControlPlaneTemplate"): (
        ("spec", "template", "spec", "kubeadmConfigSpec", "clusterConfiguration"),
        (),
    ),
}
"""Kind -> the way to a kubeadm ClusterConfiguration inside it, and to the version of Kubernetes."""

_BOOTSTRAP = "bootstrap.cluster.x-k8s.io"
_EXTERNAL_ETCD = (("caFile", "etcd-cafile"), ("certFile", "etcd-certfile"), ("keyFile", "etcd-keyfile"))


def servers_of(resource: Resource) -> Iterator[Server]:
    """Yield the programs of a control plane that an object starts."""
    if (resource.group, resource.kind) in _CONFIGURATIONS:
        yield from _of_kubeadm(resource)
    elif resource.kind in _WORKLOADS:
        for workload in workloads_of(resource):
            for container in workload.containers:
                program = _program_of(workload, container)
                if program is not None:
                    yield _of_container(workload, container, program)


def _program_of(workload: Workload, container: Container) -> Program | None:
    words = [word for _, word in container.words]
    started = next(
        (
            _PROGRAMS[name]
            for word in words
            for line in word.splitlines()
            if (name := line.strip().removeprefix("exec ").split(" ", 1)[0].rpartition("/")[2]) in _PROGRAMS
        ),
        None,
    )
    if started is None:
        image = _PROGRAMS.get(container.image.partition("@")[0].rpartition("/")[2].partition(":")[0])
        known_by = _KNOWN_BY.get(image) if image else None
        started = image if known_by and any(word.startswith(known_by) for word in words) else None
    if started is Program.ETCD and not _is_of_control_plane(workload):
        return None  # many products bring an etcd of their own
    return started


def _is_of_control_plane(workload: Workload) -> bool:
    return workload.namespace == "kube-system" or workload.pod_labels.get("tier") == "control-plane"


def _of_container(workload: Workload, container: Container, program: Program) -> Server:
    resource = workload.resource
    part = "command" if container.body.get("command") else "args"
    field = (*container.field, part) if container.body.get(part) else (*container.field, "image")
    flags = tuple(_flags_in_words(container, resource.origin))
    if program is Program.ETCD:
        flags = (*_flags_in_variables(container, resource.origin), *flags)
    tag = container.image.partition("@")[0].rpartition("/")[2].partition(":")[2]
    version = _VERSION.match(tag) if program is not Program.ETCD else None
    return Server(
        program=program,
        resource=resource.id,
        subject=f"container {container.name}",
        origin=resource.origin.at(field),
        flags=flags,
        version=version["version"] if version else "",
        version_origin=resource.origin.at((*container.field, "image")) if version else None,
    )


def _flags_in_words(container: Container, origin: Origin) -> Iterator[Flag]:
    words = list(container.words)
    for index, (field, word) in enumerate(words):
        if word.startswith("--") and not any(c.isspace() for c in word):
            name, equals, value = word[2:].partition("=")
            if not equals:
                following = words[index + 1][1] if index + 1 < len(words) else "-"
                value = _SWITCH if following.startswith("-") else following
            yield Flag(name, value, origin.at(field))
        elif "--" in word:
            for match in _IN_SCRIPT.finditer(word):
                value = match["value"]
                yield Flag(match["name"], _SWITCH if value is None else value.strip("\"'"), origin.at(field))


def _flags_in_variables(container: Container, origin: Origin) -> Iterator[Flag]:
    for variable in container.env:
        if variable.name.startswith("ETCD_") and variable.value is not None:
            name = variable.name.removeprefix("ETCD_").lower().replace("_", "-")
            yield Flag(name, variable.value, origin.at(variable.field))


def _of_kubeadm(resource: Resource) -> Iterator[Server]:
    path, version_path = _CONFIGURATIONS[resource.group, resource.kind]
    body = as_dict(dig(resource.body, path))
    if not body and resource.group == _BOOTSTRAP:
        return  # a machine that joins starts no control plane of its own
    version = _VERSION.match(as_text(dig(resource.body, version_path))) if version_path else None
    subject = f"{resource.kind} {resource.name}".strip()
    etcd = as_dict(body.get("etcd"))
    parts: list[tuple[Program, FieldPath, Iterable[Flag]]] = [
        (Program.API_SERVER, ("apiServer",), _external(as_dict(etcd.get("external")), resource.origin, path)),
        (Program.CONTROLLER_MANAGER, ("controllerManager",), ()),
        (Program.SCHEDULER, ("scheduler",), ()),
    ]
    if "external" not in etcd:
        parts.append((Program.ETCD, ("etcd", "local"), ()))
    for program, part, more in parts:
        is_api_server = program is Program.API_SERVER
        yield Server(
            program=program,
            resource=resource.id,
            subject=subject,
            origin=resource.origin.at(_place(body, path, part)),
            flags=(*more, *_extra_args(dig(body, part), resource.origin, (*path, *part))),
            whole=False,
            version=version["version"] if version and is_api_server else "",
            version_origin=resource.origin.at(version_path) if version and is_api_server else None,
            extra_args=True,
        )


def _place(body: dict[str, Any], path: FieldPath, part: FieldPath) -> FieldPath:
    server = dig(body, part)
    if not isinstance(server, dict) or not server:
        return ("kind",)
    return (*path, *part, "extraArgs") if server.get("extraArgs") else (*path, *part)


def _extra_args(server: Any, origin: Origin, path: FieldPath) -> Iterator[Flag]:
    """``extraArgs`` is a mapping up to v1beta3, and a list of names and values from v1beta4 on."""
    given = as_dict(server).get("extraArgs")
    field = (*path, "extraArgs")
    if isinstance(given, dict):
        for name, value in given.items():
            if isinstance(name, str):
                yield Flag(name, _text(value), origin.at((*field, name)))
    for index, entry in enumerate(as_list(given)):
        name = as_text(as_dict(entry).get("name"))
        if name:
            yield Flag(name, _text(as_dict(entry).get("value")), origin.at((*field, index)))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return as_text(value)


def _external(external: dict[str, Any], origin: Origin, path: FieldPath) -> Iterator[Flag]:
    """Yield the flags that kubeadm makes of an etcd of which it does not take care."""
    field = (*path, "etcd", "external")
    endpoints = [text for text in as_list(external.get("endpoints")) if isinstance(text, str)]
    if endpoints:
        yield Flag("etcd-servers", ",".join(endpoints), origin.at((*field, "endpoints")))
    for key, name in _EXTERNAL_ETCD:
        value = as_text(external.get(key))
        if value:
            yield Flag(name, value, origin.at((*field, key)))

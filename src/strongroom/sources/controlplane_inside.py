"""Configuration of a control plane that is written inside another object, as text.

- ``kubeadm-config`` in ``kube-system``, where kubeadm leaves its ClusterConfiguration
  (https://kubernetes.io/docs/reference/setup-tools/kubeadm/implementation-details/#save-the-kubeadm-clusterconfiguration-in-a-configmap-for-later-reference);
- the ``files`` that Cluster API's kubeadm providers write to new machines
  (https://cluster-api.sigs.k8s.io/tasks/bootstrap/kubeadm-bootstrap/#additional-features).
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from strongroom.documents.limits import DEFAULT
from strongroom.documents.yaml import Document, read
from strongroom.model.origin import FieldPath, Origin
from strongroom.model.resource import Resource, as_dict, as_list, as_text, dig

_CONFIG_MAP = ("kubeadm-config", "ClusterConfiguration")
_NAMESPACES = ("kube-system", "")  # a manifest may leave it open
_FILES: dict[tuple[str, str], FieldPath] = {
    ("bootstrap.cluster.x-k8s.io", "KubeadmConfig"): ("spec", "files"),
    ("bootstrap.cluster.x-k8s.io", "KubeadmConfigTemplate"): ("spec", "template", "spec", "files"),
    ("controlplane.cluster.x-k8s.io", "KubeadmControlPlane"): ("spec", "kubeadmConfigSpec", "files"),
    ("controlplane.cluster.x-k8s.io", "KubeadmControlPlaneTemplate"): (
        "spec",
        "template",
        "spec",
        "kubeadmConfigSpec",
        "files",
    ),
}
_WRITTEN = frozenset(
    {
        ("", "EncryptionConfig"),
        ("", "Pod"),
        ("apiserver.config.k8s.io", "AdmissionConfiguration"),
        ("apiserver.config.k8s.io", "AuthenticationConfiguration"),
        ("apiserver.config.k8s.io", "EncryptionConfiguration"),
        ("audit.k8s.io", "Policy"),
        ("kubeadm.k8s.io", "ClusterConfiguration"),
        ("kubelet.config.k8s.io", "KubeletConfiguration"),
    }
)
_MOST_FILES = 200
_GZIP = 16 + zlib.MAX_WBITS  # zlib.decompressobj: only gzip

Make = Callable[[Any, Origin], Resource | None]
"""Makes the object of a document; None where it is none."""


def is_kubeadm_config(resource: Resource) -> bool:
    """Tell whether an object is the ConfigMap in which kubeadm leaves what it was told."""
    return (
        resource.kind == "ConfigMap"
        and not resource.group
        and resource.name == _CONFIG_MAP[0]
        and resource.namespace in _NAMESPACES
    )


def written_inside(resource: Resource, make: Make) -> Iterator[Resource]:
    """Yield the configurations that are written inside an object; their origins are fields of its own.

    What is no YAML, or of another kind, is left to those who look for values in texts.
    """
    for field, text in _texts(resource):
        if len(text) > DEFAULT.max_embedded_bytes:
            continue
        for document in read(text.encode("utf-8", "replace")):
            found = make(document.body, resource.origin.at(field)) if isinstance(document, Document) else None
            if found is not None and (found.group, found.kind) in _WRITTEN:
                named = found.name or resource.name
                yield msgspec.structs.replace(found, name=named, namespace=found.namespace or resource.namespace)


def _texts(resource: Resource) -> Iterator[tuple[FieldPath, str]]:
    if is_kubeadm_config(resource):
        field: FieldPath = ("data", _CONFIG_MAP[1])
        yield field, as_text(dig(resource.body, field))
        return
    way = _FILES.get((resource.group, resource.kind))
    if way is None:
        return
    for index, entry in enumerate(as_list(dig(resource.body, way))[:_MOST_FILES]):
        file = as_dict(entry)
        yield (*way, index, "content"), _decoded(as_text(file.get("content")), as_text(file.get("encoding")))


def _decoded(content: str, encoding: str) -> str:
    """Return the text of a file; ``base64``, ``gzip`` and ``gzip+base64`` are the encodings of cloud-init."""
    if not encoding:
        return content
    try:
        data = base64.b64decode("".join(content.split()), validate=True) if "base64" in encoding else b""
        if encoding.startswith("gzip"):
            data = zlib.decompressobj(_GZIP).decompress(data, DEFAULT.max_embedded_bytes)
        return data.decode("utf-8")
    except (binascii.Error, ValueError, zlib.error):
        return ""

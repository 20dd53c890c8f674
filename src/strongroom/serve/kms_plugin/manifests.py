"""How a plugin is run on a control-plane node: as a static pod or by systemd, and how the API server finds it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

PROGRAM = "/usr/local/bin/strongroom"
_RUN = PurePosixPath("/run")
_PLAIN_WORD = re.compile(r"[\w@+=:,./?&;~-]+", re.ASCII)


class Installation(NamedTuple):
    """What is rendered.

    Attributes:
        name: of the provider in the EncryptionConfiguration, of the pod and of the unit.
        socket: the path of the socket, on the node and in the pod.
        keys: URIs of the keys; the first encrypts.
        metrics: host and port on loopback.
        folder: on the node, read-only in the pod: key files, tokens, certificates.
        image: of the pod.
        program: the path of ``strongroom``, for systemd.
        resources: what the API server encrypts.
        timeout: seconds that the API server gives a request.
    """

    name: str
    socket: PurePosixPath
    keys: tuple[str, ...]
    metrics: tuple[str, int]
    folder: PurePosixPath = PurePosixPath("/etc/strongroom")
    image: str = ""
    program: str = PROGRAM
    resources: tuple[str, ...] = ("secrets",)
    timeout: int = 3

    def arguments(self) -> list[str]:
        """Return the words behind the program's name."""
        writer, *readers = self.keys
        words = ["serve", "kms-plugin", "--socket", str(self.socket), "--key", writer]
        words += [word for key in readers for word in ("--also", key)]
        # Done before the API server gives up, so that it gets the reason.
        return [*words, "--timeout", f"{self.timeout * 0.9:g}", "--metrics-address", "{}:{}".format(*self.metrics)]

    def grace(self) -> int:
        """Return the seconds after which it may be killed: those for which a request may run, and some."""
        return max(30, self.timeout + 10)


def encryption_configuration(wanted: Installation) -> dict[str, Any]:
    """Return the EncryptionConfiguration that encrypts through the plugin and still reads what is in plaintext.

    https://kubernetes.io/docs/reference/config-api/apiserver-config.v1/#apiserver-config-k8s-io-v1-KMSConfiguration
    """
    plugin = {
        "apiVersion": "v2",
        "name": wanted.name,
        "endpoint": f"unix://{wanted.socket}",
        "timeout": f"{wanted.timeout}s",
    }
    return {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "EncryptionConfiguration",
        "resources": [{"resources": list(wanted.resources), "providers": [{"kms": plugin}, {"identity": {}}]}],
    }


def static_pod(wanted: Installation) -> dict[str, Any]:
    """Return a static pod for ``/etc/kubernetes/manifests``; it starts before, and without, the API server.

    Of what root may do it keeps only the locking of memory; the socket's folder is all that it writes.
    """
    folders = {"socket": str(wanted.socket.parent), "configuration": str(wanted.folder)}
    container = {
        "name": "kms-plugin",
        "image": wanted.image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["strongroom", *(word.replace("$", "$$") for word in wanted.arguments())],
        "resources": {"requests": {"cpu": "100m", "memory": "96Mi"}, "limits": {"memory": "256Mi"}},
        "livenessProbe": _probe(wanted.metrics, every=10, failures=6),
        "startupProbe": _probe(wanted.metrics, every=1, failures=60),
        "securityContext": {
            "runAsUser": 0,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"], "add": ["IPC_LOCK"]},
        },
        "volumeMounts": [
            {"name": "socket", "mountPath": folders["socket"]},
            {"name": "configuration", "mountPath": folders["configuration"], "readOnly": True},
        ],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": wanted.name,
            "namespace": "kube-system",
            "labels": {"app.kubernetes.io/name": "strongroom-kms-plugin", "tier": "control-plane"},
        },
        "spec": {
            "hostNetwork": True,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "priorityClassName": "system-node-critical",
            # Of that class. No admission sets it in a static pod, and a node that shuts down would end it first.
            "priority": 2_000_001_000,
            "terminationGracePeriodSeconds": wanted.grace(),
            "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [container],
            "volumes": [
                {"name": name, "hostPath": {"path": path, "type": "DirectoryOrCreate"}}
                for name, path in folders.items()
            ],
        },
    }


def _probe(address: tuple[str, int], *, every: int, failures: int) -> dict[str, Any]:
    host, port = address
    # Not /healthz: a key that cannot be reached is not mended by starting the plugin again.
    asked = {"host": host, "port": port, "path": "/livez"}
    return {"httpGet": asked, "periodSeconds": every, "timeoutSeconds": 5, "failureThreshold": failures}


def systemd_unit(wanted: Installation) -> str:
    """Return a unit that starts the plugin before the kubelet, shut in to what it needs.

    Directives: systemd.exec(5), systemd.service(5).
    """
    folder = wanted.socket.parent
    # Preserved: pods that mount the folder would go on with the one that was removed, and another plugin may use it.
    place = (
        f"RuntimeDirectory={_word(str(folder.relative_to(_RUN)))}\nRuntimeDirectoryMode=0700\nRuntimeDirectoryPreserve=yes"
        if _RUN in folder.parents
        else f"ReadWritePaths={_word(str(folder))}"
    )
    # A smart card or an HSM in the machine is a device; everything else needs none.
    devices = "no" if any(key.startswith("pkcs11:") for key in wanted.keys) else "yes"
    return _UNIT.format(
        command=" ".join(map(_word, [wanted.program, *wanted.arguments()])),
        environment=_word(str(wanted.folder / "kms-plugin.env")),
        name=wanted.name,
        place=place,
        devices=devices,
        grace=wanted.grace(),
    )


def _word(text: str) -> str:
    """Return a word as a unit file has it: systemd.syntax(7), and ``%`` and ``$`` doubled."""
    doubled = text.replace("%", "%%").replace("$", "$$")
    if _PLAIN_WORD.fullmatch(text) and text != ";":
        return doubled
    return '"' + doubled.replace("\\", "\\\\").replace('"', '\\"') + '"'


def shown(wanted: Installation, form: str) -> Sequence[str]:
    """Return the lines of comment that stand above a form: where it goes, and what comes before it."""
    return {
        "static-pod": (
            f"/etc/kubernetes/manifests/{wanted.name}.yaml, on every control-plane node.",
            f"The API server's own static pod mounts {wanted.socket.parent} too (hostPath).",
        ),
        "systemd": (
            f"/etc/systemd/system/{wanted.name}.service, on every control-plane node;",
            f"credentials as variables in {wanted.folder}/kms-plugin.env, mode 0600.",
            *(() if _RUN in wanted.socket.parents else (f"Make {wanted.socket.parent} first (root, mode 0700).",)),
        ),
        "encryption-configuration": (
            "For kube-apiserver --encryption-provider-config, once the plugin runs on every control-plane node.",
            "identity reads what is still in plaintext; strongroom at-rest rewrites that and proves it.",
        ),
    }[form]


_UNIT = """\
[Unit]
Description=KMS v2 plugin {name}
Wants=network-online.target
After=network-online.target
Before=kubelet.service
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart={command}
ExecReload=/bin/kill -HUP $MAINPID
EnvironmentFile=-{environment}
Restart=always
RestartSec=100ms
TimeoutStopSec={grace}
{place}
UMask=0077
LimitCORE=0
LimitMEMLOCK=infinity
MemorySwapMax=0
OOMScoreAdjust=-900
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=yes
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectControlGroups=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
PrivateTmp=yes
PrivateDevices={devices}
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""

"""What is rendered is taken by the programs that it is for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml
from tests.support.controlplane.access import Access

from strongroom.serve.kms_plugin.manifests import Installation, encryption_configuration, static_pod, systemd_unit

WANTED = Installation(
    name="strongroom-kms",
    socket=PurePosixPath("/run/strongroom/kms.sock"),
    keys=("vault-transit:https://vault:8200/v1/transit/keys/k?token-file=/a%20b", "local-file:/etc/strongroom/old"),
    metrics=("127.0.0.1", 8085),
    image="registry.example/strongroom@sha256:" + "0" * 64,
    program="/bin/true",
)


def test_the_pod_is_one(cluster: Access, namespace: str) -> None:
    """A real API server takes the pod, with all its fields known."""
    pod = static_pod(WANTED)
    pod["metadata"] = {**pod["metadata"], "namespace": namespace}
    pod["spec"] = {**pod["spec"], "priorityClassName": "system-node-critical"}

    path = f"/api/v1/namespaces/{namespace}/pods?dryRun=All&fieldValidation=Strict"
    made = cluster.client().create(path, pod)

    assert made["spec"]["containers"][0]["command"][:3] == ["strongroom", "serve", "kms-plugin"]


def test_only_the_socket_s_folder_is_written() -> None:
    """The pod's root is read-only, and so is the folder with keys and tokens; it may lock memory and nothing else."""
    container = static_pod(WANTED)["spec"]["containers"][0]

    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"], "add": ["IPC_LOCK"]}
    assert [mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")] == [
        "/run/strongroom"
    ]


def test_the_pod_outlives_what_needs_it() -> None:
    """Requests may end before it is killed, it has its class's priority, and Kubernetes leaves its words as they are."""
    pod = static_pod(WANTED._replace(timeout=60, keys=("local-file:/k/$(HOME)",)))["spec"]

    assert pod["terminationGracePeriodSeconds"] == 70
    assert pod["priority"] == 2_000_001_000  # of system-node-critical, which the test above has an API server confirm
    assert "local-file:/k/$$(HOME)" in pod["containers"][0]["command"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--socket=/run/kms.sock"], "no folder of its own"),
        (["--socket=/kms.sock"], "no folder of its own"),
        (["--socket=/var/run/kms.sock"], "no folder of its own"),
        (["--folder=/etc"], "no folder of its own"),
        (["--folder=/etc/strongroom/.."], "no folder of its own"),
        (["--folder=/run/strongroom"], "in one folder"),
        (["--also=pkcs11:token=t;object=k;pin-value=1234"], "the PIN itself"),
        (["--also=vault-transit:nowhere"], "error"),
    ],
)
def test_what_is_not_rendered(words: list[str], complaint: str) -> None:
    """Folders of the system are not mounted, and a key's URI that the plugin would refuse is refused here already."""
    words = ["install", "kms-plugin", "--form=static-pod", "--key=local-file:/etc/strongroom/kek", "--image=i", *words]
    done = subprocess.run([sys.executable, "-m", "strongroom", *words], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr
    assert "1234" not in done.stderr


def test_the_unit_is_one(tmp_path: Path) -> None:
    """The unit's own checker has nothing to say, and specifiers in a URI are taken literally."""
    unit = tmp_path / "strongroom-kms.service"
    text = systemd_unit(WANTED)
    unit.write_text(text)
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)

    assert [line for line in done.stderr.splitlines() if unit.name in line] == []
    assert '"vault-transit:https://vault:8200/v1/transit/keys/k?token-file=/a%%20b"' in text


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({}, "RuntimeDirectory=strongroom"),
        ({"socket": PurePosixPath("/run/a/b/kms.sock")}, "RuntimeDirectory=a/b"),
        ({}, "RuntimeDirectoryPreserve=yes"),
        ({}, "TimeoutStopSec=30"),
        ({"timeout": 60}, "TimeoutStopSec=70"),
        ({}, "PrivateDevices=yes"),
        ({"socket": PurePosixPath("/srv/a b/kms.sock")}, 'ReadWritePaths="/srv/a b"'),
        ({"keys": ("pkcs11:token=t;object=k",)}, "PrivateDevices=no"),
        ({"program": '/opt/"x"/$y'}, 'ExecStart="/opt/\\"x\\"/$$y" serve kms-plugin'),
    ],
)
def test_lines_of_the_unit(change: dict[str, Any], line: str) -> None:
    """The folder of the socket, devices and odd characters are each written as systemd wants them."""
    assert any(found.startswith(line) for found in systemd_unit(WANTED._replace(**change)).splitlines())


def test_the_configuration_encrypts_first_and_reads_plaintext_last() -> None:
    """The plugin comes first, identity last, and the API server's timeout is above the plugin's own."""
    (rule,) = encryption_configuration(WANTED)["resources"]
    words = WANTED.arguments()

    assert [next(iter(provider)) for provider in rule["providers"]] == ["kms", "identity"]
    assert rule["providers"][0]["kms"]["timeout"] == "3s"
    assert float(words[words.index("--timeout") + 1]) < 3


@pytest.mark.parametrize("form", ["static-pod", "systemd", "encryption-configuration"])
def test_the_command_renders_each_form(form: str) -> None:
    """What the command prints is the form alone, below comments that say where it goes; nothing is applied."""
    words = ["install", "kms-plugin", f"--form={form}", "--key=local-file:/etc/strongroom/kek", "--image=i"]
    done = subprocess.run([sys.executable, "-m", "strongroom", *words], capture_output=True, text=True, check=True)
    comment, body = (
        [line for line in done.stdout.splitlines() if line.startswith("#") is is_comment]
        for is_comment in (True, False)
    )

    assert len(comment) == 2
    assert done.stdout.splitlines() == [*comment, *body]
    if form == "systemd":
        assert "ExecStart=/usr/local/bin/strongroom serve kms-plugin --socket /run/strongroom/kms.sock" in done.stdout
    else:
        parsed = yaml.safe_load(done.stdout)
        assert parsed["kind"] == ("Pod" if form == "static-pod" else "EncryptionConfiguration")

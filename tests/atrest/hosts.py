"""A control-plane node before `at-rest configure`: without encryption, or with a configuration that somebody wrote by hand."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from tests.atrest.node import STATIC_POD, HostNode

from strongroom.atrest.configuration import parse
from strongroom.survey.at_rest.configure import MANIFEST

OLD = base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


HAND_WRITTEN = f"""\
# Ask ops before you touch this.
kind: EncryptionConfiguration
apiVersion: apiserver.config.k8s.io/v1
resources:
- resources:
  - secrets   # what matters
  providers:
  - aescbc:
      keys:
      # since 2021: {OLD[::-1]}
      - name: key2021
        secret: {OLD}
  - identity: {{}}
"""


WITH_CONFIG = (
    STATIC_POD.replace(
        "    - --secure-port", "    - --encryption-provider-config=/etc/kubernetes/enc/enc.yaml\n    - --secure-port"
    )
    .replace(
        "    volumeMounts:\n", "    volumeMounts:\n    - {name: enc, mountPath: /etc/kubernetes/enc, readOnly: true}\n"
    )
    .replace("  volumes:\n", "  volumes:\n  - {name: enc, hostPath: {path: /etc/kubernetes/enc, type: Directory}}\n")
)


@pytest.fixture
def node(tmp_path: Path) -> HostNode:
    """A node where nothing is encrypted."""
    return HostNode(tmp_path)


@pytest.fixture
def configured(tmp_path: Path) -> HostNode:
    """A node where Secrets are encrypted since 2021, with a file that everybody may read."""
    node = HostNode(tmp_path)
    node.write(MANIFEST, WITH_CONFIG)
    node.write("/etc/kubernetes/enc/enc.yaml", HAND_WRITTEN, 0o644)
    return node


def readers(node: HostNode) -> list[str]:
    """Return what the first rule of a node reads with, without the random part of names."""
    [rule, *_] = parse(node.config.read_bytes(), "it").rules
    return [re.sub(r"-[0-9a-f]{4}$", "", one.show()) for one in rule.readers]


FRESH = "secretbox key-2026-11-21"

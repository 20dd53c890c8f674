"""What kube-apiserver itself says of an EncryptionConfiguration: the program is started far enough to read it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from tests.support.controlplane.process import Port

# One that is of several lines stands between signs of its own (k8s.io/klog, ``serialize.KVListFormat``).
_FAILED = re.compile(r'"command failed" err=(?:"(.*)"|<\n((?:\t.*\n)+) >)')


class Judge:
    """Starts kube-apiserver with a configuration and an etcd that cannot be used, which it looks at later.

    Args:
        program: kube-apiserver.
        folder: for its files.
    """

    def __init__(self, program: Path, folder: Path) -> None:
        self._program, self._folder = program, folder
        self._key = folder / "sa.key"
        key = generate_private_key(65537, 2048)
        self._key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )

    def refusal(self, data: bytes) -> str:
        """Return why the API server does not start with a configuration; empty where it takes it."""
        port = Port()
        config, nothing = self._folder / "config.yaml", self._folder / "nothing"
        config.write_bytes(data)
        ended = subprocess.run(
            [
                str(self._program),
                "--etcd-servers=https://127.0.0.1:1",
                f"--etcd-cafile={nothing}",
                f"--encryption-provider-config={config}",
                "--encryption-provider-config-automatic-reload=true",
                "--service-account-issuer=https://strongroom.example.com",
                f"--service-account-signing-key-file={self._key}",
                f"--service-account-key-file={self._key}",
                f"--cert-dir={self._folder}",
                "--service-cluster-ip-range=10.96.0.0/24",
                "--authorization-mode=RBAC",
                "--bind-address=127.0.0.1",
                f"--secure-port={port.number}",
                "--permit-port-sharing=true",
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        port.close()
        found = _FAILED.search(ended.stderr)
        if found is None:
            raise AssertionError(f"kube-apiserver ended with {ended.returncode} and does not say why")
        error: str = found[1] or found[2]
        return "" if str(nothing) in error else error

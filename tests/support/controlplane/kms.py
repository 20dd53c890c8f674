"""A KMS v2 plugin under test, and the EncryptionConfiguration that sends an API server to it.

https://kubernetes.io/docs/tasks/administer-cluster/kms-provider/
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from tests.support.controlplane.folder import Folder
from tests.support.controlplane.process import Process


class KmsPlugin(Process):
    """One plugin on a Unix socket; ``key_id`` may be replaced while it is stopped, as a rotation would.

    Args:
        program: the kms-plugin to run.
        key_id: what it says its key is called.
    """

    def __init__(self, program: Path, key_id: str) -> None:
        # A socket's path has to be short (about 100 characters), which a test's folder may not be.
        self._folder = Folder()
        super().__init__("kms-plugin", self._folder.path / "kms-plugin.log")
        self.key_id = key_id
        self.socket = self._folder.path / "kms.sock"
        self._program = program

    def run(self) -> None:
        """Start it and wait until its socket is there.

        Raises:
            ProcessError: it is running already, or ended.
        """
        self.socket.unlink(missing_ok=True)
        self.start([str(self._program), str(self.socket), self.key_id])
        self.wait_until(self.socket.is_socket, "listening")

    def close(self) -> None:
        """Kill it and remove its folder."""
        self.kill()
        self._folder.close()

    def provider(self, name: str) -> dict[str, object]:
        """The provider of an EncryptionConfiguration that means this plugin."""
        return {"kms": {"apiVersion": "v2", "name": name, "endpoint": f"unix://{self.socket}", "timeout": "5s"}}


def encryption_configuration(
    target: Path, *providers: dict[str, object], resources: Sequence[str] = ("secrets",)
) -> Path:
    """Write an EncryptionConfiguration with these providers, in this order; the path again."""
    rules = [{"resources": list(resources), "providers": list(providers)}]
    body = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "EncryptionConfiguration", "resources": rules}
    target.write_text(json.dumps(body), encoding="utf-8")
    return target

"""A real OpenBao server that keeps what it has: it may be killed, and run again."""

from __future__ import annotations

from pathlib import Path

from tests.support.controlplane.process import LOOPBACK
from tests.support.openbao import BAO, TOKEN, OpenBao
from tests.support.ports import free_port


class KeptOpenBao(OpenBao):
    """A server whose data lies in a file, until it is closed; ``token`` is one of root, as with `OpenBao`."""

    def __init__(self) -> None:
        self._share = ""
        super().__init__()

    def kill(self) -> None:
        """End it at once (SIGKILL), as a crash would."""
        self._process.kill()

    def run(self) -> None:
        """Start it on the data that it has, and unseal it."""
        self._launch()
        self._unseal()

    def _start(self) -> None:
        port, data = free_port(), self._folder.path / "data"
        data.mkdir(exist_ok=True)
        self.address = f"http://{LOOPBACK}:{port}"
        self._settings.write_text(
            f'storage "raft" {{\n  path = "{data}"\n  node_id = "one"\n  performance_multiplier = "1"\n}}\n'
            f'listener "tcp" {{\n  address = "{LOOPBACK}:{port}"\n  tls_disable = true\n}}\n'
            f'api_addr = "{self.address}"\ncluster_addr = "http://{LOOPBACK}:{free_port()}"\n'
        )
        self._launch()
        made = self.call("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1})
        self._share = made["keys_base64"][0]
        self._unseal()
        self.call("POST", "auth/token/create", {"id": TOKEN, "no_parent": True}, made["root_token"])
        self.call("POST", "sys/mounts/transit", {"type": "transit"})

    @property
    def _settings(self) -> Path:
        return self._folder.path / "settings.hcl"

    def _launch(self) -> None:
        home = f"HOME={self._folder.path}"
        self._process.start(["/usr/bin/env", home, str(BAO), "server", f"-config={self._settings}"])
        self._process.wait_until(self._listens, "listening")

    def _unseal(self) -> None:
        self.call("POST", "sys/unseal", {"key": self._share})
        self._process.wait_until(self._answers, "active")

    def _listens(self) -> bool:
        try:
            return self.call("GET", "sys/seal-status") is not None
        except OSError:
            return False

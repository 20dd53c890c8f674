"""A client for the cluster of a kubeconfig with inline certificates, such as ``make cluster`` prints."""

from __future__ import annotations

import base64
import ssl
import tempfile
from pathlib import Path

import yaml
from tests.support.controlplane.access import Client


def of_kubeconfig(path: Path) -> Client:
    """Return the client of its one context."""
    body = yaml.safe_load(path.read_text("utf-8"))
    server, user = body["clusters"][0]["cluster"], body["users"][0]["user"]
    tls = ssl.create_default_context(cadata=base64.b64decode(server["certificate-authority-data"]).decode())
    with tempfile.TemporaryDirectory() as folder:
        for name in ("client-certificate", "client-key"):
            (Path(folder) / name).write_bytes(base64.b64decode(user[f"{name}-data"]))
        tls.load_cert_chain(Path(folder) / "client-certificate", Path(folder) / "client-key")
    return Client(server["server"], tls)

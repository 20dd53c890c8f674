"""What systemd is told."""

from __future__ import annotations

import socket
from contextlib import closing

from tests.support.controlplane.folder import Folder

from strongroom.serve.notify import tell


def test_systemd_hears_the_state() -> None:
    """The state arrives as a datagram at the socket that systemd named."""
    with closing(Folder()) as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(folder.path / "notify"))
        listener.settimeout(5)
        tell({"NOTIFY_SOCKET": str(folder.path / "notify")}, "READY=1")

        assert listener.recv(100) == b"READY=1"


def test_without_systemd_nothing_happens() -> None:
    """Without the variable, with one that is no path, and with a socket that is gone, the program just goes on."""
    for environment in ({}, {"NOTIFY_SOCKET": "relative"}, {"NOTIFY_SOCKET": "/nowhere/notify"}):
        tell(environment, "READY=1")

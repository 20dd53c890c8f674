"""Telling systemd that a service is ready or about to end (https://systemd.io/NOTIFY_SOCKET, sd_notify(3))."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Mapping


def tell(environment: Mapping[str, str], state: str) -> None:
    """Send a state, such as ``READY=1``; nothing happens where systemd did not start the program."""
    path = environment.get("NOTIFY_SOCKET", "")
    if not path.startswith(("/", "@")):
        return
    address = "\0" + path[1:] if path.startswith("@") else path
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect(address)
        sender.send(state.encode())

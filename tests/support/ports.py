"""Free loopback ports for servers that choose none by themselves."""

from __future__ import annotations

import socket

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A port that nobody has at the moment; who loses it to somebody else tries another."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one:
        one.bind((LOOPBACK, 0))
        return int(one.getsockname()[1])

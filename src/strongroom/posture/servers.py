"""What the checks on programs of a control plane have in common."""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from strongroom.model.controlplane import Program, Server
from strongroom.posture.check import Hit


def hit_at(server: Server, message: str, *flags: str, **more: Any) -> Hit:
    """Make the hit for a server: at the first of some flags that is given, else where flags stand.

    ``about`` is the first flag, so that several hits of one server stay apart.
    """
    more.setdefault("about", flags[0] if flags else "")
    return Hit(f"{server.subject} {message}", server.place(*flags), server.resource, **more)


def is_off(value: str) -> bool:
    """Tell whether a boolean flag is off, as Go reads it (``strconv.ParseBool``)."""
    return value in ("0", "f", "F", "false", "FALSE", "False")


def is_on(value: str) -> bool:
    """Tell whether a boolean flag is on, as Go reads it (``strconv.ParseBool``)."""
    return value in ("1", "t", "T", "true", "TRUE", "True")


def listed(server: Server, flag: str) -> tuple[str, ...]:
    """Return the parts of a flag that is a list."""
    return tuple(part.strip() for part in server.value(flag).split(",") if part.strip())


def is_loopback(url: str) -> bool:
    """Tell whether a URL names this host alone."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_etcd(server: Server) -> bool:
    """Tell whether a server is etcd."""
    return server.program is Program.ETCD


def is_api_server(server: Server) -> bool:
    """Tell whether a server is an API server."""
    return server.program is Program.API_SERVER

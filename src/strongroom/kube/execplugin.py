"""Credentials from a program that the kubeconfig names.

Protocol: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins and
https://kubernetes.io/docs/reference/config-api/client-authentication.v1/
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import json
import os
import shutil
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from strongroom.errors import KubeconfigError
from strongroom.kube.kubeconfig import Exec, Server
from strongroom.model.plaintext import Plaintext

_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
_SECONDS = 120  # somebody may have to log in in a browser
_MOST_BYTES = 1 << 20


class ExecStatus(msgspec.Struct, frozen=True):
    """What a plugin gave: a token, a certificate with its key, or both."""

    token: Plaintext | None = None
    certificate: bytes | None = None
    key: Plaintext | None = None
    expires: datetime | None = None


class _Written(msgspec.Struct, frozen=True, rename="camel"):
    token: str = ""
    client_certificate_data: str = ""
    client_key_data: str = ""
    expiration_timestamp: datetime | None = None


class _Credential(msgspec.Struct, frozen=True, rename="camel"):
    api_version: str
    kind: str
    status: _Written


async def run(plugin: Exec, server: Server, folder: Path, seconds: float = _SECONDS) -> ExecStatus:
    """Run a plugin and return its credential. What it prints on standard error goes where ours goes.

    Args:
        plugin: the program.
        server: the cluster, which the plugin is told of where it wants to know.
        folder: what a relative path of the program starts from.
        seconds: how long it may take.

    Raises:
        KubeconfigError: it cannot be started, fails, hangs, or prints something else.
    """
    if plugin.api_version not in _VERSIONS:
        raise _failed(plugin, f"wants the protocol {plugin.api_version}", f"one of {', '.join(_VERSIONS)}")
    command = str(folder / plugin.command) if os.sep in plugin.command else shutil.which(plugin.command)
    if command is None:
        raise _failed(plugin, "is not installed", " ".join(plugin.install_hint.split()))
    output = await _output(plugin, command, _environment(plugin, server, folder), seconds)
    try:
        given = msgspec.json.decode(output, type=_Credential)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # The library's message could quote what was printed: a credential in the wrong place.
        raise _failed(plugin, "printed no ExecCredential", f"run it by hand: {plugin.command}") from None
    if given.kind != "ExecCredential" or given.api_version != plugin.api_version:
        raise _failed(plugin, "answered in another protocol", f"apiVersion must be {plugin.api_version}")
    status = given.status
    if not status.token and not (status.client_certificate_data and status.client_key_data):
        raise _failed(plugin, "gave neither a token nor a certificate with its key", "")
    return ExecStatus(
        Plaintext(status.token) if status.token else None,
        status.client_certificate_data.encode() if status.client_certificate_data else None,
        Plaintext(status.client_key_data) if status.client_key_data else None,
        status.expiration_timestamp,
    )


async def _output(plugin: Exec, command: str, environment: dict[str, str], seconds: float) -> bytes:
    try:
        process = await asyncio.create_subprocess_exec(
            command, *(plugin.args or ()), env=environment, stdout=asyncio.subprocess.PIPE, stdin=None
        )
    except OSError as error:
        raise _failed(plugin, "cannot be started", (error.strerror or "").lower()) from None
    try:
        async with asyncio.timeout(seconds):
            assert process.stdout is not None  # noqa: S101 - PIPE was asked for
            output = await process.stdout.read(_MOST_BYTES)
            code = await process.wait()
    except TimeoutError:
        raise _failed(plugin, f"took longer than {seconds:.0f} s", f"run it by hand: {plugin.command}") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if code:
        raise _failed(plugin, f"failed with exit code {code}", f"run it by hand: {plugin.command}")
    return output


def _environment(plugin: Exec, server: Server, folder: Path) -> dict[str, str]:
    spec: dict[str, Any] = {
        "interactive": plugin.interactive_mode != "Never" and sys.stdin is not None and sys.stdin.isatty()
    }
    if plugin.provide_cluster_info:
        spec["cluster"] = {
            key: value
            for key, value in (
                ("server", server.server),
                ("tls-server-name", server.tls_server_name),
                ("insecure-skip-tls-verify", server.insecure_skip_tls_verify),
                ("certificate-authority-data", _authority(server, folder)),
                ("proxy-url", server.proxy_url),
            )
            if value
        }
    own = {variable.name: variable.value.reveal_text() or "" for variable in plugin.env or ()}
    information = {"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec}
    return {**os.environ, **own, "KUBERNETES_EXEC_INFO": json.dumps(information)}


def _authority(server: Server, folder: Path) -> str:
    with contextlib.suppress(OSError, binascii.Error):
        if not server.certificate_authority_data and server.certificate_authority:
            return base64.b64encode((folder / server.certificate_authority).read_bytes()).decode()
    return server.certificate_authority_data


def _failed(plugin: Exec, what: str, hint: str) -> KubeconfigError:
    return KubeconfigError(f"exec plugin {plugin.command} of the kubeconfig {what}", hint=hint)

"""Access tokens for Azure, from where Azure's own libraries look for credentials, in their order.

A client secret; workload identity (a federated token from a file); managed identity (App Service, then the machine's);
``az``: https://learn.microsoft.com/dotnet/azure/sdk/authentication/credential-chains, DefaultAzureCredential. The
protocol is OAuth 2.0 (RFC 6749 section 4.4, RFC 7523 section 2.2).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from strongroom.errors import KeyUnreachableError, KeyUseError
from strongroom.keys.key import Context
from strongroom.keys.rest import Request, ask, passing
from strongroom.model.plaintext import Plaintext

_AUTHORITY = "https://login.microsoftonline.com"
_MACHINE = "http://169.254.169.254"
_MACHINE_SECONDS = 3
_CLI_SECONDS = 30
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_LOG_IN = "log in: az login; or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def token(service: str, context: Context) -> str:
    """Return an access token for a service; asked for once in a context.

    Args:
        service: its domain: ``vault.azure.net``.
        context: its environment says where credentials are.

    Raises:
        KeyUseError: there are no credentials, or they give no token.
    """
    kept = context.kept if context.kept is not None else {}
    name = f"azure {service}"
    if name not in kept:
        found = _token(f"https://{service}", context.environment)
        if not (found.isascii() and found.isprintable()):
            raise KeyUseError("the access token for Azure holds characters that no token has")
        kept[name] = Plaintext(found)
    access: Plaintext = kept[name]
    return access.reveal().decode("ascii")


def _token(resource: str, environment: Mapping[str, str]) -> str:
    tenant, client = environment.get("AZURE_TENANT_ID"), environment.get("AZURE_CLIENT_ID")
    if tenant and client and (secret := environment.get("AZURE_CLIENT_SECRET")):
        return _of_client(tenant, {"client_id": client, "client_secret": secret}, resource, environment)
    if tenant and client and (path := environment.get("AZURE_FEDERATED_TOKEN_FILE")):
        assertion = {"client_assertion_type": _ASSERTION, "client_assertion": _read(Path(path))}
        return _of_client(tenant, {"client_id": client, **assertion}, resource, environment)
    if environment.get("IDENTITY_ENDPOINT") and environment.get("IDENTITY_HEADER"):
        return _of_app_service(resource, environment)
    return _of_machine(resource, environment) or _of_command_line(resource, environment)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise KeyUseError(f"{path} could not be read", hint="AZURE_FEDERATED_TOKEN_FILE names it") from None


def _of_client(tenant: str, form: Mapping[str, str], resource: str, environment: Mapping[str, str]) -> str:
    authority = (environment.get("AZURE_AUTHORITY_HOST") or _AUTHORITY).rstrip("/")
    if not authority.startswith("https://"):
        raise KeyUseError("AZURE_AUTHORITY_HOST is no https URL")
    body = urlencode({"grant_type": "client_credentials", "scope": f"{resource}/.default", **form}).encode()
    url = f"{authority}/{quote(tenant, safe='')}/oauth2/v2.0/token"
    answer = ask(Request("Microsoft Entra ID", "POST", url, _FORM, body), environment)
    return _field(answer.json(), answer.status)


def _field(answer: Mapping[str, Any], status: int) -> str:
    found = answer.get("access_token")
    if status != 200 or not isinstance(found, str) or not found:
        kind = KeyUnreachableError if passing(status) else KeyUseError
        raise kind(f"Azure gives no token for these credentials (status {status})", hint=_LOG_IN)
    return found


def _of_app_service(resource: str, environment: Mapping[str, str]) -> str:
    """Ask the endpoint that App Service and Container Apps give to their own code."""
    query = {"api-version": "2019-08-01", "resource": resource, **_identity(environment)}
    url = f"{environment['IDENTITY_ENDPOINT']}?{urlencode(query)}"
    sent = {"X-IDENTITY-HEADER": environment["IDENTITY_HEADER"]}
    answer = ask(Request("the managed identity endpoint", "GET", url, sent, direct=True), environment)
    return _field(answer.json(), answer.status)


def _identity(environment: Mapping[str, str]) -> dict[str, str]:
    client = environment.get("AZURE_CLIENT_ID")
    return {"client_id": client} if client else {}


def _of_machine(resource: str, environment: Mapping[str, str]) -> str | None:
    """Ask the metadata service of a virtual machine; None where this is none."""
    host = (environment.get("AZURE_POD_IDENTITY_AUTHORITY_HOST") or _MACHINE).rstrip("/")
    query = {"api-version": "2018-02-01", "resource": resource, **_identity(environment)}
    url = f"{host}/metadata/identity/oauth2/token?{urlencode(query)}"
    asked = Request("Azure's metadata service", "GET", url, {"Metadata": "true"}, direct=True, seconds=_MACHINE_SECONDS)
    try:
        answer = ask(asked, environment)
    except KeyUseError:
        return None
    return _field(answer.json(), answer.status) if answer.status == 200 else None


def _of_command_line(resource: str, environment: Mapping[str, str]) -> str:
    """Ask ``az``, with which people log in."""
    import shutil
    import subprocess

    program = shutil.which("az", path=environment.get("PATH"))
    if program is None:
        raise KeyUseError("there are no Azure credentials", hint=_LOG_IN)
    words = (program, "account", "get-access-token", "--output", "json", "--resource", resource)
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=dict(environment),
            timeout=_CLI_SECONDS,
            check=False,
        )
        found = json.loads(done.stdout) if not done.returncode else None
    except (OSError, subprocess.TimeoutExpired, ValueError):
        found = None
    access = found.get("accessToken") if isinstance(found, dict) else None
    if not isinstance(access, str):
        raise KeyUseError("az gives no token for Azure Key Vault", hint="log in: az login")
    return access

"""Access tokens for Google Cloud, from where SOPS and Google's own libraries look for credentials.

``GOOGLE_CREDENTIALS`` (a path, or the text itself), ``GOOGLE_OAUTH_ACCESS_TOKEN``, then the application default
credentials (https://cloud.google.com/docs/authentication/application-default-credentials): the file that
``GOOGLE_APPLICATION_CREDENTIALS`` names, gcloud's own file, the metadata server. Kinds of files: service accounts
(RFC 7523), users (``gcloud auth application-default login``), workload identity federation from a file or a URL
(https://google.aip.dev/auth/4117).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from strongroom.errors import KeyUnreachableError, KeyUseError
from strongroom.keys.entries import to_url_safe
from strongroom.keys.key import Context
from strongroom.keys.rest import Request, ask, passing
from strongroom.model.plaintext import Plaintext

_SCOPE = "https://www.googleapis.com/auth/cloudkms"
_CLOUD = "https://www.googleapis.com/auth/cloud-platform"
_TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
_EXCHANGE_URL = "https://sts.googleapis.com/v1/token"
_JWT_SECONDS = 3600
_METADATA_SECONDS = 5
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_LOG_IN = "log in: gcloud auth application-default login"


def headers(context: Context, scope: str = _SCOPE) -> dict[str, str]:
    """Return the headers of a request to a Google API; the token is asked for once in a context.

    Args:
        context: where credentials are.
        scope: what the token is for (https://developers.google.com/identity/protocols/oauth2/scopes).

    Raises:
        KeyUseError: there are no credentials, or they give no token.
    """
    kept = context.kept if context.kept is not None else {}
    name = f"google {scope}"
    if name not in kept:
        kept[name] = {header: Plaintext(text) for header, text in _headers(context.environment, scope).items()}
    found: dict[str, Plaintext] = kept[name]
    return {header: text.reveal().decode("ascii") for header, text in found.items()}


def _headers(environment: Mapping[str, str], scope: str) -> dict[str, str]:
    credentials, place = _credentials(environment)
    if credentials is not None:
        token = _token(credentials, place, environment, scope)
        quota = credentials.get("quota_project_id")
        project = {"x-goog-user-project": quota} if isinstance(quota, str) and quota.isascii() else {}
        return {**_bearer(token, place), **project}
    if given := environment.get("GOOGLE_OAUTH_ACCESS_TOKEN"):
        return _bearer(given, "GOOGLE_OAUTH_ACCESS_TOKEN")
    return _bearer(_from_metadata_server(environment), "the metadata server")


def _bearer(token: str, place: str) -> dict[str, str]:
    if not (token.isascii() and token.isprintable()):
        raise KeyUseError(f"the access token of {place} holds characters that no token has")
    return {"Authorization": f"Bearer {token}"}


def _credentials(environment: Mapping[str, str]) -> tuple[dict[str, Any] | None, str]:
    """Return the credentials file that counts and where it stands; None where there is none."""
    if given := environment.get("GOOGLE_CREDENTIALS"):
        if given.lstrip().startswith("{"):
            return _object(given.encode(), "GOOGLE_CREDENTIALS"), "GOOGLE_CREDENTIALS"
        return _object(_read(Path(given)), given), given
    if environment.get("GOOGLE_OAUTH_ACCESS_TOKEN"):
        return None, ""
    if path := environment.get("GOOGLE_APPLICATION_CREDENTIALS"):
        return _object(_read(Path(path)), path), path
    folder = environment.get("CLOUDSDK_CONFIG") or (
        str(Path(environment["HOME"], ".config/gcloud")) if environment.get("HOME") else ""
    )
    standard = Path(folder, "application_default_credentials.json")
    if folder and standard.exists():
        return _object(_read(standard), str(standard)), str(standard)
    return None, ""


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise KeyUseError(f"{path} could not be read: {error.strerror or error}") from None


def _object(data: bytes, place: str) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise KeyUseError(f"{place} holds no Google credentials")
    return value


def _token(credentials: Mapping[str, Any], place: str, environment: Mapping[str, str], scope: str) -> str:
    kind = credentials.get("type")
    try:
        if kind == "service_account":
            return _of_service_account(credentials, environment, scope)
        if kind == "authorized_user":
            return _of_user(credentials, environment)
        if kind == "external_account":
            return _of_federation(credentials, environment, scope)
    except (KeyError, TypeError, ValueError):
        raise KeyUseError(f"the Google credentials in {place} are not complete") from None
    raise KeyUseError(
        f"the Google credentials in {place} are of a kind that is not supported",
        hint="supported are service_account, authorized_user and external_account; or set GOOGLE_OAUTH_ACCESS_TOKEN",
    )


def _of_service_account(credentials: Mapping[str, Any], environment: Mapping[str, str], scope: str) -> str:
    """Exchange a signed assertion for a token (RFC 7523 section 2.1)."""
    url = str(credentials.get("token_uri") or _TOKEN_URL)
    assertion = _signed(
        {"alg": "RS256", "typ": "JWT", "kid": credentials.get("private_key_id", "")},
        {"iss": credentials["client_email"], "scope": scope, "aud": url},
        credentials["private_key"],
    )
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
    return _exchanged(url, form, environment)


def _signed(head: Mapping[str, Any], claims: Mapping[str, Any], private_key: str) -> str:
    """Return a JSON Web Token that a private key signs (RFC 7515)."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    key = serialization.load_pem_private_key(private_key.encode(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("the key of a service account is an RSA key")
    now = int(time.time())
    body = {**claims, "iat": now, "exp": now + _JWT_SECONDS}
    text = ".".join(to_url_safe(json.dumps(part).encode()) for part in (head, body))
    return f"{text}.{to_url_safe(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _of_user(credentials: Mapping[str, Any], environment: Mapping[str, str]) -> str:
    """Refresh the token of a person (RFC 6749 section 6)."""
    names = ("client_id", "client_secret", "refresh_token")
    form = {"grant_type": "refresh_token", **{name: str(credentials[name]) for name in names}}
    return _exchanged(str(credentials.get("token_uri") or _TOKEN_URL), form, environment)


def _of_federation(credentials: Mapping[str, Any], environment: Mapping[str, str], scope: str) -> str:
    """Exchange a token of another identity provider (RFC 8693), and take a service account where one is named."""
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "audience": str(credentials["audience"]),
        "scope": _CLOUD,
        "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "subject_token_type": str(credentials["subject_token_type"]),
        "subject_token": _subject(credentials["credential_source"], environment),
    }
    token = _exchanged(str(credentials.get("token_url") or _EXCHANGE_URL), form, environment)
    impersonation = credentials.get("service_account_impersonation_url")
    if not impersonation:
        return token
    body = json.dumps({"scope": [scope]}).encode()
    sent = {**_bearer(token, "Google's token exchange"), "Content-Type": "application/json"}
    answer = ask(Request("Google's token server", "POST", str(impersonation), sent, body), environment)
    return _field(answer.json(), "accessToken", answer.status)


def _subject(source: Mapping[str, Any], environment: Mapping[str, str]) -> str:
    """Return the token of the other identity provider, from a file or a URL."""
    if "file" in source:
        data = _read(Path(str(source["file"])))
    elif "url" in source:
        sent = {str(name): str(value) for name, value in (source.get("headers") or {}).items()}
        answer = ask(Request("the identity provider", "GET", str(source["url"]), sent), environment)
        if answer.status != 200:
            raise KeyUseError(f"the identity provider answered with status {answer.status}")
        data = answer.body
    else:
        raise KeyUseError("the Google credentials take their token from where it is not supported", hint=_LOG_IN)
    shape = source.get("format") or {}
    if shape.get("type") == "json":
        return str(json.loads(data)[shape["subject_token_field_name"]])
    return data.decode("utf-8").strip()


def _exchanged(url: str, form: Mapping[str, str], environment: Mapping[str, str]) -> str:
    answer = ask(Request("Google's token server", "POST", url, _FORM, urlencode(form).encode()), environment)
    return _field(answer.json(), "access_token", answer.status)


def _field(answer: Mapping[str, Any], name: str, status: int) -> str:
    token = answer.get(name)
    if status != 200 or not isinstance(token, str) or not token:
        kind = KeyUnreachableError if passing(status) else KeyUseError
        raise kind(f"Google gives no token for these credentials (status {status})", hint=_LOG_IN)
    return token


def _from_metadata_server(environment: Mapping[str, str]) -> str:
    """Return the token of the machine's or the pod's own service account."""
    host = environment.get("GCE_METADATA_HOST") or "metadata.google.internal"
    url = f"http://{host}/computeMetadata/v1/instance/service-accounts/default/token"
    what = "Google's metadata server"
    asked = Request(what, "GET", url, {"Metadata-Flavor": "Google"}, direct=True, seconds=_METADATA_SECONDS)
    try:
        answer = ask(asked, environment)
    except KeyUseError:
        raise KeyUseError("there are no Google credentials", hint=_LOG_IN) from None
    return _field(answer.json(), "access_token", answer.status)

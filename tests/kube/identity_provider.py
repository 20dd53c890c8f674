"""A small real OpenID Connect provider over TLS: discovery, keys, and a token endpoint that knows refresh tokens."""

from __future__ import annotations

import base64
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from tests.support.controlplane.pki import Authority

from strongroom.kube.kubeconfig import AuthProvider
from strongroom.model.plaintext import Plaintext

CLIENT, SECRET, REFRESH = "kubernetes", "client secret/+", "refresh-1"


@dataclass(frozen=True)
class Asked:
    """One request to the token endpoint: its form, and its ``Authorization``."""

    form: Mapping[str, str]
    authorization: str


@dataclass
class Behaviour:
    """How the provider answers.

    Attributes:
        grants: the refresh token that it takes.
        rotates: whether each use replaces it.
        takes_header, takes_body: how clients may authenticate.
        answer: what the token endpoint says in place of tokens, with a status.
        discovery: what is changed in the discovery document.
        lifetime: of id tokens, in seconds.
    """

    grants: str = REFRESH
    rotates: bool = False
    takes_header: bool = True
    takes_body: bool = True
    answer: tuple[int, bytes] | None = None
    discovery: dict[str, Any] = field(default_factory=dict)
    lifetime: int = 3600


class IdentityProvider(ThreadingHTTPServer):
    """The server; ``asked`` are the requests to its token endpoint."""

    daemon_threads = True

    def __init__(self, authority: Authority, folder: Path, behaviour: Behaviour) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behaviour = behaviour
        self.asked: list[Asked] = []
        self.authority = authority.credential.certificate
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        credential = authority.server("idp", ["127.0.0.1"])
        (folder / "idp.pem").write_bytes(credential.certificate + credential.key)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(folder / "idp.pem")
        self.socket = tls.wrap_socket(self.socket, server_side=True)

    @property
    def issuer(self) -> str:
        """Its URL."""
        return f"https://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up."""

    def discovery(self) -> dict[str, Any]:
        """The discovery document."""
        return {
            "issuer": self.issuer,
            "token_endpoint": f"{self.issuer}/token",
            "authorization_endpoint": f"{self.issuer}/auth",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            **self.behaviour.discovery,
        }

    def keys(self) -> dict[str, Any]:
        """Its public key (RFC 7517)."""
        numbers = self._key.public_key().public_numbers()
        parts = {"n": numbers.n.to_bytes(256, "big"), "e": numbers.e.to_bytes(3, "big")}
        encoded = {name: _encoded(value) for name, value in parts.items()}
        return {"keys": [{"kty": "RSA", "kid": "k", "use": "sig", "alg": "RS256", **encoded}]}

    def id_token(self, lifetime: int) -> str:
        """A signed id token of the user ``ann`` (RFC 7519)."""
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": "ann", "iat": now - 7200, "exp": now + lifetime}
        signed = ".".join(_encoded(json.dumps(part).encode()) for part in ({"alg": "RS256", "kid": "k"}, claims))
        return f"{signed}.{_encoded(self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    def tokens(self, asked: Asked) -> tuple[int, dict[str, Any]]:
        """What the token endpoint answers."""
        behaviour = self.behaviour
        pair = base64.b64encode(b"kubernetes:client+secret%2F%2B").decode()
        in_header = behaviour.takes_header and asked.authorization == f"Basic {pair}"
        in_body = behaviour.takes_body and asked.form.get("client_id") == CLIENT
        if not in_header and not (in_body and asked.form.get("client_secret", SECRET) == SECRET):
            return 401, {"error": "invalid_client", "error_description": "canary-description"}
        if asked.form.get("grant_type") != "refresh_token" or asked.form.get("refresh_token") != behaviour.grants:
            return 400, {"error": "invalid_grant", "error_description": "canary-description"}
        given = {"access_token": "a", "token_type": "Bearer", "id_token": self.id_token(behaviour.lifetime)}
        if behaviour.rotates:
            behaviour.grants += "+"
            given["refresh_token"] = behaviour.grants
        return 200, given


class _Handler(BaseHTTPRequestHandler):
    server: IdentityProvider

    def do_GET(self) -> None:
        documents: dict[str, Callable[[], dict[str, Any]]] = {
            "/.well-known/openid-configuration": self.server.discovery,
            "/keys": self.server.keys,
        }
        document = documents.get(self.path)
        self._say(200 if document else 404, json.dumps(document() if document else {}).encode())

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(text).items()}
        asked = Asked(form, self.headers.get("Authorization", ""))
        self.server.asked.append(asked)
        if self.server.behaviour.answer is not None:
            self._say(*self.server.behaviour.answer)
        else:
            status, body = self.server.tokens(asked)
            self._say(status, json.dumps(body).encode())

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if 300 <= status < 400:
            self.send_header("Location", f"{self.server.issuer}/token")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
        """Say nothing."""


@contextmanager
def identity_provider(
    folder: Path, behaviour: Behaviour | None = None, authority: Authority | None = None
) -> Iterator[IdentityProvider]:
    """Run a provider."""
    with IdentityProvider(authority or Authority.new("idp-ca"), folder, behaviour or Behaviour()) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def config_of(server: IdentityProvider, **changes: str | None) -> dict[str, str]:
    """The configuration of ``auth-provider: oidc`` that kubectl would have written an hour ago."""
    config: dict[str, str | None] = {
        "idp-issuer-url": server.issuer,
        "idp-certificate-authority-data": base64.b64encode(server.authority).decode(),
        "client-id": CLIENT,
        "client-secret": SECRET,
        "id-token": server.id_token(-60),
        "refresh-token": REFRESH,
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }
    return {name: value for name, value in config.items() if value is not None}


def auth_provider(config: Mapping[str, str]) -> AuthProvider:
    """It as a kubeconfig's user has it."""
    return AuthProvider("oidc", {name: Plaintext(value) for name, value in config.items()})


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")

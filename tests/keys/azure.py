"""Microsoft Entra ID, a machine's metadata service and Key Vault by their published protocols, with real RSA behind them.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow,
https://learn.microsoft.com/rest/api/keyvault/keys
"""

from __future__ import annotations

import base64
import secrets
from typing import Any
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from tests.keys.services import Call, Reply, Service

RESOURCE = "https://vault.azure.net"
TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT = "66666666-7777-8888-9999-000000000000"
SECRET = "client~secret"
FEDERATED = "eyJ.federated.token"
OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)


class Azure:
    """The services, until they are closed."""

    def __init__(self) -> None:
        self._keys: dict[str, dict[str, rsa.RSAPrivateKey]] = {}
        self._disabled: set[str] = set()
        self._tokens: set[str] = set()
        self.service = Service(self._answer)
        self.machine = Service(self._answer_machine, tls=False)
        self.address = self.service.address

    def key(self, name: str) -> str:
        """Make a key, or a further version of one; its URL with the version."""
        version = secrets.token_hex(16)
        self._keys.setdefault(name, {})[version] = rsa.generate_private_key(65537, 2048)
        return f"{self.address}/keys/{name}/{version}"

    def disable(self, url: str) -> None:
        """Disable a version of a key."""
        self._disabled.add(url.rpartition("/")[2])

    def token(self) -> str:
        """An access token that may use every key."""
        token = "eyJ0." + secrets.token_urlsafe(24)
        self._tokens.add(token)
        return token

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a program that shall use this Azure, without credentials."""
        return {
            **self.service.environment,
            "AZURE_AUTHORITY_HOST": self.address,
            "AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://127.0.0.1:1",
            "STRONGROOM_AZURE_KEY_VAULT_HOSTS": "127.0.0.1",
            "PATH": "",
        }

    @property
    def client(self) -> dict[str, str]:
        """The credentials of a client with a secret."""
        return {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": CLIENT, "AZURE_CLIENT_SECRET": SECRET}

    def close(self) -> None:
        """End the services."""
        self.service.close()
        self.machine.close()

    def _answer_machine(self, call: Call) -> Reply:
        query = {name: values[0] for name, values in parse_qs(call.query).items()}
        if call.path == "/metadata/identity/oauth2/token":
            good = call.headers.get("metadata") == "true" and query["api-version"] == "2018-02-01"
        elif call.path == "/msi/token":
            good = call.headers.get("x-identity-header") == "header" and query["api-version"] == "2019-08-01"
        else:
            return Reply(404)
        if not good or query["resource"] != RESOURCE:
            return Reply(400)
        return Reply(200, {"access_token": self.token(), "token_type": "Bearer"})

    def _answer(self, call: Call) -> Reply:
        if call.path == f"/{TENANT}/oauth2/v2.0/token":
            return self._token(call.form)
        if call.headers.get("authorization", "").removeprefix("Bearer ") not in self._tokens:
            return Reply(401, {"error": {"code": "Unauthorized"}})
        if call.query != "api-version=7.4":
            return Reply(400, {"error": {"code": "BadParameter"}})
        _, _, name, *rest = call.path.split("/")
        versions = self._keys.get(name, {})
        if call.method == "GET" and versions:
            version = rest[0] if rest else list(versions)[-1]
            facts = {"kid": f"{self.address}/keys/{name}/{version}", "kty": "RSA", "key_ops": ["encrypt", "decrypt"]}
            return Reply(200, {"key": facts, "attributes": {"enabled": version not in self._disabled}})
        if len(rest) != 2 or rest[0] not in versions:
            return Reply(404, {"error": {"code": "KeyNotFound"}})
        if rest[0] in self._disabled:
            return Reply(403, {"error": {"code": "Forbidden", "innererror": {"code": "KeyDisabled"}}})
        return self._use(versions[rest[0]], rest[1], call.json)

    def _use(self, key: rsa.RSAPrivateKey, act: str, given: dict[str, Any]) -> Reply:
        if given["alg"] != "RSA-OAEP-256" or "=" in given["value"]:
            return Reply(400, {"error": {"code": "BadParameter"}})
        value = base64.urlsafe_b64decode(given["value"] + "=" * (-len(given["value"]) % 4))
        try:
            result = key.public_key().encrypt(value, OAEP) if act == "encrypt" else key.decrypt(value, OAEP)
        except ValueError:
            return Reply(400, {"error": {"code": "BadParameter"}})
        return Reply(200, {"kid": "", "value": base64.urlsafe_b64encode(result).decode().rstrip("=")})

    def _token(self, form: dict[str, str]) -> Reply:
        assertion = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        proof = (form.get("client_assertion_type"), form.get("client_assertion"))
        good = (
            form["grant_type"] == "client_credentials"
            and form["client_id"] == CLIENT
            and form["scope"] == f"{RESOURCE}/.default"
            and (form.get("client_secret") == SECRET or proof == (assertion, FEDERATED))
        )
        if not good:
            return Reply(401, {"error": "invalid_client"})
        return Reply(200, {"access_token": self.token(), "expires_in": 3599, "token_type": "Bearer"})

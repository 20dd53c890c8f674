"""Google's token server, metadata server and Cloud KMS by their published protocols, with real RSA and AES behind them.

https://developers.google.com/identity/protocols/oauth2/service-account#httprest, https://google.aip.dev/auth/4117,
https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tests.keys.services import Call, Reply, Service

KMS_SCOPES = {"https://www.googleapis.com/auth/cloudkms", "https://www.googleapis.com/auth/cloud-platform"}
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
NONCE = 12
REFRESH = "refresh-token-of-a-person"
SUBJECT = "token-of-another-provider"


class Google:
    """The services, until they are closed."""

    def __init__(self) -> None:
        self._private = rsa.generate_private_key(65537, 2048)
        self._keys: dict[str, list[Version]] = {}
        self._tokens: set[str] = set()
        self.service = Service(self._answer)
        self.metadata = Service(self._answer_metadata, tls=False)
        self.address = self.service.address

    def key(self, name: str) -> str:
        """Make a key; its resource id."""
        resource = f"projects/shop/locations/europe-west1/keyRings/main/cryptoKeys/{name}"
        self._keys[resource] = [Version()]
        return resource

    def rotate(self, resource: str) -> None:
        """Make a version of a key, which becomes the primary one."""
        self._keys[resource].append(Version())

    def disable(self, resource: str, number: int) -> None:
        """Disable a version of a key."""
        self._keys[resource][number - 1].state = "DISABLED"

    def service_account(self) -> dict[str, Any]:
        """The credentials file of a service account that may use every key."""
        pem = self._private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return {
            "type": "service_account",
            "client_email": "ci@shop.iam.gserviceaccount.com",
            "private_key_id": "1",
            "private_key": pem.decode(),
            "token_uri": f"{self.address}/token",
        }

    def token(self) -> str:
        """An access token that may use every key."""
        token = "ya29." + secrets.token_urlsafe(24)
        self._tokens.add(token)
        return token

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a program that shall use this Google, without credentials."""
        return {
            **self.service.environment,
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS": self.address,
            "GCE_METADATA_HOST": "127.0.0.1:1",
        }

    def close(self) -> None:
        """End the services."""
        self.service.close()
        self.metadata.close()

    def _answer_metadata(self, call: Call) -> Reply:
        if call.headers.get("metadata-flavor") != "Google":
            return Reply(403)
        if call.path != "/computeMetadata/v1/instance/service-accounts/default/token":
            return Reply(404)
        return Reply(200, {"access_token": self.token(), "expires_in": 3599, "token_type": "Bearer"})

    def _answer(self, call: Call) -> Reply:
        if call.path == "/token":
            return self._token(call.form)
        if call.path == "/sts":
            return self._exchange(call.form)
        if call.path == "/subject":
            return Reply(200, {"value": SUBJECT}) if call.headers.get("authorization") == "Bearer job" else Reply(401)
        if not self._allowed(call):
            return Reply(401, {"error": {"code": 401, "status": "UNAUTHENTICATED"}})
        if call.path.startswith("/impersonate/"):
            return Reply(200, {"accessToken": self.token(), "expireTime": "2030-01-01T00:00:00Z"})
        name, _, act = call.path.removeprefix("/v1/").partition(":")
        key, _, number = name.partition("/cryptoKeyVersions/")
        versions = self._keys.get(key)
        if versions is None or (number and not 0 < int(number) <= len(versions)):
            return Reply(404, {"error": {"code": 404, "status": "NOT_FOUND"}})
        if call.method == "GET":
            primary = {"name": f"{key}/cryptoKeyVersions/{len(versions)}", "state": versions[-1].state}
            return Reply(200, {"name": key, "purpose": "ENCRYPT_DECRYPT", "primary": primary})
        if act == "encrypt":
            return _encrypt(versions, key, int(number or len(versions)), call.json)
        return _decrypt(versions, call.json)

    def _allowed(self, call: Call) -> bool:
        return call.headers.get("authorization", "").removeprefix("Bearer ") in self._tokens

    def _token(self, form: dict[str, str]) -> Reply:
        if form["grant_type"] == "refresh_token":
            good = form == {**form, "client_id": "gcloud", "client_secret": "public", "refresh_token": REFRESH}
        else:
            good = form["grant_type"] == JWT_BEARER and self._signed(form["assertion"])
        if not good:
            return Reply(400, {"error": "invalid_grant"})
        return Reply(200, {"access_token": self.token(), "expires_in": 3599, "token_type": "Bearer"})

    def _signed(self, assertion: str) -> bool:
        head, claims, signature = assertion.split(".")
        try:
            self._private.public_key().verify(
                _decoded(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256()
            )
        except InvalidSignature:
            return False
        said = json.loads(_decoded(claims))
        return bool(
            json.loads(_decoded(head)) == {"alg": "RS256", "typ": "JWT", "kid": "1"}
            and said["iss"] == "ci@shop.iam.gserviceaccount.com"
            and said["aud"] == f"{self.address}/token"
            and said["scope"] in KMS_SCOPES
            and abs(said["iat"] - time.time()) < 300
            and 0 < said["exp"] - said["iat"] <= 3600
        )

    def _exchange(self, form: dict[str, str]) -> Reply:
        good = (
            form["grant_type"] == EXCHANGE
            and form["audience"]
            == "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x"
            and form["subject_token"] == SUBJECT
            and form["subject_token_type"] == "urn:ietf:params:oauth:token-type:jwt"
            and form["requested_token_type"] == "urn:ietf:params:oauth:token-type:access_token"
            and form["scope"] in KMS_SCOPES
        )
        return Reply(200, {"access_token": self.token()}) if good else Reply(400, {"error": "invalid_grant"})

    def federation(self, source: dict[str, Any], *, impersonate: bool = False) -> dict[str, Any]:
        """The credentials file of workload identity federation."""
        pool = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x"
        named = {"service_account_impersonation_url": f"{self.address}/impersonate/ci"} if impersonate else {}
        return {
            "type": "external_account",
            "audience": pool,
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": f"{self.address}/sts",
            "credential_source": source,
            **named,
        }


class Version:
    """A version of a key."""

    def __init__(self) -> None:
        self.cipher = AESGCM(secrets.token_bytes(32))
        self.state = "ENABLED"


DISABLED = Reply(400, {"error": {"code": 400, "status": "FAILED_PRECONDITION"}})
INVALID = Reply(400, {"error": {"code": 400, "status": "INVALID_ARGUMENT"}})


def _encrypt(versions: list[Version], key: str, number: int, given: dict[str, str]) -> Reply:
    version = versions[number - 1]
    if version.state != "ENABLED":
        return DISABLED
    plain, nonce = base64.b64decode(given["plaintext"], validate=True), secrets.token_bytes(NONCE)
    bound = base64.b64decode(given.get("additionalAuthenticatedData", ""), validate=True)
    blob = bytes([number]) + nonce + version.cipher.encrypt(nonce, plain, bound)
    answer: dict[str, Any] = {
        "name": f"{key}/cryptoKeyVersions/{number}",
        "ciphertext": base64.b64encode(blob).decode(),
    }
    for field, said, data in (
        ("plaintextCrc32c", "verifiedPlaintextCrc32c", plain),
        ("additionalAuthenticatedDataCrc32c", "verifiedAdditionalAuthenticatedDataCrc32c", bound),
    ):
        if field in given:
            if int(given[field]) != reference_crc32c(data):
                return INVALID
            answer[said] = True
    return Reply(200, answer)


def _decrypt(versions: list[Version], given: dict[str, str]) -> Reply:
    blob = base64.b64decode(given["ciphertext"], validate=True)
    bound = base64.b64decode(given.get("additionalAuthenticatedData", ""), validate=True)
    if not blob or not 0 < blob[0] <= len(versions):
        return INVALID
    version = versions[blob[0] - 1]
    if version.state != "ENABLED":
        return DISABLED
    try:
        plain = version.cipher.decrypt(blob[1 : NONCE + 1], blob[NONCE + 1 :], bound)
    except (InvalidTag, ValueError):
        return INVALID
    return Reply(200, {"plaintext": base64.b64encode(plain).decode(), "plaintextCrc32c": str(reference_crc32c(plain))})


def reference_crc32c(data: bytes) -> int:
    """CRC32C as division of polynomials over GF(2), in the bit order of RFC 3720 section 12.1."""
    bits = int("".join(f"{byte:08b}"[::-1] for byte in data) + "0" * 32, 2)
    bits ^= 0xFFFFFFFF << (8 * len(data))
    for place in range(bits.bit_length() - 1, 31, -1):
        if bits >> place & 1:
            bits ^= 0x11EDC6F41 << (place - 32)
    return int(f"{bits ^ 0xFFFFFFFF:032b}"[::-1], 2)


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

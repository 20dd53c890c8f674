"""Symmetric keys of Google Cloud KMS (https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys).

``gcp-kms:projects/PROJECT/locations/PLACE/keyRings/RING/cryptoKeys/KEY``. The primary version encrypts, and is named in
the request; the id of a version is its resource name, which Google gives to nothing else.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from strongroom.errors import KeyUseError, TamperedError, UsageError
from strongroom.keys import gcp_kms
from strongroom.keys.entries import from_base64
from strongroom.keys.gcp_kms import crc32c, refusal, request_for
from strongroom.keys.kek import Version, bound_to
from strongroom.keys.kek.remote import RemoteKey
from strongroom.keys.kek.service import Service
from strongroom.keys.kek.uri import split
from strongroom.keys.rest import Answer
from strongroom.model.plaintext import Plaintext

SCHEME = "gcp-kms"

_VERSIONS = "/cryptoKeyVersions/"


def parse(uri: str, environment: Mapping[str, str]) -> GcpKms:
    """Return the key of a URI.

    Raises:
        UsageError: it is no resource id of a key.
    """
    resource, _ = split(uri, SCHEME, ())
    keys = gcp_kms.parse(resource)
    if len(keys) != 1:
        raise UsageError("the URI of a GCP KMS key names one key")
    return GcpKms(keys[0].name, environment)


class GcpKms(RemoteKey):
    """A key of Cloud KMS.

    Args:
        resource: its id.
        environment: where credentials are looked for.
    """

    def __init__(self, resource: str, environment: Mapping[str, str]) -> None:
        self._resource = resource
        self._service = Service("Google Cloud KMS", environment)
        super().__init__(f"{SCHEME}:{resource}", self._service.what)

    def owns(self, version_id: str) -> bool:
        """Tell whether an id is the resource name of a version of the key."""
        begin, separator, number = version_id.rpartition(_VERSIONS)
        return begin == self.name and bool(separator) and number.isascii() and number.isdigit()

    def _ask(self, path: str, given: Mapping[str, str] | None, deadline: float) -> Answer:
        return self._service.ask(lambda context: request_for(path, given, context), deadline)

    def _newest(self, deadline: float) -> Version:
        answer = self._ask(self._resource, None, deadline)
        if answer.status != 200:
            raise refusal(answer.status)
        data = answer.json()
        if data.get("purpose") != "ENCRYPT_DECRYPT":
            raise KeyUseError(f"{self.name} is not a key for symmetric encryption")
        primary = data.get("primary")
        known = primary if isinstance(primary, dict) else {}
        version = Version(f"{SCHEME}:{known.get('name')}")
        if known.get("state") != "ENABLED" or not self.owns(version.id):
            raise KeyUseError(f"the primary version of {self.name} is not enabled")
        return version

    def _encrypted(self, value: bytes, deadline: float) -> tuple[bytes, Version]:
        version = self._version = self._version or self._newest(deadline)
        answer = self._encrypt(value, version, deadline)
        if answer.status == 400 and (newest := self._newest(deadline)) != version:
            version = self._version = newest
            answer = self._encrypt(value, version, deadline)
        if answer.status != 200:
            raise refusal(answer.status)
        data = answer.json()
        enc = from_base64(data.get("ciphertext"))
        if enc is None or data.get("name") != version.id.removeprefix(f"{SCHEME}:"):
            raise KeyUseError("Google Cloud KMS gave no ciphertext of the version that was asked for")
        if not (data.get("verifiedPlaintextCrc32c") is data.get("verifiedAdditionalAuthenticatedDataCrc32c") is True):
            # "Data integrity guidelines" of Cloud KMS: what was encrypted may not be what was sent.
            raise KeyUseError("Google Cloud KMS does not confirm what it encrypted", hint="try again")
        return enc.reveal(), version

    def _encrypt(self, value: bytes, version: Version, deadline: float) -> Answer:
        bound = bound_to(version.id)
        given = {
            "plaintext": base64.b64encode(value).decode("ascii"),
            "plaintextCrc32c": str(crc32c(value)),
            "additionalAuthenticatedData": base64.b64encode(bound).decode("ascii"),
            "additionalAuthenticatedDataCrc32c": str(crc32c(bound)),
        }
        return self._ask(f"{version.id.removeprefix(f'{SCHEME}:')}:encrypt", given, deadline)

    def _decrypted(self, ciphertext: bytes, version_id: str, deadline: float) -> Plaintext:
        given = {
            "ciphertext": base64.b64encode(ciphertext).decode("ascii"),
            "additionalAuthenticatedData": base64.b64encode(bound_to(version_id)).decode("ascii"),
        }
        answer = self._ask(f"{self._resource}:decrypt", given, deadline)
        if answer.status == 400:
            raise self._not_decrypted(answer.json(), version_id)
        if answer.status != 200:
            raise refusal(answer.status)
        data = answer.json()
        plain = from_base64(data.get("plaintext"))
        if plain is None:
            raise KeyUseError("Google Cloud KMS gave no plaintext")
        if "plaintextCrc32c" in data and str(data["plaintextCrc32c"]) != str(crc32c(plain.reveal())):
            raise KeyUseError("the answer of Google Cloud KMS was damaged on its way", hint="try again")
        return plain

    def _not_decrypted(self, answer: Mapping[str, Any], version_id: str) -> KeyUseError | TamperedError:
        error = answer.get("error")
        if isinstance(error, dict) and error.get("status") == "FAILED_PRECONDITION":
            number = version_id.rpartition("/")[2]
            return KeyUseError(
                f"version {number} of {self.name} is disabled or destroyed", hint="it can be enabled again"
            )
        return TamperedError(f"what {self.name} shall decrypt was changed, or not encrypted with it")

"""Symmetric keys of AWS KMS (https://docs.aws.amazon.com/kms/latest/APIReference/), through ``boto3`` (extra ``aws``).

``aws-kms:arn:aws:kms:REGION:ACCOUNT:key/ID``, with the options ``role``, ``profile`` and ``context.NAME``. No alias: it
may be moved to another key, with which nothing that was encrypted before can be read.

KMS rotates the material under an ARN that stays, and finds by itself which material a ciphertext needs. The id of a
version is the ARN with the id of the material where KMS tells it (DescribeKey), else with the number and the time of
the newest rotation (ListKeyRotations).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from strongroom.errors import KeyRefusedError, KeyUseError, TamperedError, UsageError
from strongroom.keys import aws_kms
from strongroom.keys.aws_session import Patience
from strongroom.keys.kek import PURPOSE, Version, seconds_left
from strongroom.keys.kek.lasting import Lasting
from strongroom.keys.kek.remote import RemoteKey
from strongroom.keys.kek.uri import split
from strongroom.keys.key import MasterKey
from strongroom.model.plaintext import Plaintext

SCHEME = "aws-kms"

_CONTEXT = "context."
_OURS = "strongroom:"
_MATERIAL = re.compile(r"[0-9A-Za-z-]{1,128}")
_CHANGED = ("InvalidCiphertextException", "IncorrectKeyException")
_STALE = ("ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidClientTokenId")
_PATIENCE = Patience(connect=2, read=3, attempts=1)
"""The caller has a deadline and tries again by itself; a thread must not be lost for long."""

_KEPT_SECONDS = 1800
"""Credentials of a role live an hour."""


def parse(uri: str, environment: Mapping[str, str]) -> AwsKms:
    """Return the key of a URI.

    Raises:
        UsageError: it is no ARN of a key, or an option is not known.
    """
    arn, options = split(uri, SCHEME, ("role", "profile", _CONTEXT))
    keys = aws_kms.parse(arn)
    if len(keys) != 1 or ":key/" not in keys[0].name:
        raise UsageError(
            "the URI of an AWS KMS key names one key by its own ARN",
            hint="an alias may be moved, and then nothing from before can be read: aws kms describe-key tells the ARN",
        )
    context = {name.removeprefix(_CONTEXT): value for name, value in options.items() if name.startswith(_CONTEXT)}
    if any(name.startswith(_OURS) for name in context):
        raise UsageError(f"an encryption context begins with {_OURS}, which is taken")
    (key,) = aws_kms.with_options(keys, context, options.get("profile", ""))
    if role := options.get("role"):
        key = key._replace(options=(("role", role), *(pair for pair in key.options if pair[0] != "role")))
    return AwsKms(key, environment)


class AwsKms(RemoteKey):
    """A key of KMS.

    Args:
        key: its ARN, and with which role, profile and encryption context it is used.
        environment: where credentials are looked for.
    """

    def __init__(self, key: MasterKey, environment: Mapping[str, str]) -> None:
        super().__init__(f"{SCHEME}:{key.name}", f"AWS KMS in {key.name.split(':')[3]}")
        self._key = key
        self._lasting = Lasting(environment, _KEPT_SECONDS)

    def owns(self, version_id: str) -> bool:
        """Tell whether an id has the key's ARN."""
        begin, separator, material = version_id.rpartition("#")
        return begin == self.name and bool(separator) and bool(_MATERIAL.fullmatch(material))

    def _call(self, act: str, deadline: float, **arguments: Any) -> Mapping[str, Any]:
        """Ask KMS, once more with new credentials where these were refused."""
        context = self._lasting.context()
        try:
            return self._asked(context, act, deadline, arguments)
        except KeyRefusedError as error:
            if error.code not in _STALE:
                raise
        self._lasting.forget(context)
        return self._asked(self._lasting.context(), act, deadline, arguments)

    def _asked(self, context: Any, act: str, deadline: float, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        seconds_left(deadline, self.name)
        try:
            return aws_kms.call(self._key, context, act, _PATIENCE, KeyId=self._key.name, **arguments)
        except KeyRefusedError as error:
            if error.code == "AccessDeniedException":
                error.hint = "they need kms:DescribeKey, kms:ListKeyRotations, kms:Encrypt and kms:Decrypt on the key"
            raise

    def _newest(self, deadline: float) -> Version:
        found = self._call("describe_key", deadline).get("KeyMetadata")
        facts = found if isinstance(found, dict) else {}
        if facts.get("KeyState") != "Enabled":
            raise KeyUseError(f"{self.name} is disabled or about to be deleted")
        if facts.get("KeySpec") != "SYMMETRIC_DEFAULT":
            raise KeyUseError(f"{self.name} is not a key for symmetric encryption")
        material = facts.get("CurrentKeyMaterialId") or self._rotation(deadline)
        version = Version(f"{self.name}#{material}")
        if not self.owns(version.id):
            raise KeyUseError(f"AWS KMS does not say which material of {self.name} is the newest")
        return version

    def _rotation(self, deadline: float) -> str:
        times: list[int] = []
        page: dict[str, Any] = {}
        while True:
            answer = self._call("list_key_rotations", deadline, **page)
            dates = (one.get("RotationDate") for one in answer.get("Rotations", []))
            times += [int(date.timestamp()) for date in dates if date is not None]
            if not answer.get("Truncated"):
                return f"rotation-{len(times)}-{max(times, default=0)}"
            page = {"Marker": answer["NextMarker"]}

    def _encrypted(self, value: bytes, deadline: float) -> tuple[bytes, Version]:
        version = self._version = self._version or self._newest(deadline)
        answer = self._call("encrypt", deadline, Plaintext=value, EncryptionContext=self._context(version.id))
        return bytes(answer["CiphertextBlob"]), version

    def _decrypted(self, ciphertext: bytes, version_id: str, deadline: float) -> Plaintext:
        try:
            answer = self._call(
                "decrypt", deadline, CiphertextBlob=ciphertext, EncryptionContext=self._context(version_id)
            )
        except KeyRefusedError as error:
            if error.code in _CHANGED:
                raise TamperedError(f"what {self.name} shall decrypt was changed, or not encrypted with it") from None
            raise
        return Plaintext(answer["Plaintext"])

    def _context(self, version_id: str) -> dict[str, str]:
        bound = {f"{_OURS}purpose": PURPOSE, f"{_OURS}version": version_id}
        return {**aws_kms.encryption_context(self._key), **bound}

"""Google Cloud KMS, symmetric keys (https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys).

Credentials: `google_credentials`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from strongroom.errors import DocumentError, KeyUnreachableError, KeyUseError, UsageError
from strongroom.keys.entries import from_base64, listed, text_of
from strongroom.keys.key import Context, KeyKind, MasterKey, Wrapped
from strongroom.model.plaintext import Plaintext

if TYPE_CHECKING:
    from strongroom.keys.rest import Request

_TITLE = "GCP KMS"
_ENDPOINT = "https://cloudkms.googleapis.com/"
_PART = r"(?!\.{1,2}(?:/|$))[\w.:-]+"
_RESOURCE = re.compile(f"projects/{_PART}/locations/{_PART}/keyRings/{_PART}/cryptoKeys/{_PART}", re.ASCII)
_SHAPE = "projects/PROJECT/locations/PLACE/keyRings/RING/cryptoKeys/KEY"
_CASTAGNOLI = 0x82F63B78  # RFC 3720 section 12.1, reversed


def parse(text: str) -> tuple[MasterKey, ...]:
    """Return the keys of resource ids that commas separate.

    Raises:
        UsageError: one of them is no resource id of a key.
    """
    return tuple(_master_key("".join(part.split())) for part in listed(text))


def from_rule(entry: Any) -> tuple[MasterKey, ...]:
    """Return the key of an entry of ``key_groups``: ``resource_id``.

    Raises:
        UsageError: it is of another shape.
    """
    resource = entry.get("resource_id") if isinstance(entry, Mapping) else None
    if not isinstance(resource, str):
        raise UsageError("an entry under gcp_kms of key_groups has no resource_id", hint=f"such as {_SHAPE}")
    return (_master_key("".join(resource.split())),)


def _master_key(resource: str) -> MasterKey:
    if not _RESOURCE.fullmatch(resource):
        raise UsageError("a GCP KMS key is not given by its resource id", hint=f"such as {_SHAPE}")
    return MasterKey("gcp_kms", resource)


def from_entry(entry: Mapping[str, Any]) -> Wrapped:
    """Return a wrapped key of the metadata.

    Raises:
        DocumentError: a part is missing, or is no resource id.
    """
    try:
        key = _master_key(text_of(entry, "resource_id", _TITLE))
    except UsageError:
        raise DocumentError("resource_id of a key of GCP KMS in the sops metadata is none") from None
    return Wrapped(key, text_of(entry, "enc", _TITLE), text_of(entry, "created_at", _TITLE))


def to_entry(wrapped: Wrapped) -> dict[str, Any]:
    """Return the entry of the metadata."""
    return {"resource_id": wrapped.key.name, "created_at": wrapped.created_at, "enc": wrapped.enc}


def wrap(data_key: Plaintext, key: MasterKey, context: Context) -> Wrapped:
    """Have KMS encrypt a data key.

    Raises:
        KeyUseError: it cannot be reached, or refuses.
    """
    value = data_key.reveal()
    given = {"plaintext": base64.b64encode(value).decode("ascii"), "plaintextCrc32c": str(crc32c(value))}
    answer = _call("encrypt", given, key, context)
    enc = answer.get("ciphertext")
    if not isinstance(enc, str) or from_base64(enc) is None:
        raise KeyUseError("Google Cloud KMS gave no ciphertext")
    if answer.get("verifiedPlaintextCrc32c") is not True:
        # "Data integrity guidelines" of Cloud KMS: what was encrypted may not be what was sent.
        raise KeyUseError("Google Cloud KMS does not confirm what it encrypted", hint="try again")
    return Wrapped(key, enc, context.now())


def unwrap(wrapped: Wrapped, context: Context) -> Plaintext:
    """Have KMS decrypt a data key.

    Raises:
        KeyUseError: it cannot be reached, refuses, or the wrapped key is not its own.
    """
    if from_base64(wrapped.enc) is None:
        raise KeyUseError("its wrapped key is damaged: no base64")
    answer = _call("decrypt", {"ciphertext": wrapped.enc}, wrapped.key, context)
    data_key = from_base64(answer.get("plaintext"))
    if data_key is None:
        raise KeyUseError("Google Cloud KMS gave no plaintext")
    if "plaintextCrc32c" in answer and str(answer["plaintextCrc32c"]) != str(crc32c(data_key.reveal())):
        raise KeyUseError("the answer of Google Cloud KMS was damaged on its way", hint="try again")
    return data_key


def _call(act: str, given: Mapping[str, str], key: MasterKey, context: Context) -> dict[str, Any]:
    from strongroom.keys.rest import ask

    answer = ask(request_for(f"{key.name}:{act}", given, context), context.environment)
    if answer.status != 200:
        raise refusal(answer.status)
    return answer.json()


def request_for(path: str, given: Mapping[str, str] | None, context: Context) -> Request:
    """Return a request to Cloud KMS, with an access token.

    Args:
        path: after ``/v1/``: a resource, perhaps with an act.
        given: the parameters; without, the resource is read.
        context: where credentials are; the token is kept there.

    Raises:
        KeyUseError: there are no credentials, or they give no token.
    """
    from urllib.parse import quote

    from strongroom.keys import google_credentials
    from strongroom.keys.rest import Request

    headers = {**google_credentials.headers(context), "Content-Type": "application/json"}
    url = f"{_endpoint(context.environment).rstrip('/')}/v1/{quote(path, safe='/:')}"
    body = None if given is None else json.dumps(given).encode()
    return Request("Google Cloud KMS", "GET" if given is None else "POST", url, headers, body)


def _endpoint(environment: Mapping[str, str]) -> str:
    """Return where Cloud KMS is; another place is named as for SOPS 3.13, or as for gcloud."""
    if named := environment.get("SOPS_GCP_KMS_ENDPOINT"):
        return named if "://" in named else f"https://{named}"
    if domain := environment.get("SOPS_GCP_KMS_UNIVERSE_DOMAIN"):
        return f"https://cloudkms.{domain}/"
    return environment.get("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS") or _ENDPOINT


_REFUSALS = {
    400: ("the wrapped key was changed, or belongs to another key", ""),
    401: ("the credentials are not valid, or have expired", "log in: gcloud auth application-default login"),
    403: ("these credentials may not use the key", "they need the role roles/cloudkms.cryptoKeyEncrypterDecrypter"),
    404: ("there is no such key", ""),
    429: ("too many requests", ""),
}


def refusal(status: int) -> KeyUseError:
    """Return an error for an answer that is none."""
    from strongroom.keys.rest import passing

    reason, hint = _REFUSALS.get(status, (f"status {status}", ""))
    kind = KeyUnreachableError if passing(status) else KeyUseError
    return kind(f"Google Cloud KMS refuses: {reason}", hint=hint)


def crc32c(data: bytes) -> int:
    """Return the CRC32C of bytes (RFC 3720 section 12.1), which Cloud KMS uses to notice damage."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (_CASTAGNOLI if value & 1 else 0)
    return value ^ 0xFFFFFFFF


KIND = KeyKind(
    id="gcp_kms",
    title=_TITLE,
    rule_field="gcp_kms",
    group_field="gcp_kms",
    parse=parse,
    from_rule=from_rule,
    from_entry=from_entry,
    to_entry=to_entry,
    wrap=wrap,
    unwrap=unwrap,
)

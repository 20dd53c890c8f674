"""Google Cloud Storage: one object per file (https://cloud.google.com/storage/docs/json_api/v1/objects/insert).

Credentials: `keys.google_credentials`. ``CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE`` names another endpoint, as for
gcloud.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from strongroom.errors import KeyUseError
from strongroom.files.sops.destinations import Store
from strongroom.keys.google_credentials import headers
from strongroom.keys.key import Context
from strongroom.keys.rest import Request, ask
from strongroom.model.plaintext import Plaintext

_ENDPOINT = "https://storage.googleapis.com"
_SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"


def address(options: Mapping[str, str], name: str, environment: Mapping[str, str]) -> str:  # noqa: ARG001
    """Return the address of the object, as sops and gcloud write it."""
    return f"gs://{options.get('bucket', '')}/{options.get('prefix', '')}{name}"


def put(options: Mapping[str, str], name: str, data: Plaintext, context: Context) -> bool:
    """Store an object; one of that name gives way.

    Raises:
        KeyUseError: the service cannot be reached, or refuses.
    """
    where = address(options, name, context.environment)
    endpoint = context.environment.get("CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE") or _ENDPOINT
    # gcloud's override of the JSON API holds its path, too.
    base = endpoint.rstrip("/").removesuffix("/storage/v1")
    key = quote(f"{options.get('prefix', '')}{name}", safe="")
    bucket = quote(options.get("bucket", ""), safe="")
    url = f"{base}/upload/storage/v1/b/{bucket}/o?uploadType=media&name={key}"
    sent = {**headers(context, _SCOPE), "Content-Type": "application/octet-stream"}
    answer = ask(Request("Google Cloud Storage", "POST", url, sent, data.reveal()), context.environment)
    if answer.status != 200:
        hint = "these credentials need storage.objects.create and .delete" if answer.status in (401, 403) else ""
        raise KeyUseError(f"{where} could not be written: status {answer.status}", hint=hint)
    return True


STORE = Store(encrypted=True, address=address, put=put)

"""Whose a leaked credential is, as far as it says so itself: nothing is sent anywhere, and nothing of it is kept.

Client certificates name the user in their common name and his groups in their organisations, tokens of ServiceAccounts
and of OpenID Connect in their claims: https://kubernetes.io/docs/reference/access-authn-authz/authentication/
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

import msgspec

from strongroom.access.rbac_request import SERVICE_ACCOUNT_USER
from strongroom.model.access import Node, identity
from strongroom.model.rbac import Subject
from strongroom.model.resource import as_list, as_text

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_BOOTSTRAP = re.compile(rb"[a-z0-9]{6}\.[a-z0-9]{16}")
_BOOTSTRAPPERS = "system:bootstrappers"
_PARTS_OF_JWT = 3


class Bearer(msgspec.Struct, frozen=True):
    """Whom the API server takes the holder of a credential for.

    Attributes:
        kind: what the credential is: ``client certificate``, ``token``, ``bootstrap token``.
    """

    node: Node
    groups: tuple[str, ...] = ()
    kind: str = "token"


def bearer_of_certificate(data: bytes) -> Bearer | None:
    """Return whose a client certificate is; None where there is none in the data, or it names nobody."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    found = _PEM.search(data)
    if found is None:
        return None
    try:
        subject = x509.load_pem_x509_certificate(found[0]).subject
    except ValueError:
        return None
    names = [as_text(one.value) for one in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    groups = [as_text(one.value) for one in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    if not names or not names[0]:
        return None
    return Bearer(_user(names[0]), tuple(sorted(filter(None, groups))), "client certificate")


def bearer_of_token(token: bytes) -> Bearer | None:
    """Return whose a token is; None where it does not say."""
    token = token.strip()
    if _BOOTSTRAP.fullmatch(token):
        # https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/
        name = token.partition(b".")[0].decode()
        return Bearer(Node("User", "", f"system:bootstrap:{name}"), (_BOOTSTRAPPERS,), "bootstrap token")
    claims = _claims(token)
    name = as_text(claims.get("sub"))
    groups = [group for group in as_list(claims.get("groups")) if isinstance(group, str)]
    return Bearer(_user(name), tuple(groups)) if name else None


def _claims(token: bytes) -> dict[str, Any]:
    """Return the claims of a JSON Web Token (RFC 7519 section 3); its signature is not looked at."""
    parts = token.split(b".")
    if len(parts) != _PARTS_OF_JWT:
        return {}
    try:
        decoded = base64.urlsafe_b64decode(parts[1] + b"=" * (-len(parts[1]) % 4))
        claims = msgspec.json.decode(decoded)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _user(name: str) -> Node:
    if name.startswith(SERVICE_ACCOUNT_USER) and name.count(":") == 3:
        _, _, namespace, own = name.split(":")
        return Node("ServiceAccount", namespace, own)
    return identity(Subject("User", "", name))

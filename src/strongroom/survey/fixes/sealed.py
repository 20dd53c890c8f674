"""Fixes whose values end in SealedSecrets, which only the controller of a cluster can open."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from strongroom.documents.wanted import Unfit, resolved
from strongroom.errors import StrongroomError
from strongroom.files.sealed.scope import scope_of
from strongroom.files.sealed.sealing import sealed_body
from strongroom.files.sealed.secrets import read_secrets
from strongroom.model.origin import Origin
from strongroom.model.plaintext import Plaintext
from strongroom.model.resource import Resource, as_dict
from strongroom.posture.fixes.new_secret import NewSecret
from strongroom.sources.objects import objects_in


class SealedBodies:
    """What Secrets become when they are sealed.

    Args:
        key: the public half of the sealing key.
        bodies: returns the documents of a file.
    """

    verb = "seal"

    def __init__(self, key: RSAPublicKey, bodies: Callable[[str], Mapping[int, Any]]) -> None:
        self._key, self._bodies = key, bodies

    def of_new(self, secret: NewSecret) -> dict[str, Any]:
        """Return the SealedSecret of a new Secret; raises Unfit where it cannot be sealed."""
        return self.of(self._plain(secret), secret.name)

    def of(self, body: dict[str, Any], name: str) -> dict[str, Any]:
        """Return the SealedSecret of a Secret, bound to its name and namespace unless its annotations say otherwise.

        Raises:
            Unfit: it cannot be sealed.
        """
        scope = scope_of(as_dict(as_dict(body.get("metadata")).get("annotations")))
        try:
            (secret,) = read_secrets(Plaintext(json.dumps(body)), f"Secret {name}")
            return sealed_body(secret, self._key, scope)
        except StrongroomError as error:
            raise Unfit(error.message) from None

    def opened(self, secret: NewSecret) -> list[Resource]:
        """Return a new Secret as it is before sealing."""
        return [*objects_in(self._plain(secret), Origin(secret.beside.origin.source, secret.path, 0))]

    def _plain(self, secret: NewSecret) -> dict[str, Any]:
        body: dict[str, Any] = resolved(secret.body(), None, self._bodies(secret.path))
        return body

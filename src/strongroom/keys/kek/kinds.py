"""The kinds of key-encryption keys, each loaded when a key of it is used."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from strongroom.errors import UsageError
from strongroom.keys.kek import KeyEncryptionKey

MODULES: Mapping[str, str] = MappingProxyType(
    {
        "local-file": "strongroom.keys.kek.local_file",
        "pkcs11": "strongroom.keys.kek.pkcs11",
        "aws-kms": "strongroom.keys.kek.aws_kms",
        "gcp-kms": "strongroom.keys.kek.gcp_kms",
        "azure-key-vault": "strongroom.keys.kek.azure_key_vault",
        "vault-transit": "strongroom.keys.kek.vault_transit",
    }
)
"""The module of each kind by the scheme of its URIs; ``parse`` in it makes a key."""


def parse(uri: str, environment: Mapping[str, str]) -> KeyEncryptionKey:
    """Return the key that a URI names; nobody is asked yet.

    Args:
        uri: ``local-file:/etc/strongroom/kek``, ``vault-transit:https://vault:8200/v1/transit/keys/kek`` …
        environment: where credentials are looked for.

    Raises:
        UsageError: it is no such URI, or a program or package that the kind needs is not installed.
    """
    scheme, separator, _ = uri.partition(":")
    if not separator or scheme not in MODULES:
        raise UsageError(
            "a key-encryption key is not given by a URI of a known kind", hint="one of " + ", ".join(MODULES)
        )
    key: KeyEncryptionKey = import_module(MODULES[scheme]).parse(uri, environment)
    return key

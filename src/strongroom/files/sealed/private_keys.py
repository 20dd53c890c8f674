"""Exported sealing keys: PEM files, or the controller's Secrets as a backup holds them.

``kubectl get secret -n kube-system -l sealedsecrets.bitnami.com/sealed-secrets-key -o yaml`` makes such a backup.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from strongroom.crypto.hybrid import fingerprint
from strongroom.errors import KeyUseError, StrongroomError
from strongroom.files.sealed import certificate
from strongroom.files.sealed.secrets import PlainSecret, read_secrets
from strongroom.model.plaintext import Plaintext

_KEY, _CERTIFICATE = "tls.key", "tls.crt"


class SealingKey(NamedTuple):
    """One sealing key with its private half.

    Attributes:
        key: the private key.
        fingerprint: names it: ``SHA256:…``.
        name: of the Secret that it stood in; else of the file.
        since: from when its certificate is valid; None where there is no certificate.
    """

    key: RSAPrivateKey
    fingerprint: str
    name: str
    since: datetime | None

    def __repr__(self) -> str:
        return f"SealingKey({self.fingerprint})"


def read(data: Plaintext, what: str) -> tuple[SealingKey, ...]:
    """Read the keys of a file: one PEM key, or Secrets in YAML or JSON, also in a List.

    Raises:
        KeyUseError: it holds none, or one that is no RSA key or has a passphrase.
    """
    raw = data.reveal()
    if b"-----BEGIN" in raw and b"apiVersion" not in raw:
        return (_sealing_key(raw, what, what, None),)
    try:
        secrets = read_secrets(data, what)
    except StrongroomError:
        raise _no_key(what) from None
    found = tuple(_of_secret(secret, what) for secret in secrets)
    if not found:
        raise _no_key(what)
    return found


def together(files: Iterable[Sequence[SealingKey]]) -> dict[str, SealingKey]:
    """Return keys by their fingerprints, the newest first; those of unknown age last."""
    found: dict[str, SealingKey] = {}
    for key in (key for keys in files for key in keys):
        known = found.get(key.fingerprint)
        if known is None or known.since is None:
            found[key.fingerprint] = key
    oldest = datetime.min.replace(tzinfo=UTC)
    return dict(sorted(found.items(), key=lambda item: item[1].since or oldest, reverse=True))


def newest(keys: dict[str, SealingKey]) -> SealingKey:
    """Return the key to seal with: the one whose certificate is the youngest.

    Raises:
        KeyUseError: there are several, and not all of them say how old they are.
    """
    if len(keys) > 1 and any(key.since is None for key in keys.values()):
        raise KeyUseError(
            "nothing says which of the sealing keys is the newest",
            hint="name its certificate with --cert, or give the keys as Secrets with their certificates",
        )
    return next(iter(keys.values()))


def _of_secret(secret: PlainSecret, what: str) -> SealingKey:
    if _KEY not in secret.values:
        raise KeyUseError(f"Secret {secret.name} in {what} has no {_KEY}", hint="is it a backup of a sealing key?")
    since = None
    if _CERTIFICATE in secret.values:
        found = certificate.read(secret.values[_CERTIFICATE].reveal(), f"{_CERTIFICATE} of Secret {secret.name}")
        since = found.certificates[0].since
    return _sealing_key(secret.values[_KEY].reveal(), secret.name, what, since)


def _sealing_key(pem: bytes, name: str, what: str, since: datetime | None) -> SealingKey:
    try:
        key = load_pem_private_key(pem, None)
    except TypeError:
        raise KeyUseError(f"the key in {what} has a passphrase", hint="openssl pkey removes it") from None
    except (ValueError, UnsupportedAlgorithm):
        raise _no_key(what) from None
    if not isinstance(key, RSAPrivateKey):
        raise KeyUseError(f"the key in {what} is no RSA key", hint="Sealed Secrets knows RSA keys alone")
    return SealingKey(key, fingerprint(key.public_key()), name, since)


def _no_key(what: str) -> KeyUseError:
    return KeyUseError(
        f"{what} holds no sealing key", hint="a PEM private key, or the controller's Secrets as YAML or JSON"
    )

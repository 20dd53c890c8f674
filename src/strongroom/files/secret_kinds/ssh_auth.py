"""``kubernetes.io/ssh-auth``: the private key of an SSH client.

https://kubernetes.io/docs/concepts/configuration/secret/#ssh-authentication-secrets
"""

from __future__ import annotations

from strongroom.errors import UsageError
from strongroom.files.secret_kinds.kind import Data, Made, Part, SecretKind, Written

_KEY, _HOSTS = "ssh-privatekey", "known_hosts"


def make(parts: Data, name: str) -> Made:  # noqa: ARG001 - one signature for all
    """Return ``ssh-privatekey``, and ``known_hosts`` where it is given (Flux and Argo CD read it)."""
    return Made(
        {key: parts[part] for part, key in (("ssh-privatekey", _KEY), ("known-hosts", _HOSTS)) if part in parts}
    )


def check(secret: Written) -> tuple[str, ...]:
    """Ask for a key that is not empty, as the API server does; and see that it can be used."""
    key = secret.data.get(_KEY)
    if not key:
        raise UsageError("an ssh-auth Secret has the key ssh-privatekey", hint="--ssh-privatekey FILE")
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_ssh_private_key

    for load in (load_ssh_private_key, load_pem_private_key):
        try:
            load(key.reveal(), None)
        except TypeError:
            return ("the ssh-privatekey has a passphrase, which no pod can type",)
        except (ValueError, UnsupportedAlgorithm):
            continue
        return ()
    return ("the ssh-privatekey is no private key that could be read",)


KIND = SecretKind(
    "ssh-auth",
    "kubernetes.io/ssh-auth",
    "the private key of an SSH client",
    (
        Part("ssh-privatekey", "file", "its private key"),
        Part("known-hosts", "file", "keys of the servers, as in ~/.ssh/known_hosts"),
    ),
    ("ssh-privatekey",),
    make,
    check,
)

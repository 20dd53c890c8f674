"""Read a file that leaked: whose credential is it."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

from strongroom.access.credential import Bearer, bearer_of_certificate, bearer_of_token
from strongroom.documents.bounded import read_file
from strongroom.errors import KubeconfigError, SourceError
from strongroom.kube import kubeconfig
from strongroom.kube.kubeconfig import Named, User

_LARGEST = 1 << 20
_NO_IDENTITY = (
    "a kubeconfig, a client certificate in PEM, or a token of a ServiceAccount or of OpenID Connect is needed"
)


def bearer_of(path: Path) -> Bearer:
    """Return whom the API server takes the holder of a credential for.

    Raises:
        SourceError: the file cannot be read, or says of nobody that it is his.
        KubeconfigError: it is a kubeconfig that is not valid.
    """
    data = _read(path)
    found = bearer_of_certificate(data) or bearer_of_token(data)
    if found is None and b"users" in data:
        found = _of_kubeconfig(path)
    if found is None:
        raise SourceError(f"{path} does not say whose credential it is", hint=_NO_IDENTITY)
    return found


def _of_kubeconfig(path: Path) -> Bearer | None:
    config = kubeconfig.load([path])
    if config.current or len(config.users) != 1:
        user = kubeconfig.resolve(config).user
    else:
        (user,) = config.users.values()
    if user.entry.exec is not None or user.entry.auth_provider is not None:
        raise KubeconfigError(
            f"kubeconfig {path} holds no credential",
            hint="it asks a program for one; name the identity instead, e.g. user/NAME",
        )
    return _of_user(user)


def _of_user(user: Named[User]) -> Bearer | None:
    entry = user.entry
    if entry.client_certificate_data:
        try:
            return bearer_of_certificate(base64.b64decode(entry.client_certificate_data))
        except binascii.Error:
            return None
    if entry.client_certificate:
        return bearer_of_certificate(_read(user.folder / entry.client_certificate))
    if entry.token is not None:
        return bearer_of_token(entry.token.reveal())
    return bearer_of_token(_read(user.folder / entry.token_file)) if entry.token_file else None


def _read(path: Path) -> bytes:
    return read_file(path, _LARGEST, too_large="is too large to be a credential")

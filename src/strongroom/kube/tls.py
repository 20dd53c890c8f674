"""Who the API server must be, and our own certificate, without a private key in any file.

Python's ``ssl`` takes a key only from a path; a pipe has one (``/dev/fd/N``), and nothing of it reaches a disk.
"""

from __future__ import annotations

import os
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from strongroom.errors import KubeconfigError
from strongroom.model.plaintext import Plaintext


def client_context(
    *,
    authority: bytes | None,
    insecure: bool,
    certificate: bytes | None = None,
    key: Plaintext | None = None,
) -> ssl.SSLContext:
    """Make the TLS settings of a connection.

    Args:
        authority: PEM certificates that the server's must lead to; the system's where None.
        insecure: take any server's certificate.
        certificate: our own, as PEM.
        key: its private key, as PEM.

    Raises:
        KubeconfigError: one of them is no PEM, or the key is not the certificate's.
    """
    context = ssl.create_default_context() if authority is None else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Authorities of clusters made by older tools lack fields that Python 3.13 asks for and client-go does not.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if authority is not None:
        try:
            context.load_verify_locations(cadata=authority.decode("ascii"))
        except (ssl.SSLError, UnicodeDecodeError):
            raise KubeconfigError("the certificate authority of the cluster is no PEM certificate") from None
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if certificate is not None and key is not None:
        try:
            with _readable(certificate) as certificate_path, _readable(key.reveal()) as key_path:
                context.load_cert_chain(certificate_path, key_path, password=_no_password)
        except (ssl.SSLError, OSError, ValueError):
            raise KubeconfigError(
                "the client certificate and its key cannot be used", hint="both are PEM, and belong together"
            ) from None
    return context


def _no_password() -> str:
    """Refuse an encrypted key instead of asking for its password on the terminal."""
    raise ValueError("the key is encrypted")


@contextmanager
def _readable(data: bytes) -> Iterator[str]:
    """Give a path that reads as ``data``, once."""
    reading, writing = os.pipe()

    def write() -> None:
        with suppress(BrokenPipeError), open(writing, "wb") as stream:  # noqa: PTH123 - a descriptor, not a path
            stream.write(data)

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    try:
        yield f"/dev/fd/{reading}"
    finally:
        os.close(reading)
        writer.join()

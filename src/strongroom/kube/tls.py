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


class _Context(ssl.SSLContext):
    """Asks servers for another name than that of their URL, where told to."""

    server_name = ""

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """Begin a connection; asyncio calls this for each."""
        return super().wrap_bio(incoming, outgoing, server_side, self.server_name or server_hostname, session)


def client_context(
    *,
    authority: bytes | None,
    insecure: bool,
    certificate: bytes | None = None,
    key: Plaintext | None = None,
    server_name: str = "",
) -> ssl.SSLContext:
    """Make the TLS settings of a connection.

    Args:
        authority: PEM certificates that the server's must lead to; the system's where None.
        insecure: take any server's certificate.
        certificate: our own, as PEM.
        key: its private key, as PEM.
        server_name: the name that the server's certificate must have, whatever it is reached by.

    Raises:
        KubeconfigError: one of them is no PEM, or the key is not the certificate's.
    """
    context = _Context(ssl.PROTOCOL_TLS_CLIENT)
    context.server_name = server_name
    if authority is None:
        context.load_default_certs()
    # Authorities of clusters made by older tools lack fields that Python 3.13 asks for and client-go does not.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    # As in Go, any certificate of the kubeconfig is trusted, also one that another authority signed.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
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

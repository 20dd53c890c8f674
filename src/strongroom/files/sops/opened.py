"""An encrypted file, opened: every value decrypted, and the whole of it authenticated before any of it is given out."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable
from hashlib import sha512
from typing import TYPE_CHECKING, NamedTuple

from strongroom.errors import DocumentError, TamperedError
from strongroom.files.sops.document import Document, Format, Leaf, Scalar
from strongroom.files.sops.envelope import PREFIX, additional_data, cipher, mac_bytes, unseal
from strongroom.files.sops.metadata import Metadata, from_mapping
from strongroom.files.sops.selection import Selection, chosen
from strongroom.model.plaintext import Plaintext

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_ONLY_ENCRYPTED = bytes.fromhex("8a3fd2ad54ce66527b1034f3d147be0b0b975b3bf44f72c6fdadec8176f27d69")
"""SHA-256 of ``sops``: what a MAC over encrypted values alone starts with, so that it never equals one over all."""


class Opened(NamedTuple):
    """An encrypted file and what it holds.

    Attributes:
        format: as which it was read.
        encrypted: the file as it stands.
        scalars: what its leaves hold, one for each leaf of ``encrypted``.
        metadata: what it says about its encryption.
        data_key: under which its values are encrypted.
    """

    format: Format
    encrypted: Document
    scalars: tuple[Scalar, ...]
    metadata: Metadata
    data_key: Plaintext

    def plain(self) -> Plaintext:
        """Return the decrypted file, its layout kept, without metadata."""
        changed = {
            index: scalar
            for index, (leaf, scalar) in enumerate(zip(self.encrypted.leaves, self.scalars, strict=True))
            if scalar is not leaf.scalar
        }
        return Plaintext(self.format.write(self.encrypted, changed, None))


def read_encrypted(data: bytes, form: Format) -> tuple[Document, Metadata]:
    """Return a file as it stands and its metadata; no key is needed.

    Raises:
        DocumentError: it cannot be read, or is not encrypted.
        LimitError: it is larger or deeper than the limits allow.
    """
    document = form.read(data, True)
    if document.metadata is None:
        raise DocumentError("the file is not encrypted", hint="strongroom file encrypt encrypts it")
    return document, from_mapping(document.metadata)


def read_metadata(data: bytes, form: Format) -> Metadata:
    """Return what a file says about its encryption; no key is needed.

    Raises:
        DocumentError: it cannot be read, or is not encrypted.
        LimitError: it is larger or deeper than the limits allow.
    """
    return read_encrypted(data, form)[1]


def open_file(data: bytes, form: Format, unwrap: Callable[[Metadata], Plaintext], *, check_mac: bool = True) -> Opened:
    """Decrypt a file.

    Args:
        data: the file.
        form: as which it is read.
        unwrap: gives the data key.
        check_mac: without it, each value is authenticated, but not their number, order or what is in the clear.

    Raises:
        DocumentError: it cannot be read, or is not encrypted.
        KeyUseError: no key opens it.
        TamperedError: it was changed, or encrypted under another data key.
    """
    document, metadata = read_encrypted(data, form)
    return opened(document, metadata, form, unwrap(metadata), check_mac=check_mac)


def opened(
    document: Document, metadata: Metadata, form: Format, data_key: Plaintext, *, check_mac: bool = True
) -> Opened:
    """Decrypt a file that was read, under its data key.

    Raises:
        TamperedError: as `open_file`.
    """
    aes = cipher(data_key.reveal())
    scalars, counted = _scalars(document, metadata.selection, aes)
    if check_mac:
        check(metadata, mac(counted, metadata.selection), aes)
    return Opened(form, document, scalars, metadata, data_key)


def _scalars(document: Document, selection: Selection, aes: AESGCM) -> tuple[tuple[Scalar, ...], list[Scalar]]:
    scalars, counted = [], []
    everything = not selection.mac_only_encrypted
    for leaf in document.leaves:
        scalar, encrypted = leaf.scalar, chosen(selection, leaf)
        if encrypted:
            scalar = _opened(leaf, aes)
        scalars.append(scalar)
        # comments are encrypted, but no part of the MAC
        if (encrypted or everything) and scalar.type != "comment":
            counted.append(scalar)
    return tuple(scalars), counted


def _opened(leaf: Leaf, aes: AESGCM) -> Scalar:
    scalar = leaf.scalar
    text = scalar.data.reveal().decode("utf-8", "surrogateescape")
    if scalar.type == "comment":
        return _comment(leaf, text, aes)
    if scalar.type != "str":
        raise TamperedError(f"a value at {place(leaf)} is not encrypted, although the metadata say so")
    try:
        found = unseal(aes, text, additional_data(leaf.path))
    except TamperedError as error:
        raise TamperedError(f"a value at {place(leaf)} {error.message}") from None
    return scalar if not text else found


def _comment(leaf: Leaf, text: str, aes: AESGCM) -> Scalar:
    # sops takes a comment that does not open for one that never was encrypted: it moves comments itself
    if not text.startswith(PREFIX):
        return leaf.scalar
    try:
        found = unseal(aes, text, additional_data(leaf.path))
    except TamperedError:
        return leaf.scalar
    return found if found.type == "comment" else leaf.scalar


def place(leaf: Leaf) -> str:
    """Return where a leaf stands, for people; keys are names, not secrets."""
    return ".".join(str(step) for step in leaf.address) or "the top"


def mac(scalars: Iterable[Scalar], selection: Selection) -> str:
    """Return the digest of values in their order, as SOPS writes it: SHA-512 in upper-case hexadecimal digits."""
    digest = sha512(_ONLY_ENCRYPTED if selection.mac_only_encrypted else b"")
    for scalar in scalars:
        digest.update(mac_bytes(scalar))
    return digest.hexdigest().upper()


def check(metadata: Metadata, computed: str, aes: AESGCM) -> None:
    """Compare the MAC of a file with the digest of its values; raises TamperedError."""
    hint = "take the file back from where it was last known to be good"
    try:
        said = unseal(aes, metadata.mac, metadata.lastmodified.encode())
    except TamperedError:
        raise TamperedError("the MAC of the file or its lastmodified was changed", hint=hint) from None
    if not hmac.compare_digest(said.data.reveal(), computed.encode()):
        raise TamperedError("the file was changed since it was encrypted: its MAC does not fit", hint=hint)

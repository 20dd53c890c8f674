"""An encrypted file as people may see it: its layout and its keys, and for each value what stands for it."""

from __future__ import annotations

from strongroom.files.sops.document import Format, Scalar
from strongroom.files.sops.opened import Opened
from strongroom.files.sops.sealing import read_plain
from strongroom.model.plaintext import Plaintext, short


def masked(opened: Opened, key: bytes) -> bytes:
    """Return a decrypted file in which a short keyed fingerprint stands for each encrypted value.

    The same value has the same fingerprint, so that a diff of two such texts shows what changed. What is readable in
    the encrypted file stays readable.

    Args:
        opened: the file.
        key: the fingerprint key of the installation.
    """
    pairs = zip(opened.encrypted.leaves, opened.scalars, strict=True)
    standing = {
        index: Scalar("comment" if scalar.type == "comment" else "str", _stand_in(scalar, key))
        for index, (leaf, scalar) in enumerate(pairs)
        if scalar is not leaf.scalar
    }
    return opened.format.write(opened.encrypted, standing, None)


def masked_plain(plain: Plaintext, form: Format, key: bytes) -> bytes:
    """Return a file in plain in which a fingerprint stands for every value.

    Args:
        plain: the file.
        form: its format.
        key: the fingerprint key of the installation.

    Raises:
        DocumentError: it is not of the format; nothing of it is given out.
    """
    document = read_plain(plain, form)
    standing = {
        index: Scalar("comment" if leaf.scalar.type == "comment" else "str", _stand_in(leaf.scalar, key))
        for index, leaf in enumerate(document.leaves)
        if leaf.scalar.data
    }
    return form.write(document, standing, None)


def _stand_in(scalar: Scalar, key: bytes) -> Plaintext:
    return Plaintext(short(Plaintext(scalar.data.reveal()).fingerprint(key)))

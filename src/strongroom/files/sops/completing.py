"""Encrypted files in which values stand in plain text: encrypted again, if nothing else was changed.

Such a file comes of an editor that knows nothing of SOPS. Its MAC (https://getsops.io/docs/#message-authentication-code)
tells whether a value was added, or only laid open; what was changed besides cannot be told, and is not signed anew.
"""

from __future__ import annotations

from collections.abc import Callable

from strongroom.errors import DocumentError, TamperedError
from strongroom.files.sops.document import Format, Leaf
from strongroom.files.sops.envelope import PREFIX, additional_data, cipher, unseal
from strongroom.files.sops.metadata import Metadata
from strongroom.files.sops.opened import Opened, check, mac, place, read_encrypted
from strongroom.files.sops.sealing import reseal
from strongroom.files.sops.selection import chosen
from strongroom.model.plaintext import Plaintext


def completed(data: bytes, form: Format, unwrap: Callable[[Metadata], Plaintext], now: str) -> bytes:
    """Return a file with every value encrypted that its own rules ask for; what is encrypted keeps its ciphertext.

    Args:
        data: the file.
        form: as which it is read.
        unwrap: gives the data key.
        now: the present time, RFC 3339 in UTC.

    Raises:
        DocumentError: it cannot be read, or is not encrypted; or nothing in it stands in plain text.
        KeyUseError: no key opens it.
        TamperedError: something was changed besides the values that stand in plain text.
    """
    document, metadata = read_encrypted(data, form)
    selection = metadata.selection
    bare = {index for index, leaf in enumerate(document.leaves) if chosen(selection, leaf) and _is_bare(leaf)}
    if not bare:
        raise DocumentError("nothing in the file stands in plain text")
    key = unwrap(metadata)
    aes = cipher(key.reveal())
    scalars, counted = [], []
    for index, leaf in enumerate(document.leaves):
        scalar, encrypted = leaf.scalar, chosen(selection, leaf)
        if encrypted and index not in bare and scalar.data:
            text = scalar.data.reveal().decode("utf-8", "surrogateescape")
            try:
                scalar = unseal(aes, text, additional_data(leaf.path))
            except TamperedError as error:
                if leaf.scalar.type != "comment":
                    raise TamperedError(f"a value at {place(leaf)} {error.message}") from None
        scalars.append(scalar)
        if (encrypted or not selection.mac_only_encrypted) and scalar.type != "comment":
            counted.append((index, scalar))
    try:
        check(metadata, mac((scalar for _, scalar in counted), selection), aes)  # laid open
    except TamperedError:
        check(metadata, mac((one for index, one in counted if index not in bare), selection), aes)  # added
    opened = Opened(form, document, tuple(scalars), metadata, key)
    return reseal(opened, opened.plain(), now)


def _is_bare(leaf: Leaf) -> bool:
    if leaf.scalar.type == "comment" or not leaf.scalar.data:
        return False
    return not leaf.scalar.data.reveal().startswith(PREFIX.encode())

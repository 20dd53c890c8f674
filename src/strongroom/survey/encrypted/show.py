"""Encrypted files shown for a diff."""

from __future__ import annotations

from strongroom.errors import StrongroomError
from strongroom.files.sops.data_key import unwrap
from strongroom.files.sops.formats import format_of
from strongroom.files.sops.masked import masked, masked_plain
from strongroom.files.sops.opened import open_file
from strongroom.keys.key import Context
from strongroom.model.plaintext import Plaintext
from strongroom.survey.encrypted.merge import is_encrypted


def shown(data: bytes, name: str, context: Context, key: bytes | None) -> bytes:
    """Return a file as a diff shows it: one that is encrypted without its metadata, with fingerprints for values.

    Args:
        data: the file; one that is not encrypted comes back as it is.
        name: its name, which tells its format.
        context: where keys are.
        key: the fingerprint key; None shows the values themselves.

    Raises:
        StrongroomError: it cannot be opened.
    """
    form = format_of(name)
    try:
        if not is_encrypted(data, form):
            return data
    except StrongroomError:
        return data  # a diff shows what is there, also what cannot be read
    # What was tampered with has to show in a diff, too.
    opened = open_file(data, form, lambda metadata: unwrap(metadata, context), check_mac=False)
    return opened.plain().reveal() if key is None else masked(opened, key)


def compared(
    old: tuple[str, bytes], new: tuple[str, bytes], context: Context, key: bytes | None
) -> tuple[bytes, bytes]:
    """Return two files for a diff, each given by its name and what it holds.

    With a key no value of either is shown: a fingerprint stands for each encrypted one, and where one of the files is
    not encrypted, for every value of both, because nothing says which of its values are secret.

    Raises:
        StrongroomError: one cannot be opened or read.
    """
    plain = not all(is_encrypted(data, format_of(name)) for name, data in (old, new))

    def show(name: str, data: bytes) -> bytes:
        if key is None or not plain:
            return shown(data, name, context, key)
        form = format_of(name)
        return masked_plain(Plaintext(shown(data, name, context, None)), form, key)

    return show(*old), show(*new)

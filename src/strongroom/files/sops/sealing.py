"""Encrypted files written: from plain text, after an edit, with other keys, under a new data key."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from strongroom.errors import DocumentError, UsageError
from strongroom.files.sops.document import Document, Format, Leaf, Scalar, Seal
from strongroom.files.sops.envelope import PREFIX, additional_data, cipher, seal
from strongroom.files.sops.metadata import VERSION, Metadata, to_mapping
from strongroom.files.sops.opened import Opened, mac
from strongroom.files.sops.rule import Rule
from strongroom.files.sops.selection import Selection, chosen, effective, matcher, uses_comments
from strongroom.keys.key import Wrapped
from strongroom.model.plaintext import Plaintext

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

Groups = tuple[tuple[Wrapped, ...], ...]
Address = tuple[str | int, ...]
_PREFIX = PREFIX.encode()
_TRIES = 100
_Sealer = Callable[[int, Scalar, tuple[str, ...]], str]


def encrypt(
    data: Plaintext | Document, form: Format, rule: Rule, data_key: Plaintext, groups: Groups, now: str
) -> bytes:
    """Return a file in plain text as an encrypted one.

    Args:
        data: the file, or what `read_plain` made of it.
        form: as which it is read and written.
        rule: which of its leaves are encrypted.
        data_key: 32 random bytes.
        groups: the data key, or its shares, wrapped.
        now: the present time, RFC 3339 in UTC.

    Raises:
        DocumentError: the file cannot be read, holds nothing, or is encrypted already.
        UsageError: the selection cannot be read.
    """
    document = data if isinstance(data, Document) else read_plain(data, form)
    # the one value of a binary file has no name that a rule could choose by
    selection = effective(rule.selection) if form.id != "binary" else Selection()
    metadata = Metadata(groups, rule.shamir_threshold, now, "", selection, VERSION)
    aes = cipher(data_key.reveal())
    return _sealed(document, form, metadata, aes, _fresh(aes), Seal({}, rule.indent))


def read_plain(data: Plaintext, form: Format) -> Document:
    """Return a file that is to be encrypted.

    Raises:
        DocumentError: it cannot be read, holds nothing, or is encrypted already.
    """
    document = form.read(data.reveal(), False)
    if not document.blocks:
        raise DocumentError("the file holds no document", hint="sops encrypts no empty file")
    if document.metadata is not None or any(each.mac or each.start != each.end for each in document.blocks):
        raise DocumentError("the file has a key called sops: it is encrypted already", hint="strongroom file edit")
    return document


def reseal(opened: Opened, plain: Plaintext, now: str) -> bytes:
    """Return an edited plain text as the encrypted file that takes the place of the opened one.

    Unchanged values keep their ciphertext; the layout is that of the edited text.

    Raises:
        DocumentError: the edited text cannot be read.
    """
    document = read_plain(plain, opened.format)
    metadata = opened.metadata._replace(lastmodified=now)
    aes = cipher(opened.data_key.reveal())
    return _sealed(document, opened.format, metadata, aes, _kept(opened, document, aes), Seal({}, 0, opened.encrypted))


def with_metadata(opened: Opened, metadata: Metadata) -> bytes:
    """Return the same body with other metadata: other keys, as ``sops updatekeys`` writes them.

    The MAC covers the values and the time of the last change, and no keys; it stays where the time stays.

    Raises:
        DocumentError: the selection is another one, which is no matter of the metadata alone.
    """
    before = opened.metadata
    if metadata.selection != before.selection:
        raise DocumentError("another selection takes another encryption", hint="decrypt the file and encrypt it anew")
    if metadata.lastmodified != before.lastmodified:
        digest = _digest(opened)
        metadata = metadata._replace(mac=_sealed_mac(cipher(opened.data_key.reveal()), digest, metadata.lastmodified))
    return opened.format.write(opened.encrypted, {}, Seal(to_mapping(metadata), 0, opened.encrypted))


def rotated(opened: Opened, data_key: Plaintext, groups: Groups, now: str) -> bytes:
    """Return the file with every value encrypted under a new data key."""
    aes = cipher(data_key.reveal())
    metadata = opened.metadata._replace(groups=groups, lastmodified=now)
    document, selection = opened.encrypted, opened.metadata.selection
    replacements = {}
    for index, (leaf, scalar) in enumerate(zip(document.leaves, opened.scalars, strict=True)):
        if scalar.data and chosen(selection, leaf):
            sealed = seal(aes, scalar, additional_data(leaf.path))
            replacements[index] = Scalar(leaf.scalar.type, Plaintext(sealed))
    metadata = metadata._replace(mac=_sealed_mac(aes, _digest(opened), now))
    return opened.format.write(document, replacements, Seal(to_mapping(metadata), 0, opened.encrypted))


def _sealed(document: Document, form: Format, metadata: Metadata, aes: AESGCM, sealer: _Sealer, how: Seal) -> bytes:
    selection = metadata.selection
    replacements: dict[int, Scalar] = {}
    counted, comments = [], False
    for index, leaf in enumerate(document.leaves):
        encrypted, scalar = chosen(selection, leaf), leaf.scalar
        if scalar.type == "comment":
            comments = comments or encrypted
            continue
        if encrypted and scalar.data:
            replacements[index] = Scalar("str", Plaintext(sealer(index, scalar, leaf.path)))
        # comments are encrypted, but no part of the MAC
        if encrypted or not selection.mac_only_encrypted:
            counted.append(scalar)
    metadata = metadata._replace(mac=_sealed_mac(aes, mac(counted, selection), metadata.lastmodified))
    written = form.write(document, replacements, how._replace(metadata=to_mapping(metadata)))
    if not comments and not uses_comments(selection):
        return written
    return _with_comments(written, form, metadata, sealer, counted)


def _with_comments(data: bytes, form: Format, metadata: Metadata, sealer: _Sealer, counted: list[Scalar]) -> bytes:
    """Encrypt the comments of a file whose values are encrypted.

    Where a comment belongs depends on the lines around it, and whoever decrypts sees those of the encrypted file.
    """
    document, selection = form.read(data, True), metadata.selection
    replacements: dict[int, Scalar] = {}
    values = 0
    for leaf in document.leaves:
        text = leaf.scalar.data.reveal()
        is_sealed = leaf.scalar.type == "str" and text.startswith(_PREFIX)
        encrypted = chosen(selection, leaf)
        if leaf.scalar.type != "comment":
            values += encrypted or not selection.mac_only_encrypted
            if encrypted != is_sealed and text:
                raise _unsteady()
    if values != len(counted):
        raise _unsteady()
    for index, leaf in enumerate(document.leaves):
        if leaf.scalar.type == "comment" and leaf.scalar.data and chosen(selection, leaf):
            replacements[index] = Scalar("comment", Plaintext(_sealed_comment(leaf, selection, sealer)))
    return form.write(document, replacements, Seal(to_mapping(metadata), 0, document))


def _sealed_comment(leaf: Leaf, selection: Selection, sealer: _Sealer) -> str:
    matches = matcher(selection.unencrypted_comment_regex) if selection.unencrypted_comment_regex else None
    for _ in range(_TRIES):
        sealed = sealer(-1, leaf.scalar, leaf.path)
        # what switches encryption off must not be found in an envelope, whose signs are random
        if matches is None or not matches(sealed):
            return sealed
    raise UsageError("unencrypted_comment_regex matches encrypted comments too")


def _unsteady() -> DocumentError:
    return DocumentError(
        "comments decide what is encrypted, and would decide otherwise in the encrypted file",
        hint="put each comment on a line of its own above what it is about",
    )


def _sealed_mac(aes: AESGCM, digest: str, now: str) -> str:
    return seal(aes, Scalar("str", Plaintext(digest)), now.encode())


def _digest(opened: Opened) -> str:
    selection = opened.metadata.selection
    pairs = zip(opened.encrypted.leaves, opened.scalars, strict=True)
    return mac(
        (
            scalar
            for leaf, scalar in pairs
            if scalar.type != "comment" and (not selection.mac_only_encrypted or chosen(selection, leaf))
        ),
        selection,
    )


def _fresh(aes: AESGCM) -> _Sealer:
    return lambda _, scalar, path: seal(aes, scalar, additional_data(path))


def _kept(opened: Opened, document: Document, aes: AESGCM) -> _Sealer:
    """Return a sealer that gives a value the ciphertext that it has in the opened file.

    The one at the same place first, then one of an equal value under the same path, each at most once: two values of
    one list do not become recognisable as equal.
    """
    selection = opened.metadata.selection
    at: dict[Any, int] = {}
    like: dict[Any, list[int]] = {}
    for index, (leaf, scalar) in enumerate(zip(opened.encrypted.leaves, opened.scalars, strict=True)):
        if scalar is not leaf.scalar and chosen(selection, leaf):
            value = scalar.type, scalar.data.reveal()
            if scalar.type != "comment":
                at[leaf.branch, leaf.address, value] = index
            like.setdefault((leaf.path, value), []).append(index)
    used: set[int] = set()
    taken: dict[int, int] = {}
    for index, leaf in enumerate(document.leaves):
        found = at.get((leaf.branch, leaf.address, (leaf.scalar.type, leaf.scalar.data.reveal())))
        if found is not None:
            taken[index] = found
            used.add(found)

    def sealer(index: int, scalar: Scalar, path: tuple[str, ...]) -> str:
        found = taken.get(index)
        if found is None:
            others = like.get((path, (scalar.type, scalar.data.reveal())), [])
            found = next((each for each in others if each not in used), None)
        if found is None:
            return seal(aes, scalar, additional_data(path))
        used.add(found)
        return opened.encrypted.leaves[found].scalar.data.reveal().decode("ascii")

    return sealer


def set_value(opened: Opened, address: Address, value: Plaintext, now: str) -> bytes:
    """Return the file with a value at an address of its first document, as ``sops set`` has it.

    Args:
        opened: the file.
        address: keys and positions.
        value: as JSON: a text in quotes, a number, an object.
        now: the present time, RFC 3339 in UTC.

    Raises:
        UsageError: the value is not JSON, or cannot stand there.
    """
    import json

    from strongroom.files.sops.changing import changed

    try:
        new = json.loads(value.reveal())
    except (ValueError, RecursionError):
        raise UsageError("the value is not JSON", hint="a text stands in double quotes") from None
    plain = changed(opened.plain().reveal(), opened.format.id, address, new)
    return reseal(opened, Plaintext(plain), now)


def unset_value(opened: Opened, address: Address, now: str) -> bytes:
    """Return the file without what stands at an address of its first document.

    Raises:
        UsageError: nothing stands there.
    """
    from strongroom.files.sops.changing import without

    return reseal(opened, Plaintext(without(opened.plain().reveal(), opened.format.id, address)), now)


def get_value(opened: Opened, address: Address) -> Plaintext:
    """Return what stands at an address of the first document, as ``sops decrypt --extract`` prints it.

    A text comes as it is, everything else as the file's format writes it.

    Raises:
        UsageError: nothing stands there.
    """
    from strongroom.files.sops.changing import found

    return Plaintext(found(opened.plain().reveal(), opened.format.id, address))

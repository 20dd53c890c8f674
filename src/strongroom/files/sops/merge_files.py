"""Three-way merge of encrypted files: opened, merged in plain, sealed again.

The result is sealed under the data key of ours. Where theirs made a new one (somebody was locked out), it is sealed
under another that is new to everybody: to encrypt a file for somebody takes no key, so that the data key of theirs may
be known to whoever wrote the branch, and that of ours is known to whoever was locked out.
Every value that did not change keeps its ciphertext, and so does one that theirs brings under the same data key.
Whoever was added on either side can open the result, whoever was taken out on either side cannot; the MAC is made anew.

A conflict comes out twice: as a file in which the two sides stand between Git's markers, both encrypted, and in plain
for an editor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from strongroom.errors import DocumentError
from strongroom.files.sops.data_key import new
from strongroom.files.sops.document import Format, Leaf, Scalar
from strongroom.files.sops.envelope import PREFIX, open_scalar
from strongroom.files.sops.merge_metadata import Groups, effective_threshold, keys_of, merge_metadata
from strongroom.files.sops.merge_text import merge_text
from strongroom.files.sops.metadata import Metadata
from strongroom.files.sops.opened import Opened, open_file
from strongroom.files.sops.rule import Rule
from strongroom.files.sops.sealing import encrypt, reseal, rotated, with_metadata
from strongroom.files.sops.tree import Address
from strongroom.keys.key import Wrapped
from strongroom.model.plaintext import Plaintext

Wrap = Callable[[Plaintext, Groups, int, tuple[tuple[Wrapped, ...], ...]], tuple[tuple[Wrapped, ...], ...]]
"""Wraps a data key for groups of keys, with a threshold; what is wrapped already is given and stays."""

_Meaning = tuple[tuple[str, ...], str, bytes]

OURS_MARK, MIDDLE_MARK, THEIRS_MARK = b"<<<<<<< ours", b"=======", b">>>>>>> theirs"


class Side(NamedTuple):
    """A version of the file: in plain, and as it was opened; None where it was in plain already."""

    plain: Plaintext
    opened: Opened | None


class Sealer(NamedTuple):
    """Turns a merged text into an encrypted file.

    Attributes:
        keeper: the side whose data key and, as far as it goes, whose ciphertexts the result has.
        metadata: recipients and rule of the result.
        donors: files whose ciphertexts are taken over where they fit.
    """

    keeper: Opened
    metadata: Metadata
    donors: Sequence[Opened]

    def seal(self, plain: Plaintext, now: str) -> bytes:
        """Return the encrypted file.

        Raises:
            DocumentError: the text is not of the format.
        """
        keeper, metadata = self.keeper, self.metadata
        if metadata.selection != keeper.metadata.selection:
            rule = Rule((), metadata.shamir_threshold, metadata.selection)
            data = encrypt(plain, keeper.format, rule, keeper.data_key, metadata.groups, now)
            return adopted(data, (), keeper, self.donors)
        data = reseal(keeper, plain, now)
        if (metadata.groups, metadata.shamir_threshold) != (keeper.metadata.groups, keeper.metadata.shamir_threshold):
            made = open_file(data, keeper.format, lambda _: keeper.data_key)
            now_metadata = made.metadata._replace(groups=metadata.groups, shamir_threshold=metadata.shamir_threshold)
            data = with_metadata(made, now_metadata)
        return adopted(data, keeper.encrypted.leaves, keeper, self.donors)


class Merged(NamedTuple):
    """A merge.

    Attributes:
        data: the file, encrypted; with markers where there are conflicts.
        conflicts: where the sides contradict each other; none where the merge is whole.
        marked: in plain, with markers at the conflicts.
        sides: in plain, with ours winning, and with theirs.
        sealer: seals the text that a person makes of ``marked``.
    """

    data: bytes
    conflicts: tuple[Address, ...]
    marked: Plaintext
    sides: tuple[Plaintext, Plaintext]
    sealer: Sealer


def merge_files(base: Side | None, ours: Side, theirs: Side, form: Format, wrap: Wrap, now: str) -> Merged:
    """Merge what two sides made of a file, at least one of which is encrypted.

    Args:
        base: the common ancestor; None where both sides added the file.
        ours: the side whose layout stays.
        theirs: the other.
        form: their format.
        wrap: wraps the data key for those who were added under another one.
        now: the time of the change.

    Raises:
        DocumentError: both sides changed the recipients or the rule to something else; a side is not of the format; a
            value that is encrypted would stand in plain.
        LimitError: a side is larger or deeper than what is merged.
        KeyUseError: the data key could not be wrapped for somebody.
    """
    past = base if base is not None else Side(Plaintext(b""), None)
    merged = merge_text(past.plain.reveal(), ours.plain.reveal(), theirs.plain.reveal(), form)
    donors = [side.opened for side in (ours, theirs) if side.opened is not None]
    sealer = Sealer(*_kept(past, ours, theirs, wrap, now), donors)
    sides = Plaintext(merged.ours), Plaintext(merged.theirs)
    left = sealer.seal(sides[0], now)
    _refuse_exposed(left, form, (ours, theirs))
    if not merged.conflicts:
        return Merged(left, (), sides[0], sides, sealer)
    first = open_file(left, form, lambda _: sealer.keeper.data_key)
    right = sealer._replace(donors=[*donors, first]).seal(sides[1], now)
    _refuse_exposed(right, form, (ours, theirs))
    second = open_file(right, form, lambda _: sealer.keeper.data_key)
    right = right.replace(second.metadata.mac.encode(), first.metadata.mac.encode())
    marked = Plaintext(with_markers(merged.ours, merged.theirs))
    return Merged(with_markers(left, right), merged.conflicts, marked, sides, sealer)


def with_markers(ours: bytes, theirs: bytes) -> bytes:
    """Return a text in which two versions stand between Git's markers where they differ."""
    left, right = ours.splitlines(keepends=True), theirs.splitlines(keepends=True)
    lines: list[bytes] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if tag == "equal":
            lines += left[i1:i2]
            continue
        lines += [OURS_MARK + b"\n", *_ended(left[i1:i2]), MIDDLE_MARK + b"\n"]
        lines += [*_ended(right[j1:j2]), THEIRS_MARK + b"\n"]
    return b"".join(lines)


def has_markers(data: bytes) -> bool:
    """Tell whether markers of a conflict are left in a text."""
    starts = (OURS_MARK[:8], THEIRS_MARK[:8])
    return any(line.startswith(starts) or line.rstrip() == MIDDLE_MARK for line in data.splitlines())


def adopted(data: bytes, kept: Sequence[Leaf], keeper: Opened, donors: Sequence[Opened]) -> bytes:
    """Return a file sealed under the key of ``keeper`` in which values that a donor has stand as the donor has them.

    Leaves in ``kept`` have their ciphertext already.

    The value is the same, the data key is, and so is its place: the donor's ciphertext is as good as the new one, and a
    diff against the donor shows nothing.
    """
    key = keeper.data_key.reveal()
    known: dict[tuple[int, tuple[str | int, ...]], list[tuple[str, Plaintext]]] = {}
    for donor in donors:
        if donor.data_key == keeper.data_key:
            for leaf, scalar in zip(donor.encrypted.leaves, donor.scalars, strict=True):
                text = leaf.scalar.data.reveal_text() or ""
                if text.startswith(PREFIX):
                    known.setdefault((leaf.branch, leaf.address), []).append((text, scalar.data))
    done = {leaf.scalar.data.reveal() for leaf in kept}
    out, at = [], 0
    for leaf in keeper.format.read(data, True).leaves:
        text = leaf.scalar.data.reveal_text() or ""
        there = known.get((leaf.branch, leaf.address))
        if there is None or not text.startswith(PREFIX) or text.encode() in done:
            continue
        value = open_scalar(text, key, leaf.path)
        same = next((one for one, plain in there if plain == value.data and _type(one) == value.type), None)
        if same is not None and leaf.start >= at:
            out += [data[at : leaf.start], data[leaf.start : leaf.end].replace(text.encode(), same.encode())]
            at = leaf.end
    return b"".join([*out, data[at:]])


def _type(text: str) -> str:
    return text.rpartition("type:")[2].rstrip("]")


def _ended(lines: list[bytes]) -> list[bytes]:
    return [*lines[:-1], lines[-1] if lines[-1].endswith(b"\n") else lines[-1] + b"\n"] if lines else []


def _kept(base: Side, ours: Side, theirs: Side, wrap: Wrap, now: str) -> tuple[Opened, Metadata]:
    """Return under whose data key the result is sealed, who can open it, and what of it is encrypted."""
    if ours.opened is None or theirs.opened is None:
        keeper = ours.opened or theirs.opened
        if keeper is None:
            raise AssertionError("one side is encrypted")
        return keeper, keeper.metadata
    keeper, before = ours.opened, base.opened
    merged = merge_metadata(before.metadata if before is not None else None, keeper.metadata, theirs.opened.metadata)
    metadata = keeper.metadata._replace(selection=merged.selection)
    if before is not None and theirs.opened.data_key not in (before.data_key, keeper.data_key):
        key = new()
        groups = wrap(key, merged.groups, merged.shamir_threshold, ())
        keeper = open_file(rotated(keeper, key, groups, now), keeper.format, lambda _: key)
        return keeper, metadata._replace(groups=groups, shamir_threshold=merged.shamir_threshold)
    if merged.groups == keys_of(metadata) and merged.shamir_threshold == effective_threshold(metadata):
        return keeper, metadata
    sides = [one.opened.metadata for one in (ours, theirs) if one.opened and one.opened.data_key == keeper.data_key]
    present = tuple(wrapped for one in sides if len(one.groups) == 1 for wrapped in one.groups[0])
    groups = wrap(keeper.data_key, merged.groups, merged.shamir_threshold, (present,) if present else ())
    return keeper, metadata._replace(groups=groups, shamir_threshold=merged.shamir_threshold)


def _refuse_exposed(data: bytes, form: Format, sides: Sequence[Side]) -> None:
    """Refuse a result in which a value stands in plain that stands only encrypted in the sides.

    A rule that one side changed (no MAC covers it), or a comment that came to stand elsewhere, could bring that about.
    """
    hidden: set[_Meaning] = set()
    shown: set[_Meaning] = set()
    for side in sides:
        if side.opened is None:
            shown |= {_meant(leaf, leaf.scalar) for leaf in form.read(side.plain.reveal(), False).leaves}
            continue
        for leaf, scalar in zip(side.opened.encrypted.leaves, side.opened.scalars, strict=True):
            (shown if scalar is leaf.scalar else hidden).add(_meant(leaf, scalar))
    if any(_meant(leaf, leaf.scalar) in hidden - shown for leaf in form.read(data, True).leaves):
        raise DocumentError(
            "a value that is encrypted on one side would stand in plain",
            hint="the other side changed the rule or a comment that says what is encrypted",
        )


def _meant(leaf: Leaf, scalar: Scalar) -> _Meaning:
    """Return a value and where it stands, apart from positions in lists; of comments the text alone."""
    return () if scalar.type == "comment" else leaf.path, scalar.type, scalar.data.reveal()

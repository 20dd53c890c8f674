"""Values of which only keyed fingerprints are at hand: found where they stand by themselves.

A text is cut into words: runs of letters, digits and bytes above 0x7F. A value is found where its first and last word
are whole words of the text, whatever stands between and around them. So ``p4ss-w0rd!`` is found in ``x:p4ss-w0rd!@db``,
in quotes, as a line, as a YAML scalar; it is not found in ``xp4ss-w0rd!``. Its base64 is found where that stands alone.
Longer runs of base64 and hex, and percent-encoding, are decoded first, twice if need be; see `leaks.known_decode`.

What is compared is, for each stretch of one to four words whose length is a known one, 16 bits of AES over its first
and last eight bytes, a keyed hash that costs a few nanoseconds; and where these are known, the value's fingerprint.
"""

from __future__ import annotations

import binascii
import functools
import hashlib
import hmac
import itertools
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from strongroom.leaks.known import KnownMatch
from strongroom.leaks.known_decode import decoded, from_base64
from strongroom.leaks.known_forms import Form, searched
from strongroom.model.plaintext import Fingerprint, Plaintext

if TYPE_CHECKING:
    from numpy.typing import NDArray

_I64: TypeAlias = "NDArray[np.int64]"
_U64: TypeAlias = "NDArray[np.uint64]"

_WORD = re.compile(rb"[A-Za-z0-9\x80-\xff]+")
_IS_WORD = bytes(c > 0x7F or chr(c).isalnum() for c in range(256))
_MOST_WORDS = 4
_LONGEST_CORE = 1 << 12
_FURTHEST_LEAD = 0xFFFF
_EIGHT = 8
_PIECE = 1 << 19
_OVERLAP = 1 << 13
_DEPTH = 2
_SPACE = 0x20
_IS_MARK = np.array([c in b"+/-_" for c in range(256)])
_MOST_MARKS = 3


class Hint(NamedTuple):
    """What finds the places where a value may stand.

    Attributes:
        size: the length of the value in bytes.
        lead: how many bytes of it stand before its first word.
        words: how many of its words are compared: all, up to four; 0 where it has none that could be.
        spaced: 1 where white space stands between these, else 0.
        core: the length of the stretch that they span.
        tag: 16 bits of a keyed hash of the stretch's first and last eight bytes.
        base64, base64_line: the same of the value's base64, without and with a line break after the value.
    """

    size: int
    lead: int
    words: int
    spaced: int
    core: int
    tag: int
    base64: int
    base64_line: int

    def __repr__(self) -> str:
        return "Hint(hidden)"


class Hinted(NamedTuple):
    """One value to look for: the fingerprint of what is searched, and its hint."""

    fingerprint: Fingerprint
    hint: Hint


class Tagger:
    """Makes tags: AES-256 (FIPS 197) under a key of its own, cut to 16 bits. One for each thread.

    Args:
        key: 32 bytes, derived from the fingerprint key and used for nothing else.
    """

    def __init__(self, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        # Each block is one input of a pseudo-random function, not a part of a message: the mode that suits that is ECB.
        self._encrypt = Cipher(algorithms.AES256(key), modes.ECB()).encryptor()  # noqa: S305

    def tags(self, ends: _U64) -> _I64:
        """Return the tag of each row of two: the first and the last eight bytes."""
        blocks = self._encrypt.update(np.ascontiguousarray(ends).tobytes())
        return np.frombuffer(blocks, "<u2")[::8].astype(np.int64)


def hint(value: Plaintext, tagger: Tagger) -> Hint:
    """Return the hint of a value."""
    text = searched(value.reveal())
    words = list(itertools.islice(_WORD.finditer(text), _MOST_WORDS))
    start, end = (words[0].start(), words[-1].end()) if words else (0, 0)
    count = len(words)
    if end - start >= _LONGEST_CORE or start > _FURTHEST_LEAD:
        count = start = end = 0
    encoded = [binascii.b2a_base64(each, newline=False).rstrip(b"=") for each in (text, text + b"\n")]
    stretches = (text[start:end], *encoded)
    tags = tagger.tags(np.concatenate([_ends(each, _number(0), _number(len(each))) for each in stretches]))
    tag, base64, base64_line = tags.tolist()
    spaced = int(any(byte <= _SPACE for byte in text[start:end]))
    return Hint(len(text), start, count, spaced, end - start, tag, base64, base64_line)


def _number(number: int) -> _I64:
    return np.array([number], np.int64)


class TokenSearch:
    """Looks for values of which only the fingerprints are known.

    Args:
        values: fingerprints of what is searched, with their hints.
        key: the fingerprint key of the installation; tag_key: that of the hints.
    """

    def __init__(self, values: Iterable[Hinted], key: bytes, tag_key: bytes) -> None:
        self._key = key
        self._tag_key = tag_key
        self._values = list({value.fingerprint: value for value in values}.values())
        hints = np.array([value.hint for value in self._values], np.int64).reshape(-1, len(Hint._fields))
        size, _, words, spaced, core, *tags = hints.T
        kinds = sorted(set(zip(words.tolist(), spaced.tolist(), strict=True)))
        self._index = [
            (count, gap, _Index(np.flatnonzero((words == count) & (spaced == gap)), core, tags[0]))
            for count, gap in kinds
            if count
        ]
        lengths = np.concatenate((_base64_length(size), _base64_length(size + 1)))
        self._encoded = _Index(np.arange(2 * len(hints)), lengths, np.concatenate(tags[1:]))

    def __len__(self) -> int:
        return len(self._values)

    def search(self, text: bytes) -> Iterator[KnownMatch]:
        """Yield the matches in a text, each place and value once, in no particular order."""
        tagger = Tagger(self._tag_key)
        yield from self._in(text, tagger, _DEPTH)

    def _in(self, text: bytes, tagger: Tagger, depth: int) -> Iterator[KnownMatch]:
        for at in range(0, len(text), _PIECE):
            piece = _Words(text[at : at + _PIECE + _OVERLAP], at)
            for match in self._in_piece(piece, text, tagger, depth):
                if match.start < at + _PIECE or at + _PIECE >= len(text):  # else the next piece has it, too
                    yield match

    def _in_piece(self, piece: _Words, text: bytes, tagger: Tagger, depth: int) -> Iterator[KnownMatch]:
        for count, spaced, index in self._index:
            for start, number in index.met(piece.text, *piece.stretches(count, spaced=bool(spaced)), tagger):
                value = self._values[number]
                begin = piece.at + start - value.hint.lead
                if begin >= 0 and self._is(text[begin : begin + value.hint.size], value):
                    yield KnownMatch(begin, begin + value.hint.size, value.fingerprint, Form.PLAIN.label)
        starts, ends = piece.runs()
        for start, number in self._encoded.met(piece.text, starts, ends, tagger):
            line, number = divmod(number, len(self._values))
            value = self._values[number]
            begin, end = piece.at + start, piece.at + start + int(_base64_length(value.hint.size + line))
            if self._is(from_base64(text[begin:end]).removesuffix(b"\n" * line), value):
                yield KnownMatch(begin, end, value.fingerprint, Form.BASE64.label)
        for part in decoded(piece.text, starts, ends) if depth else ():
            for match in self._in(part.text, tagger, depth - 1):
                begin, end = part.span(match.start, match.end)
                encoding = f"{part.form.label}, {match.encoding}".removesuffix(", ")
                yield KnownMatch(piece.at + begin, piece.at + end, match.fingerprint, encoding)

    def _is(self, span: bytes, value: Hinted) -> bool:
        if len(span) != value.hint.size:
            return False
        return hmac.compare_digest(hmac.digest(self._key, span, hashlib.sha256).hex(), value.fingerprint)

    def __repr__(self) -> str:
        return f"TokenSearch({len(self)})"


class _Words:
    """The words of a piece of a text."""

    def __init__(self, text: bytes, at: int) -> None:
        self.text = text
        self.at = at
        inside = np.frombuffer(b"\0" + text.translate(_IS_WORD) + b"\0", np.bool_)
        edges = np.flatnonzero(inside[1:] != inside[:-1])
        self._starts, self._ends = edges[::2], edges[1::2]

    def stretches(self, count: int, *, spaced: bool) -> tuple[_I64, _I64]:
        """Return where stretches of so many words start and end; where not ``spaced``, those without white space."""
        fewer = max(len(self._starts) - count + 1, 0)
        starts, ends = self._starts[:fewer], self._ends[count - 1 :]
        if spaced or count == 1:
            return starts, ends
        solid = self._solid[:fewer]
        for n in range(1, count - 1):
            solid = solid & self._solid[n : n + fewer]
        kept = np.flatnonzero(solid)
        return starts.take(kept), ends.take(kept)

    @functools.cached_property
    def _solid(self) -> NDArray[np.bool_]:
        """Whether no white space is seen after each word but the last: at the ends of what parts it from the next."""
        data = np.frombuffer(self.text, np.uint8)
        solid: NDArray[np.bool_] = (data[self._ends[:-1]] > _SPACE) & (data[self._starts[1:] - 1] > _SPACE)
        return solid

    def runs(self) -> tuple[_I64, _I64]:
        """Return the runs of characters of base64: words with no more than three of ``+/-_`` between them."""
        starts, ends = self._starts, self._ends
        if not len(starts):
            return starts, ends
        data = np.frombuffer(self.text + bytes(_MOST_MARKS), np.uint8)
        gaps = starts[1:] - ends[:-1]
        joined = gaps <= _MOST_MARKS
        for n in range(_MOST_MARKS):
            near = np.flatnonzero(joined & (gaps > n))
            joined[near] = _IS_MARK[data[ends[near] + n]]
        breaks = np.flatnonzero(~joined)
        firsts, lasts = starts[np.append(0, breaks + 1)], ends[np.append(breaks, len(ends) - 1)]
        for _ in range(_MOST_MARKS):
            lasts = lasts + _IS_MARK[data[lasts]]
        return self._with_marks_before(data, firsts, lasts)

    def _with_marks_before(self, data: NDArray[np.uint8], starts: _I64, ends: _I64) -> tuple[_I64, _I64]:
        """Add the same runs with the marks before them: those may be their first characters, or part two words."""
        all_starts, all_ends = [starts], [ends]
        for _ in range(_MOST_MARKS):
            marked = np.flatnonzero(_IS_MARK[data[np.maximum(starts - 1, 0)]] & (starts > 0))
            starts, ends = starts.take(marked) - 1, ends.take(marked)
            all_starts.append(starts)
            all_ends.append(ends)
        return np.concatenate(all_starts), np.concatenate(all_ends)

    def __repr__(self) -> str:
        return f"_Words({len(self._starts)})"


class _Index:
    """Lengths and tags of stretches, and the look-up of a text's stretches among them."""

    def __init__(self, numbers: _I64, sizes: _I64, tags: _I64) -> None:
        sizes, tags = sizes[numbers], tags[numbers]
        combined = (sizes << 16) | tags
        order = np.argsort(combined)
        self._combined = combined[order]
        self._numbers = numbers[order]
        self._sizes = np.zeros(_LONGEST_CORE + 1, np.bool_)
        self._sizes[sizes[sizes < _LONGEST_CORE]] = True
        self._mixed = np.zeros(1 << 20, np.bool_)
        self._mixed[self._mix(combined)] = True

    def _mix(self, combined: _I64) -> _I64:
        return (combined ^ (combined >> 11)) & 0xFFFFF

    def met(self, text: bytes, starts: _I64, ends: _I64, tagger: Tagger) -> Iterator[tuple[int, int]]:
        """Yield the starts of stretches that may be known, and the numbers of the values."""
        sizes = np.minimum(ends - starts, _LONGEST_CORE)
        kept = np.flatnonzero(self._sizes.take(sizes))
        if not len(kept):
            return
        starts, ends, sizes = starts.take(kept), ends.take(kept), sizes.take(kept)
        combined = (sizes << 16) | tagger.tags(_ends(text, starts, ends))
        kept = np.flatnonzero(self._mixed.take(self._mix(combined)))
        first = np.searchsorted(self._combined, combined[kept], "left")
        last = np.searchsorted(self._combined, combined[kept], "right")
        for index in np.flatnonzero(first < last).tolist():
            for number in self._numbers[first[index] : last[index]].tolist():
                yield int(starts[kept[index]]), number


def _ends(text: bytes, starts: _I64, ends: _I64) -> _U64:
    """Return the first and the last eight bytes of stretches as rows of two; of shorter ones, all and none."""
    data = text + bytes(_EIGHT)
    at_any_byte: _U64 = np.ndarray((len(data) - _EIGHT + 1,), "<u8", data, strides=(1,))
    sizes = np.minimum(ends - starts, _EIGHT)
    found = np.empty((len(starts), 2), "<u8")
    found[:, 0] = at_any_byte[starts] & _LOW_BYTES[sizes]
    found[:, 1] = at_any_byte[np.maximum(ends - _EIGHT, 0)]
    found[sizes < _EIGHT, 1] = 0
    return found


_LOW_BYTES = np.array([(1 << 8 * n) - 1 for n in range(_EIGHT + 1)], np.uint64)


def _base64_length(size: _I64 | int) -> _I64:
    """Return how many characters base64 has without padding."""
    length: _I64 = -(np.asarray(size) * -8 // 6)
    return length

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
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from strongroom.leaks.known import KnownMatch
from strongroom.leaks.known_decode import Decoded, decoded, from_base64
from strongroom.leaks.known_forms import Form, searched
from strongroom.model.plaintext import Fingerprint, Plaintext

if TYPE_CHECKING:
    from numpy.typing import NDArray

_I64: TypeAlias = "NDArray[np.int64]"
_U64: TypeAlias = "NDArray[np.uint64]"

_WORD = re.compile(rb"[A-Za-z0-9\x80-\xff]+")
_OTHER, _WORDLY, _MARK = 0, 1, 2
_KINDS = bytes(_WORDLY if c > 0x7F or chr(c).isalnum() else _MARK if chr(c) in "+/-_" else _OTHER for c in range(256))
"""What each byte is: of a word, a mark as base64 has some, or neither."""
_MOST_WORDS = 4
_LONGEST_CORE = 1 << 12
_FURTHEST_LEAD = 0xFFFF
_EIGHT = 8
_PIECE = 1 << 19
_OVERLAP = 1 << 13
_DEPTH = 2
_SPACE = 0x20
_MOST_MARKS = 3
_MANY_MARKS = bytes([_MARK]) * (_MOST_MARKS + 1)
_RUN = re.compile(rb"[+/_-]{0,3}(?:[A-Za-z0-9\x80-\xff]+(?:[+/_-]{1,3}(?![+/_-]))?)+[+/_-]{0,3}")
_BETWEEN = b"\n\0\n"


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
    tags = tagger.tags(
        np.concatenate([_ends(each + bytes(_EIGHT), _number(0), _number(len(each))) for each in stretches])
    )
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
        parts: list[tuple[int, Decoded]] = []
        for at, end in _pieces(len(text)):
            piece = _Words(text[at : end + _OVERLAP], at)
            starts, ends = piece.runs(self._encoded.shortest)
            for match in (*self._plain(piece, text, tagger), *self._base64(piece, starts, ends, tagger)):
                if match.start < end or end == len(text):  # else the next piece has it, too
                    yield match
            if depth:
                parts += [(at, part) for part in decoded(piece.text, starts, ends)]
        if parts:
            yield from self._in_decoded(parts, tagger, depth - 1)

    def _plain(self, piece: _Words, text: bytes, tagger: Tagger) -> Iterator[KnownMatch]:
        digests: dict[tuple[int, int], str] = {}
        for count, spaced, index in self._index:
            for start, number in index.met(piece, *piece.stretches(count, spaced=bool(spaced)), tagger):
                value = self._values[number]
                begin = piece.at + start - value.hint.lead
                end = begin + value.hint.size
                if begin < 0:
                    continue
                if (begin, end) not in digests:  # keys of one size begin and end alike, and there may be thousands
                    digests[begin, end] = self._digest(text[begin:end])
                if digests[begin, end] == value.fingerprint:
                    yield KnownMatch(begin, end, value.fingerprint, Form.PLAIN.label)

    def _base64(self, piece: _Words, starts: _I64, ends: _I64, tagger: Tagger) -> Iterator[KnownMatch]:
        digests: dict[tuple[int, int, int], str] = {}
        for start, number in self._encoded.met(piece, starts, ends, tagger):
            line, number = divmod(number, len(self._values))
            value = self._values[number]
            end = start + int(_base64_length(value.hint.size + line))
            if (start, end, line) not in digests:
                digests[start, end, line] = self._digest(from_base64(piece.text[start:end]).removesuffix(b"\n" * line))
            if digests[start, end, line] == value.fingerprint:
                yield KnownMatch(piece.at + start, piece.at + end, value.fingerprint, Form.BASE64.label)

    def _in_decoded(self, parts: list[tuple[int, Decoded]], tagger: Tagger, depth: int) -> Iterator[KnownMatch]:
        """Search decoded parts of all pieces together: there are many small ones."""
        starts = list(itertools.accumulate((len(part.text) + len(_BETWEEN) for _, part in parts), initial=0))
        for match in self._in(_BETWEEN.join(part.text for _, part in parts), tagger, depth):
            which = bisect_right(starts, match.start) - 1
            at, part = parts[which]
            begin, end = part.span(match.start - starts[which], match.end - starts[which])
            encoding = f"{part.form.label}, {match.encoding}".removesuffix(", ")
            yield KnownMatch(at + begin, at + end, match.fingerprint, encoding)

    def _digest(self, span: bytes) -> str:
        return hmac.digest(self._key, span, hashlib.sha256).hex()

    def __repr__(self) -> str:
        return f"TokenSearch({len(self)})"


def _pieces(size: int) -> Iterator[tuple[int, int]]:
    """Yield spans of about the same size that cover a text."""
    count = max(round(size / _PIECE), 1)
    edges = [size * n // count for n in range(count + 1)]
    yield from itertools.pairwise(edges)


class _Words:
    """The words of a piece of a text."""

    def __init__(self, text: bytes, at: int) -> None:
        self.text = text
        self.at = at
        self.padded = text + bytes(_EIGHT)
        self._kinds = text.translate(_KINDS)
        self._bytes = np.frombuffer(bytes([_OTHER]) + self._kinds + bytes([_OTHER]), np.uint8)
        self._starts, self._ends = _edges(self._bytes == _WORDLY)

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

    def runs(self, shortest: int) -> tuple[_I64, _I64]:
        """Return the runs of characters of base64, and the same without up to three marks at the beginning.

        Marks may be the first characters of what is encoded, or part it from what stands before. More than three in
        a row are no base64: what stands before and behind them are runs of their own, too.
        """
        starts, ends = _edges(self._bytes != _OTHER)
        long = np.flatnonzero(ends - starts >= shortest)
        starts, ends = starts.take(long), ends.take(long)
        starts, ends = _joined((starts, ends), self._between_many_marks(starts, ends))
        return _joined(*self._without_marks(starts, ends))

    def _without_marks(self, starts: _I64, ends: _I64) -> Iterator[tuple[_I64, _I64]]:
        yield starts, ends
        for _ in range(_MOST_MARKS):
            marked = np.flatnonzero(self._bytes.take(starts + 1) == _MARK)
            starts, ends = starts.take(marked) + 1, ends.take(marked)
            yield starts, ends

    def _between_many_marks(self, starts: _I64, ends: _I64) -> tuple[_I64, _I64]:
        found: list[tuple[int, int]] = []
        at = self._kinds.find(_MANY_MARKS)
        while at >= 0:
            which = int(np.searchsorted(ends, at, "right"))
            if which == len(ends):
                break
            start, end = int(starts[which]), int(ends[which])
            if start <= at:
                found += [match.span() for match in _RUN.finditer(self.text, start, end)]
            at = self._kinds.find(_MANY_MARKS, max(end if start <= at else start, at + 1))
        spans = np.array(found, np.int64).reshape(-1, 2)
        return spans[:, 0], spans[:, 1]

    def __repr__(self) -> str:
        return f"_Words({len(self._starts)})"


def _edges(inside: NDArray[np.bool_]) -> tuple[_I64, _I64]:
    """Return where stretches start and end, of bytes of which the first is one before the text."""
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    return edges[::2], edges[1::2]


def _joined(*spans: tuple[_I64, _I64]) -> tuple[_I64, _I64]:
    return np.concatenate([starts for starts, _ in spans]), np.concatenate([ends for _, ends in spans])


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

    @property
    def shortest(self) -> int:
        """The least length of a stretch that may be known."""
        return int(self._sizes.argmax())

    def met(self, piece: _Words, starts: _I64, ends: _I64, tagger: Tagger) -> Iterator[tuple[int, int]]:
        """Yield the starts of stretches that may be known, and the numbers of the values."""
        sizes = ends - starts
        kept = np.flatnonzero(self._sizes.take(sizes, mode="clip"))
        if not len(kept):
            return
        starts, ends, sizes = starts.take(kept), ends.take(kept), sizes.take(kept)
        combined = (sizes << 16) | tagger.tags(_ends(piece.padded, starts, ends))
        kept = np.flatnonzero(self._mixed.take(self._mix(combined), mode="clip"))
        first = np.searchsorted(self._combined, combined[kept], "left")
        last = np.searchsorted(self._combined, combined[kept], "right")
        for index in np.flatnonzero(first < last).tolist():
            for number in self._numbers[first[index] : last[index]].tolist():
                yield int(starts[kept[index]]), number


def _ends(data: bytes, starts: _I64, ends: _I64) -> _U64:
    """Return the first and the last eight bytes of stretches as rows of two; of shorter ones, all and none.

    Args:
        data: a text, and eight bytes more.
        starts: where stretches start.
        ends: where they end.
    """
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

"""Values in memory: found anywhere in a text, in any of the forms of `leaks.known_forms`.

Any eleven bytes in a row hold a window of eight that begins at a multiple of four. So four windows of each pattern are
enough to find it by looking only at every fourth window of a text (a sampled variant of Wu and Manber's multi-pattern
search, TR-94-17, University of Arizona); those are looked up all at once with numpy, by their first four bytes and
then, where these are known, by all of them. Patterns of eight to ten bytes have windows of five.

What a window meets by chance is told apart by another hash, over the first and last eight bytes of the pattern, and
what is left by the value's keyed fingerprint: a match is never a guess. No value is kept: the tables hold hashes whose
multipliers are drawn anew for each run, and are not written anywhere.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from array import array
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from strongroom.leaks.known import KnownMatch
from strongroom.leaks.known_forms import Form, Place, Written, read_back, searched, written
from strongroom.leaks.known_unwrap import unwrapped
from strongroom.model.plaintext import Fingerprint, Plaintext

if TYPE_CHECKING:
    from numpy.typing import NDArray

_U32: TypeAlias = "NDArray[np.uint32]"
_U64: TypeAlias = "NDArray[np.uint64]"
_I64: TypeAlias = "NDArray[np.int64]"
_Bytes: TypeAlias = "NDArray[np.uint8]"

_STEP = 4
_LONG, _SHORT = 8, 5
"""Sizes of windows."""
_CLUSTER, _SHORT_CLUSTER = _LONG + _STEP - 1, _SHORT + _STEP - 1
"""So many bytes of a pattern hold a window for each remainder of its place in a text divided by four."""

_PIECE = 1 << 19
"""So many bytes of a text are looked up at once: what belongs to them stays in the processor's cache."""

_MOST_AT_ONCE = 1 << 16
_BITS = (12, 23)
"""Sizes of the first table, as powers of two: from one page to what a processor's cache may hold."""


class WindowSearch:
    """Looks for values that are given as such.

    Args:
        values: each is searched without the white space around it; what `known_forms.why_not_searched` names should
            not be among them.
        key: the fingerprint key of the installation.
    """

    def __init__(self, values: Iterable[Plaintext], key: bytes) -> None:
        self._key = key
        texts = list({searched(value.reveal()): None for value in values})
        self._digests = [hmac.digest(key, text, hashlib.sha256) for text in texts]
        patterns = _Patterns(texts)
        self._places = patterns.places
        self._check = _Check(patterns)
        self._windows = _Windows(patterns)
        patterns.wipe()

    def __len__(self) -> int:
        return len(self._digests)

    def search(self, text: bytes) -> Iterator[KnownMatch]:
        """Yield the matches in a text, each place and value once, in no particular order."""
        yield from self._in(text)
        for block in unwrapped(text):
            for match in self._in(block.text):
                start, end = block.span(match.start, match.end)
                if end - start > match.end - match.start:  # else it stands on one line, and was found above
                    yield match._replace(start=start, end=end)

    def _in(self, text: bytes) -> Iterator[KnownMatch]:
        if len(text) < _SHORT_CLUSTER:
            return
        data = np.frombuffer(text, np.uint8)
        seen: set[tuple[int, int, int]] = set()
        for starts, patterns in self._windows.look_up(text):
            for start, pattern in self._check.kept(data, starts, patterns):
                yield from self._verified(text, start, pattern, seen)

    def _verified(self, text: bytes, start: int, pattern: int, seen: set[tuple[int, int, int]]) -> Iterator[KnownMatch]:
        value, form, lead, line, length, size, newlines, _ = self._places[pattern].tolist()
        digest = self._digests[value]
        for reading in read_back(text, Place(Form(form), lead, line, start, length, size, newlines)):
            span = (value, reading.start, reading.end)
            if span not in seen and hmac.compare_digest(hmac.digest(self._key, reading.value, hashlib.sha256), digest):
                seen.add(span)
                yield KnownMatch(reading.start, reading.end, Fingerprint(digest.hex()), Form(form).label)

    def __repr__(self) -> str:
        return f"WindowSearch({len(self)})"


class _Patterns:
    """What is looked for, in columns; wiped when the tables are made.

    Attributes:
        places: a row for each pattern: value, form, lead, line, length, size and line breaks of the value, and the
            offset of the cluster, the bytes that are looked up.
        ends: the first and the last eight bytes of each pattern.
    """

    def __init__(self, texts: list[bytes]) -> None:
        self.ends = bytearray()
        self._clusters = bytearray()
        self._seen: dict[int, int] = {}
        rows = array("i")
        for index, text in enumerate(texts):
            for form in written(text):
                self._add(rows, index, text, form)
        self.places: NDArray[np.int32] = np.array(rows, np.int32).reshape(-1, _COLUMNS)
        self.lengths = self.places[:, 4].astype(np.int64)
        self.offsets = self.places[:, 7].astype(np.int64)

    def _add(self, rows: array[int], index: int, value: bytes, how: Written) -> None:
        form, lead, text, line = how
        length = len(text)
        if length < _SHORT_CLUSTER:
            return
        width = min(length, _CLUSTER)
        offset = (length - width) // 2 if form in _EVEN else _rarest(text, width)
        offset = self._unless_crowded(text, offset, width)
        newlines = value.count(b"\n") if form is Form.LINES else 0
        rows.extend((index, form, lead, line, length, len(value), newlines, offset))
        self.ends += text[:_LONG] + text[-_LONG:]
        self._clusters += text[offset : offset + _CLUSTER].ljust(_CLUSTER, b"\0")

    def _unless_crowded(self, text: bytes, offset: int, width: int) -> int:
        """Move away from bytes that many patterns share, such as the host in a hundred connection strings."""
        seen = self._seen
        if seen.get(hash(text[offset : offset + width]), 0) >= _CROWD:
            last = len(text) - width
            others = (offset, last, 0, last // 4)
            offset = min(others, key=lambda at: seen.get(hash(text[at : at + width]), 0))
        cluster = hash(text[offset : offset + width])
        seen[cluster] = seen.get(cluster, 0) + 1
        return offset

    def clusters(self) -> _Bytes:
        """Return the bytes that are looked up, a row for each pattern."""
        return np.frombuffer(self._clusters, np.uint8).reshape(-1, _CLUSTER)

    def wipe(self) -> None:
        """Overwrite what was taken from the values."""
        self._seen.clear()
        for taken in (self.ends, self._clusters):
            taken[:] = bytes(len(taken))

    def __repr__(self) -> str:
        return f"_Patterns({len(self.places)})"


_COLUMNS = 8
_CROWD = 8
_EVEN = (Form.BASE64, Form.HEX)
"""Here no part tells more than another."""


def _rarest(text: bytes, width: int) -> int:
    """Choose the bytes that are looked up: those that stand in other texts least."""
    middle = (len(text) - width) // 2
    weights = text.translate(_RARENESS)
    if sum(weights[middle : middle + width]) >= 3 * width:
        return middle
    starts = range(min(len(text) - width, _FURTHEST) + 1)
    return max(starts, key=lambda start: sum(weights[start : start + width]))


_FURTHEST = 512
_RARENESS = bytes(
    0 if byte <= 0x20 else 2 if chr(byte).islower() or chr(byte) in "-_./:=" else 5 for byte in range(128)
) + bytes([5] * 128)
"""How much a byte tells: white space nothing, small letters little."""


class _Check:
    """A second look at what a window met: the pattern's first and last eight bytes."""

    def __init__(self, patterns: _Patterns) -> None:
        self._multipliers = [np.uint64(secrets.randbits(64) | 1) for _ in range(2)]
        ends = np.frombuffer(patterns.ends, "<u8").reshape(-1, 2)
        self._expected = self._mix(ends[:, 0], ends[:, 1])
        self._lengths = patterns.lengths

    def _mix(self, heads: _U64, tails: _U64) -> _U64:
        first, second = self._multipliers
        mixed: _U64 = (heads * first) ^ ((tails ^ (tails >> np.uint64(29))) * second)
        return mixed

    def kept(self, data: _Bytes, starts: _I64, patterns: _I64) -> Iterator[tuple[int, int]]:
        """Yield start and pattern where the text may hold the pattern, each once."""
        ends = starts + self._lengths[patterns]
        inside = (starts >= 0) & (ends <= len(data))
        starts, patterns, ends = starts[inside], patterns[inside], ends[inside]
        if not len(starts):
            return
        eight = np.arange(_LONG)
        heads = data[starts[:, None] + eight].view("<u8")[:, 0]
        tails = data[ends[:, None] - _LONG + eight].view("<u8")[:, 0]
        same = np.flatnonzero(self._mix(heads, tails) == self._expected[patterns])
        yield from sorted(set(zip(starts[same].tolist(), patterns[same].tolist(), strict=True)))


class _Windows:
    """The windows of all patterns, and the look-up of a text's windows among them."""

    def __init__(self, patterns: _Patterns) -> None:
        self._multiplier = np.uint32(secrets.randbits(32) | 1)
        bits = _bits(_STEP * len(patterns.lengths))
        self._shift = np.uint32(32 - bits)
        self._known = np.zeros(1 << bits, np.bool_)
        self._tables = []
        is_long = patterns.lengths >= _CLUSTER
        for size, which in ((_LONG, is_long), (_SHORT, ~is_long)):
            chosen = np.flatnonzero(which)
            words = _windows(patterns.clusters()[chosen], size)
            self._known[self._first(words[:, 0])] = True
            self._tables.append(_Table(words, chosen, patterns.offsets[chosen], size))
            words[:] = 0

    def _first(self, words: _U32) -> _U32:
        hashes: _U32 = words * self._multiplier
        hashes >>= self._shift
        return hashes

    def look_up(self, text: bytes) -> Iterator[tuple[_I64, _I64]]:
        """Yield where patterns may start, and which."""
        for at in range(0, len(text), _PIECE):
            piece = text[at : at + _PIECE + _CLUSTER]
            words = np.frombuffer(piece + b"\0" * (_LONG - len(piece) % _STEP), "<u4")
            where = np.flatnonzero(self._known.take(self._first(words[:-1])))
            for begin in range(0, len(where), _MOST_AT_ONCE):
                some = where[begin : begin + _MOST_AT_ONCE]
                for table in self._tables:
                    for starts, patterns in table.entries(words, some):
                        yield starts + at, patterns


def _windows(clusters: _Bytes, size: int) -> _U32:
    """Return the windows of clusters, four of each, as rows of two words."""
    windows = np.zeros((_STEP, len(clusters), _LONG), np.uint8)
    for k in range(_STEP):
        windows[k, :, :size] = clusters[:, k : k + size]
    return windows.view("<u4").reshape(-1, 2)


def _bits(count: int) -> int:
    return min(max(count.bit_length() + 5, _BITS[0]), _BITS[1])


class _Table:
    """The windows of the patterns that have windows of one size."""

    def __init__(self, words: _U32, chosen: _I64, offsets: _I64, size: int) -> None:
        self._multipliers = [np.uint64(secrets.randbits(64) | 1) for _ in range(2)]
        self._mask = np.uint32(0xFFFFFFFF if size == _LONG else 0xFF)
        hashes = self._hash(words[:, 0], words[:, 1])
        order = np.argsort(hashes)
        self._hashes = hashes[order]
        bits = _bits(len(hashes))
        self._shift = np.uint64(64 - bits)
        self._known = np.zeros(1 << bits, np.bool_)
        self._known[self._hashes >> self._shift] = True
        self._patterns = np.tile(chosen, _STEP)[order]
        self._offsets = (offsets + np.arange(_STEP)[:, None]).reshape(-1)[order]

    def __len__(self) -> int:
        return len(self._hashes)

    def _hash(self, low: _U32, high: _U32) -> _U64:
        first, second = self._multipliers
        mixed: _U64 = (low * first) ^ (((high & self._mask) + np.uint64(1)) * second)
        return mixed

    def entries(self, words: _U32, where: _I64) -> Iterator[tuple[_I64, _I64]]:
        """Yield the start and the number of each pattern that has one of these windows."""
        hashes = self._hash(words.take(where), words.take(where + 1))
        kept = np.flatnonzero(self._known.take((hashes >> self._shift).view(np.int64)))
        where, hashes = where.take(kept), hashes.take(kept)
        left = np.searchsorted(self._hashes, hashes, "left")
        kept = np.flatnonzero(self._hashes.take(left, mode="clip") == hashes)
        where, hashes, left = where.take(kept), hashes.take(kept), left.take(kept)
        count = np.searchsorted(self._hashes, hashes, "right") - left
        batches = np.cumsum(count) // _MOST_AT_ONCE
        for batch in np.unique(batches):
            part = batches == batch
            many, first = count[part], left[part]
            entries = np.repeat(first - np.cumsum(many) + many, many) + np.arange(many.sum())
            yield np.repeat(where[part] * _STEP, many) - self._offsets[entries], self._patterns[entries]

"""The encoded parts of a text, decoded: base64, hex, percent-encoding."""

from __future__ import annotations

import binascii
import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from urllib.parse import unquote_to_bytes

import numpy as np

from strongroom.leaks.known_forms import Form
from strongroom.leaks.known_unwrap import lines_of_runs, unwrapped

if TYPE_CHECKING:
    from numpy.typing import NDArray

_I64: TypeAlias = "NDArray[np.int64]"

_SHORTEST = 24
"""Shorter runs are compared as wholes (`leaks.known_tokens`): every second name in a program looks like base64."""

_BETWEEN = b"\n\0\n"
_SAMPLE, _FOUR = 12, 4
_DIGIT, _CAPITAL, _SMALL, _MARK = 1, 2, 4, 8
_KINDS = bytes(
    _DIGIT if 48 <= c < 58 else _CAPITAL if 65 <= c < 91 else _SMALL if 97 <= c < 123 else _MARK for c in range(256)
)
_SWITCHED = bytes.maketrans(b"-_", b"+/")
_MANY_CAPITALS = 5
_HEX = re.compile(rb"(?:[0-9a-f]{2}){8,}|(?:[0-9A-F]{2}){8,}")
_ESCAPE = re.compile(rb"%[0-9A-Fa-f]{2}")
_AROUND_ESCAPE = re.compile(rb"[^\s\"'<>`]*")
_ENDS = bytes.maketrans(b" \t\n\r\f\v\"'<>`", b"\0" * 11)
_FURTHEST = 4096


class Decoded(NamedTuple):
    """Decoded parts of one kind, joined; ``starts`` says where each begins there, ``spans`` where it stands."""

    form: Form
    text: bytes
    starts: list[int]
    spans: list[tuple[int, int]]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the place of the part that holds a span: of an encoded value, the whole of what is encoded."""
        del end  # a value does not go over the end of a part: what is between parts is in no value
        return self.spans[bisect_right(self.starts, start) - 1]

    def __repr__(self) -> str:
        return f"Decoded({self.form.name}, {len(self.starts)} parts)"


def decoded(text: bytes, starts: _I64, ends: _I64) -> Iterator[Decoded]:
    """Yield the decoded parts of a text by kind.

    Args:
        text: the text.
        starts: where its runs of characters of base64 start.
        ends: where they end.
    """
    runs = [(start, end, text[start:end]) for start, end in _encoded_runs(text, starts, ends)]
    lines = lines_of_runs(text, starts, ends)
    runs += [(*block.span(0, len(block.text)), block.text) for block in unwrapped(text, lines)]
    yield from _joined(Form.HEX, ((start, end, _from_hex(run)) for start, end, run in runs))
    yield from _joined(Form.BASE64, ((start, end, from_base64(run)) for start, end, run in runs))
    if b"%" in text:
        yield from _joined(Form.PERCENT, _percent(text))


def _joined(form: Form, parts: Iterator[tuple[int, int, bytes]]) -> Iterator[Decoded]:
    texts, starts, spans, at = [], [], [], 0
    for start, end, part in parts:
        if part:
            texts.append(part)
            starts.append(at)
            spans.append((start, end))
            at += len(part) + len(_BETWEEN)
    if texts:
        yield Decoded(form, _BETWEEN.join(texts), starts, spans)


def _from_hex(run: bytes) -> bytes:
    return bytes.fromhex(run.decode("ascii")) if _HEX.fullmatch(run) else b""


def from_base64(run: bytes) -> bytes:
    """Decode a run, padded or not, of either alphabet; nothing where it does not decode."""
    run = run.rstrip(b"=")
    if len(run) % 4 == 1:
        run = run[:-1]
    try:
        return binascii.a2b_base64(run.translate(_SWITCHED) + b"=" * (-len(run) % 4))
    except binascii.Error:
        return b""


def _encoded_runs(text: bytes, starts: _I64, ends: _I64) -> Iterator[tuple[int, int]]:
    """Yield the runs that look encoded: not words, names and paths."""
    long = np.flatnonzero(ends - starts >= _SHORTEST)
    starts, ends = starts.take(long), ends.take(long)
    encoded = np.flatnonzero(_looks_encoded(text, starts, ends))
    yield from zip(starts[encoded].tolist(), ends[encoded].tolist(), strict=True)


def _looks_encoded(text: bytes, starts: _I64, ends: _I64) -> NDArray[np.bool_]:
    """Judge runs by their first and last twelve characters.

    Letters of both cases with a digit or with five capitals, or a hexadecimal number: of a thousand runs of base64,
    less than five are none of these.
    """
    if not len(starts):
        return np.zeros(0, np.bool_)
    fours = np.ndarray((len(text) - _FOUR + 1,), "<u4", text, strides=(1,))  # at any byte
    ends = ends - _SAMPLE
    sample = fours[np.stack([each + n for each in (starts, ends) for n in range(0, _SAMPLE, _FOUR)], axis=1)]
    kinds = np.frombuffer(sample.tobytes().translate(_KINDS), np.uint8).reshape(-1, 2 * _SAMPLE)
    capital, small, digit = (kinds == kind for kind in (_CAPITAL, _SMALL, _DIGIT))
    capitals = capital.sum(axis=1)
    mixed = (capitals > 0) & small.any(axis=1) & (digit.any(axis=1) | (capitals >= _MANY_CAPITALS))
    number = digit.any(axis=1) & (kinds != _MARK).all(axis=1)
    one_case = ~capital.any(axis=1) | ~small.any(axis=1)
    encoded: NDArray[np.bool_] = mixed | (number & one_case)
    return encoded


def _percent(text: bytes) -> Iterator[tuple[int, int, bytes]]:
    done = 0
    for escape in _ESCAPE.finditer(text):
        if escape.start() >= done:
            before = max(done, escape.start() - _FURTHEST)
            start = before + text[before : escape.start()].translate(_ENDS).rfind(b"\0") + 1
            after = _AROUND_ESCAPE.match(text, escape.start(), escape.start() + _FURTHEST)
            done = after.end() if after else escape.end()
            yield start, done, unquote_to_bytes(text[start:done].replace(b"+", b" "))
            if b"+" in text[start:done]:
                yield start, done, unquote_to_bytes(text[start:done])

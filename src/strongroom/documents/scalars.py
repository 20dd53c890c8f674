"""What a plain scalar means to Kubernetes: the resolution of go-yaml v2, then of its conversion to JSON.

sigs.k8s.io/yaml reads YAML 1.1 with the exceptions that go-yaml v2 makes (``resolve.go`` of go.yaml.in/yaml/v2 2.4):
``y`` and ``n`` are booleans, a leading 0 is octal, base 60 does not exist, a timestamp stays a string. Numbers then
pass through JSON (``encoding/json``, k8s.io/apimachinery ``pkg/util/json``): an integral one that fits 64 bits is an
integer, every other is a float, and NaN and the infinities are refused.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import math
import re
import struct
from decimal import Decimal

from strongroom.errors import DocumentError

PREFIX = "tag:yaml.org,2002:"
STR, BOOL, INT, FLOAT = f"{PREFIX}str", f"{PREFIX}bool", f"{PREFIX}int", f"{PREFIX}float"
NULL, TIMESTAMP, BINARY, MERGE = f"{PREFIX}null", f"{PREFIX}timestamp", f"{PREFIX}binary", f"{PREFIX}merge"

_WORDS: dict[str, tuple[str, object]] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), (BOOL, True)),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), (BOOL, False)),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), (NULL, None)),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), (FLOAT, math.nan)),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), (FLOAT, math.inf)),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), (FLOAT, -math.inf)),
    "<<": (MERGE, "<<"),
}
# strconv.ParseFloat takes underscores between digits; everywhere else go-yaml has removed them already
_POINT_FLOAT = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
# strconv.ParseInt with base 0, underscores already gone
_INT = re.compile(
    r"([-+]?)(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[oO](?P<oct>[0-7]+)|0[bB](?P<bin>[01]+)|0(?P<old>[0-7]*)|(?P<dec>[1-9][0-9]*))\Z"
)
_BASES = {"hex": 16, "oct": 8, "bin": 2, "old": 8, "dec": 10}
_LOOSE_BINARY = re.compile(r"0b([-+]?[01]+)\Z")
_MIN_INT, _MAX_INT, _MAX_UINT = -(1 << 63), (1 << 63) - 1, (1 << 64) - 1
_MAX_DIGITS = 64  # of any integer that fits, in base 2
_EXPONENT_FROM = 6  # strconv's %eprec for the shortest form
_TIMESTAMP = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:(?P<tee>[Tt ])([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?(?P<zone>Z|[-+][0-9]{2}:[0-9]{2})?)?\Z"
)


def resolve(text: str, tag: str | None) -> object:
    """Return the JSON value of a scalar that is plain (``tag`` None) or has an explicit tag.

    Raises:
        DocumentError: the tag does not fit the text, or the value has no form in JSON.
    """
    found, value = classify(text, tag)
    return as_json(value) if found in {INT, FLOAT} else value


def classify(text: str, tag: str | None) -> tuple[str, object]:
    """Return the tag and the Go value of a scalar, before its conversion to JSON.

    Raises:
        DocumentError: the tag does not fit the text.
    """
    if tag is None:
        return _implicit(text, timestamps=True)
    if tag == BINARY:
        return BINARY, _binary(text)
    if tag not in {BOOL, INT, FLOAT, NULL, TIMESTAMP}:
        return tag, text
    found, value = _implicit(text, timestamps=tag == TIMESTAMP)
    if found == INT and tag == FLOAT and isinstance(value, int) and value <= _MAX_INT:
        return FLOAT, float(value)
    if found != tag:
        raise DocumentError("a scalar does not fit its explicit tag")
    return found, value


def _implicit(text: str, *, timestamps: bool) -> tuple[str, object]:
    word = _WORDS.get(text)
    if word is not None:
        return word
    first = text[0]
    if first == ".":
        return _finite_float(text) if _POINT_FLOAT.match(text) else (STR, text)
    if first not in "+-0123456789":
        return STR, text
    if timestamps and _is_timestamp(text):
        return TIMESTAMP, text
    return _number(text)


def _number(text: str) -> tuple[str, object]:
    plain = text.replace("_", "")
    if match := _INT.match(plain):
        kind = match.lastgroup or "old"
        digits = match[kind].lstrip("0") or "0"
        value = int(digits, _BASES[kind]) if len(digits) <= _MAX_DIGITS else _MAX_UINT + 1
        if match[1] == "-":
            value = -value
        if _MIN_INT <= value <= (_MAX_INT if match[1] else _MAX_UINT):
            return INT, value
    if _FLOAT.match(plain):
        found = _finite_float(plain)
        return found if found[0] == FLOAT else (STR, text)
    if (match := _LOOSE_BINARY.match(plain)) and len(match[1].lstrip("+-0")) <= _MAX_DIGITS:
        value = int(match[1], 2)
        if _MIN_INT <= value <= (_MAX_UINT if match[1][0] in "01" else _MAX_INT):
            return INT, value
    return STR, text


def _finite_float(text: str) -> tuple[str, object]:
    # strconv.ParseFloat reports a number out of range as an error, and the scalar stays a string
    value = float(text)
    return (STR, text) if math.isinf(value) else (FLOAT, value)


def _is_timestamp(text: str) -> bool:
    match = _TIMESTAMP.match(text)
    if match is None or (match["tee"] == " ") != (match["tee"] is not None and match["zone"] is None):
        return False
    year, month, day = int(match[1]), int(match[2]), int(match[3])
    try:
        dt.date(year or 4, month, day)  # Go has a year 0, a leap year
    except ValueError:
        return False
    return match["tee"] is None or (int(match[5]) < 24 and int(match[6]) < 60 and int(match[7]) < 60)


def _binary(text: str) -> str:
    # encoding/json writes every byte that is not UTF-8 as U+FFFD
    try:
        decoded = base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        raise DocumentError("a scalar tagged as binary is not valid base64") from None
    return re.sub("[\udc80-\udcff]", "\ufffd", decoded.decode("utf-8", "surrogateescape"))


def as_json(value: object) -> int | float:
    """Return a number as it comes out of JSON: what fits a signed 64-bit integer is one.

    Raises:
        DocumentError: not a number, or infinite.
    """
    if isinstance(value, float):
        if not math.isfinite(value):
            raise DocumentError("a number that json cannot hold")
        if not value.is_integer() or abs(value) >= 1e21:
            return value
        # encoding/json writes the shortest digits and pads with zeros: 1.2345678901234567e18 is 1234567890123456800
        whole = int(Decimal(repr(value)))
    else:
        assert isinstance(value, int)  # noqa: S101 - classify gives nothing else under these tags
        whole = value
    return whole if _MIN_INT <= whole <= _MAX_INT else float(whole)


def key_text(tag: str, value: object) -> str:
    """Return a mapping key as sigs.k8s.io/yaml writes it in JSON (``convertToJSONableObject``).

    Raises:
        DocumentError: a key that has no text there: null, a collection, an integer above 63 bits.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and tag == FLOAT:
        return _float32_text(value)
    if isinstance(value, int) and value <= _MAX_INT:
        return str(value)
    raise DocumentError("a mapping key that json cannot hold")


def _float32_text(value: float) -> str:
    """Return what ``strconv.FormatFloat(value, 'g', -1, 32)`` gives, with YAML's names for the special ones."""
    if math.isnan(value):
        return ".nan"
    try:
        single = struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        single = math.copysign(math.inf, value)
    if math.isinf(single):
        return ".inf" if single > 0 else "-.inf"
    short = next(t for p in range(9) if struct.unpack("<f", _pack(t := f"{single:.{p}e}"))[0] == single)
    mantissa, exponent = short.split("e")
    if -4 <= int(exponent) < _EXPONENT_FROM:
        return f"{Decimal(short):f}"
    return f"{mantissa}e{int(exponent):+03d}"


def _pack(text: str) -> bytes:
    try:
        return struct.pack("<f", float(text))
    except OverflowError:
        return struct.pack("<f", math.inf)

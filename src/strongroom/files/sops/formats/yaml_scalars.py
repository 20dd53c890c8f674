"""What a scalar of YAML means to sops, and how a value is written so that it is read the same.

sops reads with go.yaml.in/yaml/v3 (``resolve.go``): YAML 1.2's ``true`` and ``false`` alone are booleans, a leading 0
is octal, a date is a time. What is written here is read the same by it and by the YAML 1.1 of Kubernetes: a text that
either would take for something else stands in quotes.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Final

from strongroom.errors import DocumentError
from strongroom.files.sops.document import Scalar, Type
from strongroom.model.plaintext import Plaintext

PREFIX: Final = "tag:yaml.org,2002:"
PREFIX_OF_ENVELOPES: Final = "ENC["
Resolved = tuple[Type, str] | None
"""A type and the text of a value as sops hashes it; None for null."""

_WORDS: Final[dict[str, Resolved]] = {
    **dict.fromkeys(("true", "True", "TRUE"), ("bool", "True")),
    **dict.fromkeys(("false", "False", "FALSE"), ("bool", "False")),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), ("float", "NaN")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), ("float", "+Inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), ("float", "-Inf")),
}
_NUMERIC: Final = frozenset("+-.0123456789")
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_POINT_FLOAT: Final = re.compile(r"\.[0-9]+(?:[eE][-+]?[0-9]+)?\Z")
_INT: Final = re.compile(
    r"(?P<sign>[-+]?)(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[oO](?P<oct>[0-7]+)|0[bB](?P<bin>[01]+)"
    r"|0(?P<old>[0-7]*)|(?P<dec>[1-9][0-9]*))\Z"
)
_BASES: Final = {"hex": 16, "oct": 8, "bin": 2, "old": 8, "dec": 10}
_LOOSE: Final = re.compile(r"(?P<minus>-?)0(?P<base>[bo])(?P<digits>[-+]?[0-7]+)\Z")
_MAX_DIGITS: Final = 66
_TIMESTAMP: Final = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:(?P<tee>[Tt ])([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,](?P<fraction>[0-9]+))?"
    r"(?P<zone>Z|[-+][0-9]{2}:[0-9]{2})?)?\Z"
)
_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def resolve(text: str, tag: str | None) -> Resolved:
    """Return what a scalar is: one that is plain (no tag), or has an explicit tag.

    Raises:
        DocumentError: the text does not fit its tag, or is an integer that sops cannot hold.
    """
    if tag is None or tag == "!":
        if text and text[0] in _NUMERIC:
            return _numeric(text, timestamps=True)
        return _WORDS.get(text, ("str", text))
    short = tag.removeprefix(PREFIX)
    if short == "binary":
        return "str", _binary(text)
    if tag == short or short not in {"bool", "int", "float", "null", "timestamp"}:
        return "str", text
    return _tagged(text, short)


def _tagged(text: str, wanted: str) -> Resolved:
    found = resolve(text, None) if wanted == "timestamp" else _untimed(text)
    name = "null" if found is None else {"time": "timestamp"}.get(found[0], found[0])
    if name == "int" and wanted == "float" and found is not None:
        return "float", found[1]
    if name != wanted:
        raise DocumentError("a scalar does not fit its explicit tag")
    return found


def _untimed(text: str) -> Resolved:
    if text and text[0] in _NUMERIC:
        return _numeric(text, timestamps=False)
    return _WORDS.get(text, ("str", text))


def _binary(text: str) -> str:
    try:
        decoded = base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        raise DocumentError("a scalar tagged as binary is not valid base64") from None
    return decoded.decode("utf-8", "surrogateescape")


def _numeric(text: str, *, timestamps: bool) -> Resolved:
    if _DECIMAL.match(text):
        return "int", "0" if text == "-0" else text
    if text in _WORDS:
        return _WORDS[text]
    if text[0] == ".":
        # strconv.ParseFloat takes no underscores without a base prefix
        return _finite(text) if _POINT_FLOAT.match(text) else ("str", text)
    if timestamps and (time := _time(text)) is not None:
        return "time", time
    return _number(text)


def _number(text: str) -> Resolved:
    plain = text.replace("_", "")
    match = _INT.match(plain)
    if match is not None:
        kind = match.lastgroup or "old"
        found = _integer(match["sign"], match[kind] or "0", _BASES[kind])
        if found is not None:
            return found
    if _FLOAT.match(plain):
        found = _finite(plain)
        if found is not None and found[0] == "float":
            return found
    loose = _LOOSE.match(plain)
    if loose is not None:
        return _loose(loose) or ("str", text)
    return "str", text


def _integer(sign: str, digits: str, base: int) -> Resolved:
    digits = digits.lstrip("0") or "0"
    value = int(digits, base) if len(digits) <= _MAX_DIGITS else 1 << 64
    if sign == "-":
        value = -value
    if -(1 << 63) <= value < 1 << 63:
        return "int", str(value)
    if not sign and value < 1 << 64:
        raise DocumentError(
            "an integer that does not fit 64 bits with a sign", hint="put it in quotes: sops refuses it"
        )
    return None


def _loose(match: re.Match[str]) -> Resolved:
    digits, sign = match["digits"], match["minus"]
    if match["base"] == "b" and not set(digits) <= set("01+-"):
        return None
    if digits[0] in "+-":
        if sign:
            return None
        sign, digits = digits[0], digits[1:]
    return _integer(sign, digits, 2 if match["base"] == "b" else 8)


def _finite(text: str) -> Resolved:
    # strconv.ParseFloat reports a number out of range as an error, and the scalar stays a string
    if float(text) in {float("inf"), float("-inf")}:
        return "str", text
    return "float", text


def _time(text: str) -> str | None:
    """Return a timestamp as ``time.Time.MarshalText`` writes it."""
    match = _TIMESTAMP.match(text)
    if match is None:
        return None
    tee, zone = match["tee"], match["zone"]
    if tee is not None and (tee == " ") != (zone is None):
        return None
    year, month, day = int(match[1]), int(match[2]), int(match[3])
    if not 1 <= month <= 12 or not 1 <= day <= _DAYS[month - 1] or (month == 2 and day == 29 and not _leap(year)):
        return None
    hour, minute, second = (int(match[i] or 0) for i in (5, 6, 7))
    if hour > 23 or minute > 59 or second > 59:
        return None
    if zone is not None and zone != "Z":
        if int(zone[1:3]) > 23 or int(zone[4:]) > 59:
            raise DocumentError("a time with an offset that sops cannot write")
        if zone[1:] == "00:00":
            zone = "Z"
    fraction = (match["fraction"] or "")[:9].rstrip("0")
    moment = f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}"
    return f"{moment}{'.' if fraction else ''}{fraction}{zone or 'Z'}"


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


# --- writing ---------------------------------------------------------------------------------------------------------

_FALSE_FRIENDS: Final = frozenset(
    ("y", "yes", "n", "no", "on", "off", "true", "false", "null", "nan", "inf", "~", "<<", "=", "")
)
_NUMBER_LIKE: Final = re.compile(
    r"[-+]?_*(?:0_*[xXoObB][-+0-9a-fA-F_]*|[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE]_*[-+]?[0-9_]+)?"
    r"|[0-9][0-9_]*(?::[0-9]+)+(?:\.[0-9_]*)?|\.(?:[0-9_]+(?:[eE]_*[-+]?[0-9_]+)?|inf|Inf|INF|nan|NaN|NAN))\Z"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
)
_PLAIN: Final = re.compile(
    r"(?:[^\s\-?:,\[\]{}#&*!|>'\"%@`]|[-?:](?=[^\s,\[\]{}]))(?:[^\s:#]|:(?=\S)|(?<=\S)\#| (?!\#|\Z))*+\Z"
)
_IN_FLOW: Final = frozenset(",[]{}?")
_ESCAPED: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")


def written(scalar: Scalar, style: str) -> str | None:
    """Return the text of a value on one line; None where it takes a block of several lines.

    Args:
        scalar: what is written.
        style: how the text that it replaces is written: quotes are kept where the value allows them, and ``flow`` in
            it tells that the value stands between brackets.
    """
    data = scalar.data.reveal()
    if scalar.type == "str" or scalar.type == "bytes":
        return _string(data, style)
    text = data.decode("utf-8")
    if scalar.type == "bool":
        return "true" if text == "True" else "false"
    if scalar.type == "float":
        return _float(text)
    return text


def _string(data: bytes, style: str) -> str | None:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return f"!!binary {base64.b64encode(data).decode()}"
    flow = "flow" in style
    if "\n" in text:
        if not flow and "'" not in style and '"' not in style and is_block(text):
            return None
        return quoted(text)
    if flow and '"' not in style and is_plain(text, flow=True):
        # between brackets an envelope needs quotes: single ones say that the value had none
        return text
    single = "'" in style or (flow and style == " flow" and text.startswith(PREFIX_OF_ENVELOPES))
    if single and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    if '"' in style or not is_plain(text, flow=flow):
        return quoted(text)
    return text


def is_plain(text: str, *, flow: bool) -> bool:
    """Tell whether a text without quotes is read as itself, by YAML 1.1 and 1.2."""
    return (
        _PLAIN.match(text) is not None
        and text.isprintable()
        and not text.startswith(("---", "..."))
        and text.lower() not in _FALSE_FRIENDS
        and not (text[0] in _NUMERIC and _NUMBER_LIKE.match(text) is not None)
        and not (flow and not _IN_FLOW.isdisjoint(text))
    )


def quoted(text: str) -> str:
    """Return a text in double quotes."""
    return _ESCAPED.sub(_escape, json.dumps(text, ensure_ascii=False))


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def is_block(text: str) -> bool:
    """Tell whether a text of several lines can be written as a literal block."""
    # blank lines in front would have to be told from the indentation
    return text.strip("\n ") != "" and all(line.isprintable() or _only_tabs(line) for line in text.split("\n"))


def _only_tabs(line: str) -> bool:
    return line.replace("\t", "").isprintable()


def block(text: str, indent: int, step: int, newline: str) -> str:
    """Return a text as a literal block, without the line break behind it.

    Args:
        text: several lines, for which `is_block` holds.
        indent: the column of the collection that holds it.
        step: how much deeper its lines stand, from 1 to 9.
        newline: how lines end in the file.
    """
    hint = str(step) if text[0] in "\n \t" else ""
    chomp = "-" if not text.endswith("\n") else "+" if text.endswith("\n\n") else ""
    margin = " " * (indent + step)
    lines = text.removesuffix("\n").split("\n")
    return newline.join([f"|{hint}{chomp}", *(margin + line if line else "" for line in lines)])


def _float(text: str) -> str:
    if text.lstrip("+-") in {"Inf", "NaN"}:
        return {"+": ".inf", "I": ".inf", "-": "-.inf", "N": ".nan"}[text[0]]
    if not re.search(r"[.eE]", text):
        # without a point it would be read as an integer
        return f"{text}.0"
    return text


def scalar_of(found: tuple[Type, str]) -> Scalar:
    """Return a resolved value as the rest of the room knows it."""
    return Scalar(found[0], Plaintext(found[1].encode("utf-8", "surrogateescape")))

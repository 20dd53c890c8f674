"""JSON, as sops reads it with Go's ``encoding/json``: every number is a float, keys may come twice.

https://github.com/getsops/sops, ``stores/json``. A number keeps its digits in the envelope, where sops would write the
nearest float; both read both.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from strongroom.errors import DocumentError, LimitError
from strongroom.files.sops.document import Block, Document, Leaf, Scalar, Seal
from strongroom.files.sops.envelope import positional
from strongroom.files.sops.formats import flow, splice
from strongroom.files.sops.formats.splice import Edit, spliced
from strongroom.files.sops.metadata import KEY
from strongroom.model.plaintext import Plaintext

MAX_DEPTH: Final = 128

_TOKEN: Final = re.compile(
    r"[ \t\r\n]*(?:(?P<string>\"(?:[^\"\\\x00-\x1f]|\\(?:[\"\\/bfnrt]|u[0-9a-fA-F]{4}))*+\")"
    r"|(?P<sign>[{}\[\]:,])|(?P<number>-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?)"
    r"|(?P<word>true|false|null)|(?P<end>\Z))"
)
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?\Z")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def read(data: bytes, encrypted: bool = False) -> Document:
    """Return the leaves of a file.

    Raises:
        DocumentError: not one JSON object.
        LimitError: larger or deeper than the limits allow.
    """
    del encrypted
    return _Reader(splice.decoded(data)).document()


class _Reader:
    """Reads one object, without recursion down to its leaves' lists and objects."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._leaves: list[Leaf] = []
        self._depth = 0
        self._block: Block | None = None
        self._last_end = 0
        self._metadata: dict[str, Any] | None = None

    def document(self) -> Document:
        kind, found, _ = self._next()
        if kind != "sign" or found != "{":
            raise self._error("a document that is no object", "sops encrypts objects")
        self._last_end = self._at
        empty = self._object((), ())
        if self._next()[0] != "end":
            raise self._error("text behind the object")
        block = self._block
        if block is None:
            block = Block(self._last_end, self._last_end, style="flow", empty=empty)
        return splice.document(self._text, self._leaves, self._metadata, [block])

    def _next(self) -> tuple[str, str, int]:
        match = _TOKEN.match(self._text, self._at)
        if match is None:
            raise self._error("not valid json")
        kind = match.lastgroup or "end"
        self._at = match.end()
        return kind, match[kind], match.start(kind)

    def _error(self, reason: str, hint: str = "") -> DocumentError:
        line = self._text.count("\n", 0, self._at) + 1
        return DocumentError(reason, hint=hint, line=line, column=self._at - self._text.rfind("\n", 0, self._at))

    def _object(self, path: tuple[str, ...], address: tuple[str | int, ...]) -> bool:
        first = True
        while True:
            kind, found, start = self._next()
            if kind == "sign" and found == "}" and first:
                return True
            if not first:
                if kind == "sign" and found == "}":
                    return False
                if kind != "sign" or found != ",":
                    raise self._error("not valid json")
                kind, found, start = self._next()
            if kind != "string":
                raise self._error("not valid json")
            key = _unquoted(found)
            if self._next()[1] != ":":
                raise self._error("not valid json")
            if not path and not address and key == KEY and self._depth == 0:
                self._seal(start)
            else:
                self._value((*path, key), (*address, key))
            if self._depth == 0:
                self._last_end = self._at
            first = False

    def _value(self, path: tuple[str, ...], address: tuple[str | int, ...]) -> None:
        kind, found, start = self._next()
        if kind == "sign" and found in "{[":
            self._depth += 1
            if self._depth >= MAX_DEPTH:
                raise LimitError(f"a document is nested deeper than {MAX_DEPTH} levels")
            if found == "{":
                self._object(path, address)
            else:
                self._array(path, address)
            self._depth -= 1
            return
        if kind in {"sign", "end"}:
            raise self._error("not valid json")
        scalar = self._scalar(kind, found)
        if scalar is not None:
            self._leaves.append(Leaf(path, address, 0, scalar, start, self._at))

    def _array(self, path: tuple[str, ...], address: tuple[str | int, ...]) -> None:
        index = 0
        before = self._at
        kind, found, _ = self._next()
        if kind == "sign" and found == "]":
            return
        self._at = before
        while True:
            self._value(path, (*address, index))
            kind, found, _ = self._next()
            if kind == "sign" and found == "]":
                return
            if kind != "sign" or found != ",":
                raise self._error("not valid json")
            index += 1

    def _scalar(self, kind: str, text: str) -> Scalar | None:
        if kind == "string":
            return Scalar("str", Plaintext(_unquoted(text)))
        if kind == "number":
            if float(text) in {float("inf"), float("-inf")}:
                raise self._error("a number beyond what sops can hold")
            return Scalar("float", Plaintext(text))
        if text == "null":
            return None
        return Scalar("bool", Plaintext("True" if text == "true" else "False"))

    def _seal(self, start: int) -> None:
        if self._block is not None:
            raise self._error("the key sops is given twice")
        before = self._at
        kept = len(self._leaves)
        self._value((KEY,), (KEY,))
        spans = {str(leaf.address[1]): (leaf.start, leaf.end) for leaf in self._leaves[kept:] if len(leaf.address) == 2}
        del self._leaves[kept:]
        value = json.loads(self._text[before : self._at])
        if isinstance(value, dict):
            self._metadata = value
        begin, end = flow.place(self._text, start, self._at)
        self._block = Block(begin, end, spans.get("mac"), spans.get("lastmodified"), style="flow")


def _unquoted(text: str) -> str:
    if "\\" not in text:
        return text[1:-1]
    value: str = json.loads(text)
    # Go reads half of a surrogate pair as the replacement character
    return _SURROGATE.sub("\ufffd", value)


def write(document: Document, replacements: dict[int, Scalar], seal: Seal | None = None) -> bytes:
    """Return a file with some leaves replaced and with these metadata, or with none.

    Raises:
        DocumentError: a value that JSON cannot hold.
    """
    data = document.data.reveal()
    leaves = document.leaves
    edits: list[Edit] = [(leaves[at].start, leaves[at].end, written(scalar)) for at, scalar in replacements.items()]
    edits += [flow.unsealing(each) if seal is None else flow.sealing(data, each, seal) for each in document.blocks]
    return spliced(data, edits)


def written(scalar: Scalar) -> bytes:
    """Return a value as JSON.

    Raises:
        DocumentError: it is not text, or an infinite number.
    """
    text = scalar.data.reveal_text()
    if text is None:
        raise DocumentError("a value that is not utf-8, which json cannot hold")
    if scalar.type == "bool":
        return b"true" if text == "True" else b"false"
    if scalar.type in {"int", "float"}:
        number = text if _NUMBER.match(text) else positional(float(text))
        if not _NUMBER.match(number):
            raise DocumentError("a number that json cannot hold")
        return number.encode()
    return json.dumps(text, ensure_ascii=False).encode()

"""JSON where YAML is allowed: one value, or values one after the other.

The Kubernetes clients take a file whose first sign is ``{`` for a stream of JSON values, and go back to YAML where the
first or second of them is not JSON (k8s.io/apimachinery ``YAMLOrJSONDecoder``). The standard library's scanner is
used: on Kubernetes objects it is as fast as any other that builds dicts, and alone it can be asked about keys given
twice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from itertools import accumulate, islice
from typing import Any, Final, NoReturn

from strongroom.documents.chunks import Chunk, split, text_start
from strongroom.documents.collector import paused
from strongroom.documents.exact import Path
from strongroom.documents.limits import Limits
from strongroom.documents.scalars import as_json
from strongroom.errors import DocumentError

BLANK: Final = re.compile(r"[ \t\r\n]*")
_BLANKS: Final = b" \t\r\n"
_STREAM = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*\{")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]|[^\s{}\[\],:"]+')
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_STEP: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def _refuse(_: str) -> NoReturn:
    raise ValueError


def _integer(text: str) -> int | float:
    return as_json(int(text))


def _float(text: str) -> int | float:
    return as_json(float(text))


def might_be(text: str) -> bool:
    """Tell from its first sign whether a text can be a JSON object or array."""
    first = _skip(text, 0)
    return text[first : first + 1] in {"{", "["}


def is_stream(data: bytes) -> bool:
    """Tell whether the Kubernetes clients try a file as a stream of JSON values first."""
    return _STREAM.match(data) is not None


def load(text: str, limits: Limits) -> tuple[Any, list[tuple[Path, int]]] | None:
    """Return the value of a text that is one JSON value and the keys given twice in it, None where it is not.

    A lone surrogate becomes U+FFFD and an integer beyond 64 bits a float, as Go's ``encoding/json`` and
    k8s.io/apimachinery ``pkg/util/json`` have it; an integral float becomes an integer, as it does in YAML.
    """
    twice = False

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal twice
        body = dict(pairs)
        twice = twice or len(body) != len(pairs)
        return body

    try:
        with paused():
            body = json.loads(
                text, object_pairs_hook=members, parse_int=_integer, parse_float=_float, parse_constant=_refuse
            )
    except (ValueError, RecursionError, DocumentError):
        return None
    if _too_deep(text, body, limits.max_depth):
        return None
    if _ESCAPED_SURROGATE.search(text):
        body = _mended(body)
    return body, list(islice(_given_twice(text), limits.max_duplicates)) if twice else []


def _too_deep(text: str, body: Any, bound: int) -> bool:
    brackets = text.encode().translate(None, _NOT_BRACKETS)
    # brackets inside strings count here as well: only a suspicion is looked into
    if max(accumulate(map(_STEP.__getitem__, brackets)), default=0) <= bound:
        return False
    level, depth = [body], 0
    while level:
        depth += 1
        level = [v for each in level for v in _items(each) if isinstance(v, (dict, list))]
        if depth > bound:
            return True
    return False


def _items(value: Any) -> Any:
    return value.values() if isinstance(value, dict) else value


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_mended(item) for item in value]
    return value


def _given_twice(text: str) -> Iterator[tuple[Path, int]]:
    """Yield every key of valid JSON that its object has already, with the offset where it stands."""
    path: list[str | int] = []
    seen: list[set[str] | None] = []
    key = False
    for match in _TOKEN.finditer(text):
        sign = match[0][0]
        if sign in "]}":
            seen.pop()
            path.pop()
            key = bool(seen) and seen[-1] is not None
            continue
        if key and (names := seen[-1]) is not None:
            name = json.loads(match[0])
            path[-1] = name
            if name in names:
                yield tuple(path), match.start()
            names.add(name)
            key = False
            continue
        if seen and seen[-1] is None and isinstance(index := path[-1], int):
            path[-1] = index + 1
        if sign in "[{":
            seen.append(set() if sign == "{" else None)
            path.append("" if sign == "{" else -1)
            key = sign == "{"
        else:
            key = bool(seen) and seen[-1] is not None


def scanner() -> Callable[[str, int], tuple[Any, int]]:
    """Return the standard library's scanner: it gives the value at an offset of a text and where that ends.

    It raises StopIteration or ValueError where there is no value, and RecursionError where it is too deep.
    """
    decoder: Any = json.JSONDecoder(parse_constant=_refuse)
    scan: Callable[[str, int], tuple[Any, int]] = decoder.scan_once
    return scan


def single(data: bytes) -> Chunk:
    """Return the piece that a file is if it holds one JSON value and blanks around it."""
    begin = text_start(data)
    value = data[begin:].strip(_BLANKS)
    start = data.index(value, begin)
    return Chunk(0, 1 + data.count(b"\n", begin, start), start, len(value))


def documents(data: bytes) -> Iterator[Chunk]:
    """Yield the values of a JSON stream, and from the first sign that is not JSON on, the pieces of YAML."""
    start, line, index = text_start(data), 1, 0
    try:
        text = data[start:].decode()
    except UnicodeDecodeError:
        yield from split(data)
        return
    scan = scanner()
    at, seen = _skip(text, 0), 0
    while at < len(text):
        try:
            with paused():
                end = scan(text, at)[1]
        except (StopIteration, ValueError, RecursionError):
            break
        line += text.count("\n", seen, at)
        start += len(text[seen:at].encode())
        length = len(text[at:end].encode())
        yield Chunk(index, line, start, length)
        line += text.count("\n", at, end)
        start += length
        index, seen, at = index + 1, end, _skip(text, end)
    else:
        return
    # what stands between the last value and the end of its line is blank
    newline = text.find("\n", seen, at)
    rest = newline + 1 if newline >= 0 else seen
    yield from split(data, start + rest - seen, line + (newline >= 0), index)


def _skip(text: str, at: int) -> int:
    match = BLANK.match(text, at)
    return match.end() if match else at

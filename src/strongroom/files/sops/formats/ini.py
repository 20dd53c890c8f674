"""INI files, as sops reads them with gopkg.in/ini.v1: values trimmed, quotes taken off, comments kept with their keys.

https://github.com/getsops/sops, ``stores/ini``; https://github.com/go-ini/ini, ``parser.go``. Sections may come twice,
keys in a section may not: sops would keep the last alone. A comment behind the last key belongs to nothing there and
is dropped; here it is a comment of the last section.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from strongroom.errors import DocumentError
from strongroom.files.sops.document import Block, Document, Leaf, Scalar, Seal
from strongroom.files.sops.formats import flow, splice
from strongroom.files.sops.formats.flat import flattened, unflattened
from strongroom.files.sops.formats.splice import Edit, spliced
from strongroom.files.sops.metadata import KEY
from strongroom.model.plaintext import Plaintext

_DEFAULT: Final = "DEFAULT"
_SPACE: Final = (
    " \t\n\v\f\r\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""What Go's ``unicode.IsSpace`` takes for a blank."""
_SIGN: Final = re.compile("#[# ]*|;[; ]*")
_COMMENT: Final = re.compile("[#;]")
_DELIMITER: Final = re.compile("[=:]")
_QUOTES: Final = ("", '"', "'", '"""', "`")


class _Value(NamedTuple):
    """A value: its text, its place with its quotes, these, a comment behind it, and where its last line ends."""

    text: str
    start: int
    end: int
    quote: str
    comment: tuple[int, int] | None
    behind: int


def read(data: bytes, encrypted: bool = False) -> Document:
    """Return the leaves of a file.

    Raises:
        DocumentError: not an INI file, or a key twice in a section.
        LimitError: larger than the limits allow.
    """
    del encrypted
    return _Reader(splice.decoded(data)).document()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 1 if text.startswith("\ufeff") else 0
        self._leaves: list[Leaf] = []
        self._pending: list[tuple[int, int]] = []
        self._section = _DEFAULT
        self._keys: set[str] = set()
        self._active: list[str] = []
        self._metadata: list[tuple[str, str]] = []
        self._sealed: list[tuple[int, int]] = []
        self._spans: dict[str, tuple[int, int]] = {}

    def document(self) -> Document:
        text = self._text
        while self._at < len(text):
            start, end = self._at, _line_end(text, self._at)
            first = start + len(text[start:end]) - len(text[start:end].lstrip(_SPACE))
            self._at = end
            if first >= end:
                continue
            if text[first] in "#;":
                self._pending.append((first, end))
            elif text[first] == "[":
                self._header(start, first, end)
            else:
                self._key(first, end)
        self._comment(None)
        blocks = [self._block(*span) for span in self._sealed] or [Block(len(text), len(text))]
        found = unflattened(self._metadata) if self._sealed else None
        return splice.document(text, self._leaves, found, blocks)

    def _wrong(self, reason: str, at: int) -> DocumentError:
        return DocumentError(reason, line=self._text.count("\n", 0, at) + 1)

    def _header(self, start: int, first: int, end: int) -> None:
        text = self._text
        close = text.rfind("]", first, end)
        if close <= first + 1:
            raise self._wrong("a section without a name, or without its bracket", first)
        behind = _COMMENT.search(text, close, end)
        if self._section == KEY:
            # what stands above this section belongs to it
            self._sealed[-1] = self._sealed[-1][0], self._pending[0][0] if self._pending else start
        self._section = text[first + 1 : close]
        self._keys, self._active = set(), []
        if self._section == KEY:
            if self._pending:
                self._comment(None)
            self._sealed.append((start, len(text)))
            return
        self._comment((behind.start(), end) if behind is not None else None, start)

    def _key(self, first: int, end: int) -> None:
        name, offset = self._name(first, end)
        value = _value(self._text, offset, end)
        self._at = value.behind
        if name in self._keys:
            raise self._wrong("a key is given twice in the same section", first)
        self._keys.add(name)
        if self._section == KEY:
            self._metadata.append((name, value.text))
            if len(self._sealed) == 1:
                self._spans[name] = value.start, value.end
            self._pending = []
            return
        path = self._section, name
        scalar = Scalar("str", Plaintext(value.text))
        above: tuple[tuple[str, ...], ...] = ((), tuple(self._active))
        self._leaves.append(Leaf(path, path, 0, scalar, value.start, value.end, above, value.quote))
        self._active = []
        self._comment(value.comment)

    def _name(self, first: int, end: int) -> tuple[str, int]:
        line = self._text[first:end]
        quote = ""
        if line[0] == '"':
            quote = '"""' if len(line) > 6 and line.startswith('"""') else '"'
        elif line[0] == "`":
            quote = "`"
        closing = 0
        if quote:
            closing = line.find(quote, len(quote))
            if closing < 0:
                raise self._wrong("a key without its closing quote", first)
        found = _DELIMITER.search(line, closing + len(quote))
        if found is None:
            raise self._wrong("a line that is neither a section, a comment nor a key with a value", first)
        # go-ini counts from the closing quote, so that blanks behind it become part of the name
        stop = found.start() - len(quote)
        name = line[len(quote) : stop if quote else found.start()].strip(_SPACE)
        if not name or name == "-":
            raise self._wrong("a key without a name", first)
        return name, first + found.end()

    def _comment(self, behind: tuple[int, int] | None, header: int | None = None) -> None:
        """Add the comment of what was read: the lines above it, and what stands behind it on its line."""
        text, above = self._text, self._pending
        self._pending = []
        pieces = [*above, behind] if behind is not None else above
        if not pieces:
            return
        whole = "".join(text[start:end] for start, end in pieces).strip(_SPACE)
        sign = _SIGN.match(whole)
        skipped = sign.end() if sign is not None else 0
        start = pieces[0][0] + skipped
        last = above[-1] if above else pieces[-1]
        end = max(start, last[0] + len(text[last[0] : last[1]].rstrip(_SPACE)))
        style = "#"
        if behind is not None and (above or header is not None):
            # a comment of both kinds is one text: what stands behind goes where it is written again; and go-ini takes
            # the brackets of an envelope behind a section for those of the section
            if not above and header is not None:
                start = end = header
            style = f"# {len(text[: behind[0]].encode())} {len(text[: behind[1]].rstrip(_SPACE).encode())}"
        self._active.append(whole[skipped:])
        path = (self._section,)
        scalar = Scalar("comment", Plaintext(whole[skipped:]))
        self._leaves.append(Leaf(path, path, 0, scalar, start, end, ((), tuple(self._active)), style))

    def _block(self, start: int, end: int) -> Block:
        """The section of the metadata, with one blank line above it."""
        text = self._text
        for blank in ("\r\n", "\n"):
            if text[:start].endswith(f"\n{blank}"):
                start -= len(blank)
                break
        spans = self._spans if start <= self._sealed[0][0] else {}
        mac, modified = spans.get("mac"), spans.get("lastmodified")
        return Block(start, end, mac, modified, empty=not text[:start].strip(_SPACE))


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1


def _value(text: str, start: int, end: int) -> _Value:
    """Read a value from behind its delimiter (``readValue``)."""
    line = text[start:end]
    at = start + len(line) - len(line.lstrip(_SPACE))
    if at >= end:
        return _Value("", start, start, "empty", None, end)
    quote = '"""' if end - at > 3 and text.startswith('"""', at) else "`" if text[at] == "`" else ""
    if quote:
        return _quoted(text, at, end, quote)
    stop = at + len(text[at:end].rstrip(_SPACE))
    if text[stop - 1] == "\\":
        return _continued(text, at, stop, end)
    comment = None
    if (sign := _COMMENT.search(text, at, stop)) is not None:
        comment = sign.start(), stop
        stop = at + len(text[at : sign.start()].rstrip(_SPACE))
    for each in "'\"":
        if stop - at >= 2 and text[at] == each and text.find(each, at + 1, stop) == stop - 1:
            return _Value(text[at + 1 : stop - 1], at, stop, each, comment, end)
    return _Value(text[at:stop], at, stop, "", comment, end)


def _quoted(text: str, at: int, end: int, quote: str) -> _Value:
    begin = at + len(quote)
    close = text.rfind(quote, begin, end)
    if close >= 0:
        return _Value(text[begin:close], at, close + len(quote), quote, None, end)
    while end < len(text):
        start, end = end, _line_end(text, end)
        close = text.rfind(quote, start, end)
        if close >= 0:
            sign = _COMMENT.search(text, close, end)
            comment = (sign.start(), end) if sign is not None else None
            return _Value(text[begin:close], at, close + len(quote), quote, comment, end)
    raise DocumentError("a value without its closing quote", line=text.count("\n", 0, at) + 1)


def _continued(text: str, at: int, stop: int, end: int) -> _Value:
    value = text[at : stop - 1]
    while end < len(text):
        start, end = end, _line_end(text, end)
        line = text[start:end].strip(_SPACE)
        if not line:
            break
        stop = start + len(text[start:end].rstrip(_SPACE))
        value += line
        if not value.endswith("\\"):
            break
        value = value[:-1]
    return _Value(value, at, stop, "", None, end)


def write(document: Document, replacements: dict[int, Scalar], seal: Seal | None = None) -> bytes:
    """Return a file with some leaves replaced and with these metadata, or with none.

    Raises:
        DocumentError: a value that an INI file cannot hold.
    """
    data = document.data.reveal()
    newline = "\r\n" if b"\r\n" in data[:4096] else "\n"
    edits: list[Edit] = []
    for index, scalar in replacements.items():
        leaf = document.leaves[index]
        if leaf.style.startswith("#"):
            text = _comment_text(scalar)
            if leaf.start == leaf.end and leaf.style != "#":
                text = f"; {text}{newline}"
            edits.append((leaf.start, leaf.end, text.encode()))
            if leaf.style != "#":
                _, start, end = leaf.style.split(" ")
                edits.append((int(start), int(end), b""))
        else:
            text = written(_text(scalar), leaf.style)
            edits.append((leaf.start, leaf.end, (f" {text}" if leaf.style == "empty" else text).encode()))
    main, *others = document.blocks
    edits += [(each.start, each.end, b"") for each in others]
    edits.append(_sealing(data, main, seal, newline) if seal is not None else _unsealing(data, main))
    return spliced(data, edits)


def _text(scalar: Scalar) -> str:
    text = scalar.data.reveal_text()
    if text is None:
        raise DocumentError("a value that is not utf-8, which an ini file cannot hold")
    if scalar.type == "bool":
        return text.lower()
    return text


def _comment_text(scalar: Scalar) -> str:
    first, *others = _text(scalar).split("\n")
    lines = [line if line.startswith(("#", ";")) or not line.strip(_SPACE) else f"; {line}" for line in others]
    return "\n".join([first, *lines])


def written(text: str, style: str) -> str:
    """Return a value as it is read again, in the quotes that it had where they do.

    Raises:
        DocumentError: an INI file cannot hold it.
    """
    for quote in (style if style in _QUOTES else "", *_QUOTES):
        candidate = f"{quote}{text}{quote}"
        try:
            found = _value(f"{candidate}\n", 0, _line_end(f"{candidate}\n", 0))
        except DocumentError:
            continue
        if found.text == text and found.behind == len(candidate) + 1 and found.comment is None:
            return candidate
    raise DocumentError("a value that an ini file cannot hold")


def _section(seal: Seal, newline: str) -> str:
    kept = flow.renewed(seal, 0, "")
    if kept is not None:
        return kept.decode().strip("\r\n")
    pairs = flattened(seal.metadata)
    width = max(map(len, pairs), default=0)
    lines = [f"[{KEY}]", *(f"{name.ljust(width)} = {written(text, '')}" for name, text in pairs.items())]
    return newline.join(lines)


def _sealing(data: bytes, each: Block, seal: Seal, newline: str) -> Edit:
    text = _section(seal, newline)
    start, end = each.start, each.end
    if start != end:
        above = newline if data[start:end].startswith((b"\n", b"\r\n")) else ""
        below = newline if data[start:end].endswith(b"\n") else ""
        return start, end, f"{above}{text}{below}".encode()
    if not data:
        return start, end, f"{text}{newline}".encode()
    # a file without a line break at its end loses it again when the metadata are taken out
    if data.endswith(b"\n"):
        return start, end, f"{newline}{text}{newline}".encode()
    return start, end, f"{newline}{newline}{text}".encode()


def _unsealing(data: bytes, each: Block) -> Edit:
    start, end = each.start, each.end
    if start != end and end == len(data) and not data.endswith(b"\n"):
        start -= 2 if data[:start].endswith(b"\r\n") else 1 if data[:start].endswith(b"\n") else 0
    return start, end, b""

r"""Dotenv files, as sops reads them: no quotes, no ``export``; a text of several lines has ``\\n`` in it.

https://github.com/getsops/sops, ``stores/dotenv``. Whatever stands behind the first ``=`` is the value, blanks and
carriage returns with it.
"""

from __future__ import annotations

from typing import Final

from strongroom.errors import DocumentError, LimitError
from strongroom.files.sops.document import Block, Document, Leaf, Scalar, Seal
from strongroom.files.sops.formats.flat import flattened, unflattened
from strongroom.files.sops.formats.splice import MAX_BYTES, Edit, spliced
from strongroom.model.plaintext import Plaintext

_PREFIX: Final = b"sops_"


def read(data: bytes, encrypted: bool = False) -> Document:
    """Return the leaves of a file.

    Raises:
        DocumentError: a line is neither a comment nor a name with a value.
        LimitError: larger than the limits allow.
    """
    del encrypted
    if len(data) > MAX_BYTES:
        raise LimitError(f"a file is larger than {MAX_BYTES} bytes")
    leaves: list[Leaf] = []
    metadata: list[tuple[str, str]] = []
    blocks: list[Block] = []
    comments: list[str] = []
    start = 0
    for number, line in enumerate(data.split(b"\n"), 1):
        end = start + len(line)
        if line.startswith(_PREFIX) and b"=" in line:
            name, _, value = line.removeprefix(_PREFIX).partition(b"=")
            metadata.append((_text(name, number), _text(value, number)))
            _grow(blocks, start, min(end + 1, len(data)))
        elif line:
            leaves.append(_leaf(line, start, number, comments))
        start = end + 1
    at = blocks.pop() if blocks else Block(len(data), len(data))
    found = unflattened(metadata) if metadata else None
    return Document(Plaintext(data), tuple(leaves), found, (at, *blocks))


def _grow(blocks: list[Block], start: int, end: int) -> None:
    if blocks and blocks[-1].end == start:
        blocks[-1] = blocks[-1]._replace(end=end)
    else:
        blocks.append(Block(start, end))


def _leaf(line: bytes, start: int, number: int, comments: list[str]) -> Leaf:
    if line.startswith(b"#"):
        text = line[1:]
        comments.append(text.decode("utf-8", "surrogateescape"))
        scalar = Scalar("comment", Plaintext(text))
        return Leaf((), (), 0, scalar, start + 1, start + len(line), (tuple(comments),), "#")
    at = line.find(b"=")
    if at < 0:
        raise DocumentError("a line that is neither a comment nor a name with a value", line=number)
    key = _text(line[:at], number)
    scalar = Scalar("str", Plaintext(line[at + 1 :].replace(b"\\n", b"\n")))
    above = (tuple(comments),)
    comments.clear()
    return Leaf((key,), (key,), 0, scalar, start + at + 1, start + len(line), above)


def _text(data: bytes, number: int) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise DocumentError("a name that is not utf-8", line=number) from None


def write(document: Document, replacements: dict[int, Scalar], seal: Seal | None = None) -> bytes:
    """Return a file with some leaves replaced and with these metadata, or with none.

    Raises:
        DocumentError: a comment of several lines.
    """
    data = document.data.reveal()
    edits: list[Edit] = []
    for index, scalar in replacements.items():
        leaf, text = document.leaves[index], scalar.data.reveal()
        if leaf.style == "#" and b"\n" in text:
            raise DocumentError("a comment of several lines, which a dotenv file cannot hold")
        edits.append((leaf.start, leaf.end, text.replace(b"\n", b"\\n")))
    main, *others = document.blocks
    edits += [(each.start, each.end, b"") for each in others]
    edits.append(_sealing(data, main, seal) if seal is not None else _unsealing(data, main))
    return spliced(data, edits)


def _sealing(data: bytes, each: Block, seal: Seal) -> Edit:
    lines = [f"sops_{name}={text}".encode() for name, text in flattened(seal.metadata).items()]
    text = b"\n".join(lines)
    if each.start != each.end:
        return each.start, each.end, text + (b"\n" if data[each.end - 1 : each.end] == b"\n" else b"")
    # a file without a line break at its end loses it again when the metadata are taken out
    bare = bool(data) and not data.endswith(b"\n")
    return each.start, each.end, b"\n" + text if bare else text + b"\n"


def _unsealing(data: bytes, each: Block) -> Edit:
    bare = each.start != each.end and each.end == len(data) and not data.endswith(b"\n")
    return each.start - (bare and each.start > 0), each.end, b""

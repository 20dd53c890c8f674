"""Bytes made up by atheris for the reader of SOPS documents: ``python -m tests.fuzz.sops FOLDER [libFuzzer options]``.

The first byte chooses the format. Everything derives from files that are encrypted under one data key: what opens at all
must hold the values of one of them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["strongroom.files", "strongroom.documents"]):
    from strongroom.errors import StrongroomError
    from strongroom.files.sops.document import Format
    from strongroom.files.sops.formats import format_of
    from strongroom.files.sops.opened import open_file
    from strongroom.files.sops.rule import Rule
    from strongroom.files.sops.sealing import encrypt
    from strongroom.files.sops.selection import Selection
from strongroom.keys.key import MasterKey, Wrapped
from strongroom.model.plaintext import Plaintext

_KEY = Plaintext(bytes(range(32)))
_GROUPS = ((Wrapped(MasterKey("age", "age1made-up"), "none"),),)
_SEEDS = {
    "yaml": b'# top\na: hunter2\nb: [1, 2.5, true, null, "x y"]\nc:\n  d: |\n    x\n\n    y\n  e: {f: ""}\n---\ng: >-\n  h\n',
    "json": b'{"a": "hunter2", "b": [1, 2.5, true, null, {"c": "\\u00e9"}], "d": {}}\n',
    "dotenv": b"# top\nA=hunter2\nB=two\\nlines\n",
    "ini": b"; top\n[one]\na = hunter2\n[two]\nb = 3\n",
    "binary": b"\x00hunter2\xff",
}
_FORMATS: tuple[Format, ...] = tuple(format_of("", name) for name in _SEEDS)


def _values(data: bytes, form: Format) -> list[tuple[str, bytes]]:
    opened = open_file(data, form, lambda _: _KEY)
    return [(each.type, each.data.reveal()) for each in opened.scalars if each.type != "comment"]


def _encrypted(name: str) -> bytes:
    rule = Rule(((MasterKey("age", "age1made-up"),),), 0, Selection())
    return encrypt(Plaintext(_SEEDS[name]), format_of("", name), rule, _KEY, _GROUPS, "2026-01-02T03:04:05Z")


def main() -> None:
    """Write the seeds into the folder and try what atheris makes of them."""
    folder = Path(sys.argv.pop(1))
    known = []
    for number, name in enumerate(_SEEDS):
        data = _encrypted(name)
        (folder / name).write_bytes(bytes([number]) + data)
        known.append(_values(data, _FORMATS[number]))

    def one(data: bytes) -> None:
        if not data:
            return
        try:
            found = _values(data[1:], _FORMATS[data[0] % len(_FORMATS)])
        except StrongroomError:
            return
        # The type tag is not authenticated, in sops neither: a value is its bytes.
        if [value for _, value in found] not in [[value for _, value in values] for values in known]:
            raise AssertionError("a changed file opens to other values")

    atheris.Setup([sys.argv[0], str(folder), *sys.argv[1:]], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

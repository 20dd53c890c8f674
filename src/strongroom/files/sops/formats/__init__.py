"""The formats of SOPS documents: one module each, listed in ``FORMATS`` and loaded when it is used."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from strongroom.errors import UsageError
from strongroom.files.sops.document import Document, Format, Scalar, Seal


def _lazily(module: str) -> tuple[Callable[[bytes, bool], Document], Callable[..., bytes]]:
    def load() -> Any:
        return import_module(f"{__name__}.{module}")

    def read(data: bytes, encrypted: bool = False) -> Document:
        document: Document = load().read(data, encrypted)
        return document

    def write(document: Document, replacements: dict[int, Scalar], seal: Seal | None = None) -> bytes:
        written: bytes = load().write(document, replacements, seal)
        return written

    return read, write


FORMATS: tuple[Format, ...] = (
    Format("yaml", (".yaml", ".yml"), *_lazily("yaml")),
    Format("json", (".json",), *_lazily("json")),
    Format("dotenv", (".env",), *_lazily("dotenv")),
    Format("ini", (".ini",), *_lazily("ini")),
    Format("binary", (), *_lazily("binary")),
)
"""In the order of ``cmd/sops/formats``; a file of another name is binary."""


def format_of(path: str, asked: str | None = None) -> Format:
    """Return the format of a file: the one asked for by its id, or by the end of its name, as sops picks it.

    Raises:
        UsageError: there is no format of that id.
    """
    for each in FORMATS:
        if each.id == asked or (not asked and path.endswith(each.suffixes or ("\0",))):
            return each
    if asked:
        known = ", ".join(each.id for each in FORMATS)
        raise UsageError(f"no format is called {asked!r}", hint=f"one of {known}")
    return FORMATS[-1]

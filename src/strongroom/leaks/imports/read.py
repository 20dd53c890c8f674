"""Read a file of another scanner: which one it is, is told by its shape."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from strongroom.errors import SourceError, UsageError
from strongroom.leaks.imports import detect_secrets, gitleaks_ignore, gitleaks_rules
from strongroom.leaks.imports.contract import Taken

_LARGEST = 64 * 1024 * 1024
_DEEPEST_EXTEND = 2
"""As gitleaks itself (``config/config.go``, ``maxExtendDepth``)."""


def take_over(path: Path) -> Taken:
    """Return what a file of gitleaks or detect-secrets holds.

    Raises:
        SourceError: it cannot be read.
        UsageError: it is none of the files that are known, or it has another shape than its tool takes.
    """
    text = read_text(path)
    if path.suffix == ".toml":
        return of_toml(path, text)
    document = detect_secrets.parse(text)
    if detect_secrets.is_one(document):
        return detect_secrets.read(str(path), document)
    if document is None and gitleaks_ignore.is_one(path.name, text):
        return gitleaks_ignore.read(str(path), text)
    raise UsageError(
        f"{path} is no file that can be taken over",
        hint="known are .gitleaksignore, gitleaks' TOML and baselines of detect-secrets",
    )


def of_toml(path: Path, text: str, depth: int = 0) -> Taken:
    """Return the rules and allowlists of a TOML configuration, and of the file that it extends.

    Raises:
        SourceError: the extended file cannot be read.
        UsageError: it is not valid TOML, or no configuration of gitleaks.
    """
    document = parse_toml(path, text)
    if not gitleaks_rules.is_one(document):
        raise UsageError(f"{path} has no rules and no allowlists")
    below: tuple[Taken, ...] = ()
    other = gitleaks_rules.extended_path(document)
    if other and depth < _DEEPEST_EXTEND:
        file = path.parent / other
        below = (of_toml(file, read_text(file), depth + 1),)
    return gitleaks_rules.read(str(path), document, below)


def parse_toml(path: Path, text: str) -> dict[str, Any]:
    """Return the document of a TOML text.

    Raises:
        UsageError: it is not valid; the parser's own words are kept back, they may quote the text.
    """
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        raise UsageError(f"{path} is not valid toml") from None


def read_text(path: Path) -> str:
    """Return a file's text.

    Raises:
        SourceError: it cannot be read, is too large or no UTF-8.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise SourceError(f"{path} is too large")
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise SourceError(f"{path} is not utf-8 text") from None
    except OSError as error:
        raise SourceError(f"{path} cannot be read", hint=(error.strerror or "").lower()) from None

"""Where values come from: literals, files, folders and env files, read as ``kubectl create secret`` reads them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from strongroom.errors import LimitError, UsageError
from strongroom.files.secret.names import check_key, is_environment_name, is_key
from strongroom.model.plaintext import Plaintext

MOST_BYTES = 1 << 20
"""``MaxSecretSize`` of Kubernetes: all values of a Secret together."""

# What Go's unicode.IsSpace takes for space: as Python, but without the separators below U+0020.
_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_BOM = b"\xef\xbb\xbf"

Values = dict[str, Plaintext]


def gather(pairs: Iterable[tuple[str, Plaintext]]) -> Values:
    """Put values together.

    Raises:
        UsageError: a key is none, or comes twice.
        LimitError: they are more than a Secret may hold.
    """
    values: Values = {}
    size = 0
    for key, value in pairs:
        check_key(key)
        if key in values:
            raise UsageError(f"the key {key} is given twice")
        values[key] = value
        size += len(value.reveal())
        if size > MOST_BYTES:
            raise LimitError("the values are larger than the 1 MiB that a Secret may hold")
    return values


def literal(text: str) -> tuple[str, Plaintext]:
    """Read ``KEY=VALUE``.

    Raises:
        UsageError: there is no key.
    """
    key, equals, value = text.partition("=")
    if not equals or not is_key(key):
        # Its text could be a value, as of a token in base64 that ends in =.
        raise UsageError("a literal is KEY=VALUE", hint="a KEY is letters, digits, -, _ and .")
    return key, argument(value)


def argument(text: str) -> Plaintext:
    """Return a value from the command line or the environment, to the byte: it may be no text (PEP 383)."""
    return Plaintext(os.fsencode(text))


def source(text: str, default: str = "") -> tuple[str, Path]:
    """Read ``[KEY=]PATH``; without a key it is the name of the file.

    Raises:
        UsageError: it is neither.
    """
    if text.count("=") > 1 or text.startswith("=") or text.endswith("="):
        raise UsageError(f"{text} is not KEY=FILE or FILE", hint="neither may hold another =")
    key, equals, path = text.partition("=")
    return (key, Path(path)) if equals else (default or os.path.basename(text), Path(text))  # noqa: PTH119 - as Go's path.Base


def from_file(text: str, default: str = "") -> list[tuple[str, Plaintext]]:
    """Return the value of ``[KEY=]FILE``, or one for every file of ``FOLDER`` (no sub-folder, no link).

    Raises:
        UsageError: it is not there, cannot be read, or a folder has a key.
        LimitError: a file is larger than a Secret may be.
    """
    key, path = source(text, default)
    if not path.is_dir():
        return [(key, read(path))]
    if "=" in text:
        raise UsageError(f"{path} is a folder, whose files have their own keys", hint="leave the key away")
    try:
        with os.scandir(path) as entries:
            names = sorted(entry.name for entry in entries if entry.is_file(follow_symlinks=False))
    except OSError as error:
        raise UsageError(f"folder {path} cannot be read", hint=(error.strerror or "").lower()) from None
    if not names:
        raise UsageError(f"folder {path} has no file")
    return [(name, read(path / name)) for name in names]


def read(path: Path) -> Plaintext:
    """Return the contents of a file.

    Raises:
        UsageError: it cannot be read.
        LimitError: it is larger than a Secret may be.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read", hint=(error.strerror or "").lower()) from None
    return within(data, str(path))


def within(data: bytes, name: str) -> Plaintext:
    """Return a value that a Secret may hold.

    Raises:
        LimitError: it is larger.
    """
    if len(data) > MOST_BYTES:
        raise LimitError(f"{name} is larger than the 1 MiB that a Secret may hold")
    return Plaintext(data)


def from_env_file(path: Path, environment: Mapping[str, str]) -> list[tuple[str, Plaintext]]:
    """Return the values of an env file as kubectl reads one: no quotes, no escapes; a key alone is taken from outside.

    Where it is not there either, kubectl takes an empty value; that is refused here.

    Raises:
        UsageError: it cannot be read, or a line of it; named by its number, for it may hold a value.
    """
    return env_values(read(path), str(path), environment)


def env_values(data: Plaintext, name: str, environment: Mapping[str, str]) -> list[tuple[str, Plaintext]]:
    """Return the values of the text of an env file; see `from_env_file`."""
    values = []
    for number, line in enumerate(data.reveal().removeprefix(_BOM).split(b"\n"), 1):
        try:
            text = line.removesuffix(b"\r").decode().lstrip(_SPACE)
        except UnicodeDecodeError:
            raise UsageError(f"line {number} of {name} is not UTF-8") from None
        if not text or text.startswith("#"):
            continue
        key, equals, value = text.partition("=")
        if not is_environment_name(key):
            raise UsageError(f"line {number} of {name} does not begin with a key")
        if not equals and key not in environment:
            raise UsageError(f"line {number} of {name} has no value", hint="KEY= is an empty one")
        values.append((key, Plaintext(value) if equals else argument(environment[key])))
    return values

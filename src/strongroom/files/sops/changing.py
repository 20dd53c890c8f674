"""One value of a decrypted text found, changed or taken out, with everything else as it stands.

A place is an address: keys, and positions in lists. As ``sops set`` has it, what is missing on the way is made, a
position behind the end of a list adds to it, and what is no collection gives way to one. Comments of sops inside lists
do not count as positions here.
"""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

from strongroom.errors import UsageError

Address = tuple[str | int, ...]


def changed(data: bytes, form: str, address: Address, value: Any) -> bytes:
    """Return a text with a value at an address.

    Args:
        data: a decrypted file.
        form: the id of its format.
        address: where; not empty.
        value: what JSON can hold.

    Raises:
        UsageError: the address leads nowhere, or the format cannot hold the value there.
    """
    _check(address)
    done: bytes = _module(form).changed(data, address, value)
    return done


def without(data: bytes, form: str, address: Address) -> bytes:
    """Return a text without what stands at an address.

    Raises:
        UsageError: nothing stands there.
    """
    _check(address)
    done: bytes = _module(form).without(data, address)
    return done


def found(data: bytes, form: str, address: Address) -> bytes:
    """Return what stands at an address: a text as it is, everything else as the format writes it.

    Raises:
        UsageError: nothing stands there.
    """
    _check(address)
    part: bytes = _module(form).found(data, address)
    return part


def nested(address: Address, value: Any) -> Any:
    """Return a value in the collections that lead to it."""
    for step in reversed(address):
        value = [value] if isinstance(step, int) else {step: value}
    return value


def missing(address: Address) -> UsageError:
    """Return the error that says that nothing stands somewhere."""
    return UsageError(f"there is nothing at {'.'.join(map(str, address))}")


def flat_address(address: Address, depth: int) -> tuple[str, ...]:
    """Return an address in a format without nesting.

    Raises:
        UsageError: it leads deeper, or names a position.
    """
    keys = tuple(step for step in address if isinstance(step, str))
    if len(keys) != len(address) or len(address) > depth:
        raise UsageError("the format of the file holds no value that deep")
    return keys


def flat_text(value: Any) -> str:
    """Return a value as a format of texts alone writes it.

    Raises:
        UsageError: it is a list or an object.
    """
    if isinstance(value, (dict, list)):
        raise UsageError("the format of the file holds texts alone", hint="give a text")
    return value if isinstance(value, str) else json.dumps(value)


def _check(address: Address) -> None:
    if not address:
        raise UsageError("the path is empty", hint="name a key, such as data.password")
    if any(isinstance(step, int) and step < 0 for step in address):
        raise UsageError("a position in a list counts from 0")


_MODULES = {
    "yaml": "yaml_changing",
    "json": "json_changing",
    "dotenv": "dotenv_changing",
    "ini": "ini_changing",
}


def _module(form: str) -> Any:
    if form not in _MODULES:
        raise UsageError("a binary file has no parts", hint="strongroom file edit changes the whole of it")
    return import_module(f"strongroom.files.sops.formats.{_MODULES[form]}")

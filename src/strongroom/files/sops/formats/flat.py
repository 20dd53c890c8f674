r"""Metadata in formats that know names and texts alone: nested names joined, lines joined by ``\\n``.

``stores/flatten.go`` of https://github.com/getsops/sops: ``age__list_0__map_recipient``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from strongroom.errors import DocumentError

_MAP: Final = "__map_"
_LIST: Final = "__list_"
_STEP: Final = re.compile(f"({_MAP}|{_LIST})")
_MOST: Final = 1000


def flattened(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Return metadata as names and texts, sorted by name."""
    return dict(sorted(_flat("", metadata, first=True)))


def _flat(name: str, value: Any, *, first: bool = False) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flat(f"{name}{'' if first else _MAP}{key}", item)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _flat(f"{name}{_LIST}{number}", item)
    elif isinstance(value, bool):
        yield name, "true" if value else "false"
    elif value is not None:
        yield name, str(value).replace("\n", "\\n")


def unflattened(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return metadata from names and texts.

    Raises:
        DocumentError: a name contradicts another, or counts too far.
    """
    body: dict[str, Any] = {}
    for name, text in pairs:
        parts = _STEP.split(name)
        steps = [parts[0], *(_step(*pair) for pair in zip(parts[1::2], parts[2::2], strict=True))]
        _put(body, steps, text.replace("\\n", "\n"))
    found = _listed(body)
    return found if isinstance(found, dict) else {}


def _step(sign: str, name: str) -> str | int:
    if sign == _MAP:
        return name
    if not re.fullmatch("[0-9]{1,4}", name) or int(name) > _MOST:
        raise DocumentError("the sops metadata count a list by something that is no number")
    return int(name)


def _put(body: dict[Any, Any], steps: list[str | int], text: str) -> None:
    into: Any = body
    for step in steps[:-1]:
        into = into.setdefault(step, {})
        if not isinstance(into, dict):
            raise DocumentError("the sops metadata contradict themselves")
    into[steps[-1]] = text


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(isinstance(key, int) for key in value):
        if sorted(value) != list(range(len(value))):
            raise DocumentError("the sops metadata leave out a part of a list")
        return [_listed(value[number]) for number in range(len(value))]
    if any(isinstance(key, int) for key in value):
        raise DocumentError("the sops metadata contradict themselves")
    return {key: _listed(item) for key, item in value.items()}

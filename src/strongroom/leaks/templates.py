"""Manifests that are templates: the actions are taken out so that what stands between them can be read as YAML.

Every action is replaced by a text of its own length, so that lines and columns stay what they are. A line of nothing
but actions (``{{- if … }}``) becomes blank; an action beside text becomes a reference (``$____``), which no rule takes
for a value.
"""

from __future__ import annotations

import re

_ACTION = re.compile(rb"\{\{(?:[^{}]|\{[^{}]*\}|\}(?!\})){0,2000}?\}\}|\{%(?:[^%{]|%(?!\})){0,500}%\}", re.DOTALL)
_ALONE = re.compile(
    rb"^[ \t]*(?:(?:\{\{(?:[^{}]|\{[^{}]*\}|\}(?!\})){0,2000}?\}\}|\{%(?:[^%{\n]|%(?!\})){0,500}%\})[ \t]*)+(?=\r?$)",
    re.DOTALL | re.MULTILINE,
)
_NOT_BREAKS = re.compile(rb"[^\r\n]")


def has_actions(data: bytes) -> bool:
    """Tell whether a text may hold the actions of Go templates or Jinja."""
    return b"{{" in data or b"{%" in data


def without_actions(data: bytes) -> bytes:
    """Return a text of the same length in which no action is left."""
    return _ACTION.sub(_reference, _ALONE.sub(_blank, data))


def _blank(match: re.Match[bytes]) -> bytes:
    return _NOT_BREAKS.sub(b" ", match[0])


def _reference(match: re.Match[bytes]) -> bytes:
    return b"$" + _NOT_BREAKS.sub(b"_", match[0][1:])

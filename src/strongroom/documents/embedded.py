"""Values that are files themselves: a ``.env`` in a ConfigMap, a kubeconfig in a Secret, JSON in an annotation.

Nothing is guessed. The name of the key says which format to try, the text has to be in it from the first line to the
last, and without a telling name only shapes that hardly anything else has are looked at. Prose, scripts and templates
are None.
"""

from __future__ import annotations

from typing import Final

import msgspec

from strongroom.documents.formats import dotenv, ini, json, netrc, pgpass, properties, toml, yaml
from strongroom.documents.formats.format import Format, Leaf
from strongroom.documents.limits import DEFAULT, Limits

__all__ = ["FORMATS", "Embedded", "Leaf", "parse"]

FORMATS: Final[tuple[Format, ...]] = (
    json.FORMAT,
    yaml.FORMAT,
    toml.FORMAT,
    properties.FORMAT,
    dotenv.FORMAT,
    ini.FORMAT,
    pgpass.FORMAT,
    netrc.FORMAT,
)


class Embedded(msgspec.Struct, frozen=True):
    """A value that is a file.

    Args:
        format: the format's id.
        leaves: its values in their order, each with its place in the text.
    """

    format: str
    leaves: tuple[Leaf, ...]


def parse(name: str, text: str, limits: Limits = DEFAULT) -> Embedded | None:
    """Return what an embedded file holds, None where the text is no file of a known format beyond doubt.

    Args:
        name: the key under which it stands; a path's last part counts.
        text: the value.
        limits: larger texts than ``max_embedded_bytes`` are not looked into.
    """
    if len(text) > limits.max_embedded_bytes or "\0" in text or not text.strip():
        return None
    base = name.rpartition("/")[2].lower()
    named = [each for each in FORMATS if base in each.names or base.endswith(each.suffixes)]
    shaped = [each for each in FORMATS if each not in named and each.looks_like is not None and each.looks_like(text)]
    for each in (*named, *shaped):
        leaves = each.leaves(text, limits)
        if leaves is not None:
            return Embedded(each.id, tuple(leaves))
    return None

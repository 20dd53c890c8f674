"""JSON, as ``encoding/json`` of Go reads it; Docker's registry credentials and service account files are some."""

from __future__ import annotations

from typing import Any

from strongroom.documents import jsonplaces, jsontext
from strongroom.documents.formats.format import Format, Leaf
from strongroom.documents.formats.walk import leaves_of
from strongroom.documents.limits import Limits

_NAMES = (".dockerconfigjson", ".dockercfg", "auth.json", "tfstate")


def leaves(text: str, limits: Limits) -> list[Leaf] | None:
    """Return the strings and numbers of a JSON object or array, None where the text is none."""
    loaded = jsontext.load(text, limits) if jsontext.might_be(text) else None
    finder = jsonplaces.finder(text, limits) if loaded else None
    if loaded is None or finder is None:
        return None
    body: Any = loaded[0]
    return leaves_of(text, body, finder, limits)


FORMAT = Format("json", leaves, (".json", ".tfstate", "config.json"), _NAMES, jsontext.might_be)

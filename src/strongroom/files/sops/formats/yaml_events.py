"""The leaves of YAML documents without comments and aliases, straight from libyaml's events.

Most files are such; the others go through ``yaml_tree``, which is slower.
"""

from __future__ import annotations

from typing import Any

import yaml
from yaml._yaml import CParser

from strongroom.errors import DocumentError
from strongroom.files.sops.formats.yaml_builder import Builder


class AliasFound(Exception):  # noqa: N818 - never leaves the room
    """The text has an alias, which SOPS replaces by a copy of what it names."""


def build(text: str) -> Builder:
    """Return what a text holds.

    Raises:
        AliasFound: it has an alias.
        yaml.YAMLError: it is not YAML.
        DocumentError: SOPS takes no such documents.
        LimitError: it is too large or too deep.
    """
    builder = Builder(text)
    parser: Any = CParser(text)
    next_event = parser.get_event
    scalar, collection, close = builder.scalar, builder.collection, builder.close
    scalar_event, mapping, sequence = yaml.ScalarEvent, yaml.MappingStartEvent, yaml.SequenceStartEvent
    ends = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
    try:
        while True:
            event = next_event()
            kind = type(event)
            if kind is scalar_event:
                scalar(event.value, event.tag, event.start_mark, event.end_mark.index, event.style or "")
            elif kind is mapping or kind is sequence:
                collection(kind is mapping, event.flow_style, event.start_mark)
            elif kind in ends:
                close(event.start_mark.index)
            elif kind is yaml.DocumentStartEvent:
                if event.version is not None and event.version != (1, 1):
                    raise DocumentError("a version of yaml that sops does not read", hint="leave the %YAML line out")
                builder.begin()
            elif kind is yaml.DocumentEndEvent:
                builder.end(event.start_mark.index)
            elif kind is yaml.AliasEvent:
                raise AliasFound
            elif kind is yaml.StreamEndEvent:
                return builder
    finally:
        parser.dispose()

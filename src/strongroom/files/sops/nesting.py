"""How deep a YAML file nests, told from its events: libyaml's composer recurses, and its stack overflows."""

from __future__ import annotations

from collections.abc import Iterator

DEEPEST = 200
"""Collections inside each other; no manifest comes near (`strongroom.documents.limits`)."""


def too_deep(data: bytes | str, deepest: int = DEEPEST, *, first: bool = False) -> Iterator[int]:
    """Yield the 0-based line where a file first nests too deeply, if it does.

    Args:
        data: the file.
        deepest: collections inside each other that are let be.
        first: look at its first document only, and at no fault of those behind.

    Raises:
        yaml.YAMLError: it is not YAML.
    """
    import yaml

    depth = 0
    for event in yaml.parse(data, yaml.CSafeLoader):
        if first and isinstance(event, yaml.DocumentEndEvent):
            return
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > deepest:
            yield 0 if event.start_mark is None else event.start_mark.line
            return

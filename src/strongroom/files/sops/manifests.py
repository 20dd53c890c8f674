"""Whether a file is what Kubernetes gets: then, without a rule, only the values of its Secrets are encrypted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

_MAPPING = "mapping"
_OTHER = {"SequenceStartEvent": "sequence", "AliasEvent": "alias", "ScalarEvent": ""}


def holds_secret(data: bytes, format_id: str) -> bool:
    """Tell whether every document of a file is a Kubernetes object, and one of them a Secret.

    Args:
        data: the file in plain.
        format_id: id of its format; only ``yaml`` and ``json`` have manifests.
    """
    if format_id not in {"yaml", "json"} or b"Secret" not in data:
        return False
    import yaml

    try:
        # JSON that Kubernetes takes is YAML too. Events: libyaml's composer overflows the stack on deep nesting.
        kinds = list(_kinds(yaml.parse(data, yaml.CSafeLoader)))
    except (yaml.YAMLError, UnicodeDecodeError):
        return False  # its reader says what is wrong with it
    return all(kinds) and "Secret" in kinds


def _kinds(events: Iterable[Any]) -> Iterator[str]:
    """Yield the kind of every document that is not empty; an empty one for what is no Kubernetes object."""
    import yaml

    root, depth, items = "", 0, list[str]()
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            root, depth, items = "", 0, []
        elif isinstance(event, yaml.DocumentEndEvent):
            if root:
                fields = dict(zip(items[::2], items[1::2], strict=False))
                yield fields.get("kind", "") if root == _MAPPING and fields.get("apiVersion") else ""
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.NodeEvent):
            # Of a mapping at the root: keys and values in turn; what is no scalar counts as empty.
            text = event.value if isinstance(event, yaml.ScalarEvent) else ""
            if depth == 0:
                root = _MAPPING if isinstance(event, yaml.MappingStartEvent) else text or _OTHER[type(event).__name__]
            elif depth == 1:
                items.append(text)
            depth += isinstance(event, yaml.CollectionStartEvent)

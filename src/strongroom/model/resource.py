"""One Kubernetes object, wherever it was read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from strongroom.model.origin import FieldPath, Origin


class ResourceId(NamedTuple):
    """What identifies an object within a source. The namespace is empty where the manifest names none."""

    group: str
    kind: str
    namespace: str
    name: str

    def show(self) -> str:
        """Write it as ``Kind namespace/name``."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


class Resource(msgspec.Struct, frozen=True, eq=False, repr_omit_defaults=True):
    """One Kubernetes object.

    ``body`` is the object as the API server would read it, except that the values of a Secret (``data``,
    ``stringData``) are `Plaintext`: ``data`` decoded from base64 where it decodes; in a running cluster
    `model.secret.Seen` stands in their place. ``whole`` is False where the source did not tell all keys of a Secret.
    Its representation shows no field of the body.
    """

    api_version: str
    kind: str
    namespace: str
    name: str
    labels: dict[str, str]
    annotations: dict[str, str]
    body: dict[str, Any]
    origin: Origin
    whole: bool = True

    @property
    def group(self) -> str:
        """The API group: empty for the core group."""
        group, slash, _ = self.api_version.rpartition("/")
        return group if slash else ""

    @property
    def id(self) -> ResourceId:
        """What identifies the object."""
        return ResourceId(self.group, self.kind, self.namespace, self.name)

    def get(self, *path: str | int) -> Any:
        """Return the value at a path of the body, or None where any step is missing or of another shape."""
        return dig(self.body, path)

    def __repr__(self) -> str:
        return f"Resource({self.api_version} {self.id.show()} from {self.origin.show()})"


def dig(value: Any, path: FieldPath) -> Any:
    """Follow a path through mappings and lists; None where a step is missing or the shape is another."""
    for step in path:
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def as_list(value: Any) -> list[Any]:
    """Return the value where it is a list, else an empty one: hostile manifests put anything anywhere."""
    return value if isinstance(value, list) else []


def texts_in(value: Any) -> Iterator[str]:
    """Yield every text that stands as a value anywhere in a part of a document."""
    if isinstance(value, dict):
        for child in value.values():
            yield from texts_in(child)
    elif isinstance(value, list):
        for child in value:
            yield from texts_in(child)
    elif isinstance(value, str):
        yield value


def as_dict(value: Any) -> dict[str, Any]:
    """Return the value where it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_text(value: Any) -> str:
    """Return the value where it is text, else the empty string."""
    return value if isinstance(value, str) else ""

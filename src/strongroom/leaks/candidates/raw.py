"""A candidate before it has a place: what the generators of one object pass around."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from strongroom.leaks.names import promise
from strongroom.model.origin import FieldPath, Origin
from strongroom.model.place import Candidate, Context
from strongroom.model.plaintext import Plaintext
from strongroom.model.resource import ResourceId

SHORTEST = 8
"""A shorter value without a name that promises a secret is not looked at: no rule of the library matches so little."""

INSIDE = "\0"
"""The step of a field path behind which a text stands that its field holds packed; no document has such a key."""


class Raw(NamedTuple):
    """A named value at a field, or at a part of a field.

    Attributes:
        start, end: offsets in characters in the text of the field; equal where it is the whole, or where the field
        holds the
            value in another form (base64).
    """

    context: Context
    name: str
    value: str | bytes
    field: FieldPath
    inner: str = ""
    start: int = 0
    end: int = 0

    def __repr__(self) -> str:
        return f"Raw({self.context.value} {self.field} {self.inner})"


def worth_a_look(name: str, value: str) -> bool:
    """Tell whether a value can be a secret at all; cheap."""
    return len(value) >= SHORTEST or (value != "" and promise(name) is not None)


def placed(raws: Iterable[Raw], origin: Origin, resource: ResourceId | None) -> Iterator[Candidate]:
    """Give raw candidates of one document their origins."""
    for raw in raws:
        yield Candidate(
            context=raw.context,
            name=raw.name,
            value=Plaintext(raw.value),
            origin=origin.at(raw.field, inner=raw.inner, start=raw.start, end=raw.end),
            resource=resource,
        )

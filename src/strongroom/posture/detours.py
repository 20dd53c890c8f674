"""What the checks for detours to Secrets share."""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.finding import Audience, Related, Severity
from strongroom.model.reach import Detour, Through
from strongroom.posture.check import Hit
from strongroom.posture.grants import operator_named, words

_NAMED = 3
_OTHERS = 5


def through(detour: Detour, what: Through) -> Iterator[Hit]:
    """Yield the hit for a detour that leads through something; known operators are told to the pedantic only."""
    if detour.through is not what:
        return
    binding = detour.evidence[0]
    if binding.origin is None:
        return
    more = len(detour.holders) - 1
    also = f"; {more} more with such rights there do too" if more > 1 else "; one more does too" if more else ""
    operator = all(operator_named(holder.name) for holder in detour.holders)
    yield Hit(
        f"{detour.holders[0].show()} reaches Secrets of {_places(detour)} by a right in namespace {detour.given}:"
        f" {detour.title}{also}",
        binding.origin,
        binding.resource,
        severity=Severity.MEDIUM if operator else None,
        audience=Audience.PEDANTIC if operator else None,
        related=tuple(_related(detour)),
        about=detour.given,
    )


def _places(detour: Detour) -> str:
    named = list(detour.namespaces[:_NAMED])
    rest = len(detour.namespaces) - len(named)
    if rest:
        named.append(f"{rest} more")
    return f"namespace{'' if len(detour.namespaces) == 1 else 's'} {words(named)}"


def _related(detour: Detour) -> Iterator[Related]:
    then = f"; then: {', '.join(detour.steps)}" if detour.steps else ""
    for one in detour.evidence[1:]:
        if one.origin is not None and one.resource is not None:
            yield Related(one.origin, f"{one.note or one.role}{then}", one.resource)
            then = ""
    for one in detour.others[:_OTHERS]:
        if one.origin is not None and one.resource is not None:
            yield Related(one.origin, "another such right in the namespace", one.resource)

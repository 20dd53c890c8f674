"""The wiring of ``strongroom access who-can``: from sources to the answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import BinaryIO

import msgspec

import strongroom
from strongroom.access import rbac_defaults
from strongroom.access.membership import Members
from strongroom.access.rbac import Rbac
from strongroom.access.rbac_facts import rbac_of
from strongroom.access.who_can import dangling, who_can
from strongroom.access.who_can_question import question
from strongroom.inventory.join import build as join
from strongroom.model.facts import Facts
from strongroom.model.holders import Asked, Grounds, Holder, HoldersReport, Place
from strongroom.survey.locate import Locator
from strongroom.survey.objects import read_objects
from strongroom.survey.run import Request, coverage

_LARGEST_PLACED = 8 << 20
"""Bytes of a file in which exact lines are looked up; what is larger is a dump."""

_PLACED_HOLDERS = 2_000
_RBAC_TYPES = ("clusterroles", "clusterrolebindings", "roles", "rolebindings")


class Words(msgspec.Struct, frozen=True):
    """The words of a question: ``verb`` and ``what`` as typed."""

    verb: str
    what: str
    namespaces: tuple[str, ...] = ()
    subresource: str = ""


def answer(request: Request, words: Words, members: Members, *, stdin: BinaryIO | None = None) -> HoldersReport:
    """Read the sources and say who may do one thing.

    Raises:
        StrongroomError: a source cannot be read at all.
        SourceError: there is no Kubernetes object in them.
        UsageError: the question names no type or verb that is known.
    """
    reading = read_objects(request, stdin)
    now = request.now or datetime.now(UTC)
    facts = join(reading.resources, (), (), request.settings, now, (), reading.gaps, (), reading.stores)
    rbac = rbac_of(facts)
    asked = question(words.verb, words.what, words.namespaces, words.subresource, facts, rbac)
    found = who_can(asked, rbac, facts, members)
    limits = msgspec.structs.replace(request.limits, max_bytes=_LARGEST_PLACED)
    locator = Locator(reading.texts, limits, ())
    return HoldersReport(
        tool=f"strongroom {strongroom.__version__}",
        asked=asked,
        sources=request.sources,
        created=now.astimezone(UTC).isoformat(timespec="seconds"),
        holders=tuple(_placed(one, locator) for one in found[:_PLACED_HOLDERS]) + found[_PLACED_HOLDERS:],
        refused=tuple((resource.id, reason) for resource, reason in rbac.refused),
        dangling=dangling(rbac),
        notes=tuple(_notes(asked, facts, rbac)),
        skipped=tuple(sorted(reading.skipped)),
        coverage=coverage(reading),
    )


def _notes(asked: Asked, facts: Facts, rbac: Rbac) -> Iterator[str]:
    unread = [plural for plural in _RBAC_TYPES if facts.lacks("", f"{plural}.rbac.authorization.k8s.io")]
    if unread:
        yield f"{', '.join(unread)} could not be listed in every namespace: there may be more"
    if (asked.group, asked.resource) in (("", "secrets"), ("", "configmaps")) and asked.verb in (
        "get",
        "list",
        "watch",
    ):
        yield f"every node also reads the {asked.resource} of the pods that run on it, which no role says"
    known = {binding.resource.namespace for binding in rbac.bindings}.union(
        (resource.namespace for resource in facts.resources), (r.name for r in facts.of_kind("Namespace")), ("default",)
    )
    for namespace in asked.namespaces:
        if namespace not in known:
            yield f"the sources hold nothing of the namespace {namespace}"
    if all(rbac_defaults.is_default(binding.resource) for binding in rbac.bindings):
        yield "the sources hold no binding of their own"


def _placed(holder: Holder, locator: Locator) -> Holder:
    grounds = tuple(_grounds(one, locator) for one in holder.grounds)
    return msgspec.structs.replace(holder, grounds=grounds)


def _grounds(one: Grounds, locator: Locator) -> Grounds:
    return msgspec.structs.replace(one, binding=_place(one.binding, locator), role=_place(one.role, locator))


def _place(place: Place, locator: Locator) -> Place:
    if place.supposed:
        return place
    return msgspec.structs.replace(place, origin=locator.origin(place.origin, place.resource))

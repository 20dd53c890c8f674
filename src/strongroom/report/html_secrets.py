"""The Secrets of the HTML report: an index, and a page for each with its way drawn."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from strongroom.model.finding import Severity
from strongroom.model.plaintext import short
from strongroom.model.report import Report
from strongroom.model.resource import ResourceId
from strongroom.model.secret import Consumer, Definition, SecretKey, SecretRecord, Stored
from strongroom.report.html_charts import WORST_FIRST, defined_by, delivered_by
from strongroom.report.html_findings import Link
from strongroom.report.html_flow import Badge, Flow, draw, stored_in
from strongroom.report.html_links import Mark, Spot
from strongroom.report.html_text import MESSAGE_LIMIT, Anchors, place, rank, show
from strongroom.report.values import Shared, describe
from strongroom.report.wording import plural

ROW_LIMIT = 5_000
"""Rows of the index."""

PAGE_LIMIT = 600
"""Secrets that get a page of their own, about 10 kB each; those with findings come first."""

LIST_LIMIT = 60
"""Rows of each list on a page."""

SHARED_LIMIT = 200
"""Values in several places that are listed."""

PLACE_LIMIT = 10
"""Places that are listed of each of them."""


NAMELESS = "(no name)"
"""What a Secret is called whose manifest names none."""

_RELATIONS = {
    "defined": "on what defines it",
    "value": "its value stands there too",
    "stored": "on its store",
    "consumed": "where it is consumed",
}


class Row(msgspec.Struct, frozen=True):
    """One Secret in the index."""

    name: str
    namespace: str
    target: str
    defined: str
    stored: str
    delivered: str
    consumers: int
    keys: str
    counts: tuple[tuple[str, int], ...]


class KeyView(msgspec.Struct, frozen=True):
    """One key; ``marks`` are pairs of tone and words."""

    name: str
    place: str
    fingerprint: str
    marks: tuple[tuple[str, str], ...]
    elsewhere: int
    shared: str


class DefinitionView(msgspec.Struct, frozen=True):
    """One definition."""

    how: str
    resource: str
    type: str
    place: str
    notes: tuple[str, ...]


class StoredView(msgspec.Struct, frozen=True):
    """One place in an external store."""

    provider: str
    store: str
    path: str
    property: str
    key: str
    refresh: str
    place: str


class ConsumerView(msgspec.Struct, frozen=True):
    """One use."""

    way: str
    resource: str
    container: str
    key: str
    target: str
    optional: bool
    place: str


class About(msgspec.Struct, frozen=True):
    """A finding about a Secret."""

    anchor: str
    target: str
    severity: str
    title: str
    message: str
    place: str
    relation: str


class Page(msgspec.Struct, frozen=True):
    """A Secret's page. ``more`` says how many rows each list leaves out."""

    anchor: str
    name: str
    namespace: str
    type: str
    counts: tuple[tuple[str, int], ...]
    flow: Flow
    keys: tuple[KeyView, ...]
    keys_known: bool
    definitions: tuple[DefinitionView, ...]
    stored: tuple[StoredView, ...]
    consumers: tuple[ConsumerView, ...]
    findings: tuple[About, ...]
    more: dict[str, int]


class SharedView(msgspec.Struct, frozen=True):
    """One value in several places."""

    anchor: str
    fingerprint: str
    what: str
    count: int
    places: tuple[tuple[str, str, Link], ...]


def paged(report: Report, limit: int = PAGE_LIMIT) -> tuple[int, ...]:
    """Return the indices of the Secrets that get a page: all, or those with the worst findings and then the first."""
    if len(report.secrets) <= limit:
        return tuple(range(len(report.secrets)))
    worst: dict[object, Severity] = {}
    for finding in report.findings:
        for known in (finding.resource, finding.value):
            if known is not None:
                worst[known] = max(finding.severity, worst.get(known, Severity.INFO))

    def urgency(index: int) -> tuple[int, int]:
        record = report.secrets[index]
        found = [worst.get(d.resource) for d in record.definitions]
        found += [worst.get(k.fingerprint) for d in record.definitions for k in d.keys if k.fingerprint]
        return -max((rank(severity) for severity in found), default=-1), index

    return tuple(sorted(sorted(range(len(report.secrets)), key=urgency)[:limit]))


def links_of(report: Report, pages: Sequence[int], anchors: Anchors) -> dict[int, Link]:
    """Give each Secret that has a page an id made of its name."""
    return {
        index: Link(
            show(report.secrets[index].ref.show()) or NAMELESS, anchors.take("secret", report.secrets[index].ref.show())
        )
        for index in pages
    }


class Secrets:
    """Builds the views of one report's Secrets.

    Args:
        report: the report.
        links: the ids of the pages, by index.
        marks: the findings about each Secret that has a page, by index.
        ids: the ids of the findings that are shown, by index.
        shared: the values that stand in several places.
        anchors: where the other ids come from.
    """

    def __init__(
        self,
        report: Report,
        links: Mapping[int, Link],
        marks: Mapping[int, tuple[Mark, ...]],
        ids: Mapping[int, str],
        shared: Sequence[Shared],
        anchors: Anchors,
    ) -> None:
        self._report = report
        self._links = links
        self._marks = marks
        self._ids = ids
        self._anchors = anchors
        self._places = {one.fingerprint: len(one.places) for one in shared}
        self._listed = {one.fingerprint: anchors.take("value", one.fingerprint[:8]) for one in shared[:SHARED_LIMIT]}
        self._page_of: dict[ResourceId | None, str] = {
            definition.resource: link.target
            for number, link in links.items()
            for definition in report.secrets[number].definitions
        }

    def rows(self) -> tuple[Row, ...]:
        """Return the index, in the order of the inventory; Secrets that have a page are always in it."""
        numbers = sorted(set(self._links) | set(range(min(len(self._report.secrets), ROW_LIMIT))))[:ROW_LIMIT]
        return tuple(self._row(number, self._report.secrets[number]) for number in numbers)

    def pages(self) -> tuple[Page, ...]:
        """Return the pages."""
        return tuple(self._page(number) for number in sorted(self._links))

    def shared(self, shared: Sequence[Shared]) -> tuple[SharedView, ...]:
        """Return the values in several places, those in most places first."""
        views = [self._shared(one) for one in shared[:SHARED_LIMIT]]
        return tuple(sorted(views, key=lambda view: (-view.count, view.fingerprint)))

    def _row(self, number: int, record: SecretRecord) -> Row:
        link = self._links.get(number)
        return Row(
            name=show(record.ref.name) or NAMELESS,
            namespace=show(record.ref.namespace),
            target=link.target if link else "",
            defined=", ".join(defined_by(record)),
            stored=", ".join(stored_in(record)[:4]),
            delivered=", ".join(delivered_by(record)),
            consumers=len({consumer.resource for consumer in record.consumers}),
            keys=_key_count(record),
            counts=self._counts(number),
        )

    def _counts(self, number: int) -> tuple[tuple[str, int], ...]:
        counts = Counter(self._report.findings[mark.finding].severity for mark in self._marks.get(number, ()))
        return tuple((severity.label, counts[severity]) for severity in WORST_FIRST if counts[severity])

    def _page(self, number: int) -> Page:
        record, anchor = self._report.secrets[number], self._links[number].target
        marks = self._marks.get(number, ())
        rows = {mark.finding: self._anchors.take("about", f"{anchor[7:50]}-{mark.finding}") for mark in marks}
        keys = [key for definition in record.definitions for key in definition.keys]
        lists = {
            "keys": keys,
            "definitions": record.definitions,
            "stored": record.stored,
            "consumers": record.consumers,
            "findings": marks,
        }
        return Page(
            anchor=anchor,
            name=show(record.ref.name) or NAMELESS,
            namespace=show(record.ref.namespace),
            type=show(record.type),
            counts=self._counts(number),
            flow=draw(record, self._badges(marks, rows)),
            keys=tuple(self._key(key) for key in keys[:LIST_LIMIT]),
            keys_known=all(definition.keys_known for definition in record.definitions),
            definitions=tuple(_definition(definition) for definition in record.definitions[:LIST_LIMIT]),
            stored=tuple(_stored(stored) for stored in record.stored[:LIST_LIMIT]),
            consumers=tuple(_consumer(consumer) for consumer in record.consumers[:LIST_LIMIT]),
            findings=tuple(self._about(mark, rows[mark.finding]) for mark in marks[:LIST_LIMIT]),
            more={name: max(len(rows) - LIST_LIMIT, 0) for name, rows in lists.items()},
        )

    def _badges(self, marks: Sequence[Mark], rows: Mapping[int, str]) -> dict[Spot, Badge]:
        spots: dict[Spot, list[int]] = defaultdict(list)
        for mark in marks:
            spots[mark.spot].append(mark.finding)
        badges = {}
        for spot, found in spots.items():
            worst = max(found, key=lambda index: (self._report.findings[index].severity, -index))
            listed = worst if worst in {mark.finding for mark in marks[:LIST_LIMIT]} else marks[0].finding
            badges[spot] = Badge(len(found), self._report.findings[worst].severity.label, rows[listed])
        return badges

    def _key(self, key: SecretKey) -> KeyView:
        marks = []
        if key.weak:
            marks.append(("high", f"weak: {show(key.weak)}"))
        if key.placeholder:
            marks.append(("quiet", "placeholder"))
        if key.public:
            marks.append(("quiet", "public"))
        secret = key.fingerprint is not None and not key.public and not key.placeholder
        elsewhere = self._places.get(key.fingerprint, 1) - 1 if key.fingerprint and secret else 0
        return KeyView(
            name=show(key.name),
            place=place(key.origin),
            fingerprint=short(key.fingerprint) if key.fingerprint else "",
            marks=tuple(marks),
            elsewhere=elsewhere,
            shared=self._listed.get(key.fingerprint, "") if key.fingerprint and elsewhere else "",
        )

    def _about(self, mark: Mark, anchor: str) -> About:
        finding = self._report.findings[mark.finding]
        return About(
            anchor=anchor,
            target=self._ids[mark.finding],
            severity=finding.severity.label,
            title=show(finding.title, MESSAGE_LIMIT),
            message=show(finding.message, MESSAGE_LIMIT),
            place=place(finding.origin),
            relation=_RELATIONS[mark.spot.stage],
        )

    def _shared(self, one: Shared) -> SharedView:
        places = tuple(
            (
                standing.context,
                place(standing.origin),
                Link(show(describe(standing), 200), self._page_of.get(standing.resource, "")),
            )
            for standing in one.places[:PLACE_LIMIT]
        )
        return SharedView(
            self._listed[one.fingerprint], short(one.fingerprint), show(one.what), len(one.places), places
        )


def _key_count(record: SecretRecord) -> str:
    names = {key.name for definition in record.definitions for key in definition.keys}
    known = record.definitions and all(definition.keys_known for definition in record.definitions)
    return f"{len(names):,}" if known else (f"{len(names):,} or more" if names else "not known")


def _definition(definition: Definition) -> DefinitionView:
    notes = [
        plural(len(definition.keys), "key") if definition.keys_known else "keys not known",
        "immutable" if definition.immutable else "",
        f"created {show(definition.created)}" if definition.created else "",
        f"changed {show(definition.changed)} ({show(definition.changed_by)})" if definition.changed else "",
    ]
    return DefinitionView(
        how=definition.how.value,
        resource=show(definition.resource.show()),
        type=show(definition.type),
        place=place(definition.origin),
        notes=tuple(note for note in notes if note),
    )


def _stored(stored: Stored) -> StoredView:
    return StoredView(
        provider=show(stored.provider),
        store=show(stored.store),
        path=show(stored.path, MESSAGE_LIMIT),
        property=show(stored.property),
        key=show(stored.key),
        refresh=show(stored.refresh),
        place=place(stored.origin),
    )


def _consumer(consumer: Consumer) -> ConsumerView:
    return ConsumerView(
        way=consumer.way.value,
        resource=show(consumer.resource.show()),
        container=show(consumer.container),
        key=show(consumer.key),
        target=show(consumer.target, MESSAGE_LIMIT),
        optional=consumer.optional,
        place=place(consumer.origin),
    )

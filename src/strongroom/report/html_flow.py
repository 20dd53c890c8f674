"""The way of one Secret, laid out for drawing: defined → stored → delivered → consumed.

Every column lists boxes; between what stores a Secret and what delivers it stands the Secret itself, so that many
stores and many consumers do not become a thicket of lines. All lengths are in the drawing's own units.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from strongroom.model.resource import ResourceId
from strongroom.model.secret import Consumer, Definition, How, SecretRecord, Stored
from strongroom.report.html_links import VALUE, Spot
from strongroom.report.html_text import show
from strongroom.report.wording import plural

BOXES = 6
"""Boxes of a column; further ones are summed up in one, and listed below the drawing."""

COLUMNS = (("Defined", 0.0), ("Stored", 246.0), ("Delivered", 544.0), ("Consumed", 790.0))
"""The columns and where they start."""

WIDTH, BOX_WIDTH, HUB_X, HUB_RADIUS = 1000.0, 210.0, 500.0, 15.0
_TOP, _GAP, _PADDING, _TITLE, _LINE = 34.0, 12.0, 9.0, 18.0, 15.0
_TITLE_CHARACTERS, _LINE_CHARACTERS = 20, 28
_LINES = 3
_ARROW = 5.0

# External Secrets reads the store once where the interval is zero (https://external-secrets.io, refreshInterval).
_NEVER = re.compile(r"0+(\.0+)?([a-zµ]+)?")

_WHERE = {
    How.SECRET: ("manifest", "readable in the file"),
    How.SOPS: ("encrypted file", "SOPS"),
    How.SEALED_SECRET: ("encrypted manifest", "for the sealing controller"),
    How.EXTERNAL_SECRET: ("external store", "not in the sources"),
    How.SECRET_PROVIDER_CLASS: ("external store", "not in the sources"),
    How.CERTIFICATE: ("cluster", "issued by cert-manager"),
    How.SECRET_GENERATOR: ("kustomization", "files or literals beside it"),
    How.SERVICE_ACCOUNT_TOKEN: ("cluster", "made by the control plane"),
    How.OPERATOR: ("cluster", "made by an operator"),
}


class Badge(msgspec.Struct, frozen=True):
    """The findings at a box: how many, the worst severity, and the row that lists the first."""

    count: int
    tone: str
    target: str


class Box(msgspec.Struct, frozen=True):
    """A box with its text; ``full`` is what was too long for it."""

    x: float
    y: float
    height: float
    title: str
    lines: tuple[str, ...]
    full: str
    missing: bool
    badge: Badge | None

    @property
    def middle(self) -> float:
        """Half its height down."""
        return self.y + self.height / 2


class Flow(msgspec.Struct, frozen=True):
    """A drawing; ``spoken`` says in words what it shows."""

    height: float
    boxes: tuple[Box, ...]
    lines: tuple[str, ...]
    hub_y: float
    hub_badge: Badge | None
    spoken: str


class _Draft(msgspec.Struct, frozen=True):
    """What a box says before it has a place. ``spots``: the parts of the way that it stands for."""

    key: str
    title: str
    lines: tuple[str, ...] = ()
    spots: tuple[Spot, ...] = ()
    missing: bool = False


def draw(record: SecretRecord, badges: Mapping[Spot, Badge]) -> Flow:
    """Lay out the way of one Secret; ``badges`` are the findings at its spots."""
    defined, stored, pairs = _origins(record)
    ways, users, uses = _uses(record)
    columns = [_folded(drafts) for drafts in (defined, stored, ways, users)]
    tallest = max(_tall(column) for column in columns)
    placed = [_place(column, x, tallest, badges) for column, (_, x) in zip(columns, COLUMNS, strict=True)]
    hub = _TOP + tallest / 2
    lines = [_line(placed[0][one], placed[1][other]) for one, other in _known(pairs, placed[0], placed[1])]
    if defined[0].missing:
        lines = []
    lines += [_curve(box.x + BOX_WIDTH, box.middle, HUB_X - HUB_RADIUS - 2, hub) for box in placed[1].values()]
    if record.consumers:
        lines += [_curve(HUB_X + HUB_RADIUS + 2, hub, box.x, box.middle) for box in placed[2].values()]
        lines += [_line(placed[2][one], placed[3][other]) for one, other in _known(uses, placed[2], placed[3])]
    return Flow(
        height=round(_TOP + tallest + 6, 1),
        boxes=tuple(box for column in placed for box in column.values()),
        lines=tuple(dict.fromkeys(lines)),
        hub_y=round(hub, 1),
        hub_badge=badges.get(VALUE),
        spoken=_spoken(record),
    )


def stored_in(record: SecretRecord) -> tuple[str, ...]:
    """Name where the values of a Secret are kept, each place once."""
    names = [_store_title(stored) for stored in record.stored]
    names += [_where(d)[0] for d in record.definitions if not (record.stored and _is_external(d))]
    return tuple(dict.fromkeys(names))


def _origins(record: SecretRecord) -> tuple[list[_Draft], list[_Draft], list[tuple[str, str]]]:
    if not record.definitions and not record.stored:
        return (
            [_Draft("none", "not defined", ("in the sources",), missing=True)],
            [_Draft("none", "unknown", missing=True)],
            [],
        )
    defined = [_defined(index, definition) for index, definition in enumerate(record.definitions)]
    stored = [_stored(index, store) for index, store in enumerate(record.stored)]
    pairs: list[tuple[str, str]] = []
    for draft, definition in zip(defined, record.definitions, strict=True):
        if record.stored and _is_external(definition):
            pairs += [(draft.key, f"s{i}") for i in _stores_of(definition, record.stored)]
            continue
        title, note = _where(definition)
        if all(known.key != title for known in stored):
            stored.append(_Draft(title, title, (note,)))
        pairs.append((draft.key, title))
    return defined or [_Draft("none", "not defined", ("in the sources",), missing=True)], stored, pairs


def _stores_of(definition: Definition, stored: Sequence[Stored]) -> list[int]:
    place = (definition.origin.source, definition.origin.path, definition.origin.document)
    own = [
        index
        for index, store in enumerate(stored)
        if (store.origin.source, store.origin.path, store.origin.document) == place
    ]
    return own or list(range(len(stored)))


def _is_external(definition: Definition) -> bool:
    return definition.how in (How.EXTERNAL_SECRET, How.SECRET_PROVIDER_CLASS)


def _where(definition: Definition) -> tuple[str, str]:
    if definition.how is How.SECRET and not definition.origin.path:
        return "cluster", "readable through its API"
    return _WHERE[definition.how]


def _defined(index: int, definition: Definition) -> _Draft:
    origin = definition.origin
    keys = plural(len(definition.keys), "key") if definition.keys_known else "keys not known"
    place = f"{origin.path or origin.source}:{origin.line}"
    lines = (place, keys if not definition.type else f"{keys} · {definition.type}")
    return _Draft(f"d{index}", definition.how.value, lines, (Spot("defined", index),))


def _stored(index: int, stored: Stored) -> _Draft:
    path = f"{stored.path}#{stored.property}" if stored.property else stored.path
    refresh = f"refreshed every {stored.refresh}" if stored.refresh else ""
    if _NEVER.fullmatch(stored.refresh):
        refresh = "read once, never again"
    lines = tuple(text for text in (stored.store if stored.provider else "", path, refresh) if text)
    return _Draft(f"s{index}", _store_title(stored), lines, (Spot("stored", index),))


def _store_title(stored: Stored) -> str:
    return show(stored.provider or stored.store or "external store", 60)


def _uses(record: SecretRecord) -> tuple[list[_Draft], list[_Draft], list[tuple[str, str]]]:
    if not record.consumers:
        nobody = _Draft("none", "nobody", ("no consumer in the sources",), missing=True)
        return [_Draft("none", "not delivered", missing=True)], [nobody], []
    ways: dict[str, list[tuple[int, Consumer]]] = {}
    users: dict[str, list[tuple[int, Consumer]]] = {}
    pairs: dict[tuple[str, str], None] = {}
    names: dict[str, ResourceId] = {}
    for index, consumer in enumerate(record.consumers):
        user = consumer.resource.show()
        names[user] = consumer.resource
        ways.setdefault(consumer.way.value, []).append((index, consumer))
        users.setdefault(user, []).append((index, consumer))
        pairs[(consumer.way.value, user)] = None
    # Users stand in the order of the ways that they use, so that fewer lines cross.
    order = {title: number for number, title in enumerate(ways)}
    ordered = sorted(users, key=lambda user: min(order[consumer.way.value] for _, consumer in users[user]))
    return (
        [_way(title, found) for title, found in ways.items()],
        [_user(key, names[key], users[key]) for key in ordered],
        list(pairs),
    )


def _way(title: str, found: Sequence[tuple[int, Consumer]]) -> _Draft:
    targets = list(dict.fromkeys(c.target or c.key for _, c in found if c.target or c.key))
    lines = targets if len(targets) <= _LINES else [*targets[: _LINES - 1], f"and {len(targets) - _LINES + 1:,} more"]
    # Findings at a reference are shown at the consumer; the way only names the form.
    return _Draft(title, title, tuple(lines))


def _user(key: str, resource: ResourceId, found: Sequence[tuple[int, Consumer]]) -> _Draft:
    containers = list(dict.fromkeys(consumer.container for _, consumer in found if consumer.container))
    lines = [f"{resource.kind} in {resource.namespace}" if resource.namespace else resource.kind]
    if containers:
        lines.append(", ".join(containers[:4]) + (" …" if len(containers) > 4 else ""))
    return _Draft(key, resource.name, tuple(lines), tuple(Spot("consumed", index) for index, _ in found))


def _folded(drafts: Sequence[_Draft]) -> list[_Draft]:
    if len(drafts) <= BOXES:
        return list(drafts)
    rest = drafts[BOXES - 1 :]
    spots = tuple(spot for draft in rest for spot in draft.spots)
    return [*drafts[: BOXES - 1], _Draft("more", f"and {len(rest):,} more", ("listed below",), spots)]


def _tall(column: Sequence[_Draft]) -> float:
    return sum(_height(draft) for draft in column) + _GAP * (len(column) - 1)


def _height(draft: _Draft) -> float:
    return 2 * _PADDING + _TITLE + _LINE * len(draft.lines[:_LINES])


def _place(column: Sequence[_Draft], x: float, tallest: float, badges: Mapping[Spot, Badge]) -> dict[str, Box]:
    y = _TOP + (tallest - _tall(column)) / 2
    boxes: dict[str, Box] = {}
    for draft in column:
        lines = tuple(fit(text, _LINE_CHARACTERS) for text in draft.lines[:_LINES])
        full = show(" · ".join((draft.title, *draft.lines)), 400)
        badge = _joined([badges[spot] for spot in draft.spots if spot in badges])
        title = fit(draft.title, _TITLE_CHARACTERS - (4 if badge else 0))
        boxes[draft.key] = Box(x, round(y, 1), _height(draft), title, lines, full, draft.missing, badge)
        y += _height(draft) + _GAP
    return boxes


def _joined(badges: Sequence[Badge]) -> Badge | None:
    if not badges:
        return None
    worst = min(badges, key=lambda badge: _TONES.index(badge.tone))
    return Badge(sum(badge.count for badge in badges), worst.tone, worst.target)


_TONES = ("critical", "high", "medium", "low", "info")


def _known(
    pairs: Sequence[tuple[str, str]], left: Mapping[str, Box], right: Mapping[str, Box]
) -> list[tuple[str, str]]:
    """Point pairs whose box was folded to the box that stands for the rest."""
    folded = {(one if one in left else "more", other if other in right else "more"): None for one, other in pairs}
    return list(folded)


def _line(left: Box, right: Box) -> str:
    return _curve(left.x + BOX_WIDTH, left.middle, right.x, right.middle)


def _curve(x1: float, y1: float, x2: float, y2: float) -> str:
    """Return a path from one box to the next with its arrow head; lines arrive level, so heads never turn."""
    bend, end = (x1 + x2) / 2, x2 - 1
    head = f"M{end - _ARROW:.1f} {y2 - _ARROW + 1:.1f}L{end:.1f} {y2:.1f}L{end - _ARROW:.1f} {y2 + _ARROW - 1:.1f}"
    return f"M{x1:.1f} {y1:.1f}C{bend:.1f} {y1:.1f} {bend:.1f} {y2:.1f} {end:.1f} {y2:.1f}{head}"


def fit(text: str, characters: int) -> str:
    """Shorten text to what a box holds; the end of a path says more than its start, so the middle goes."""
    text = show(text, 200)
    if len(text) <= characters:
        return text
    tail = (characters - 1) * 3 // 5
    return f"{text[: characters - 1 - tail]}…{text[-tail:]}"


def _spoken(record: SecretRecord) -> str:
    defined = ", ".join(dict.fromkeys(d.how.value for d in record.definitions)) or "nothing in the sources"
    stored = ", ".join(stored_in(record)[:4]) or "unknown"
    ways = ", ".join(dict.fromkeys(c.way.value for c in record.consumers))
    users = list(dict.fromkeys(consumer.resource.show() for consumer in record.consumers))
    if not users:
        return show(f"Defined by: {defined}. Stored in: {stored}. No consumer in the sources.", 600)
    named = ", ".join(show(user, 80) for user in users[:4]) + (
        f" and {len(users) - 4:,} more" if len(users) > 4 else ""
    )
    return show(f"Defined by: {defined}. Stored in: {stored}. Delivered by: {ways}. Consumed by: {named}.", 900)

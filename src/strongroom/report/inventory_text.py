"""The inventory for a terminal: each secret as it is defined, stored, delivered and consumed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from strongroom.model.origin import Origin
from strongroom.model.plaintext import short
from strongroom.model.report import Report
from strongroom.model.secret import Consumer, Definition, SecretKey, SecretRecord, Stored, Way
from strongroom.report.sanitise import NAME_LIMIT, PATH_LIMIT, line
from strongroom.report.terminal import Terminal
from strongroom.report.text_coverage import coverage
from strongroom.report.text_layout import Layout
from strongroom.report.values import Shared, describe, shared_values
from strongroom.report.wording import plural

_DAY = len("2026-01-31")
_SHOWN = 20
_ZERO = re.compile(r"(0+(ns|us|ms|s|m|h)?)+")
_LABEL = 13

_Parts = tuple[str | tuple[str, str], ...]


def render(report: Report, terminal: Terminal) -> Iterator[str]:
    """Yield one block per secret, then the values that stand in several places, what was read, and the totals."""
    layout = Layout(terminal)
    shared = shared_values(report)
    for record in report.secrets:
        yield "".join(_secret(record, {one.fingerprint: one for one in shared}, layout))
    if shared:
        yield "".join(_shared(shared, layout))
    yield "".join(coverage(report, layout))
    yield _totals(report, shared, layout)


def _secret(record: SecretRecord, shared: dict[str, Shared], layout: Layout) -> Iterator[str]:
    kind = f"  {line(record.type, NAME_LIMIT)}" if record.definitions else ""
    yield layout.put((line(record.ref.show(), 2 * NAME_LIMIT), "bold"), (kind, "dim"))
    yield from _rows("defined", [_defined(one) for one in record.definitions], "nowhere in the sources", layout)
    if record.stored:
        yield from _rows("stored", [_stored(one) for one in record.stored], "", layout)
    ways = sorted({consumer.way.value for consumer in record.consumers})
    if ways:
        yield from _rows("delivered", [(", ".join(ways),)], "", layout)
    yield from _rows("consumed", [_consumed(one) for one in record.consumers], "by nothing in the sources", layout)
    keys = {key.name: key for definition in record.definitions for key in definition.keys}
    yield from _rows("keys", [_key(key, shared) for key in keys.values()], "", layout)
    yield "\n"


def _rows(label: str, rows: Sequence[_Parts], empty: str, layout: Layout) -> Iterator[str]:
    if not rows and empty:
        yield layout.put((empty, "yellow"), lead=f"  {label:<{_LABEL - 2}}")
    shown = rows if layout.verbose else rows[:_SHOWN]
    for index, parts in enumerate(shown):
        lead = f"  {label if index == 0 else '':<{_LABEL - 2}}"
        yield layout.put(*parts, lead=lead, hang=_LABEL + 2)
    if len(rows) > len(shown):
        yield layout.put((f"and {len(rows) - len(shown):,} more (--verbose lists them)", "dim"), lead=" " * _LABEL)


def _at(origin: Origin) -> tuple[str, str]:
    return f"  {line(origin.show(), PATH_LIMIT)}", "cyan"


def _defined(one: Definition) -> _Parts:
    name = line(one.resource.show(), 2 * NAME_LIMIT)
    how = one.how.value if one.how.value == one.resource.kind else f"{one.how.value}, {name}"
    marks = " (immutable)" if one.immutable else ""
    since = f", created {one.created[:_DAY]}" if one.created else ""
    changed = f", changed {one.changed[:_DAY]}" if one.changed else ""
    return f"by {how}{marks}{since}{changed}", _at(one.origin)


def _stored(one: Stored) -> _Parts:
    path = f"{one.path}#{one.property}" if one.property else one.path
    text = f"{line(one.provider or 'unknown provider')}: {line(path, PATH_LIMIT)}"
    into = f" into {line(one.key, NAME_LIMIT)}" if one.key else ""
    refresh = ""
    if one.refresh:
        never = _ZERO.fullmatch(one.refresh)
        refresh = ", never refreshed" if never else f", every {line(one.refresh, NAME_LIMIT)}"
    return f"{text}{into} ({line(one.store, NAME_LIMIT)}{refresh})", _at(one.origin)


def _consumed(one: Consumer) -> _Parts:
    text = f"by {line(one.resource.show(), 2 * NAME_LIMIT)}"
    if one.container:
        text += f", container {line(one.container, NAME_LIMIT)}"
    text += f": {one.way.value}"
    if one.target and one.way is not Way.ENV_FROM:
        text += f" {line(one.target, PATH_LIMIT)}"
    if one.key:
        text += f" from key {line(one.key, NAME_LIMIT)}"
    return text + (" (optional)" if one.optional else ""), _at(one.origin)


def _key(key: SecretKey, shared: dict[str, Shared]) -> _Parts:
    marks: list[str | tuple[str, str]] = []
    if key.public:
        marks.append("  public")
    if key.placeholder:
        marks.append(("  placeholder", "yellow"))
    if key.weak:
        marks.append((f"  weak: {line(key.weak)}", "yellow"))
    if key.fingerprint and key.fingerprint in shared:
        marks.append((f"  in {len(shared[key.fingerprint].places)} places", "yellow"))
    print_ = short(key.fingerprint) if key.fingerprint else "value not in the sources"
    return line(key.name, NAME_LIMIT), (f"  {print_}", "dim"), *marks


def _shared(shared: Iterable[Shared], layout: Layout) -> Iterator[str]:
    yield layout.put(("Values in several places", "bold"))
    for value in shared:
        yield layout.put((short(value.fingerprint), "bold"), f"  {line(value.what)}", lead="  ")
        places = value.places if layout.verbose else value.places[:_SHOWN]
        for place in places:
            yield layout.put(describe(place), _at(place.origin), lead="    ", hang=6)
        if len(value.places) > len(places):
            yield layout.put((f"and {len(value.places) - len(places):,} more", "dim"), lead="    ")
    yield "\n"


def _totals(report: Report, shared: Sequence[Shared], layout: Layout) -> str:
    dangling = sum(not record.definitions for record in report.secrets)
    unused = sum(not record.consumers for record in report.secrets)
    parts = [f"{plural(len(report.secrets), 'secret')}"]
    if dangling:
        parts.append(f"{dangling:,} only referenced")
    if unused:
        parts.append(f"{unused:,} used by nothing here")
    if shared:
        parts.append(f"{plural(len(shared), 'value')} in several places")
    return layout.put(", ".join(parts) + ".")

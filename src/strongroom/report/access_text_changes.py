"""What a change changes, and access reviews, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from strongroom.model.access import Node
from strongroom.model.access_report import AccessReport, Change, ReviewRow
from strongroom.report.access_text_routes import route_lines
from strongroom.report.access_words import acts, control_plane_too, named, title
from strongroom.report.sanitise import NAME_LIMIT, line
from strongroom.report.text_layout import Layout
from strongroom.report.wording import plural

_SHOWN = 20
_NAMED = 5
_DAY = len("2026-01-31")


def changes(report: AccessReport, layout: Layout) -> Iterator[str]:
    """Yield who reaches more, who reaches less, and who reaches what is new; the control plane is counted apart."""
    for heading, style, chosen in (
        ("reach more", "bold bright_red", [one for one in report.changes if one.gained]),
        ("reach less", "green", [one for one in report.changes if one.lost]),
        ("reach Secrets that are new", "", [one for one in report.changes if one.on_new]),
    ):
        if not chosen:
            continue
        others = [one for one in chosen if one.identity not in report.control_plane]
        people = plural(len(others), "identity", "identities") if others else "nobody"
        verb, _, rest = heading.partition(" ")
        said = f"{people} {verb}{'' if len(others) > 1 else 'es'} {rest}"
        yield layout.put(
            (said, f"bold {style}".strip()), control_plane_too(len(chosen) - len(others), verbose=layout.verbose)
        )
        yield "\n"
        shown = chosen if layout.verbose else others[:_SHOWN]
        for one in shown:
            yield from _change(report, one, heading, layout)
        if not layout.verbose and len(others) > len(shown):
            yield layout.put((f"and {len(others) - len(shown):,} more (--verbose lists them)", "dim"))
            yield "\n"
    if not report.changes:
        yield layout.put(("Nobody reaches more or less than before.", "bold"))
        yield "\n"


def _change(report: AccessReport, one: Change, heading: str, layout: Layout) -> Iterator[str]:
    yield layout.put((named(one.identity), "bold"), lead="  ")
    if heading == "reach more":
        shown = one.gained if layout.verbose else one.gained[:_NAMED]
        for reached in shown:
            yield layout.put(f"+ {named(reached.node)}", (f"  {acts(reached.steps)}", "dim"), lead="    ")
            if reached.route is not None:
                yield from route_lines(report, reached.route, layout, indent=6)
        yield from _more(len(one.gained) - len(shown), layout)
    else:
        sign, nodes = ("-", one.lost) if heading == "reach less" else ("*", one.on_new)
        yield from _nodes(sign, nodes, layout)
    yield "\n"


def _nodes(sign: str, nodes: Sequence[Node], layout: Layout) -> Iterator[str]:
    shown = nodes if layout.verbose else nodes[:_NAMED]
    for node in shown:
        yield layout.put(f"{sign} {named(node)}", lead="    ")
    yield from _more(len(nodes) - len(shown), layout)


def _more(number: int, layout: Layout) -> Iterator[str]:
    if number:
        yield layout.put((f"and {plural(number, 'Secret')} more", "dim"), lead="    ")


def review(report: AccessReport, layout: Layout) -> Iterator[str]:
    """Yield the lines of an access review, each with what it is granted by."""
    last = None
    shown = report.review if layout.verbose else report.review[: 5 * _SHOWN]
    for row in shown:
        if row.identity != last:
            members = f"  {plural(row.members, 'member')} known" if row.members else ""
            yield "\n" if last is not None else ""
            yield layout.put((named(row.identity), "bold"), (members, "dim"))
            last = row.identity
        yield from _row(report, row, layout)
    yield "\n"
    if len(report.review) > len(shown):
        yield layout.put((f"and {len(report.review) - len(shown):,} lines more (--verbose lists them)", "dim"))
    identities = len({row.identity for row in report.review})
    reach = "reaches" if identities == 1 else "reach"
    yield layout.put((f"{plural(identities, 'identity', 'identities')} {reach} Secrets.", "bold"))


def _row(report: AccessReport, row: ReviewRow, layout: Layout) -> Iterator[str]:
    where = f"{line(row.namespace, NAME_LIMIT)}: " if row.namespace else ""
    what = f"every Secret ({row.count:,})"
    if row.secrets:
        names = row.secrets if layout.verbose else row.secrets[:_NAMED]
        rest = f" and {len(row.secrets) - len(names):,} more" if len(row.secrets) > len(names) else ""
        what = ", ".join(line(name, NAME_LIMIT) for name in names) + rest
    yield layout.put(f"{where}{what}", (f"  {acts(row.steps)}", "dim"), lead="  ", hang=4)
    how = ", then ".join(title(report, way) for way in row.means)
    facts = [how] if how else []
    if row.granted_by:
        facts.append(f"by {line(row.granted_by, 2 * NAME_LIMIT)}")
    if row.changed:
        facts.append(f"last change {row.changed[:_DAY]}")
    if row.owners:
        facts.append(f"owned by {', '.join(line(owner, NAME_LIMIT) for owner in row.owners[:_NAMED])}")
    if facts:
        yield layout.put(("; ".join(facts), "dim"), lead="      ")

"""Who may do one thing, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.holders import Grounds, Holder, HoldersReport, Place
from strongroom.model.rbac import Subject
from strongroom.report.access_words import control_plane_too
from strongroom.report.sanitise import NAME_LIMIT, PATH_LIMIT, line
from strongroom.report.terminal import Terminal
from strongroom.report.text_layout import Layout
from strongroom.report.wording import plural

_SHOWN = 100
_GROUNDS = 5
_NAMES = 10
_LEFT_OUT = 5


def render(report: HoldersReport, terminal: Terminal) -> Iterator[str]:
    """Yield each holder with what gives it, then what was left out of account, and the total."""
    layout = Layout(terminal)
    own = [holder for holder in report.holders if not holder.control_plane]
    yield layout.put(("Who can ", ""), (line(report.asked.show()), "bold")) + "\n"
    listed = report.holders if layout.verbose else own
    shown = listed if layout.verbose else listed[:_SHOWN]
    for holder in shown:
        yield from _holder(holder, layout)
    if len(listed) > len(shown):
        yield layout.put((f"and {len(listed) - len(shown):,} more (--verbose lists them)", "dim")) + "\n"
    yield from _notes(report, layout)
    yield from _total(report, len(own), layout)


def _holder(holder: Holder, layout: Layout) -> Iterator[str]:
    meant = f"  {line(holder.stands_for)}" if holder.stands_for else ""
    yield layout.put((_subject(holder.subject), "bold"), (meant, "yellow"), hang=2)
    if holder.members:
        yield layout.put(f"members: {_several([_subject(one) for one in holder.members], layout)}", lead="  ")
    shown = holder.grounds if layout.verbose else holder.grounds[:_GROUNDS]
    for grounds in shown:
        yield from _grounds(grounds, layout)
    if len(holder.grounds) > len(shown):
        yield layout.put((f"and by {len(holder.grounds) - len(shown):,} more (--verbose lists them)", "dim"), lead="  ")
    yield "\n"


def _grounds(grounds: Grounds, layout: Layout) -> Iterator[str]:
    where = f"in namespace {line(grounds.namespace, NAME_LIMIT)}" if grounds.namespace else "everywhere"
    names = [line(name, NAME_LIMIT) for name in grounds.names]
    limit = f", only {_several(names, layout)}" if names else ""
    how = f" ({grounds.limit})" if grounds.limit else ""
    yield layout.put(where, (f"{limit}{how}", "yellow"), lead="  ")
    for label, place in (("by   ", grounds.binding), ("role ", grounds.role)):
        yield layout.put(line(place.resource.show(), 2 * NAME_LIMIT), *_where(place), lead=f"    {label}", hang=9)


def _where(place: Place) -> tuple[tuple[str, str], ...]:
    if place.supposed:
        return (("  every cluster has it", "dim"),)
    return ((f"  {line(place.origin.show(), PATH_LIMIT)}", "cyan"),)


def _subject(subject: Subject) -> str:
    return line(subject.show(), 2 * NAME_LIMIT)


def _several(words: list[str], layout: Layout) -> str:
    shown = words if layout.verbose else words[:_NAMES]
    rest = len(words) - len(shown)
    return ", ".join(shown) + (f" and {rest:,} more" if rest else "")


def _notes(report: HoldersReport, layout: Layout) -> Iterator[str]:
    left_out = [f"{found.show()} gives nothing: the API server refuses it, {why}" for found, why in report.refused]
    left_out += [f"{found.show()} gives nothing: no source holds its role" for found in report.dangling]
    shown = left_out if layout.verbose else left_out[:_LEFT_OUT]
    for note in (*report.notes, *shown):
        yield layout.put((line(note), "dim"))
    if len(left_out) > len(shown):
        yield layout.put((f"and {len(left_out) - len(shown):,} more that give nothing (--verbose)", "dim"))
    problems = sum(one.problem for one in report.skipped)
    if problems:
        yield layout.put((f"{plural(problems, 'place')} could not be read: there may be more", "yellow"))


def _total(report: HoldersReport, own: int, layout: Layout) -> Iterator[str]:
    more = control_plane_too(len(report.holders) - own, verbose=layout.verbose)
    yield layout.put((plural(own, "identity", "identities") if own else "nobody", "bold"), f"{more}.")

"""Smaller roles for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from strongroom.documents.yamltext import block
from strongroom.model.minimise import MinimiseReport, Proposal, Reach, Use
from strongroom.report.sanitise import NAME_LIMIT, PATH_LIMIT, line
from strongroom.report.terminal import Terminal
from strongroom.report.text_layout import Layout
from strongroom.report.wording import plural

_NAMED = 5
_LEFT = 20
_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def render(report: MinimiseReport, terminal: Terminal) -> Iterator[str]:
    """Yield each smaller role with its diff, then the roles that are left, then the totals."""
    layout = Layout(terminal)
    for one in report.proposals:
        yield from _proposal(one, report, layout)
    yield from _left(report, layout)
    held = f"{plural(len(report.proposals), 'role')} could be smaller"
    yield layout.put((held, "bold"), f", {len(report.left):,} that give Secrets are left.")
    by_hand = sum(bool(one.by_hand) for one in report.proposals)
    if by_hand:
        yield layout.put((f"{by_hand:,} to be applied by hand (-o FILE.yaml writes them)", "dim"))
    problems = [skip for skip in report.skipped if skip.problem]
    if problems:
        first = problems[0]
        text = f"{plural(len(problems), 'thing')} could not be read, first {first.path}: {first.reason.value}"
        yield layout.put((line(text, PATH_LIMIT), "yellow"), hang=2)


def _proposal(one: Proposal, report: MinimiseReport, layout: Layout) -> Iterator[str]:
    smaller = one.smaller
    role = smaller.role.resource
    yield layout.put(
        (line(role.id.show(), 2 * NAME_LIMIT), "bold"), (f"  {line(_place(one), PATH_LIMIT)}", "cyan"), hang=2
    )
    for index, reach in enumerate(one.reach):
        yield layout.put(*_reach(reach), lead=_lead("held by", index))
    for index, text in enumerate(_uses(smaller.uses, layout)):
        yield layout.put(text, lead=_lead("in use", index))
    if not smaller.uses:
        yield layout.put("no Secret that the sources show", lead=_lead("in use", 0))
    for index, text in enumerate(smaller.does):
        yield layout.put(line(text), lead=_lead("then", index))
    for index, text in enumerate(smaller.open):
        yield layout.put((line(text), "yellow"), lead=_lead("unknown", index))
    if one.step is None:
        yield layout.put(line(one.by_hand, PATH_LIMIT), lead=_lead("by hand", 0)) + "\n"
        for text in block({"rules": smaller.all_rules}):
            yield layout.put(line(text, PATH_LIMIT), lead="    ", hang=6)
    else:
        yield "\n"
        for text in report.views[one.step].diff:
            yield layout.put((line(text, PATH_LIMIT), _STYLES.get(text[:1], "")), lead="    ", hang=6)
    yield "\n"


def _lead(label: str, index: int) -> str:
    return f"  {label:<9}" if not index else " " * 11


def _place(one: Proposal) -> str:
    return one.smaller.role.resource.origin.show()


def _reach(reach: Reach) -> tuple[str, ...]:
    who = line(reach.who.show(), 2 * NAME_LIMIT)
    if reach.after < reach.before:
        told = f"reaches {plural(reach.before, 'Secret')}, then {reach.after:,}"
    else:
        told = f"reaches {plural(reach.before, 'Secret')}, and still would"
    by = (
        f", by {', '.join(reach.ways[:_NAMED])}{' and others' if len(reach.ways) > _NAMED else ''}"
        if reach.after
        else ""
    )
    return (f"{who}: {told}{by}",)


def _uses(uses: Sequence[Use], layout: Layout) -> Iterator[str]:
    """Yield what is used: what the kubelet delivers, and what is read through the API."""
    for delivered, how in ((True, "delivered to the pod, no right needed"), (False, "named to the program")):
        names = list(dict.fromkeys(line(use.secret.show(), NAME_LIMIT) for use in uses if use.delivered == delivered))
        shown = names if layout.verbose else names[:_NAMED]
        if names:
            more = f" and {len(names) - len(shown):,} more" if len(names) > len(shown) else ""
            yield f"{', '.join(shown)}{more} ({how})"


def _left(report: MinimiseReport, layout: Layout) -> Iterator[str]:
    if not report.left:
        return
    yield layout.put(("Left as they are", "bold"))
    shown = report.left if layout.verbose else report.left[:_LEFT]
    for one in shown:
        yield layout.put(f"{line(one.role.show(), 2 * NAME_LIMIT)}: {line(one.why)}", lead="  ", hang=4)
    if len(report.left) > len(shown):
        yield layout.put((f"and {len(report.left) - len(shown):,} more (--verbose lists them)", "dim"), lead="  ")
    yield "\n"

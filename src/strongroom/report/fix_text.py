"""A fixing run as text: the plan before, the summary after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from strongroom.model.finding import Finding
from strongroom.model.fix import FixPlan, Mending, Proof, Remaining
from strongroom.report.plan_text import as_text
from strongroom.report.sanitise import NAME_LIMIT, line
from strongroom.report.wording import plural


def planned(fix: FixPlan, digest: str) -> Iterator[str]:
    """Yield what would be changed: the plan with its diff, what unsafe fixes would change too, how much is left."""
    if fix.plan.steps:
        yield from as_text(fix.plan, fix.views, digest)
        yield "\n"
    else:
        yield "Nothing here can be mended by editing manifests.\n"
    yield from _offered(fix.offered)
    if fix.left:
        yield f"{plural(len(fix.left), 'finding')} {'is' if len(fix.left) == 1 else 'are'} left to people.\n"


def summary(fix: FixPlan, proof: Proof, commands: Sequence[str]) -> Iterator[str]:
    """Yield what a person wants afterwards: what changed, what to rotate, what is left and to whom, the commands."""
    yield "Changed\n"
    for mending in fix.mended:
        yield f"  {line(mending.title)}\n"
        if mending.unsafe:
            yield f"    unsafe: {line(mending.unsafe)}\n"
    yield from _proof(proof)
    if fix.exposed:
        yield f"\nRotate: {plural(len(fix.exposed), 'value')} stood in plain text; moving or deleting takes none back\n"
        yield from (f"  {_place(finding)}  {line(finding.message)}\n" for finding in fix.exposed)
    if fix.to_do:
        yield "\nTo do by hand, before this is rolled out\n"
        yield from (f"  {line(what)}\n" for what in fix.to_do)
    yield from _notes(fix)
    yield "\n" if fix.offered else ""
    yield from _offered(fix.offered)
    yield from _left(still_left(fix, proof))
    yield "\nCommands\n"
    yield from (f"  {line(command)}\n" for command in commands)


def still_left(fix: FixPlan, proof: Proof | None) -> list[Remaining]:
    """Return what is left: of what was left alone, what did not go with something else; and what came instead."""
    if proof is None:
        return [*fix.left]
    gone = {finding.fingerprint for finding in proof.gone}
    return [*(one for one in fix.left if one.finding.fingerprint not in gone), *proof.instead]


def _proof(proof: Proof) -> Iterator[str]:
    yield "\nAudited again\n"
    yield f"  {plural(len(proof.gone), 'finding')} gone, {len(proof.remaining)} as before\n"
    if proof.instead:
        yield f"  {plural(len(proof.instead), 'lesser one')} in their place\n"
    if proof.fresh:
        yield f"  {plural(len(proof.fresh), 'finding')} that nobody expected:\n"
        yield from (f"    {finding.id}  {_place(finding)}  {line(finding.message)}\n" for finding in proof.fresh)
    if proof.lost:
        yield "  no longer given as before:\n"
        yield from (f"    {line(what)}\n" for what in proof.lost)
    elif proof.kept:
        yield f"  {plural(proof.kept, 'container')} compared: the same values at the same names and paths\n"


def _notes(fix: FixPlan) -> Iterator[str]:
    if fix.notes:
        yield "\nWhat the files do not tell\n"
        yield from (f"  {line(note)}\n" for note in fix.notes)


def _offered(offered: Iterable[Mending]) -> Iterator[str]:
    listed = [*offered]
    if listed:
        yield "With --unsafe, since these could change how a program behaves\n"
    for mending in listed:
        yield f"  {line(mending.title)}\n    {line(mending.unsafe)}\n"


def _left(left: Sequence[Remaining]) -> Iterator[str]:
    if not left:
        return
    groups: dict[str, list[Remaining]] = {}
    for one in left:
        groups.setdefault(one.decision, []).append(one)
    yield f"\nLeft to people: {plural(len(groups), 'decision')}, on {plural(len(left), 'finding')}\n"
    people: dict[str, list[str]] = {}
    for question, its in groups.items():
        people.setdefault(its[0].who, []).append(question)
    for who, questions in people.items():
        yield f"  {who[:1].upper()}{who[1:]}\n"
        for question in questions:
            yield f"    {line(question)}\n"
            yield from (f"      {one.finding.id}  {_place(one.finding)}  {line(one.why)}\n" for one in groups[question])


def _place(finding: Finding) -> str:
    return line(finding.origin.show(), NAME_LIMIT)

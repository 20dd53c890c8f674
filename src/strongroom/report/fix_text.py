"""A fixing run as text: the plan before, the summary after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import msgspec

from strongroom.model.finding import Finding
from strongroom.model.fix import FixPlan, Mending, Proof, Remaining
from strongroom.report.plan_text import as_text
from strongroom.report.sanitise import NAME_LIMIT, line
from strongroom.report.wording import plural


class Decision(NamedTuple):
    """One question: the findings that it is about, and the fixes that are ready for one of its answers."""

    left: list[Remaining]
    offered: list[Mending]


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
    yield from _left(still_left(fix, proof), still_offered(fix, proof))
    yield "\nCommands\n"
    yield from (f"  {line(command)}\n" for command in commands)


def still_left(fix: FixPlan, proof: Proof | None) -> list[Remaining]:
    """Return what is left: of what was left alone, what did not go with something else; and what came instead."""
    if proof is None:
        return [*fix.left]
    gone = {finding.fingerprint for finding in proof.gone}
    left = [one for one in fix.left if one.finding.fingerprint not in gone]
    now = proof.renamed
    return [
        *(msgspec.structs.replace(one, finding=now.get(one.finding.fingerprint, one.finding)) for one in left),
        *proof.instead,
    ]


def still_offered(fix: FixPlan, proof: Proof | None) -> list[Mending]:
    """Return the fixes that were only offered, and some of whose findings did not go with something else."""
    if proof is None:
        return [*fix.offered]
    gone, now, found = {finding.fingerprint for finding in proof.gone}, proof.renamed, []
    for one in fix.offered:
        findings = tuple(now.get(f.fingerprint, f) for f in one.findings if f.fingerprint not in gone)
        if findings:
            found.append(msgspec.structs.replace(one, findings=findings))
    return found


def decisions(left: Iterable[Remaining], offered: Iterable[Mending]) -> dict[tuple[str, str], Decision]:
    """Return what is left as the questions that it comes down to, by who answers them and what they are."""
    found: dict[tuple[str, str], Decision] = {}
    for mending in offered:
        found.setdefault((mending.who, mending.decision), Decision([], [])).offered.append(mending)
    for one in left:
        found.setdefault((one.who, one.decision), Decision([], [])).left.append(one)
    return found


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
    unseen = [one for one in listed if one.unseen]
    if unseen:
        yield "With --whole or --unsafe, since something that the sources do not show may rely on what changes\n"
        yield from _mendings(unseen, "  ")
    if len(listed) > len(unseen):
        yield "With --unsafe, since these could change how a program behaves\n"
        yield from _mendings([one for one in listed if not one.unseen], "  ")


def _mendings(some: Iterable[Mending], indent: str) -> Iterator[str]:
    for why, alike in groupby(some, key=lambda one: one.unsafe):
        yield from (f"{indent}{line(one.title)}\n" for one in alike)
        yield f"{indent}  {line(why)}\n"


def _left(left: Sequence[Remaining], offered: Sequence[Mending]) -> Iterator[str]:
    if not left and not offered:
        return
    groups = decisions(left, offered)
    count = len({f.fingerprint for one in offered for f in one.findings} | {one.finding.fingerprint for one in left})
    yield f"\nLeft to people: {plural(count, 'finding')}, which come down to {plural(len(groups), 'decision')}\n"
    people: dict[str, list[str]] = {}
    for who, question in groups:
        people.setdefault(who, []).append(question)
    for who, questions in people.items():
        yield f"  {who[:1].upper()}{who[1:]}\n"
        for question in questions:
            group = groups[who, question]
            yield f"    {line(question)}\n"
            yield from (f"      {one.finding.id}  {_place(one.finding)}  {line(one.why)}\n" for one in group.left)
            yield from _ready(group.offered)


def _ready(offered: Sequence[Mending]) -> Iterator[str]:
    """Yield the answers that a command has ready."""
    if offered:
        option = "--whole" if all(one.unseen for one in offered) else "--unsafe"
        ids = ",".join(sorted({finding.id for one in offered for finding in one.findings}))
        yield f"      ready with {option} --only {ids}\n"
        yield from _mendings(offered, "        ")


def _place(finding: Finding) -> str:
    return line(finding.origin.show(), NAME_LIMIT)

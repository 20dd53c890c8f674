"""A fixing run as text: the plan before, the summary after."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import msgspec

from strongroom.model.finding import Finding
from strongroom.model.fix import FixPlan, Mending, Proof, Remaining
from strongroom.report.plan_text import as_text
from strongroom.report.sanitise import NAME_LIMIT, line
from strongroom.report.terminal import Terminal
from strongroom.report.text_layout import Layout
from strongroom.report.wording import plural

_JOINED = " \\"


class Decision(NamedTuple):
    """One question: the findings that it is about, and the fixes that are ready for one of its answers."""

    left: list[Remaining]
    offered: list[Mending]


def planned(fix: FixPlan, digest: str, terminal: Terminal) -> Iterator[str]:
    """Yield what would be changed: the plan with its diff, what unsafe fixes would change too, what is left.

    What is left is listed where nothing is changed, or the terminal is verbose; else it is counted.
    """
    layout = Layout(terminal)
    if fix.plan.steps:
        yield from as_text(fix.plan, fix.views, digest, terminal)
        yield "\n"
    else:
        yield "Nothing here can be mended by editing manifests.\n"
    if not fix.plan.steps or terminal.verbose:
        yield from _left(fix.left, fix.offered, layout)
        return
    yield from _offered(fix.offered, layout)
    if fix.left:
        yield layout.put(
            f"{plural(len(fix.left), 'finding')} {'is' if len(fix.left) == 1 else 'are'} left to people "
            "(--verbose lists them)."
        )


def summary(fix: FixPlan, proof: Proof, commands: Sequence[str], terminal: Terminal) -> Iterator[str]:
    """Yield what a person wants afterwards: what changed, what to rotate, what is left and to whom, the commands."""
    layout = Layout(terminal)
    yield "Changed\n"
    for mending in fix.mended:
        yield _entry(layout, mending.title)
        if mending.unsafe:
            yield _entry(layout, f"unsafe: {mending.unsafe}", 4)
    yield from _proof(proof, layout)
    if fix.exposed:
        yield "\n"
        values = plural(len(fix.exposed), "value")
        yield layout.put(f"Rotate: {values} stood in plain text; moving or deleting takes none back")
        yield from (_entry(layout, f"{finding.origin.show()}  {finding.message}") for finding in fix.exposed)
    if fix.to_do:
        yield "\nTo do by hand, before this is rolled out\n"
        yield from (_entry(layout, what) for what in fix.to_do)
    if fix.notes:
        yield "\nWhat the files do not tell\n"
        yield from (_entry(layout, note) for note in fix.notes)
    left, offered = still_left(fix, proof), still_offered(fix, proof)
    if left or offered:
        yield "\n"
    yield from _left(left, offered, layout)
    yield "\nCommands\n"
    for command in commands:
        yield from typed(map(shlex.quote, shlex.split(command)), layout, "  ")


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


def typed(words: Iterable[str], layout: Layout, lead: str) -> Iterator[str]:
    """Yield the lines of a command, as short as its words let them be: a shell joins what a backslash ends."""
    current = lead
    for word in map(line, words):
        if current.strip() and len(current) + len(word) + len(_JOINED) >= layout.width:
            yield f"{current.rstrip()}{_JOINED}\n"
            current = f"{lead}    "
        current += f"{word} "
    yield f"{current.rstrip()}\n"


def _entry(layout: Layout, text: str, indent: int = 2) -> str:
    return layout.put(line(text), lead=" " * indent, hang=indent + 2)


def _proof(proof: Proof, layout: Layout) -> Iterator[str]:
    yield "\nAudited again\n"
    yield f"  {plural(len(proof.gone), 'finding')} gone, {len(proof.remaining)} as before\n"
    if proof.instead:
        yield f"  {plural(len(proof.instead), 'lesser one')} in their place\n"
    if proof.fresh:
        yield f"  {plural(len(proof.fresh), 'finding')} that nobody expected:\n"
        yield from (_finding(layout, finding, finding.message, 4) for finding in proof.fresh)
    if proof.lost:
        yield "  no longer given as before:\n"
        yield from (_entry(layout, what, 4) for what in proof.lost)
    elif proof.kept:
        yield f"  {plural(proof.kept, 'container')} compared: the same values at the same names and paths\n"


def _finding(layout: Layout, finding: Finding, said: str, indent: int) -> str:
    return _entry(layout, f"{finding.id}  {line(finding.origin.show(), NAME_LIMIT)}  {line(said)}", indent)


def _offered(offered: Iterable[Mending], layout: Layout) -> Iterator[str]:
    listed = [*offered]
    unseen = [one for one in listed if one.unseen]
    if unseen:
        yield layout.put(
            "With --whole or --unsafe, since something that the sources do not show may rely on what changes"
        )
        yield from _mendings(unseen, 2, layout)
    if len(listed) > len(unseen):
        yield "With --unsafe, since these could change how a program behaves\n"
        yield from _mendings([one for one in listed if not one.unseen], 2, layout)


def _mendings(some: Iterable[Mending], indent: int, layout: Layout) -> Iterator[str]:
    for why, alike in groupby(some, key=lambda one: one.unsafe):
        yield from (_entry(layout, one.title, indent) for one in alike)
        yield _entry(layout, why, indent + 2)


def _left(left: Sequence[Remaining], offered: Sequence[Mending], layout: Layout) -> Iterator[str]:
    if not left and not offered:
        return
    groups = decisions(left, offered)
    count = len({f.fingerprint for one in offered for f in one.findings} | {one.finding.fingerprint for one in left})
    come = "comes" if count == 1 else "come"
    yield layout.put(
        f"Left to people: {plural(count, 'finding')}, which {come} down to {plural(len(groups), 'decision')}"
    )
    people: dict[str, list[str]] = {}
    for who, question in groups:
        people.setdefault(who, []).append(question)
    for who, questions in people.items():
        yield f"  {who[:1].upper()}{who[1:]}\n"
        for question in questions:
            group = groups[who, question]
            yield _entry(layout, question, 4)
            yield from (_finding(layout, one.finding, one.why, 6) for one in group.left)
            yield from _ready(group.offered, layout)


def _ready(offered: Sequence[Mending], layout: Layout) -> Iterator[str]:
    """Yield the answers that a command has ready."""
    if offered:
        option = "--whole" if all(one.unseen for one in offered) else "--unsafe"
        ids = sorted({finding.id for one in offered for finding in one.findings})
        yield from typed([f"ready with {option}", *(f"--only {one}" for one in ids)], layout, " " * 6)
        yield from _mendings(offered, 8, layout)

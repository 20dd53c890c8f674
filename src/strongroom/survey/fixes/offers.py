"""Which fixes of a plan are done, which are only offered, and what is left to whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from strongroom.model.facts import Facts
from strongroom.model.finding import Finding, Practice
from strongroom.model.fix import Mending, Remaining
from strongroom.posture.fixes.deciders import decider
from strongroom.posture.fixes.decisions import UNSEEN, asked_of, decision
from strongroom.posture.fixes.fix import Mended
from strongroom.survey.fixes.wanted import Wanted


class Offers:
    """What a plan does not do.

    Args:
        facts: what the findings are about.
        wanted: whether unsafe fixes are wanted.
        refused: why findings are left, by their fingerprints.

    Attributes:
        offered: the fixes that are not made, since they are unsafe.
    """

    def __init__(self, facts: Facts, wanted: Wanted, refused: Mapping[str, str] | None = None) -> None:
        self._facts, self._wanted = facts, wanted
        self.offered: list[Mending] = []
        self._why: dict[str, str] = dict(refused or {})

    def risk(self, outcome: Mended) -> str:
        """Return why a fix is unsafe; nothing where that hangs on what is said not to be."""
        return "" if outcome.unseen and self._wanted.whole else outcome.unsafe

    def offer(self, outcome: Mended, found: Sequence[Finding]) -> bool:
        """Only offer an unsafe fix where unsafe ones are not wanted; tell whether that is so."""
        risk = self.risk(outcome)
        if not risk or self._wanted.unsafe:
            return False
        question = outcome.question or (UNSEEN if outcome.unseen else decision(found[0], self._facts))
        who = asked_of(question, found[0])
        self.offered.append(
            Mending(outcome.title, tuple(found), unsafe=risk, unseen=outcome.unseen, who=who, decision=question)
        )
        return True

    def leave(self, findings: Iterable[Finding], why: str) -> None:
        """Keep why findings are left; an empty text stands for what is said of their check."""
        self._why.update({finding.fingerprint: why for finding in findings})

    def left(self, findings: Iterable[Finding]) -> Iterator[Remaining]:
        """Yield findings as what is left to people."""
        for finding in findings:
            why = self._why.get(finding.fingerprint, "") or decider(finding)[1]
            question = decision(finding, self._facts)
            yield Remaining(finding, why, asked_of(question, finding), question)


def settled(outcome: Mended, found: Sequence[Finding]) -> Sequence[Finding]:
    """Return which findings a fix is about, of those that it was given."""
    chosen = {finding.fingerprint for finding in outcome.settles}
    return [finding for finding in found if finding.fingerprint in chosen] if chosen else found


def exposed(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return one finding for each value that stands in plain text: whoever could read it may have it still."""
    found: dict[str, Finding] = {}
    for finding in findings:
        if finding.practice is Practice.PLAINTEXT and finding.value is not None:
            found.setdefault(finding.value, finding)
    return tuple(found.values())

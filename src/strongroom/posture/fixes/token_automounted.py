"""Pods that have no rights through the API get no token."""

from __future__ import annotations

from collections.abc import Sequence

from strongroom.model.finding import Confidence, Finding
from strongroom.model.resource import Resource, dig
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.fix import Fix, Left, Mended, Outcome
from strongroom.posture.fixes.shapes import put_behind

_UNSAFE = "rights that other sources give the account would no longer reach the program"


def mend(findings: Sequence[Finding], resource: Resource, bench: Bench) -> Outcome:
    """Say in the pod spec that no token is mounted."""
    field = findings[0].origin.field[len(resource.origin.field) : -1]
    spec = dig(bench.body(resource), field)
    if not isinstance(spec, dict):
        return Left("the pod spec is not as it was read")
    put_behind(spec, ("serviceAccountName", "serviceAccount"), "automountServiceAccountToken", False)
    unsure = findings[0].confidence is Confidence.LOW
    return Mended(f"mount no service account token into {resource.id.show()}", _UNSAFE if unsure else "", unseen=True)


FIX = Fix(checks=("token-automounted",), mend=mend)

"""Secret values of environment variables move to a Secret; the variable keeps its name."""

from __future__ import annotations

from collections.abc import Sequence

from strongroom.model.finding import Finding
from strongroom.model.resource import Resource, as_text, dig
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.fix import Fix, Left, Mended, Outcome
from strongroom.posture.fixes.new_secret import OF_A_NEW_SECRET
from strongroom.posture.fixes.shapes import renamed
from strongroom.posture.fixes.values import expands


def mend(findings: Sequence[Finding], resource: Resource, bench: Bench) -> Outcome:
    """Move one value; several findings may be about parts of it."""
    field = findings[0].origin.field[len(resource.origin.field) :]
    entry = dig(bench.body(resource), field[:-1])
    if not isinstance(entry, dict) or field[-1] != "value":
        return Left("the value stands in an unusual place")
    name = as_text(entry.get("name"))
    if "valueFrom" in entry:
        return Mended(f"variable {name} of {resource.id.show()} is taken from a Secret")
    if expands(bench.text(resource, field) or ""):
        return Left(f"the value of {name} is put together of other variables, which Kubernetes does not do in a Secret")
    reference = bench.secret_for(resource, f"{resource.name}-env", name, field, (0, 0))
    renamed(entry, "value", "valueFrom", {"secretKeyRef": {"name": reference.name, "key": reference.key}})
    return Mended(f"take variable {name} of {resource.id.show()} from Secret {reference.name}")


FIX = Fix(
    checks=("secret-in-env-literal",),
    mend=mend,
    instead=(*OF_A_NEW_SECRET, "secret-in-env"),
)

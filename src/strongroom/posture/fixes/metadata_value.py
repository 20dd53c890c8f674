"""Secret values leave annotations: to a Secret, or altogether where they are a copy."""

from __future__ import annotations

from collections.abc import Sequence

from strongroom.model.finding import Finding
from strongroom.model.resource import Resource, as_dict, dig
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.fix import Fix, Left, Mended, Outcome
from strongroom.posture.fixes.new_secret import OF_A_NEW_SECRET

_COPIES = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        "kapp.k14s.io/original",
        "banzaicloud.com/last-applied",
    }
)
_UNSAFE = "what reads the annotation has to be told to read the Secret"


def mend(findings: Sequence[Finding], resource: Resource, bench: Bench) -> Outcome:
    """Take one annotation away."""
    field = findings[0].origin.field[len(resource.origin.field) :]
    place = next((cut for cut in range(len(field)) if field[cut] == "annotations"), None)
    if place is None or place + 1 >= len(field):
        return Left("the value stands in a label, by which other objects may choose this one")
    name = str(field[place + 1])
    holder = dig(bench.body(resource), field[:place])
    notes = as_dict(as_dict(holder).get("annotations"))
    if name not in notes:
        return Mended(f"take annotation {name} of {resource.id.show()} away")
    title, unsafe = f"take annotation {name}, a copy, of {resource.id.show()} away", ""
    if name not in _COPIES:
        key = name.rpartition("/")[2]
        reference = bench.secret_for(resource, f"{resource.name}-metadata", key, field[: place + 2], (0, 0))
        bench.note(resource, reference, f"{resource.id.show()}, annotation {name}")
        title = f"move annotation {name} of {resource.id.show()} to Secret {reference.name}"
        unsafe = _UNSAFE
    del notes[name]
    if not notes:
        del holder["annotations"]
    return Mended(title, unsafe)


FIX = Fix(checks=("secret-in-metadata",), mend=mend, instead=(*OF_A_NEW_SECRET, "unused-secret"))

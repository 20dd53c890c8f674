"""ExternalSecrets follow their store again."""

from __future__ import annotations

from collections.abc import Sequence

from strongroom.model.finding import Finding
from strongroom.model.resource import Resource, dig
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.fix import Fix, Left, Mended, Outcome

_UNSAFE = "what still relies on a value that the store has changed since would be given the new one"


def mend(findings: Sequence[Finding], resource: Resource, bench: Bench) -> Outcome:
    """Set the interval to an hour, the one that the operator's own documentation uses."""
    field = findings[0].origin.field[len(resource.origin.field) :]
    spec = dig(bench.body(resource), field[:-1])
    if field[-1] != "refreshInterval" or not isinstance(spec, dict):
        return Left("it is told to stay as it was made: decide whether it shall follow its store")
    spec["refreshInterval"] = "1h"
    return Mended(f"read the store of {resource.id.show()} again every hour", _UNSAFE, unseen=True)


FIX = Fix(checks=("external-secret-never-refreshes",), mend=mend)

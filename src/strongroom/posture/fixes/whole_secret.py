"""Containers take the keys of a Secret by name instead of all there are."""

from __future__ import annotations

from collections.abc import Sequence

from strongroom.documents.wanted import GONE
from strongroom.model.finding import Finding
from strongroom.model.resource import Resource, as_dict, as_list, as_text, dig
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.configmap_users import keys_of_secret, mentions, poured_by
from strongroom.posture.fixes.fix import Fix, Left, Mended, Outcome
from strongroom.posture.fixes.shapes import put_behind
from strongroom.posture.fixes.values import VARIABLE

_LATER = "a key that is added to the Secret later has to be added here too"


def mend(findings: Sequence[Finding], resource: Resource, bench: Bench) -> Outcome:
    """Replace one entry of envFrom by one variable for each key."""
    field = findings[0].origin.field[len(resource.origin.field) : -1]
    workload = next(
        (w for w in bench.facts.workloads if w.resource is resource and field[: len(w.field)] == w.field), None
    )
    container = next((c for c in workload.containers if c.field == field[:-2]), None) if workload else None
    draft = dig(bench.body(resource), field[:-2])
    if container is None or workload is None or not isinstance(field[-1], int) or not isinstance(draft, dict):
        return Left("the container is not as it was read")
    entry = as_dict(dig(resource.body, field))
    name, prefix = as_text(dig(entry, ("secretRef", "name"))), as_text(entry.get("prefix"))
    keys = keys_of_secret(bench.facts, workload.namespace, name)
    if not keys:
        return Left(f"which keys Secret {name} has is not known here: name those that the program reads")
    later = poured_by((one for _, one in [*container.env_from][field[-1] + 1 :]), bench.facts, workload.namespace)
    if later is None:
        return Left(f"container {container.name} pours other sources of unknown keys over it")
    own = {as_text(as_dict(one).get("name")) for one in as_list(draft.get("env"))}
    given = []
    for key in keys:
        variable = f"{prefix}{key}"
        if variable in own or variable in later or not VARIABLE.fullmatch(variable):
            continue
        if mentions(container, variable):
            return Left(f"container {container.name} uses variable {variable} in the value of another one")
        reference = {"name": name, "key": key}
        if dig(entry, ("secretRef", "optional")) is True:
            reference = {**reference, "optional": True}  # type: ignore[dict-item]
        given.append({"name": variable, "valueFrom": {"secretKeyRef": reference}})
    sources = draft["envFrom"]
    sources[field[-1]] = GONE
    if given:
        put_behind(draft, ("name", "image", "command", "args", "env"), "env", [*as_list(draft.get("env")), *given])
    if all(one is GONE for one in sources):
        del draft["envFrom"]
    return Mended(
        f"name the keys of Secret {name} that container {container.name} of {resource.id.show()} takes", notes=(_LATER,)
    )


FIX = Fix(checks=("whole-secret-in-env",), mend=mend, instead=("secret-in-env",))

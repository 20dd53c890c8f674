"""Bindings that give nothing go; those that give everywhere what one namespace needs are made namespaced."""

from __future__ import annotations

from collections.abc import Sequence

from strongroom.model.finding import Finding
from strongroom.model.resource import Resource
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.fix import Fix, Left, Mended, Outcome
from strongroom.posture.fixes.shapes import put_behind

_UNSAFE_GONE = "a role of that name that is made elsewhere would no longer be given"
_UNSAFE_NARROW = "what the programs do in other namespaces would be refused"


def mend(findings: Sequence[Finding], resource: Resource, bench: Bench) -> Outcome:
    """Delete or narrow one binding."""
    binding = next((one for one in bench.facts.bindings if one.resource is resource), None)
    if binding is None:
        return Left("the binding is not as it was read")
    if findings[0].id == "rbac-dangling":
        if binding.role is not None:
            return Left("it names somebody who does not exist, beside others: decide who was meant")
        bench.delete(resource)
        return Mended(f"delete {resource.id.show()}, whose role nothing defines", _UNSAFE_GONE, unseen=True)
    spaces = {subject.namespace for _, subject in binding.subjects}
    if len(spaces) != 1 or "" in spaces:
        return Left("its subjects are not of one namespace")
    body = bench.body(resource)
    body["kind"] = "RoleBinding"
    (space,) = spaces
    put_behind(body["metadata"], ("name",), "namespace", space)
    return Mended(f"give what {resource.id.show()} gives in namespace {space} only", _UNSAFE_NARROW)


FIX = Fix(checks=("rbac-dangling", "rbac-cluster-wide-where-namespaced-would-do"), mend=mend)

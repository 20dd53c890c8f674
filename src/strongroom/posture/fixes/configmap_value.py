"""Secret values in ConfigMaps move to a Secret, and everything that was given them is given the Secret."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from strongroom.model.facts import same_namespace
from strongroom.model.finding import Finding
from strongroom.model.resource import Resource, as_dict, as_list, as_text
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.configmap_users import Moved, Rewired, rewire
from strongroom.posture.fixes.fix import Fix, Left, Mended, Outcome
from strongroom.posture.fixes.new_secret import Reference


def mend(findings: Sequence[Finding], resource: Resource, bench: Bench) -> Outcome:
    """Move the keys of a ConfigMap that hold secrets."""
    at = len(resource.origin.field)
    keys = list(dict.fromkeys(str(finding.origin.field[at + 1]) for finding in findings))
    wrong = _refusal(resource, findings, bench)
    if wrong:
        return Left(wrong)
    moved = Moved(resource, {key: _moved(resource, key, bench) for key in keys})
    body = bench.body(resource)
    for key in keys:
        del body["data"][key]
    moved.remaining = {*as_dict(body.get("data")), *as_dict(body.get("binaryData"))}
    users = [w for w in bench.facts.workloads if same_namespace(w.namespace, resource.namespace)]
    done: list[Rewired] = [rewire(workload, moved, bench) for workload in users]
    stuck = next((one.stuck for one in done if one.stuck), "")
    if stuck:
        return Left(stuck)
    used = sum(one.used for one in done)
    secrets = ", ".join(dict.fromkeys(reference.name for reference in moved.references.values()))
    title = f"move {', '.join(keys)} of {resource.id.show()} to Secret {secrets}, and give it to what uses it"
    lone = f"nothing in the sources uses ConfigMap {resource.name}: a program that reads it by itself would miss a key"
    return Mended(title, unsafe="" if used else lone, unseen=True)


def _moved(resource: Resource, key: str, bench: Bench) -> Reference:
    # An embedded file moves whole: the program reads the same file at the same path.
    return bench.secret_for(resource, f"{resource.name}-config", key, ("data", key), (0, 0))


def _refusal(resource: Resource, findings: Sequence[Finding], bench: Bench) -> str:
    at = len(resource.origin.field)
    name, facts = resource.name, bench.facts
    if any(finding.origin.field[at : at + 1] != ("data",) for finding in findings):
        return "the value stands in binary data"
    if resource.body.get("immutable") is True:
        return f"ConfigMap {name} is immutable: make another one without the value, and name that"
    same = [r for r in facts.of_kind("ConfigMap") if r.name == name and same_namespace(r.namespace, resource.namespace)]
    if len(same) > 1 or any(_generates(k, name) for k in facts.of_kind("Kustomization")):
        return f"ConfigMap {name} is written in several places: decide which of them the programs get"
    other = next(_others(resource, bench), None)
    return f"{other.id.show()} names ConfigMap {name}, and may not take a Secret instead" if other else ""


def _generates(kustomization: Resource, name: str) -> bool:
    made = as_list(kustomization.body.get("configMapGenerator"))
    return any(as_text(as_dict(entry).get("name")) == name for entry in made)


def _others(resource: Resource, bench: Bench) -> Iterator[Resource]:
    """Yield what names the ConfigMap outside pod specs."""
    for other in bench.naming.get(resource.name, ()):
        if same_namespace(other.namespace, resource.namespace):
            yield other


FIX = Fix(
    checks=("secret-in-configmap",),
    mend=mend,
    together=True,
    instead=("plain-secret-manifest", "weak-secret-value", "secret-in-env", "secret-volume-world-readable"),
)

"""Secret values in ConfigMaps move to a Secret, and everything that was given them is given the Secret."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from strongroom.model.facts import same_namespace
from strongroom.model.finding import Finding
from strongroom.model.resource import Resource, as_dict, as_list, as_text
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.configmap_users import Moved, rewire, taken
from strongroom.posture.fixes.fix import Fix, Left, Mended, Outcome
from strongroom.posture.fixes.new_secret import OF_A_NEW_SECRET, Reference
from strongroom.posture.fixes.overlays import refuse_retargeted


def mend(findings: Sequence[Finding], resource: Resource, bench: Bench) -> Outcome:
    """Move the keys of a ConfigMap that hold secrets: those that something takes first, the others by themselves."""
    at = len(resource.origin.field)
    wrong = _refusal(resource, findings, bench)
    if wrong:
        return Left(wrong)
    users = [w for w in bench.facts.workloads if same_namespace(w.namespace, resource.namespace)]
    keys = list(dict.fromkeys(str(finding.origin.field[at + 1]) for finding in findings))
    used = {key for workload in users for key in taken(workload, resource.name, keys)}
    chosen = [key for key in keys if key in used] or keys
    moved = Moved(resource, {key: _moved(resource, key, bench) for key in chosen})
    body = bench.body(resource)
    for key in chosen:
        del body["data"][key]
    moved.remaining = {*as_dict(body.get("data")), *as_dict(body.get("binaryData"))}
    stuck = next((why for workload in users if (why := rewire(workload, moved, bench))), "")
    if stuck:
        return Left(stuck)
    secrets = ", ".join(dict.fromkeys(reference.name for reference in moved.references.values()))
    what = f"move {', '.join(chosen)} of {resource.id.show()} to Secret {secrets}"
    settles = tuple(finding for finding in findings if finding.origin.field[at + 1] in chosen)
    if used:
        return Mended(f"{what}, and give it to what uses it", unsafe=moved.open, unseen=True, settles=settles)
    for key, reference in moved.references.items():
        bench.note(resource, reference, f"{resource.id.show()}, key {key}")
    them = "it" if len(keys) == 1 else "them"
    lone = f"nothing in the sources takes {them}: a program that reads the ConfigMap by itself would miss {them}"
    return Mended(what, unsafe=lone, unseen=True, settles=settles)


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
    refuse_retargeted(resource, facts)
    if any(_reads(k, name) for k in facts.of_kind("Kustomization")):
        return f"a kustomization copies what ConfigMap {name} holds to other objects"
    other = next(_others(resource, bench), None)
    return f"{other.id.show()} names ConfigMap {name}, and may not take a Secret instead" if other else ""


def _generates(kustomization: Resource, name: str) -> bool:
    made = as_list(kustomization.body.get("configMapGenerator"))
    return any(as_text(as_dict(entry).get("name")) == name for entry in made)


def _reads(kustomization: Resource, name: str) -> bool:
    """Tell whether a kustomization copies fields of a ConfigMap (``replacements``, and ``vars`` before them)."""
    body = kustomization.body
    sources = [as_dict(entry).get("source") for entry in as_list(body.get("replacements"))]
    sources += [as_dict(entry).get("objref") for entry in as_list(body.get("vars"))]
    return any(as_dict(one).get("kind") == "ConfigMap" and as_dict(one).get("name") == name for one in sources)


def _others(resource: Resource, bench: Bench) -> Iterator[Resource]:
    """Yield what names the ConfigMap outside pod specs."""
    for other in bench.naming.get(resource.name, ()):
        if same_namespace(other.namespace, resource.namespace):
            yield other


FIX = Fix(
    checks=("secret-in-configmap",),
    mend=mend,
    together=True,
    instead=(*OF_A_NEW_SECRET, "secret-by-subpath", "secret-in-env", "secret-volume-world-readable", "unused-secret"),
)

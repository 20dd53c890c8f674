"""Cluster-wide stores may be used from the namespaces that use them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from strongroom.model.facts import Facts
from strongroom.model.finding import Finding
from strongroom.model.resource import Resource, as_dict, as_list, dig
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.fix import Fix, Left, Mended, Outcome
from strongroom.posture.fixes.shapes import put_behind

_USERS = ("ExternalSecret", "PushSecret")
_UNSAFE = "an ExternalSecret of another namespace that these sources do not show would be refused"


def mend(_: Sequence[Finding], resource: Resource, bench: Bench) -> Outcome:
    """Add the namespaces as a condition."""
    spec = bench.body(resource).get("spec")
    if not isinstance(spec, dict) or as_list(spec.get("conditions")):
        return Left("its conditions let every namespace in: decide which of them may use it")
    found = [*_namespaces(resource.name, bench.facts)]
    if not found or "" in found:
        return Left("nothing in the sources says which namespaces use it")
    names = sorted(set(found))
    put_behind(spec, ("provider", "conditions"), "conditions", [{"namespaces": names}])
    return Mended(f"let only namespace {', '.join(names)} use ClusterSecretStore {resource.name}", _UNSAFE, unseen=True)


def _namespaces(store: str, facts: Facts) -> Iterator[str]:
    for user in facts.of_kind(*_USERS):
        references = [user.get("spec", "secretStoreRef"), *as_list(user.get("spec", "secretStoreRefs"))]
        references += [dig(one, ("sourceRef", "storeRef")) for one in as_list(user.get("spec", "data"))]
        references += [dig(one, ("sourceRef", "storeRef")) for one in as_list(user.get("spec", "dataFrom"))]
        for reference in map(as_dict, references):
            if reference.get("kind") == "ClusterSecretStore" and reference.get("name") == store:
                yield user.namespace


FIX = Fix(checks=("store-open-to-all-namespaces",), mend=mend)

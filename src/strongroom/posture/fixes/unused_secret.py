"""Secrets that nothing uses leave the manifests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from strongroom.model.finding import Confidence, Finding
from strongroom.model.resource import Resource, as_dict, texts_in
from strongroom.model.secret import SecretRef
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.fix import Fix, Left, Mended, Outcome
from strongroom.posture.fixes.new_secret import TAKEN_FROM

_UNSAFE = "a program that these sources do not show would miss it"


def mend(findings: Sequence[Finding], resource: Resource, bench: Bench) -> Outcome:
    """Delete one; the one in the cluster is left to a person."""
    if all(one.confidence is Confidence.LOW for one in findings):
        return Left("the sources do not show enough of its namespace to tell")
    record = bench.facts.secret(SecretRef(resource.namespace, resource.name))
    if record is None or record.consumers:
        return Left("something uses it: move both to a namespace of their own")
    made_by = {one.resource for one in record.definitions}
    user = next((one for one in _naming(resource, bench) if one.id not in made_by), None)
    if user is not None:
        return Left(f"{user.id.show()} says its name: see whether it uses it")
    if (resource.namespace, resource.name) in bench.relied_on:
        return Left("this plan relies on it: what it takes out of other objects is kept there")
    if TAKEN_FROM in resource.annotations:
        return Left(f"it was taken from {resource.annotations[TAKEN_FROM]}: tell what read that to read the Secret")
    bench.delete(resource)
    to_do = (
        f"kubectl delete {resource.kind.lower()} {resource.name} --namespace {resource.namespace or 'NAMESPACE'}, "
        "and revoke the credential that it held"
    )
    return Mended(f"delete {resource.id.show()}, which nothing uses", _UNSAFE, unseen=True, to_do=(to_do,))


def _naming(secret: Resource, bench: Bench) -> Iterator[Resource]:
    """Yield the other objects that say the name of a Secret anywhere."""
    word = re.compile(rf"(?<![-.\w]){re.escape(secret.name)}(?![-\w])")
    for one in bench.facts.resources:
        if one is not secret and any(word.search(text) for text in texts_in(_unnamed(one))):
            yield one


def _unnamed(one: Resource) -> dict[str, Any]:
    """Return the body of an object without its own name."""
    metadata = {key: value for key, value in as_dict(one.body.get("metadata")).items() if key != "name"}
    return {**one.body, "metadata": metadata}


FIX = Fix(checks=("secret-in-default-namespace", "unused-secret"), mend=mend, together=True)

"""Secrets get labels that say whose they are and which version they hold."""

from __future__ import annotations

from collections.abc import Sequence

from strongroom.model.facts import Facts
from strongroom.model.finding import Finding
from strongroom.model.resource import Resource
from strongroom.model.secret import SecretRef
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.fix import Fix, Left, Mended, Outcome
from strongroom.posture.fixes.new_secret import owner_in
from strongroom.posture.fixes.shapes import put_behind

_BEHIND = ("name", "namespace", "labels")


def mend(findings: Sequence[Finding], resource: Resource, bench: Bench) -> Outcome:
    """Add one label."""
    facts = bench.facts
    if findings[0].id == "secret-without-version":
        names = facts.settings.version_labels
        label = {names[0]: "1"} if names else {}
    else:
        label = owner_in(facts, resource.namespace) or _of_users(resource, facts)
    if not label:
        return Left("nothing in the sources says whose it is")
    metadata = bench.body(resource).get("metadata")
    if not isinstance(metadata, dict):
        return Left("it has no metadata of its own")
    labels = metadata.get("labels")
    put_behind(metadata, _BEHIND, "labels", {**(labels if isinstance(labels, dict) else {}), **label})
    shown = ", ".join(f"{name}: {value}" for name, value in label.items())
    return Mended(f"label {resource.id.show()} {shown}")


def _of_users(resource: Resource, facts: Facts) -> dict[str, str]:
    """Return the label by which all the workloads that use a Secret name the same owner."""
    record = facts.secret(SecretRef(resource.namespace, resource.name))
    users = {consumer.resource for consumer in record.consumers} if record else set()
    worn = [workload.pod_labels for workload in facts.workloads if workload.resource.id in users]
    for mark in facts.settings.owner_labels:
        values = {labels.get(mark) for labels in worn}
        value = values.pop() if len(values) == 1 else None
        if isinstance(value, str) and value:
            return {mark: value}
    return {}


FIX = Fix(checks=("secret-without-owner", "secret-without-version"), mend=mend)

"""Secrets that workloads name and nothing defines come from the store, where values do."""

from __future__ import annotations

from collections.abc import Sequence

from strongroom.model.finding import Finding
from strongroom.model.origin import FieldPath, Origin
from strongroom.model.resource import Resource
from strongroom.model.secret import SecretRecord, Way
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.external import missing, store_for
from strongroom.posture.fixes.fix import Fix, Left, Mended, Outcome
from strongroom.posture.fixes.new_secret import labels_for

_UNSAFE = "a Secret of that name that is made elsewhere would be given what the store has"
_WAYS = frozenset({Way.ENV, Way.ENV_FROM, Way.VOLUME, Way.PROJECTED})


def mend(findings: Sequence[Finding], resource: Resource, bench: Bench) -> Outcome:
    """Define one as an ExternalSecret beside the workload that needs it."""
    record = _record(findings[0], resource, bench)
    if not bench.stores or record is None:
        return Left("")
    store = store_for(bench.facts, resource.namespace)
    if store.resource is None:
        return Left("")
    users = [one for one in record.consumers if one.way in _WAYS]
    keys = sorted({one.key for one in users if one.key}) if all(one.key for one in users) else []
    name = record.ref.name
    bench.add(resource, missing(name, resource.namespace, labels_for(resource, bench.facts), store, keys))
    path = "/".join(part for part in (resource.namespace, name) if part)
    what = ", ".join(keys) or f"the keys that {', '.join(dict.fromkeys(one.resource.show() for one in users))} reads"
    return Mended(
        f"take from a store: Secret {path}, which nothing defines",
        _UNSAFE,
        unseen=True,
        to_do=(f"fill {path} in {store.show()} with {what}",),
    )


def _record(finding: Finding, resource: Resource, bench: Bench) -> SecretRecord | None:
    """Return the record that a finding is about, where nothing defines it and pods are given it."""
    place = _place(finding.origin)
    for record in bench.facts.secrets:
        users = [one for one in record.consumers if _place(one.origin) == place and one.way in _WAYS]
        if users and not record.definitions and record.ref.namespace == resource.namespace:
            return record
    return None


def _place(origin: Origin) -> tuple[str, int, FieldPath]:
    return origin.path, origin.document, origin.field


FIX = Fix(checks=("dangling-secret-reference",), mend=mend)

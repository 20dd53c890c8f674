"""A live Secret is not what its manifest says.

## What it finds

Given manifests and a cluster (or a dump of one that has its Namespaces too), Secrets that both have and that differ: in
their type, in the names of their keys, and, where both sides hold the values (`--values`, or a dump), in a value.

## Not a finding

Encrypted values, which cannot be compared, keys of which one side does not tell, and placeholders in a template.

## Why it is bad

Either somebody changed the Secret by hand, and the next deployment puts the old value back, or the repository still
holds a value that was rotated long ago and looks as if it were in use.

## Instead

Decide which one is right, and let one place own the value: a store or an encrypted file that the cluster follows.

## References

- [GitOps principles](https://opengitops.dev/)
- [OWASP: secrets management cheat sheet](https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Related, Severity
from strongroom.model.resource import Resource
from strongroom.model.secret import Definition, How, SecretKey
from strongroom.posture.check import Check, Hit
from strongroom.posture.drift import Sides
from strongroom.posture.secret_records import record_of, shown_at

_COMPARED = frozenset({How.SECRET, How.SOPS, How.SECRET_GENERATOR, How.SEALED_SECRET})


def examine(facts: Facts, _: Facts) -> Iterator[Hit]:
    """Yield one hit for each Secret that differs."""
    for written, live in Sides(facts).pairs():
        if written.definition.how not in _COMPARED:
            continue
        found = _definition(live, facts)
        differences = list(_differences(written.definition, found)) if found else []
        if differences:
            yield Hit(
                f"{written.definition.resource.show()} is not what the cluster has: {'; '.join(differences)}",
                shown_at(written.definition),
                written.definition.resource,
                related=(Related(live.origin, "the live Secret"),),
                about=live.id.show(),
            )


def _definition(live: Resource, facts: Facts) -> Definition | None:
    record = record_of(live, facts)
    return next((d for d in record.definitions if d.origin == live.origin), None) if record else None


def _differences(written: Definition, live: Definition) -> Iterator[str]:
    kinds = (written.type or "Opaque", live.type or "Opaque")
    if kinds[0] != kinds[1] and written.type:
        yield f"its type is {kinds[1]}, not {kinds[0]}"
    if not written.keys_known or not live.keys_known or not written.keys:
        return
    ours, theirs = {key.name: key for key in written.keys}, {key.name: key for key in live.keys}
    yield from (f"key {name} is missing there" for name in sorted(ours.keys() - theirs.keys()))
    yield from (f"key {name} is only there" for name in sorted(theirs.keys() - ours.keys()))
    for name in sorted(ours.keys() & theirs.keys()):
        if _changed(ours[name], theirs[name]):
            yield f"the value of key {name} is another"


def _changed(written: SecretKey, live: SecretKey) -> bool:
    if written.fingerprint is None or live.fingerprint is None or written.placeholder:
        return False
    return written.fingerprint != live.fingerprint


CHECK = Check(
    id="drift-secret-changed",
    title="Live Secret that differs from its manifest",
    practice=Practice.LIFECYCLE,
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    standards=("OWASP-K03",),
    over=Facts,
    examine=examine,
)

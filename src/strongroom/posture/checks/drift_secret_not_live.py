"""A manifest defines a Secret that the cluster does not have.

## What it finds

Given manifests and a cluster (or a dump of one that has its Namespaces too), Secrets that a manifest defines, and that
the cluster does not hold: plain, encrypted with SOPS, sealed, or to be made from an external store.

## Not a finding

Secrets in namespaces that were not read or may not be listed, and classes whose values only reach files.

## Why it is bad

What the repository says and what runs are two things: the next deployment changes something that nobody expects, or a
controller has failed silently. Pods that need the Secret do not start.

## Instead

Apply the manifest, or look at the controller that should make the Secret (`kubectl describe`). Remove what is no
longer meant.

## References

- [GitOps principles](https://opengitops.dev/)
- [Kubernetes: Secrets](https://kubernetes.io/docs/concepts/configuration/secret/)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.secret import How
from strongroom.posture.check import Check, Hit
from strongroom.posture.drift import Sides
from strongroom.posture.secret_records import shown_at


def examine(facts: Facts, _: Facts) -> Iterator[Hit]:
    """Yield one hit for each Secret that is only written."""
    sides = Sides(facts)
    for written in sides.written:
        definition = written.definition
        if definition.how is How.SECRET_PROVIDER_CLASS and not definition.keys:
            continue  # no Secret is made of it
        if sides.was_read(written.ref.namespace) and not sides.live_as(written):
            yield Hit(
                f"{definition.resource.show()} defines Secret {written.ref.show()}, which the cluster does not have",
                shown_at(definition),
                definition.resource,
                about=written.ref.show(),
            )


CHECK = Check(
    id="drift-secret-not-live",
    title="Secret in a manifest that the cluster does not have",
    practice=Practice.LIFECYCLE,
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    standards=("OWASP-K03",),
    over=Facts,
    examine=examine,
)

"""A certificate has expired or is about to.

## What it finds

Certificates in Secrets, ConfigMaps and `caBundle` fields of the sources that have expired (high) or that expire
within `certificate_warning_days` (by default 30; medium). The first certificate of a value counts, and of a chain
also the intermediate ones that come after it.

## Not a finding

Certificates that cert-manager, OpenShift or another controller renews, unless they have expired. An old root in a
bundle of authorities is for `--pedantic`: bundles carry roots beyond their end, and clients pass over them.
Certificates that are not in the sources (ciphertext, an external store).

## Why it is bad

Clients refuse an expired certificate: the service is down, at an hour that nobody chose. In an emergency people
switch verification off, and forget to switch it on again.

## Instead

Let cert-manager or the platform issue and renew it. Where it is made by hand, replace it now, and watch the end of
it.

## References

- [RFC 5280, 4.1.2.5: validity](https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5)
- [cert-manager: Certificate resource](https://cert-manager.io/docs/usage/certificate/)
- [PCI DSS v4.0, 3.7.4](https://www.pcisecuritystandards.org/document_library/)
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from strongroom.model.facts import Facts
from strongroom.model.finding import Audience, Confidence, Practice, Severity
from strongroom.model.secret import Certificate
from strongroom.posture.certificates import Placed, certificates
from strongroom.posture.check import Check, Hit


def examine(facts: Facts, _: Facts) -> Iterator[Hit]:
    """Yield one hit for each place whose certificate has expired or soon will."""
    warning = timedelta(days=facts.settings.certificate_warning_days)
    for placed in certificates(facts):
        end = datetime.fromisoformat(placed.certificate.not_after)
        earliest = datetime.fromisoformat(placed.certificate.earliest)
        if end <= facts.now:
            bundle = _is_bundle(placed.certificate)
            yield _hit(placed, f"expired on {end:%Y-%m-%d}", Severity.LOW if bundle else Severity.HIGH, bundle=bundle)
        elif earliest <= facts.now:
            bundle = _is_bundle(placed.certificate)
            said = f"is followed by one that expired on {earliest:%Y-%m-%d}"
            yield _hit(placed, said, Severity.LOW if bundle else Severity.MEDIUM, bundle=bundle)
        elif end - facts.now <= warning and not placed.renewed:
            yield _hit(placed, f"expires on {end:%Y-%m-%d}", Severity.MEDIUM, bundle=False)


def _is_bundle(certificate: Certificate) -> bool:
    """Tell a bundle of authorities from a chain: a chain begins with what it is about, mostly no authority."""
    return certificate.count > 1 and certificate.is_ca


def _hit(placed: Placed, said: str, severity: Severity, *, bundle: bool) -> Hit:
    return Hit(
        f"certificate {placed.certificate.subject or 'without a name'} in {placed.name} {said}",
        placed.origin,
        placed.resource,
        severity=severity,
        audience=Audience.PEDANTIC if bundle else Audience.EVERYBODY,
        about=placed.name,
    )


CHECK = Check(
    id="certificate-expiring",
    title="Certificate expired or about to",
    practice=Practice.LIFECYCLE,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("PCI-3.7.4", "OWASP-K09"),
    over=Facts,
    examine=examine,
)

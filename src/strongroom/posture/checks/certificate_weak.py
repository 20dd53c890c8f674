"""A certificate can be forged or its key can be computed.

## What it finds

Certificates in Secrets, ConfigMaps and `caBundle` fields of the sources

- with an RSA key below 2048 bits, an elliptic-curve key below 224 bits, or a DSA key below 2048 bits (high),
- signed with MD5 (high) or SHA-1 (medium),
- with the right to sign other certificates, while an Ingress or a Gateway serves with it (low).

## Not a finding

The signature of a root on itself: nobody relies on it. Ed25519 and Ed448 keys, whose one size is strong.

## Why it is bad

RSA keys of 1024 bits are within reach of well-funded attackers, smaller ones of anybody. Collisions of MD5 and
SHA-1 have been used to forge certificates. A server's key that may sign other certificates makes one stolen key a
stolen authority.

## Instead

Make a new key (RSA 2048 or more, or ECDSA P-256) and have it signed with SHA-256. Serve with a certificate that is
no authority (`basicConstraints=CA:FALSE`).

## References

- [NIST SP 800-131A Rev. 2](https://csrc.nist.gov/pubs/sp/800/131/a/r2/final)
- [RFC 5280, 4.2.1.9: basic constraints](https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.9)
- [CA/Browser Forum: baseline requirements](https://cabforum.org/working-groups/server/baseline-requirements/)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.secret import Certificate, Way
from strongroom.posture.certificates import Placed, certificates
from strongroom.posture.check import Check, Hit

_LEAST_BITS = {"RSA": 2048, "DSA": 2048, "EC": 224}  # NIST SP 800-131A Rev. 2, tables 2 and 4
_BROKEN_HASHES = {"md5": Severity.HIGH, "md2": Severity.HIGH, "sha1": Severity.MEDIUM}
_SHOWN = {"md5": "MD5", "md2": "MD2", "sha1": "SHA-1"}
_SERVED = frozenset({Way.INGRESS_TLS, Way.GATEWAY_TLS})


def examine(facts: Facts, _: Facts) -> Iterator[Hit]:
    """Yield one hit for each weakness of a certificate."""
    for placed in certificates(facts):
        for severity, said in _weaknesses(placed.certificate, placed):
            yield Hit(
                f"certificate {placed.certificate.subject or 'without a name'} in {placed.name} {said}",
                placed.origin,
                placed.resource,
                severity=severity,
                about=f"{placed.name}: {said}",
            )


def _weaknesses(certificate: Certificate, placed: Placed) -> Iterator[tuple[Severity, str]]:
    if 0 < certificate.key_bits < _LEAST_BITS.get(certificate.key_type, 0):
        yield Severity.HIGH, f"has a key of only {certificate.key_bits} bits ({certificate.key_type})"
    severity = _BROKEN_HASHES.get(certificate.signature_hash)
    if severity and not certificate.self_signed:
        yield severity, f"is signed with {_SHOWN.get(certificate.signature_hash, 'MD5')}, which can be forged"
    if certificate.is_ca and certificate.count == 1 and placed.name == "key tls.crt":
        served = next((c for c in placed.consumers if c.way in _SERVED), None)
        if served:
            yield Severity.LOW, f"may sign other certificates, while {served.resource.show()} serves with it"


CHECK = Check(
    id="certificate-weak",
    title="Certificate with a weak key or signature",
    practice=Practice.LIFECYCLE,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("PCI-3.7.1", "OWASP-K09"),
    over=Facts,
    examine=examine,
)

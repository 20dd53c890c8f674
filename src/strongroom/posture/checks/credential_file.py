"""A file of the repository is itself a credential.

## What it finds

Files that were seen to hold a live-looking credential: private keys, keystores, kubeconfig files with tokens or
client keys, `.env` files with real values, registry credentials (`config.json`), Terraform state with sensitive
values, service-account keys of cloud providers, `~/.aws/credentials`, `.netrc`, `.pgpass`, PgBouncer's
`userlist.txt`, `.npmrc` and the like. One finding for each file.

## Not a finding

Templates (`.env.example`, `.env.sample`), files that hold only names, references or stand-ins, public keys and
certificates, private keys that are encrypted with a passphrase, kubeconfig files that call a credential plugin, SOPS
documents.

## Why it is bad

Such a file works as it is: whoever copies it acts as its owner, from anywhere, without being asked for anything else.
In a repository it goes to every clone, and from its folder into images, archives and caches.

## Instead

Take the file out of the repository and name it in `.gitignore` and `.dockerignore`; keep its content in a secret
store, or beside the code encrypted with SOPS. Prefer credentials that expire: workload identity, OIDC, exec plugins.
Then replace the credential, since the history keeps it.

## References

- [OWASP: secrets management cheat sheet](https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html)
- [Kubernetes: authenticating](https://kubernetes.io/docs/reference/access-authn-authz/authentication/)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.file import FileFact, FileKind
from strongroom.model.finding import Confidence, Practice, Related, Severity
from strongroom.model.place import Context, Sighting
from strongroom.posture.check import Check, Hit
from strongroom.posture.sightings import found, is_secret, kind_of, place

_OWN_CHECKS = (FileKind.DOCKERFILE, FileKind.SOPS)


def examine(facts: Facts, _: Facts) -> Iterator[Hit]:
    """Yield one hit for each file that holds a credential, with the values that were recognised in it."""
    values: dict[tuple[str, str], list[Sighting]] = {}
    for sighting in facts.sightings:
        if is_secret(sighting, Context.FILE):
            values.setdefault((sighting.origin.source, sighting.origin.path), []).append(sighting)
    for fact in facts.files:
        key = (fact.origin.source, fact.origin.path)
        if fact.kind in _OWN_CHECKS:
            continue
        inside = values.pop(key, [])
        if fact.holds_credential:
            yield _whole(fact, inside)
    for inside in values.values():
        yield _settings(inside)


def _whole(fact: FileFact, inside: list[Sighting]) -> Hit:
    """Make the hit for a file that is a credential: at the value itself where that was recognised on its line."""
    here = next((s for s in inside if s.origin.line == fact.origin.line), None)
    seen = f": {fact.detail}" if fact.detail else ""
    return Hit(
        f"{fact.kind.value} with a usable credential{seen}",
        here.origin if here else fact.origin,
        value=here.fingerprint if here else None,
        rule=here.rule if here else "",
        related=tuple(_related(s) for s in inside if s is not here),
    )


def _settings(inside: list[Sighting]) -> Hit:
    """Make the hit for a file that is known by its values only."""
    first = max(inside, key=lambda s: s.confidence)
    hit = found(first, f"{place(first)} is {kind_of(first)} in plain text")
    others = tuple(_related(s) for s in inside if s is not first)
    return Hit(
        hit.message,
        hit.origin,
        severity=hit.severity,
        confidence=hit.confidence,
        value=hit.value,
        rule=hit.rule,
        related=others,
    )


def _related(sighting: Sighting) -> Related:
    return Related(sighting.origin, f"{place(sighting)} is {kind_of(sighting)}")


CHECK = Check(
    id="credential-file",
    title="File that is itself a credential",
    practice=Practice.PLAINTEXT,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("NSA-secrets", "OWASP-K03", "PCI-8.6.2"),
    over=Facts,
    examine=examine,
)

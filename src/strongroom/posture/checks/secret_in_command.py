"""A credential is written into the command line of a container.

## What it finds

Words of `command` and `args` that hold a credential: `--password=...`, `-u user:password`, `--set auth.password=...`,
a password inside a URL, an assignment inside a `sh -c` script, a token of a known service.

## Not a finding

Options that name a file or a Secret (`--password-file`, `--tls-key-path`, `--secret-name`), variables that the
kubelet or the shell fills in (`$(DB_PASSWORD)`, `"$TOKEN"`), and stand-ins such as `<password>`.

## Why it is bad

A command line is public on its machine: every process of the node's user that sees the container may read it in
`/proc`, and process listings, monitoring agents, audit logs and error trackers record it. It also stands in the
manifest, in its history and in every revision of the workload.

## Instead

Give the program a file: mount the Secret and pass its path (`--password-file`, `PGPASSFILE`, `--config`). Then
replace the value.

## References

- [Kubernetes: good practices for Secrets](https://kubernetes.io/docs/concepts/security/secrets-good-practices/)
- [CWE-214: invocation of process using visible sensitive information](https://cwe.mitre.org/data/definitions/214.html)
- [OWASP Kubernetes Top Ten](https://owasp.org/www-project-kubernetes-top-ten/)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.place import Context, Sighting
from strongroom.posture.check import Check, Hit
from strongroom.posture.sightings import found, is_secret, kind_of


def examine(sighting: Sighting, facts: Facts) -> Iterator[Hit]:
    """Yield a hit where a word of a command line is or holds a secret."""
    if is_secret(sighting, Context.COMMAND):
        named = f" ({sighting.name})" if sighting.name else ""
        yield found(sighting, f"the command line holds {kind_of(sighting)}{named}")


CHECK = Check(
    id="secret-in-command",
    title="Credential in the command line of a container",
    practice=Practice.PLAINTEXT,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("NSA-secrets", "OWASP-K03", "PCI-8.6.2"),
    over=Sighting,
    examine=examine,
)

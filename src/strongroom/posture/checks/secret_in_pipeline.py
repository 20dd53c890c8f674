"""A credential is written into the definition of a pipeline.

## What it finds

Variables, arguments and scripts of CI definitions (GitLab CI, GitHub Actions and others) and of other YAML files that
are no Kubernetes objects, that are recognised as a credential.

## Not a finding

Variables that the CI system fills in (`$DEPLOY_TOKEN`, `${{ secrets.TOKEN }}`, `$(password)`), names of variables and
of Secrets, checksums and pinned commits, stand-ins such as `<password>`.

## Why it is bad

A pipeline's credential usually may deploy, publish or administer. In its definition everyone who may read the
repository has it, in every clone and for as long as the history exists, and jobs print it into their logs.

## Instead

Let the pipeline identify itself (OIDC federation with the cluster, the cloud or the secret store), so that nothing
has to be stored; else use the CI system's protected and masked variables. Then replace the value.

## References

- [GitHub: OpenID Connect for deployments](https://docs.github.com/en/actions/concepts/security/openid-connect)
- [GitLab: using external secrets in CI](https://docs.gitlab.com/ci/secrets/)
- [OWASP top ten CI/CD risks: insufficient credential hygiene](https://owasp.org/www-project-top-10-ci-cd-security-risks/CICD-SEC-06-Insufficient-Credential-Hygiene)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.origin import show_path
from strongroom.model.place import Context, Sighting
from strongroom.posture.check import Check, Hit
from strongroom.posture.sightings import found, is_secret, kind_of


def examine(sighting: Sighting, facts: Facts) -> Iterator[Hit]:
    """Yield a hit where a value of a pipeline, or of other YAML that is no object, is a secret."""
    if is_secret(sighting, Context.PIPELINE):
        name = show_path(sighting.origin.field) or sighting.name
        yield found(sighting, f"{name} holds {kind_of(sighting)} in plain text")


CHECK = Check(
    id="secret-in-pipeline",
    title="Credential in the definition of a pipeline",
    practice=Practice.PLAINTEXT,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("OWASP-K03", "PCI-8.6.2"),
    over=Sighting,
    examine=examine,
)

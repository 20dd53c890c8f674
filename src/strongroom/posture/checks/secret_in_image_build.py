"""A credential is written into the build of an image.

## What it finds

`ENV` and `ARG` defaults and words of `RUN` in a Dockerfile or Containerfile that are recognised as a credential.

## Not a finding

`ARG NAME` without a default, `RUN --mount=type=secret`, variables that are used (`$TOKEN`), paths, checksums,
stand-ins.

## Why it is bad

An image keeps its build: `ENV` is in its configuration, `ARG` and `RUN` in its history, and a file that a later step
removes is still in its layer. Everyone who may pull the image has the value, and the Dockerfile lies in the
repository besides.

## Instead

Give a build its credential with `RUN --mount=type=secret,id=NAME`, which leaves no trace in the image, and give a
running program its own through a mounted Secret. Then replace the value, and remove the images that hold it.

## References

- [Docker: build secrets](https://docs.docker.com/build/building/secrets/)
- [OWASP Kubernetes Top Ten](https://owasp.org/www-project-kubernetes-top-ten/)
- [CIS Docker Benchmark 4.10](https://www.cisecurity.org/benchmark/docker)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.place import Context, Sighting
from strongroom.posture.check import Check, Hit
from strongroom.posture.sightings import found, is_secret, kind_of


def examine(sighting: Sighting, facts: Facts) -> Iterator[Hit]:
    """Yield a hit where an instruction of a build holds a secret."""
    if is_secret(sighting, Context.IMAGE_BUILD):
        named = f" ({sighting.name})" if sighting.name else ""
        yield found(sighting, f"the build holds {kind_of(sighting)}{named}, and so does every image that it makes")


CHECK = Check(
    id="secret-in-image-build",
    title="Credential in the build of an image",
    practice=Practice.PLAINTEXT,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("OWASP-K03", "PCI-8.6.2"),
    over=Sighting,
    examine=examine,
)

"""Recognition on real manifests: what is reported outside Secrets, each read and labelled by a person.

The manifests are data of others and stand beside the repository (``STRONGROOM_CORPORA``); labels are kept here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.leaks.labelled_values import KEY

from strongroom.documents.yaml import BadDocument, read
from strongroom.leaks.candidates import of_resource
from strongroom.leaks.recognise import Recogniser
from strongroom.model.finding import Confidence
from strongroom.model.origin import Origin
from strongroom.model.place import Context, Nature, Sighting
from strongroom.sources.objects import objects_in

CORPORA = Path(os.environ.get("STRONGROOM_CORPORA", Path(__file__).parents[3] / "shared" / "corpora")) / "manifests"

_EXAMPLES = "kubernetes-examples/_archived"
TRUE = {
    f"{_EXAMPLES}/storage/minio/minio-distributed-statefulset.yaml MINIO_SECRET_KEY": "MinIO's default key, and what it runs with",
    f"{_EXAMPLES}/storage/minio/minio-standalone-deployment.yaml MINIO_SECRET_KEY": "MinIO's default key, and what it runs with",
    f"{_EXAMPLES}/storage/mysql-galera/pxc-node1.yaml MYSQL_ROOT_PASSWORD": "the root password of a database",
    f"{_EXAMPLES}/storage/mysql-galera/pxc-node2.yaml MYSQL_ROOT_PASSWORD": "the root password of a database",
    f"{_EXAMPLES}/storage/mysql-galera/pxc-node3.yaml MYSQL_ROOT_PASSWORD": "the root password of a database",
}
"""File and name of everything that is reported with medium or high confidence, and why it is right."""

pytestmark = pytest.mark.skipif(not CORPORA.is_dir(), reason="the corpora of real manifests are not on this machine")


@pytest.fixture(scope="module")
def sightings() -> list[Sighting]:
    """What is said of every real manifest outside the values of Secrets."""
    recogniser = Recogniser()
    return [s for s in recogniser.recognise(_candidates(), KEY) if s.context is not Context.SECRET]


def _candidates() -> Iterator:  # type: ignore[type-arg]
    for path in sorted(CORPORA.rglob("*.y*ml")):
        shown = path.relative_to(CORPORA).as_posix()
        for document in read(path.read_bytes()):
            if not isinstance(document, BadDocument):
                for resource in objects_in(document.body, Origin("corpora", shown, document.index, document.line)):
                    yield from of_resource(resource)


def test_what_is_reported_was_read_and_labelled(sightings: list[Sighting]) -> None:
    """Every sighting with medium or high confidence has a label, and every label a sighting."""
    reported = {
        f"{s.origin.path} {s.name}" for s in sightings if s.nature is Nature.SECRET and s.confidence > Confidence.LOW
    }
    assert reported == set(TRUE)


def test_references_of_external_secrets_are_never_reported(sightings: list[Sighting]) -> None:
    """Of the hundreds of names of Secrets and keys in External Secrets' manifests none is called a secret."""
    names = [s for s in sightings if s.origin.path.startswith("external-secrets/")]
    assert len(names) > 50
    assert [s for s in names if s.nature is Nature.SECRET] == []


def test_default_passwords_are_seen_with_low_confidence(sightings: list[Sighting]) -> None:
    """Passwords that everyone knows are secrets all the same, and weak."""
    low = [s for s in sightings if s.nature is Nature.SECRET and s.confidence is Confidence.LOW]
    assert len(low) >= 8
    assert sum(bool(s.weak) for s in low) >= 8

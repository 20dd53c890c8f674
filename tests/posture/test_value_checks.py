"""The judgement of the checks over recognised values, beyond what their examples show."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from strongroom.model.facts import Facts
from strongroom.model.file import FileFact, FileKind
from strongroom.model.finding import Confidence, Severity
from strongroom.model.origin import FieldPath, Origin
from strongroom.model.place import Context, Nature, Sighting
from strongroom.model.plaintext import Fingerprint
from strongroom.model.resource import Resource, ResourceId
from strongroom.model.settings import Settings
from strongroom.posture.check import Check, Hit, subjects
from strongroom.posture.checks import (
    credential_file,
    partly_encrypted_file,
    plain_secret_manifest,
    repeated_secret_value,
    secret_in_configmap,
    secret_in_env_literal,
    secret_in_metadata,
    weak_secret_value,
)
from strongroom.posture.sightings import kind_of

API = ResourceId("", "ConfigMap", "shop", "api")
DATABASE = ResourceId("", "Secret", "shop", "database")


def sighting(
    context: Context = Context.CONFIG_MAP,
    *,
    resource: ResourceId | None = API,
    path: str = "shop.yaml",
    document: int = 0,
    field: FieldPath = ("data", "password"),
    value: str = "a",
    nature: Nature = Nature.SECRET,
    confidence: Confidence = Confidence.HIGH,
    what: str = "password",
    weak: str = "",
    rule: str = "named-password",
) -> Sighting:
    """Make a recognised password in the ConfigMap ``shop/api``; arguments say what is different."""
    origin = Origin("src", path, document).at(field)
    name = str(field[-1]) if field else "password"
    return Sighting(
        context, name, nature, rule, what, confidence, origin, Fingerprint(value * 64), resource=resource, weak=weak
    )


def facts(
    sightings: Sequence[Sighting] = (),
    *,
    files: Sequence[FileFact] = (),
    resources: Sequence[Resource] = (),
    in_repository: bool = True,
) -> Facts:
    """Make facts of these and nothing else."""
    return Facts(
        resources=tuple(resources),
        workloads=(),
        secrets=(),
        sightings=tuple(sightings),
        roles=(),
        bindings=(),
        files=tuple(files),
        settings=Settings(),
        now=datetime(2026, 1, 1, tzinfo=UTC),
        in_repository=in_repository,
    )


def hits(check: Check[Any], given: Facts) -> list[Hit]:
    """Run one check over facts."""
    return [hit for subject in subjects(given, check.over) for hit in check.examine(subject, given)]


@pytest.mark.parametrize(
    ("what", "shown"),
    [
        ("password", "a password"),
        ("API key", "an API key"),
        ("AWS access key", "an AWS access key"),
        ("JWT", "a JWT"),
        ("SSH private key", "an SSH private key"),
        ("RSA key", "an RSA key"),
        ("GitHub token", "a GitHub token"),
        ("", "a secret"),
    ],
)
def test_article(what: str, shown: str) -> None:
    """What was recognised is named with the article that people say."""
    assert kind_of(sighting(what=what)) == shown


@pytest.mark.parametrize("nature", [n for n in Nature if n is not Nature.SECRET])
def test_only_secrets_are_found(nature: Nature) -> None:
    """A placeholder, a reference, ciphertext, a public or a plain value is no finding of a plaintext check."""
    assert hits(secret_in_configmap.CHECK, facts([sighting(nature=nature)])) == []


def test_context_decides() -> None:
    """A check looks at values of its own context only."""
    assert hits(secret_in_env_literal.CHECK, facts([sighting(Context.CONFIG_MAP)])) == []
    assert len(hits(secret_in_env_literal.CHECK, facts([sighting(Context.ENV)]))) == 1


@pytest.mark.parametrize(
    ("confidence", "severity"),
    [(Confidence.HIGH, Severity.HIGH), (Confidence.MEDIUM, Severity.HIGH), (Confidence.LOW, Severity.MEDIUM)],
)
def test_unsure_recognition_does_not_stop_a_merge(confidence: Confidence, severity: Severity) -> None:
    """A value that may be no secret is a medium finding."""
    (hit,) = hits(secret_in_configmap.CHECK, facts([sighting(confidence=confidence)]))
    assert (hit.severity, hit.confidence) == (severity, confidence)


def test_copy_of_apply_beside_the_value() -> None:
    """The copy that kubectl apply leaves is a medium finding while the object holds the value itself."""
    copy = sighting(Context.LAST_APPLIED, resource=DATABASE, field=("metadata", "annotations", "x"))
    (hit,) = hits(secret_in_metadata.CHECK, facts([sighting(Context.SECRET, resource=DATABASE), copy]))
    assert (hit.origin, hit.severity) == (copy.origin, Severity.MEDIUM)


def test_copy_of_apply_alone() -> None:
    """The copy is a high finding where the value stands nowhere else in the object."""
    copy = sighting(Context.LAST_APPLIED, resource=DATABASE, field=("metadata", "annotations", "x"))
    other = sighting(Context.SECRET, resource=DATABASE, value="b")
    (hit,) = hits(secret_in_metadata.CHECK, facts([other, copy]))
    assert hit.severity is Severity.HIGH


def test_one_finding_for_each_secret_manifest() -> None:
    """A Secret with several real values is one finding, at the first; the message counts the others."""
    values = [
        sighting(Context.SECRET, resource=DATABASE, field=("data", "host"), nature=Nature.PLAIN),
        sighting(Context.SECRET, resource=DATABASE, field=("data", "password")),
        sighting(Context.SECRET, resource=DATABASE, field=("data", "token"), value="b"),
    ]
    (hit,) = hits(plain_secret_manifest.CHECK, facts(values))
    assert hit.origin.field == ("data", "password")
    assert "and 1 more" in hit.message


def test_surest_value_speaks_for_the_manifest() -> None:
    """The finding stands at the value that is surest a secret, not at a doubtful one before it."""
    values = [
        sighting(Context.SECRET, resource=DATABASE, field=("data", "name"), confidence=Confidence.LOW),
        sighting(Context.SECRET, resource=DATABASE, field=("data", "password"), value="b"),
    ]
    (hit,) = hits(plain_secret_manifest.CHECK, facts(values))
    assert (hit.origin.field, hit.severity) == (("data", "password"), Severity.HIGH)


def test_same_secret_in_two_documents_is_two_findings() -> None:
    """Each document, and each item of a List, is a manifest of its own."""
    values = [
        sighting(Context.SECRET, resource=DATABASE, document=0),
        sighting(Context.SECRET, resource=DATABASE, document=1),
        sighting(Context.SECRET, resource=DATABASE, document=2, field=("items", 0, "data", "password")),
        sighting(Context.SECRET, resource=DATABASE, document=2, field=("items", 1, "data", "password")),
    ]
    assert len(hits(plain_secret_manifest.CHECK, facts(values))) == 4


def test_secret_in_a_cluster_is_where_it_belongs() -> None:
    """Outside files a Secret with values is no finding."""
    given = facts([sighting(Context.SECRET, resource=DATABASE)], in_repository=False)
    assert hits(plain_secret_manifest.CHECK, given) == []


@pytest.mark.parametrize(("source", "count"), [("-", 0), ("dump.yaml", 1)])
def test_dump_on_standard_input(source: str, count: int) -> None:
    """A Secret that kubectl pipes out of a cluster is where it belongs; the same dump as a file is not."""
    origin = Origin(source, source, 0)
    body = {"kind": "Secret", "metadata": {"uid": "5b0e4f6a-9d31-4c7e-8f52-7a1b6c90d3e4"}}
    secret = Resource("v1", "Secret", "shop", "database", {}, {}, body, origin)
    value = msgspec.structs.replace(sighting(Context.SECRET, resource=DATABASE), origin=origin.at(("data", "password")))
    assert len(hits(plain_secret_manifest.CHECK, facts([value], resources=[secret]))) == count


def test_sops_document_has_its_own_check() -> None:
    """A Secret that SOPS encrypts is not reported as a plain manifest."""
    body = {"kind": "Secret", "sops": {"mac": "ENC[AES256_GCM,data:x]"}}
    secret = Resource("v1", "Secret", "shop", "database", {}, {}, body, Origin("src", "shop.yaml", 0))
    given = facts([sighting(Context.SECRET, resource=DATABASE)], resources=[secret])
    assert hits(plain_secret_manifest.CHECK, given) == []


def test_repeated_value_is_one_finding() -> None:
    """A value in three objects is one finding at the first file, with the two others beside it."""
    values = [
        sighting(Context.SECRET, resource=DATABASE, path="b.yaml"),
        sighting(Context.CONFIG_MAP, path="a.yaml"),
        sighting(Context.FILE, resource=None, path=".env"),
    ]
    (hit,) = hits(repeated_secret_value.CHECK, facts(values))
    assert hit.severity is Severity.MEDIUM
    assert hit.origin.path == ".env"
    assert [related.origin.path for related in hit.related] == ["a.yaml", "b.yaml"]


@pytest.mark.parametrize(
    "other",
    [
        sighting(Context.SECRET, resource=DATABASE, field=("data", "copy")),
        sighting(Context.LAST_APPLIED, resource=DATABASE, field=("metadata", "annotations", "x")),
        sighting(Context.CONFIG_MAP, weak="a common default password"),
        sighting(Context.CONFIG_MAP, confidence=Confidence.LOW),
        sighting(Context.CONFIG_MAP, nature=Nature.PLAIN),
        sighting(Context.CONFIG_MAP, value="b"),
    ],
    ids=["same object", "last-applied", "weak", "unsure", "plain", "other value"],
)
def test_what_is_not_repetition(other: Sighting) -> None:
    """Copies inside one object, weak or doubtful values and other values do not count as repeated."""
    assert hits(repeated_secret_value.CHECK, facts([sighting(Context.SECRET, resource=DATABASE), other])) == []


def test_same_secret_in_two_namespaces() -> None:
    """One Secret that is copied into another namespace under its name is a low finding."""
    values = [
        sighting(Context.SECRET, resource=DATABASE),
        sighting(Context.SECRET, resource=DATABASE._replace(namespace="staging"), document=1),
    ]
    (hit,) = hits(repeated_secret_value.CHECK, facts(values))
    assert hit.severity is Severity.LOW


def test_standing_in_is_weak_only_where_it_is_applied() -> None:
    """``changeme`` in a Secret is a weak value; in a ConfigMap it is a placeholder that grants nothing."""
    weak = {"nature": Nature.PLACEHOLDER, "weak": "a common default password"}
    assert len(hits(weak_secret_value.CHECK, facts([sighting(Context.SECRET, resource=DATABASE, **weak)]))) == 1  # type: ignore[arg-type]
    assert hits(weak_secret_value.CHECK, facts([sighting(Context.CONFIG_MAP, **weak)])) == []  # type: ignore[arg-type]


def test_file_and_its_values_are_one_finding() -> None:
    """A dotenv file is one finding, at the value on the line that shows it, with the other values beside it."""
    fact = FileFact(FileKind.DOTENV, Origin("src", ".env"), holds_credential=True)
    values = [sighting(Context.FILE, resource=None, path=".env", field=(name,), value=name) for name in "ab"]
    (hit,) = hits(credential_file.CHECK, facts(values, files=[fact]))
    assert hit.origin == values[0].origin
    assert [related.origin for related in hit.related] == [values[1].origin]


def test_file_without_recognised_values() -> None:
    """A keystore is a finding by itself, at the file."""
    fact = FileFact(FileKind.KEYSTORE, Origin("src", "shop.p12"), holds_credential=True)
    (hit,) = hits(credential_file.CHECK, facts(files=[fact]))
    assert (hit.origin, hit.related) == (fact.origin, ())


def test_template_is_no_credential_file() -> None:
    """A file that was seen to hold no live credential is no finding."""
    fact = FileFact(FileKind.DOTENV, Origin("src", ".env.example"), holds_credential=False)
    assert hits(credential_file.CHECK, facts(files=[fact])) == []


def test_settings_file_is_found_by_its_values() -> None:
    """A file of settings that nothing is known of but its values is one finding at the surest of them."""
    values = [
        sighting(Context.FILE, resource=None, path="app.properties", field=("a",), confidence=Confidence.LOW),
        sighting(Context.FILE, resource=None, path="app.properties", field=("b",), value="b"),
    ]
    (hit,) = hits(credential_file.CHECK, facts(values))
    assert (hit.origin.field, hit.severity, len(hit.related)) == (("b",), Severity.HIGH, 1)


def test_partly_encrypted_file_is_one_finding() -> None:
    """A SOPS document with two plain values is one finding at the first; one without is none."""
    origin = Origin("src", "secrets.yaml")
    plain = tuple(origin.at(("stringData", key)) for key in ("a", "b"))
    partly = FileFact(FileKind.SOPS, origin, holds_credential=True, plaintext_fields=plain)
    whole = FileFact(FileKind.SOPS, origin, holds_credential=False)
    (hit,) = hits(partly_encrypted_file.CHECK, facts(files=[partly, whole]))
    assert (hit.origin, [r.origin for r in hit.related]) == (plain[0], [plain[1]])

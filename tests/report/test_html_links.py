"""Which findings are about which Secret."""

from __future__ import annotations

import msgspec
from tests.report import factories as make

from strongroom.model.finding import Finding
from strongroom.model.origin import FieldPath
from strongroom.model.secret import SecretRecord
from strongroom.report.html_links import LINK_LIMIT, VALUE, Mark, Spot, marks_of

_ENV: FieldPath = ("spec", "template", "spec", "containers", 0, "env", 2)
_REFERENCE: FieldPath = (*_ENV, "valueFrom", "secretKeyRef")
_API = make.consumer().resource


def _marks(finding: Finding, *secrets: SecretRecord) -> dict[int, tuple[Mark, ...]]:
    return marks_of(make.report(finding, secrets=secrets), [0], range(len(secrets)))


def _consumed(field: FieldPath = _REFERENCE) -> SecretRecord:
    at = make.origin("api.yaml", document=-1, field=field)
    return make.secret(consumers=[msgspec.structs.replace(make.consumer(), origin=at)])


def _at(field: FieldPath, path: str = "api.yaml", document: int = -1) -> Finding:
    return make.finding(at=make.origin(path, document=document, field=field), about=_API)


def test_a_finding_at_a_reference_is_about_its_secret() -> None:
    """The field of a finding may be the reference, lie below it, or be the entry that holds it."""
    mark = (Mark(0, Spot("consumed", 0)),)
    assert _marks(_at(_REFERENCE), _consumed()) == {0: mark}
    assert _marks(_at((*_REFERENCE, "key")), _consumed()) == {0: mark}
    assert _marks(_at(_ENV), _consumed()) == {0: mark}


def test_a_finding_beside_or_far_above_a_reference_is_not() -> None:
    """Another entry of the list, the list itself, the container, another object or file say nothing of the Secret."""
    assert _marks(_at((*_ENV[:-1], 3, "valueFrom")), _consumed()) == {}
    assert _marks(_at(_ENV[:-1]), _consumed()) == {}
    assert _marks(_at(("spec",)), _consumed()) == {}
    assert _marks(msgspec.structs.replace(_at(_REFERENCE), resource=make.resource()), _consumed()) == {}
    assert _marks(_at(_REFERENCE, path="web.yaml"), _consumed()) == {}
    assert _marks(_at(_ENV[:-1]), _consumed(_ENV)) == {}


def test_a_place_that_was_looked_up_is_still_the_same_place() -> None:
    """Looking up a finding's line also finds the number of its document, which the inventory may not know."""
    assert _marks(_at(_REFERENCE, document=3), _consumed()) == {0: (Mark(0, Spot("consumed", 0)),)}


def test_a_finding_on_the_definition_is_about_its_secret() -> None:
    """The object and its file decide: the same name in another overlay is another definition."""
    definition = make.definition("db", at=make.origin("base/secret.yaml"))
    secret = make.secret(definitions=[definition])
    here = make.finding(about=definition.resource, at=make.origin("base/secret.yaml", 9))
    elsewhere = make.finding(about=definition.resource, at=make.origin("overlays/secret.yaml", 9))
    assert _marks(here, secret) == {0: (Mark(0, Spot("defined", 0)),)}
    assert _marks(elsewhere, secret) == {}


def test_a_finding_about_the_value_elsewhere_marks_the_value() -> None:
    """A ConfigMap that holds a Secret's value concerns that Secret; a placeholder or public value joins nothing."""
    finding = make.finding(value="dsn", at=make.origin("config.yaml"))
    assert _marks(finding, make.secret(definitions=[make.definition(keys=[make.key("a", "dsn")])])) == {
        0: (Mark(0, VALUE),)
    }
    for key in (make.key("a", "dsn", placeholder=True), make.key("a", "dsn", public=True), make.key("a", "other")):
        assert _marks(finding, make.secret(definitions=[make.definition(keys=[key])])) == {}


def test_a_value_inside_a_key_counts_as_the_secrets() -> None:
    """The password in a file of registry credentials stands in the Secret, though it is no key's whole value."""
    definition = make.definition("pull", at=make.origin("pull.yaml"))
    inside = make.sighting("password", "registry", at=make.origin("pull.yaml"), about=definition.resource)
    finding = make.finding(value="registry", at=make.origin("ci.yaml"), about=None)
    report = make.report(finding, secrets=[make.secret(definitions=[definition])], sightings=[inside])
    assert marks_of(report, [0], [0]) == {0: (Mark(0, VALUE),)}


def test_a_finding_on_the_store_is_about_what_it_holds() -> None:
    """The store's kind and name link its findings to every Secret that comes from it."""
    finding = make.finding(about=make.resource("ClusterSecretStore", "vault", ""), at=make.origin("store.yaml"))
    marks = _marks(
        finding, make.secret("a", stores=[make.stored()]), make.secret("b"), make.secret("c", stores=[make.stored()])
    )
    assert marks == {0: (Mark(0, Spot("stored", 0)),), 2: (Mark(0, Spot("stored", 0)),)}


def test_a_finding_is_linked_to_a_secret_once() -> None:
    """Several reasons give one mark, at the most telling spot."""
    record = _consumed()
    secret = msgspec.structs.replace(record, definitions=(make.definition(keys=[make.key("a", "dsn")]),))
    finding = msgspec.structs.replace(_at(_REFERENCE), value=make.value_of("dsn"))
    assert _marks(finding, secret) == {0: (Mark(0, Spot("consumed", 0)),)}


def test_a_finding_about_thousands_is_linked_to_a_few() -> None:
    """The number of links stays bounded."""
    secrets = [make.secret(f"s{index}", stores=[make.stored()]) for index in range(500)]
    finding = make.finding(about=make.resource("ClusterSecretStore", "vault", ""), at=make.origin("store.yaml"))
    assert len(_marks(finding, *secrets)) == LINK_LIMIT

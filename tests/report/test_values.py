"""One value in several places is told as one value."""

from __future__ import annotations

from tests.report import factories as make
from tests.report import hostile

from strongroom.report.values import describe, shared_values


def test_a_sighting_and_a_key_with_the_same_fingerprint_are_joined() -> None:
    """A value in a ConfigMap and in a Secret is one value with two places, ordered by place."""
    record = make.secret(definitions=[make.definition(keys=[make.key("token", "t")])])
    report = make.report(secrets=[record], sightings=[make.sighting(value="t")])
    (shared,) = shared_values(report)
    assert [place.origin.path for place in shared.places] == ["deploy/config.yaml", "deploy/secret.yaml"]
    assert shared.what == "GitHub personal access token"


def test_the_same_place_counts_once() -> None:
    """A key that was sighted as well is one place: a Secret does not share its value with itself."""
    key = make.key("password", "p")
    record = make.secret(definitions=[make.definition(keys=[key])])
    seen = make.sighting("password", "p", at=key.origin, about=record.definitions[0].resource)
    report = make.report(secrets=[record], sightings=[seen])
    assert shared_values(report) == ()


def test_of_two_origins_of_a_place_the_exact_one_is_kept() -> None:
    """Where only one of a key and its sighting was looked up, the exact line is shown, whichever came first."""
    about = make.resource("Secret", "db")
    rough = make.origin("deploy/secret.yaml", 1, 1, field=("stringData", "password"))
    other = make.sighting("PASSWORD", "p")
    record = make.secret(definitions=[make.definition(keys=[make.key("password", "p")])])
    report = make.report(secrets=[record], sightings=[make.sighting("password", "p", at=rough, about=about), other])
    (shared,) = shared_values(report)
    assert [place.origin.line for place in shared.places] == [7, 8]


def test_public_values_and_placeholders_are_no_news() -> None:
    """A CA bundle or a placeholder that stands in two Secrets is not a shared secret."""
    for public, placeholder in ((True, False), (False, True)):
        keys = [make.key(name, "v", public=public, placeholder=placeholder) for name in ("a", "b")]
        records = [make.secret(definitions=[make.definition(keys=keys)])]
        assert shared_values(make.report(secrets=records)) == ()


def test_values_are_ordered_by_fingerprint() -> None:
    """The order does not depend on the order in which values were met."""
    sightings = [make.sighting(value=v, at=make.origin(line=n, field=(n,))) for n, v in enumerate("abcabc", start=1)]
    found = [shared.fingerprint for shared in shared_values(make.report(sightings=sightings))]
    assert found == sorted(found)
    assert len(found) == 3


def test_descriptions_are_clean() -> None:
    """A description shows what hostile names hide."""
    (shared,) = shared_values(hostile.report())[:1]
    assert all(describe(place).isprintable() for place in shared.places)

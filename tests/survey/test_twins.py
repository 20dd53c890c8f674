"""A mistake that stands in a manifest and in the cluster is said once."""

from __future__ import annotations

from tests.report import factories as make

from strongroom.model.finding import Finding
from strongroom.model.origin import Origin
from strongroom.model.plaintext import Fingerprint
from strongroom.model.resource import ResourceId
from strongroom.survey.twins import without_twins

FIELD = ("spec", "containers", 0, "env", 1, "value")


def finding(origin: Origin, namespace: str = "shop", value: str = "a") -> Finding:
    """Return a finding about a Deployment."""
    import msgspec

    resource = ResourceId("apps", "Deployment", namespace, "api")
    return msgspec.structs.replace(make.finding(), origin=origin, resource=resource, value=Fingerprint(value * 64))


def test_the_live_twin_is_left_out() -> None:
    """Same check, object, field and value: only the finding at the manifest stays, also where its namespace is open."""
    live = finding(Origin("cluster:a", "", 7, field=FIELD, object="Deployment shop/api"))
    exact = finding(Origin("deploy", "deploy/api.yaml", 0, field=FIELD))
    open_one = finding(Origin("deploy", "deploy/api.yaml", 0, field=FIELD), namespace="")

    assert without_twins([live, exact]) == [exact]
    assert without_twins([live, open_one]) == [open_one]


def test_what_differs_stays() -> None:
    """Another value, field or namespace is another finding; without a manifest everything stays."""
    live = finding(Origin("cluster:a", "", 7, field=FIELD, object="Deployment shop/api"))
    others = [
        finding(Origin("deploy", "deploy/api.yaml", 0, field=FIELD), value="b"),
        finding(Origin("deploy", "deploy/api.yaml", 0, field=(*FIELD[:-1], "name"))),
        finding(Origin("deploy", "deploy/api.yaml", 0, field=FIELD), namespace="other"),
    ]

    assert without_twins([live, *others]) == [live, *others]
    assert without_twins([live]) == [live]

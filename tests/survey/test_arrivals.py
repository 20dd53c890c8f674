"""Values of a cluster are recognised as they arrive, and not kept."""

from __future__ import annotations

import base64
import json
from typing import Any

from strongroom.leaks.recognise import Recogniser
from strongroom.model.origin import Origin
from strongroom.model.place import Nature
from strongroom.model.plaintext import Plaintext
from strongroom.model.resource import Resource
from strongroom.model.secret import Seen
from strongroom.survey.arrivals import Arrivals

KEY = bytes(range(32))
VALUE = "Kq8vTz3mWxLpYr5n"
COPY = "kubectl.kubernetes.io/last-applied-configuration"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def resource(kind: str, name: str, body: dict[str, Any], annotations: dict[str, str] | None = None) -> Resource:
    """Return an object of a cluster."""
    metadata = {"name": name, "namespace": "shop", "annotations": annotations or {}}
    origin = Origin("cluster:a", "", 1, object=f"{kind} shop/{name}")
    return Resource("v1", kind, "shop", name, {}, annotations or {}, {**body, "metadata": metadata}, origin)


def test_values_of_secrets_become_fingerprints() -> None:
    """A value gives a sighting with its fingerprint; in the object, only what is public of it stays."""
    arrivals = Arrivals(Recogniser(), KEY)
    expired = (
        base64.urlsafe_b64encode(b'{"alg":"HS256"}').rstrip(b"=")
        + b"."
        + base64.urlsafe_b64encode(b'{"exp":1600000000}').rstrip(b"=")
        + b".c2ln"
    )

    kept = arrivals.take(
        resource("Secret", "db", {"data": {"password": Plaintext(VALUE), "token": Plaintext(expired)}})
    )

    assert {s.fingerprint for s in arrivals.sightings} >= {Plaintext(VALUE).fingerprint(KEY)}
    assert kept.body["data"]["password"] == Seen()
    assert kept.body["data"]["token"].token.expires.startswith("2020-09-13")
    assert VALUE not in repr(kept.body)


def test_values_of_config_maps_are_dropped() -> None:
    """A ConfigMap keeps certificates, and which Secrets it names; its other values are recognised and dropped."""
    arrivals = Arrivals(Recogniser(), KEY)
    arrivals.take(resource("Secret", "shop-db", {"data": {}}))
    data = {"password": VALUE, "app.conf": f"secret = shop-db\npassword = {VALUE}\n", "ca.crt": CERTIFICATE}

    kept = arrivals.take(resource("ConfigMap", "settings", {"data": data, "binaryData": {"x": "aHVudGVyMg=="}}))

    assert kept.body["data"] == {"password": "", "app.conf": "shop-db", "ca.crt": CERTIFICATE}
    assert "binaryData" not in kept.body
    found = {s.origin.field for s in arrivals.sightings if s.nature is Nature.SECRET}
    assert found == {("data", "password"), ("data", "app.conf")}


def test_copies_are_looked_at_and_dropped() -> None:
    """What ``kubectl apply`` left is recognised like the object itself, and goes; an emptied one stays as a mark."""
    arrivals = Arrivals(Recogniser(), KEY)
    copy = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"password": VALUE}})

    kept = arrivals.take(resource("ConfigMap", "c", {"data": {}}, {COPY: copy, "note": "a"}))
    marked = arrivals.take(resource("Secret", "s", {"data": {}}, {COPY: ""}))

    assert kept.annotations == {"note": "a"}
    assert kept.get("metadata", "annotations") == {"note": "a"}
    assert marked.annotations == {COPY: ""}
    assert [s.fingerprint for s in arrivals.sightings] == [Plaintext(VALUE).fingerprint(KEY)]

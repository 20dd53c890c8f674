"""Objects of a running cluster as they arrive: their values are recognised at once, and then dropped.

A cluster may hold more than fits into memory as Python objects; what is kept of it must not grow with the values in it.
"""

from __future__ import annotations

import re
import sys
from typing import Any

import msgspec

from strongroom.inventory.material import certificate_of, token_of
from strongroom.leaks.candidates import of_resource
from strongroom.leaks.recognise import Recogniser
from strongroom.model.place import Sighting
from strongroom.model.plaintext import Plaintext
from strongroom.model.resource import Resource, as_dict
from strongroom.model.secret import Seen
from strongroom.sources.cluster_secrets import COPIES

_WORD = re.compile(r"[a-z0-9][-a-z0-9.]*[a-z0-9]")
_CERTIFICATE = "-----BEGIN CERTIFICATE"


class Arrivals:
    """Takes one object after the other.

    Attributes:
        sightings: what recognition said of them so far.
    """

    def __init__(self, recogniser: Recogniser, key: bytes) -> None:
        self.sightings: list[Sighting] = []
        self._recogniser = recogniser
        self._key = key
        self._secrets: set[str] = set()

    def take(self, resource: Resource) -> Resource:
        """Recognise the values of an object; return it without them."""
        self.sightings.extend(self._recogniser.recognise(of_resource(resource), self._key))
        if resource.kind == "Secret" and not resource.group:
            self._secrets.add(resource.name)
            return _of_secret(resource)
        return self._of_other(resource)

    def _of_other(self, resource: Resource) -> Resource:
        resource = _without_copies(resource)
        if resource.kind != "ConfigMap" or resource.group:
            return resource
        body = {name: value for name, value in resource.body.items() if name != "binaryData"}
        body["data"] = {name: self._said(value) for name, value in as_dict(body.get("data")).items()}
        return msgspec.structs.replace(resource, body=body)

    def _said(self, value: Any) -> str:
        """Return what is kept of a value: a certificate, else the names of Secrets that it mentions."""
        text = value if isinstance(value, str) else ""
        if text.lstrip()[: len(_CERTIFICATE)] == _CERTIFICATE:
            return sys.intern(text)  # every namespace holds the same one of the cluster
        return " ".join(sorted(self._secrets.intersection(_WORD.findall(text))))


def _of_secret(resource: Resource) -> Resource:
    resource = _without_copies(resource)
    data = {name: _seen(value) for name, value in as_dict(resource.body.get("data")).items()}
    return msgspec.structs.replace(resource, body={**resource.body, "data": data})


def _without_copies(resource: Resource) -> Resource:
    """Drop the copies of the object in its annotations, now that they were looked at; keep an empty one as a mark."""
    if not any(resource.annotations.get(name) for name in COPIES):
        return resource
    annotations = {name: text for name, text in resource.annotations.items() if name not in COPIES or not text}
    metadata = {**as_dict(resource.body.get("metadata")), "annotations": annotations}
    return msgspec.structs.replace(resource, annotations=annotations, body={**resource.body, "metadata": metadata})


def _seen(value: Any) -> Seen:
    if isinstance(value, Seen):
        return value
    secret = value.reveal() if isinstance(value, Plaintext) else b""
    return Seen(certificate_of(secret), token_of(secret))

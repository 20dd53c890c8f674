"""Exact places of what was rendered: the document that an object came from is found again."""

from __future__ import annotations

import pytest

from strongroom.documents.limits import DEFAULT
from strongroom.model.origin import Origin
from strongroom.model.resource import ResourceId
from strongroom.sources.reading import Texts
from strongroom.survey.locate import Locator

MANIFESTS = b"""\
apiVersion: v1
kind: Secret
metadata: {name: db}
stringData:
  password: x
---
apiVersion: v1
kind: Secret
metadata: {name: db-admin}
stringData:
  password: x
---
apiVersion: v1
kind: Secret
metadata: {name: db, namespace: shop}
stringData:
  password: x
"""
GENERATORS = b"""\
secretGenerator:
  - name: db
    literals: [password=x]
  - name: db-admin
    literals:
      - password=x
"""


def _line(text: bytes, namespace: str, name: str) -> int:
    texts = Texts()
    texts.hold("app.yaml", text)
    origin = Origin("app", "app.yaml", field=("stringData", "password"), rendered_by="kustomize")
    return Locator(texts, DEFAULT, []).origin(origin, ResourceId("", "Secret", namespace, name)).line


@pytest.mark.parametrize(
    ("namespace", "name", "line"),
    [("", "db", 5), ("", "prod-db", 5), ("", "db-admin", 11), ("", "db-admin-k8f2", 11), ("shop", "db", 17)],
)
def test_a_rendered_object_is_found_among_names_alike(namespace: str, name: str, line: int) -> None:
    """The longest name that rendering extended is meant, then the one of the same namespace."""
    assert _line(MANIFESTS, namespace, name) == line


@pytest.mark.parametrize(("name", "line"), [("db-2m9k", 3), ("db-admin-k8f2", 6)])
def test_a_generated_secret_is_found_among_names_alike(name: str, line: int) -> None:
    """A generator whose name begins another one's does not stand for it."""
    assert _line(GENERATORS, "", name) == line


def test_an_object_of_another_name_has_no_place_in_the_file() -> None:
    """What is not there keeps the start of its file."""
    assert _line(MANIFESTS, "shop", "cache") == 1

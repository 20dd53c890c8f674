"""From documents to objects."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from strongroom.model.origin import Origin
from strongroom.model.plaintext import Plaintext
from strongroom.sources.objects import objects_in

HERE = Origin("t", "t.yaml", 0)


def test_secret_values_are_sealed() -> None:
    """The values of a Secret are `Plaintext`, decoded; what is not base64 stays as it is written."""
    wrapped = base64.b64encode(b"wrapped over lines").decode()
    body: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "x"},
        "data": {
            "a": "aHVudGVyMg==",
            "b": wrapped[:8] + "\n" + wrapped[8:],
            "c": "ENC[AES256_GCM,data:x]",
            "d": None,
            "e": 7,
        },
        "stringData": {"f": "plain", "g": True},
    }

    (secret,) = objects_in(body, HERE)

    assert {key: value.reveal() for key, value in secret.body["data"].items()} == {
        "a": b"hunter2",
        "b": b"wrapped over lines",
        "c": b"ENC[AES256_GCM,data:x]",
        "d": b"",
        "e": b"7",
    }
    assert secret.body["stringData"] == {"f": Plaintext("plain"), "g": Plaintext("true")}
    assert "hunter2" not in repr(secret)
    assert body["data"]["a"] == "aHVudGVyMg=="


def test_lists_are_opened() -> None:
    """Items of a List are objects with the way to them; a typed list implies their kind."""
    listed = {
        "apiVersion": "v1",
        "kind": "List",
        "items": [
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}},
            "hostile",
            {"apiVersion": "v1", "kind": "SecretList", "items": [{"metadata": {"name": "b", "namespace": "n"}}]},
        ],
    }

    found = [(o.kind, o.namespace, o.name, o.origin.field) for o in objects_in(listed, HERE)]

    assert found == [("ConfigMap", "", "a", ("items", 0)), ("Secret", "n", "b", ("items", 2, "items", 0))]


@pytest.mark.parametrize(
    "body",
    [
        None,
        3,
        "x",
        [],
        {},
        {"kind": "Secret"},
        {"apiVersion": "v1"},
        {"apiVersion": 1, "kind": 2},
        {"apiVersion": "v1", "kind": []},
    ],
)
def test_no_object(body: Any) -> None:
    """What has no apiVersion and kind is no Kubernetes object."""
    assert not list(objects_in(body, HERE))


@pytest.mark.parametrize("metadata", [None, 3, [], {"name": 3, "labels": [], "annotations": {"a": 1, "b": "c"}}])
def test_odd_metadata(metadata: Any) -> None:
    """Metadata of the wrong shape is as good as none."""
    (found,) = objects_in(
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": "x", "stringData": []}, HERE
    )

    assert (found.name, found.labels) == ("", {})


def test_lists_in_lists_are_bounded() -> None:
    """Lists inside lists are opened to a few levels only."""
    body: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap"}
    for _ in range(50):
        body = {"apiVersion": "v1", "kind": "List", "items": [body]}

    assert not list(objects_in(body, HERE))


def test_a_kustomization_that_does_not_say_so() -> None:
    """The file that kustomize looks for is a Kustomization without a kind; a file of another name is no object."""
    body = {"resources": ["api.yaml"]}
    (found,) = objects_in(body, Origin("", "deploy/kustomization.yaml", 0))
    assert (found.kind, found.group) == ("Kustomization", "kustomize.config.k8s.io")
    assert found.body["resources"] == ["api.yaml"]
    assert [*objects_in(body, Origin("", "deploy/values.yaml", 0))] == []

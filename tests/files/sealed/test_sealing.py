"""What becomes of a Secret when it is sealed."""

from __future__ import annotations

import json

import pytest
from tests.files.sealed import build
from tests.support.sealing_keys import pair

from strongroom.errors import UsageError
from strongroom.files.sealed.scope import Scope
from strongroom.files.sealed.sealing import sealed_body
from strongroom.files.sealed.secrets import read_secrets
from strongroom.model.plaintext import Plaintext

KEY = pair(0).key.public_key()
FROM_A_CLUSTER = build.secret(
    stringData={"password": "hunter2"},
    type="Opaque",
    metadata={
        "uid": "1",
        "resourceVersion": "2",
        "generation": 3,
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "ownerReferences": [{"kind": "Deployment"}],
        "managedFields": [{"manager": "kubectl"}],
        "selfLink": "/x",
        "finalizers": ["example.com/keep"],
        "labels": {"app": "shop"},
        "annotations": {"a": "b", "sealedsecrets.bitnami.com/cluster-wide": "true"},
    },
)


def test_what_the_server_added_is_dropped() -> None:
    """Identity, ownership and history of the object in its cluster do not go into Git; what people wrote does."""
    (secret,) = read_secrets(Plaintext(json.dumps(FROM_A_CLUSTER)), "s")
    body = sealed_body(secret, KEY, Scope.NAMESPACE)
    annotation = {"sealedsecrets.bitnami.com/namespace-wide": "true"}

    assert body["metadata"] == {"name": "db", "namespace": "shop", "annotations": annotation}
    assert body["spec"]["template"] == {
        "metadata": {
            "name": "db",
            "namespace": "shop",
            "labels": {"app": "shop"},
            "annotations": {"a": "b", **annotation},
            "finalizers": ["example.com/keep"],
        },
        "type": "Opaque",
    }


def test_nothing_in_plain_text() -> None:
    """Neither a value nor its base64 is in what comes out."""
    text = json.dumps(
        build.secret(stringData={"password": "hunter2-hunter2"}, metadata={"annotations": {"n": "hunter2-hunter2"}})
    )
    (secret,) = read_secrets(Plaintext(text), "s")
    out = json.dumps(sealed_body(secret, KEY, Scope.STRICT))

    assert "hunter2" not in out
    assert "aHVudGVyMi1odW50ZXIy" not in out


def test_kept_ciphertexts() -> None:
    """A ciphertext that is given is taken as it is; the others are made."""
    (secret,) = read_secrets(Plaintext(json.dumps(build.secret(stringData={"a": "1", "b": "2"}))), "s")
    values = sealed_body(secret, KEY, Scope.STRICT, {"a": "kept", "b": ""})["spec"]["encryptedData"]

    assert values["a"] == "kept"
    assert len(values["b"]) > 300


def test_names_that_would_share_a_label() -> None:
    """A slash in a name would give two objects one label, and is refused."""
    (secret,) = read_secrets(Plaintext(json.dumps(build.secret("a/b", "c", stringData={"x": "y"}))), "s")

    with pytest.raises(UsageError, match="no Secret may have"):
        sealed_body(secret, KEY, Scope.STRICT)

"""Sealed values are opened with exported keys, and what is recovered is the Secret that was sealed."""

from __future__ import annotations

import base64

import pytest
from tests.support.sealing_keys import pair

from strongroom.errors import KeyUseError, TamperedError
from strongroom.files.sealed import private_keys
from strongroom.files.sealed.emit import as_yaml
from strongroom.files.sealed.opening import open_all, open_value, recovered
from strongroom.files.sealed.scope import Scope
from strongroom.files.sealed.sealed import SealedSecret, read_sealed
from strongroom.files.sealed.sealing import sealed_body, sealed_value
from strongroom.files.sealed.secrets import PlainSecret
from strongroom.model.plaintext import Plaintext

KEYS = private_keys.together([private_keys.read(Plaintext(pair(number).private), "k") for number in range(2)])


def sealed(scope: Scope = Scope.STRICT, **more: object) -> SealedSecret:
    """A SealedSecret under the first key; ``more`` changes its template."""
    secret = PlainSecret("db", "shop", {"password": Plaintext("hunter2")}, "Opaque", True, {"a": "b"}, {"c": "d"})
    body = sealed_body(secret, pair(0).key.public_key(), scope)
    body["spec"]["template"].update(more)
    (found,) = read_sealed(as_yaml(body).encode(), "f")
    return found


def test_the_key_that_opened_it() -> None:
    """With several keys it is said which one opened a value."""
    for number in range(2):
        text = sealed_value(pair(number).key.public_key(), Plaintext("v"), b"x")
        assert open_value(text, b"x", KEYS).fingerprint == pair(number).fingerprint


def test_what_does_not_open() -> None:
    """Another name, and a changed value, are refused by the name of the key and the object, without any value."""
    found = sealed()
    raw = bytearray(base64.b64decode(found.values["password"]))
    raw[-1] ^= 1
    changed = found._replace(values={"password": base64.b64encode(raw).decode()})

    with pytest.raises(KeyUseError, match="password of SealedSecret shop/other: none of 2 sealing keys opens it"):
        open_all(found._replace(name="other"), KEYS)
    with pytest.raises(TamperedError, match="password of SealedSecret shop/db: a sealed value was changed"):
        open_all(changed, KEYS)


@pytest.mark.parametrize("scope", Scope)
def test_recovered(scope: Scope) -> None:
    """Type, labels, annotations, immutability and scope come back; the representation shows nothing."""
    found = recovered(sealed(scope), KEYS)

    assert found.body == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "db",
            "namespace": "shop",
            "labels": {"a": "b"},
            "annotations": {"c": "d", **scope.annotations()},
        },
        "type": "Opaque",
        "immutable": True,
        "data": {"password": "aHVudGVyMg=="},
    }
    assert "hunter2" not in repr(found)
    assert "aHVudGVyMg" not in repr(found)


def test_templates() -> None:
    """A template that names values is filled in; one that asks for more is left."""
    texts = {
        "a": "p={{ .password }}",
        "b": '{{index . "password"}}',
        "c": "{{ .nobody }}",
        "d": "{{- .password }}",
        "e": "{{",
    }
    found = recovered(sealed(data=texts), KEYS)

    assert {key: base64.b64decode(text) for key, text in found.body["data"].items()} == {
        "password": b"hunter2",
        "a": b"p=hunter2",
        "b": b"hunter2",
    }
    assert found.left == ("c", "d", "e")

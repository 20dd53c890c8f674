"""SealedSecrets are read from files of any kind, without opening anything."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.sealing_keys import pair

from strongroom.errors import DocumentError, TamperedError
from strongroom.files.sealed.scope import CLUSTER_WIDE, NAMESPACE_WIDE, Scope, scope_of
from strongroom.files.sealed.sealed import envelope, read_sealed
from strongroom.files.sealed.sealing import sealed_value
from strongroom.model.plaintext import Plaintext


def test_among_others() -> None:
    """Documents and items of Lists that are no SealedSecrets are passed over; the way to each is known."""
    one = {"apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "metadata": {"name": "a", "namespace": "n"}}
    listed = {"kind": "List", "items": [{"kind": "ConfigMap"}, {**one, "spec": {"encryptedData": {"k": "v"}}}]}
    typed = {"kind": "SealedSecretList", "apiVersion": "bitnami.com/v1alpha1", "items": [{"metadata": {"name": "b"}}]}
    text = "\n---\n".join(json.dumps(body) for body in ({"kind": "ConfigMap"}, one, listed, typed))
    found = read_sealed(text.encode(), "f")

    assert [(each.document, each.path, each.name) for each in found] == [
        (1, (), "a"),
        (2, ("items", 1), "a"),
        (3, ("items", 0), "b"),
    ]
    assert found[1].values == {"k": "v"}


@pytest.mark.parametrize(
    ("annotations", "scope", "label"),
    [
        ({}, Scope.STRICT, b"shop/db"),
        ({NAMESPACE_WIDE: "true"}, Scope.NAMESPACE, b"shop"),
        ({CLUSTER_WIDE: "true"}, Scope.CLUSTER, b""),
        ({NAMESPACE_WIDE: "true", CLUSTER_WIDE: "true"}, Scope.CLUSTER, b""),
        ({NAMESPACE_WIDE: "True", CLUSTER_WIDE: "yes"}, Scope.STRICT, b"shop/db"),
    ],
)
def test_scopes(annotations: dict[str, str], scope: Scope, label: bytes) -> None:
    """Annotations say what values are bound to; only the text ``true`` counts, and the wider scope."""
    assert scope_of(annotations) is scope
    assert scope.label("shop", "db") == label
    assert scope_of(scope.annotations()) is scope


def test_envelopes_with_line_breaks() -> None:
    """Line breaks in the base64 are allowed, as the controller allows them; anything else is not."""
    text = sealed_value(pair(0).key.public_key(), Plaintext(b"12345"), b"")
    lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))

    assert envelope(lines + "\r\n").size == 5
    for wrong in (text[:-1] + "!", " " + text, text[:8], "", "AAAA", "AgAA" + "A" * 64):
        with pytest.raises(TamperedError):
            envelope(wrong)


def test_a_file_that_cannot_be_read() -> None:
    """A broken document is an error with its place, and without its text."""
    with pytest.raises(DocumentError) as raised:
        read_sealed(b"kind: SealedSecret\nspec: [hunter2\n", "f.yaml")

    assert raised.value.message.startswith("f.yaml: ")
    assert "hunter2" not in raised.value.message


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes(data: bytes) -> None:
    """Bytes of any kind give objects or an error of ours."""
    with contextlib.suppress(DocumentError):
        assert isinstance(read_sealed(data, "f"), tuple)


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "items", "kind"]), inner),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["metadata", "spec", "items"]), _ANY), _ANY, _ANY)
def test_any_shape(body: dict[str, object], annotations: object, values: object) -> None:
    """Objects of any shape are read: what is no text is empty, what is no mapping is none."""
    body |= {"kind": "SealedSecret", "apiVersion": "bitnami.com/v1alpha1"}
    shaped = {**body, "metadata": {"annotations": annotations}, "spec": {"encryptedData": values, "template": values}}
    for one in (body, shaped):
        for sealed in read_sealed(json.dumps(one).encode(), "f"):
            assert all(isinstance(text, str) for text in sealed.values.values())
            assert isinstance(sealed.template, dict)

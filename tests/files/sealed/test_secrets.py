"""Plain Secrets are read as the API server would read them, and refused where it would refuse them."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.files.sealed import build

from strongroom.errors import DocumentError, StrongroomError, UsageError
from strongroom.files.sealed.secrets import PlainSecret, labels_with_values, left_out, read_secrets
from strongroom.model.plaintext import Plaintext

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def read(text: str) -> tuple[PlainSecret, ...]:
    """Read a manifest."""
    return read_secrets(Plaintext(text), "s.yaml")


@given(build.secrets())
def test_values(body: dict[str, object]) -> None:
    """Values come decoded; those of stringData count."""
    (found,) = read(json.dumps(body))

    assert {key: value.reveal() for key, value in found.values.items()} == build.plain_values(body)


def test_several_documents_and_lists() -> None:
    """Documents, Lists inside Lists and SecretLists give their Secrets in order."""
    one, two, three = (build.secret(name, stringData={"k": "v"}) for name in ("a", "b", "c"))
    inner = {"apiVersion": "v1", "kind": "List", "items": [two]}
    typed = {"apiVersion": "v1", "kind": "SecretList", "items": [{"metadata": {"name": "d"}, "data": {}}]}
    text = "\n---\n".join(json.dumps(each) for each in (one, {**inner, "items": [inner, three]}, typed))

    assert [each.name for each in read(text)] == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind: ConfigMap\napiVersion: v1\nmetadata: {name: c}\n", "holds ConfigMap c that is no Secret"),
        ("kind: SealedSecret\napiVersion: bitnami.com/v1alpha1\n", "sealed already"),
        ("kind: Secret\napiVersion: v1\nsops: {}\n", "encrypted by SOPS"),
        ("kind: Secret\napiVersion: v1\nmetadata: {name: s}\ndata: {k: hunter2-hunter2}\n", "data k of Secret s in"),
        ("kind: Secret\napiVersion: v1\nmetadata: {name: s}\nstringData: {k: 1701}\n", "stringData k of Secret s"),
        ("kind: Secret\napiVersion: v1\nstringData: {'a/b': hunter2}\n", "none that a Secret may have"),
        ("kind: Secret\napiVersion: v1\nstringData: {..: hunter2}\n", "none that a Secret may have"),
        ("kind: Secret\napiVersion: v1\ndata: [hunter2]\n", "is no mapping"),
        ("kind: Secret\napiVersion: v1\nmetadata: {labels: {a: 1}}\n", "no texts"),
        ("kind: Secret\napiVersion: v1\nimmutable: maybe\n", "neither true nor false"),
        ("hunter2", "something that is no Secret"),
        ("a: [hunter2", "s.yaml: "),
    ],
)
def test_refused(text: str, said: str) -> None:
    """What is no Secret, or none that an API server takes, is refused; the message holds no value."""
    with pytest.raises((UsageError, DocumentError)) as raised:
        read(text)

    shown = f"{raised.value.message} {raised.value.hint}"
    assert said in shown
    assert "hunter2" not in shown
    assert "1701" not in shown


def test_annotations_with_values_are_left_out() -> None:
    """What tools keep of the whole object, and any annotation that holds a value, plain or in base64, is left out."""
    body = build.secret(
        stringData={"password": "hunter2-hunter2\n", "short": "a"},
        metadata={
            "annotations": {
                LAST_APPLIED: "{}",
                "kubecfg.ksonnet.io/last-applied-configuration": "{}",
                "plain": "it is hunter2-hunter2!",
                "coded": '{"data":{"password":"aHVudGVyMi1odW50ZXIyCg=="}}',
                "fine": "a note",
            }
        },
    )
    (found,) = read(json.dumps(body))

    assert set(found.annotations) - set(left_out(found)) == {"fine"}


def test_labels_with_values() -> None:
    """A label that is a value is named."""
    body = build.secret(stringData={"password": "hunter2", "user": "app"}, metadata={"labels": {"a": "hunter2"}})
    (found,) = read(json.dumps(body))

    assert labels_with_values(found) == ("a",)


def test_shows_no_value() -> None:
    """The representation of a Secret holds none of its values."""
    (found,) = read("kind: Secret\napiVersion: v1\nmetadata: {name: s}\nstringData: {k: hunter2}\n")

    assert "hunter2" not in repr(found)


@given(st.binary(max_size=200))
def test_anything_is_read_or_refused(data: bytes) -> None:
    """Bytes of any kind give Secrets or one of our errors."""
    with contextlib.suppress(StrongroomError):
        assert isinstance(read_secrets(Plaintext(data), "s.yaml"), tuple)

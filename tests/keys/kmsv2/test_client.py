"""The client of a KMS v2 plugin; what it does with one that runs is in tests/serve/kms_plugin."""

from __future__ import annotations

import tomllib
from contextlib import closing
from pathlib import Path

import pytest
from tests.support.controlplane.folder import Folder

from strongroom.errors import KeyUseError
from strongroom.keys.kmsv2 import api_pb2
from strongroom.keys.kmsv2.client import Client
from strongroom.model.plaintext import Plaintext

ROOT = Path(__file__).parents[3]


def test_without_a_plugin() -> None:
    """Where nothing listens, each call ends at its timeout with an error that names the socket."""
    with closing(Folder()) as folder, Client(f"unix://{folder.path}/kms.sock", 0.2) as client:
        for act in (client.status, lambda: client.encrypt(Plaintext(b"x")), lambda: client.decrypt(b"x", "k")):
            with pytest.raises(KeyUseError, match="the KMS plugin") as caught:
                act()
            assert f"listen on {folder.path}/kms.sock" in caught.value.hint


def test_numbers_on_the_wire() -> None:
    """The messages have the fields and numbers that Kubernetes gave them (k8s.io/kms/apis/v2/api.proto)."""
    request = api_pb2.DecryptRequest(ciphertext=b"c", uid="u", key_id="k", annotations={"a.example": b"v"})
    answer = api_pb2.EncryptResponse(ciphertext=b"c", key_id="k", annotations={"a.example": b"v"})

    assert request.SerializeToString() == b"\x0a\x01c\x12\x01u\x1a\x01k\x22\x0e\x0a\x09a.example\x12\x01v"
    assert answer.SerializeToString() == b"\x0a\x01c\x12\x01k\x1a\x0e\x0a\x09a.example\x12\x01v"
    assert api_pb2.EncryptRequest(plaintext=b"p", uid="u").SerializeToString() == b"\x0a\x01p\x12\x01u"
    assert api_pb2.DecryptResponse(plaintext=b"p").SerializeToString() == b"\x0a\x01p"
    status = api_pb2.StatusResponse(version="v2", healthz="ok", key_id="k")
    assert status.SerializeToString() == b"\x0a\x02v2\x12\x02ok\x1a\x01k"


def test_what_was_compiled_runs_with_the_protobuf_that_is_asked_for() -> None:
    """The oldest protobuf that the package allows is not older than what its messages were compiled for."""
    made = Path(api_pb2.__file__).read_text("utf-8")
    compiled_for = made.split("# Protobuf Python Version: ")[1].splitlines()[0]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (asked_for,) = (text for text in project["dependencies"] if text.startswith("protobuf"))

    assert _numbers(asked_for.removeprefix("protobuf>=")) >= _numbers(compiled_for)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))

"""Writing one Secret to a real API server: made once, replaced only as it was seen, and no value in an error."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
from tests.support.controlplane.access import Access

from strongroom.errors import AnswerError, UsageError
from strongroom.kube import secret_writer
from strongroom.kube.client import Client
from strongroom.kube.connection import Asked, connect

_Answer = TypeVar("_Answer")
VALUE = "hunter2-that-no-message-repeats"


def ask(cluster: Access, question: Callable[[Client], Awaitable[_Answer]]) -> _Answer:
    """Ask the cluster as an administrator."""

    async def run() -> _Answer:
        async with Client(connect(Asked(kubeconfig=str(cluster.kubeconfig())))) as client:
            return await question(client)

    return asyncio.run(run())


def body(namespace: str, name: str = "db", **data: str) -> dict[str, Any]:
    """Return a Secret with these values."""
    values = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": "Opaque",
        "data": values,
    }


def test_made_once(cluster: Access, namespace: str) -> None:
    """The first is made; the second meets it and changes nothing; a trial makes none."""
    ask(cluster, lambda client: secret_writer.create(client, body(namespace, a="1"), dry_run=True))
    assert ask(cluster, lambda client: secret_writer.metadata(client, namespace, "db")) is None
    ask(cluster, lambda client: secret_writer.create(client, body(namespace, a="1")))
    with pytest.raises(UsageError, match="is there already"):
        ask(cluster, lambda client: secret_writer.create(client, body(namespace, a=VALUE)))
    found = ask(cluster, lambda client: secret_writer.read(client, namespace, "db"))
    assert b'"a":"MQ=="' in found.reveal()


def test_metadata_has_no_values(cluster: Access, namespace: str) -> None:
    """What is read before a replacement is the metadata alone."""
    ask(cluster, lambda client: secret_writer.create(client, body(namespace, a=VALUE)))
    seen = ask(cluster, lambda client: secret_writer.metadata(client, namespace, "db"))
    assert seen is not None
    assert (seen["name"], bool(seen["resourceVersion"])) == ("db", True)
    assert base64.b64encode(VALUE.encode()).decode() not in str(seen)


def test_replaced_as_it_was_seen(cluster: Access, namespace: str) -> None:
    """A Secret that somebody changed in between is not replaced, and not patched."""
    ask(cluster, lambda client: secret_writer.create(client, body(namespace, a="1")))
    seen = ask(cluster, lambda client: secret_writer.metadata(client, namespace, "db")) or {}
    ask(cluster, lambda client: secret_writer.replace(client, body(namespace, a="2"), seen))
    with pytest.raises(UsageError, match="changed at the same moment"):
        ask(cluster, lambda client: secret_writer.replace(client, body(namespace, a=VALUE), seen))
    patch = {"metadata": {"resourceVersion": seen["resourceVersion"]}, "data": {"a": "eA=="}}
    with pytest.raises(UsageError, match="changed at the same moment"):
        ask(cluster, lambda client: secret_writer.patch(client, namespace, "db", patch))
    assert b'"a":"Mg=="' in ask(cluster, lambda client: secret_writer.read(client, namespace, "db")).reveal()


def test_errors_hold_no_value(cluster: Access, namespace: str) -> None:
    """What the server says to a Secret that it refuses quotes it; what we say does not."""
    wrong = body(namespace, a="1")
    wrong["data"] = {"a": VALUE}
    with pytest.raises((AnswerError, UsageError)) as raised:
        ask(cluster, lambda client: secret_writer.create(client, wrong))
    assert VALUE not in raised.value.message + raised.value.hint
    unknown = body(namespace, a="1") | {"spec": {"password": VALUE}}
    with pytest.raises((AnswerError, UsageError)) as raised:
        ask(cluster, lambda client: secret_writer.create(client, unknown))
    assert VALUE not in raised.value.message + raised.value.hint
    with pytest.raises(UsageError, match="there is no Secret"):
        ask(cluster, lambda client: secret_writer.read(client, namespace, "gone"))

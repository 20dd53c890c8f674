"""``strongroom secret`` and a real API server."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from tests.files.repository import Done, Repository
from tests.support.controlplane.access import Access

VALUE = "hunter2-that-no-message-repeats"


class Live:
    """The commands, in a namespace of a cluster."""

    def __init__(self, repository: Repository, cluster: Access, namespace: str) -> None:
        self.namespace, self._cluster, self._repository = namespace, cluster, repository
        self.user(None)

    def user(self, name: str | None) -> None:
        """Ask as somebody from now on; None is an administrator."""
        config = self._cluster.kubeconfig(name, namespace=self.namespace) if name else None
        self._config = str(config or self._cluster.kubeconfig(namespace=self.namespace))

    def __call__(self, *words: str, stdin: bytes = b"", check: bool = True) -> Done:
        """Run ``strongroom secret``."""
        return self._repository.strongroom("secret", *words, "--kubeconfig", self._config, stdin=stdin, check=check)

    def get(self, name: str) -> dict[str, Any]:
        """Return a Secret."""
        found: dict[str, Any] = self._cluster.client().get(f"/api/v1/namespaces/{self.namespace}/secrets/{name}")
        return found

    def create(self, body: dict[str, Any]) -> None:
        """Make a Secret."""
        self._cluster.client().create(f"/api/v1/namespaces/{self.namespace}/secrets", body)


@pytest.fixture
def live(tmp_path: Path, cluster: Access, namespace: str) -> Live:
    """The commands, in a namespace of their own."""
    return Live(Repository(tmp_path), cluster, namespace)


def values(body: dict[str, Any]) -> dict[str, bytes]:
    """Return the values of a Secret."""
    return {key: base64.b64decode(value) for key, value in body.get("data", {}).items()}


def test_apply(live: Live) -> None:
    """A Secret is made in the namespace of the context, with its marks; nothing of its values is printed or written."""
    done = live(
        "create",
        "basic-auth",
        "db",
        "--from-literal=username=ann",
        "--from-stdin",
        "password",
        "--apply",
        stdin=VALUE.encode(),
    )
    assert (done.out, VALUE in done.err) == (b"", False)
    assert f"Secret {live.namespace}/db created" in done.err
    found = live.get("db")
    assert values(found) == {"username": b"ann", "password": VALUE.encode()}
    assert found["type"] == "kubernetes.io/basic-auth"
    assert found["metadata"]["labels"]["strongroom.dev/version"] == "1"
    assert [entry["manager"] for entry in found["metadata"]["managedFields"]] == ["strongroom"]


def test_nothing_is_overwritten(live: Live) -> None:
    """A Secret that is there stays; with --replace its data is exchanged, and the marks of others stay."""
    annotation = "kubectl.kubernetes.io/last-applied-configuration"
    old = {
        "metadata": {
            "name": "db",
            "labels": {"theirs": "x", "strongroom.dev/version": "4"},
            "annotations": {annotation: VALUE},
        },
        "data": {"old": "eA=="},
    }
    live.create(old)
    words = ("create", "db", "--generate", "new=hex:8", "--apply")
    done = live(*words, check=False)
    assert (done.code, "is there already" in done.err) == (2, True)
    assert values(live.get("db")) == {"old": b"x"}
    assert "replaced" in live(*words, "--replace").err
    found = live.get("db")
    assert set(values(found)) == {"new"}
    assert found["metadata"]["labels"]["theirs"] == "x"
    assert found["metadata"]["labels"]["strongroom.dev/version"] == "5"
    assert annotation not in found["metadata"]["annotations"]


def test_trial(live: Live) -> None:
    """On trial the server says whether it would take it, and nothing changes."""
    words = ("create", "db", "--generate", "a=hex:8", "--apply", "--dry-run")
    assert "on trial" in live(*words).err
    assert json.loads(live("list", "--cluster", "--format=json").out) == []
    live.create({"metadata": {"name": "db"}, "data": {"a": "eA=="}})
    assert live(*words, check=False).code == 2
    live(*words, "--replace")
    live("set", "db", "a", "--cluster", "--generate", "hex", "--dry-run")
    assert values(live.get("db")) == {"a": b"x"}


def test_what_the_server_refuses(live: Live) -> None:
    """Another type and an immutable Secret cannot be replaced, and a namespace must be there; nothing is half done."""
    live.create({"metadata": {"name": "fixed"}, "data": {"a": "eA=="}, "immutable": True})
    live.create({"metadata": {"name": "typed"}, "data": {"a": "eA=="}, "type": "example.com/x"})
    for name in ("fixed", "typed"):
        done = live("create", name, "--generate", "a=hex", "--apply", "--replace", check=False)
        assert (done.code, "must be removed first" in done.err) == (2, True)
        assert values(live.get(name)) == {"a": b"x"}
    done = live("create", "db", "--generate", "a=hex", "--apply", "-n", "nowhere", check=False)
    assert (done.code, "is there such a namespace?" in done.err) == (2, True)


def test_without_the_right(live: Live) -> None:
    """Who may not do it is told so by the server, and nothing is done."""
    live.create({"metadata": {"name": "db"}, "data": {"a": "eA=="}})
    live.user("nobody")
    for words in (
        ("create", "new", "--generate", "a=hex", "--apply"),
        ("create", "db", "--generate", "a=hex", "--apply", "--replace"),
        ("set", "db", "a", "--cluster", "--generate", "hex"),
        ("get", "db", "a", "--cluster", "--reveal"),
        ("list", "--cluster"),
    ):
        done = live(*words, check=False)
        assert (done.code, done.out, "does not permit" in done.err) == (2, b"", True)
    assert values(live.get("db")) == {"a": b"x"}


def test_look_and_change(live: Live) -> None:
    """Keys are listed without values, one value is shown behind --reveal, one is changed and the rest stays."""
    live("create", "db", "--from-literal=user=ann", "--from-stdin", "password", "--apply", stdin=VALUE.encode())
    (row,) = json.loads(live("list", "--cluster", "--format", "json").out)
    assert (row["source"], row["namespace"], row["name"]) == ("cluster", live.namespace, "db")
    assert [(entry["key"], entry["bytes"]) for entry in row["keys"]] == [("password", len(VALUE)), ("user", 3)]
    done = live("get", "db", "password", "--cluster")
    assert VALUE not in done.out.decode() + done.err
    assert live("get", "db", "password", "--cluster", "--reveal").out == VALUE.encode()
    live("set", "db", "password", "--cluster", "--from-stdin", stdin=b"\x00new")
    found = live.get("db")
    assert values(found) == {"user": b"ann", "password": b"\x00new"}
    assert found["metadata"]["labels"]["strongroom.dev/version"] == "2"
    done = live("get", "gone", "a", "--cluster", check=False)
    assert (done.code, f"there is no Secret {live.namespace}/gone" in done.err) == (2, True)
    assert live("set", "gone", "a", "--cluster", "--generate", "hex", check=False).code == 2

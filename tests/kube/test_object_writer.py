"""One object of a real API server, made, changed and deleted under guards."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
from tests.support.controlplane.access import Access

from strongroom.errors import AnswerError
from strongroom.kube import object_writer as writer
from strongroom.kube.client import Client
from strongroom.kube.connection import Asked, connect

_Result = TypeVar("_Result")


class Place:
    """A namespace, and what is asked of it."""

    def __init__(self, cluster: Access, namespace: str) -> None:
        self._asked = Asked(kubeconfig=str(cluster.kubeconfig(namespace=namespace)))
        self.client = cluster.client()
        self.path = f"/api/v1/namespaces/{namespace}/configmaps/a"

    def __call__(self, work: Callable[[Client], Awaitable[_Result]]) -> _Result:
        """Do something as a client of the cluster."""

        async def run() -> _Result:
            async with Client(connect(self._asked)) as client:
                return await work(client)

        return asyncio.run(run())

    def make(self) -> dict[str, Any]:
        """Make the object."""
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"b": "c"}}
        return self(lambda client: writer.create(client, self.path, body))

    def refused(self, work: Callable[[Client], Awaitable[Any]]) -> int:
        """Do something that is refused; return the status."""
        with pytest.raises(AnswerError) as caught:
            self(work)
        return caught.value.status


@pytest.fixture
def place(cluster: Access, namespace: str) -> Place:
    """A namespace of its own."""
    return Place(cluster, namespace)


def test_made_changed_deleted(place: Place) -> None:
    """An object is made, read, changed and deleted; each answer is the object as it is then."""
    assert place(lambda client: writer.read(client, place.path)) is None
    made = place.make()
    assert made["data"] == {"b": "c"}
    assert {one["manager"] for one in made["metadata"]["managedFields"]} == {writer.FIELD_MANAGER}

    changed = place(lambda client: writer.patch(client, place.path, {"data": {"b": None, "d": "e"}}, made))
    assert changed["data"] == {"d": "e"}
    assert place(lambda client: writer.read(client, place.path)) == changed

    place(lambda client: writer.delete(client, place.path, changed))
    assert place(lambda client: writer.read(client, place.path)) is None


def test_trials_change_nothing(place: Place) -> None:
    """What is tried says what it would lead to, and changes nothing: no object is made, changed or deleted."""
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    assert place(lambda client: writer.create(client, place.path, body, dry_run=True))["metadata"]["name"] == "a"
    assert place(lambda client: writer.read(client, place.path)) is None

    made = place.make()
    tried = place(lambda client: writer.patch(client, place.path, {"data": {"b": "x"}}, made, dry_run=True))
    assert tried["data"] == {"b": "x"}
    place(lambda client: writer.delete(client, place.path, made, dry_run=True))

    assert place(lambda client: writer.read(client, place.path)) == made


def test_what_somebody_else_changed_is_not_touched(place: Place) -> None:
    """An object that was changed, or made anew, since it was seen is neither changed nor deleted."""
    seen = place.make()
    place(lambda client: writer.patch(client, place.path, {"data": {"x": "y"}}, seen))

    assert place.refused(lambda client: writer.patch(client, place.path, {"data": {"b": "z"}}, seen)) == writer.CONFLICT
    assert place.refused(lambda client: writer.delete(client, place.path, seen)) == writer.CONFLICT

    place.client.delete(place.path)
    again = place.make()
    other = {"metadata": {**again["metadata"], "uid": seen["metadata"]["uid"]}}
    assert place.refused(lambda client: writer.delete(client, place.path, other)) == writer.CONFLICT
    assert place(lambda client: writer.read(client, place.path)) == again


def test_what_is_there_is_not_made(place: Place) -> None:
    """Nothing is made over an object that is there."""
    made = place.make()
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"other": "x"}}

    assert place.refused(lambda client: writer.create(client, place.path, body)) == writer.CONFLICT
    assert place(lambda client: writer.read(client, place.path)) == made


def test_unknown_fields_are_refused(place: Place) -> None:
    """A field that the API server does not know is an error, and is not dropped in silence."""
    made = place.make()

    assert place.refused(lambda client: writer.patch(client, place.path, {"dta": {}}, made)) in {400, writer.INVALID}


def test_the_identity_of_a_cluster(place: Place) -> None:
    """A cluster is told by the uid of its Namespace kube-system."""
    uid = place.client.get("/api/v1/namespaces/kube-system")["metadata"]["uid"]

    assert place(writer.identity) == uid

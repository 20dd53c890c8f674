"""Prove that API servers can read what lies in etcd; and of what they cannot list, which objects stand in the way.

One value that cannot be decrypted fails the LIST of its whole resource
(https://github.com/kubernetes/enhancements/tree/master/keps/sig-auth/3926-handling-undecryptable-resources). Only
metadata is asked for (https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches): no value
leaves the API server, which has to decrypt them all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from strongroom.errors import AnswerError
from strongroom.kube.client import Client
from strongroom.kube.discovery import Discovery, Served
from strongroom.kube.lists import read_list
from strongroom.sources.etcd_keys import group_of

ONE = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

_AT_ONCE = 8
_GONE, _BUSY, _FAILED = 404, 429, 500  # busy: its cache of the resource cannot be filled
_TRIES = 3


def served(discovery: Discovery, resource: str) -> Served | None:
    """Return how a resource, named as etcd's keys do, is asked for; None where the API does not serve it."""
    plural, group = group_of(resource)
    return discovery.served.get((group, plural))


async def listed(client: Client, resource: Served, names: Sequence[str]) -> list[str] | None:
    """List a resource; where that fails, return the objects that cannot be read, and None where it succeeds.

    None of them may be found: then something else keeps the server from listing.

    Args:
        client: a session.
        resource: what is listed.
        names: ``namespace/name``, or only the name, of every object that etcd has.

    Raises:
        ClusterError: the server does not answer, or does not permit it.
    """
    if await _lists(client, resource, 1):
        return None
    # A LIST of one namespace tells no more: the server's cache of the resource fails for all of them. Single objects
    # are read from etcd.
    found = await unreadable(client, resource, names)
    return None if not found and await _lists(client, resource, _TRIES) else found


async def unreadable(client: Client, resource: Served, names: Iterable[str]) -> list[str]:
    """Return those of some objects that a server fails to read; one that has gone since is none of them.

    Raises:
        ClusterError: the server does not answer, or does not permit it.
    """
    turn = asyncio.Semaphore(_AT_ONCE)

    async def failing(name: str) -> bool:
        namespace, _, own = name.rpartition("/")
        async with turn:
            return not await _answers(client, f"{resource.path(namespace)}/{quote(own, safe=':')}")

    asked = list(names)
    found = await asyncio.gather(*(failing(name) for name in asked))
    return [name for name, fails in zip(asked, found, strict=True) if fails]


async def _lists(client: Client, resource: Served, tries: int) -> bool:
    try:
        await read_list(client, resource.path(), _forgotten, accept=LIST, tries=tries)
    except AnswerError as error:
        if error.status < _FAILED and error.status != _BUSY:
            raise
        return False
    return True


async def _forgotten(_: bytes) -> None:
    return


async def _answers(client: Client, path: str) -> bool:
    try:
        await client.get(path, accept=ONE, tries=_TRIES)
    except AnswerError as error:
        if error.status == _GONE:
            return True
        if error.status < _FAILED:
            raise
        return False
    return True

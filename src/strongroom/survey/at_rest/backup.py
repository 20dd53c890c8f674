"""Backups, from the cluster or etcd to the file and back to what it holds: keys, kubeconfigs and formats together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar

import strongroom
from strongroom.atrest import backup_file, backup_records, backup_snapshot
from strongroom.atrest.backup_file import Front, Header
from strongroom.atrest.backup_records import ETCD, SECRETS, Contents, KeptFile, Manifest
from strongroom.atrest.backup_secrets import BackedSecret, of_page
from strongroom.atrest.configuration import parse
from strongroom.documents.bounded import read_file
from strongroom.errors import SourceError
from strongroom.files.sops import data_key
from strongroom.files.sops.metadata import Metadata
from strongroom.files.sops.selection import Selection
from strongroom.keys.key import Context, MasterKey
from strongroom.kube import whole_secrets
from strongroom.kube.client import Client
from strongroom.kube.connection import Asked, connect
from strongroom.model.plaintext import Plaintext
from strongroom.sources.etcd_options import EtcdOptions

_Item = TypeVar("_Item")
_LARGEST_FILE = 4 << 20


class Recipients(NamedTuple):
    """Who will be able to open a backup: key groups, and how many of them are needed (0: all)."""

    groups: tuple[tuple[MasterKey, ...], ...]
    threshold: int = 0


class Scope(NamedTuple):
    """Which Secrets of which cluster; everything where nothing is said."""

    asked: Asked
    namespaces: tuple[str, ...] = ()
    selector: str = ""


class Open(NamedTuple):
    """A backup that was opened.

    Attributes:
        name: of the file, for people.
        file: the open file; it stays the same if another is put in its place meanwhile.
        front: what stands before the contents.
        key: the data key.
    """

    name: str
    file: BinaryIO
    front: Front
    key: Plaintext

    def contents(self) -> Contents:
        """Begin to read the contents, from their first byte.

        Raises:
            TamperedError: the file was changed.
        """
        return backup_records.begun(backup_file.contents(self.file, self.front, self.key, self.name), self.name)


def of_secrets(
    scope: Scope,
    files: Sequence[KeptFile],
    recipients: Recipients,
    context: Context,
    told: Callable[[int], None],
    empty: Callable[[str], None] = lambda _: None,
) -> Iterator[bytes]:
    """Yield the bytes of a backup of Secrets, as they come from the cluster; nothing is held but a page.

    Args:
        scope: which Secrets.
        files: files that go with them.
        recipients: who will be able to open it.
        context: where keys are looked for.
        told: called with how many there are so far.
        empty: called with each of the scope's namespaces in which there was none.

    Raises:
        KeyUseError: the data key cannot be wrapped; then the cluster was not asked.
        ClusterError: it could not be read.
    """
    connection = connect(scope.asked)
    header, key = _new(recipients, context)

    async def secrets() -> AsyncIterator[BackedSecret]:
        count, seen = 0, set()
        async with Client(connection) as client:
            async for page in whole_secrets.pages(client, scope.namespaces, scope.selector):
                for secret in of_page(page):
                    count += 1
                    seen.add(secret.place.namespace)
                    yield secret
                told(count)
        for namespace in scope.namespaces:
            if namespace not in seen:
                empty(namespace)

    manifest = Manifest(
        kind=SECRETS,
        tool=_tool(),
        created=_now(),
        cluster=ask(scope.asked, whole_secrets.cluster_id),
        source=f"{connection.context} ({connection.url})",
        namespaces=scope.namespaces,
        selector=scope.selector,
    )
    yield from backup_file.seal(header, key, backup_records.lines(manifest, files, drained(secrets)))


def of_etcd(url: str, options: EtcdOptions, recipients: Recipients, context: Context) -> Iterator[bytes]:
    """Yield the bytes of a backup of a whole etcd, as its snapshot streams.

    Raises:
        KeyUseError: the data key cannot be wrapped; then etcd was not asked.
        SourceError: etcd could not be read.
        TamperedError: the snapshot did not come whole.
    """
    where = backup_snapshot.where(url)
    header, key = _new(recipients, context)
    manifest = Manifest(kind=ETCD, tool=_tool(), created=_now(), source=where)

    def pieces() -> Iterator[bytes]:
        yield backup_records.first_line(manifest)
        yield from backup_snapshot.snapshot(where, options)

    yield from backup_file.seal(header, key, pieces())


@contextmanager
def opened(path: Path, context: Context) -> Iterator[Open]:
    """Open a backup. Its contents are checked while they are read.

    Raises:
        SourceError: it cannot be read.
        DocumentError: it is no backup.
        KeyUseError: no key opens it.
        TamperedError: what stands before the contents was changed.
    """
    name = f"backup {path}"
    try:
        file = path.open("rb")
        if not file.seekable():
            file.close()
            raise SourceError(f"{name} is a pipe", hint="it is read several times: put it into a file first")
    except OSError as error:
        raise SourceError(f"{name} cannot be read", hint=(error.strerror or "").lower()) from None
    with file:
        front = backup_file.front(file, name)
        header = front.header
        key = data_key.unwrap(Metadata(header.groups, header.threshold, "", "", Selection(), ""), context)
        backup_file.check(front, key, name)
        yield Open(name, file, front, key)


def live(scope: Scope) -> Iterator[BackedSecret]:
    """Yield the Secrets of a cluster; some may come twice.

    Raises:
        ClusterError: it could not be read.
    """

    async def secrets() -> AsyncIterator[BackedSecret]:
        async with Client(connect(scope.asked)) as client:
            async for page in whole_secrets.pages(client, scope.namespaces, scope.selector):
                for secret in of_page(page):
                    yield secret

    yield from drained(secrets)


def kept_file(path: Path) -> KeptFile:
    """Read an EncryptionConfiguration that goes with a backup.

    Raises:
        SourceError: it cannot be read, or is too large for a configuration.
        DocumentError: it is none that the API server would read.
    """
    data = read_file(path, _LARGEST_FILE)
    parse(data, str(path))
    return KeptFile(str(path.absolute()), Plaintext(data))


def ask(asked: Asked, question: Callable[[Client], Coroutine[Any, Any, _Item]]) -> _Item:
    """Open a session with a cluster, and ask it.

    Raises:
        ClusterError: there is none, or it does not answer.
    """

    async def run() -> _Item:
        async with Client(connect(asked)) as client:
            return await question(client)

    return asyncio.run(run())


def drained(make: Callable[[], AsyncIterator[_Item]]) -> Iterator[_Item]:
    """Yield what an asynchronous iterator yields, in an event loop of its own that runs only while it is waited for."""
    with asyncio.Runner() as runner:
        found = make()

        async def following() -> _Item:
            return await anext(found)

        try:
            while True:
                try:
                    item = runner.run(following())
                except StopAsyncIteration:
                    return
                yield item
        finally:
            runner.run(_closed(found))


async def _closed(found: AsyncIterator[_Item]) -> None:
    close = getattr(found, "aclose", None)
    if close is not None:
        await close()


def _new(recipients: Recipients, context: Context) -> tuple[Header, Plaintext]:
    key = data_key.new()
    several = len(recipients.groups) > 1
    groups = data_key.wrap(key, recipients.groups, recipients.threshold, context)
    return Header(groups, recipients.threshold if several else 0), key


def _tool() -> str:
    return f"strongroom {strongroom.__version__}"


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

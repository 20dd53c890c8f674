"""Lists in pages, from the first to the last, whatever happens in between.

https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from strongroom.errors import AnswerError, LimitError, UnreachableError
from strongroom.kube.client import JSON, MOST_BYTES, TRIES, Client

PAGE = 500
_SMALLEST_PAGE = 10
_RESTARTS = 3
_EXPIRED = 410

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
"""Server-side tables: what ``kubectl get`` prints (https://kubernetes.io/docs/reference/using-api/api-concepts/)."""


class _Position(msgspec.Struct, frozen=True):
    token: str = msgspec.field(name="continue", default="")


class _Head(msgspec.Struct, frozen=True):
    metadata: _Position = _Position()


async def read_list(
    client: Client,
    path: str,
    take: Callable[[bytes], Awaitable[None]],
    *,
    accept: str = JSON,
    query: dict[str, str] | None = None,
    page: int = PAGE,
    most: int = MOST_BYTES,
    tries: int = TRIES,
) -> None:
    """Read a list page by page.

    Where the server has forgotten the list in the meantime (410), it is read again from the beginning: then ``take``
    meets items that it knows. Pages that are too large are asked for again in smaller ones.

    Args:
        client: the session.
        path: of the collection.
        take: called with each page, in order.
        accept: the form of the list.
        query: selectors and the like.
        page: how many items a page has.
        most: how many bytes it may have.
        tries: how often each page is asked for.

    Raises:
        AnswerError: it cannot be listed.
        UnreachableError: the server does not answer, or not with a list.
        LimitError: a page of the smallest size is larger than the limit.
    """
    size, token, restarts = page, "", 0
    while True:
        asked = {**(query or {}), "limit": str(size), **({"continue": token} if token else {})}
        try:
            body = await client.get(path, asked, accept, most, tries)
        except LimitError:
            if size <= _SMALLEST_PAGE:
                raise
            size = max(size // 5, _SMALLEST_PAGE)
            continue
        except AnswerError as error:
            if error.status != _EXPIRED or not token or restarts == _RESTARTS:
                raise
            token, restarts = "", restarts + 1
            continue
        try:
            token = msgspec.json.decode(body, type=_Head).metadata.token
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise not_a_list(client) from None
        await take(body)
        if not token:
            return


def not_a_list(client: Client) -> UnreachableError:
    """Return the error for an answer that no API server gives: a login page, a proxy's apology."""
    return UnreachableError(
        f"what answers at {client.connection.url} is no Kubernetes API server",
        hint="is the URL in the kubeconfig right?",
    )

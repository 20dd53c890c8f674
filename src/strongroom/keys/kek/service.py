"""A key service that takes access tokens: asked in bounded time, and with a fresh token where one is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from strongroom.keys.kek import seconds_left
from strongroom.keys.kek.lasting import Lasting
from strongroom.keys.key import Context
from strongroom.keys.rest import Answer, Request, ask, context_of


class Service:
    """A service, and who asks it.

    Args:
        what: it, for people.
        environment: where credentials are looked for.
    """

    def __init__(self, what: str, environment: Mapping[str, str]) -> None:
        self.what = what
        self._environment = dict(environment)
        self._lasting = Lasting(environment)

    def __repr__(self) -> str:
        return f"Service({self.what})"

    def ask(self, request_in: Callable[[Context], Request], deadline: float) -> Answer:
        """Return an answer, whatever its status.

        Args:
            request_in: makes the request, with the access token that a context has.
            deadline: of ``time.monotonic()``.

        Raises:
            KeyUnreachableError: the service does not answer in time.
            KeyUseError: there are no credentials.
        """
        context = self._lasting.context()
        answer = self._sent(request_in, context, deadline)
        if answer.status == 401:
            self._lasting.forget(context)
            answer = self._sent(request_in, self._lasting.context(), deadline)
        return answer

    def _sent(self, request_in: Callable[[Context], Request], context: Context, deadline: float) -> Answer:
        kept = context.kept if context.kept is not None else {}
        if "tls" not in kept:
            kept["tls"] = context_of(self._environment)
        request = request_in(context)
        left = seconds_left(deadline, self.what)
        return ask(request._replace(tls=kept["tls"], seconds=left), self._environment)

"""A key service that takes access tokens."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.keys import services
from tests.keys.kek.cases import soon
from tests.keys.services import Call, Reply

from strongroom.keys.kek.service import Service
from strongroom.keys.key import Context
from strongroom.keys.rest import Request

TAKEN = "token-2"


@pytest.fixture
def server() -> Iterator[services.Service]:
    """A server that takes one token."""

    def answer(call: Call) -> Reply:
        return Reply(200 if call.headers["authorization"] == TAKEN else 401)

    service = services.Service(answer)
    yield service
    service.close()


def _request(server: services.Service, context: Context, tokens: Iterator[str]) -> Request:
    kept = context.kept if context.kept is not None else {}
    if "token" not in kept:
        kept["token"] = next(tokens)
    return Request("the service", "GET", server.address, {"Authorization": kept["token"]})


def test_a_refused_token_is_got_again_once(server: services.Service) -> None:
    """The second token serves for as long as it is taken; a caller sees neither the first nor the change."""
    tokens = iter(["token-1", "token-2", "token-3"])
    service = Service("the service", server.environment)
    for _ in range(2):
        assert service.ask(lambda context: _request(server, context, tokens), soon()).status == 200
    assert [call.headers["authorization"] for call in server.calls] == ["token-1", "token-2", "token-2"]


def test_a_second_refusal_is_the_answer(server: services.Service) -> None:
    """A service that takes no token is not asked again and again."""
    tokens = iter(["token-1", "token-3", "token-2"])
    service = Service("the service", server.environment)
    assert service.ask(lambda context: _request(server, context, tokens), soon()).status == 401
    assert len(server.calls) == 2

"""Waiting until every API server has seen a new key of a KMS plugin."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.atrest.told import Telling, telling

from strongroom.atrest.procedures.kms_key_seen import PROCEDURE, Seeing
from strongroom.atrest.servers import config_hash
from strongroom.errors import PlanError


def arguments(servers: list[Any], **more: Any) -> dict[str, Any]:
    """Return the arguments of a wait that does not take long."""
    asked = Seeing(tuple(servers), "vault", config_hash(b"second"), **{"settle": 0.0, **more})
    plain: dict[str, Any] = msgspec.to_builtins(asked)
    return plain


def test_seen_by_all(tmp_path: Path) -> None:
    """It is over when the last server has seen the key."""
    one, two = Telling("one"), Telling("two")
    one.key = b"second"
    with telling(tmp_path, one, two) as servers:
        timer = threading.Timer(0.5, setattr, (two, "key", b"second"))
        timer.start()
        PROCEDURE.do(arguments(servers), lambda _: None)
        PROCEDURE.verify(arguments(servers))
        timer.join()
    assert two.key == b"second"


def test_not_for_ever(tmp_path: Path) -> None:
    """A server that sees the former key still, or does not answer, is named in the end."""
    with telling(tmp_path, Telling("one")) as servers:
        with pytest.raises(PlanError, match="one has not seen the new key of KMS plugin vault"):
            PROCEDURE.do(arguments(servers, patience=0.0), lambda _: None)
        with pytest.raises(PlanError, match="one works with another key"):
            PROCEDURE.verify(arguments(servers))


def test_back_while_it_settles(tmp_path: Path) -> None:
    """A server that goes back to the former key while the others are waited for stops the plan."""
    one = Telling("one")
    one.key = b"second"
    with telling(tmp_path, one) as servers:
        timer = threading.Timer(0.4, setattr, (one, "key", b"first"))
        timer.start()
        with pytest.raises(PlanError, match="again"):
            PROCEDURE.do(arguments(servers, settle=1.0), lambda _: None)
        timer.join()
    assert "KEP-3299" in PROCEDURE.said(arguments(servers))[-2]


def test_no_way_back_to_the_former_key(tmp_path: Path) -> None:
    """That going back does not bring the former key back is said before it is done, and when it is gone back on."""
    with telling(tmp_path, Telling("one")) as servers:
        before = PROCEDURE.said(arguments(servers))[-1]
        said: list[str] = []
        PROCEDURE.undo(arguments(servers), said.append)
    assert said == [before]
    assert before.startswith("going back changes nothing")

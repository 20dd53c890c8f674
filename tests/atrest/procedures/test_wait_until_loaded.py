"""Waiting for API servers, as their metrics and Leases tell it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.atrest.told import NEW, OLD, Telling, telling

from strongroom.atrest.procedures.wait_until_loaded import PROCEDURE, Waiting
from strongroom.errors import PlanError


def arguments(servers: list[Any], **more: Any) -> dict[str, Any]:
    """Return the arguments of a wait that does not take long."""
    asked = Waiting(tuple(servers), NEW, OLD, **{"patience": 30.0, "settle": 0.0, **more})
    plain: dict[str, Any] = msgspec.to_builtins(asked)
    return plain


def test_all_have_it(tmp_path: Path) -> None:
    """Where every server has the file, there is nothing to wait for, and nothing to say."""
    said: list[str] = []
    with telling(tmp_path, Telling("one", NEW), Telling("two", NEW)) as servers:
        PROCEDURE.check(arguments(servers))
        PROCEDURE.do(arguments(servers), said.append)
        PROCEDURE.verify(arguments(servers))
    assert said == []


def test_waits_for_the_slow_one(tmp_path: Path) -> None:
    """It goes on when the last server has loaded the file, and says until then which one that is."""
    slow = Telling("two")
    said: list[str] = []
    with telling(tmp_path, Telling("one", NEW), slow) as servers:
        timer = threading.Timer(1.0, setattr, (slow, "hash", NEW))
        timer.start()
        PROCEDURE.do(arguments(servers, hand_over="/root/e.yaml"), said.append)
        timer.join()
    assert slow.hash == NEW
    assert said[0].endswith("bring /root/e.yaml there")
    assert said[0].startswith("waiting for two: it works with another file (sha256:")
    assert "waiting for one" not in said[0]


def test_not_for_ever(tmp_path: Path) -> None:
    """A server that does not load the file in time ends the wait; which one is named, and going on waits again."""
    slow = Telling("two")
    with telling(tmp_path, Telling("one", NEW), slow) as servers:
        with pytest.raises(PlanError, match="two has not loaded the file"):
            PROCEDURE.do(arguments(servers, patience=0.0), lambda _: None)
        with pytest.raises(PlanError, match="two does not work with the file"):
            PROCEDURE.verify(arguments(servers))
        slow.hash = NEW
        PROCEDURE.do(arguments(servers, patience=0.0), lambda _: None)


def test_away_is_not_loaded(tmp_path: Path) -> None:
    """A server that does not answer is waited for: nobody knows what it works with."""
    away = Telling("two", NEW)
    away.away = True
    with telling(tmp_path, Telling("one", NEW), away) as servers, pytest.raises(PlanError) as refused:
        PROCEDURE.do(arguments(servers, patience=0.0), lambda _: None)
    assert "does not answer" in str(refused.value.hint)


def test_one_more_server(tmp_path: Path) -> None:
    """A server that joined the cluster and was not named ends the wait."""
    one = Telling("one", NEW)
    one.others = ("three",)
    with telling(tmp_path, one) as servers, pytest.raises(PlanError, match="on three is not among those named"):
        PROCEDURE.do(arguments(servers), lambda _: None)


def test_on_the_way_back(tmp_path: Path) -> None:
    """Going back, the file of the step before will do as well, and no later one."""
    one = Telling("one", OLD)
    with telling(tmp_path, one, Telling("two", NEW)) as servers:
        PROCEDURE.undo(arguments(servers), lambda _: None)
        one.hash = "sha256:later"
        with pytest.raises(PlanError, match="one has not loaded"):
            PROCEDURE.undo(arguments(servers, patience=0.0), lambda _: None)


def test_reloaded_one_by_one(tmp_path: Path) -> None:
    """The command is run for each server that has not the file, for the second when the first has loaded it."""
    ran = tmp_path / "ran"
    ran.touch()
    script = tmp_path / "reload"
    script.write_text(f'#!/bin/sh\necho "$STRONGROOM_API_SERVER" >> {ran}\n')
    script.chmod(0o700)
    one, two = Telling("one"), Telling("two")
    seen: list[str] = []

    def load() -> None:
        for server in (one, two):
            while server.name not in ran.read_text().split():
                ended.wait(0.05)
            ended.wait(0.5)
            seen.append(ran.read_text())
            server.hash = NEW

    ended = threading.Event()
    thread = threading.Thread(target=load)
    thread.start()
    with telling(tmp_path, one, two) as servers:
        PROCEDURE.do(arguments(servers, reload_with=str(script)), lambda _: None)
    thread.join()
    assert seen == ["one\n", "one\ntwo\n"]


def test_command_fails(tmp_path: Path) -> None:
    """A command that fails, or is not there, stops the plan, and says for which server."""
    with telling(tmp_path, Telling("one")) as servers:
        with pytest.raises(PlanError, match="false failed for one with exit code 1"):
            PROCEDURE.do(arguments(servers, reload_with="false"), lambda _: None)
        with pytest.raises(PlanError, match="nowhere cannot be run"):
            PROCEDURE.do(arguments(servers, reload_with="/nowhere"), lambda _: None)


@pytest.mark.parametrize(
    "changed", [{"servers": []}, {"servers": "x"}, {"hash": 3}, {"more": 1}, {"reload_with": "'"}], ids=str
)
def test_arguments_of_anybody(tmp_path: Path, changed: dict[str, Any]) -> None:
    """Arguments that no rotation makes are refused before anything is done."""
    with telling(tmp_path, Telling("one", NEW)) as servers, pytest.raises(PlanError):
        PROCEDURE.check({**arguments(servers), **changed})


def test_said(tmp_path: Path) -> None:
    """What is shown beforehand names every server, the file to bring, and the command."""
    with telling(tmp_path, Telling("one", NEW), Telling("two", NEW)) as servers:
        lines = "\n".join(PROCEDURE.said(arguments(servers, hand_over="/root/e.yaml", reload_with="reload it")))
    assert all(text in lines for text in (NEW, "one", "two", "/root/e.yaml", "reload it", "0600"))

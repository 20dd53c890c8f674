"""Options over a file over defaults, all of them checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from strongroom.errors import SourceError, UsageError
from strongroom.serve.kms_plugin.settings import checked_address, settings

LEAST: dict[str, Any] = {"socket": "/run/s/kms.sock", "key": "local-file:/k"}


def test_options_come_before_the_file(tmp_path: Path) -> None:
    """What the command line does not say is taken from the file, and what that does not say is the default."""
    file = tmp_path / "c.yaml"
    file.write_text("key: local-file:/file\nalso: [local-file:/old]\nmetricsAddress: '[::1]:9'\ntimeout: 1\n")

    chosen = settings(file, {"socket": "/run/s/kms.sock", "timeout": 2.0, "also": (), "key": None})

    assert chosen.keys() == ("local-file:/file", "local-file:/old")
    assert (chosen.timeout, chosen.metrics_address, chosen.look_interval) == (2.0, "[::1]:9", 10.0)


@pytest.mark.parametrize(
    "text",
    [
        "key: [a]\n",
        "unknown: 1\n",
        "- a\n",
        "key: a\n---\nkey: b\n",
        "key: {\n",
        "timeout: x\n",
        "metrics_address: a\n",
    ],
)
def test_a_file_that_is_none(text: str, tmp_path: Path) -> None:
    """A configuration with another shape, an unknown name, or two documents is refused as a whole."""
    file = tmp_path / "c.yaml"
    file.write_text(text)
    with pytest.raises(SourceError, match="configuration"):
        settings(file, LEAST)


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_a_file_of_everybody(mode: int, tmp_path: Path) -> None:
    """A configuration that others may change is refused: they would choose the key that encrypts."""
    file = tmp_path / "c.yaml"
    file.write_text("key: local-file:/k\n")
    file.chmod(mode)
    with pytest.raises(SourceError, match="changed by others"):
        settings(file, LEAST)


def test_a_missing_file(tmp_path: Path) -> None:
    """A configuration that is not there is an error."""
    with pytest.raises(SourceError, match="cannot be read"):
        settings(tmp_path / "none", LEAST)


@pytest.mark.parametrize(
    "wrong",
    [
        {"socket": ""},
        {"key": ""},
        {"socket": "@abstract"},
        {"socket": "unix:@abstract"},
        {"socket": "relative.sock"},
        {"socket": "/" + "x" * 200},
        {"timeout": 0.0},
        {"timeout": 1000.0},
        {"look_interval": 0.0},
        {"concurrency": 0},
        {"queue": -1},
        {"metrics_address": "0.0.0.0:1"},
        {"metrics_address": "127.0.0.1"},
        {"metrics_address": "127.0.0.1:http"},
        {"metrics_address": "127.0.0.1:70000"},
        {"metrics_address": "localhost:1"},
        {"metrics_address": "unix:relative"},
    ],
    ids=str,
)
def test_what_cannot_be(wrong: dict[str, Any]) -> None:
    """Each value that would not work, or would reach further than it should, is refused before anything starts."""
    with pytest.raises(UsageError):
        settings(None, {**LEAST, **wrong})


def test_addresses() -> None:
    """Loopback of both families, any port, a socket, or none."""
    assert checked_address("127.0.0.1:0") == ("127.0.0.1", 0)
    assert checked_address("[::1]:8085") == ("::1", 8085)
    assert checked_address("unix:/run/s/m.sock") == checked_address("unix:///run/s/m.sock") == Path("/run/s/m.sock")
    assert checked_address("") is None

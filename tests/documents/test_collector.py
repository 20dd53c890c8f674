"""The garbage collector is held during a parse and no longer."""

from __future__ import annotations

import gc

import pytest

from strongroom.documents.collector import paused


def test_paused() -> None:
    """The collector is off inside, and afterwards as it was, also after an error."""
    assert gc.isenabled()
    with paused():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError), paused():
        _ = 1 // 0
    assert gc.isenabled()


def test_left_off_where_it_was_off() -> None:
    """A program that runs without the collector keeps it off."""
    gc.disable()
    try:
        with paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()

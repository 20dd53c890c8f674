"""What serves for some minutes."""

from __future__ import annotations

import pytest

from strongroom.errors import UsageError
from strongroom.keys.kek.lasting import Lasting


def test_a_context_is_kept_for_its_time() -> None:
    """Within the time the same context comes back with what was kept; afterwards another, empty one."""
    now = [100.0]
    lasting = Lasting({"A": "b"}, 60, lambda: now[0])
    context = lasting.context()
    assert context.kept == {}
    context.kept["token"] = 1
    now[0] += 59
    assert lasting.context() is context
    now[0] += 1
    assert lasting.context().kept == {}
    assert lasting.context().environment == {"A": "b"}


def test_forgetting_counts_for_the_context_that_was_refused() -> None:
    """Of two threads whose token is refused, the second does not throw away what the first has found anew."""
    lasting = Lasting({})
    old = lasting.context()
    lasting.forget(old)
    new = lasting.context()
    assert new is not old
    lasting.forget(old)
    assert lasting.context() is new


def test_nobody_is_asked() -> None:
    """A service has no terminal: what would need a passphrase is an error."""
    with pytest.raises(UsageError):
        Lasting({}).context().ask("the key")


def test_an_environment_is_not_printed() -> None:
    """The environment of a service often holds credentials."""
    assert "s3cret" not in repr(Lasting({"A": "s3cret"}))

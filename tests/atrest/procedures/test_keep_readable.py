"""What stands before the first step that could encrypt anything under a new key."""

from __future__ import annotations

import msgspec
import pytest

from strongroom.atrest.expected import Expected
from strongroom.atrest.procedures.arguments import ServerArgument
from strongroom.atrest.procedures.keep_readable import PROCEDURE, Keeping
from strongroom.errors import PlanError

ARGUMENTS = msgspec.to_builtins(
    Keeping(
        ServerArgument("one"),
        (Expected(("secrets",), "secretbox", "old"),),
        (Expected(("secrets",), "secretbox", "new"),),
    )
)


def test_nothing_is_taken_without_proof() -> None:
    """Without etcd the new key stays, on the way there and back; what to do is said."""
    PROCEDURE.check(ARGUMENTS)
    PROCEDURE.do(ARGUMENTS, lambda _: None)
    PROCEDURE.verify(ARGUMENTS)
    with pytest.raises(PlanError, match="the new key stays") as refused:
        PROCEDURE.undo(ARGUMENTS, lambda _: None)
    assert "--etcd" in str(refused.value.hint)
    assert "going back stops here" in PROCEDURE.said(ARGUMENTS)[0]

"""Waits until an API server that is started anew works with its EncryptionConfiguration; see `wait_until_loaded`.

Going back does not wait: an API server that does not come up with the file is a reason to go back on it.
"""

from __future__ import annotations

from strongroom.atrest.procedures import wait_until_loaded
from strongroom.model.procedure import Arguments, Told

NAME = "wait-until-started"


def _leave(_: Arguments, __: Told) -> None:
    """Nothing is waited for on the way back."""


PROCEDURE = wait_until_loaded.PROCEDURE._replace(name=NAME, undo=_leave)
"""Its arguments are those of `strongroom.atrest.procedures.wait_until_loaded.Waiting`."""

"""What people decided of a leak that is known."""

from __future__ import annotations

import enum


class Decision(enum.Enum):
    """The state of a known leak."""

    UNDECIDED = "undecided"
    ACCEPTED = "accepted"
    REAL = "real"

"""What the age library says in words alone."""

from __future__ import annotations


def is_no_match(error: Exception) -> bool:
    """Tell whether an error of the age library says that no identity is for a file."""
    return str(error).startswith("No matching keys")

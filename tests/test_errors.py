"""The exception tree, and what its docstring says of it."""

from __future__ import annotations

import inspect
import re

from strongroom import errors


def test_docstring_draws_every_class() -> None:
    """Every exception of the module is in the drawing, and nothing else."""
    drawn = set(re.findall(r"\b[A-Z]\w+Error\b", errors.__doc__ or ""))
    defined = {name for name, value in vars(errors).items() if inspect.isclass(value) and issubclass(value, Exception)}

    assert drawn == defined


def test_hint() -> None:
    """A hint travels beside the message, not in it."""
    error = errors.UsageError("x is not y", hint="try z")

    assert (str(error), error.message, error.hint) == ("x is not y", "x is not y", "try z")

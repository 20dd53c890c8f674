"""The table of the procedures that plans may name."""

from __future__ import annotations

import pytest

from strongroom.errors import PlanError
from strongroom.survey.procedures import PROCEDURES, procedure


@pytest.mark.parametrize("name", PROCEDURES)
def test_every_procedure_is_there(name: str) -> None:
    """Each name leads to the procedure that calls itself so."""
    assert procedure(name).name == name


@pytest.mark.parametrize("name", PROCEDURES)
def test_arguments_from_somebody_else_are_refused(name: str) -> None:
    """A saved plan may come from anybody: arguments that mean nothing are an error that says so, not a failure."""
    for arguments in ({}, {"x": 1}):
        with pytest.raises(PlanError):
            procedure(name).check(arguments)


def test_an_unknown_name() -> None:
    """A name that is not in the table is an error with a hint."""
    with pytest.raises(PlanError, match="nothing here does later") as caught:
        procedure("later")
    assert caught.value.hint

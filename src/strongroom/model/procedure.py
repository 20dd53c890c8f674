"""What a step of a plan can be that is no edit of a file: something that is done by name, proved, and gone back on.

A rotation of keys is such a plan: files are written, then a procedure waits until every API server has loaded them,
another has every object rewritten, another proves it in etcd's bytes. Each step may be interrupted and begun again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

Arguments: TypeAlias = Mapping[str, Any]
"""What a procedure is told, as JSON: names, addresses, paths, public facts; never a secret value."""

Told: TypeAlias = Callable[[str], None]
"""Takes lines for people about what is going on."""


class Procedure(NamedTuple):
    """One procedure that steps of plans may name. Every part may be called again after a kill at any point.

    Attributes:
        name: as steps name it: ``wait-until-loaded``.
        said: what it will do, in lines for people; shown where other steps have their diff.
        check: raises PlanError (or what stands in its way) where it cannot be begun: called before the first step of
            the plan is done, and again directly before it is done itself. What only an earlier step brings about is
            not checked here.
        do: does it; what was done already is not done twice.
        verify: raises PlanError where its effect is not there.
        undo: goes back on it, or on as much as was done; raises PlanError where that would lose something.
    """

    name: str
    said: Callable[[Arguments], tuple[str, ...]]
    check: Callable[[Arguments], None]
    do: Callable[[Arguments, Told], None]
    verify: Callable[[Arguments], None]
    undo: Callable[[Arguments, Told], None]

"""The procedures that steps of plans may name."""

from __future__ import annotations

import importlib

from strongroom.errors import PlanError
from strongroom.model.procedure import Procedure

PROCEDURES: dict[str, str] = {
    "keep-readable": "strongroom.atrest.procedures.keep_readable",
    "keep-used-keys": "strongroom.atrest.procedures.keep_used_keys",
    "kms-key-seen": "strongroom.atrest.procedures.kms_key_seen",
    "prove": "strongroom.atrest.procedures.prove",
    "restore-secrets": "strongroom.survey.at_rest.restore",
    "rewrite": "strongroom.atrest.procedures.rewrite",
    "wait-until-loaded": "strongroom.atrest.procedures.wait_until_loaded",
    "wait-until-rolled-out": "strongroom.survey.fixes.live_rollout",
    "wait-until-started": "strongroom.atrest.procedures.wait_until_started",
}
"""Name to the module that has it as ``PROCEDURE``, which is loaded when it is used."""


def procedure(name: str) -> Procedure:
    """Return a procedure.

    Raises:
        PlanError: there is none of that name.
    """
    if name not in PROCEDURES:
        raise PlanError(f"nothing here does {name}", hint="was the plan made by a later version of strongroom?")
    found: Procedure = importlib.import_module(PROCEDURES[name]).PROCEDURE
    return found

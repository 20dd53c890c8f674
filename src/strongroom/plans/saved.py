"""Plans as files, and what identifies them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from strongroom.errors import PlanError
from strongroom.model.plaintext import Plaintext
from strongroom.model.plan import FORMAT, Copied, Plan, WriteFile

_LARGEST = 64 * 1024 * 1024


def digest(plan: Plan) -> str:
    """Return what identifies a plan: SHA-256 of its canonical form, 64 hexadecimal digits. It holds no values."""
    return hashlib.sha256(msgspec.json.encode(plan, order="deterministic")).hexdigest()


def key_id(key: bytes) -> str:
    """Return what tells one fingerprint key from another: 16 hexadecimal digits, of which the key does not follow."""
    return Plaintext(b"strongroom plan: identity of the fingerprint key").fingerprint(key)[:16]


def save(plan: Plan, path: Path) -> None:
    """Write a plan to a new file.

    Raises:
        PlanError: it exists, or cannot be written.
    """
    text = msgspec.json.format(msgspec.json.encode(plan), indent=2)
    try:
        with path.open("xb") as stream:
            stream.write(text + b"\n")
    except FileExistsError:
        raise PlanError(f"{path} exists already", hint="name another file") from None
    except OSError as error:
        raise PlanError(f"{path} cannot be written", hint=(error.strerror or "").lower()) from None


def load(path: Path) -> Plan:
    """Read a plan from a file that may come from anybody.

    Raises:
        PlanError: it cannot be read, is no plan, or of a format that this version does not know.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except OSError as error:
        raise PlanError(f"plan {path} cannot be read", hint=(error.strerror or "").lower()) from None
    try:
        plan = msgspec.json.decode(data, type=Plan)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise PlanError(f"{path} is not a plan", hint="strongroom writes plans with --plan FILE") from None
    if plan.format != FORMAT:
        raise PlanError(f"plan {path} is of format {plan.format}", hint=f"this version reads format {FORMAT}")
    for step in plan.steps:
        if isinstance(step.change, WriteFile):
            _check(path, step.change)
    return plan


def _check(path: Path, change: WriteFile) -> None:
    at = 0
    for splice in change.splices:
        copied = [piece for piece in splice.pieces if isinstance(piece, Copied)]
        if not at <= splice.start <= splice.end or any(not 0 <= one.start <= one.end for one in copied):
            raise PlanError(f"plan {path} is damaged", hint="its splices are out of order; make it again")
        at = splice.end

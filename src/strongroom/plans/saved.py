"""Plans as files, and what identifies them."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import msgspec

from strongroom.crypto.plan_values import tag
from strongroom.errors import PlanError
from strongroom.model.plaintext import Plaintext
from strongroom.model.plan import FORMAT, Copied, Plan, WriteFile

_LARGEST = 64 * 1024 * 1024
_WRITTEN_BY = "strongroom fix writes one with --save FILE, and other commands with --plan FILE"


class _Saved(Plan, frozen=True, kw_only=True):
    """A plan with the tag that shows who made it; see `strongroom.crypto.plan_values.tag`."""

    tag: str = ""


def digest(plan: Plan) -> str:
    """Return what identifies a plan: SHA-256 of its canonical form, 64 hexadecimal digits. It holds no values."""
    return hashlib.sha256(_canonical(plan)).hexdigest()


def key_id(key: bytes) -> str:
    """Return what tells one fingerprint key from another: 16 hexadecimal digits, of which the key does not follow."""
    return Plaintext(b"strongroom plan: identity of the fingerprint key").fingerprint(key)[:16]


def save(plan: Plan, path: Path, key: bytes) -> None:
    """Write a plan to a new file, with what shows that a holder of the fingerprint key made it.

    Raises:
        PlanError: it exists, or cannot be written.
    """
    whole = {**msgspec.to_builtins(plan), "tag": tag(_canonical(plan), key)}
    text = msgspec.json.format(msgspec.json.encode(whole), indent=2)
    try:
        with path.open("xb") as stream:
            stream.write(text + b"\n")
    except FileExistsError:
        raise PlanError(f"{path} exists already", hint="name another file") from None
    except OSError as error:
        raise PlanError(f"{path} cannot be written", hint=(error.strerror or "").lower()) from None


def load(path: Path, key: bytes) -> Plan:
    """Read a plan from a file that may come from anybody, and take it from a holder of the fingerprint key alone.

    A plan names programs to run, clusters to log in to and places for sealed values: one that somebody made up, or
    changed, is refused before anything is looked at that it names.

    Raises:
        PlanError: as `parse`; it was made under another key, or changed since.
    """
    found = _read(path)
    plan = _alone(found)
    if plan.key_id != key_id(key):
        raise PlanError(
            "the plan was made with another fingerprint key", hint="--fingerprint-key names the one that was used"
        )
    if not hmac.compare_digest(found.tag.encode(), tag(_canonical(plan), key).encode()):
        raise PlanError(f"plan {path} was changed since it was saved", hint="make it again")
    return plan


def parse(path: Path) -> Plan:
    """Read a plan without asking who made it: for the journal's own copy.

    Raises:
        PlanError: it cannot be read, is no plan, or of a format that this version does not know.
    """
    return _alone(_read(path))


def _read(path: Path) -> _Saved:
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except OSError as error:
        raise PlanError(f"plan {path} cannot be read", hint=(error.strerror or "").lower()) from None
    try:
        plan = msgspec.json.decode(data, type=_Saved)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise PlanError(f"{path} is not a plan", hint=_WRITTEN_BY) from None
    if plan.format != FORMAT:
        raise PlanError(f"plan {path} is of format {plan.format}", hint=f"this version reads format {FORMAT}")
    for step in plan.steps:
        if isinstance(step.change, WriteFile):
            _check(path, step.change)
    return plan


def _alone(found: _Saved) -> Plan:
    return Plan(**{field: getattr(found, field) for field in Plan.__struct_fields__})


def _canonical(plan: Plan) -> bytes:
    return msgspec.json.encode(plan, order="deterministic")


def _check(path: Path, change: WriteFile) -> None:
    at = 0
    for splice in change.splices:
        copied = [piece for piece in splice.pieces if isinstance(piece, Copied)]
        if not at <= splice.start <= splice.end or any(not 0 <= one.start <= one.end for one in copied):
            raise PlanError(f"plan {path} is damaged", hint="its splices are out of order; make it again")
        at = splice.end

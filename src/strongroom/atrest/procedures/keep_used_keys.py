"""Stands around the first steps that bring new keys, and works on the way back: no key goes that anything needs."""

from __future__ import annotations

from collections import Counter

import msgspec

from strongroom.atrest.procedures.arguments import EtcdArgument, told
from strongroom.atrest.stored import check_cluster, stored
from strongroom.errors import PlanError
from strongroom.model.controlplane import StoredAs
from strongroom.model.procedure import Arguments, Procedure, Told

NAME = "keep-used-keys"
_READABLE = "strongroom at-rest rotate --to identity makes everything readable without it first"


class Used(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which keys the plan brings.

    Attributes:
        keys: provider and name of each, as the stored bytes say them (`StoredAs`).
        etcd: where it shows whether anything is encrypted under them; None where that cannot be read.
    """

    keys: tuple[tuple[str, str], ...]
    etcd: EtcdArgument | None = None


def _said(arguments: Arguments) -> tuple[str, ...]:
    asked = told(arguments, Used)
    if asked.etcd is None:
        return ("nothing now; going back stops here: without etcd nobody knows whether something needs the new key",)
    return ("nothing now; going back stops here if etcd has anything that is encrypted under the new key",)


def _check(arguments: Arguments) -> None:
    told(arguments, Used)


def _do(arguments: Arguments, _: Told) -> None:
    told(arguments, Used)


def _nothing(_: Arguments) -> None:
    """Nothing is done on the way there."""


def _undo(arguments: Arguments, say: Told) -> None:
    asked = told(arguments, Used)
    names = ", ".join(StoredAs(provider, name).show() for provider, name in asked.keys)
    if asked.etcd is None:
        raise PlanError(f"nobody knows whether anything is encrypted under {names}: etcd was not named", hint=_READABLE)
    check_cluster(asked.etcd.etcd())
    found: Counter[str] = Counter()
    for one in stored(asked.etcd.etcd(), (), lambda _: None):
        if (one.how.provider, one.how.key) in asked.keys:
            found[one.resource] += 1
    if found:
        counts = ", ".join(f"{number} {resource}" for resource, number in sorted(found.items()))
        raise PlanError(f"{counts} are encrypted under {names}", hint=_READABLE)
    say(f"nothing in etcd is encrypted under {names}")


PROCEDURE = Procedure(NAME, _said, _check, _do, _nothing, _undo)
"""See `Used`."""

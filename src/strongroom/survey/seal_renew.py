"""Seal a tree anew under the newest key, as a plan."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

import strongroom
from strongroom.documents.edits import applied
from strongroom.errors import StrongroomError
from strongroom.files.sealed import editing
from strongroom.files.sealed.known import Known
from strongroom.files.sealed.opening import open_all
from strongroom.files.sealed.private_keys import SealingKey
from strongroom.files.sealed.sealed import SealedSecret
from strongroom.files.sealed.sealing import sealed_value
from strongroom.model.plaintext import Plaintext
from strongroom.model.plan import Plan, PlanStep, WriteFile
from strongroom.model.resource import as_dict
from strongroom.plans.saved import key_id
from strongroom.survey.seal_tree import SealedFile

Anew = Callable[[SealedSecret], Mapping[str, str]]
"""Given an object, return the values that change, sealed anew."""


class Renewal(NamedTuple):
    """The plan, and what it leaves as it is.

    Attributes:
        plan: its steps, one for each file that changes.
        values: how many values are sealed anew.
        kept: how many are under the newest key already.
        failed: objects that cannot be sealed anew, each with the reason.
    """

    plan: Plan
    values: int
    kept: int
    failed: tuple[str, ...]


def offline(keys: Mapping[str, SealingKey], newest: RSAPublicKey, fingerprint: str, known: Known) -> Anew:
    """Seal anew with exported keys; what is under the newest one already stays as it is.

    Args:
        keys: the private keys.
        newest: the key to seal with.
        fingerprint: of it.
        known: what this installation sealed; it learns what is sealed here.
    """

    def anew(sealed: SealedSecret) -> dict[str, str]:
        found = open_all(sealed, keys)
        values = {
            name: sealed_value(newest, opened.value, sealed.label)
            for name, opened in found.items()
            if opened.fingerprint != fingerprint
        }
        for name, text in values.items():
            known.add(fingerprint, sealed.label, name, found[name].value, text)
        return values

    return anew


def renewal(files: Iterable[SealedFile], anew: Anew, root: Path, key: bytes, *, threads: int = 0) -> Renewal:
    """Make the plan.

    Args:
        files: what may change.
        anew: how an object is sealed anew; it raises where that cannot be.
        root: the folder that the plan is for.
        key: the fingerprint key.
        threads: how many objects are sealed at once; the number of processors where 0.
    """
    made, kept, failed, steps = 0, 0, list[str](), list[PlanStep]()
    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        for file in files:
            if file.problem:
                failed.append(f"{file.shown}: {file.problem}")
                continue
            wanted = []
            for sealed, values in zip(file.objects, pool.map(lambda one: _tried(anew, one), file.objects), strict=True):
                if isinstance(values, str):
                    failed.append(f"{file.shown}: {values}")
                    continue
                made, kept = made + len(values), kept + len(sealed.values) - len(values)
                if values:
                    wanted.append(_with(sealed, values))
            if wanted:
                step = _step(file, wanted, root, key)
                if isinstance(step, str):
                    failed.append(step)
                else:
                    steps.append(step)
    plan = Plan(
        tool=f"strongroom {strongroom.__version__}",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        key_id=key_id(key),
        summary=f"seal {made} value{'' if made == 1 else 's'} anew under the newest key",
        steps=tuple(steps),
        notes=tuple(failed),
    )
    return Renewal(plan, made, kept, tuple(failed))


def _tried(anew: Anew, sealed: SealedSecret) -> Mapping[str, str] | str:
    try:
        return anew(sealed)
    except StrongroomError as error:
        return error.message


def _with(sealed: SealedSecret, values: Mapping[str, str]) -> editing.Wanted:
    spec = as_dict(sealed.body.get("spec"))
    body = {**sealed.body, "spec": {**spec, "encryptedData": {**as_dict(spec.get("encryptedData")), **values}}}
    return editing.Wanted(sealed.document, sealed.path, body)


def _step(file: SealedFile, wanted: Sequence[editing.Wanted], root: Path, key: bytes) -> PlanStep | str:
    path = PurePosixPath(os.path.relpath(file.path.resolve(), root.resolve()))
    if ".." in path.parts:
        return f"{file.shown}: lies outside of the folder that the plan is for (--root)"
    changes = editing.edits(file.data, wanted)
    if changes is None:
        return f"{file.shown}: is written in a way that cannot be edited in place"
    after = applied(file.data, changes)
    change = WriteFile(
        path.as_posix(),
        Plaintext(file.data).fingerprint(key),
        Plaintext(after).fingerprint(key),
        changes,
    )
    return PlanStep(f"seal {len(changes)} value{'' if len(changes) == 1 else 's'} of {file.shown} anew", change)


def shown(plan: Plan) -> Iterator[str]:
    """Yield one line for each step: a diff of ciphertexts tells nobody anything."""
    for step in plan.steps:
        yield step.title

"""Whether a plan takes anything from a container, and which of its fixes would."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from strongroom.errors import PlanError
from strongroom.inventory.effective import effective, lost
from strongroom.model.facts import Facts
from strongroom.model.fix import Mending
from strongroom.model.resource import Resource, ResourceId, dig
from strongroom.sources.controlplane_servers import servers_of

_MADE = "the plan would change what {} is given ({}): it was not made"
_UNCHANGING = frozenset({"Job", "Pod"})
"""Kinds whose containers cannot be changed once they exist (ValidateJobUpdate and ValidatePodUpdate of Kubernetes)."""

_WHY = "it would change what {} is given ({})"


class LossError(PlanError):
    """A plan would change what a container is given; carries the findings whose fixes may be why, and that as a clause.

    Args:
        resource: what starts the container.
        what: what it would no longer be given.
        blamed: the fingerprints of findings.
    """

    def __init__(self, resource: ResourceId, what: str, blamed: frozenset[str]) -> None:
        super().__init__(_MADE.format(resource.show(), what), hint="--only mends some findings without the others")
        self.why = _WHY.format(resource.show(), what)
        self.blamed = blamed


class Losses:
    """What containers are given before a plan, and which fixes touch what.

    Args:
        facts: what the sources say before.
    """

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._touched: list[tuple[Mending, frozenset[tuple[str, int]]]] = []

    def keep(self, mending: Mending, documents: Iterable[tuple[str, int]]) -> None:
        """Remember which documents a fix changes."""
        self._touched.append((mending, frozenset(documents)))

    def refuse(self, mended: Sequence[Mending], after: Iterable[Resource]) -> int:
        """Refuse a plan by which a container gets something else than before; return how many were compared.

        Raises:
            LossError: by none of the fixes that are known to be unsafe.
        """
        may = {finding.resource for one in mended if one.unsafe for finding in one.findings}
        before = effective(self._facts.resources)
        for resource, what in lost(before, effective(after)):
            if resource not in may:
                raise LossError(resource, what, self._blamed(resource))
        return len(before)

    def fixed(self, drafts: Mapping[tuple[str, int], Any]) -> Iterator[str]:
        """Yield what has to be done of objects that change and that the API server does not let change."""
        for one in self._facts.resources:
            place = one.origin.path, one.origin.document
            if one.kind not in _UNCHANGING or place not in drafts or any(True for _ in servers_of(one)):
                continue
            after = dig(drafts[place], one.origin.field)
            if isinstance(after, dict) and after.get("spec") != one.body.get("spec"):
                yield f"delete {one.id.show()} where it exists: applying a changed {one.kind} is refused"

    def _blamed(self, resource: ResourceId) -> frozenset[str]:
        places = {(one.origin.path, one.origin.document) for one in self._facts.resources if one.id == resource}
        near = [mending for mending, documents in self._touched if places & documents and not mending.unsafe]
        return frozenset(finding.fingerprint for mending in near for finding in mending.findings)

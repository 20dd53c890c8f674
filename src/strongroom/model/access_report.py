"""What is said of access: the value that every output format of ``strongroom access`` renders."""

from __future__ import annotations

import msgspec

from strongroom.model.access import FREE, Node, Step
from strongroom.model.origin import Origin
from strongroom.model.secret import SecretRef
from strongroom.model.skipped import Coverage, Skipped


class Route(msgspec.Struct, frozen=True):
    """A shortest path.

    Attributes:
        steps: one after the other, from where it begins to where it ends.
    """

    steps: tuple[Step, ...]

    @property
    def length(self) -> int:
        """How many acts it takes: being in a group, and holding what a power includes, are none."""
        return sum(step.way not in FREE for step in self.steps)

    @property
    def conditional(self) -> bool:
        """True where a step works only under a condition."""
        return any(step.condition for step in self.steps)


class Reached(msgspec.Struct, frozen=True):
    """Somebody who reaches something: in how many acts, and by one of the shortest paths.

    Attributes:
        node: who, in an exposure; what, where the question is what somebody reaches.
        steps: the number of acts of the shortest path.
        route: the path; None where it was not asked for.
        control_plane: True for an identity that every Kubernetes cluster has by itself.
    """

    node: Node
    steps: int
    route: Route | None = None
    control_plane: bool = False


class Exposure(msgspec.Struct, frozen=True):
    """Who reaches one Secret, as plain counts.

    Attributes:
        secret: which.
        users, groups, accounts, nodes: how many of each reach it, those of the control plane itself aside.
        control_plane: how many identities that every Kubernetes cluster has by itself reach it.
        by_steps: how many identities reach it first in as many acts as the index says (index 0: none needed); what
            takes more than the last index is counted in ``farther``.
        means: the last act by which its value is had (the id of a way), and how many identities can come by it; the
            most used first.
        everyone: the group of everybody that reaches it (``system:authenticated`` …); empty where none does.
        reached_by: the identities one by one; only where they were asked for.
        origin: where it is defined.
    """

    secret: SecretRef
    users: int = 0
    groups: int = 0
    accounts: int = 0
    nodes: int = 0
    control_plane: int = 0
    by_steps: tuple[int, ...] = ()
    farther: int = 0
    means: tuple[tuple[str, int], ...] = ()
    everyone: str = ""
    reached_by: tuple[Reached, ...] = ()
    origin: Origin | None = None

    @property
    def identities(self) -> int:
        """How many identities reach it, those of the control plane itself aside."""
        return self.users + self.groups + self.accounts + self.nodes


class WayPage(msgspec.Struct, frozen=True):
    """What is said of a way beside its steps; ``text`` is its page as Markdown."""

    id: str
    title: str
    techniques: tuple[str, ...] = ()
    text: str = ""


class Change(msgspec.Struct, frozen=True):
    """Somebody who reaches other Secrets than before.

    Attributes:
        identity: who.
        gained: Secrets that he reaches now, with one of the shortest paths where it was asked for.
        lost: Secrets that he no longer reaches.
        on_new: Secrets that he reaches and that did not exist before.
    """

    identity: Node
    gained: tuple[Reached, ...] = ()
    lost: tuple[Node, ...] = ()
    on_new: tuple[Node, ...] = ()


class ReviewRow(msgspec.Struct, frozen=True):
    """One line of an access review: an identity and the Secrets of one namespace that it reaches.

    Attributes:
        identity: who.
        namespace: empty for every namespace.
        secrets: their names, sorted; empty where it is every Secret of the namespace.
        count: how many they are.
        steps: the acts of the shortest path to any of them.
        means: the acts of that path, as ids of ways.
        granted_by: what its first act rests on: a binding, a program …; empty where it was not looked for.
        changed: when the last of the Secrets last changed, ISO 8601; empty where that is not known.
        owners: who owns the Secrets, by their labels.
        members: how many are in the group, as far as known.
    """

    identity: Node
    namespace: str
    secrets: tuple[str, ...]
    count: int
    steps: int
    means: tuple[str, ...]
    granted_by: str = ""
    changed: str = ""
    owners: tuple[str, ...] = ()
    members: int = 0


class AccessReport(msgspec.Struct, frozen=True):
    """One answer.

    Attributes:
        tool: name and version.
        question: the command: ``exposure``, ``reach``, ``paths``, ``diff``, ``review``, ``what-if``.
        about: what was asked about, as people write it: ``serviceaccount/shop/web``; empty for everything.
        sources: as the user named them.
        created: ISO 8601 time of the run, UTC.
        exposures: per Secret, the most widely reached first.
        reached: what the identity reaches, the nearest first.
        routes: the shortest paths.
        changes: who reaches what he did not before, and the other way round.
        review: the lines of an access review.
        graph: the steps on the way to the answer, for pictures; only where a format needs them.
        ways: the pages of the ways, by id.
        conditional: True where steps count that work only under a condition.
        left_out: how many such steps were left out.
        notes: what the reader must know of how it was found.
        secrets: how many Secrets were asked about.
        control_plane: the identities that every Kubernetes cluster has by itself, as far as the graph has them.
    """

    tool: str
    question: str
    about: str
    sources: tuple[str, ...]
    created: str
    exposures: tuple[Exposure, ...] = ()
    reached: tuple[Reached, ...] = ()
    routes: tuple[Route, ...] = ()
    changes: tuple[Change, ...] = ()
    review: tuple[ReviewRow, ...] = ()
    graph: tuple[Step, ...] = ()
    ways: dict[str, WayPage] = {}
    conditional: bool = False
    left_out: int = 0
    notes: tuple[str, ...] = ()
    secrets: int = 0
    control_plane: tuple[Node, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    coverage: Coverage = Coverage()

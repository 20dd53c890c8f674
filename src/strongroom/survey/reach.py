"""What the graph of access says, for the checks that ask about it."""

from __future__ import annotations

from strongroom.documents.collector import paused
from strongroom.model.facts import Facts
from strongroom.model.skipped import Reason, Skipped

OF_REACH = frozenset(
    {
        "reach-through-cluster",
        "reach-through-identity",
        "reach-through-operator",
        "reach-through-pods",
        "reach-through-roles",
        "secret-widely-reachable",
    }
)
"""The checks that ask the graph."""

MASTERS = "system:masters"
"""The administrators of every cluster: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings"""


def with_reach(facts: Facts, failed: list[Skipped]) -> Facts:
    """Return facts with how widely Secrets can be reached and by which detours, where the sources give any right.

    A graph that cannot be built is a defect of ours: as for a check that fails, it is added to ``failed``, and the
    rest of the audit is done.
    """
    if not facts.secrets or not facts.bindings:
        return facts
    try:
        with paused():
            return _asked(facts)
    except Exception as error:  # noqa: BLE001 - reported as a failure, see above
        failed.append(Skipped("", 0, 0, Reason.CHECK_FAILED, f"the graph of access: {type(error).__name__}"))
        return facts


def _asked(facts: Facts) -> Facts:
    from strongroom.access.detours import detours
    from strongroom.access.graph import build
    from strongroom.access.questions import Exposures
    from strongroom.access.world import DEFAULT, World
    from strongroom.model.access import Node
    from strongroom.model.reach import Exposed, Reachable

    graph = build(World(facts))
    masters = int(Node("Group", "", MASTERS) in graph.number)  # in every cluster, and they reach everything
    records = {(record.ref.namespace or DEFAULT, record.ref.name): record for record in facts.secrets}
    spaces: dict[str, list[Reachable]] = {}
    for one in Exposures(graph).of(graph.secrets()):
        record = records.get(one.secret)
        if record is not None and record.origin is not None and one.identities:
            found = Reachable(
                record.ref, one.users, max(one.groups - masters, 0), one.accounts, one.everyone, record.origin
            )
            spaces.setdefault(one.secret.namespace, []).append(found)
    exposed = tuple(Exposed(space, tuple(listed)) for space, listed in sorted(spaces.items()))
    return facts.knowing(exposed, tuple(detours(graph)))

"""What the graph of access says, for the checks that ask about it."""

from __future__ import annotations

from strongroom.model.facts import Facts

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


def with_reach(facts: Facts) -> Facts:
    """Return facts with how widely Secrets can be reached and by which detours, where the sources give any right."""
    if not facts.secrets or not facts.bindings:
        return facts
    from strongroom.access.detours import detours
    from strongroom.access.graph import build
    from strongroom.access.questions import Exposures
    from strongroom.access.world import DEFAULT, World
    from strongroom.model.reach import Exposed, Reachable

    graph = build(World(facts))
    records = {(record.ref.namespace or DEFAULT, record.ref.name): record for record in facts.secrets}
    spaces: dict[str, list[Reachable]] = {}
    for one in Exposures(graph).of(graph.secrets()):
        record = records.get(one.secret)
        if record is not None and record.origin is not None and one.identities:
            found = Reachable(record.ref, one.users, one.groups, one.accounts, one.everyone, record.origin)
            spaces.setdefault(one.secret.namespace, []).append(found)
    exposed = tuple(Exposed(space, tuple(listed)) for space, listed in sorted(spaces.items()))
    return facts.knowing(exposed, tuple(detours(graph)))

"""What decides beside RBAC and the Node authorizer: the sources name it, and cannot say what it allows.

An API server asks its authorizers in order, and one that allows is enough:
https://kubernetes.io/docs/reference/access-authn-authz/authorization/
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.controlplane import Program
from strongroom.model.facts import Facts
from strongroom.model.resource import as_dict, as_list, as_text

_EVALUATED = frozenset({"RBAC", "Node", "AlwaysDeny"})
_EVERYTHING = "AlwaysAllow"


def other_authorizers(facts: Facts) -> tuple[str, ...]:
    """Return a sentence for each authorizer that the sources name and that is not evaluated, without a full stop."""
    return tuple(dict.fromkeys(_sentences(facts)))


def _sentences(facts: Facts) -> Iterator[str]:
    listed = False
    for found in facts.of_kind("AuthorizationConfiguration"):
        listed = True
        for entry in as_list(found.get("authorizers")):
            yield from _of(as_text(as_dict(entry).get("type")))
    for server in facts.control_plane.servers:
        if server.program is not Program.API_SERVER:
            continue
        for mode in server.value("authorization-mode").split(","):
            yield from _of(mode.strip())
        if server.value("authorization-config") and not listed:
            yield "the API server's authorizers stand in a file that the sources do not hold: access may be wider"


def _of(mode: str) -> Iterator[str]:
    if mode == _EVERYTHING:
        yield "the API server allows everything to everybody (AlwaysAllow): what follows is the least"
    elif mode and mode not in _EVALUATED:
        yield f"the API server asks the authorizer {mode} too: what that allows cannot be evaluated"

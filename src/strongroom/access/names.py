"""How people name what they ask about: ``serviceaccount/shop/web``, ``user/alice``, ``secret/shop/db``."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from strongroom.access.code import Code
from strongroom.access.graph import Graph
from strongroom.access.rbac_request import NODE_USER, SERVICE_ACCOUNT_USER
from strongroom.access.world import World
from strongroom.errors import UsageError
from strongroom.model.access import Node

_SHORT = {
    "sa": "ServiceAccount",
    "serviceaccount": "ServiceAccount",
    "user": "User",
    "group": "Group",
    "node": "Node",
    "secret": "Secret",
    "cm": "ConfigMap",
    "configmap": "ConfigMap",
    "po": "Pod",
    "pod": "Pod",
    "deploy": "Deployment",
    "sts": "StatefulSet",
    "ds": "DaemonSet",
    "cj": "CronJob",
    "rs": "ReplicaSet",
    "external": "External",
}
_WITHOUT_NAMESPACE = frozenset({"User", "Group", "Node", "External"})
_NEAR = 3


def identity_named(text: str, graph: Graph, world: World) -> Node:
    """Return somebody, or something that runs, by its name.

    Raises:
        UsageError: the sources know nobody of that name; the nearest names are the hint.
    """
    node = _parsed(text, graph)
    if node is not None and node.kind == "Pod":
        codes: list[Code] = list(world.code_of_pods(node.namespace, [node.name]))
        node = codes[0].node if codes else node
    if node is not None and node in graph.number and node.kind not in ("Power", "Secret", "ConfigMap"):
        return node
    known = (n for n in graph.nodes if n.kind not in ("Power", "Secret", "ConfigMap"))
    raise _unknown("identity", text, known, "serviceaccount/NAMESPACE/NAME, user/NAME, group/NAME, pod/NAMESPACE/NAME")


def secret_named(text: str, graph: Graph) -> Node:
    """Return a Secret by its name: ``secret/NAMESPACE/NAME``, ``NAMESPACE/NAME``, or ``NAME`` where only one has it.

    Raises:
        UsageError: the sources know none of that name, or several.
    """
    name = text.removeprefix("secret/")
    known = [node for node in graph.nodes if node.kind == "Secret"]
    if "/" in name:
        namespace, _, own = name.partition("/")
        found = [node for node in known if node == Node("Secret", namespace, own)]
    else:
        found = [node for node in known if node.name == name]
    if len(found) > 1:
        shown = ", ".join(node.show() for node in found[:_NEAR])
        raise UsageError(f"secret {name} is the name of {len(found)}", hint=f"one of {shown}")
    if not found:
        raise _unknown("secret", text, known, "secret/NAMESPACE/NAME")
    return found[0]


def anything_named(text: str, graph: Graph, world: World) -> Node:
    """Return a Secret, identity or program by its name; what is no Secret must say its kind.

    Raises:
        UsageError: as the functions above.
    """
    node = _parsed(text, graph)
    if node is not None and node.kind != "Secret" and node in graph.number:
        return node
    if node is not None and node.kind not in ("Secret", ""):
        return identity_named(text, graph, world)
    return secret_named(text, graph)


def _parsed(text: str, graph: Graph) -> Node | None:
    """Return the node that a text names, whether or not it is known; None where it names none."""
    if text.startswith(SERVICE_ACCOUNT_USER) and text.count(":") == 3:
        _, _, namespace, name = text.split(":")
        return Node("ServiceAccount", namespace, name)
    word, slash, rest = text.partition("/")
    kinds = {node.kind.lower(): node.kind for node in graph.nodes} | _SHORT
    kind = kinds.get(word.lower())
    if not slash or kind is None:
        return None
    if kind == "User" and rest.startswith(SERVICE_ACCOUNT_USER):
        return _parsed(rest, graph)
    if kind == "User" and rest.startswith(NODE_USER):
        return Node("Node", "", rest.removeprefix(NODE_USER))
    if kind in _WITHOUT_NAMESPACE:
        return Node(kind, "", rest)
    namespace, slash, name = rest.partition("/")
    return Node(kind, namespace, name) if slash else Node(kind, "default", namespace)


def _unknown(what: str, text: str, known: Iterable[Node], form: str) -> UsageError:
    shown = {node.show(): node for node in known}
    names = difflib.get_close_matches(text.lower(), shown, n=_NEAR, cutoff=0.6)
    if not names:
        last = text.rpartition("/")[2]
        names = [name for name in shown if name.rpartition("/")[2] == last][:_NEAR]
    hint = f"did you mean {', '.join(names)}?" if names else f"write it as {form}"
    return UsageError(f"the sources know no {what} {text}", hint=hint)

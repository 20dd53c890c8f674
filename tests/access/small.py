"""Small graphs, drawn: ``a b`` is an act from a to b, ``a = b`` a step that is none."""

from __future__ import annotations

from strongroom.access.graph import Graph
from strongroom.model.access import INCLUDES, MEMBER, Node, Power, Step, power


def node(word: str) -> Node:
    """Return a node by a word: capitals are Secrets, ``g…`` groups, ``*…`` powers of a namespace, the rest users."""
    if word.startswith("*"):
        return power(Power.READ_SECRETS, word[1:])
    if word.isupper():
        return Node("Secret", "ns", word)
    return Node("Group" if word.startswith("g") else "User", "", word)


def step(line: str, *, condition: str = "") -> Step:
    """Return the step of a line; an act may name its way: ``a -way- b``."""
    words = line.split()
    if "=" in words:
        source = node(words[0])
        return Step(source, node(words[2]), INCLUDES if source.kind == "Power" else MEMBER, condition=condition)
    way = words[1].strip("-") if len(words) > 2 else "act"
    return Step(node(words[0]), node(words[-1]), way, condition=condition)


def graph(*lines: str, withheld: tuple[str, ...] = (), conditional: bool = False) -> Graph:
    """Return the graph of some lines."""
    steps = [step(line) for line in lines]
    steps += [step(line, condition="if admission fails") for line in withheld]
    return Graph(steps, conditional=conditional)

"""The contract of a way to reach a secret."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from strongroom.access.world import World
from strongroom.model.access import Step


class Way(msgspec.Struct, frozen=True):
    """One way. Declared once, as ``WAY``, at the end of its file in ``access/edges``; the file's docstring is its page.

    The page has the sections ``What it is`` (the text before the first heading), ``Needs``, ``Exploited``, ``Closed``
    and ``References``.

    Attributes:
        id: equals the file's name with dashes; never reused.
        title: what the holder does, as the middle of a sentence: ``reads the Secret``, ``runs a pod in the namespace``.
        techniques: ids of MITRE ATT&CK techniques (https://attack.mitre.org/matrices/enterprise/containers/).
        steps: yields every step of this way that the sources show; pure, and linear in what the sources hold.
        demonstrated: True where a test shows it on a real API server; else the page says why that cannot be.
    """

    id: str
    title: str
    techniques: tuple[str, ...]
    steps: Callable[[World], Iterator[Step]]
    demonstrated: bool = True

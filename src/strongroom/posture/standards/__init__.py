"""Controls of published standards, as data: one TOML file for each standard.

A file has the standard's name and version (``standard``), where it is published (``url``) and a ``[[control]]`` for
each control that a check may name: ``id`` (the standard's initials, a dash, the number or heading) and ``title``.
"""

from __future__ import annotations

import functools
import tomllib
from importlib import resources

from strongroom.model.finding import Standard

FILES = ("cis.toml", "nsa.toml", "owasp.toml", "pci.toml")


@functools.cache
def load() -> dict[str, Standard]:
    """Return every control by its id.

    Raises:
        ValueError: two controls have the same id.
    """
    controls: dict[str, Standard] = {}
    for name in FILES:
        data = tomllib.loads(resources.files(__name__).joinpath(name).read_text("utf-8"))
        for control in data["control"]:
            if control["id"] in controls:
                raise ValueError(f"{name}: {control['id']} is there twice")
            controls[control["id"]] = Standard(control["id"], control["title"], data["standard"], data["url"])
    return controls

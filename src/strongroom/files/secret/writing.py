"""Objects as YAML that every reader of Kubernetes reads alike."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from strongroom.model.plaintext import Plaintext

# Without quotes stands only what no version of YAML and no parser takes for anything but text: kubectl's parser reads y
# as true, YAML 1.2 reads 0o17 as a number, YAML 1.1 reads 1:20 as one.
_BARE = re.compile(r"[A-Za-z/][A-Za-z0-9_./+=-]*")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})
_TEXT = "tag:yaml.org,2002:str"


def survives(text: str) -> bool:
    """Tell whether YAML can hold a text readably: printable characters, tabs and ends of lines alone."""
    return all(character.isprintable() or character in "\n\t" for character in text)


def dump(bodies: Iterable[dict[str, Any]]) -> Plaintext:
    """Return objects as YAML documents, in the order of their keys."""
    import yaml

    class Dumper(yaml.SafeDumper):
        """Quotes what could be misread, and indents lists as kubectl does."""

        def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML's signature
            return True

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        return dumper.represent_scalar(_TEXT, value, style=_style(value))

    Dumper.add_representer(str, text)
    pieces = [
        yaml.dump(one, Dumper=Dumper, sort_keys=False, default_flow_style=False, allow_unicode=True, width=1 << 30)
        for one in bodies
    ]
    return Plaintext("---\n".join(pieces))


def _style(value: str) -> str | None:
    if _BARE.fullmatch(value) and value.lower() not in _WORDS:
        return None
    # A block begins with its first line's indentation, and cannot show blanks at the end of a line.
    block = "\n" in value and survives(value) and value[0] not in " \n\t" and " \n" not in value and "\t\n" not in value
    return "|" if block else '"'

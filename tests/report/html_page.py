"""Reads an HTML report strictly, without a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

_NAMESPACE = "{http://www.w3.org/1999/xhtml}"
_CODE = re.compile(r"<(style|script)>(.*?)</\1>", re.DOTALL)


class Page:
    """One report. Parsing fails where the markup is not well formed: an attribute or a tag that escaped its place.

    Attributes:
        style, script: the contents of the only two elements that are not markup.
        root: the tree, without these contents.
    """

    def __init__(self, html: str) -> None:
        code = _CODE.findall(html)
        if [name for name, _ in code] != ["style", "script"]:
            raise AssertionError(f"one style sheet and one script expected, found {[name for name, _ in code]}")
        self.html = html
        self.style, self.script = (text for _, text in code)
        self.root = ET.fromstring(_CODE.sub(r"<\1></\1>", html))  # noqa: S314

    def all(self, tag: str = "*", **attributes: str) -> Iterator[ET.Element]:
        """Yield the elements of a tag whose attributes are these; ``class_`` names one class of several."""
        wanted_class = attributes.pop("class_", "")
        for element in self.root.iter():
            if tag not in ("*", local(element)) or wanted_class not in ("", *element.get("class", "").split()):
                continue
            if all(element.get(name) == value for name, value in attributes.items()):
                yield element

    def one(self, anchor: str) -> ET.Element:
        """Return the element of an id."""
        (element,) = self.all(id=anchor)
        return element

    @property
    def ids(self) -> list[str]:
        """Every id, in order."""
        return [element.attrib["id"] for element in self.root.iter() if "id" in element.attrib]


def local(element: ET.Element) -> str:
    """Return an element's name."""
    return element.tag.removeprefix(_NAMESPACE)


def text(element: ET.Element) -> str:
    """Return an element's text as a reader sees it: runs of white space are one space."""
    return " ".join("".join(element.itertext()).split())

"""Where a fact comes from."""

from __future__ import annotations

import re
from typing import TypeAlias

import msgspec

FieldPath: TypeAlias = tuple[str | int, ...]
"""The way from the root of a document to a field: mapping keys and list indices."""

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def show_path(path: FieldPath) -> str:
    """Write a field path as people do: ``spec.containers[0].env[2].value``, ``data["app.properties"]``."""
    out: list[str] = []
    for step in path:
        if isinstance(step, int):
            out.append(f"[{step}]")
        elif _PLAIN_KEY.fullmatch(step):
            out.append(f".{step}" if out else step)
        else:
            quoted = step.replace("\\", "\\\\").replace('"', '\\"')
            out.append(f'["{quoted}"]')
    return "".join(out)


class Origin(msgspec.Struct, frozen=True):
    """A place in a source.

    Attributes:
        source: the source as the user named it, e.g. ``deploy/`` or ``-``.
        path: the file, relative to where the command runs; empty where the source has no files.
        document: index of the YAML document in its file, from 0; -1 for the file as a whole.
        line: 1-based; the start of the document until the exact place was looked up.
        column: 1-based, in characters.
        end_line, end_column: the end, exclusive; 0 where only the start is known.
        field: the way to the field inside the document.
        inner: the path inside a file that is embedded in the field, e.g. ``spring.datasource.password``.
        inner_start, inner_end: offsets in characters inside the decoded value of the field; equal where unused.
        commit: the Git commit, where the fact comes from history.
        rendered_by: ``kustomize`` or ``helm`` where the object was rendered and this is the file that it came from.
        object: ``Kind namespace/name`` of the object, where it was read from a running cluster; empty for files.
    """

    source: str
    path: str
    document: int = -1
    line: int = 1
    column: int = 1
    end_line: int = 0
    end_column: int = 0
    field: FieldPath = ()
    inner: str = ""
    inner_start: int = 0
    inner_end: int = 0
    commit: str = ""
    rendered_by: str = ""
    object: str = ""

    @property
    def holder(self) -> str:
        """What holds the place: the file, the object of a running cluster, else the source."""
        return self.path or (f"{self.source} {self.object}" if self.object else self.source)

    def at(self, field: FieldPath, *, inner: str = "", start: int = 0, end: int = 0) -> Origin:
        """Return the origin of a field below this one; its line is looked up later."""
        below = (*self.field, *field)
        return msgspec.structs.replace(self, field=below, inner=inner, inner_start=start, inner_end=end)

    def show(self) -> str:
        """Write it as ``path:line:column``, which terminals and editors open; in a cluster as object and field."""
        if self.object:
            return f"{self.holder} {show_path(self.field)}".rstrip()
        return f"{self.path or self.source}:{self.line}:{self.column}"

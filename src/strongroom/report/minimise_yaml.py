"""Smaller roles that no file can be edited for, as a manifest to apply."""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.documents.yamltext import block
from strongroom.model.minimise import MinimiseReport

_HEAD = "# strongroom access minimise: kubectl apply --server-side --force-conflicts -f FILE\n"


def render(report: MinimiseReport) -> Iterator[str]:
    """Yield the objects that have to be applied by hand."""
    yield _HEAD
    for body in report.objects:
        yield "---\n"
        yield from (f"{line}\n" for line in block(body))

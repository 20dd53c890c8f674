"""What ``access minimise`` would change, as a unified diff that ``git apply`` takes."""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.minimise import MinimiseReport


def render(report: MinimiseReport) -> Iterator[str]:
    """Yield the diff; nothing where no file changes."""
    yield report.patch

"""Reports of other tools: one file for each format, listed once, recognised by its shape."""

from __future__ import annotations

from strongroom.sources.imports import gitleaks, kube_bench, kubescape, sarif, trivy, trufflehog
from strongroom.sources.imports.contract import Format

FORMATS: tuple[Format, ...] = (
    gitleaks.FORMAT,
    kube_bench.FORMAT,
    kubescape.FORMAT,
    sarif.FORMAT,
    trivy.FORMAT,
    trufflehog.FORMAT,
)
"""In the order of their names; no document has the shape of two."""

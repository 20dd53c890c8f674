"""Helm charts: rendered by the real program where it is installed, otherwise only text."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from strongroom.documents.limits import Limits
from strongroom.documents.yaml import Document, read
from strongroom.model.origin import Origin
from strongroom.model.resource import Resource
from strongroom.sources.objects import objects_in

CHART_FILE = "Chart.yaml"
"""What makes a folder a chart (Helm documentation, "The Chart File Structure")."""

_RENDER_SECONDS = 30
_MAX_OUTPUT = 64 * 1024 * 1024
_SOURCE = re.compile(rb"^# Source: [^/\n]+/(.+)$", re.MULTILINE)


class Rendered(msgspec.Struct, frozen=True):
    """What rendering gave: the objects, or why there are none."""

    resources: tuple[Resource, ...] = ()
    problem: str = ""


def program() -> str | None:
    """Return ``helm`` where it is installed."""
    return "helm" if shutil.which("helm") else None


def render(chart: Path, source: str, shown: str, limits: Limits) -> Rendered:
    """Render a chart with its default values.

    Helm gets empty configuration and cache folders, no cluster and a deadline; a chart whose dependencies are not
    vendored does not render, and nothing is fetched for it. Objects point at the template that made them.

    Args:
        chart: the chart's folder.
        source: the source that it belongs to, as the user named it.
        limits: bounds on what it renders to.
        shown: the folder as reports show it.
    """
    with tempfile.TemporaryDirectory(prefix="strongroom-") as scratch:
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": scratch,
            "HELM_CONFIG_HOME": scratch,
            "HELM_CACHE_HOME": scratch,
            "HELM_DATA_HOME": scratch,
            "HELM_PLUGINS": scratch,
            "KUBECONFIG": "/dev/null",
        }
        executable = shutil.which("helm") or "helm"
        try:
            done = subprocess.run(
                [executable, "template", "release", str(chart)],
                capture_output=True,
                timeout=_RENDER_SECONDS,
                check=False,
                stdin=subprocess.DEVNULL,
                env=environment,
            )
        except subprocess.TimeoutExpired:
            return Rendered(problem=f"helm took longer than {_RENDER_SECONDS} s")
        except OSError:
            return Rendered(problem="helm could not be started")
    if done.returncode or len(done.stdout) > _MAX_OUTPUT:
        # Its error text may quote values, so it is not repeated.
        return Rendered(problem="helm refused it; run helm template by hand to see why")
    return Rendered(resources=tuple(_objects(done.stdout, source, shown, limits)))


def _objects(output: bytes, source: str, shown: str, limits: Limits) -> Iterator[Resource]:
    for document in read(output, limits):
        if not isinstance(document, Document):
            continue
        mark = _SOURCE.search(output, document.offset, document.offset + document.length)
        template = mark.group(1).decode("utf-8", "replace").strip() if mark else CHART_FILE
        origin = Origin(source, f"{shown}/{template}" if shown else template, rendered_by="helm")
        yield from objects_in(document.body, origin)

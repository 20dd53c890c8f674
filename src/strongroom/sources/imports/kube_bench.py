"""kube-bench: ``kube-bench --json`` (github.com/aquasecurity/kube-bench ``check/controls.go``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from strongroom.model.finding import Confidence, Severity
from strongroom.model.resource import as_dict, as_list, as_text
from strongroom.sources.imports.contract import Format, Raw

_SEVERITIES = {"FAIL": Severity.MEDIUM, "WARN": Severity.LOW}
"""kube-bench has no severities: a failed test counts as medium, one that a person must look at as low."""


def _controls(document: Any) -> list[dict[str, Any]]:
    controls = document if isinstance(document, list) else as_dict(document).get("Controls")
    return [control for control in as_list(controls) if isinstance(control, dict)]


def _is_one(document: Any) -> bool:
    return any("node_type" in control and isinstance(control.get("tests"), list) for control in _controls(document))


def _findings(document: Any) -> Iterator[Raw]:
    for control in _controls(document):
        subject = " ".join(
            text for text in (as_text(control.get("version")), as_text(control.get("node_type"))) if text
        )
        for test in map(as_dict, as_list(control.get("tests"))):
            for result in map(as_dict, as_list(test.get("results"))):
                status = as_text(result.get("status"))
                if status in _SEVERITIES:
                    yield Raw(
                        rule=as_text(result.get("test_number")),
                        title=as_text(result.get("test_desc")),
                        severity=_SEVERITIES[status],
                        confidence=Confidence.HIGH if status == "FAIL" else Confidence.LOW,
                        subject=subject,
                    )


FORMAT = Format("kube-bench", "kube-bench JSON", _is_one, _findings)

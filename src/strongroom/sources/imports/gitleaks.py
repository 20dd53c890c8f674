"""gitleaks: ``gitleaks git --report-format json`` (github.com/gitleaks/gitleaks ``report/finding.go``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from strongroom.model.finding import Severity
from strongroom.model.resource import as_dict, as_list, as_text
from strongroom.sources.imports.contract import Format, Raw, hidden, number


def _is_one(document: Any) -> bool:
    first = as_dict(as_list(document)[0]) if as_list(document) else {}
    return {"RuleID", "Secret", "File", "StartLine"} <= set(first)


def _findings(document: Any) -> Iterator[Raw]:
    for entry in map(as_dict, as_list(document)):
        yield Raw(
            rule=as_text(entry.get("RuleID")),
            title=as_text(entry.get("Description")),
            severity=Severity.HIGH,
            path=as_text(entry.get("File")),
            line=number(entry.get("StartLine"), 1),
            column=number(entry.get("StartColumn"), 1),
            commit=as_text(entry.get("Commit")),
            secret=True,
            value=hidden(entry.get("Secret")),
        )


FORMAT = Format("gitleaks", "gitleaks JSON", _is_one, _findings)

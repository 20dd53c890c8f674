"""Trivy: ``trivy … --format json`` (github.com/aquasecurity/trivy ``pkg/types/report.go``), ``trivy k8s`` included."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from strongroom.model.finding import Confidence, Severity
from strongroom.model.resource import as_dict, as_list, as_text, dig
from strongroom.sources.imports.contract import BY_NAME, Format, Raw, number


def _is_one(document: Any) -> bool:
    body = as_dict(document)
    if isinstance(body.get("SchemaVersion"), int) and "ArtifactName" in body:
        return True
    return "ClusterName" in body and isinstance(body.get("Resources"), list)


def _results(document: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    body = as_dict(document)
    for result in map(as_dict, as_list(body.get("Results"))):
        yield "", result
    for resource in map(as_dict, as_list(body.get("Resources"))):
        names = [as_text(resource.get(part)) for part in ("Namespace", "Name")]
        subject = f"{as_text(resource.get('Kind'))} {'/'.join(name for name in names if name)}"
        for result in map(as_dict, as_list(resource.get("Results"))):
            yield subject, result


def _path(document: Any, target: str) -> str:
    """Return a file's path: targets are relative to what was scanned, where that was a folder."""
    body = as_dict(document)
    scanned = as_text(body.get("ArtifactName"))
    if as_text(body.get("ArtifactType")) not in ("filesystem", "repository") or "://" in scanned:
        return target
    return scanned if scanned.rpartition("/")[2] == target else f"{scanned.rstrip('/')}/{target}"


def _findings(document: Any) -> Iterator[Raw]:
    for subject, result in _results(document):
        target = _path(document, as_text(result.get("Target")))
        for found in map(as_dict, as_list(result.get("Misconfigurations"))):
            if as_text(found.get("Status")) in ("", "FAIL"):
                yield Raw(
                    rule=as_text(found.get("ID")),
                    title=as_text(found.get("Title")),
                    severity=BY_NAME.get(as_text(found.get("Severity")), Severity.INFO),
                    confidence=Confidence.HIGH,
                    path="" if subject else target,
                    line=number(dig(found, ("CauseMetadata", "StartLine")), 1) or 1,
                    subject=subject,
                    url=as_text(found.get("PrimaryURL")),
                )
        for found in map(as_dict, as_list(result.get("Secrets"))):
            # Trivy masks the value in what it prints: only the place can be joined.
            yield Raw(
                rule=as_text(found.get("RuleID")),
                title=as_text(found.get("Title")),
                severity=BY_NAME.get(as_text(found.get("Severity")), Severity.INFO),
                path="" if subject else target,
                line=number(found.get("StartLine"), 1) or 1,
                subject=subject,
                secret=True,
            )


def _notes(document: Any) -> Iterator[str]:
    count = sum(len(as_list(result.get("Vulnerabilities"))) for _, result in _results(document))
    if count:
        yield f"{count} vulnerabilities counted, not reported"


FORMAT = Format("trivy", "Trivy JSON", _is_one, _findings, _notes)

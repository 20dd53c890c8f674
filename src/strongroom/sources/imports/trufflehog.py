"""TruffleHog: ``trufflehog --json``, one object a line (github.com/trufflesecurity/trufflehog ``pkg/output``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from strongroom.model.finding import Confidence, Severity
from strongroom.model.plaintext import Plaintext
from strongroom.model.resource import as_dict, as_list, as_text, dig
from strongroom.sources.imports.contract import Format, Raw, hidden, number

_SHORTEST = 8  # what is shorter separates, or is no credential


def _entries(document: Any) -> Iterator[dict[str, Any]]:
    for entry in [document] if isinstance(document, dict) else as_list(document):
        if isinstance(entry, dict) and "DetectorName" in entry:
            yield entry


def _is_one(document: Any) -> bool:
    return any("SourceMetadata" in entry for entry in _entries(document))


def _findings(document: Any) -> Iterator[Raw]:
    for entry in _entries(document):
        verified = entry.get("Verified") is True
        # The place is below the name of the kind of source: Git, Filesystem, Github, Docker …
        places = as_dict(dig(entry, ("SourceMetadata", "Data")))
        place = next((as_dict(value) for value in places.values() if isinstance(value, dict)), {})
        name = as_text(entry.get("DetectorName"))
        yield Raw(
            rule=name.lower(),
            title=f"{name} credential" + (" that works" if verified else ""),
            severity=Severity.CRITICAL if verified else Severity.MEDIUM,
            confidence=Confidence.HIGH if verified else Confidence.LOW,
            path=as_text(place.get("file")) or as_text(place.get("link")),
            line=number(place.get("line"), 1) or 1,
            commit=as_text(place.get("commit")),
            subject=as_text(place.get("repository")) or as_text(place.get("image")),
            secret=True,
            value=hidden(entry.get("Raw")),
            parts=tuple(_parts(as_text(entry.get("Raw")), as_text(entry.get("RawV2")))),
        )


def _parts(raw: str, both: str) -> Iterator[Plaintext]:
    """Yield what stands beside ``Raw`` in ``RawV2``: of a credential in two parts ``Raw`` is often the public one."""
    for beside in (both.removeprefix(raw), both.removesuffix(raw)) if raw and both != raw else ():
        if beside != both and len(beside) >= _SHORTEST:
            for part in (beside, beside.strip(":")):
                yield Plaintext(part)


FORMAT = Format("trufflehog", "TruffleHog JSON", _is_one, _findings)

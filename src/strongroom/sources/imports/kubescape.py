"""kubescape: ``kubescape scan --format json`` (github.com/kubescape/opa-utils ``reporthandling/v2``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from strongroom.model.finding import Confidence, Practice
from strongroom.model.resource import as_dict, as_list, as_text, dig
from strongroom.sources.imports.contract import Format, Raw, by_score
from strongroom.sources.imports.practices import practice_of

_CATEGORIES = {
    "Access control": Practice.ACCESS,
    "Control plane": Practice.ACCESS,
    "Network": Practice.ISOLATION,
    "Secrets": Practice.PLAINTEXT,
    "Workload": Practice.ISOLATION,
}
_PAGES = "https://kubescape.io/docs/controls/"


def _is_one(document: Any) -> bool:
    body = as_dict(document)
    return isinstance(body.get("summaryDetails"), dict) and isinstance(body.get("results"), list)


def _findings(document: Any) -> Iterator[Raw]:
    body = as_dict(document)
    controls = as_dict(dig(body, ("summaryDetails", "controls")))
    resources = {as_text(r.get("resourceID")): r for r in map(as_dict, as_list(body.get("resources")))}
    for result in map(as_dict, as_list(body.get("results"))):
        id_ = as_text(result.get("resourceID"))
        resource = as_dict(resources.get(id_))
        subject = _subject(resource, id_)
        for control in map(as_dict, as_list(result.get("controls"))):
            if dig(control, ("status", "status")) != "failed":
                continue
            rule = as_text(control.get("controlID"))
            known = as_dict(controls.get(rule))
            score = known.get("scoreFactor", control.get("scoreFactor"))
            name = as_text(known.get("name")) or as_text(control.get("name"))
            yield Raw(
                rule=rule,
                title=name,
                severity=by_score(float(score) if isinstance(score, (int, float)) else 0.0),
                confidence=Confidence.HIGH,
                path=as_text(dig(resource, ("source", "relativePath"))),
                folder=as_text(dig(resource, ("source", "path"))),
                subject=subject,
                practice=practice_of(
                    name, _CATEGORIES.get(as_text(dig(known, ("category", "name"))), Practice.EXPOSURE)
                ),
                url=f"{_PAGES}{rule.lower()}/" if rule.startswith("C-") else "",
            )


def _subject(resource: dict[str, Any], id_: str) -> str:
    """Return the object; an id ends with ``namespace/kind/name``, should the object not be there."""
    body = as_dict(resource.get("object"))
    kind = as_text(body.get("kind"))
    if kind:
        names = [as_text(dig(body, ("metadata", part))) for part in ("namespace", "name")]
        return f"{kind} {'/'.join(name for name in names if name)}"
    parts = id_.split("/")
    if len(parts) < 3:
        return id_
    namespace = f"{parts[-3]}/" if parts[-3] else ""
    return f"{parts[-2]} {namespace}{parts[-1]}"


FORMAT = Format("kubescape", "kubescape JSON", _is_one, _findings)

"""Any tool's SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html).

Messages are made for one finding and may hold a value; only what a rule says of itself is taken over. Code that the
report quotes is taken as a value where the rule is about secrets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from strongroom.model.finding import Confidence, Severity
from strongroom.model.resource import as_dict, as_list, as_text, dig
from strongroom.sources.imports.contract import Format, Raw, by_score, hidden, number

_LEVELS = {"error": Severity.HIGH, "warning": Severity.MEDIUM, "note": Severity.LOW, "none": Severity.INFO}
_SECRET_TAGS = frozenset({"secret", "secrets", "external/cwe/cwe-798", "external/cwe/cwe-259", "CWE-798", "CWE-259"})
_HARD_CODED = re.compile(r"hard-?coded", re.IGNORECASE)
_SCANNERS = re.compile(
    r"gitleaks|trufflehog|kingfisher|betterleaks|detect[-_ ]secrets|ggshield|noseyparker", re.IGNORECASE
)
_NAME = re.compile(r"[^a-z0-9]+")
_LONGEST_VALUE = 4096


def _is_one(document: Any) -> bool:
    body = as_dict(document)
    return as_text(body.get("version")).startswith("2.1") and isinstance(body.get("runs"), list)


def _findings(document: Any) -> Iterator[Raw]:
    for run in map(as_dict, as_list(as_dict(document).get("runs"))):
        driver = as_dict(dig(run, ("tool", "driver")))
        name = as_text(driver.get("name"))
        tool = _NAME.sub("-", name.lower()).strip("-") or "sarif"
        listed = [as_dict(rule) for rule in as_list(driver.get("rules"))]
        rules = {as_text(rule.get("id")): rule for rule in listed}
        for result in map(as_dict, as_list(run.get("results"))):
            if result.get("kind", "fail") == "fail" and not _is_accepted(result):
                yield _raw(tool, result, _rule_of(result, rules, listed), run, is_scanner=bool(_SCANNERS.search(name)))


def _is_accepted(result: dict[str, Any]) -> bool:
    """Section 3.27.23: suppressed where all suppressions are accepted, which is what no status means."""
    given = [as_dict(entry).get("status", "accepted") for entry in as_list(result.get("suppressions"))]
    return bool(given) and all(status == "accepted" for status in given)


def _rule_of(result: dict[str, Any], rules: dict[str, dict[str, Any]], listed: list[dict[str, Any]]) -> dict[str, Any]:
    id_ = as_text(result.get("ruleId")) or as_text(dig(result, ("rule", "id")))
    if id_ in rules:
        return rules[id_]
    index = result.get("ruleIndex", dig(result, ("rule", "index")))
    if isinstance(index, int) and 0 <= index < len(listed):
        return listed[index]
    return {"id": id_}


def _raw(tool: str, result: dict[str, Any], rule: dict[str, Any], run: dict[str, Any], *, is_scanner: bool) -> Raw:
    id_ = as_text(result.get("ruleId")) or as_text(rule.get("id"))
    title = as_text(dig(rule, ("shortDescription", "text"))) or as_text(rule.get("name")) or id_
    place = as_dict(dig(result, ("locations", 0, "physicalLocation")))
    region = as_dict(place.get("region"))
    tags = {tag for tag in as_list(dig(rule, ("properties", "tags"))) if isinstance(tag, str)}
    secret = is_scanner or bool(tags & _SECRET_TAGS or _HARD_CODED.search(f"{id_} {title}"))
    snippet = as_text(dig(region, ("snippet", "text")))
    return Raw(
        tool=tool,
        rule=id_,
        title=title,
        severity=_severity(result, rule),
        path=_path(as_dict(place.get("artifactLocation")), run),
        line=number(region.get("startLine"), 1) or 1,
        column=number(region.get("startColumn"), 1) or 1,
        end_line=number(region.get("endLine")),
        end_column=number(region.get("endColumn")),
        subject=as_text(dig(result, ("locations", 0, "logicalLocations", 0, "fullyQualifiedName"))),
        secret=secret,
        value=hidden(snippet) if secret and len(snippet) <= _LONGEST_VALUE else None,
        confidence=Confidence.MEDIUM,
        url=as_text(rule.get("helpUri")),
    )


def _severity(result: dict[str, Any], rule: dict[str, Any]) -> Severity:
    # https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
    score = dig(rule, ("properties", "security-severity"))
    try:
        return by_score(float(score))
    except (TypeError, ValueError):
        level = as_text(result.get("level")) or as_text(dig(rule, ("defaultConfiguration", "level"))) or "warning"
        return _LEVELS.get(level, Severity.MEDIUM)


def _path(location: dict[str, Any], run: dict[str, Any]) -> str:
    """Return the path of an artifact; a base that the run names stands before it (section 3.4.4)."""
    uri = as_text(location.get("uri"))
    base = as_text(dig(run, ("originalUriBaseIds", as_text(location.get("uriBaseId")), "uri")))
    if base.startswith("file:///") and "://" not in uri and not uri.startswith("/"):
        uri = f"{base.rstrip('/')}/{uri}"
    return unquote(uri.removeprefix("file://")) if uri.startswith("file:///") else unquote(uri)


FORMAT = Format("sarif", "SARIF 2.1.0", _is_one, _findings)

"""A fixing run as one JSON object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from strongroom.model.finding import Finding
from strongroom.model.fix import FixPlan, Mending, Proof, Remaining
from strongroom.report.fix_text import still_left, still_offered
from strongroom.report.sanitise import json_text

VERSION = 1


def as_json(fix: FixPlan, digest: str, proof: Proof | None, commands: Iterable[str]) -> Iterator[str]:
    """Yield the run; ``proof`` is null where nothing was done."""
    body = {
        "version": VERSION,
        "tool": fix.tool,
        "sources": fix.sources,
        "created": fix.created,
        "root": fix.root,
        "digest": digest if fix.plan.steps else "",
        "steps": fix.views,
        "mended": [_mending(one) for one in fix.mended],
        "unsafe": [_mending(one) for one in still_offered(fix, proof)],
        "left": [_remaining(one) for one in still_left(fix, proof)],
        "rotate": [_finding(finding) for finding in fix.exposed],
        "notes": fix.notes,
        "to_do": fix.to_do,
        "proof": None if proof is None else _proof(proof),
        "commands": [*commands],
    }
    text = msgspec.json.format(msgspec.json.encode(body), indent=2).decode()
    yield json_text(text) + "\n"


def _mending(one: Mending) -> dict[str, Any]:
    findings = [_finding(finding) for finding in one.findings]
    return {"title": one.title, "files": one.files, "unsafe": one.unsafe, "findings": findings} | (
        {"who": one.who, "decision": one.decision, "whole": one.unseen} if one.decision else {}
    )


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "fingerprint": finding.fingerprint,
        "severity": finding.severity.label,
        "place": finding.origin.show(),
        "message": finding.message,
    }


def _remaining(one: Remaining) -> dict[str, Any]:
    return {**_finding(one.finding), "why": one.why, "who": one.who, "decision": one.decision}


def _proof(proof: Proof) -> dict[str, Any]:
    lists = {name: [_finding(f) for f in getattr(proof, name)] for name in ("gone", "fresh")}
    instead = [_remaining(one) for one in proof.instead]
    return {
        **lists,
        "instead": instead,
        "remaining": len(proof.remaining),
        "containers": proof.kept,
        "lost": proof.lost,
    }

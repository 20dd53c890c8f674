"""Encryption at rest for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from strongroom.model.at_rest import AtRest, ConfiguredFile, KmsKey, Problem, ServerState, StoredLine
from strongroom.report.json import dump
from strongroom.report.sanitise import writable

VERSION = 1
"""Of the shape; raised where a field goes or changes its meaning."""


def render(report: AtRest) -> Iterator[str]:
    """Yield the JSON document; the same report gives the same text."""
    worst = report.worst()
    yield dump(
        {
            "version": VERSION,
            "worst": worst.label if worst is not None else None,
            "configured": [_file(file) for file in report.files],
            "servers": [_server(server) for server in report.servers],
            "etcd": writable(report.store) or None,
            "stored": [_stored(one) for one in report.stored],
            "plaintext": report.plaintext,
            "proved": [
                {"resource": one.resource, "how": one.how, "number": one.number, "of": one.of} for one in report.proofs
            ],
            "problems": [_problem(one) for one in report.problems],
            "notes": [writable(note) for note in report.notes],
        }
    )


def _file(file: ConfiguredFile) -> dict[str, Any]:
    return {
        "path": writable(file.path),
        "hash": file.hash,
        "rules": [
            {
                "resources": rule.resources,
                "providers": [{"kind": reader.kind, "name": reader.name} for reader in rule.readers],
            }
            for rule in file.rules
        ],
    }


def _server(server: ServerState) -> dict[str, Any]:
    return {
        "name": server.name,
        "hash": server.hash,
        "same": server.same,
        "reloaded": server.reloaded or None,
        "started": server.started or None,
        "reloadsFailed": server.reloads_failed,
        "healthy": server.healthy,
        "kms": [_kms(key) for key in server.kms],
        "problem": server.problem,
    }


def _kms(key: KmsKey) -> dict[str, Any]:
    return {
        "provider": key.provider,
        "key": key.now,
        "wroteUnder": key.wrote_key,
        "wrote": key.wrote_at or None,
        "named": key.named_at or None,
    }


def _stored(one: StoredLine) -> dict[str, Any]:
    return {
        "resource": one.resource,
        "provider": one.how.provider,
        "key": one.how.key,
        "kmsKey": one.how.kms_key,
        "number": one.number,
        "oldestRevision": one.oldest,
        "newestRevision": one.newest,
        "standing": one.standing.name.lower(),
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "id": problem.id,
        "severity": problem.severity.label,
        "message": problem.message,
        "resource": problem.resource,
        "objects": problem.objects,
        "hint": problem.hint,
    }

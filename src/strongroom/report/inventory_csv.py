"""The inventory as CSV (RFC 4180): one row per secret; lists are separated by ``; ``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from strongroom.model.plaintext import short
from strongroom.model.report import Report
from strongroom.model.secret import SecretRecord
from strongroom.report.csv import rows

COLUMNS = (
    "namespace",
    "name",
    "type",
    "defined_by",
    "defined_at",
    "stored",
    "delivered",
    "consumers",
    "keys",
    "weak_keys",
    "created",
    "changed",
)


def render(report: Report) -> Iterator[str]:
    """Yield the header and one row per secret, in the order of the inventory."""
    return rows(COLUMNS, (_row(record) for record in report.secrets))


def _row(record: SecretRecord) -> Sequence[str]:
    keys = {key.name: key for definition in record.definitions for key in definition.keys}
    return (
        record.ref.namespace,
        record.ref.name,
        record.type,
        _joined(one.how.value for one in record.definitions),
        _joined(one.origin.show() for one in record.definitions),
        _joined(f"{one.provider or 'unknown'}:{one.path}" for one in record.stored),
        _joined(sorted(one.way.value for one in record.consumers)),
        _joined(one.resource.show() for one in record.consumers),
        _joined(f"{key.name} {short(key.fingerprint)}" if key.fingerprint else key.name for key in keys.values()),
        _joined(key.name for key in keys.values() if key.weak),
        _joined(one.created for one in record.definitions if one.created),
        _joined(one.changed for one in record.definitions if one.changed),
    )


def _joined(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(texts))

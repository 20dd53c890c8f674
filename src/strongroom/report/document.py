"""A report as the value that its JSON outputs encode."""

from __future__ import annotations

from strongroom.model.finding import Finding, Severity
from strongroom.model.leak import CommitFact, Leak
from strongroom.model.origin import Origin, show_path
from strongroom.model.plaintext import short
from strongroom.model.report import CheckPage, Report
from strongroom.model.resource import ResourceId
from strongroom.model.secret import Consumer, Definition, SecretKey, SecretRecord, Stored
from strongroom.model.settings import Settings
from strongroom.model.skipped import Coverage, Skipped
from strongroom.report import shape
from strongroom.report.actions import actions
from strongroom.report.sanitise import writable
from strongroom.report.values import ValuePlace, shared_values

_TELLING_LABELS = frozenset((*Settings().owner_labels, *Settings().version_labels))


def document(report: Report) -> shape.Document:
    """Turn a report into its JSON form. Order is that of the report, which is the same in every run."""
    helps = {check: _help(page) for check, page in report.checks.items()}
    return shape.Document(
        version=shape.VERSION,
        sources=[writable(source) for source in report.sources],
        summary=_summary(report),
        coverage=read(report.coverage),
        inventory=[secret(record) for record in report.secrets],
        values=values(report),
        findings=[_finding(finding, helps.get(finding.id, "")) for finding in report.findings],
        standards=[
            shape.Standard(name, known.title, known.standard, known.url)
            for name, known in sorted(report.standards.items())
        ],
        skipped=[unread(skipped) for skipped in sorted(report.skipped)],
    )


def inventory(report: Report) -> shape.Inventory:
    """Turn a report into the JSON form of its inventory."""
    return shape.Inventory(
        version=shape.VERSION,
        sources=[writable(source) for source in report.sources],
        coverage=read(report.coverage),
        inventory=[secret(record) for record in report.secrets],
        values=values(report),
        skipped=[unread(skipped) for skipped in sorted(report.skipped)],
    )


def secret(record: SecretRecord) -> shape.Secret:
    """Turn one record of the inventory into its JSON form."""
    return shape.Secret(
        namespace=writable(record.ref.namespace),
        name=writable(record.ref.name),
        type=writable(record.type),
        defined=[_defined(one) for one in record.definitions],
        stored=[_stored(one) for one in record.stored],
        delivered=sorted({consumer.way.value for consumer in record.consumers}),
        consumed=[_consumed(one) for one in record.consumers],
    )


def values(report: Report) -> list[shape.Value]:
    """Return the values that stand in several places, by fingerprint."""
    return [
        shape.Value(short(shared.fingerprint), writable(shared.what), [_place(place) for place in shared.places])
        for shared in shared_values(report)
    ]


def _place(place: ValuePlace) -> shape.Place:
    return shape.Place(place.context, writable(place.name), resource(place.resource), location(place.origin))


def _summary(report: Report) -> shape.Summary:
    return shape.Summary(
        created=report.created,
        tool=report.tool,
        failed=report.failed,
        fail_on=report.fail_on.label,
        findings={severity.label: report.count(severity) for severity in reversed(Severity)},
        suppressed=dict(sorted(report.suppressed.items())),
        secrets=len(report.secrets),
        first=[shape.Todo(one.text, one.severity.label, list(one.checks), one.findings) for one in actions(report)],
    )


def read(coverage: Coverage) -> shape.Read:
    """Turn what a run read into its JSON form."""
    return shape.Read(
        files=coverage.files,
        documents=coverage.documents,
        objects=coverage.objects,
        other_documents=coverage.other_documents,
        other_files=coverage.other_files,
        notes=[writable(note) for note in coverage.notes],
    )


def _help(page: CheckPage) -> str:
    return writable(page.section.get("Instead", ""))


def _finding(finding: Finding, advice: str) -> shape.Finding:
    return shape.Finding(
        id=finding.id,
        title=finding.title,
        severity=finding.severity.label,
        confidence=finding.confidence.label,
        audience=finding.audience.value,
        practice=finding.practice.value,
        message=writable(finding.message),
        resource=resource(finding.resource),
        location=location(finding.origin),
        fingerprint=finding.fingerprint,
        standards=list(finding.standards),
        help=advice,
        value=short(finding.value) if finding.value else None,
        rule=finding.rule,
        frame=writable(finding.frame),
        related=[shape.Related(writable(one.message), location(one.origin)) for one in finding.related],
        leak=_leak(finding.leak) if finding.leak else None,
    )


def _leak(leak: Leak) -> shape.Leak:
    return shape.Leak(
        what=writable(leak.what),
        masked=writable(leak.masked),
        entropy=leak.entropy,
        places=leak.places,
        first=_commit(leak.first),
        last=_commit(leak.last),
        present=leak.present,
        encoding=leak.encoding,
        live=[writable(one) for one in leak.live],
        consumers=[writable(one) for one in leak.consumers],
        verified=leak.verified,
        todo=[writable(step) for step in leak.todo],
    )


def _commit(commit: CommitFact | None) -> shape.Commit | None:
    return shape.Commit(commit.id, writable(commit.author), commit.date) if commit else None


def location(origin: Origin) -> shape.Location:
    """Turn a place into its JSON form."""
    return shape.Location(
        source=writable(origin.source),
        path=writable(origin.path),
        line=origin.line,
        column=origin.column,
        end_line=origin.end_line,
        end_column=origin.end_column,
        field=writable(show_path(origin.field)),
        inner=writable(origin.inner),
        document=origin.document,
        commit=origin.commit,
        rendered_by=origin.rendered_by,
    )


def resource(identity: ResourceId | None) -> shape.Resource | None:
    """Turn the name of an object into its JSON form."""
    return shape.Resource(*map(writable, identity)) if identity else None


def _named(resource: ResourceId) -> shape.Resource:
    return shape.Resource(*map(writable, resource))


def _key(key: SecretKey) -> shape.Key:
    return shape.Key(
        name=writable(key.name),
        fingerprint=short(key.fingerprint) if key.fingerprint else None,
        weak=key.weak,
        placeholder=key.placeholder,
        public=key.public,
        expires=_expiry(key),
        location=location(key.origin),
    )


def _expiry(key: SecretKey) -> str:
    if key.certificate is not None:
        return writable(key.certificate.earliest)
    return writable(key.token.expires) if key.token is not None else ""


def _defined(one: Definition) -> shape.Defined:
    return shape.Defined(
        how=one.how.value,
        resource=_named(one.resource),
        type=writable(one.type),
        keys=[_key(key) for key in one.keys],
        keys_known=one.keys_known,
        # Labels and annotations may hold credentials, even a copy of the whole Secret (last-applied-configuration).
        labels={name: writable(one.labels[name]) for name in sorted(one.labels) if name in _TELLING_LABELS},
        annotations=sorted(writable(name) for name in one.annotations),
        created=writable(one.created),
        changed=writable(one.changed),
        changed_by=writable(one.changed_by),
        immutable=one.immutable,
        location=location(one.origin),
    )


def _stored(one: Stored) -> shape.StoredAt:
    return shape.StoredAt(
        provider=writable(one.provider),
        store=writable(one.store),
        path=writable(one.path),
        property=writable(one.property),
        key=writable(one.key),
        refresh=writable(one.refresh),
        location=location(one.origin),
    )


def _consumed(one: Consumer) -> shape.Consumed:
    return shape.Consumed(
        way=one.way.value,
        resource=_named(one.resource),
        container=writable(one.container),
        key=writable(one.key),
        target=writable(one.target),
        optional=one.optional,
        location=location(one.origin),
    )


def unread(one: Skipped) -> shape.Unread:
    """Turn what was left out into its JSON form."""
    return shape.Unread(writable(one.path), one.line, one.column, one.reason.value, writable(one.detail), one.problem)

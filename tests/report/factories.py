"""Small makers of report values, each with sound defaults; tests name only what they are about."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from strongroom.model.finding import Audience, Confidence, Finding, Practice, Related, Severity, Standard
from strongroom.model.origin import Origin
from strongroom.model.place import Context, Nature, Sighting
from strongroom.model.plaintext import Fingerprint
from strongroom.model.report import CheckPage, Report
from strongroom.model.resource import ResourceId
from strongroom.model.secret import Consumer, Definition, How, SecretKey, SecretRecord, SecretRef, Stored, Way
from strongroom.model.skipped import Coverage, Reason, Skipped

CREATED = "2026-11-21T09:30:00Z"

PAGE = """Credential in plain text in a ConfigMap.

## What it finds

Values of a ConfigMap that are credentials.

## Why it is bad

Everyone who may read ConfigMaps reads it.

## Instead

Keep the value in a Secret. Mount it as a file.

## References

- [Kubernetes: good practices for Secrets](https://kubernetes.io/docs/concepts/security/secrets-good-practices/)
"""


def digits(text: str) -> str:
    """Return 64 hexadecimal digits that depend on a text only."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def value_of(text: str) -> Fingerprint:
    """Return the fingerprint that stands for a value in tests."""
    return Fingerprint(digits(f"value {text}"))


def origin(path: str = "deploy/config.yaml", line: int = 7, column: int = 16, **more: object) -> Origin:
    """Return a place; further attributes as in `Origin`."""
    return Origin(source="deploy/", path=path, line=line, column=column, **more)  # type: ignore[arg-type]


def resource(kind: str = "ConfigMap", name: str = "api-config", namespace: str = "shop", group: str = "") -> ResourceId:
    """Return the identity of an object."""
    return ResourceId(group, kind, namespace, name)


def finding(
    check: str = "secret-in-configmap",
    *,
    title: str = "Credential in plain text in a ConfigMap",
    severity: Severity = Severity.HIGH,
    confidence: Confidence = Confidence.HIGH,
    audience: Audience = Audience.EVERYBODY,
    practice: Practice = Practice.PLAINTEXT,
    message: str = "key GITHUB_TOKEN holds a GitHub personal access token",
    at: Origin | None = None,
    about: ResourceId | None = resource(),  # noqa: B008  (a frozen tuple)
    value: str = "",
    related: Sequence[Related] = (),
    standards: Sequence[str] = ("CIS-5.4.1", "OWASP-K03"),
    frame: str = '  GITHUB_TOKEN: "********"',
    rule: str = "",
    fingerprint: str = "",
) -> Finding:
    """Return a finding; its fingerprint follows from its place and message unless one is given."""
    place = at or origin(field=("data", "GITHUB_TOKEN"), end_line=7, end_column=26)
    identity = fingerprint or digits(f"{check} {place} {about} {message}")[:32]
    return Finding(
        id=check,
        title=title,
        severity=severity,
        confidence=confidence,
        audience=audience,
        practice=practice,
        message=message,
        origin=place,
        fingerprint=identity,
        resource=about,
        value=value_of(value) if value else None,
        related=tuple(related),
        standards=tuple(standards),
        frame=frame,
        rule=rule,
    )


def page(
    check: str = "secret-in-configmap",
    *,
    title: str = "Credential in plain text in a ConfigMap",
    severity: Severity = Severity.HIGH,
    practice: Practice = Practice.PLAINTEXT,
    standards: Sequence[str] = ("CIS-5.4.1", "OWASP-K03"),
    text: str = PAGE,
) -> CheckPage:
    """Return the page of a check."""
    return CheckPage(
        id=check,
        title=title,
        severity=severity,
        confidence=Confidence.HIGH,
        audience=Audience.EVERYBODY,
        practice=practice,
        standards=tuple(standards),
        text=text,
    )


def standard(key: str = "CIS-5.4.1") -> Standard:
    """Return one control of a standard."""
    return Standard(
        id=key,
        title="Prefer using Secrets as files over Secrets as environment variables",
        standard="CIS Kubernetes Benchmark 1.12",
        url="https://www.cisecurity.org/benchmark/kubernetes",
    )


def key(
    name: str = "password", value: str = "", *, weak: str = "", placeholder: bool = False, public: bool = False
) -> SecretKey:
    """Return a key of a Secret; without a value it has no fingerprint."""
    return SecretKey(
        name=name,
        origin=origin("deploy/secret.yaml", 8, 13, field=("stringData", name)),
        fingerprint=value_of(value) if value else None,
        weak=weak,
        placeholder=placeholder,
        public=public,
    )


def definition(
    name: str = "db",
    namespace: str = "shop",
    *,
    how: How = How.SECRET,
    keys: Sequence[SecretKey] = (),
    type: str = "Opaque",  # noqa: A002  (the attribute's name)
    at: Origin | None = None,
    **more: object,
) -> Definition:
    """Return one thing that defines a Secret."""
    return Definition(
        how=how,
        resource=resource(how.value if how.value[0].isupper() else "Secret", name, namespace),
        origin=at or origin("deploy/secret.yaml", 1, 1, document=0),
        type=type,
        keys=tuple(keys),
        **more,  # type: ignore[arg-type]
    )


def consumer(
    name: str = "api", way: Way = Way.ENV, *, kind: str = "Deployment", namespace: str = "shop", **more: object
) -> Consumer:
    """Return one use of a Secret."""
    return Consumer(
        way=way,
        resource=resource(kind, name, namespace, "apps"),
        origin=origin("deploy/api.yaml", 31, 19),
        **more,  # type: ignore[arg-type]
    )


def stored(path: str = "secret/data/shop/db", **more: object) -> Stored:
    """Return where a value really lives."""
    return Stored(
        provider="vault",
        store="ClusterSecretStore vault",
        path=path,
        origin=origin("deploy/external.yaml", 9, 9),
        **more,  # type: ignore[arg-type]
    )


def secret(
    name: str = "db",
    namespace: str = "shop",
    *,
    definitions: Iterable[Definition] = (),
    stores: Iterable[Stored] = (),
    consumers: Iterable[Consumer] = (),
) -> SecretRecord:
    """Return the record of a Secret."""
    return SecretRecord(
        ref=SecretRef(namespace, name),
        definitions=tuple(definitions),
        stored=tuple(stores),
        consumers=tuple(consumers),
    )


def sighting(
    name: str = "GITHUB_TOKEN",
    value: str = "token",
    *,
    context: Context = Context.CONFIG_MAP,
    at: Origin | None = None,
    about: ResourceId | None = resource(),  # noqa: B008  (a frozen tuple)
) -> Sighting:
    """Return one recognised value."""
    return Sighting(
        context=context,
        name=name,
        nature=Nature.SECRET,
        rule="betterleaks.github-pat",
        what="GitHub personal access token",
        confidence=Confidence.HIGH,
        origin=at or origin(field=("data", name)),
        fingerprint=value_of(value),
        resource=about,
    )


def skipped(
    path: str = "deploy/broken.yaml",
    reason: Reason = Reason.BAD_DOCUMENT,
    *,
    line: int = 3,
    column: int = 5,
    detail: str = "mapping values are not allowed here",
    problem: bool = True,
) -> Skipped:
    """Return one thing that was left out."""
    return Skipped(path=path, line=line, column=column, reason=reason, detail=detail, problem=problem)


def report(
    *findings: Finding,
    secrets: Iterable[SecretRecord] = (),
    sightings: Iterable[Sighting] = (),
    suppressed: dict[str, int] | None = None,
    skips: Iterable[Skipped] = (),
    coverage: Coverage | None = None,
    checks: Iterable[CheckPage] | None = None,
    fail_on: Severity = Severity.HIGH,
    sources: Sequence[str] = ("deploy/",),
) -> Report:
    """Return a report: findings in the order that `Report` promises, a page for each check and each standard named."""
    ordered = sorted(findings, key=lambda f: (-f.severity, f.origin.path, f.origin.line, f.origin.column, f.id))
    pages = {f.id: page(f.id, title=f.title, severity=f.severity, practice=f.practice) for f in reversed(ordered)}
    pages.update({given.id: given for given in checks or ()})
    return Report(
        tool="strongroom 0.1.0",
        sources=tuple(sources),
        findings=tuple(ordered),
        secrets=tuple(secrets),
        sightings=tuple(sightings),
        suppressed=suppressed or {},
        skipped=tuple(sorted(skips)),
        coverage=coverage or Coverage(files=12, documents=30, objects=28, other_documents=2, other_files=40),
        checks=dict(sorted(pages.items())),
        standards={name: standard(name) for name in sorted({s for f in ordered for s in f.standards})},
        fail_on=fail_on,
        created=CREATED,
    )

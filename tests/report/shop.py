"""One report in which every kind of thing occurs: a small platform with the usual mistakes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.report import factories as make

from strongroom.model.finding import Audience, Confidence, Finding, Practice, Related, Severity
from strongroom.model.report import Report
from strongroom.model.secret import How, SecretRecord, Way
from strongroom.model.skipped import Coverage, Reason


def build() -> Report:
    """Return the report."""
    return make.report(
        *_plaintext(),
        *_exposure(),
        *_access(),
        *_rest(),
        secrets=_secrets(),
        sightings=[
            make.sighting(),
            make.sighting("token", at=make.origin("deploy/secret.yaml", 9, 10), about=make.resource("Secret", "git")),
        ],
        suppressed={"ignored": 3, "baseline": 12, "pedantic": 41},
        skips=[
            make.skipped(),
            make.skipped("charts/web/templates/api.yaml", Reason.TEMPLATE, line=0, column=0, detail="no helm"),
            make.skipped("node_modules", Reason.IGNORED, line=0, column=0, detail="", problem=False),
            make.skipped("build", Reason.IGNORED, line=0, column=0, detail="", problem=False),
        ],
        coverage=Coverage(
            files=24,
            documents=44,
            objects=41,
            other_documents=3,
            other_files=7,
            notes=("overlays/production: built by kustomize 5.4.3", "charts/web: templates read as text"),
        ),
        sources=("examples/shop",),
    )


def _seen(path: str, number: int, frame: str, mark: str, *field: str | int) -> dict[str, Any]:
    """Return place and frame of a finding whose mark stands in the frame."""
    column = frame.index(mark) + 1
    end = column + len(mark)
    return {"at": make.origin(path, number, column, field=field, end_line=number, end_column=end), "frame": frame}


def _plaintext() -> Iterator[Finding]:
    yield make.finding(
        value="token",
        rule="betterleaks.github-pat",
        severity=Severity.CRITICAL,
        **_seen("deploy/config.yaml", 7, '  GITHUB_TOKEN: "********"', '"********"', "data", "GITHUB_TOKEN"),
    )
    dsn = "  DATABASE_URL: postgres://shop_api:********@db.shop.svc.cluster.local:5432/shop?sslmode=disable&pool=8"
    yield make.finding(
        message="key DATABASE_URL holds a password in a connection string",
        value="dsn",
        related=[Related(make.origin("deploy/secret.yaml", 8, 13), "the same value in Secret shop/db, key password")],
        **_seen("deploy/config.yaml", 9, dsn, "********", "data", "DATABASE_URL"),
    )
    for index in range(15):
        field = ("spec", "template", "spec", "containers", 0, "env", index, "value")
        yield make.finding(
            "secret-in-env-literal",
            title="Credential as the literal value of an environment variable",
            message=f"container worker sets QUEUE_{index}_PASSWORD to a literal password",
            about=make.resource("Deployment", "worker", group="apps"),
            value=f"queue {index % 4}",
            confidence=Confidence.MEDIUM,
            **_seen("deploy/worker.yaml", 20 + 2 * index, '              value: "********"', '"********"', *field),
        )
    yield make.finding(
        "credential-file",
        title="File of credentials in the repository",
        message="dotenv file holds live-looking credentials",
        about=None,
        standards=("OWASP-K03",),
        **_seen("services/api/.env", 3, "STRIPE_SECRET_KEY=********", "STRIPE_SECRET_KEY=********"),
    )


def _exposure() -> Iterator[Finding]:
    for name, number in (("api", 31), ("web", 27)):
        yield make.finding(
            "secret-in-env",
            title="Secret given to a container as an environment variable",
            practice=Practice.EXPOSURE,
            severity=Severity.MEDIUM,
            message=f"container {name} takes DB_PASSWORD from Secret db into its environment",
            about=make.resource("Deployment", name, group="apps"),
            **_seen(f"deploy/{name}.yaml", number, "                secretKeyRef:", "secretKeyRef"),
        )
    yield make.finding(
        "token-automounted",
        title="Service-account token mounted where it is not used",
        practice=Practice.EXPOSURE,
        severity=Severity.LOW,
        audience=Audience.PEDANTIC,
        message="pods of Deployment web get a token that nothing uses",
        about=make.resource("Deployment", "web", group="apps"),
        **_seen("deploy/web.yaml", 14, "    spec:", "spec"),
    )


def _access() -> Iterator[Finding]:
    yield make.finding(
        "rbac-reads-all-secrets",
        title="Role that reads every Secret",
        practice=Practice.ACCESS,
        severity=Severity.HIGH,
        message="ClusterRole ci-deployer lets ServiceAccount ci/deployer read every Secret of the cluster",
        about=make.resource("ClusterRole", "ci-deployer", "", "rbac.authorization.k8s.io"),
        standards=("CIS-5.4.1",),
        **_seen("rbac/ci.yaml", 8, '  resources: ["secrets", "configmaps"]', '"secrets"'),
    )


def _rest() -> Iterator[Finding]:
    yield make.finding(
        "at-rest-not-configured",
        title="API server without encryption at rest",
        practice=Practice.AT_REST,
        severity=Severity.HIGH,
        message="kube-apiserver is started without --encryption-provider-config",
        about=make.resource("Pod", "kube-apiserver", "kube-system"),
        **_seen("cluster/kube-apiserver.yaml", 14, "    - kube-apiserver", "kube-apiserver"),
    )
    yield make.finding(
        "secret-never-rotated",
        title="Secret without any mark of rotation",
        practice=Practice.LIFECYCLE,
        severity=Severity.INFO,
        confidence=Confidence.LOW,
        message="Secret shop/db says nowhere when its value was last changed",
        about=make.resource("Secret", "db"),
        at=make.origin("deploy/secret.yaml", 1, 1),
        frame="",
    )


def _secrets() -> tuple[SecretRecord, ...]:
    password = make.key("password", "dsn")
    return (
        make.secret("api-tls", definitions=[make.definition("api-tls", how=How.CERTIFICATE, type="kubernetes.io/tls")]),
        make.secret(
            "db",
            definitions=[make.definition(keys=[password, make.key("user", "shop_api", weak="the same as its name")])],
            consumers=[
                make.consumer("api", key="password", container="api", target="DB_PASSWORD"),
                make.consumer("web", key="password", container="web", target="DB_PASSWORD"),
                make.consumer("db", Way.VOLUME, kind="StatefulSet", container="postgres", target="/run/secrets/db"),
            ],
        ),
        make.secret(
            "git",
            definitions=[make.definition("git", how=How.EXTERNAL_SECRET, keys=[make.key("token", "token")])],
            stores=[make.stored("secret/data/shop/git", property="token", key="token", refresh="1h")],
            consumers=[make.consumer("worker", Way.ENV_FROM, container="worker", optional=True)],
        ),
        make.secret("registry", consumers=[make.consumer("web", Way.IMAGE_PULL)]),
    )

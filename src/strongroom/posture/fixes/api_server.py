"""Flags of the API server, and the files that they name: of its static pod, or of what kubeadm makes one of.

https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/,
https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/ and
https://kubernetes.io/docs/reference/access-authn-authz/authentication/#anonymous-authenticator-configuration
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from strongroom.model.controlplane import Program, Server
from strongroom.model.finding import Finding
from strongroom.model.resource import Resource
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.fix import Fix, Left, Mended, Outcome
from strongroom.sources import audit_policy_edits as audit
from strongroom.sources.controlplane_edits import Mount, Started, changed, started_by

_SINCE = (1, 32)
"""AnonymousAuthConfigurableEndpoints is on by default (KEP-4633)."""

_AUTHENTICATION = "/etc/kubernetes/authentication.yaml"
_ENCRYPTION = "/etc/kubernetes/encryption/config.yaml"
"""Where ``strongroom at-rest configure`` puts it."""

_COPY = "copy {} to {} on every control-plane node, before {}"

AUTHENTICATION = """\
# Requests without a credential reach the health checks and nothing else.
apiVersion: apiserver.config.k8s.io/v1beta1
kind: AuthenticationConfiguration
anonymous:
  enabled: true
  conditions:
    - path: /livez
    - path: /readyz
    - path: /healthz
"""


def mend(findings: Sequence[Finding], resource: Resource, bench: Bench) -> Outcome:
    """Set the flags that one finding misses."""
    body = bench.body(resource)
    started = started_by(body)
    known = [s for s in bench.facts.control_plane.servers if s.resource == resource.id]
    if started is None or not any(one.program is Program.API_SERVER for one in known):
        return Left("its flags are not those of a static pod or of kubeadm: set them where it is started")
    match findings[0].id:
        case "audit-log-off":
            return _audited(started, resource, bench, body)
        case "anonymous-access":
            return _named_callers(started, resource, bench, body)
        case "at-rest-not-configured":
            return _encrypted(started, resource, body)
    _change(body, started, {"service-account-extend-token-expiration": "false"})
    return Mended(
        f"let tokens of pods expire after an hour, in {resource.id.show()}",
        "a program that reads its token only once is refused after an hour",
    )


def _audited(started: Started, resource: Resource, bench: Bench, body: dict[str, Any]) -> Outcome:
    if started.server.value(audit.FILE):
        return Left("it has a policy and no place to write to: decide where the log goes")
    path = bench.make(resource, "audit-policy.yaml", audit.POLICY)
    kept = {} if started.server.value("audit-log-path") else audit.FLAGS
    mounts = [Mount("audit-policy", audit.PLACE.rpartition("/")[0], file=audit.PLACE)]
    missing = {name: value for name, value in kept.items() if not started.server.value(name)}
    _change(body, started, {audit.FILE: audit.PLACE, **missing}, *mounts, *([audit.LOG_MOUNT] if kept else []))
    return Mended(
        f"keep an audit log, in {resource.id.show()}",
        "the API server writes up to a gigabyte to the node",
        to_do=(_COPY.format(path, audit.PLACE, _starter(started)),),
    )


def _named_callers(started: Started, resource: Resource, bench: Bench, body: dict[str, Any]) -> Outcome:
    server = started.server
    if any(flag.name.startswith("oidc-") for flag in server.flags):
        return Left(
            "its flags --oidc-... exclude an AuthenticationConfiguration: move them there, with anonymous access"
        )
    if server.flag("anonymous-auth") is not None:
        return Left("it asks for anonymous requests by --anonymous-auth: decide who needs them")
    if not _recent(server):
        return Left("its version cannot limit anonymous requests to health checks, or is not known here")
    path = bench.make(resource, "authentication.yaml", AUTHENTICATION)
    _change(
        body,
        started,
        {"authentication-config": _AUTHENTICATION},
        Mount("authentication", _AUTHENTICATION, "File"),
    )
    return Mended(
        f"let requests without a credential reach health checks only, in {resource.id.show()}",
        "who joins nodes by kubeadm's discovery without a file is refused",
        to_do=(_COPY.format(path, _AUTHENTICATION, _starter(started)),),
    )


def _encrypted(started: Started, resource: Resource, body: dict[str, Any]) -> Outcome:
    flags = {"encryption-provider-config": _ENCRYPTION, "encryption-provider-config-automatic-reload": "true"}
    folder = _ENCRYPTION.rpartition("/")[0]
    _change(body, started, flags, Mount("encryption-config", folder, file=_ENCRYPTION))
    to_do = (
        f"on a control-plane node, strongroom at-rest configure makes {_ENCRYPTION} with a key that no repository "
        f"holds; copy it to the others and keep a backup, before {_starter(started)}; what was stored before is "
        "encrypted by strongroom at-rest rotate --to current"
    )
    return Mended(
        f"encrypt what is stored, in {resource.id.show()}",
        "who loses the key has lost what is written from then on",
        to_do=(to_do,),
    )


def _recent(server: Server) -> bool:
    return bool(server.version) and tuple(int(part) for part in server.version.split(".")[:2]) >= _SINCE


def _starter(started: Started) -> str:
    return "the static pod manifest" if started.is_pod else "kubeadm is run"


def _change(body: dict[str, Any], started: Started, flags: dict[str, str], *mounts: Mount) -> None:
    after = changed(started, flags, mounts)
    body.clear()
    body.update(after)


FIX = Fix(
    checks=("at-rest-not-configured", "audit-log-off", "anonymous-access", "service-account-tokens-extended"),
    mend=mend,
)

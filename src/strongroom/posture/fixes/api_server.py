"""Flags of the API server's static pod, and the files that they name.

https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/ and
https://kubernetes.io/docs/reference/access-authn-authz/authentication/#anonymous-authenticator-configuration
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from strongroom.model.controlplane import Program, Server
from strongroom.model.finding import Finding
from strongroom.model.resource import Resource, as_dict, as_list, dig
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.fix import Fix, Left, Mended, Outcome

_FOLDER = "/etc/kubernetes"
_LOGS = "/var/log/kubernetes/audit"
_RESTART = "the API server is started anew, and does not come up if {}"
_SINCE = (1, 32)
"""AnonymousAuthConfigurableEndpoints is on by default (KEP-4633)."""

AUDIT_POLICY = """\
# Who read and wrote what: the metadata of every request, never a body, so that no value reaches the log.
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages:
  - RequestReceived
rules:
  - level: Metadata
"""

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
    servers = bench.facts.control_plane.servers
    server = next((s for s in servers if s.resource == resource.id and s.program is Program.API_SERVER), None)
    if server is None or resource.kind != "Pod" or server.extra_args:
        return Left("its flags are not those of a static pod: set them where it is started")
    at = server.origin.field[len(resource.origin.field) :]
    words = dig(bench.body(resource), at)
    if not isinstance(words, list) or any("\n" in str(word) for word in words):
        return Left("a script starts it: set the flag there")
    match findings[0].id:
        case "audit-log-off":
            return _audited(server, resource, bench, words, at[:-1])
        case "anonymous-access":
            return _named_callers(server, resource, bench, words, at[:-1])
    _set(words, server, "service-account-extend-token-expiration", "false")
    return Mended(
        f"let tokens of pods expire after an hour, in {resource.id.show()}",
        "a program that reads its token only once is refused after an hour",
    )


def _audited(server: Server, pod: Resource, bench: Bench, words: list[Any], container: Sequence[str | int]) -> Outcome:
    if server.value("audit-policy-file"):
        return Left("it has a policy and no place to write to: decide where the log goes")
    path = bench.make(pod, "audit-policy.yaml", AUDIT_POLICY)
    target = f"{_FOLDER}/audit-policy.yaml"
    flags = {"audit-policy-file": target, "audit-log-path": f"{_LOGS}/audit.log"}
    flags |= {"audit-log-maxage": "30", "audit-log-maxbackup": "10", "audit-log-maxsize": "100"}
    for name, value in flags.items():
        if not server.value(name):
            _set(words, server, name, value)
    body = bench.body(pod)
    _mount(body, container, "audit-policy", target, "File", read_only=True)
    if not server.value("audit-log-path"):
        _mount(body, container, "audit-log", _LOGS, "DirectoryOrCreate", read_only=False)
    return Mended(
        f"keep an audit log, in {pod.id.show()}",
        _RESTART.format("the policy is not on the node"),
        to_do=(f"copy {path} to {target} on every control-plane node, before the static pod manifest",),
    )


def _named_callers(
    server: Server, pod: Resource, bench: Bench, words: list[Any], container: Sequence[str | int]
) -> Outcome:
    if any(flag.name.startswith("oidc-") for flag in server.flags):
        return Left(
            "its flags --oidc-... exclude an AuthenticationConfiguration: move them there, with anonymous access"
        )
    if server.flag("anonymous-auth") is not None:
        return Left("it asks for anonymous requests by --anonymous-auth: decide who needs them")
    if not server.version or tuple(int(part) for part in server.version.split(".")[:2]) < _SINCE:
        return Left("its version cannot limit anonymous requests to health checks, or is not known here")
    path = bench.make(pod, "authentication.yaml", AUTHENTICATION)
    target = f"{_FOLDER}/authentication.yaml"
    _set(words, server, "authentication-config", target)
    _mount(bench.body(pod), container, "authentication", target, "File", read_only=True)
    return Mended(
        f"let requests without a credential reach health checks only, in {pod.id.show()}",
        _RESTART.format("the configuration is not on the node; who joins nodes by kubeadm's discovery is refused"),
        to_do=(f"copy {path} to {target} on every control-plane node, before the static pod manifest",),
    )


def _set(words: list[Any], server: Server, name: str, value: str) -> None:
    """Write a flag: in the place of the one that counts, else behind the last."""
    flag = server.flag(name)
    index = flag.origin.field[-1] if flag is not None else None
    if isinstance(index, int) and index < len(words) and str(words[index]).startswith(f"--{name}="):
        words[index] = f"--{name}={value}"
    else:
        words.append(f"--{name}={value}")


def _mount(
    body: dict[str, Any], container: Sequence[str | int], name: str, path: str, kind: str, *, read_only: bool
) -> None:
    spec, one = as_dict(body.get("spec")), dig(body, tuple(container))
    mounts: Iterable[Any] = as_list(one.get("volumeMounts"))
    if any(as_dict(mount).get("mountPath") == path for mount in mounts):
        return
    mount = {"name": name, "mountPath": path, **({"readOnly": True} if read_only else {})}
    one.setdefault("volumeMounts", []).append(mount)
    spec.setdefault("volumes", []).append({"name": name, "hostPath": {"path": path, "type": kind}})


FIX = Fix(
    checks=("audit-log-off", "anonymous-access", "service-account-tokens-extended"),
    mend=mend,
)

"""Encryption at rest turned on for one control-plane node: its files read, a plan made."""

from __future__ import annotations

import functools
import os
import socket
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

import strongroom
from strongroom.atrest.configuration import Configuration, KeyRef
from strongroom.atrest.configuring import PRIVATE, Asked, Configured, FileEdit, configured, socket_of
from strongroom.atrest.expected import expected, patterns
from strongroom.atrest.procedures import keep_used_keys, prove, rewrite, wait_until_started
from strongroom.atrest.procedures.arguments import EtcdArgument, ServerArgument
from strongroom.atrest.procedures.prove import Proof
from strongroom.atrest.procedures.rewrite import Rewriting
from strongroom.atrest.procedures.wait_until_loaded import Waiting
from strongroom.atrest.servers import config_hash
from strongroom.atrest.stored import stored
from strongroom.crypto.plan_values import seal
from strongroom.documents.edits import bodies
from strongroom.errors import PlanError, SourceError, UsageError
from strongroom.model.plaintext import Plaintext
from strongroom.model.plan import ABSENT, Plan, PlanStep, RunProcedure, WriteFile
from strongroom.plans.saved import key_id
from strongroom.sources.controlplane_edits import Started, started_by

MANIFEST = "/etc/kubernetes/manifests/kube-apiserver.yaml"
_DISTRIBUTIONS = {
    "/etc/rancher/k3s": ("k3s", "k3s server --secrets-encryption; k3s secrets-encrypt enable on a running cluster"),
    "/var/lib/rancher/k3s": ("k3s", "k3s server --secrets-encryption; k3s secrets-encrypt enable on a running cluster"),
    "/etc/rancher/rke2": ("RKE2", "it encrypts Secrets from the start; rke2 secrets-encrypt status and rotate-keys"),
    "/var/lib/rancher/rke2": (
        "RKE2",
        "it encrypts Secrets from the start; rke2 secrets-encrypt status and rotate-keys",
    ),
    "/var/snap/microk8s": (
        "MicroK8s",
        "it starts its API server with the flags in args/kube-apiserver: set them there",
    ),
    "/var/lib/k0s": ("k0s", "spec.api.extraArgs of its ClusterConfig takes encryption-provider-config"),
}
"""Folders by which a distribution shows that starts the API server in a way of its own, and what does it there."""

_LARGEST = 16 << 20
_PATIENCE = 2.0
_AES_GCM = (
    "AES-GCM takes a random nonce for every write: rotate the key before 200,000 writes "
    "(https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/#providers), "
    "or choose secretbox, which needs no counting"
)
_REMAINS = "what was stored before stays as it is until it is written again: strongroom at-rest rotate --to current"
_PROOF = "strongroom at-rest verify then proves in etcd that nothing is left in plain text"


class Node(NamedTuple):
    """The node whose files are configured.

    Attributes:
        root: the folder in which they lie; ``/`` on the node itself.
        manifests: what starts the API server; empty for the place where kubeadm has it.
        etcd: where it shows what is encrypted; None for where the API server keeps it, if its files are here.
        server: its API server, to wait for it and to have everything rewritten; None to leave that to a person.
    """

    root: Path
    manifests: tuple[str, ...]
    etcd: EtcdArgument | None = None
    server: ServerArgument | None = None


def planned(asked: Asked, node: Node, key: bytes, now: datetime) -> Plan:
    """Return the plan.

    Args:
        asked: what is wanted; ``staged`` is set here too where etcd has several members.
        node: where.
        key: the fingerprint key.
        now: becomes the time of the plan.

    Raises:
        StrongroomError: see `strongroom.atrest.configuring.configured`; a distribution does it in its own way.
    """
    manifests = node.manifests or _default(node.root)
    found = configured(asked, manifests, functools.partial(_read, node.root), functools.partial(seal, key=key))
    node = node._replace(manifests=manifests, etcd=node.etcd or _etcd(node.root, manifests))
    steps = tuple(_steps(asked, found, node, key))
    return Plan(
        tool=f"strongroom {strongroom.__version__}",
        created=now.astimezone(UTC).isoformat(timespec="seconds"),
        key_id=key_id(key),
        summary=_summary(asked, found, steps),
        steps=steps,
        notes=tuple(_notes(asked, found, node)) if steps else (),
    )


def _default(root: Path) -> tuple[str, ...]:
    if _place(root, MANIFEST).is_file():
        return (MANIFEST,)
    for folder, (name, hint) in _DISTRIBUTIONS.items():
        if _place(root, folder).is_dir():
            raise UsageError(f"{name} configures encryption at rest itself", hint=hint)
    hint = (
        "--manifest names a static pod or a configuration of kubeadm; a managed cluster has a setting of its provider"
    )
    raise UsageError(f"{MANIFEST} is not there: this is no control-plane node of kubeadm", hint=hint)


def _place(root: Path, path: str) -> Path:
    return root / path.lstrip("/")


def _read(root: Path, path: str) -> Plaintext | None:
    place = _place(root, path)
    try:
        with place.open("rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise PlanError(f"{path} is no regular file")
            data = stream.read(_LARGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PlanError(f"{path} cannot be read", hint=(error.strerror or "").lower()) from None
    if len(data) > _LARGEST:
        raise PlanError(f"{path} is larger than {_LARGEST} bytes")
    return Plaintext(data)


# Steps


def _steps(asked: Asked, found: Configured, node: Node, key: bytes) -> Iterator[PlanStep]:
    guard = _guard(found, node)
    if found.config is not None and _matters(found.config, node.root):
        yield _write(found.config, key)
        if guard is not None:
            yield guard
    if found.policy is not None:
        yield _write(found.policy, key)
    unsafe = _of_another_user(found, node.root) or _without_plugin(found, node.root)
    for start in found.starts:
        yield _write(start, key, unsafe)
    if guard is not None and found.starts:
        yield guard
    if node.server is not None and found.config is not None and found.config.splices:
        yield from _finish(asked, found, node, node.server)


def _finish(asked: Asked, found: Configured, node: Node, server: ServerArgument) -> Iterator[PlanStep]:
    """Yield the steps after the API server was started: it works with the file, and everything is written anew."""
    hash_ = config_hash(found.configuration.text.reveal())
    waiting = Waiting((server,), hash_)
    yield PlanStep("wait until the API server works with it", _run(wait_until_started.NAME, waiting))
    if asked.staged:
        return
    rules = expected(found.configuration, range(len(found.configuration.rules)))
    named = ", ".join(patterns(rules))
    yield PlanStep(f"rewrite {named}", _run(rewrite.NAME, Rewriting(server, rules, node.etcd)))
    if node.etcd is not None:
        proof = Proof(node.etcd, rules, (server,), hash_)
        yield PlanStep("prove it in etcd's bytes", _run(prove.NAME, proof))


def _run(name: str, told: msgspec.Struct) -> RunProcedure:
    arguments: dict[str, Any] = msgspec.to_builtins(told)
    return RunProcedure(name, arguments)


def _matters(config: FileEdit, root: Path) -> bool:
    """Tell whether a file changes: its contents, or who may read it."""
    if config.splices:
        return True
    return bool(_place(root, config.path).stat().st_mode & 0o777 & ~PRIVATE)


def _write(file: FileEdit, key: bytes, unsafe: str = "") -> PlanStep:
    change = WriteFile(
        path=file.path.lstrip("/"),
        before=ABSENT if file.before is None else file.before.fingerprint(key),
        after=file.after.fingerprint(key),
        splices=file.splices,
        hidden=file.hidden,
        mode=file.mode or 0o644,
        at_most=file.mode or msgspec.UNSET,
    )
    return PlanStep(file.title, change, unsafe=unsafe)


def _guard(found: Configured, node: Node) -> PlanStep | None:
    if not found.added:
        return None
    used = keep_used_keys.Used(tuple(_stored_as(one) for one in found.added), node.etcd)
    return PlanStep("keep the key as long as something needs it", _run(keep_used_keys.NAME, used))


def _stored_as(one: KeyRef) -> tuple[str, str]:
    return ("kms v2" if one.kind == "kms" else one.kind), one.name


def _started(root: Path, manifests: tuple[str, ...]) -> Iterator[Started]:
    for path in manifests:
        data = _read(root, path)
        for body in bodies(data.reveal()).values() if data else ():
            started = started_by(body)
            if started is not None:
                yield started


def _etcd(root: Path, manifests: tuple[str, ...]) -> EtcdArgument | None:
    """Return the etcd of the API server, where the files of its connection are those of this machine."""
    for started in _started(root, manifests):
        urls = started.server.value("etcd-servers").split(",")
        names = [started.server.value(f"etcd-{name}") for name in ("cafile", "certfile", "keyfile")]
        cacert, cert, key = (started.on_host(name) if name else "" for name in names)
        readable = all(os.access(name, os.R_OK) for name in (cacert, cert, key) if name)
        if urls[0] and root == Path("/") and readable:
            prefix = started.server.value("etcd-prefix").strip("/")
            url = urls[0].rstrip("/") + (f"/{prefix}" if prefix else "")
            return EtcdArgument(f"etcd:{url}", cacert, cert, key)
    return None


def several(root: Path, manifests: tuple[str, ...], etcd: EtcdArgument | None = None) -> bool:
    """Tell whether the API server is, or may be, one of several.

    Several members of etcd mean several API servers. That there is one alone only etcd can tell: the Leases that API
    servers hold lie there, and the first node of kubeadm never gets to know of the others in its manifests. Where etcd
    cannot be read, there may be several.

    Args:
        root: as `Node` has it.
        manifests: likewise.
        etcd: where to look; None for where the API server keeps what it stores.

    Raises:
        StrongroomError: a manifest cannot be read.
    """
    for path in manifests or _default(root):
        members = _place(root, path).with_name("etcd.yaml")
        text = _read(root, str(Path("/") / members.relative_to(root)))
        words = (text.reveal_text() or "").split() if text else []
        clusters = [word for word in words if word.startswith("--initial-cluster=")]
        if any("," in word for word in clusters):
            return True
    if any("," in one.server.value("etcd-servers") for one in _started(root, manifests or _default(root))):
        return True
    return _api_servers(etcd or _etcd(root, manifests or _default(root))) != 1


def _api_servers(etcd: EtcdArgument | None) -> int:
    """Count the Leases of API servers, those that have run out included; 0 where they cannot be read."""
    if etcd is None:
        return 0
    try:
        found = stored(etcd.etcd(), ("leases.coordination.k8s.io",), lambda _: None)
        return sum(one.name.startswith("kube-system/apiserver-") for one in found)
    except SourceError:
        return 0


# What is left to a person


def _summary(asked: Asked, found: Configured, steps: tuple[PlanStep, ...]) -> str:
    if not steps and asked.staged and _waits(asked, found.configuration):
        return "the new key is read with; --at-once lets it encrypt when every API server has loaded it"
    if not steps:
        return "encryption at rest is configured like that already"
    if found.config is None or not found.config.splices:
        return "keep an audit log without bodies" if asked.audit else "have the API server follow its configuration"
    names = ", ".join(asked.resources)
    return f"prepare encryption of {names}" if asked.staged else f"encrypt {names} at rest by {asked.provider}"


def _waits(asked: Asked, configuration: Configuration) -> bool:
    """Tell whether something is not encrypted yet by what shall encrypt it."""
    rules = [configuration.rule_of(name) for name in asked.resources]
    return any(rule is not None and rule.writer.kind != asked.provider for rule in rules)


def _without_plugin(found: Configured, root: Path) -> str:
    missing = [
        socket_of(provider)
        for rule in found.configuration.rules
        for provider in rule.providers
        if provider.kind == "kms" and not _listens(_place(root, socket_of(provider)))
    ]
    return f"nothing listens on {missing[0]} now: the API server is not ready until the plugin runs" if missing else ""


def _of_another_user(found: Configured, root: Path) -> str:
    place = _place(root, found.path)
    if not found.user or (place.is_file() and place.stat().st_uid == found.user):
        return ""
    return f"the API server runs as user {found.user} and does not start before chown {found.user} {found.path}"


def _listens(path: Path) -> bool:
    """Tell whether a program takes connections on a socket; a file that a stopped one left behind does not."""
    with socket.socket(socket.AF_UNIX) as found:
        found.settimeout(_PATIENCE)
        try:
            found.connect(str(path))
        except OSError:
            return False
    return True


def _notes(asked: Asked, found: Configured, node: Node) -> Iterator[str]:
    if found.config is not None and found.config.splices:
        if asked.provider == "aesgcm":
            yield _AES_GCM
        if asked.staged:
            yield f"bring {found.path} to every other control-plane node, with mode 0600, and run the same there"
            yield f"then strongroom at-rest rotate --to {asked.provider} waits for API servers, and lets it encrypt"
        else:
            yield from (() if node.server else (_REMAINS,))
            yield from (() if node.server and node.etcd else (_PROOF,))
        yield f"back {found.path} up apart from etcd: without it nothing in etcd, or in a backup of it, can be read"
    if found.policy is not None and found.policy.before is not None and not found.starts:
        yield "the API server reads its audit policy only when it starts: start it anew, until then bodies are logged"
    if found.starts and found.by_kubeadm:
        yield "kubeadm init phase control-plane apiserver --config FILE, on each node, makes the static pod of it"
    elif found.starts and MANIFEST in node.manifests:
        yield (
            "kubeadm writes the static pod anew when it upgrades, from ConfigMap kube-system/kubeadm-config: "
            "change its ClusterConfiguration the same way (--manifest takes the file that you keep it in)"
        )

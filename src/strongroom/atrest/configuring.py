"""Turn encryption at rest on, or change with what: the files of one control-plane node, and what they come to say.

Pure: files are given and returned as edits. The way is that of
https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/ and
https://kubernetes.io/docs/tasks/administer-cluster/kms-provider/.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from strongroom.atrest.changes import covering, fresh, fresh_key, is_same, plugin, promoted, with_second
from strongroom.atrest.configuration import IDENTITY, Configuration, KeyRef, Provider, parse
from strongroom.atrest.edit import Edit, Seal, edit, made
from strongroom.documents.edits import applied, bodies, edits
from strongroom.documents.wanted import Unfit
from strongroom.errors import PlanError, UsageError
from strongroom.model.plaintext import Plaintext
from strongroom.model.plan import Splice, Text
from strongroom.sources import audit_policy_edits
from strongroom.sources.controlplane_edits import Mount, Started, changed, started_by
from strongroom.sources.etcd_keys import group_of

CONFIG = "encryption-provider-config"
RELOAD = "encryption-provider-config-automatic-reload"
PLACE = "/etc/kubernetes/encryption/config.yaml"
PRIVATE = 0o600
CORE = (
    *("configmaps", "endpoints", "events", "limitranges", "namespaces", "nodes", "persistentvolumeclaims"),
    *("persistentvolumes", "pods", "podtemplates", "replicationcontrollers", "resourcequotas", "secrets"),
    *("serviceaccounts", "services"),
)
"""What the core group stores (https://kubernetes.io/docs/reference/kubernetes-api/)."""

_NAME = re.compile(r"\*\.\*|\*\.[a-z0-9.-]*|[a-z0-9-]+(\.[a-z0-9-]+)*")
_NAMES = "such as secrets, widgets.example.com, '*.example.com', or '*.*' for everything"
_SINCE_RELOAD = (1, 26)
_SINCE_KMS_V2 = (1, 27)  # where it is on by itself
_OWN_FOLDER = 4  # parts of /etc/kubernetes/FILE; the folders above hold what the container has itself

Read = Callable[[str], Plaintext | None]
"""Returns what a file of the node holds, by its absolute path there; None where there is none."""


class Asked(NamedTuple):
    """What is wanted.

    Attributes:
        provider: ``secretbox``, ``aesgcm`` or ``kms``.
        resources: as an EncryptionConfiguration names them.
        today: becomes part of the names of keys.
        config: where the API server reads its EncryptionConfiguration; empty for where it does already.
        staged: nothing is encrypted yet under what is new: another API server may not have loaded it.
        audit: an audit policy too.
        name, endpoint, timeout: of a KMS plugin.
    """

    provider: str
    resources: tuple[str, ...]
    today: date
    config: str = ""
    staged: bool = False
    audit: bool = False
    name: str = "strongroom"
    endpoint: str = ""
    timeout: str = ""


class FileEdit(NamedTuple):
    """One file that changes.

    Attributes:
        path: absolute, on the node.
        title: what the change does.
        before: what it holds; None where it is new.
        after: what it shall hold.
        splices, hidden: as `strongroom.model.plan.WriteFile` has them.
        mode: the permission bits that it may have at most; 0 where they stay.
    """

    path: str
    title: str
    before: Plaintext | None
    after: Plaintext
    splices: tuple[Splice, ...]
    hidden: tuple[tuple[int, int], ...] = ()
    mode: int = 0


class Configured(NamedTuple):
    """What is to be done on one node.

    Attributes:
        config: the EncryptionConfiguration as it shall be; None for its edit where it is so already.
        path: where it lies on the node.
        configuration: what it says then.
        before: what it says now; None where there is none.
        policy: the audit policy, where one is wanted.
        starts: what starts the API server.
        by_kubeadm: whether a ClusterConfiguration of kubeadm is among them.
        is_first: whether the API server had no EncryptionConfiguration, be there a file already.
        user: the number of the user that the API server runs as, where that is not root.
    """

    config: FileEdit | None
    path: str
    configuration: Configuration
    before: Configuration | None
    policy: FileEdit | None
    starts: tuple[FileEdit, ...]
    by_kubeadm: bool = False
    is_first: bool = False
    user: int = 0

    @property
    def added(self) -> tuple[KeyRef, ...]:
        """The keys that the API server comes to have: they must not go while anything is encrypted under them."""
        known = self.before.rules if self.before and not self.is_first else ()
        old = {one for rule in known for one in rule.readers}
        new = dict.fromkeys(one for rule in self.configuration.rules for one in rule.readers)
        return tuple(one for one in new if one not in old and one.kind != IDENTITY)


class _Start(NamedTuple):
    path: str
    data: bytes
    document: int
    started: Started


def configured(asked: Asked, manifests: Sequence[str], read: Read, seal: Seal) -> Configured:
    """Return what is to be done.

    Args:
        asked: what is wanted.
        manifests: absolute paths of what starts the API server.
        read: reads files of the node.
        seal: hides fresh keys.

    Raises:
        DocumentError: a file cannot be read, or says what the API server would refuse.
        PlanError: a file cannot be edited in place, or is not there.
        UsageError: what is asked does not go together.
    """
    _check_names(asked.resources)
    starts = [start for path in manifests for start in _starts(path, read)]
    inside = _config_path(asked, starts)
    on_host = {start.started.on_host(inside) for start in starts}
    if len(on_host) > 1:
        raise PlanError(f"the manifests take {inside} from different places of the node")
    path = on_host.pop() if on_host else inside
    data = read(path)
    if data is None and any(start.started.server.value(CONFIG) for start in starts):
        raise PlanError(
            f"{path} is not there, and the API server is started with it",
            hint="bring it back from another control-plane node or a backup: what it encrypted needs its keys",
        )
    before = parse(data.reveal(), path) if data is not None else None
    change = _encryption(asked, before, seal, path)
    configuration = change.configuration if change else before
    if configuration is None:
        raise PlanError(f"{path} was not made")
    policy, audit = _audit(asked, starts, read) if asked.audit else (None, _Needs({}, ()))
    mounts = tuple(_mounts(configuration, inside))
    files = [_start(start, _Needs(_flags(start, configuration, inside), mounts), audit) for start in starts]
    return Configured(
        config=_config_file(path, data, change),
        path=path,
        configuration=configuration,
        before=before,
        policy=policy,
        starts=tuple(file for file in files if file is not None),
        by_kubeadm=any(not start.started.is_pod for start in starts),
        is_first=_is_first(starts),
        user=next(filter(None, (start.started.user for start in starts)), 0),
    )


def _is_first(starts: Sequence[_Start]) -> bool:
    """Tell whether an API server of this node is started without an EncryptionConfiguration now."""
    pods = [start for start in starts if start.started.is_pod] or starts
    return any(not start.started.server.value(CONFIG) for start in pods)


def _flags(start: _Start, configuration: Configuration, inside: str) -> dict[str, str]:
    """Return the flags of encryption at rest; an API server does not start with one that it does not know.

    Raises:
        PlanError: the API server is too old for a KMS v2 plugin.
    """
    version = start.started.server.version
    major, _, rest = version.partition(".")
    minor = rest.partition(".")[0]
    known = (int(major), int(minor)) if major.isdecimal() and minor.isdecimal() else _SINCE_KMS_V2
    plugins = (one for rule in configuration.rules for one in rule.providers if one.kind == "kms")
    if known < _SINCE_KMS_V2 and any(one.api_version == "v2" for one in plugins):
        raise PlanError(
            f"{start.path} starts Kubernetes {version}, which knows no KMS v2", hint="since Kubernetes 1.27"
        )
    return {CONFIG: inside} | ({RELOAD: "true"} if known >= _SINCE_RELOAD else {})


class _Needs(NamedTuple):
    flags: Mapping[str, str]
    mounts: tuple[Mount, ...]


# The EncryptionConfiguration


def _check_names(resources: Sequence[str]) -> None:
    """Refuse the names of resources that there are not: the API server would take them, and encrypt nothing."""
    for name in resources:
        if not _NAME.fullmatch(name):
            raise UsageError("a resource is not named as the API server names it", hint=_NAMES)
        resource, group = group_of(name)
        if "." not in name and name not in CORE:
            known = f"{resource}.{group}" if group else f"{name}s" if f"{name}s" in CORE else ""
            raise UsageError(f"the core group has no resource {name}", hint=f"name {known}" if known else _NAMES)


def _encryption(asked: Asked, before: Configuration | None, seal: Seal, where: str) -> Edit | None:
    new = _new(asked, before)
    if before is None:
        return made(fresh(asked.resources, new, staged=asked.staged), seal, where)
    wanted = covering(before, asked.resources, new, staged=asked.staged)
    served = [wanted.rule_of(name) for name in asked.resources]
    rules = [index for index, rule in enumerate(wanted.rules) if rule in served and not is_same(rule.providers[0], new)]
    wanted = with_second(wanted, new, rules)
    if not asked.staged:
        wanted = promoted(wanted, new, rules)
    return edit(before, wanted, seal, where) if wanted != before else None


def _new(asked: Asked, before: Configuration | None) -> Provider:
    """Return what shall encrypt: what a rule can read with already, else something new."""
    if asked.provider == "kms":
        if not asked.endpoint:
            raise UsageError("--provider kms needs the socket of its plugin", hint="--kms-endpoint unix:///...")
        return plugin(asked.name, asked.endpoint, asked.timeout)
    if asked.endpoint:
        raise UsageError(f"--kms-endpoint is of no use to {asked.provider}", hint="--provider kms")
    for rule in filter(None, map(before.rule_of, asked.resources)) if before else ():
        for provider in rule.providers:
            if provider.kind == asked.provider:
                return Provider(provider.kind, provider.keys[:1])
    return fresh_key(asked.provider, before.names if before else (), asked.today)


def _config_file(path: str, data: Plaintext | None, change: Edit | None) -> FileEdit | None:
    if change is None:
        if data is None:
            return None
        return FileEdit(path, "let nobody else read the keys", data, data, (), (), PRIVATE)
    writers = {rule.writer.show(): None for rule in change.configuration.rules}
    title = (
        f"write with {', then '.join(writers)}"
        if data is None
        else f"change with what is encrypted: {', '.join(writers)}"
    )
    return FileEdit(path, title, data, change.data, change.splices, change.hidden, PRIVATE)


# What starts the API server


def _starts(path: str, read: Read) -> Iterator[_Start]:
    data = read(path)
    if data is None:
        raise PlanError(f"{path} is not there", hint="--manifest names what starts the API server")
    try:
        found = bodies(data.reveal())
    except Unfit as unfit:
        raise PlanError(f"{path} cannot be edited", hint=str(unfit)) from None
    starts = [(index, started) for index, body in found.items() if (started := started_by(body)) is not None]
    if not starts:
        raise PlanError(f"{path} starts no API server", hint="a static pod, or a ClusterConfiguration of kubeadm, does")
    for index, started in starts:
        yield _Start(path, data.reveal(), index, started)


def _config_path(asked: Asked, starts: Sequence[_Start]) -> str:
    named = {value for start in starts if (value := start.started.server.value(CONFIG))}
    if asked.config:
        named.add(asked.config)
    if len(named) > 1:
        raise PlanError(
            f"the EncryptionConfiguration is {' and '.join(sorted(named))}", hint="one file is to be named everywhere"
        )
    path = named.pop() if named else PLACE
    if not PurePosixPath(path).is_absolute():
        raise UsageError(f"{path} is not an absolute path", hint="it is where the API server reads the file")
    if len(PurePosixPath(path).parts) < _OWN_FOLDER:
        raise UsageError(f"{path} does not lie in a folder of its own", hint="the API server is given its whole folder")
    return path


def _mounts(configuration: Configuration, inside: str) -> Iterator[Mount]:
    yield Mount("encryption-config", str(PurePosixPath(inside).parent), file=inside)
    sockets = {socket_of(p) for rule in configuration.rules for p in rule.providers if p.kind == "kms"}
    for number, folder in enumerate(sorted({str(PurePosixPath(one).parent) for one in sockets}), 1):
        yield Mount("kms-plugin" if number == 1 else f"kms-plugin-{number}", folder, read_only=False)


def socket_of(provider: Provider) -> str:
    """Return the path of the socket of a KMS plugin."""
    return "/" + provider.endpoint.removeprefix("unix:").lstrip("/")


def _start(start: _Start, *needs: _Needs) -> FileEdit | None:
    flags: dict[str, str] = {}
    for one in needs:
        flags |= one.flags
    try:
        body: dict[str, Any] = changed(start.started, flags, [mount for one in needs for mount in one.mounts])
        splices = edits(start.data, {start.document: body})
    except Unfit as unfit:
        raise PlanError(f"{start.path} cannot be edited", hint=str(unfit)) from None
    if not splices:
        return None
    title = "start the API server with it" if start.started.is_pod else "have kubeadm start the API server with it"
    return FileEdit(start.path, title, Plaintext(start.data), Plaintext(applied(start.data, splices)), splices)


# The audit policy


def _audit(asked: Asked, starts: Sequence[_Start], read: Read) -> tuple[FileEdit | None, _Needs]:
    del asked
    named = {value for start in starts if (value := start.started.server.value(audit_policy_edits.FILE))}
    if len(named) > 1:
        raise PlanError(f"the audit policy is {' and '.join(sorted(named))}", hint="one is to be named everywhere")
    inside = named.pop() if named else audit_policy_edits.PLACE
    path = starts[0].started.on_host(inside) if starts else inside
    data = read(path)
    if data is None:
        text = audit_policy_edits.POLICY
        policy: FileEdit | None = FileEdit(
            path, "log who reads what, and no body", None, Plaintext(text), (Splice(0, 0, (Text(text),)),)
        )
    else:
        splices = audit_policy_edits.guarded(data.reveal(), path)
        after = Plaintext(applied(data.reveal(), splices))
        title = "log no body of a Secret"
        policy = FileEdit(path, title, data, after, splices) if splices else None
    flags = {audit_policy_edits.FILE: inside}
    mounts = [Mount("audit-policy", str(PurePosixPath(inside).parent), file=inside, is_reloaded=False)]
    logs = [start.started.server.value("audit-log-path") for start in starts]
    if not any(logs):
        flags |= audit_policy_edits.FLAGS
        mounts.append(audit_policy_edits.LOG_MOUNT)
    return policy, _Needs(flags, tuple(mounts))

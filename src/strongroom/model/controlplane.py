"""What is known of a cluster's control plane: flags, configuration files, files of the host, the bytes in etcd."""

from __future__ import annotations

import enum

import msgspec

from strongroom.model.origin import Origin
from strongroom.model.resource import ResourceId

HOST = "files:"
"""What the name of a source begins with whose files lie where the control plane reads them."""


class Program(enum.Enum):
    """A program of the control plane, by the name of its binary."""

    API_SERVER = "kube-apiserver"
    CONTROLLER_MANAGER = "kube-controller-manager"
    SCHEDULER = "kube-scheduler"
    ETCD = "etcd"


class Flag(msgspec.Struct, frozen=True):
    """One flag of a program: the text after ``=``, and where it stands."""

    name: str
    value: str
    origin: Origin


class Server(msgspec.Struct, frozen=True):
    """One program of a control plane as something starts it.

    Attributes:
        program: which.
        resource: the object that starts it.
        subject: it for people: ``container kube-apiserver``, ``ClusterConfiguration``.
        origin: where a flag would stand that is missing.
        flags: as given, the last one last; the last one counts where a flag is given twice.
        whole: False where something adds flags of its own, as kubeadm does to its ``extraArgs``.
        version: as ``1.36.3``; empty where nothing tells it.
        version_origin: where the version stands.
        extra_args: True where flags are written as ``extraArgs``, without dashes.
    """

    program: Program
    resource: ResourceId
    subject: str
    origin: Origin
    flags: tuple[Flag, ...] = ()
    whole: bool = True
    version: str = ""
    version_origin: Origin | None = None
    extra_args: bool = False

    def flag(self, name: str) -> Flag | None:
        """Return the flag that counts; None where it is not given."""
        return next((flag for flag in reversed(self.flags) if flag.name == name), None)

    def value(self, name: str, default: str = "") -> str:
        """Return the value of a flag, or the default where it is not given."""
        flag = self.flag(name)
        return flag.value if flag is not None else default

    def place(self, *names: str) -> Origin:
        """Return where the first of some flags stands that is given, else where it would stand."""
        return next((flag.origin for name in names if (flag := self.flag(name))), self.origin)

    def written(self, name: str) -> str:
        """Write the name of a flag as this place does."""
        return name if self.extra_args else f"--{name}"


class EncryptionKey(msgspec.Struct, frozen=True):
    """A key of an EncryptionConfiguration.

    Attributes:
        name: its name, which the stored bytes carry.
        origin: the entry of the list.
        secret_origin: the field of the key itself; what recognition says of it has the same place.
        usable: True where the key is written there, and not a stand-in for it.
    """

    name: str
    origin: Origin
    secret_origin: Origin
    usable: bool


class Provider(msgspec.Struct, frozen=True):
    """A provider of an EncryptionConfiguration.

    Attributes:
        kind: ``identity``, ``aescbc``, ``aesgcm``, ``secretbox``, ``kms``, or what else is written.
        origin: the entry of the list.
        keys: the keys of a local provider; the first one encrypts.
        kms_version: ``v1`` or ``v2``; empty for other providers.
        name: the name of a KMS plugin.
    """

    kind: str
    origin: Origin
    keys: tuple[EncryptionKey, ...] = ()
    kms_version: str = ""
    name: str = ""


class EncryptionRule(msgspec.Struct, frozen=True):
    """One entry: which resources, by which providers. The first provider encrypts, all of them decrypt."""

    resources: tuple[str, ...]
    providers: tuple[Provider, ...]
    origin: Origin


class EncryptionConfiguration(msgspec.Struct, frozen=True):
    """An EncryptionConfiguration (``apiserver.config.k8s.io/v1``)."""

    resource: ResourceId
    origin: Origin
    rules: tuple[EncryptionRule, ...]

    def providers_of(self, resource: str, group: str = "") -> tuple[Provider, ...]:
        """Return the providers that serve a resource; none where it is left out.

        As k8s.io/apiserver ``transformerFromOverrides`` does: entries that name it, else its group, else everything;
        several entries for the same name are one.
        """
        own = (resource, f"{resource}.{group}") if not group else (f"{resource}.{group}",)
        for names in (own, (f"*.{group}",), ("*.*",)):
            served = [rule for rule in self.rules if any(name in rule.resources for name in names)]
            if served:
                return tuple(provider for rule in served for provider in rule.providers)
        return ()

    @property
    def keys(self) -> tuple[EncryptionKey, ...]:
        """Every key of every provider."""
        return tuple(key for rule in self.rules for provider in rule.providers for key in provider.keys)


class AuditLevel(enum.IntEnum):
    """How much the audit log says of a request (``audit.k8s.io/v1``, ``Level``)."""

    NONE = 0
    METADATA = 1
    REQUEST = 2
    REQUEST_RESPONSE = 3

    @property
    def label(self) -> str:
        """The level as policies write it."""
        return "".join(part.capitalize() for part in self.name.split("_"))


class GroupResources(msgspec.Struct, frozen=True):
    """Resources of one API group in a rule; no resources means all of the group."""

    group: str
    resources: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class AuditRule(msgspec.Struct, frozen=True):
    """One rule of an audit policy; an empty list of anything matches all."""

    level: AuditLevel
    origin: Origin
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    resources: tuple[GroupResources, ...] = ()
    urls: tuple[str, ...] = ()
    omit_stages: frozenset[str] = frozenset()


class AuditPolicy(msgspec.Struct, frozen=True):
    """An audit policy (``audit.k8s.io/v1``): the first rule that matches a request decides."""

    resource: ResourceId
    origin: Origin
    rules: tuple[AuditRule, ...]
    omit_stages: frozenset[str] = frozenset()


class HostFileKind(enum.Enum):
    """What a file or folder of a control plane's host is for."""

    MANIFEST = "static pod manifest"
    CREDENTIAL = "kubeconfig with credentials"
    KEY = "private key"
    CERTIFICATE = "certificate"
    ENCRYPTION = "encryption configuration"
    TOKENS = "token file"
    DATABASE = "etcd database"
    FOLDER = "folder"


class HostFile(msgspec.Struct, frozen=True):
    """A file or folder where the control plane reads it, and who may read and change it.

    Attributes:
        kind: what it is for.
        origin: it; document -1.
        mode: its permission bits (POSIX ``st_mode & 0o7777``).
        uid, gid: its owner and group.
        owner, group: their names; the numbers where they have none.
        modified: ISO 8601 time of its last change, UTC.
        digest: of a certificate, the SHA-256 of its DER; public.
    """

    kind: HostFileKind
    origin: Origin
    mode: int
    uid: int
    gid: int
    owner: str
    group: str
    modified: str
    digest: str = ""


class StoredAs(msgspec.Struct, frozen=True):
    """How values lie in etcd.

    Attributes:
        provider: ``identity`` for plain text, ``aescbc``, ``aesgcm``, ``secretbox``, ``kms v1``, ``kms v2``;
            ``unknown``.
        key: the name of the key, or of the KMS plugin.
        kms_key: of KMS v2, the id of the key that the plugin said.
    """

    provider: str
    key: str = ""
    kms_key: str = ""

    @property
    def encrypted(self) -> bool:
        """True where the value cannot be read without a key."""
        return self.provider != "identity"

    def show(self) -> str:
        """Write it for people: ``secretbox key2``, ``plain text``."""
        if not self.encrypted:
            return "plain text"
        kms_key = f" ({self.kms_key})" if self.kms_key else ""
        return f"{self.provider} {self.key}".rstrip() + kms_key


class StoredCount(msgspec.Struct, frozen=True):
    """How many objects of a resource lie in etcd in one way; ``resource`` as ``secrets`` or ``widgets.example.com``."""

    resource: str
    stored_as: StoredAs
    count: int


class EtcdContents(msgspec.Struct, frozen=True):
    """What the raw bytes of one etcd, or of a snapshot of it, say.

    Attributes:
        origin: the source.
        counts: ordered by resource and provider.
        plaintext: ``namespace/name`` of Secrets in plain text, the first in order; at most `MOST_NAMED`.
    """

    origin: Origin
    counts: tuple[StoredCount, ...]
    plaintext: tuple[str, ...] = ()

    def of(self, resource: str) -> tuple[StoredCount, ...]:
        """Return the counts of one resource."""
        return tuple(count for count in self.counts if count.resource == resource)


MOST_NAMED = 1000
"""So many Secrets in plain text are named; all are counted."""


class ControlPlane(msgspec.Struct, frozen=True):
    """Everything that the sources say of control planes."""

    servers: tuple[Server, ...] = ()
    encryption: tuple[EncryptionConfiguration, ...] = ()
    policies: tuple[AuditPolicy, ...] = ()
    files: tuple[HostFile, ...] = ()
    stores: tuple[EtcdContents, ...] = ()

    def programs(self, program: Program) -> tuple[Server, ...]:
        """Return the servers of one program."""
        return tuple(server for server in self.servers if server.program is program)


def is_on_host(origin: Origin) -> bool:
    """Tell whether a fact comes from the host of a control plane, and not from a repository."""
    return origin.source.startswith(HOST)

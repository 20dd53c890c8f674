"""Encryption at rest, as ``at-rest status`` and ``at-rest verify`` say it: configured, loaded, stored, proved."""

from __future__ import annotations

import enum

import msgspec

from strongroom.model.controlplane import StoredAs
from strongroom.model.finding import Severity


class Reader(msgspec.Struct, frozen=True, order=True):
    """What can decrypt, by name.

    Attributes:
        kind: ``aescbc``, ``aesgcm``, ``secretbox``, ``kms``, ``identity``.
        name: of the key or the KMS plugin; empty for ``identity``.
    """

    kind: str
    name: str = ""

    def show(self) -> str:
        """Write it for people: ``secretbox key2``, ``plain text``."""
        return "plain text" if self.kind == "identity" else f"{self.kind} {self.name}".rstrip()

    def reads(self, how: StoredAs) -> bool:
        """Tell whether it is what decrypts values that lie in one way; of a name, bytes tell what precedes a colon."""
        return how.provider.partition(" ")[0] == self.kind and how.key == self.name.partition(":")[0]


class Configured(msgspec.Struct, frozen=True):
    """One rule of an EncryptionConfiguration.

    Attributes:
        resources: as written, wildcards among them.
        readers: in order; the first one encrypts.
    """

    resources: tuple[str, ...]
    readers: tuple[Reader, ...]


class ConfiguredFile(msgspec.Struct, frozen=True):
    """An EncryptionConfiguration.

    Attributes:
        path: where it was read.
        hash: of its bytes, as API servers write it; empty where it is no file of its own.
        rules: in order.
    """

    path: str
    hash: str
    rules: tuple[Configured, ...]


class KmsKey(msgspec.Struct, frozen=True):
    """What an API server, or the plugin itself, says of a KMS plugin.

    Attributes:
        provider: the plugin's name in the configuration.
        now: the id of its present key, or ``sha256:`` and the hash of it.
        healthy: False where it says that its key cannot be used; None where that is not known.
        wrote_key, wrote_at: the hash of the key that an API server encrypted with last, and when in Unix seconds.
        named_at: when the plugin named that key last, in Unix seconds.
    """

    provider: str
    now: str
    healthy: bool | None = None
    wrote_key: str = ""
    wrote_at: float = 0.0
    named_at: float = 0.0


class ServerState(msgspec.Struct, frozen=True):
    """What an API server works with.

    Attributes:
        name: it for people.
        hash: of the configuration that it has loaded; empty where it has none, or does not say.
        same: whether that is the file that was read; None where there is nothing to compare.
        reloaded: when it last took a changed file, in Unix seconds; 0 where it has not since it started.
        started: when its process started, in Unix seconds.
        reloads_failed: how often it could not take a changed file.
        healthy: whether it finds its KMS providers healthy; None where it has none or does not say.
        kms: its KMS plugins.
        problem: why it could not be asked; empty where it was.
    """

    name: str
    hash: str = ""
    same: bool | None = None
    reloaded: float = 0.0
    started: float = 0.0
    reloads_failed: int = 0
    healthy: bool | None = None
    kms: tuple[KmsKey, ...] = ()
    problem: str = ""


class Standing(enum.Enum):
    """How a way of lying in etcd stands to the configuration."""

    CURRENT = "current"
    STALE = "to be rewritten"
    PLAIN = "in plain text"
    UNREADABLE = "no key for it"
    OPEN = "not compared"


class StoredLine(msgspec.Struct, frozen=True):
    """The objects of a resource that lie in one way.

    Attributes:
        resource: as etcd's keys say: ``secrets``, ``widgets.example.com``.
        how: by which provider and key.
        number: how many.
        oldest, newest: the revisions that wrote the oldest and the newest of them.
        standing: what the configuration says of it.
    """

    resource: str
    how: StoredAs
    number: int
    oldest: int
    newest: int
    standing: Standing


class Problem(msgspec.Struct, frozen=True):
    """Something that is wrong with encryption at rest.

    Attributes:
        id: ``plaintext``, ``unknown-key``, ``old-key``, ``undecryptable``, ``blocks-list``, ``not-configured``,
            ``not-loaded``, ``not-asked``, ``not-named``, ``not-looked-into``, ``kms-unhealthy``, ``kms-old-key``.
        severity: how bad.
        message: it in one sentence.
        resource: which resource it is about; empty for all.
        objects: ``namespace/name`` of the objects that it is about.
        hint: what to do; empty where the message says it.
    """

    id: str
    severity: Severity
    message: str
    resource: str = ""
    objects: tuple[str, ...] = ()
    hint: str = ""


class Proof(msgspec.Struct, frozen=True):
    """How many objects of a resource were proved, and in which way.

    Attributes:
        resource: which.
        how: ``decrypted`` with the keys at hand; ``read`` through the API of every server.
        number: how many.
        of: how many there are.
    """

    resource: str
    how: str
    number: int
    of: int


class AtRest(msgspec.Struct, frozen=True):
    """The report of ``at-rest status`` and of ``at-rest verify``.

    Attributes:
        store: the etcd or snapshot; empty where none was read.
        files: the configurations.
        servers: the API servers.
        stored: by resource, and of each the oldest first.
        plaintext: by resource the ``namespace/name`` of objects in plain text, of what is to be encrypted.
        problems: the worst first.
        proofs: what ``verify`` proved.
        notes: what was not looked at, and why.
    """

    store: str = ""
    files: tuple[ConfiguredFile, ...] = ()
    servers: tuple[ServerState, ...] = ()
    stored: tuple[StoredLine, ...] = ()
    plaintext: dict[str, tuple[str, ...]] = {}
    problems: tuple[Problem, ...] = ()
    proofs: tuple[Proof, ...] = ()
    notes: tuple[str, ...] = ()

    def worst(self) -> Severity | None:
        """Return the highest severity of its problems; None where there are none."""
        return max((problem.severity for problem in self.problems), default=None)

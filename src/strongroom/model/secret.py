"""One record per secret: where it is defined, stored, delivered and consumed."""

from __future__ import annotations

import enum
from typing import NamedTuple

import msgspec

from strongroom.model.origin import Origin
from strongroom.model.plaintext import Fingerprint
from strongroom.model.resource import ResourceId


class SecretRef(NamedTuple):
    """A Secret by name. The namespace is empty where the manifest names none."""

    namespace: str
    name: str

    def show(self) -> str:
        """Write it as ``namespace/name``."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


class How(enum.Enum):
    """What brings a Secret into being."""

    SECRET = "Secret"
    SOPS = "SOPS"
    SEALED_SECRET = "SealedSecret"
    EXTERNAL_SECRET = "ExternalSecret"
    SECRET_PROVIDER_CLASS = "SecretProviderClass"
    CERTIFICATE = "Certificate"
    SECRET_GENERATOR = "secretGenerator"
    SERVICE_ACCOUNT_TOKEN = "service-account token"
    OPERATOR = "operator"


class Way(enum.Enum):
    """How a consumer is given a secret."""

    ENV = "env"
    ENV_FROM = "envFrom"
    VOLUME = "volume"
    PROJECTED = "projected"
    CSI = "csi"
    IMAGE_PULL = "imagePullSecrets"
    SERVICE_ACCOUNT = "serviceAccount"
    INGRESS_TLS = "ingress TLS"
    GATEWAY_TLS = "gateway TLS"
    WEBHOOK = "webhook"
    PERSISTENT_VOLUME = "persistentVolume"
    STORE = "store credentials"
    CUSTOM = "custom resource"
    INJECTED = "injected"


class Certificate(msgspec.Struct, frozen=True):
    """What is public of an X.509 certificate (RFC 5280). Times are ISO 8601 in UTC.

    Attributes:
        subject: its name for people, shortened; the first DNS name where the subject is empty.
        not_before, not_after: the validity of the first certificate of the value.
        earliest: the earliest end of validity of all certificates of the value.
        count: how many certificates the value holds.
        key_type: ``RSA``, ``EC``, ``DSA``, ``Ed25519`` …; empty where it is of an unknown kind.
        key_bits: the size of the key; 0 where the kind has only one or it is unknown.
        signature_hash: ``sha256``, ``sha1`` …; empty where the signature has none of its own.
        is_ca: True where it may sign other certificates.
        self_signed: True where the issuer is the subject.
    """

    subject: str
    not_before: str
    not_after: str
    earliest: str
    count: int = 1
    key_type: str = ""
    key_bits: int = 0
    signature_hash: str = ""
    is_ca: bool = False
    self_signed: bool = False


class Token(msgspec.Struct, frozen=True):
    """What is public of a JSON Web Token (RFC 7519): ``expires`` is ISO 8601 in UTC, empty where it never does."""

    expires: str


class Seen(msgspec.Struct, frozen=True):
    """Stands in the body of a Secret for a value that was not asked for, or that was read and not kept.

    Attributes:
        certificate, token: what was seen to be public of it.
    """

    certificate: Certificate | None = None
    token: Token | None = None


class SecretKey(msgspec.Struct, frozen=True):
    """One key of a Secret.

    Attributes:
        name: the key.
        fingerprint: of its value; None where the value is not in the sources (ciphertext, an external store).
        origin: where the key stands.
        weak: why the value is weak, in fixed words; empty where it is not, or is not known.
        placeholder: True where the value is a stand-in such as ``changeme`` or ``<password>`` or empty.
        public: True where the value is public by nature: a certificate, a public key, a CA bundle.
        certificate: what is public of the certificate that the value is or begins with.
        token: what is public of the JSON Web Token in the value.
    """

    name: str
    origin: Origin
    fingerprint: Fingerprint | None = None
    weak: str = ""
    placeholder: bool = False
    public: bool = False
    certificate: Certificate | None = None
    token: Token | None = None


class Definition(msgspec.Struct, frozen=True):
    """One thing that defines a Secret.

    Attributes:
        how: what kind of thing it is.
        keys_known: False where it does not say which keys there will be.
        annotations: their names; values of annotations may be anything.
        created: when the API server made the object, ISO 8601; empty where that is not known.
        changed: when its contents last changed, likewise, and ``changed_by`` what tells it.
    """

    how: How
    resource: ResourceId
    origin: Origin
    type: str = ""
    keys: tuple[SecretKey, ...] = ()
    keys_known: bool = True
    labels: dict[str, str] = {}
    annotations: tuple[str, ...] = ()
    created: str = ""
    changed: str = ""
    changed_by: str = ""
    immutable: bool = False


class Stored(msgspec.Struct, frozen=True):
    """Where the value really lives: a key of an external store.

    Attributes:
        provider: e.g. ``vault``, ``aws``; empty where the store's definition is not in the sources.
        store: the SecretStore or class, as ``Kind name``.
        path: the remote key.
        property: the part of it; empty where it is whole.
        key: the key of the Secret that it fills; empty where it fills several.
        refresh: the interval as written; empty where none.
        origin: where the reference stands.
    """

    provider: str
    store: str
    path: str
    origin: Origin
    property: str = ""
    key: str = ""
    refresh: str = ""


class Consumer(msgspec.Struct, frozen=True):
    """One use of a Secret.

    Attributes:
        way: how it is given.
        resource: the object that uses it.
        container: the container, where it is one's.
        key: the key used; empty where it is the whole Secret.
        target: the name of the variable, or the path of the file or folder in the container.
        optional: True where the workload starts without it.
        origin: where the reference stands.
    """

    way: Way
    resource: ResourceId
    origin: Origin
    container: str = ""
    key: str = ""
    target: str = ""
    optional: bool = False


class SecretRecord(msgspec.Struct, frozen=True):
    """Everything known of one Secret. No definition means that it is only referenced."""

    ref: SecretRef
    definitions: tuple[Definition, ...] = ()
    stored: tuple[Stored, ...] = ()
    consumers: tuple[Consumer, ...] = ()

    @property
    def type(self) -> str:
        """The Secret's type: the first that a definition names, else ``Opaque``."""
        return next((d.type for d in self.definitions if d.type), "Opaque")

    @property
    def origin(self) -> Origin | None:
        """Where it is defined, else first used."""
        found = self.definitions or self.consumers
        return found[0].origin if found else None

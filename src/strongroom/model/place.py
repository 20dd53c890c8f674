"""Values that may be secrets, and what recognition says of them."""

from __future__ import annotations

import enum

import msgspec

from strongroom.model.finding import Confidence
from strongroom.model.origin import Origin
from strongroom.model.plaintext import Fingerprint, Plaintext
from strongroom.model.resource import ResourceId


class Context(enum.Enum):
    """What kind of field a value stands in."""

    SECRET = "secret"  # data or stringData of a Secret
    CONFIG_MAP = "configmap"
    ENV = "env"  # literal value of an environment variable
    COMMAND = "command"  # one word of command or args
    METADATA = "metadata"  # an annotation or a label
    LAST_APPLIED = "last-applied"  # inside kubectl.kubernetes.io/last-applied-configuration
    CUSTOM = "custom"  # a field of a custom resource or of any other object
    HELM_VALUES = "helm-values"
    PIPELINE = "pipeline"  # CI and other YAML that is no Kubernetes object
    IMAGE_BUILD = "image-build"  # ENV, ARG and RUN of a Dockerfile
    ENCRYPTION_KEY = "encryption-key"  # of an EncryptionConfiguration
    FILE = "file"  # dotenv, properties and other files of settings


class Candidate(msgspec.Struct, frozen=True, eq=False):
    """A value that recognition is asked about.

    Attributes:
        context: what kind of field it stands in.
        name: the name that gives it meaning: the key, the variable, the flag (``--password``), the last field.
        value: the text itself.
        origin: the exact field, and the offsets inside it where the value is only a part of it.
        resource: the object; None for a file that is no Kubernetes object.
    """

    context: Context
    name: str
    value: Plaintext
    origin: Origin
    resource: ResourceId | None = None


class Nature(enum.Enum):
    """What a value is."""

    SECRET = "secret"
    PLACEHOLDER = "placeholder"  # a stand-in: changeme, <password>, xxx, example
    REFERENCE = "reference"  # names where the value is: $(VAR), vault:…, a path
    CIPHERTEXT = "ciphertext"
    PUBLIC = "public"  # certificate, public key
    PLAIN = "plain"  # a setting


class Sighting(msgspec.Struct, frozen=True):
    """One value in one place, and what it is. Holds the fingerprint, not the value.

    Attributes:
        rule: what recognised it: a library rule (``betterleaks.github-pat``) or ours (``named-password``).
        what: what it is, for people: ``GitHub personal access token``, ``password``.
        weak: why the value is weak, in fixed words; empty where it is not.
    """

    context: Context
    name: str
    nature: Nature
    rule: str
    what: str
    confidence: Confidence
    origin: Origin
    fingerprint: Fingerprint
    resource: ResourceId | None = None
    weak: str = ""

"""Files that matter as a whole."""

from __future__ import annotations

import enum

import msgspec

from strongroom.model.origin import Origin


class FileKind(enum.Enum):
    """What a file is."""

    PRIVATE_KEY = "private key"
    KEYSTORE = "keystore"
    KUBECONFIG = "kubeconfig"
    DOTENV = "dotenv file"
    DOCKER_CONFIG = "registry credentials"
    TERRAFORM_STATE = "Terraform state"
    SERVICE_ACCOUNT_JSON = "cloud service-account key"
    CLOUD_CREDENTIALS = "cloud credentials"
    PASSWORD_FILE = "password file"
    DOCKERFILE = "Dockerfile"
    SOPS = "SOPS document"


class FileFact(msgspec.Struct, frozen=True):
    """One such file.

    Attributes:
        kind: what it is.
        origin: the file, and the line that shows it where there is one.
        holds_credential: True where its content was seen to hold a live-looking credential, not only a template.
        detail: in fixed words, what was seen; never content.
        plaintext_fields: for a SOPS document, the fields that its rules should have encrypted and that are not.
    """

    kind: FileKind
    origin: Origin
    holds_credential: bool
    detail: str = ""
    plaintext_fields: tuple[Origin, ...] = ()

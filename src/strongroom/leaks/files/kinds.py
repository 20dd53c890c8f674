"""What a file is, by its name."""

from __future__ import annotations

import re

from strongroom.model.file import FileKind

LARGEST = 8 << 20
"""Larger files are not looked into: no credential file is so large, and a Terraform state of that size is rare."""

# Names that say that a file shows the form of another: what is in it is not meant to be real.
_TEMPLATE = re.compile(
    r"(?:^|[._-])(?:example|examples|sample|template|tmpl|tpl|dist|default|defaults|stub|schema|skel)(?:$|[._-])"
)

_NAMES: dict[FileKind, tuple[str, ...]] = {
    FileKind.DOCKERFILE: (r"(?:dockerfile|containerfile)(?:\..+)?", r".+\.(?:dockerfile|containerfile)"),
    # SOPS documents in YAML and JSON are known by their contents, when they are read as manifests
    FileKind.SOPS: (r".+\.(?:enc|sops|encrypted)\.(?:env|ini)", r"(?:enc|sops)\..+\.(?:env|ini)"),
    FileKind.DOTENV: (r"\.env(?:\.[\w.-]+)?", r"[\w.-]+\.env", r"\.envrc", r"env\.(?:local|prod|production|staging)"),
    FileKind.PRIVATE_KEY: (
        r"id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?",
        r".+\.(?:pem|key|ppk|priv|p8|pk8)",
        r".*_(?:rsa|ed25519)",
        r"private.*\.asc",
        r"keys\.txt",  # where age and SOPS look for identities
    ),
    FileKind.KEYSTORE: (r".+\.(?:p12|pfx|jks|jceks|bcfks|keystore|kdbx|kdb)",),
    FileKind.KUBECONFIG: (
        r"(?:.*[._-])?kube-?config(?:[._-].*)?",
        r"(?:admin|super-admin|kubelet|scheduler|controller-manager)\.conf",
    ),
    FileKind.DOCKER_CONFIG: (r"\.dockercfg", r"\.?docker-?config\.?json", r".*dockerconfig.*\.json"),
    FileKind.TERRAFORM_STATE: (r".+\.tfstate(?:\.backup|\.\d+\.backup)?",),
    FileKind.CLOUD_CREDENTIALS: (
        r"\.boto|\.s3cfg|\.vault-token|\.terraformrc|\.?rclone\.conf",
        r"accesstokens\.json|azureauth\.json|credentials\.tfrc\.json",
        r".*accesskeys?\.csv|credentials\.csv",
    ),
    FileKind.PASSWORD_FILE: (
        r"\.?pgpass(?:\.conf)?|[._]netrc|\.git-credentials|\.?htpasswd|\.npmrc|\.pypirc|\.my\.cnf|\.?mylogin\.cnf|\.yarnrc\.yml",
        r"userlist\.txt",  # of PgBouncer
    ),
    FileKind.SERVICE_ACCOUNT_JSON: (
        r".*(?:service-?_?account|credential|gcp|gcloud|google|sa-?_?key|-key|_key|adc)[\w.-]*\.json",
        r"sa\.json",
        r"[\w-]+-[0-9a-f]{12}\.json",  # as the console names a downloaded key
    ),
}
_BY_NAME = tuple((kind, re.compile("|".join(patterns))) for kind, patterns in _NAMES.items())
_ANY_NAME = re.compile("|".join(pattern for patterns in _NAMES.values() for pattern in patterns))
"""Most names are none of these: one search says so."""
_BY_PATH: tuple[tuple[str, FileKind], ...] = (
    (".kube/config", FileKind.KUBECONFIG),
    (".docker/config.json", FileKind.DOCKER_CONFIG),
    (".aws/credentials", FileKind.CLOUD_CREDENTIALS),
    (".aws/config", FileKind.CLOUD_CREDENTIALS),
)


def interesting(path: str) -> FileKind | None:
    """Tell what a file may be, by its path alone; None where its contents need not be read.

    Files whose names say that they are examples or templates (``.env.example``) are left out, except Dockerfiles.
    """
    low = path.lower().replace("\\", "/")
    name = low.rpartition("/")[2]
    for ending, kind in _BY_PATH:
        if low == ending or low.endswith(f"/{ending}"):
            return kind
    if not _ANY_NAME.fullmatch(name):
        return None
    for kind, pattern in _BY_NAME:
        if pattern.fullmatch(name):
            if kind is not FileKind.DOCKERFILE and _TEMPLATE.search(name):
                return None
            return kind
    return None

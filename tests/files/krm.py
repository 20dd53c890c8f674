"""What tests of the KRM function share: a Secret, its values, and how the function is run."""

from __future__ import annotations

import base64
from typing import Any

from tests.files.repository import Done, Repository

ANNOTATION = """
  annotations:
    config.kubernetes.io/function: |
      exec:
        path: strongroom
        args: [krm]
"""
GENERATOR = f"apiVersion: strongroom.dev/v1\nkind: EncryptedFiles\nmetadata:\n  name: secrets{ANNOTATION}"
SECRET = """\
apiVersion: v1
kind: Secret
metadata:
  name: db
stringData:
  # the order is not that of the alphabet, which kustomize puts it into
  zone: "0123"
  password: "y"
  age: "1e3"
"""
VALUES = {"zone": "0123", "password": "y", "age": "1e3"}
DEPLOYMENT = """\
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
  - name: web
    image: web
    envFrom: [{secretRef: {name: app}}]
"""


def texts(secret: dict[str, Any]) -> dict[str, str]:
    """Return the values of a Secret."""
    readable: dict[str, str] = secret.get("stringData", {})
    return {key: base64.b64decode(value).decode() for key, value in secret.get("data", {}).items()} | readable


def krm(repository: Repository, data: bytes | str, *words: str, check: bool = True) -> Done:
    """Run the command itself."""
    stdin = data.encode() if isinstance(data, str) else data
    return repository.strongroom("krm", *words, stdin=stdin, check=check)

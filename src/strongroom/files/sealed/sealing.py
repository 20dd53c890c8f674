"""From a plain Secret to a SealedSecret, as ``kubeseal`` 0.27 makes it.

Source: https://github.com/bitnami-labs/sealed-secrets ``pkg/kubeseal/kubeseal.go`` (``Seal``) and
``pkg/apis/sealedsecrets/v1alpha1/sealedsecret_expansion.go`` (``NewSealedSecret``). What the server adds to an object
(uid, resourceVersion, creationTimestamp, managedFields, ownerReferences) is not carried over.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from strongroom.crypto.hybrid import seal
from strongroom.errors import UsageError
from strongroom.files.sealed.scope import Scope, without_scope
from strongroom.files.sealed.sealed import API_VERSION, KIND
from strongroom.files.sealed.secrets import PlainSecret, labels_with_values, left_out
from strongroom.model.plaintext import Plaintext


def sealed_value(key: RSAPublicKey, value: Plaintext, label: bytes) -> str:
    """Seal one value; return it as ``encryptedData`` has it, in base64."""
    return base64.b64encode(seal(key, value, label)).decode()


def sealed_body(
    secret: PlainSecret, key: RSAPublicKey, scope: Scope, kept: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Seal a Secret.

    Args:
        secret: with a name, and a namespace unless the scope is the whole cluster.
        key: the public half of the sealing key.
        scope: how far the result may be moved.
        kept: sealed values that are taken as they are.

    Raises:
        UsageError: the name or the namespace is missing; a label is one of the values.
    """
    check_named(secret.show(), secret.namespace, secret.name, scope)
    for label in labels_with_values(secret):
        raise UsageError(f"the label {label} of {secret.show()} is one of its values", hint="labels are not sealed")
    bound, kept = scope.label(secret.namespace, secret.name), kept or {}
    template: dict[str, Any] = {"metadata": template_metadata(secret, scope)}
    if secret.type:
        template["type"] = secret.type
    if secret.immutable is not None:
        template["immutable"] = secret.immutable
    metadata: dict[str, Any] = {"name": secret.name}
    if secret.namespace:
        metadata["namespace"] = secret.namespace
    if scope is not Scope.STRICT:
        metadata["annotations"] = scope.annotations()
    values = {name: kept.get(name) or sealed_value(key, value, bound) for name, value in secret.values.items()}
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": metadata,
        "spec": {"encryptedData": values, "template": template},
    }


def template_metadata(secret: PlainSecret, scope: Scope) -> dict[str, Any]:
    """Return the metadata that the Secret will get; annotations that hold values are left out."""
    hidden = left_out(secret)
    annotations = {
        **without_scope({key: text for key, text in secret.annotations.items() if key not in hidden}),
        **scope.annotations(),
    }
    metadata: dict[str, Any] = {"name": secret.name}
    if secret.namespace:
        metadata["namespace"] = secret.namespace
    if secret.labels:
        metadata["labels"] = dict(secret.labels)
    if annotations:
        metadata["annotations"] = annotations
    if secret.finalizers:
        metadata["finalizers"] = list(secret.finalizers)
    return metadata


def check_named(what: str, namespace: str, name: str, scope: Scope) -> None:
    """Refuse what the scope needs and is not there.

    Raises:
        UsageError: no name with the strict scope, no namespace with any but the cluster-wide one.
    """
    if scope is Scope.STRICT and not name:
        raise UsageError(f"{what} has no name", hint="--name NAME")
    if scope is not Scope.CLUSTER and not namespace:
        raise UsageError(f"{what} has no namespace", hint="--namespace NAME, or --scope cluster-wide")
    if "/" in namespace or "/" in name:  # a/b + c and a + b/c would have the same label
        raise UsageError(f"{what} has a name that no Secret may have", hint="letters, digits, '-' and '.'")

"""What a functionConfig of ours says, and one of KSOPS.

Ours lists encrypted manifests, and Secrets in the words of kustomize's own ``secretGenerator``
(https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/secretgenerator/), so that an entry of a
kustomization moves over as it is. KSOPS' is read so that people can change over
(https://github.com/viaduct-ai/kustomize-sops): only the program that its annotation names changes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from strongroom.errors import DocumentError

OURS = ("strongroom.dev/v1", "EncryptedFiles")
KSOPS = ("viaduct.ai/v1", "ksops")


class SecretOf(NamedTuple):
    """A Secret that is made of encrypted files.

    Attributes:
        metadata: of the Secret, with kustomize's annotations for its name and for merging.
        files: ``[KEY=]PATH``; the whole file is a value.
        envs: paths of dotenv files; each line is a value.
        binary: as ``files``, where the two are told apart.
        of_ksops: made as KSOPS makes it: text under ``stringData``, quotes in dotenv files not part of a value.
    """

    metadata: dict[str, Any]
    type: str
    files: tuple[str, ...]
    envs: tuple[str, ...]
    immutable: bool = False
    binary: tuple[str, ...] = ()
    of_ksops: bool = False


class Config(NamedTuple):
    """What a functionConfig asks for.

    Attributes:
        files: encrypted manifests.
        secrets: Secrets to make.
        require_mac: refuse documents that pass through whose MAC does not fit.
    """

    files: tuple[str, ...] = ()
    secrets: tuple[SecretOf, ...] = ()
    require_mac: bool = False


class _Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    immutable: bool = False
    disable_name_suffix_hash: bool = False


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    name: str
    namespace: str = ""
    type: str = "Opaque"
    behavior: str = ""
    files: tuple[str, ...] = ()
    envs: tuple[str, ...] = ()
    options: _Options = _Options()


class _Ours(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    api_version: str
    kind: str
    metadata: dict[str, Any] = {}
    files: tuple[str, ...] = ()
    secret_generator: tuple[_Entry, ...] = ()
    generator_options: _Options = _Options()
    require_mac: bool = msgspec.field(default=False, name="requireMAC")


class _KsopsSecret(msgspec.Struct, frozen=True, rename="camel"):
    metadata: dict[str, Any] = {}
    type: str = ""
    files: tuple[str, ...] = ()
    binary_files: tuple[str, ...] = ()
    envs: tuple[str, ...] = ()


class _Ksops(msgspec.Struct, frozen=True, rename="camel"):
    files: tuple[str, ...] = ()
    secret_from: tuple[_KsopsSecret, ...] = ()


def is_config(body: Any) -> bool:
    """Tell whether an object is a functionConfig that `read` knows."""
    return isinstance(body, dict) and (body.get("apiVersion"), body.get("kind")) in (OURS, KSOPS)


def read(body: dict[str, Any]) -> Config:
    """Read a functionConfig.

    Raises:
        DocumentError: it is of another kind, or says something that does not exist.
    """
    if not is_config(body):
        raise DocumentError(
            "the functionConfig is neither EncryptedFiles nor ksops",
            hint=f"apiVersion: {OURS[0]} and kind: {OURS[1]}",
        )
    try:
        return _ours(msgspec.convert(body, _Ours)) if body["kind"] == OURS[1] else _ksops(msgspec.convert(body, _Ksops))
    except msgspec.ValidationError as error:
        # msgspec names fields and types, no values.
        raise DocumentError(f"the functionConfig {body['kind']} is not valid", hint=str(error).lower()) from None


def _ours(given: _Ours) -> Config:
    secrets = tuple(_secret(entry, given.generator_options) for entry in given.secret_generator)
    return Config(given.files, secrets, given.require_mac)


def _secret(entry: _Entry, general: _Options) -> SecretOf:
    if entry.behavior not in ("", "create", "merge", "replace"):
        raise DocumentError(f"the behavior of {entry.name} is create, merge or replace")
    annotations = {**general.annotations, **entry.options.annotations}
    # The two annotations by which a function tells kustomize what its secretGenerator would do.
    if not (general.disable_name_suffix_hash or entry.options.disable_name_suffix_hash):
        annotations["kustomize.config.k8s.io/needs-hash"] = "true"
    if entry.behavior:
        annotations["kustomize.config.k8s.io/behavior"] = entry.behavior
    parts = {
        "name": entry.name,
        "namespace": entry.namespace,
        "labels": {**general.labels, **entry.options.labels},
        "annotations": annotations,
    }
    return SecretOf(
        metadata={name: part for name, part in parts.items() if part},
        type=entry.type,
        files=entry.files,
        envs=entry.envs,
        immutable=entry.options.immutable or general.immutable,
    )


def _ksops(given: _Ksops) -> Config:
    if not given.files and not given.secret_from:
        raise DocumentError("the functionConfig ksops lists neither files nor secretFrom")
    secrets = tuple(
        SecretOf(one.metadata, one.type, one.files, one.envs, binary=one.binary_files, of_ksops=True)
        for one in given.secret_from
    )
    return Config(given.files, secrets)

"""A KRM function: decrypts what kustomize, Helm or Argo CD render.

The envelope is the ``ResourceList`` of the KRM functions specification
(https://github.com/kubernetes-sigs/kustomize/blob/master/cmd/config/docs/api-conventions/functions-spec.md). kustomize
calls the same function with its own older convention (a file with the configuration as the argument, manifests on
standard input and output), which is the only one that ``kubectl kustomize`` has; and Helm's post-renderers take
manifests and return manifests.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from strongroom.errors import DocumentError
from strongroom.files.krm_config import Config, is_config, read
from strongroom.files.krm_generate import generate
from strongroom.files.krm_open import Open, is_encrypted, objects, opened, values_opened
from strongroom.files.secret.writing import dump
from strongroom.model.plaintext import Plaintext

_KIND = "ResourceList"


def answer(data: bytes, root: Path, open_: Open, *, require_mac: bool = False) -> Plaintext:
    """Return what the function prints for what it is given: a ``ResourceList``, or a stream of manifests.

    Args:
        data: standard input.
        root: the folder of the kustomization.
        open_: decrypts a file.
        require_mac: refuse documents whose MAC does not fit, although they passed through another program.

    Raises:
        SourceError: the input is not valid, or a file that it names cannot be read.
        TamperedError, KeyUseError: something cannot be opened.
    """
    found = objects(data, "standard input")
    if len(found) == 1 and found[0].get("kind") == _KIND:
        return _list(found[0], root, open_, require_mac=require_mac)
    return dump(_passed(found, open_, check_mac=require_mac))


def plugin(config: bytes, data: bytes, root: Path, open_: Open, *, require_mac: bool = False) -> Plaintext:
    """Return what a kustomize plugin of the older convention prints.

    Args:
        config: the file that is named by its argument.
        data: standard input: empty for a generator, all objects for a transformer.
        root: the folder of the kustomization.
        open_: decrypts a file.
        require_mac: as for `answer`.

    Raises:
        SourceError, TamperedError, KeyUseError: as `answer`.
    """
    asked = _merged(objects(config, "the configuration"))
    passed = _passed(objects(data, "standard input"), open_, check_mac=require_mac or asked.require_mac)
    return dump([*passed, *generate(asked, root, open_)])


def _list(envelope: dict[str, Any], root: Path, open_: Open, *, require_mac: bool) -> Plaintext:
    items = envelope.get("items") or []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise DocumentError("the items of the ResourceList are not objects")
    # A generator finds its own configuration among the items; a transformer finds it beside them.
    configs = [item for item in items if is_config(item)]
    own = envelope.get("functionConfig")
    if isinstance(own, dict) and not _is_empty(own) and _name(own) not in map(_name, configs):
        configs.append(own)
    asked = _merged(configs)
    rest = [item for item in items if not is_config(item)]
    passed = _passed(rest, open_, check_mac=require_mac or asked.require_mac)
    envelope["items"] = [*passed, *generate(asked, root, open_)]
    # JSON is YAML of which no reader takes a text for a number.
    return Plaintext(json.dumps(envelope, ensure_ascii=False, allow_nan=False) + "\n")


def _merged(configs: list[dict[str, Any]]) -> Config:
    asked = [read(body) for body in configs]
    return Config(
        files=tuple(name for one in asked for name in one.files),
        secrets=tuple(secret for one in asked for secret in one.secrets),
        require_mac=any(one.require_mac for one in asked),
    )


def _is_empty(body: dict[str, Any]) -> bool:
    """Tell whether a functionConfig is the one that kpt makes up where a user gives none."""
    return body.get("kind") == "ConfigMap" and not body.get("data")


def _name(body: dict[str, Any]) -> tuple[str, ...]:
    metadata = body.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return (str(body.get("apiVersion")), str(body.get("kind")), str(name))


def _passed(found: list[dict[str, Any]], open_: Open, *, check_mac: bool) -> list[dict[str, Any]]:
    return [
        opened(body, open_, check_mac=check_mac) if is_encrypted(body) else values_opened(body, open_) for body in found
    ]

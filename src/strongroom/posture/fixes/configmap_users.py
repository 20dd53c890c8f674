"""Gives a pod spec keys from a Secret that it was given from a ConfigMap: at the same names and the same paths."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from strongroom.model.facts import Facts
from strongroom.model.resource import Resource, as_dict, as_list, as_text, dig
from strongroom.model.secret import SecretRef
from strongroom.model.workload import Container, Workload
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.new_secret import Reference
from strongroom.posture.fixes.shapes import put_behind, renamed
from strongroom.posture.fixes.values import VARIABLE


class Moved:
    """Keys that left a ConfigMap, where they are now, and what it still holds."""

    def __init__(self, config: Resource, references: dict[str, Reference]) -> None:
        self.config = config
        self.references = references
        self.remaining: set[str] = set()


class Rewired(msgspec.Struct, frozen=True):
    """How many uses of a pod spec were changed, or what stood in the way."""

    used: int = 0
    stuck: str = ""


def rewire(workload: Workload, moved: Moved, bench: Bench) -> Rewired:
    """Change what a pod spec takes of the keys that moved."""
    name, used = moved.config.name, 0
    if name not in _configs(workload):
        return Rewired()
    spec = dig(bench.body(workload.resource), workload.field)
    for container in workload.containers:
        draft = dig(spec, container.field[len(workload.field) :])
        used += _references(draft, moved)
        stuck, count = _poured(container, draft, moved, bench.facts, workload.namespace)
        if stuck:
            return Rewired(stuck=stuck)
        used += count
    for volume in as_list(spec.get("volumes")):
        if isinstance(volume, dict):
            used += _volume(volume, moved)
    return Rewired(used)


def _configs(workload: Workload) -> set[str]:
    """Return the names of the ConfigMaps that a pod spec takes anything of."""
    found = set()
    for container in workload.containers:
        found |= {as_text(dig(v.value_from, ("configMapKeyRef", "name"))) for v in container.env}
        found |= {as_text(dig(entry, ("configMapRef", "name"))) for _, entry in container.env_from}
    for _, volume in workload.volumes:
        found.add(as_text(dig(volume, ("configMap", "name"))))
        found |= {as_text(dig(one, ("configMap", "name"))) for one in as_list(dig(volume, ("projected", "sources")))}
    return found - {""}


def _references(draft: dict[str, Any], moved: Moved) -> int:
    """Change variables that take one key."""
    count = 0
    for entry in as_list(draft.get("env")):
        source = as_dict(as_dict(entry).get("valueFrom"))
        config = as_dict(source.get("configMapKeyRef"))
        target = moved.references.get(as_text(config.get("key")))
        if as_text(config.get("name")) == moved.config.name and target is not None:
            config["name"], config["key"] = target.name, target.key
            renamed(source, "configMapKeyRef", "secretKeyRef", config)
            count += 1
    return count


def _poured(container: Container, draft: dict[str, Any], moved: Moved, facts: Facts, namespace: str) -> tuple[str, int]:
    """Add the variables that the whole ConfigMap brought, where nothing else gives them."""
    entries = [*container.env_from]
    own = {variable.name for variable in container.env}
    count = 0
    for index, (_, entry) in enumerate(entries):
        source = as_dict(entry.get("configMapRef"))
        if as_text(source.get("name")) != moved.config.name:
            continue
        count += 1
        for key, target in moved.references.items():
            name = f"{as_text(entry.get('prefix'))}{key}"
            later = poured_by((one for _, one in entries[index + 1 :]), facts, namespace)
            if not VARIABLE.fullmatch(name) or name in own or (later is not None and name in later):
                continue
            if later is None:
                return f"container {container.name} pours other sources of unknown keys over variable {name}", 0
            if mentions(container, name):
                return f"container {container.name} uses variable {name} in the value of another one", 0
            given = {"name": name, "valueFrom": {"secretKeyRef": {"name": target.name, "key": target.key}}}
            if source.get("optional") is True:
                given["valueFrom"]["secretKeyRef"]["optional"] = True  # type: ignore[index]
            put_behind(draft, ("name", "image", "command", "args", "env"), "env", [*as_list(draft.get("env")), given])
            own.add(name)
    return "", count


def mentions(container: Container, name: str) -> bool:
    """Tell whether the literal value of a variable uses another variable."""
    return any(variable.value is not None and f"$({name})" in variable.value for variable in container.env)


def poured_by(entries: Iterable[dict[str, Any]], facts: Facts, namespace: str) -> set[str] | None:
    """Return the variables that entries of ``envFrom`` bring; None where one of them is not known."""
    found: set[str] = set()
    for entry in entries:
        prefix = as_text(entry.get("prefix"))
        config, secret = as_text(dig(entry, ("configMapRef", "name"))), as_text(dig(entry, ("secretRef", "name")))
        keys = keys_of_secret(facts, namespace, secret) if secret else _keys_of_config(facts, namespace, config)
        if keys is None:
            return None
        found |= {f"{prefix}{key}" for key in keys}
    return found


def keys_of_secret(facts: Facts, namespace: str, name: str) -> list[str] | None:
    """Return the keys of a Secret, None where they are not known for sure."""
    record = facts.secret(SecretRef(namespace, name)) or facts.secret(SecretRef("", name))
    if record is None or len(record.definitions) != 1 or not record.definitions[0].keys_known:
        return None
    return [key.name for key in record.definitions[0].keys]


def _keys_of_config(facts: Facts, namespace: str, name: str) -> list[str] | None:
    config = facts.find("ConfigMap", namespace, name)
    return None if config is None else [*as_dict(config.get("data")), *as_dict(config.get("binaryData"))]


def _volume(volume: dict[str, Any], moved: Moved) -> int:
    """Change a volume, or the sources of a projected one."""
    projected = as_dict(volume.get("projected"))
    sources = as_list(projected.get("sources"))
    count = 0
    for source in [one for one in sources if isinstance(one, dict)]:
        split = _split(as_dict(source.get("configMap")), moved)
        if split is None:
            continue
        count += 1
        rest, parts = split
        if rest is not None:
            source["configMap"] = rest
            sources.extend({"secret": part} for part in parts)
        else:
            renamed(source, "configMap", "secret", parts[0])
            sources.extend({"secret": part} for part in parts[1:])
    config = as_dict(volume.get("configMap"))
    split = _split(config, moved)
    if split is None:
        return count
    rest, parts = split
    if rest is None and len(parts) == 1:
        _whole(volume, config, parts[0])
    else:
        mode = {"defaultMode": config["defaultMode"]} if "defaultMode" in config else {}
        both = [*([{"configMap": _plain(rest)}] if rest is not None else []), *({"secret": part} for part in parts)]
        renamed(volume, "configMap", "projected", {"sources": both, **mode})
    return count + 1


def _whole(volume: dict[str, Any], config: dict[str, Any], part: dict[str, Any]) -> None:
    """Make a volume of a ConfigMap one of a Secret, its other settings as they are."""
    body = {key: value for key, value in config.items() if key not in ("name", "items")}
    new = {"secretName": part["name"], **({"items": part["items"]} if "items" in part else {}), **body}
    renamed(volume, "configMap", "secret", new)


def _plain(config: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key != "defaultMode"}


def _split(config: dict[str, Any], moved: Moved) -> tuple[dict[str, Any] | None, list[dict[str, Any]]] | None:
    """Return what of a source stays with the ConfigMap and what the Secrets give; None where nothing moved."""
    if as_text(config.get("name")) != moved.config.name:
        return None
    optional = {"optional": True} if config.get("optional") is True else {}
    items = [as_dict(item) for item in as_list(config.get("items"))]
    wanted = [
        (item, moved.references[as_text(item.get("key"))]) for item in items if item.get("key") in moved.references
    ]
    if items and not wanted:
        return None
    if not items:
        wanted = [({"key": key, "path": key}, reference) for key, reference in moved.references.items()]
    parts: dict[str, list[dict[str, Any]]] = {}
    for item, reference in wanted:
        parts.setdefault(reference.name, []).append({**item, "key": reference.key})
    rest = [item for item in items if item.get("key") not in moved.references] if items else [*moved.remaining]
    found = [{"name": name, "items": chosen, **optional} for name, chosen in parts.items()]
    if not rest:
        return None, found
    return ({**config, "items": rest} if items else config), found

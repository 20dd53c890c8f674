"""Gives a pod spec keys from a Secret that it was given from a ConfigMap: at the same names and the same paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from posixpath import normpath
from typing import Any

from strongroom.documents.wanted import GONE, Octal
from strongroom.model.facts import Facts
from strongroom.model.resource import Resource, as_dict, as_list, as_text, dig
from strongroom.model.secret import SecretRef
from strongroom.model.workload import Container, Workload
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.new_secret import Reference
from strongroom.posture.fixes.shapes import put_behind, renamed
from strongroom.posture.fixes.values import VARIABLE


class Moved:
    """Keys that left a ConfigMap, where they are now, what it still holds, and what is not known of that."""

    def __init__(self, config: Resource, references: dict[str, Reference]) -> None:
        self.config = config
        self.references = references
        self.remaining: set[str] = set()
        self.open = ""


def taken(workload: Workload, name: str, keys: Iterable[str]) -> set[str]:
    """Return which keys of a ConfigMap a pod spec takes: by their names, or with all the others."""
    keys = set(keys)
    found: set[str] = set()
    for container in workload.containers:
        for variable in container.env:
            source = as_dict(variable.value_from.get("configMapKeyRef")) if variable.value_from else {}
            found |= {as_text(source.get("key"))} if as_text(source.get("name")) == name else set()
        if any(as_text(dig(entry, ("configMapRef", "name"))) == name for _, entry in container.env_from):
            found |= {key for key in keys if VARIABLE.fullmatch(key)}
    for source in _mounted(workload):
        if as_text(source.get("name")) == name:
            items = as_list(source.get("items"))
            found |= {as_text(as_dict(item).get("key")) for item in items} if items else keys
    return found & keys


def rewire(workload: Workload, moved: Moved, bench: Bench) -> str:
    """Change what a pod spec takes of the keys that moved; return what stands in the way, if anything does."""
    if moved.config.name not in _configs(workload):
        return ""
    spec = dig(bench.body(workload.resource), workload.field)
    for container in workload.containers:
        draft = dig(spec, container.field[len(workload.field) :])
        _references(draft, moved)
        stuck = _poured(container, draft, moved, bench.facts, workload.namespace)
        if stuck:
            return stuck
    for volume in as_list(spec.get("volumes")):
        if isinstance(volume, dict):
            _volume(volume, moved, bench.facts, workload.namespace)
    return ""


def _configs(workload: Workload) -> set[str]:
    """Return the names of the ConfigMaps that a pod spec takes anything of."""
    found = {as_text(source.get("name")) for source in _mounted(workload)}
    for container in workload.containers:
        found |= {as_text(dig(v.value_from, ("configMapKeyRef", "name"))) for v in container.env}
        found |= {as_text(dig(entry, ("configMapRef", "name"))) for _, entry in container.env_from}
    return found - {""}


def _mounted(workload: Workload) -> Iterator[dict[str, Any]]:
    """Yield what the volumes of a pod spec take of ConfigMaps."""
    for _, volume in workload.volumes:
        yield as_dict(volume.get("configMap"))
        for source in as_list(dig(volume, ("projected", "sources"))):
            yield as_dict(as_dict(source).get("configMap"))


def _references(draft: dict[str, Any], moved: Moved) -> None:
    """Change variables that take one key."""
    for entry in as_list(draft.get("env")):
        source = as_dict(as_dict(entry).get("valueFrom"))
        config = as_dict(source.get("configMapKeyRef"))
        target = moved.references.get(as_text(config.get("key")))
        if as_text(config.get("name")) == moved.config.name and target is not None:
            config["name"], config["key"] = target.name, target.key
            renamed(source, "configMapKeyRef", "secretKeyRef", config)


def _poured(container: Container, draft: dict[str, Any], moved: Moved, facts: Facts, namespace: str) -> str:
    """Add the variables that the whole ConfigMap brought, where nothing else gives them; return what stops that."""
    entries = [*container.env_from]
    own = {variable.name for variable in container.env}
    for index, (_, entry) in enumerate(entries):
        source = as_dict(entry.get("configMapRef"))
        if as_text(source.get("name")) != moved.config.name:
            continue
        for key, target in moved.references.items():
            name = f"{as_text(entry.get('prefix'))}{key}"
            later = poured_by((one for _, one in entries[index + 1 :]), facts, namespace)
            if not VARIABLE.fullmatch(name) or name in own or (later is not None and name in later):
                continue
            if later is None:
                return f"container {container.name} pours other sources of unknown keys over variable {name}"
            if mentions(container, name):
                return f"container {container.name} uses variable {name} in the value of another one"
            given = {"name": name, "valueFrom": {"secretKeyRef": {"name": target.name, "key": target.key}}}
            if source.get("optional") is True:
                given["valueFrom"]["secretKeyRef"]["optional"] = True  # type: ignore[index]
            put_behind(draft, ("name", "image", "command", "args", "env"), "env", [*as_list(draft.get("env")), given])
            own.add(name)
    return ""


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


def paths_of(sources: Iterable[dict[str, Any]], facts: Facts, namespace: str) -> set[str] | None:
    """Return the paths that sources of a projected volume give; None where those of one are not known."""
    found: set[str] = set()
    for source in sources:
        config, secret = as_dict(source.get("configMap")), as_dict(source.get("secret"))
        holder = config or secret or as_dict(source.get("downwardAPI"))
        items = as_list(holder.get("items"))
        if (config or secret) and not items:
            name = as_text(holder.get("name"))
            keys = keys_of_secret(facts, namespace, name) if secret else _keys_of_config(facts, namespace, name)
            if keys is None:
                return None
            found.update(keys)
        found |= {normpath(as_text(as_dict(item).get("path"))) for item in items}
        found |= {as_text(as_dict(one).get("path")) for one in source.values()}
    return found


def _keys_of_config(facts: Facts, namespace: str, name: str) -> list[str] | None:
    config = facts.find("ConfigMap", namespace, name)
    return None if config is None else [*as_dict(config.get("data")), *as_dict(config.get("binaryData"))]


def _volume(volume: dict[str, Any], moved: Moved, facts: Facts, namespace: str) -> None:
    """Change a volume, or the sources of a projected one."""
    sources = as_list(as_dict(volume.get("projected")).get("sources"))
    for index, source in enumerate([*sources]):
        split = _split(as_dict(as_dict(source).get("configMap")), moved)
        if split is None:
            continue
        rest, parts = split
        behind = paths_of((as_dict(one) for one in sources[index + 1 :]), facts, namespace)
        if behind is None:
            moved.open = (
                f"volume {as_text(volume.get('name'))} has a source of unknown keys, and its files would give way"
            )
        parts = _seen(parts, behind or set())
        if rest is not None:
            _drop(source["configMap"], moved)
        elif parts:
            renamed(source, "configMap", "secret", parts.pop(0))
        else:
            sources[index] = GONE
        sources.extend({"secret": part} for part in parts)
    config = as_dict(volume.get("configMap"))
    split = _split(config, moved)
    if split is None:
        return
    rest, parts = split
    if rest is None and len(parts) == 1:
        _whole(volume, config, parts[0])
    else:
        mode = {"defaultMode": config["defaultMode"]} if "defaultMode" in config else {}
        both = [*([{"configMap": _plain(rest)}] if rest is not None else []), *({"secret": part} for part in parts)]
        renamed(volume, "configMap", "projected", {"sources": both, **mode})


def _drop(config: dict[str, Any], moved: Moved) -> None:
    """Take the items of keys that moved out of a source, where it names items."""
    for index, item in enumerate(as_list(config.get("items"))):
        if as_dict(item).get("key") in moved.references:
            config["items"][index] = GONE


def _seen(parts: list[dict[str, Any]], behind: set[str]) -> list[dict[str, Any]]:
    """Return sources without the paths that those behind them give: of two, the last counts, and two may not be named.

    https://github.com/kubernetes/kubernetes/blob/v1.36.0/pkg/volume/projected/projected.go (collectData),
    pkg/apis/core/validation (validateProjectionSources).
    """
    left = [{**part, "items": [one for one in part["items"] if normpath(one["path"]) not in behind]} for part in parts]
    return [part for part in left if part["items"]]


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
    items = [item for item in as_list(config.get("items")) if isinstance(item, dict)]
    wanted = [
        (item, moved.references[as_text(item.get("key"))]) for item in items if item.get("key") in moved.references
    ]
    if items and not wanted:
        return None
    if not items:
        wanted = [({"key": key, "path": key}, reference) for key, reference in moved.references.items()]
    parts: dict[str, list[dict[str, Any]]] = {}
    for item, reference in wanted:
        parts.setdefault(reference.name, []).append({**item, "key": reference.key, **_mode(item)})
    found = [{"name": name, "items": chosen, **optional} for name, chosen in parts.items()]
    rest = [item for item in items if item.get("key") not in moved.references]
    if not rest and (items or not moved.remaining):
        return None, found
    return ({**config, "items": [{**item, **_mode(item)} for item in rest]} if items else config), found


def _mode(item: dict[str, Any]) -> dict[str, Any]:
    return {"mode": Octal(item["mode"])} if type(item.get("mode")) is int else {}

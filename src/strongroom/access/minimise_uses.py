"""Which Secrets a program is known to use: given to it by the kubelet, or named in what it is started with."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Sequence

from strongroom.access import rbac_defaults
from strongroom.access.code import Code
from strongroom.access.world import DEFAULT, World
from strongroom.model.minimise import Use
from strongroom.model.rbac import READ_VERBS, Role
from strongroom.model.resource import as_dict, as_list, as_text
from strongroom.model.secret import SecretRef, Way
from strongroom.model.workload import Workload

_NAME = re.compile(r"(?:([a-z0-9][-a-z0-9]*)/)?([a-z0-9](?:[-.a-z0-9]*[a-z0-9])?)")
"""A name in a text, with a namespace where one stands before it."""

_LONGEST_TEXT = 1 << 20

DELIVERED = frozenset(
    {Way.ENV, Way.ENV_FROM, Way.VOLUME, Way.PROJECTED, Way.CSI, Way.IMAGE_PULL, Way.SERVICE_ACCOUNT, Way.INJECTED}
)
"""How a program is given a Secret without asking the API for it: the kubelet, a driver or a sidecar does."""

_Key = tuple[str, str, str]


class Uses:
    """The Secrets of a run by who uses them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._known = {SecretRef(ref.namespace, ref.name) for ref in world.secrets_in("")}
        self._delivered: dict[_Key, list[SecretRef]] = {}
        self._by_type: dict[tuple[str, str], list[SecretRef]] = {}
        for record in world.facts.secrets:
            ref = SecretRef(record.ref.namespace or DEFAULT, record.ref.name)
            for consumer in record.consumers:
                group, kind, namespace, name = consumer.resource
                if consumer.way in DELIVERED:
                    self._delivered.setdefault((kind, namespace or DEFAULT, name), []).append(ref)
                else:
                    self._by_type.setdefault((group, kind), []).append(ref)

    def of(self, code: Code, role: Role, spaces: Sequence[str]) -> Iterator[Use]:
        """Yield the Secrets that a program is known to use.

        Args:
            code: the program.
            role: through which it may read Secrets.
            spaces: where the role reaches; empty for everywhere.
        """
        by, resource = code.node.show(), code.workload.resource
        delivered = set(self._delivered.get((resource.kind, code.namespace, resource.name), ()))
        yield from (Use(ref, by, delivered=True) for ref in delivered)
        for ref in (*self._named(code), *self._of_objects(role)):
            if ("" in spaces or ref.namespace in spaces) and ref not in delivered:
                yield Use(ref, by, delivered=False)

    def _of_objects(self, role: Role) -> Iterator[SecretRef]:
        """Yield the Secrets named by objects that a role reads by a rule that names their type."""
        for (group, kind), refs in self._by_type.items():
            plural = _plurals().get((group, kind), "")
            if any(
                plural in rule.resources and rule.has_resource(group, plural) and rule.has_verb(*READ_VERBS)
                for rule in role.rules
            ):
                yield from refs

    def _named(self, code: Code) -> Iterator[SecretRef]:
        """Yield the Secrets whose names stand in what a program is started with."""
        for text in _texts(code.workload, self._world):
            for namespace, name in _NAME.findall(text[:_LONGEST_TEXT]):
                for ref in (SecretRef(code.namespace, name), SecretRef(namespace, name)):
                    if ref in self._known:
                        yield ref

    def __repr__(self) -> str:
        return f"Uses({len(self._known)} secrets)"


@functools.cache
def _plurals() -> dict[tuple[str, str], str]:
    return {(entry.group, entry.kind): entry.plural for entry in rbac_defaults.types() if "/" not in entry.plural}


def _texts(workload: Workload, world: World) -> Iterator[str]:
    """Yield commands, arguments, literal variables and the ConfigMaps that a program is given."""
    for container in workload.containers:
        yield from (word for _, word in container.words)
        yield from (variable.value for variable in container.env if variable.value)
    for name in dict.fromkeys(_config_maps(workload)):
        found = world.facts.find("ConfigMap", workload.namespace, name)
        if found is not None:
            yield from (as_text(value) for value in as_dict(found.body.get("data")).values())


def _config_maps(workload: Workload) -> Iterable[str]:
    for container in workload.containers:
        for variable in container.env:
            yield as_text(as_dict(variable.value_from.get("configMapKeyRef")).get("name"))
        for _, entry in container.env_from:
            yield as_text(as_dict(entry.get("configMapRef")).get("name"))
    for _, volume in workload.volumes:
        yield as_text(as_dict(volume.get("configMap")).get("name"))
        for source in as_list(as_dict(volume.get("projected")).get("sources")):
            yield as_text(as_dict(as_dict(source).get("configMap")).get("name"))

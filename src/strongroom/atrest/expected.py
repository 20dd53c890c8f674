"""How objects shall lie in etcd, and which of them do not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

import msgspec

from strongroom.atrest.configuration import IDENTITY, Configuration, KeyRef, Rule
from strongroom.atrest.servers import config_hash
from strongroom.atrest.stored import Etcd, StoredObject, check_cluster, stored
from strongroom.model.controlplane import StoredAs
from strongroom.sources.etcd_keys import group_of

UNSERVED = frozenset({"health", "masterleases", "peerserverleases", "ranges"})
"""What API servers keep in etcd for themselves, never encrypted: it has no REST API.

k8s.io/kubernetes ``pkg/controlplane``: ``createLeaseReconciler``, ``CreatePeerEndpointLeaseReconciler``; see too
``ValidateEncryptionConfiguration``.
"""


class Expected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How objects of some resources shall lie.

    Attributes:
        resources: as an EncryptionConfiguration names them.
        provider, key: what they shall be encrypted with, as `StoredAs` says it.
        key_id_hash: of KMS v2, the hash of the id of the key; any where it is empty.
        anyhow: True where it is no matter: the rule is known only so that another one does not serve its resources.
    """

    resources: tuple[str, ...]
    provider: str
    key: str = ""
    key_id_hash: str = ""
    anyhow: bool = False

    def met(self, how: StoredAs) -> bool:
        """Tell whether an object lies as it shall."""
        if (how.provider, how.key) != (self.provider, self.key):
            return False
        return not self.key_id_hash or config_hash(how.kms_key.encode()) == self.key_id_hash

    def show(self) -> str:
        """Write it for people: ``secretbox key2``, ``plain text``."""
        return StoredAs(self.provider, self.key).show()


def expected(configuration: Configuration, chosen: Collection[int]) -> tuple[Expected, ...]:
    """Return how objects lie once they were written by some rules of a configuration, given by their indices."""
    return tuple(
        Expected(rule.resources, *_names(rule.writer, rule.providers[0].api_version), anyhow=index not in chosen)
        for index, rule in enumerate(configuration.rules)
    )


def readable(configuration: Configuration) -> dict[str, frozenset[StoredAs]]:
    """Return what can be read, by pattern of resources; the key ids of KMS are left out.

    Where several rules have one name, the API server reads with the providers of all of them.
    """
    found: dict[str, frozenset[StoredAs]] = {}
    for rule in configuration.rules:
        for name in rule.resources:
            found[name] = found.get(name, frozenset()).union(_readers(rule))
    return found


def _readers(rule: Rule) -> Iterator[StoredAs]:
    for one in rule.readers:
        provider = rule.provider_of(one)
        yield StoredAs(*_names(one, provider.api_version if provider else ""))


def _names(one: KeyRef, version: str) -> tuple[str, str]:
    if one.kind == IDENTITY:
        return IDENTITY, ""
    return (f"kms {version}" if one.kind == "kms" else one.kind), one.name


def pattern_of(resource: str, patterns: Iterable[str]) -> str | None:
    """Return by which name of an EncryptionConfiguration a resource is served; None where it is not.

    As k8s.io/apiserver ``transformerFromOverrides``: who names it, else its group, else everything.
    """
    known = set(patterns)
    _, _, group = resource.partition(".")
    return next((pattern for pattern in (resource, f"*.{group}", "*.*") if pattern in known), None)


def patterns(rules: Iterable[Expected]) -> tuple[str, ...]:
    """Return the names of the resources whose objects matter."""
    return tuple(dict.fromkeys(name for rule in rules if not rule.anyhow for name in rule.resources))


def rule_of(rules: Iterable[Expected], resource: str) -> Expected | None:
    """Return the rule that says how a resource is written, given as ``secrets`` or ``widgets.example.com``.

    Of several rules that have one name it is the first.
    """
    by_pattern = {name: rule for rule in reversed([*rules]) for name in rule.resources}
    found = pattern_of(resource, by_pattern)
    return None if found is None else by_pattern[found]


def astray(etcd: Etcd, rules: Sequence[Expected], progress: Callable[[str], None]) -> Iterator[StoredObject]:
    """Yield the objects that do not lie as they shall.

    Raises:
        UsageError, SourceError: etcd cannot be read, or holds no cluster there.
    """
    if not patterns(rules):
        return
    check_cluster(etcd)
    served: dict[str, Expected | None] = {}
    for one in stored(etcd, patterns(rules), progress):
        if one.resource not in served:
            served[one.resource] = None if one.resource in UNSERVED else rule_of(rules, name_of(one.resource))
        rule = served[one.resource]
        if rule is not None and not rule.anyhow and not rule.met(one.how):
            yield one


def name_of(resource: str) -> str:
    """Return the name that an EncryptionConfiguration has for a resource that etcd's keys name."""
    plural, group = group_of(resource)
    return f"{plural}.{group}" if group else plural

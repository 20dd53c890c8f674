"""Changes of an EncryptionConfiguration: a new key second, then first, then the old ones gone.

Pure: each takes a configuration and returns another, of which `strongroom.atrest.edit` makes splices. The order in
which a cluster may go through them is that of
https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/#rotating-a-decryption-key.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Collection, Iterable
from datetime import date

from strongroom.atrest.configuration import (
    IDENTITY,
    WITH_KEYS,
    Configuration,
    Key,
    KeyRef,
    Provider,
    Rule,
    references,
)
from strongroom.errors import PlanError, UsageError
from strongroom.model.plaintext import Plaintext

KEY_BYTES = 32
"""The length of fresh keys: the only one of secretbox, and the longest of AES-GCM (types_encryption.go, ``Key``)."""

NEW_KINDS = ("secretbox", "aesgcm")
"""Local providers that may encrypt what is new; aescbc is open to padding oracles (the guide above, "Providers")."""

PLAIN = Provider(IDENTITY)


def fresh_key(kind: str, taken: Collection[str], today: date) -> Provider:
    """Return a local provider with a fresh random key under a name that was never used.

    Args:
        kind: one of `NEW_KINDS`.
        taken: names of keys that there are.
        today: becomes part of the name, so that it is not that of a key which was removed.

    Raises:
        UsageError: nothing new is to be encrypted in this way.
    """
    if kind not in NEW_KINDS:
        raise UsageError(f"no new keys are made for {kind}", hint=f"choose {' or '.join(NEW_KINDS)}")
    name = ""
    while not name or name in taken:
        name = f"key-{today.isoformat()}-{secrets.token_hex(2)}"
    return Provider(kind, (Key(name, Plaintext(base64.b64encode(secrets.token_bytes(KEY_BYTES)))),))


def plugin(name: str, endpoint: str, timeout: str = "") -> Provider:
    """Return a KMS v2 plugin.

    Raises:
        UsageError: the API server would not take its name or its endpoint.
    """
    if not endpoint.startswith("unix:///"):
        raise UsageError("the endpoint of a KMS plugin is a Unix socket", hint="unix:///run/strongroom/kms.sock")
    if not name or ":" in name:
        raise UsageError("the name of a KMS v2 plugin is not empty, and has no colon")
    return Provider("kms", (), name, endpoint, "v2", timeout)


def fresh(resources: Iterable[str], new: Provider, *, staged: bool) -> Configuration:
    """Return a configuration where there was none; what is stored unencrypted stays readable.

    Args:
        resources: ``secrets``, ``widgets.example.com``, ``*.example.com``, ``*.``, ``*.*``.
        new: what shall encrypt.
        staged: nothing is encrypted yet, as several API servers need it: one that has not loaded the configuration
            cannot read what another has encrypted. `promoted` follows.
    """
    providers = (PLAIN, new) if staged else (new, PLAIN)
    return Configuration((Rule(tuple(_distinct(resources)), providers),))


def covering(configuration: Configuration, resources: Iterable[str], new: Provider, *, staged: bool) -> Configuration:
    """Return a configuration that serves more resources; those that it serves already stay as they are.

    They join the first rule that encrypts with the same, or that serves others of `resources`; a rule that nobody asked
    about is not changed. Where there is none, the change is staged or that rule names what overlaps, they get a rule
    of their own.

    Raises:
        PlanError: a rule leaves one of them unencrypted on purpose.
    """
    missing, meant = [], set()
    for name in _distinct(resources):
        rule = configuration.rule_of(name)
        if rule is None:
            missing.append(name)
            continue
        meant.add(rule.at)
        if rule.writer.kind == IDENTITY and len(rule.providers) == 1:
            raise PlanError(
                f"{name} are left unencrypted by a rule of their own",
                hint="take the rule out of the file if that is no longer meant",
            )
    if not missing:
        return configuration
    rules = list(configuration.rules)
    fit = (i for i, rule in enumerate(rules) if rule.at in meant or is_same(rule.providers[0], new))
    home = next((i for i in fit if rules[i].writer.kind != IDENTITY), None)
    if home is not None and not staged and not _stars([*rules[home].resources, *missing]):
        rule = rules[home]
        providers = rule.providers if KeyRef(IDENTITY) in rule.readers else (*rule.providers, PLAIN)
        rules[home] = rule._replace(resources=(*rule.resources, *missing), providers=providers)
    else:
        own = _unique(new, configuration.names)
        rules.append(Rule(tuple(missing), (PLAIN, own) if staged else (own, PLAIN)))
    return configuration._replace(rules=tuple(rules))


def _distinct(names: Iterable[str]) -> list[str]:
    """Return names without those that another of them takes in."""
    found = list(dict.fromkeys(names))
    return [name for name in found if name == "*.*" or not {f"*.{name.partition('.')[2]}", "*.*"} & {*found} - {name}]


def _stars(names: Iterable[str]) -> bool:
    return any(name.startswith("*") for name in names)


def with_second(configuration: Configuration, new: Provider, rules: Collection[int] | None = None) -> Configuration:
    """Return a configuration that reads with a new key too, and still writes with the old one.

    Args:
        configuration: the configuration.
        new: a local provider with one key, a KMS plugin, or `PLAIN`; what can be read already is left alone.
        rules: which rules; None for all.
    """
    names = set(configuration.names)
    changed = []
    for index, rule in enumerate(configuration.rules):
        if (rules is None or index in rules) and _found(rule, new) is None:
            own = _unique(new, names) if new.kind == "kms" else new
            names.add(own.name)
            changed.append(rule._replace(providers=_second(rule.providers, own)))
        else:
            changed.append(rule)
    return configuration._replace(rules=tuple(changed))


def _second(providers: tuple[Provider, ...], new: Provider) -> tuple[Provider, ...]:
    first = providers[0]
    if new.kind in WITH_KEYS and first.kind == new.kind:
        return (first._replace(keys=(first.keys[0], *new.keys, *first.keys[1:])), *providers[1:])
    return (first, new, *providers[1:])


def promoted(configuration: Configuration, new: Provider, rules: Collection[int] | None = None) -> Configuration:
    """Return a configuration that writes with a key that it can read with already.

    Args:
        configuration: the configuration.
        new: as for `with_second`.
        rules: which rules; None for all.

    Raises:
        PlanError: a rule cannot read with it.
    """
    changed = []
    for index, rule in enumerate(configuration.rules):
        if rules is not None and index not in rules:
            changed.append(rule)
            continue
        found = _found(rule, new)
        if found is None:
            raise PlanError(
                f"the rule for {', '.join(rule.resources)} cannot read with the new key",
                hint="it is added as second first",
            )
        first = rule.providers[found]
        if first.keys:
            front = [key for key in first.keys if key.name == new.keys[0].name]
            first = first._replace(keys=(*front, *(key for key in first.keys if key not in front)))
        others = [provider for at, provider in enumerate(rule.providers) if at != found]
        changed.append(rule._replace(providers=(first, *others)))
    return configuration._replace(rules=tuple(changed))


def without(
    configuration: Configuration, old: Collection[KeyRef], rules: Collection[int] | None = None
) -> Configuration:
    """Return a configuration that no longer reads with some keys. The caller has proved that nothing needs them.

    Args:
        configuration: the configuration.
        old: the keys; those that a rule does not have are no matter there.
        rules: which rules; None for all.

    Raises:
        PlanError: a rule writes with one of them.
    """
    changed = []
    for index, rule in enumerate(configuration.rules):
        if rules is not None and index not in rules:
            changed.append(rule)
            continue
        if rule.writer in old:
            raise PlanError(
                f"the rule for {', '.join(rule.resources)} still writes with {rule.writer.show()}",
                hint="another key is to be first, loaded, and everything rewritten, before it is removed",
            )
        providers = []
        for provider in rule.providers:
            kept = tuple(key for key in provider.keys if KeyRef(provider.kind, key.name) not in old)
            if kept or (not provider.keys and references(provider)[0] not in old):
                providers.append(provider._replace(keys=kept))
        changed.append(rule._replace(providers=tuple(providers)))
    return configuration._replace(rules=tuple(changed))


def obsolete(configuration: Configuration, rules: Collection[int] | None = None) -> frozenset[KeyRef]:
    """Return the keys that no rule writes with, plain text left out: what may go once nothing is under them."""
    chosen = [rule for index, rule in enumerate(configuration.rules) if rules is None or index in rules]
    writers = {rule.writer for rule in configuration.rules}
    return frozenset(one for rule in chosen for one in rule.readers if one not in writers and one.kind != IDENTITY)


def is_same(one: Provider, other: Provider) -> bool:
    """Tell whether two providers encrypt alike, by one plugin or one cipher, whatever their keys and names."""
    return (one.kind, one.endpoint, one.api_version) == (other.kind, other.endpoint, other.api_version)


def _found(rule: Rule, new: Provider) -> int | None:
    """Return where a rule has what a new provider is, be it with a key among others or under a numbered name."""
    numbered = re.compile(re.escape(new.name) + r"(-\d+)?")
    for at, provider in enumerate(rule.providers):
        if provider.kind != new.kind:
            continue
        if new.kind == IDENTITY:
            return at
        if new.kind == "kms":
            if is_same(provider, new) and numbered.fullmatch(provider.name):
                return at
        elif new.keys[0].name in {key.name for key in provider.keys}:
            return at
    return None


def _unique(new: Provider, taken: Collection[str]) -> Provider:
    """Return a KMS plugin under a name that no other has: the API server wants one per rule."""
    name, number = new.name, 2
    while new.kind == "kms" and name in taken:
        name, number = f"{new.name}-{number}", number + 1
    return new._replace(name=name)

"""Bring the text of an EncryptionConfiguration to what it shall say: comments, order and layout stay."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from strongroom.atrest.configuration import API_VERSION, KIND, NEW, WITH_KEYS, Configuration, Provider, Rule, parse
from strongroom.documents.edits import spans
from strongroom.documents.lists import Brought, Listed, brought, listed
from strongroom.documents.wanted import Unfit
from strongroom.documents.written import MARK, Manner
from strongroom.errors import PlanError
from strongroom.model.origin import FieldPath
from strongroom.model.plaintext import Plaintext
from strongroom.model.plan import Piece, Sealed, Splice, Text

Seal = Callable[[Plaintext], Sealed]
"""Makes of a value what a plan may hold (`strongroom.crypto.plan_values.seal` with the fingerprint key)."""

_HEAD = """\
# What the API server encrypts before it reaches etcd. The first provider of a rule encrypts, all of them decrypt.
# A key must stay as long as anything is encrypted under it: strongroom at-rest rotate proves that before it goes.
# Whoever reads this file can read every Secret in etcd and in its backups: mode 0600, and no copy in Git.
"""
_COMMENTED = re.compile(rb"#[^\n]*?[A-Za-z0-9+/_-]{16,}[^\n]*")  # it could be a key that was commented out


class Edit(NamedTuple):
    """One edit of one file.

    Attributes:
        splices: how the text changes; no value stands in them in clear.
        configuration: what the file says afterwards.
        hidden: spans of the text before that hold keys.
    """

    splices: tuple[Splice, ...]
    configuration: Configuration
    hidden: tuple[tuple[int, int], ...] = ()

    @property
    def data(self) -> Plaintext:
        """The whole file afterwards."""
        return self.configuration.text


def made(wanted: Configuration, seal: Seal, where: str) -> Edit:
    """Return the edit that makes a new file.

    Args:
        wanted: what it shall say.
        seal: hides fresh keys.
        where: its name for people.

    Raises:
        DocumentError: the API server would refuse it.
    """
    values: list[Brought] = []
    body = {"apiVersion": API_VERSION, "kind": KIND, "resources": [_rule(rule, values, seal) for rule in wanted.rules]}
    manner = Manner(is_json=False, item_indent=2, step=2, taken=lambda taken: int(taken.field[0]))
    pieces: list[Piece] = []
    for number, part in enumerate(MARK.split(_HEAD + "".join(f"{line}\n" for line in manner.block(body, 0)))):
        pieces.append(values[int(part)].sealed if number % 2 else Text(part))
    clear = {value.sealed.data: value.value.reveal() for value in values}
    data = b"".join(
        clear[one.data] if isinstance(one, Sealed) else str(getattr(one, "text", "")).encode() for one in pieces
    )
    return Edit((Splice(0, 0, tuple(pieces)),), parse(data, where))


def edit(before: Configuration, wanted: Configuration, seal: Seal, where: str) -> Edit:
    """Return the edit that brings a file from one configuration to another made of it.

    Args:
        before: what the file says.
        wanted: what it shall say (`strongroom.atrest.changes`).
        seal: hides fresh keys.
        where: its name for people.

    Raises:
        PlanError: it is written in a way that cannot be edited in place.
        DocumentError: the API server would refuse what it came to.
    """
    data = before.text.reveal()
    values: list[Brought] = []
    secrets = [*_secrets(before)]
    try:
        found = listed(data, [*_lists(before, wanted, values, seal)], values, secrets)
    except Unfit as unfit:
        raise PlanError(f"{where} cannot be edited", hint=str(unfit)) from None
    hidden = [(one.start, one.end) for one in spans(data, {0: secrets})]
    hidden += [match.span() for match in _COMMENTED.finditer(data)]
    return Edit(found.splices, parse(found.after.reveal(), where), tuple(sorted(hidden)))


def _secrets(configuration: Configuration) -> Iterator[FieldPath]:
    for rule in configuration.rules:
        for provider in rule.providers:
            for key in provider.keys:
                yield ("resources", rule.at, "providers", provider.at, provider.kind, "keys", key.at, "secret")


def _lists(before: Configuration, wanted: Configuration, values: list[Brought], seal: Seal) -> Iterator[Listed]:
    """Yield the lists that change; those that lie within others come first."""
    rules = {rule.at: rule for rule in before.rules}
    for rule in wanted.rules:
        if rule.at != NEW:
            yield from _lists_of(rules[rule.at], rule, values, seal)
    if [rule.at for rule in wanted.rules] != [*rules]:
        items = tuple(rule.at if rule.at != NEW else _rule(rule, values, seal) for rule in wanted.rules)
        yield Listed(("resources",), items)


def _lists_of(before: Rule, wanted: Rule, values: list[Brought], seal: Seal) -> Iterator[Listed]:
    field: FieldPath = ("resources", before.at)
    if before.resources != wanted.resources:
        names = [before.resources.index(name) if name in before.resources else name for name in wanted.resources]
        yield Listed((*field, "resources"), tuple(names))
    providers = {provider.at: provider for provider in before.providers}
    for provider in wanted.providers:
        if provider.at == NEW or provider.keys == providers[provider.at].keys:
            continue
        keys = [key.at if key.at != NEW else _key(key.name, key.secret, values, seal) for key in provider.keys]
        yield Listed((*field, "providers", provider.at, provider.kind, "keys"), tuple(keys))
    if [provider.at for provider in wanted.providers] != [*providers]:
        items = [one.at if one.at != NEW else _provider(one, values, seal) for one in wanted.providers]
        yield Listed((*field, "providers"), tuple(items))


def _rule(rule: Rule, values: list[Brought], seal: Seal) -> dict[str, Any]:
    return {
        "resources": [*rule.resources],
        "providers": [_provider(provider, values, seal) for provider in rule.providers],
    }


def _provider(provider: Provider, values: list[Brought], seal: Seal) -> dict[str, Any]:
    if provider.kind in WITH_KEYS:
        return {provider.kind: {"keys": [_key(key.name, key.secret, values, seal) for key in provider.keys]}}
    if provider.kind == "kms":
        body = {"apiVersion": provider.api_version, "name": provider.name, "endpoint": provider.endpoint}
        return {"kms": body | ({"timeout": provider.timeout} if provider.timeout else {})}
    return {provider.kind: {}}


def _key(name: str, secret: Plaintext, values: list[Brought], seal: Seal) -> dict[str, Any]:
    values.append(Brought(secret, seal(secret)))
    return {"name": name, "secret": brought(len(values) - 1)}

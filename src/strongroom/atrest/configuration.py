"""An EncryptionConfiguration as one file says it, read as strictly as the API server reads it.

https://kubernetes.io/docs/reference/config-api/apiserver-config.v1/#apiserver-config-k8s-io-v1-EncryptionConfiguration;
what is refused is what k8s.io/apiserver refuses: strict decoding, and ``ValidateEncryptionConfiguration`` of
``pkg/apis/apiserver/validation/validation_encryption.go``.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any, NamedTuple

from strongroom.documents.yaml import Document, read
from strongroom.errors import DocumentError
from strongroom.model.origin import FieldPath
from strongroom.model.plaintext import Plaintext

API_VERSION = "apiserver.config.k8s.io/v1"
KIND = "EncryptionConfiguration"
WITH_KEYS = ("aescbc", "aesgcm", "secretbox")
KINDS = (*WITH_KEYS, "kms", "identity")
IDENTITY = "identity"
NEW = -1
"""In place of the index of what a file does not have yet."""

_KEY_BYTES = {"aescbc": (16, 24, 32), "aesgcm": (16, 24, 32), "secretbox": (32,)}
_NO_REST_API = ("apiserveripinfo", "serviceipallocations", "servicenodeportallocations")
_KMS_FIELDS = {"apiVersion", "name", "cachesize", "endpoint", "timeout"}
_DURATION = re.compile(r"\+?(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+")  # Go time.ParseDuration
_FIELDS = {"kind", "apiVersion", "resources", "providers", "keys", "name", "secret", *KINDS, *_KMS_FIELDS}
_FIELD = re.compile("[A-Za-z]+$")
_SCALAR = re.compile(r"[A-Za-z0-9._-]+")


class Key(NamedTuple):
    """A key of a local provider.

    Attributes:
        name: its name, which the stored bytes carry.
        secret: the key in base64, as files write it.
        at: its index in the list of the file; `NEW` where the file does not have it yet.
    """

    name: str
    secret: Plaintext
    at: int = NEW


class Provider(NamedTuple):
    """One entry of a list of providers.

    Attributes:
        kind: one of `KINDS`.
        keys: of a local provider; the first one encrypts, all of them decrypt.
        name, endpoint, api_version, timeout: of a KMS plugin; the version is ``v1`` or ``v2``, the timeout empty where
            the API server's own default of three seconds holds.
        at: its index in the list of the file; `NEW` where the file does not have it yet.
    """

    kind: str
    keys: tuple[Key, ...] = ()
    name: str = ""
    endpoint: str = ""
    api_version: str = ""
    timeout: str = ""
    at: int = NEW


class KeyRef(NamedTuple):
    """What encrypts, by name: a key of a local provider, a KMS plugin, or ``identity`` with no name."""

    kind: str
    name: str = ""

    def show(self) -> str:
        """Write it for people: ``secretbox key-2026-11-21-a3f9``, ``plain text``."""
        return "plain text" if self.kind == IDENTITY else f"{self.kind} {self.name}"


class Rule(NamedTuple):
    """One entry: which resources, by which providers. The first provider encrypts, all of them decrypt."""

    resources: tuple[str, ...]
    providers: tuple[Provider, ...]
    at: int = NEW

    @property
    def writer(self) -> KeyRef:
        """What encrypts what is written now."""
        return references(self.providers[0])[0]

    @property
    def readers(self) -> tuple[KeyRef, ...]:
        """Everything that can be read, what encrypts first."""
        return tuple(one for provider in self.providers for one in references(provider))

    def provider_of(self, one: KeyRef) -> Provider | None:
        """Return the provider that has a key; None where none has."""
        return next((provider for provider in self.providers if one in references(provider)), None)


class Configuration(NamedTuple):
    """The rules of one file; a resource is served by the rule that names it, its group, or everything.

    Attributes:
        rules: in order.
        text: the file, keys included.
    """

    rules: tuple[Rule, ...]
    text: Plaintext = Plaintext(b"")

    def rule_of(self, resource: str) -> Rule | None:
        """Return the rule that says how a resource is written, given as ``secrets`` or ``widgets.example.com``.

        As k8s.io/apiserver ``transformerFromOverrides``: who names it, else its group, else everything. Of several
        rules that have one name it is the first; `joined` tells which names those are.
        """
        group = resource.partition(".")[2]
        for pattern in (resource, f"*.{group}", "*.*"):
            found = next((rule for rule in self.rules if pattern in rule.resources), None)
            if found is not None:
                return found
        return None

    @property
    def joined(self) -> tuple[str, ...]:
        """The names that several rules have: the API server makes one rule of their providers, in order.

        k8s.io/apiserver ``getTransformerOverridesAndKMSPluginProbes``; it refuses that for wildcards.
        """
        seen = Counter(name for rule in self.rules for name in set(rule.resources))
        return tuple(name for name, rules in seen.items() if rules > 1)

    @property
    def names(self) -> frozenset[str]:
        """The names of all keys and plugins."""
        return frozenset(one.name for rule in self.rules for one in rule.readers if one.name)


def references(provider: Provider) -> tuple[KeyRef, ...]:
    """Return what a provider can read with, what it writes with first."""
    if provider.kind in WITH_KEYS:
        return tuple(KeyRef(provider.kind, key.name) for key in provider.keys)
    return (KeyRef(provider.kind, provider.name),)


def parse(data: bytes, where: str) -> Configuration:
    """Read a file.

    Args:
        data: the file: YAML or JSON.
        where: its name for people.

    Raises:
        DocumentError: it is cut off, holds anything else, or the API server would refuse it. The text says what and
            where, and no value.
    """
    found = list(read(data))
    if not found:
        raise DocumentError(f"{where} is empty", hint="the API server does not start with it; restore the file")
    first = found[0]
    if not isinstance(first, Document):
        hint = "it may be cut off; restore it from another control-plane node"
        raise DocumentError(f"{where} cannot be read: {first.reason}", hint=hint, line=first.line, column=first.column)
    if len(found) > 1:
        raise DocumentError(f"{where} holds several documents", hint="the API server reads the first one only")
    if first.duplicates:
        field, line, column = first.duplicates[0]
        known = _FIELD.search(field)  # any other could be a value in the wrong place
        shown = field if known and known[0] in _FIELDS else "a field"
        raise DocumentError(f"{where} gives {shown} twice", hint="one of them has no effect", line=line, column=column)
    try:
        rules = _configuration(first.body)
    except _Refused as refused:
        hint = "the API server would refuse the whole file"
        raise DocumentError(f"{where}: {_place(refused.field)} {refused.why}", hint=hint) from None
    return Configuration(rules, Plaintext(data))


class _Refused(Exception):  # noqa: N818 - becomes a DocumentError at once
    def __init__(self, field: FieldPath, why: str) -> None:
        super().__init__(why)
        self.field, self.why = field, why


def _place(field: FieldPath) -> str:
    """Write a path; a step that could be a value in the wrong place is left out."""
    steps = [f"[{one}]" if isinstance(one, int) else f".{one}" for one in field]
    return "".join(steps).removeprefix(".") or "the document"


def _configuration(body: Any) -> tuple[Rule, ...]:
    if not isinstance(body, dict) or body.get("kind") != KIND or body.get("apiVersion") != API_VERSION:
        raise _Refused((), f"is not an {KIND} of {API_VERSION}")
    _only(body, {"kind", "apiVersion", "resources"}, ())
    rules = tuple(_rule(one, index) for index, one in enumerate(_list(body.get("resources"), ("resources",))))
    for problem in problems(rules):
        raise _Refused(*problem)
    return rules


def _rule(body: Any, index: int) -> Rule:
    field: FieldPath = ("resources", index)
    body = _mapping(body, field)
    _only(body, {"resources", "providers"}, field)
    names = _list(body.get("resources"), (*field, "resources"))
    resources = tuple(_resource(_text(one, (*field, "resources", at))) for at, one in enumerate(names))
    entries = _list(body.get("providers"), (*field, "providers"))
    providers = tuple(_provider(one, (*field, "providers", at), at) for at, one in enumerate(entries))
    return Rule(resources, providers, index)


def _resource(name: str) -> str:
    """Return the one way to write a resource: ``secrets.`` is ``secrets`` (``schema.ParseGroupResource``)."""
    plural, _, group = name.partition(".")
    return name if group or plural == "*" else plural


def _provider(body: Any, field: FieldPath, at: int) -> Provider:
    body = _mapping(body, field)
    _only(body, set(KINDS), field)
    if len(body) != 1:
        raise _Refused(field, "is to name exactly one provider")
    kind = next(iter(body))
    settings = body[kind]
    field = (*field, kind)
    if kind == IDENTITY:
        if settings != {}:
            raise _Refused(field, "takes nothing but {}")
        return Provider(kind, at=at)
    settings = _mapping(settings, field)
    if kind in WITH_KEYS:
        _only(settings, {"keys"}, field)
        keys = _list(settings.get("keys"), (*field, "keys"))
        return Provider(kind, tuple(_key(one, kind, (*field, "keys", i), i) for i, one in enumerate(keys)), at=at)
    _only(settings, _KMS_FIELDS, field)
    name, endpoint = (
        _text(settings.get("name"), (*field, "name")),
        _text(settings.get("endpoint"), (*field, "endpoint")),
    )
    version = _text(settings.get("apiVersion", "v1"), (*field, "apiVersion"))
    if settings.get("cachesize") is not None and (version != "v1" or not settings["cachesize"]):
        raise _Refused((*field, "cachesize"), "is only of KMS v1, and not 0")
    timeout = _text(settings.get("timeout"), (*field, "timeout")) if "timeout" in settings else ""
    return Provider(kind, (), name, endpoint, version, timeout, at)


def _key(body: Any, kind: str, field: FieldPath, at: int) -> Key:
    body = _mapping(body, field)
    _only(body, {"name", "secret"}, field)
    name, secret = _text(body.get("name"), (*field, "name")), _text(body.get("secret"), (*field, "secret"))
    try:
        length = len(base64.b64decode(secret, validate=True))
    except (binascii.Error, ValueError):
        raise _Refused((*field, "secret"), "is not base64") from None
    if length not in _KEY_BYTES[kind]:
        allowed = " or ".join(map(str, _KEY_BYTES[kind]))
        raise _Refused((*field, "secret"), f"is of {length} bytes, and {kind} takes {allowed}")
    return Key(name, Plaintext(secret), at)


def _only(body: dict[str, Any], known: set[str], field: FieldPath) -> None:
    for name in body:
        if name not in known:
            shown = f"{name} " if _SCALAR.fullmatch(name) and len(name) <= 20 else ""
            raise _Refused(field, f"has a field {shown}that is not known there")


def _mapping(body: Any, field: FieldPath) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise _Refused(field, "is no mapping")
    return body


def _list(body: Any, field: FieldPath) -> list[Any]:
    if not isinstance(body, list) or not body:
        raise _Refused(field, "is empty, or no list")
    return body


def _text(body: Any, field: FieldPath) -> str:
    if not isinstance(body, str) or not body:
        raise _Refused(field, "is missing, or no text")
    return body


def problems(rules: Sequence[Rule]) -> Iterator[tuple[FieldPath, str]]:
    """Yield what the API server would refuse of rules that can be read: where, and why."""
    plugins: set[str] = set()
    for index, rule in enumerate(rules):
        field: FieldPath = ("resources", index)
        yield from _problems_of_names(rule.resources, (*field, "resources"))
        for at, provider in enumerate(rule.providers):
            if provider.kind == "kms":
                yield from _problems_of_plugin(provider, plugins, (*field, "providers", at, "kms"))
                plugins.add(provider.name)
        for name in rule.resources:
            group = name.partition(".")[2]
            for earlier in rules[:index]:
                masking = next((one for one in (f"*.{group}", "*.*") if one in earlier.resources), "")
                if masking:
                    yield (*field, "resources"), f"has {name}, which the earlier rule for {masking} masks"


def _problems_of_names(names: Sequence[str], field: FieldPath) -> Iterator[tuple[FieldPath, str]]:
    for at, name in enumerate(names):
        resource, _, group = name.partition(".")
        here = (*field, at)
        if name.lower() != name:
            yield here, "has capital letters"
        elif name == "*":
            yield here, "is *: write '*.' for the core group, or '*.*' for everything"
        elif name in _NO_REST_API or group == "extensions":
            yield here, "is a resource that cannot be encrypted"
        elif group == "events.k8s.io":
            yield here, "is stored as events of the core group: write events"
        elif group == "*" and resource != "*":
            yield here, "is one resource of every group, which cannot be"
    for one, other in combinations(names, 2):
        groups = {one.partition(".")[2], other.partition(".")[2]}
        stars = "*" in {one.partition(".")[0], other.partition(".")[0]}
        if one == other or "*.*" in (one, other) or (len(groups) == 1 and stars):
            yield field, f"has {one} and {other}, which overlap"


def _problems_of_plugin(provider: Provider, taken: set[str], field: FieldPath) -> Iterator[tuple[FieldPath, str]]:
    if provider.api_version not in ("v1", "v2"):
        yield (*field, "apiVersion"), "is neither v1 nor v2"
    if not provider.endpoint.startswith("unix:"):
        yield (*field, "endpoint"), "is no Unix socket: unix:///..."
    if provider.timeout and not (_DURATION.fullmatch(provider.timeout) and re.search("[1-9]", provider.timeout)):
        yield (*field, "timeout"), "is no time, such as 3s"
    if ":" in provider.name and provider.api_version != "v1":
        yield (*field, "name"), "has a colon"
    if provider.name in taken:
        yield (*field, "name"), "is the name of an earlier plugin"

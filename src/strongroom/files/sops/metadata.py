"""The ``sops`` metadata of a file: as it is written there, and as the rest of the room knows it.

The parts, their order and which of them are left out when they are empty are those of ``stores/stores.go`` of
https://github.com/getsops/sops.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from strongroom.errors import DocumentError
from strongroom.files.sops.selection import DEFAULT_SUFFIX, MATCHERS, Selection
from strongroom.keys.key import Wrapped
from strongroom.keys.kinds import kind_of

VERSION: Final = "3.11.0"
"""The version of sops whose behaviour is followed; it stands in the files that are written here."""

KEY: Final = "sops"
"""Where the metadata stand."""

_READ: Final = ("kms", "gcp_kms", "azure_kv", "hc_vault", "pgp", "age")
"""The order in which sops gathers the keys of a group."""
_BEFORE_MAC: Final = ("kms", "gcp_kms", "azure_kv", "hc_vault", "age")
_IN_GROUP: Final = ("pgp", "kms", "gcp_kms", "azure_kv", "hc_vault", "age")
_ALWAYS_IN_GROUP: Final = frozenset(("hc_vault", "age"))
_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.\d+)?(Z|z|[-+](?:[01]\d|2[0-3]):[0-5]\d)\Z", re.ASCII
)
_MOST_KEYS: Final = 1000


class Metadata(NamedTuple):
    """What a file says about its own encryption.

    Attributes:
        groups: the wrapped data key (one group), or its shares (several groups).
        shamir_threshold: how many groups are needed; 0 with one group.
        lastmodified: RFC 3339, UTC; the additional data of the MAC.
        mac: ``ENC[…]`` around the digest; empty before the first encryption.
        version: of the program that wrote the file.
    """

    groups: tuple[tuple[Wrapped, ...], ...]
    shamir_threshold: int
    lastmodified: str
    mac: str
    selection: Selection
    version: str


def from_mapping(body: Mapping[str, Any]) -> Metadata:
    """Return the metadata that stand under ``sops`` in a file.

    Raises:
        DocumentError: a part is missing or of another kind than sops writes, or there is no key.
    """
    groups = _groups(body)
    if not groups:
        raise DocumentError("the sops metadata name no key")
    return Metadata(
        groups,
        _threshold(body.get("shamir_threshold")),
        _time(_text(body, "lastmodified")),
        _text(body, "mac"),
        _selection(body),
        _text(body, "version"),
    )


def to_mapping(metadata: Metadata) -> dict[str, Any]:
    """Return what stands under ``sops`` for metadata, in the order in which sops writes it."""
    one = metadata.groups[0] if len(metadata.groups) == 1 else ()
    entries = _entries(one)
    body: dict[str, Any] = {}
    if metadata.shamir_threshold:
        body["shamir_threshold"] = metadata.shamir_threshold
    if len(metadata.groups) > 1:
        body["key_groups"] = [_group(group) for group in metadata.groups]
    body.update((kind, entries[kind]) for kind in _BEFORE_MAC if kind in entries)
    body["lastmodified"] = metadata.lastmodified
    body["mac"] = metadata.mac
    if "pgp" in entries:
        body["pgp"] = entries["pgp"]
    selection = metadata.selection
    body.update((name, value) for name in MATCHERS if (value := getattr(selection, name)))
    if selection.mac_only_encrypted:
        body["mac_only_encrypted"] = True
    body["version"] = metadata.version
    return body


def same_keys(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two mappings under ``sops`` differ at most in MAC and time, and in what is left out when empty."""
    return _lasting(one) == _lasting(other)


def _lasting(body: Mapping[str, Any]) -> dict[str, Any]:
    lasting = {key: value for key, value in body.items() if key not in {"mac", "lastmodified"} and value}
    if not any(name in lasting for name in MATCHERS):
        lasting["unencrypted_suffix"] = DEFAULT_SUFFIX
    return lasting


def _entries(group: Iterable[Wrapped]) -> dict[str, list[dict[str, Any]]]:
    entries: dict[str, list[dict[str, Any]]] = {}
    for wrapped in group:
        kind = wrapped.key.kind
        entries.setdefault(kind, []).append(kind_of(kind).to_entry(wrapped))
    return entries


def _group(group: tuple[Wrapped, ...]) -> dict[str, Any]:
    entries = _entries(group)
    return {kind: entries.get(kind, []) for kind in _IN_GROUP if kind in entries or kind in _ALWAYS_IN_GROUP}


def _groups(body: Mapping[str, Any]) -> tuple[tuple[Wrapped, ...], ...]:
    single = _wrapped(body)
    if single:
        return (single,)
    groups = body.get("key_groups")
    if groups is None:
        return ()
    if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
        raise DocumentError("key_groups of the sops metadata is no list of groups")
    if len(groups) > 255:
        raise DocumentError("the sops metadata have more than 255 key groups")
    return tuple(_wrapped(group) for group in groups)


def _wrapped(body: Mapping[str, Any]) -> tuple[Wrapped, ...]:
    found: list[Wrapped] = []
    for kind in _READ:
        entries = body.get(kind)
        if entries is None:
            continue
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise DocumentError(f"{kind} of the sops metadata is no list of keys")
        if len(entries) > _MOST_KEYS:
            raise DocumentError(f"the sops metadata have more than {_MOST_KEYS} keys")
        if entries:
            from_entry = kind_of(kind).from_entry
            found += [from_entry(entry) for entry in entries]
    return tuple(found)


def _threshold(value: Any) -> int:
    if value is None:
        return 0
    # some releases wrote it as a floating point number into flat formats
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,3}(\.0*)?", value):
        value = int(float(value))
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 255:
        raise DocumentError("shamir_threshold of the sops metadata is no number of groups")
    return value


def _selection(body: Mapping[str, Any]) -> Selection:
    given = {name: _text(body, name) for name in MATCHERS if body.get(name)}
    if len(given) > 1:
        raise DocumentError("the sops metadata have more than one selection, and sops takes one")
    only = body.get("mac_only_encrypted", False)
    if only in {"true", "false"}:
        only = only == "true"
    if not isinstance(only, bool):
        raise DocumentError("mac_only_encrypted of the sops metadata is neither true nor false")
    return Selection(**(given or {"unencrypted_suffix": DEFAULT_SUFFIX}), mac_only_encrypted=only)


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str):
        raise DocumentError(f"{name} of the sops metadata is no text")
    return value


def _time(text: str) -> str:
    match = _TIME.match(text)
    if match is None:
        raise DocumentError("lastmodified of the sops metadata is no time")
    # the additional data of the MAC is the time as Go writes it again: without fraction, Z for no offset
    moment, zone = match.groups()
    return moment.replace("t", "T") + ("Z" if zone in {"Z", "z", "+00:00", "-00:00"} else zone)

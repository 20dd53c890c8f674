"""``.sops.yaml``, read as sops reads it: by Go's ``yaml.v3`` into typed fields.

https://getsops.io/docs/#using-sops-yaml-conf-to-select-kms-pgp-and-age-for-new-files. Fields that sops does not know
are left out, as there. A list or a text may stand for the keys of a rule; in ``key_groups`` only lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, TypeVar

from strongroom.documents.bounded import read_file
from strongroom.errors import DocumentError
from strongroom.files.sops.nesting import too_deep
from strongroom.files.sops.selection import MATCHERS, Selection

Node: TypeAlias = Any
"""A ``yaml.Node``; its classes are not loaded before a file is read."""

_LARGEST = 1 << 20
_DEEPEST = 100
_TAG = "tag:yaml.org,2002:"
# yaml.v3 takes the words of YAML 1.1 where a boolean is wanted, in quotes too; "true" in quotes it does not take.
_YES = frozenset({"y", "Y", "yes", "Yes", "YES", "on", "On", "ON"})
_WORDS = _YES | {"n", "N", "no", "No", "NO", "off", "Off", "OFF"}
_TRUE = _YES | {"true", "True", "TRUE"}
_Read = TypeVar("_Read")

KEY_FIELDS = ("age", "pgp", "kms", "gcp_kms", "azure_keyvault", "hc_vault_transit_uri")
"""The fields of a rule that name keys, in the order in which sops takes them."""

_TEXT_FIELDS = ("path_regex", "aws_profile", *MATCHERS)
_DESTINATION_FIELDS = (
    "path_regex",
    "s3_bucket",
    "s3_prefix",
    "gcs_bucket",
    "gcs_prefix",
    "vault_path",
    "vault_address",
    "vault_kv_mount_name",
)


class KeyGroup(NamedTuple):
    """An entry of ``key_groups``.

    Attributes:
        merge: groups whose keys come first.
        keys: field name (``age``, ``azure_keyvault`` ...) and entry, in sops' order; an entry is a text, or a mapping.
    """

    merge: tuple[KeyGroup, ...]
    keys: tuple[tuple[str, Any], ...]


class CreationRule(NamedTuple):
    """An entry of ``creation_rules``, or the ``recreation_rule`` of a destination.

    Attributes:
        keys: field name to what stands there: a text, a list, or what sops refuses when the rule is used.
    """

    path_regex: str
    aws_profile: str
    keys: Mapping[str, Any]
    key_groups: tuple[KeyGroup, ...]
    shamir_threshold: int
    selection: Selection


class DestinationRule(NamedTuple):
    """An entry of ``destination_rules``; ``texts`` holds what is set of its plain fields, by name."""

    texts: Mapping[str, str]
    vault_kv_version: int
    omit_extensions: bool
    recreation: CreationRule


class Config(NamedTuple):
    """A whole ``.sops.yaml``.

    Attributes:
        creation_rules: None where the file has none at all, which counts as if it were not there.
        indents: id of a format to the spaces of ``stores``; -1 is a tab.
    """

    creation_rules: tuple[CreationRule, ...] | None
    destination_rules: tuple[DestinationRule, ...]
    indents: Mapping[str, int]


def read(path: Path) -> Config:
    """Read a ``.sops.yaml``.

    Raises:
        DocumentError: it cannot be read, or sops would refuse it.
    """
    data = read_file(path, _LARGEST, too_large=f"is larger than {_LARGEST} bytes", error=DocumentError)
    try:
        return parse(data)
    except DocumentError as error:
        raise DocumentError(f"{path}: {error.message}", hint=error.hint, line=error.line) from None


@lru_cache(maxsize=16)
def parse(data: bytes) -> Config:
    """Read the text of a ``.sops.yaml``.

    Raises:
        DocumentError: it is not YAML, or a field is not of the type that sops wants.
    """
    fields = _fields(_compose(data))
    rules = fields.get("creation_rules")
    stores = _fields(fields.get("stores"))
    indents = {
        name: _integer(store["indent"])
        for name, field in (("yaml", "yaml"), ("json", "json"), ("binary", "json_binary"))
        if "indent" in (store := _fields(stores.get(field)))
    }
    return Config(
        creation_rules=None if rules is None or _is_null(rules) else tuple(_list(rules, _creation_rule)),
        destination_rules=tuple(_list(fields.get("destination_rules"), _destination_rule)),
        indents=indents,
    )


def _compose(data: bytes) -> Node | None:
    import yaml

    try:
        for deep in too_deep(data, _DEEPEST, first=True):
            raise DocumentError(_at("it nests too deeply", deep + 1), line=deep + 1)
        loader = yaml.CSafeLoader(data)
        try:
            # yaml.v3 reads the first document, and looks at no other.
            node: Node | None = loader.get_node() if loader.check_node() else None
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line = None if error.problem_mark is None else error.problem_mark.line + 1
        raise DocumentError(_at("it is not YAML", line), line=line) from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise DocumentError("it is not YAML") from None
    return node


def _creation_rule(node: Node, depth: int = 0) -> CreationRule:
    fields = _fields(node)
    texts = {name: _text(fields[name]) for name in _TEXT_FIELDS if name in fields}
    selection = {name: texts.pop(name) for name in MATCHERS if name in texts}
    mac_only = _boolean(fields["mac_only_encrypted"]) if "mac_only_encrypted" in fields else False
    return CreationRule(
        path_regex=texts.get("path_regex", ""),
        aws_profile=texts.get("aws_profile", ""),
        keys={name: _anything(fields[name], depth) for name in KEY_FIELDS if name in fields},
        key_groups=tuple(_list(fields.get("key_groups"), _key_group, depth)),
        shamir_threshold=_integer(fields["shamir_threshold"]) if "shamir_threshold" in fields else 0,
        selection=Selection(**selection, mac_only_encrypted=mac_only),
    )


def _key_group(node: Node, depth: int = 0) -> KeyGroup:
    fields = _fields(node)

    def texts(name: str) -> Iterator[tuple[str, Any]]:
        return ((name, entry) for entry in _list(fields.get(name), lambda one, _: _text(one)))

    def mappings(name: str, parts: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
        for entry in _list(fields.get(name), lambda one, _: _fields(one)):
            found: dict[str, Any] = {part: _text(entry[part]) for part in parts if part in entry}
            if "context" in entry and name == "kms":
                # A null stands for the empty text, which is how sops uses it.
                found["context"] = {key: _text(value) for key, value in _fields(entry["context"]).items()}
            yield name, found

    return KeyGroup(
        merge=tuple(_list(fields.get("merge"), _key_group, depth)),
        keys=(
            *texts("age"),
            *texts("pgp"),
            *mappings("kms", ("arn", "role", "aws_profile")),
            *mappings("gcp_kms", ("resource_id",)),
            *mappings("azure_keyvault", ("vaultUrl", "key", "version")),
            *texts("hc_vault"),
        ),
    )


def _destination_rule(node: Node, depth: int = 0) -> DestinationRule:
    fields = _fields(node)
    recreation = fields.get("recreation_rule")
    return DestinationRule(
        texts={name: _text(fields[name]) for name in _DESTINATION_FIELDS if name in fields},
        vault_kv_version=_integer(fields["vault_kv_version"]) if "vault_kv_version" in fields else 0,
        omit_extensions=_boolean(fields["omit_extensions"]) if "omit_extensions" in fields else False,
        recreation=_creation_rule(recreation, depth)
        if recreation is not None
        else CreationRule("", "", {}, (), 0, Selection()),
    )


def _is_null(node: Node) -> bool:
    return bool(node.tag == f"{_TAG}null")


def _fields(node: Node | None) -> dict[str, Node]:
    """Return the fields of a mapping, with those of ``<<`` below its own; a null has none."""
    if node is None or _is_null(node):
        return {}
    if node.id != "mapping":
        raise _unexpected(node, "a mapping")
    return _merged(node, 0)


def _merged(node: Node, depth: int) -> dict[str, Node]:
    if depth > _DEEPEST:
        raise _unexpected(node, "less nested")
    own: dict[str, Node] = {}
    below: dict[str, Node] = {}
    for key, value in node.value:
        if key.tag == f"{_TAG}merge":
            for source in value.value if value.id == "sequence" else [value]:
                if source.id != "mapping":
                    raise _unexpected(source, "a mapping")
                below = _merged(source, depth + 1) | below
        elif key.id == "scalar":
            if key.value in own:
                raise _unexpected(key, f"given once, {key.value!r} stands there twice")
            own[key.value] = value
    return below | own


def _list(node: Node | None, one: Callable[[Node, int], _Read], depth: int = 0) -> Iterator[_Read]:
    if node is None or _is_null(node):
        return
    if node.id != "sequence":
        raise _unexpected(node, "a list")
    if depth > _DEEPEST:  # an alias may stand inside of what it names
        raise _unexpected(node, "less nested")
    for entry in node.value:
        yield one(entry, depth + 1)


def _text(node: Node) -> str:
    if node.id != "scalar":
        raise _unexpected(node, "a text")
    # Numbers and booleans are taken as they are written.
    return "" if _is_null(node) else str(node.value)


def _boolean(node: Node) -> bool:
    if node.id == "scalar" and (_is_null(node) or node.value in _WORDS or node.tag == f"{_TAG}bool"):
        return bool(node.value in _TRUE)
    raise _unexpected(node, "true or false")


def _integer(node: Node) -> int:
    if node.id == "scalar" and _is_null(node):
        return 0
    try:
        if node.tag == f"{_TAG}int":
            return int(node.value, 0)
        if node.tag == f"{_TAG}float":
            return int(float(node.value))
    except (ValueError, OverflowError):
        pass
    raise _unexpected(node, "a whole number")


def _anything(node: Node, depth: int) -> Any:
    """Return a text, a list of texts, None for null, or a `Node` where sops finds something that it cannot use."""
    if _is_null(node):
        return None
    if node.id == "scalar" and node.tag == f"{_TAG}str":
        return str(node.value)
    if node.id == "sequence":
        return [_anything(entry, depth + 1) if entry.id == "scalar" else entry for entry in node.value]
    return node


def _unexpected(node: Node, wanted: str) -> DocumentError:
    line = node.start_mark.line + 1 if node.start_mark is not None else None
    return DocumentError(_at(f"what stands there is not {wanted}", line), line=line)


def _at(message: str, line: int | None) -> str:
    return message if line is None else f"line {line}: {message}"

"""What is published of an encrypted file, as ``sops publish`` does it (https://getsops.io/docs/#publish-command).

In one place ours is another: sops stores an empty list as null and a mapping in a list as the fields of its own
structures (``Key``, ``Value``); we store them as they are.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from strongroom.errors import DocumentError
from strongroom.files.sops import data_key
from strongroom.files.sops.destinations import Store, store_of
from strongroom.files.sops.document import Document, Format, Leaf
from strongroom.files.sops.formats import format_of
from strongroom.files.sops.opened import open_file, read_encrypted
from strongroom.files.sops.rules import Destination, destination_for
from strongroom.files.sops.sealing import encrypt, read_plain
from strongroom.files.sops.tree import Tree, tree_of
from strongroom.keys.key import Context
from strongroom.model.plaintext import Plaintext


class Publication(NamedTuple):
    """A file that goes to a store.

    Attributes:
        path: the file.
        name: what it is called there.
        destination: where, by its rule.
        address: where, for people.
    """

    path: Path
    name: str
    destination: Destination
    address: str

    @property
    def store(self) -> Store:
        """The kind of store."""
        return store_of(self.destination.kind)


def publication(path: Path, below: Path, config: Path, context: Context, *, omit_extensions: bool) -> Publication:
    """Return where a file goes.

    Args:
        path: the file, as it is named.
        below: the folder that its name there starts from.
        config: the ``.sops.yaml`` with ``destination_rules``.
        context: of the command line.
        omit_extensions: leave out the suffix.

    Raises:
        UsageError: no rule says where.
        DocumentError: the configuration cannot be read.
    """
    destination = destination_for(path, config)
    name = path.absolute().relative_to(below.absolute()).as_posix()
    if omit_extensions or destination.omit_extensions:
        name = name.removesuffix(path.suffix)
    store = store_of(destination.kind)
    return Publication(path, name, destination, store.address(destination.options, name, context.environment))


def publish(one: Publication, data: bytes, context: Context) -> bool:
    """Put a file into its store; return False where it was there already.

    Raises:
        DocumentError: it is not encrypted, or cannot be read.
        KeyUseError: it cannot be opened, or the store refuses.
        TamperedError: it was changed without the key.
    """
    return one.store.put(one.destination.options, one.name, content(one, data, context), context)


def content(one: Publication, data: bytes, context: Context) -> Plaintext:
    """Return what is stored: the file, the file under other keys, or its values as JSON."""
    form = format_of(one.path.name)
    rule = one.destination.recreation
    if one.store.encrypted and rule is None:
        read_encrypted(data, form)  # a file in plain is never published
        return Plaintext(data)
    opened = open_file(data, form, lambda metadata: data_key.unwrap(metadata, context))
    plain = opened.plain()
    if rule is None or not one.store.encrypted:
        return values(plain, form)
    key = data_key.new()
    groups = data_key.wrap(key, rule.groups, rule.shamir_threshold, context)
    return Plaintext(encrypt(plain, form, rule, key, groups, context.now()))


def values(plain: Plaintext, form: Format) -> Plaintext:
    """Return what a file in plain holds as one JSON object, typed as SOPS types it; of several documents the last wins.

    Raises:
        DocumentError: the top of the file is no mapping.
    """
    document = read_plain(plain, form)
    if form.id == "binary":
        return Plaintext(json.dumps({"data": plain.reveal().decode("utf-8", "replace")}))
    tree = tree_of(plain.reveal(), form)
    branches: list[Any] = [_skeleton(one) for one in (tree if form.id == "yaml" and isinstance(tree, list) else [tree])]
    if not all(isinstance(branch, dict) for branch in branches):
        raise DocumentError("the file is no mapping at its top")
    _fill(branches, document)
    merged: dict[str, Any] = {}
    for branch in branches:
        merged |= branch
    return Plaintext(json.dumps(merged))


def _skeleton(tree: Tree) -> Any:
    """Return the containers of a tree; the leaves are filled in, and what is none is null."""
    if isinstance(tree, dict):
        return {key if isinstance(key, str) else key[1]: _skeleton(value) for key, value in tree.items()}
    return [_skeleton(value) for value in tree] if isinstance(tree, list) else None


def _fill(branches: list[Any], document: Document) -> None:
    for leaf in document.leaves:
        if leaf.scalar.type == "comment":
            continue
        at = branches[leaf.branch]
        for step in leaf.address[:-1]:
            at = at[step]
        at[leaf.address[-1]] = _typed(leaf)


def _typed(leaf: Leaf) -> Any:
    data = leaf.scalar.data.reveal()
    read = _TYPES.get(leaf.scalar.type)
    return read(data) if read is not None else data.decode("utf-8", "replace")


_TYPES: dict[str, Callable[[bytes], Any]] = {
    "int": int,
    "float": float,
    "bool": lambda text: text.lower() == b"true",
    "bytes": lambda text: base64.b64encode(text).decode(),
}

"""A recipient taken out of a ``.sops.yaml``; every other byte of it stays.

The recipient may stand as an item of a list (also through an anchor and its aliases), as a text of its own, in a text
of several with commas between them, or as an entry of ``key_groups`` that names an ARN, a resource id or a vault's key.
What is left empty by that goes too. The result is read again, and has to say what the old text says without the
recipient.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from strongroom.errors import DocumentError, UsageError

_NAMES = ("arn", "resource_id")
_DEEPEST = 100
_RECIPIENT = re.compile(r"age1|ssh-|arn:|projects/|https?://|(?:0x)?(?:[0-9A-Fa-f] ?){40}!?$")
_FINGERPRINT = re.compile(r"[0-9A-F]{40}!?")


class _Node:
    """A node of the text: its kind, where it stands, and what it holds."""

    def __init__(self, kind: str, start: int, end: int, value: str = "") -> None:
        self.kind, self.start, self.end, self.value = kind, start, end, value
        self.flow = False
        self.children: list[_Node] = []
        self.target: _Node = self

    @property
    def last(self) -> int:
        """Where its own text ends; a block's end mark lies behind the comments that follow it."""
        return (
            max([self.end, *(child.last for child in self.children)])
            if self.kind == "scalar" or self.flow
            else max(child.last for child in self.children)
        )


class _Cut(NamedTuple):
    start: int
    end: int


def without(data: bytes, name: str) -> bytes:
    """Return a ``.sops.yaml`` without a recipient; the same bytes where it is not in there.

    Args:
        data: the text of the file.
        name: an age recipient, a PGP fingerprint, an ARN, a resource id, the URL of a key.

    Raises:
        DocumentError: the file is not YAML.
        UsageError: it cannot be taken out without a change of anything else.
    """
    text = new = data.decode("utf-8")
    gone = False
    while not gone and (name in new or _vault_parts(name)):
        cuts: list[_Cut] = []
        root = _compose(new)
        gone = root is not None and _prune(root, name, new, cuts, 0)
        if not cuts:
            break
        cut = max(cuts)  # one at a time, an alias before its anchor
        new = new[: cut.start] + new[cut.end :]
    if gone or (new != text and _meaning(new) != _pruned(_meaning(text), name)):
        raise UsageError("a recipient cannot be taken out of .sops.yaml by itself", hint="take it out by hand")
    return new.encode()


def _compose(text: str) -> _Node | None:
    import yaml

    stack: list[_Node] = []
    anchors: dict[str, _Node] = {}
    root: _Node | None = None
    try:
        for event in yaml.parse(text, yaml.CSafeLoader):
            if isinstance(event, yaml.DocumentEndEvent):
                break
            if isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
                done = stack.pop()
                done.end = _index(event.end_mark) if done.flow else done.end
                continue
            node = _node(event, text, anchors)
            if node is None:
                continue
            if stack:
                stack[-1].children.append(node)
            else:
                root = node
            if node.kind in {"list", "mapping"}:
                stack.append(node)
            if len(stack) > _DEEPEST:
                raise DocumentError("it is nested too deeply")
    except yaml.YAMLError:
        raise DocumentError("it is not YAML") from None
    return root


def _node(event: Any, text: str, anchors: dict[str, _Node]) -> _Node | None:
    import yaml

    start, end = _index(event.start_mark), _index(event.end_mark)
    if isinstance(event, yaml.AliasEvent):
        node = _Node("alias", start, end)
        node.target = anchors.get(str(event.anchor), node)
        node.kind = "scalar" if node.target.kind == "scalar" else "alias"
        return node
    if isinstance(event, yaml.ScalarEvent):
        node = _Node("scalar", start, start + len(text[start:end].rstrip()), event.value)
    elif isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent):
        node = _Node("list" if isinstance(event, yaml.SequenceStartEvent) else "mapping", start, end)
        node.flow = bool(event.flow_style)
    else:
        return None
    if event.anchor:
        anchors[event.anchor] = node
    return node


def _index(mark: Any) -> int:
    return int(mark.index)


def _prune(node: _Node, name: str, text: str, cuts: list[_Cut], depth: int) -> bool:
    """Note the cuts below a node; return whether the node itself has to go."""
    if node.kind == "scalar":
        return _scalar(node, name, text, cuts)
    if node.kind == "list":
        gone = [_prune(item, name, text, cuts, depth + 1) for item in node.children]
        if gone and all(gone):
            return True
        cuts += [_item(node, number, text) for number, one in enumerate(gone) if one]
        return False
    if node.kind != "mapping":
        return False
    pairs = list(zip(node.children[::2], node.children[1::2], strict=True))
    if _names({key.value: value.target.value for key, value in pairs}, name):
        return True
    gone = [_prune(value, name, text, cuts, depth + 1) for _, value in pairs]
    if gone and all(gone):
        return True
    cuts += [_entry(node, number, text) for number, one in enumerate(gone) if one]
    return False


def _scalar(node: _Node, name: str, text: str, cuts: list[_Cut]) -> bool:
    if node.target is not node:
        return node.target.value.strip() == name
    pieces = _pieces(node.value)
    if name not in pieces:
        return False
    if all(piece == name for piece in pieces):
        return True
    found = re.search(rf"(?<![\w:/-]){re.escape(name)}(?![\w:/-])", text[node.start : node.end])
    if found is not None:
        start, end = node.start + found.start(), node.start + found.end()
        behind = re.compile(r"\s*,\s*").match(text, end, node.end)
        if behind is not None:
            cuts.append(_Cut(start, behind.end()))
        else:
            cuts.append(_Cut(len(text[:start].rstrip().removesuffix(",").rstrip()), end))
    return False


def _item(node: _Node, number: int, text: str) -> _Cut:
    """Return what goes with an item of a list."""
    item = node.children[number]
    if node.flow:
        return _between(node, number, 1)
    dash = text.rindex("-", 0, item.start + 1) if text[item.start] != "-" else item.start
    return _lines(dash, item.last, text)


def _entry(node: _Node, number: int, text: str) -> _Cut:
    """Return what goes with a key and its value."""
    key, value = node.children[2 * number : 2 * number + 2]
    if node.flow:
        return _between(node, number, 2)
    before = text[text.rfind("\n", 0, key.start) + 1 : key.start]
    if before.strip() and 2 * number + 2 < len(node.children):
        return _Cut(key.start, node.children[2 * number + 2].start)  # behind a dash: the next key takes its place
    return _lines(key.start, max(key.end, value.last), text)


def _between(node: _Node, number: int, width: int) -> _Cut:
    """Return what goes with a part of a flow collection: itself, and the comma on one side."""
    first, last = node.children[number * width], node.children[number * width + width - 1]
    if (number + 1) * width < len(node.children):
        return _Cut(first.start, node.children[(number + 1) * width].start)
    return _Cut(node.children[number * width - 1].last, last.last)


def _lines(start: int, end: int, text: str) -> _Cut:
    """Return whole lines, with the comment behind the last one."""
    stop = text.find("\n", end)
    return _Cut(text.rfind("\n", 0, start) + 1, len(text) if stop < 0 else stop + 1)


def _meaning(text: str) -> Any:
    import yaml

    try:
        return yaml.load(text, yaml.CSafeLoader)
    except yaml.YAMLError:
        return DocumentError


def _pruned(body: Any, name: str) -> Any:
    """Return what a text says without a recipient; None for what is left empty."""
    if isinstance(body, str):
        pieces = [piece for piece in _pieces(body) if piece != name]
        return body if len(pieces) == len(_pieces(body)) else (_Pieces(pieces) if pieces else None)
    if isinstance(body, list):
        kept = [one for one in (_pruned(item, name) for item in body) if one is not None]
        return kept if kept or not body else None
    if isinstance(body, dict):
        if _names(body, name):
            return None
        pairs = {key: _pruned(value, name) for key, value in body.items() if value is not None}
        left = {key: value for key, value in pairs.items() if value is not None}
        return left | {key: None for key, value in body.items() if value is None} if left or not body else None
    return body


class _Pieces:
    """Texts with commas between them, however they are laid out."""

    def __init__(self, pieces: list[str]) -> None:
        self._pieces = pieces

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and _pieces(other) == self._pieces

    __hash__ = None  # type: ignore[assignment]


def _pieces(text: str) -> list[str]:
    return [piece.strip() for piece in text.split(",") if piece.strip()]


def _names(fields: dict[Any, Any], name: str) -> bool:
    """Tell whether an entry of ``key_groups`` is the recipient."""
    if any(fields.get(field) == name for field in _NAMES):
        return True
    parts = _vault_parts(name)
    if not parts or "vaultUrl" not in fields:
        return False
    vault = str(fields["vaultUrl"]).rstrip("/")
    return (vault, fields.get("key")) == parts[:2] and str(fields.get("version") or "") in {"", parts[2]}


def _vault_parts(name: str) -> tuple[str, str, str] | None:
    """Return vault, key and version of the URL of a key in Azure Key Vault."""
    match = re.fullmatch(r"(https://[^/]+)/keys/([^/]+)/([^/]*)", name)
    return (match[1], match[2], match[3]) if match else None


def named(data: bytes) -> frozenset[str]:
    """Return every text of a ``.sops.yaml`` that reads as a recipient."""
    text = data.decode("utf-8", "replace")
    try:
        root = _compose(text)
    except DocumentError:
        return frozenset()
    left, found = [root] if root is not None else [], set()
    while left:
        node = left.pop()
        left += node.children
        found |= {piece for piece in _pieces(node.value) if _RECIPIENT.match(piece)}
    return frozenset(found)


def canonical(name: str) -> str:
    """Return a recipient without what says nothing of the key: an SSH key's comment, how a fingerprint is laid out."""
    words = name.split()
    if name.startswith("ssh-"):
        return " ".join(words[:2])
    digits = "".join(words).upper().removeprefix("0X")
    return digits if _FINGERPRINT.fullmatch(digits) else name.strip()


def labels(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield recipients of a ``.sops.yaml`` and what people call them: the anchor or the comment on the line."""
    line = re.compile(
        r"(?:&(?P<anchor>[\w.-]+)\s+)?[\"']?(?P<name>[\w:/.-]{16,})[\"']?\s*,?\s*(?:#\s*(?P<comment>.+))?$"
    )
    for text in data.decode("utf-8", "replace").splitlines():
        found = line.search(text.strip())
        label = (found["comment"] or found["anchor"] or "") if found is not None else ""
        if found is not None and label:
            yield found["name"], label.strip()

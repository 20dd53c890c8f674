"""Three-way merge of files in plain: the lines come from the sides, and the trees say whether it is right.

Lines alone do not know what they mean: two branches that each add a key at the same place conflict for diff3 though
nothing contradicts, and a merge without conflict may still be wrong. Trees alone have no layout and no comments. So
the lines are merged, and of the ways to join a stretch that both sides changed, the one is taken whose tree is the
merge of the trees.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from strongroom.errors import DocumentError, LimitError
from strongroom.files.sops.diff3 import OURS, THEIRS, Chunk, chunks
from strongroom.files.sops.document import Format
from strongroom.files.sops.merge_trees import Absent, MergedTree, merge_trees
from strongroom.files.sops.tree import Address, Tree, to_json, tree_of

_MOST_CHOICES = 40
"""So many stretches that both sides changed are joined; beyond that, a person merges."""

_MOST_ROUNDS = 3

_KEY = re.compile(rb"\s*[^\s:=#][^:=]*[:=]")

_COMMENTS = {"yaml": (b"#",), "dotenv": (b"#",), "ini": (b"#", b";")}


class MergedText(NamedTuple):
    """Two files in plain that differ where the sides contradict each other alone.

    Attributes:
        ours, theirs: the merge with one side winning, and with the other.
        conflicts: where they contradict each other; none where the files are the same. ``()`` stands for the layout:
            the values go together, but not in one text.
    """

    ours: bytes
    theirs: bytes
    conflicts: tuple[Address, ...]

    def __repr__(self) -> str:
        return f"MergedText(hidden, {len(self.conflicts)} conflicts)"


def merge_text(base: bytes, ours: bytes, theirs: bytes, form: Format) -> MergedText:
    """Merge what two sides made of a file; the layout is that of ours where theirs did not change it.

    Raises:
        DocumentError: one of them is not of the format.
        LimitError: one is larger or deeper than what is merged.
    """
    if ours == theirs or theirs == base:
        return MergedText(ours, ours, ())
    if ours == base:
        return MergedText(theirs, theirs, ())
    try:
        mine, other = tree_of(ours, form), tree_of(theirs, form)
        trees = merge_trees(tree_of(base, form) if base else _nothing(mine, other), mine, other)
    except RecursionError:
        raise LimitError("the file is nested too deeply to be merged") from None
    for by_key in (False, True):
        joined = _joined(_Joiner(base, ours, theirs, form, by_key=by_key), trees)
        if joined is not None:
            return joined
    return _rebuilt(trees, ours, theirs, form)


def _joined(joiner: _Joiner, trees: MergedTree) -> MergedText | None:
    left, lost = joiner.join(OURS, trees.ours)
    if left is None:
        return None
    if not trees.conflicts and not lost:
        return MergedText(left, left, ())
    right, _ = joiner.join(THEIRS, trees.theirs)
    if right is None:
        return None
    conflicts = trees.conflicts or (("comments",),)
    return MergedText(left, right, conflicts if left != right else ())


def _nothing(ours: Tree, theirs: Tree) -> Tree:
    """Return the base of two files that have none: what both have, emptied."""
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [{} for _ in ours]
    return {}


def _rebuilt(trees: MergedTree, ours: bytes, theirs: bytes, form: Format) -> MergedText:
    """Return a merge whose text is written anew where the format has no comments, and the two files elsewhere."""
    if form.id == "json" and not isinstance(trees.ours, Absent) and not isinstance(trees.theirs, Absent):
        return MergedText(_written(trees.ours, ours), _written(trees.theirs, ours), trees.conflicts)
    return MergedText(ours, theirs, trees.conflicts or ((),))


def _written(tree: Tree, like: bytes) -> bytes:
    """Write a tree as JSON with the indentation of another file."""
    second = like.split(b"\n")[1:2]
    indent = second[0][: len(second[0]) - len(second[0].lstrip())].decode() if second else ""
    return to_json(tree, indent).encode("utf-8", "surrogatepass") + (b"\n" if like.endswith(b"\n") else b"")


class _Joiner:
    """Finds the text among the ways to join three."""

    def __init__(self, base: bytes, ours: bytes, theirs: bytes, form: Format, *, by_key: bool) -> None:
        self._form = form
        mine, other = _lines(ours), _lines(theirs)
        self._lines = (_lines(base) if base else _common(mine, other), mine, other)
        found = chunks(*self._lines, touching=by_key)
        self._chunks = [one for chunk in found for one in _finer(chunk, mine, other)] if by_key else list(found)
        self._open = [number for number, chunk in enumerate(self._chunks) if chunk.conflict]
        self._chosen: dict[int, tuple[int, ...]] = {}
        before, left, right = (_comments(lines, form.id) for lines in (_lines(base), mine, other))
        self._new_comments = (left - before) | (right - before)

    def join(self, winner: int, target: Tree | Absent) -> tuple[bytes | None, bool]:
        """Return the text whose tree is the target (None where none was found), and whether a comment is lost."""
        if len(self._open) > _MOST_CHOICES:
            return None, False
        loser = THEIRS if winner == OURS else OURS
        ways: tuple[tuple[int, ...], ...] = ((winner,), (winner, loser), (loser, winner), (loser,))
        # The second search starts from what the first one found, so that the two texts differ in little.
        chosen = dict(self._chosen) or dict.fromkeys(self._open, ways[0])
        best = self._score(chosen, target)
        for _ in range(_MOST_ROUNDS):
            before = best
            for number in self._open:
                for way in ways:
                    if best == (0, 0):
                        break
                    tried = {**chosen, number: way}
                    score = self._score(tried, target)
                    if score < best:
                        chosen, best = tried, score
            if best in ((0, 0), before):
                break  # what one choice makes better may depend on another one, so all are asked again
        self._chosen = chosen
        return (self._text(chosen), best[1] > 0) if best[0] == 0 else (None, False)

    def _score(self, chosen: dict[int, tuple[int, ...]], target: Tree | Absent) -> tuple[int, int]:
        """Return how far a text is from the target, and how many new comments it lacks."""
        text = self._text(chosen)
        try:
            tree = tree_of(text, self._form)
        except (DocumentError, LimitError):
            return 1 << 30, 0
        lost = self._new_comments - _comments(_lines(text), self._form.id)
        return _distance(tree, target), lost.total()

    def _text(self, chosen: dict[int, tuple[int, ...]]) -> bytes:
        lines: list[bytes] = []
        for number, chunk in enumerate(self._chunks):
            for side in chosen.get(number, (chunk.taken,)):
                part = self._part(chunk, side)
                if part and lines and not lines[-1].endswith(b"\n"):
                    lines[-1] += b"\n"  # the last line of a file without a line end, and something follows it now
                lines += part
        return b"".join(lines)

    def _part(self, chunk: Chunk, side: int) -> Sequence[bytes]:
        return self._lines[1][slice(*chunk.ours)] if side == OURS else self._lines[2][slice(*chunk.theirs)]


def _lines(data: bytes) -> list[bytes]:
    lines = data.split(b"\n")
    return [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _finer(chunk: Chunk, ours: Sequence[bytes], theirs: Sequence[bytes]) -> Iterator[Chunk]:
    """Cut a stretch that both sides changed into lines, those with the same key together."""
    if not chunk.conflict:
        yield chunk
        return
    (low, high), (first, last) = chunk.ours, chunk.theirs
    left, right = [_key(line) for line in ours[low:high]], [_key(line) for line in theirs[first:last]]
    base = chunk.base
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if tag == "equal":
            pairs = [(i1 + n, i1 + n + 1, j1 + n, j1 + n + 1) for n in range(i2 - i1)]
        else:
            pairs = [(n, n + 1, j1, j1) for n in range(i1, i2)] + [(i2, i2, n, n + 1) for n in range(j1, j2)]
        for o1, o2, t1, t2 in pairs:
            mine, other = (low + o1, low + o2), (first + t1, first + t2)
            yield Chunk(base, mine, other, conflict=ours[slice(*mine)] != theirs[slice(*other)])
            base = (chunk.base[1], chunk.base[1])


def _key(line: bytes) -> bytes:
    found = _KEY.match(line)
    return found[0] if found is not None else line


def _common(ours: list[bytes], theirs: list[bytes]) -> list[bytes]:
    """Return the lines that two files without a common past share: the base that they would have had."""
    blocks = SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks()
    return [line for block in blocks for line in ours[block.a : block.a + block.size]]


def _comments(lines: Sequence[bytes], form: str) -> Counter[bytes]:
    signs = _COMMENTS.get(form, ())
    return Counter(text for line in lines if signs and (text := line.strip()).startswith(signs))


def _distance(tree: Tree | Absent, target: Tree | Absent) -> int:
    """Return in how many places two trees differ."""
    if tree == target:
        return 0
    if isinstance(tree, dict) and isinstance(target, dict):
        both, either = tree.keys() & target.keys(), {**tree, **target}
        return sum(_distance(tree[key], target[key]) if key in both else _size(either[key]) for key in either)
    if isinstance(tree, list) and isinstance(target, list):
        longer = max(tree, target, key=len)[min(len(tree), len(target)) :]
        return sum(_distance(*pair) for pair in zip(tree, target, strict=False)) + sum(map(_size, longer))
    return max(_size(tree), _size(target))


def _size(tree: Tree | Absent) -> int:
    if isinstance(tree, dict):
        return 1 + sum(map(_size, tree.values()))
    return 1 + sum(map(_size, tree)) if isinstance(tree, list) else 1

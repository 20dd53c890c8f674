"""Three-way merge of sequences."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from strongroom.files.sops.diff3 import OURS, chunks

_TEXTS = st.lists(st.sampled_from("abcdef"), max_size=8)


def _joined(base: list[str], ours: list[str], theirs: list[str]) -> tuple[list[str], int]:
    out: list[str] = []
    conflicts = 0
    for chunk in chunks(base, ours, theirs):
        conflicts += chunk.conflict
        out += ours[slice(*chunk.ours)] if chunk.taken == OURS else theirs[slice(*chunk.theirs)]
    return out, conflicts


@given(_TEXTS, _TEXTS, _TEXTS)
def test_stretches_cover_everything(base: list[str], ours: list[str], theirs: list[str]) -> None:
    """The stretches follow each other in all three sequences, from their start to their end."""
    at = (0, 0, 0)
    for chunk in chunks(base, ours, theirs):
        assert (chunk.base[0], chunk.ours[0], chunk.theirs[0]) == at
        at = (chunk.base[1], chunk.ours[1], chunk.theirs[1])
    assert at == (len(base), len(ours), len(theirs))


@given(_TEXTS, _TEXTS)
def test_one_side_alone(base: list[str], changed: list[str]) -> None:
    """What one side alone changed is the result, without conflict; so is what both changed to the same."""
    assert _joined(base, changed, base) == (changed, 0)
    assert _joined(base, base, changed) == (changed, 0)
    assert _joined(base, changed, changed) == (changed, 0)


def test_neighbours_do_not_conflict() -> None:
    """Changes of lines that touch are both taken; changes of the same line conflict."""
    assert _joined(list("abc"), list("xbc"), list("ayc")) == (list("xyc"), 0)
    assert _joined(list("abc"), list("axc"), list("ayc"))[1] == 1
    assert _joined(list("ab"), list("a1b"), list("a2b"))[1] == 1

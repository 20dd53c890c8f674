"""Which leaves of a document are encrypted."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple

from strongroom.errors import UsageError

if TYPE_CHECKING:
    from strongroom.files.sops.document import Leaf

DEFAULT_SUFFIX = "_unencrypted"
"""Keys with this ending stay readable where nothing else is said."""

MATCHERS = (
    "unencrypted_suffix",
    "encrypted_suffix",
    "unencrypted_regex",
    "encrypted_regex",
    "unencrypted_comment_regex",
    "encrypted_comment_regex",
)
"""The six fields of which at most one is set, in SOPS' order."""


class Selection(NamedTuple):
    """The rule of a file; at most one of the six is set, and SOPS' default is the suffix ``_unencrypted``."""

    unencrypted_suffix: str = ""
    encrypted_suffix: str = ""
    unencrypted_regex: str = ""
    encrypted_regex: str = ""
    unencrypted_comment_regex: str = ""
    encrypted_comment_regex: str = ""
    mac_only_encrypted: bool = False


def effective(selection: Selection) -> Selection:
    """Return a selection with SOPS' default where it says nothing.

    Raises:
        UsageError: more than one of the six is set, or a regular expression cannot be read.
    """
    given = [name for name in MATCHERS if getattr(selection, name)]
    if len(given) > 1:
        raise UsageError(f"{given[0]} and {given[1]} exclude each other", hint="keep one of them")
    if not given:
        return selection._replace(unencrypted_suffix=DEFAULT_SUFFIX)
    if given[0].endswith("_regex"):
        matcher(getattr(selection, given[0]))
    return selection


def uses_comments(selection: Selection) -> bool:
    """Tell whether comments decide."""
    return bool(selection.encrypted_comment_regex or selection.unencrypted_comment_regex)


def chosen(selection: Selection, leaf: Leaf) -> bool:
    """Tell whether a leaf is encrypted (``shouldBeEncrypted`` in ``sops.go``).

    Raises:
        UsageError: a regular expression that cannot be read. SOPS would match nothing, and leave all in the clear.
    """
    if uses_comments(selection):
        return _by_comments(selection, leaf)
    return by_path(selection, leaf.path)


@lru_cache(maxsize=4096)
def by_path(selection: Selection, path: tuple[str, ...]) -> bool:
    """Tell whether what stands under a path of keys is encrypted, comments aside."""
    if selection.encrypted_suffix:
        return any(key.endswith(selection.encrypted_suffix) for key in path)
    if selection.encrypted_regex:
        found = matcher(selection.encrypted_regex)
        return any(found(key) for key in path)
    if selection.unencrypted_regex:
        found = matcher(selection.unencrypted_regex)
        return not any(found(key) for key in path)
    suffix = selection.unencrypted_suffix
    return not suffix or not any(key.endswith(suffix) for key in path)


def _by_comments(selection: Selection, leaf: Leaf) -> bool:
    if selection.unencrypted_comment_regex:
        found = matcher(selection.unencrypted_comment_regex)
        return not any(found(text) for level in leaf.comments for text in level)
    found = matcher(selection.encrypted_comment_regex)
    levels = leaf.comments
    if leaf.scalar.type == "comment" and levels:
        # the comment that switches encryption on stays readable itself
        levels = (*levels[:-1], levels[-1][:-1])
    return any(found(text) for level in levels for text in level)


@lru_cache(maxsize=64)
def matcher(pattern: str) -> Callable[[str], bool]:
    """Return a function that searches a text for a pattern in RE2's language, as Go's ``regexp`` does.

    RE2 takes linear time whatever the pattern, which a file brings along.

    Raises:
        UsageError: the pattern cannot be read.
    """
    plain = _PLAIN.match(pattern)
    if plain is not None:
        words = plain["words"].split("|")
        return partial(_PLAIN_WAYS[bool(plain["start"]), bool(plain["end"])], words)
    import re2  # type: ignore[import-untyped]

    options = re2.Options()
    options.log_errors = False
    try:
        search = re2.compile(pattern, options).search
    except (re2.error, UnicodeError):
        raise UsageError(
            "a regular expression of the selection cannot be read", hint="the syntax is that of RE2"
        ) from None
    return lambda text: search(text) is not None


# What nearly every rule has, found without loading RE2: ``^(data|stringData)$``, ``^data$``, ``password``.
_PLAIN = re.compile(r"(?P<start>\^)?(?P<group>\()?(?P<words>[\w-]+(?(group)(?:\|[\w-]+)*))(?(group)\))(?P<end>\$)?\Z")
_PLAIN_WAYS: dict[tuple[bool, bool], Callable[[list[str], str], bool]] = {
    (True, True): lambda words, text: text in words,
    (True, False): lambda words, text: text.startswith(tuple(words)),
    (False, True): lambda words, text: text.endswith(tuple(words)),
    (False, False): lambda words, text: any(word in text for word in words),
}

"""What is said of a leaked value beside its place: never the value."""

from __future__ import annotations

import math
from collections import Counter

import msgspec

PREFIX = "leak:"
"""What the ids of findings of ``scan`` begin with; the rule that recognised the value follows."""

PENDING = "leak-staged:"
"""Stands for the ids of leaks that are about to be committed, where it is said what to do first."""

MASK = "••••••"
"""Stands for what is hidden; its length says nothing."""

PUBLIC_PREFIXES = (
    "A3T", "ABIA", "ACCA", "AGPA", "AIDA", "AIPA", "AKIA", "ANPA", "AROA", "ASIA",  # AWS: IAM identifiers
    "AIza", "ya29",  # Google
    "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "gith",  # GitHub
    "glpa", "gldt", "glrt", "glft", "glag", "glso",  # GitLab: glpat-, gldt-, …
    "xoxa", "xoxb", "xoxe", "xoxo", "xoxp", "xoxr", "xoxs", "xapp",  # Slack
    "sk_l", "sk_t", "rk_l", "rk_t", "whse",  # Stripe
    "sk-a", "sk-p", "sk-o",  # Anthropic, OpenAI, OpenRouter
    "npm_", "pypi", "hf_", "dop_", "doo_", "dor_", "dckr",
    "hvs.", "hvb.", "hvr.", "pscale", "shpa", "shpc", "shpp", "shps", "PMAK", "dapi", "SG.", "key-", "eyJ",
)  # fmt: skip
"""How tokens of a published format begin. The first four characters of them are everybody's; no more is shown."""

_SHOWN = 4
_SHORTEST = 20
"""A value must be so much longer than what is shown of it."""


class CommitFact(msgspec.Struct, frozen=True):
    """One commit: its id, who wrote it and when (ISO 8601, with the author's own time zone)."""

    id: str
    author: str
    date: str

    def show(self) -> str:
        """Write it as ``1a2b3c4d5e6f, 2026-11-21, Ada``."""
        return ", ".join(part for part in (self.id[:12], self.date[:10], self.author) if part)


class Leak(msgspec.Struct, frozen=True):
    """One leaked value, as a finding of ``scan`` tells it.

    Attributes:
        what: what it is, for people: ``GitHub personal access token``.
        masked: the value as it may be shown; see `masked`.
        entropy: Shannon entropy in bits for each character.
        places: how many places hold it, those that ``Finding.related`` leaves out included.
        first: the commit that brought it in; None where no history was read.
        last: the newest commit that holds it.
        present: True where the branch's tip still holds it; None where no history was read.
        encoding: how it stands there where it is not as it is: ``base64``; empty otherwise.
        live: where the inventory has the same value, as people read it: ``Secret shop/db, key password``.
        consumers: who uses those Secrets.
        pending: it is about to be committed, so that no clone has it yet.
        verified: what asking the issuer gave: ``active``, ``inactive``, ``unknown``; empty where nobody was asked.
        todo: what to do next, one step each.
    """

    what: str
    masked: str
    entropy: float
    places: int = 1
    first: CommitFact | None = None
    last: CommitFact | None = None
    present: bool | None = None
    encoding: str = ""
    live: tuple[str, ...] = ()
    consumers: tuple[str, ...] = ()
    pending: bool = False
    verified: str = ""
    todo: tuple[str, ...] = ()


def masked(value: str) -> str:
    """Return a value as a report may show it.

    Nothing of it, unless it begins as tokens of a published format do (``ghp_``, ``AKIA``): then that beginning, four
    characters at most, which anybody who knows the kind of token knows too.
    """
    if len(value) >= _SHORTEST and value.startswith(PUBLIC_PREFIXES):
        longest = max(len(prefix) for prefix in PUBLIC_PREFIXES if value.startswith(prefix))
        return value[: min(longest, _SHOWN)] + MASK
    return MASK


def entropy(value: bytes) -> float:
    """Return the Shannon entropy of a value in bits for each byte, to one decimal; 0 where it is empty."""
    if not value:
        return 0.0
    size = len(value)
    bits = -sum(n / size * math.log2(n / size) for n in Counter(value).values())
    return round(abs(bits), 1)

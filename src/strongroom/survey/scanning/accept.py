"""What a scan leaves out because somebody accepted it: comments, allowlists, other scanners' files, the baseline.

The first three are asked where the value is at hand; nothing of it stays here but fingerprints. The baseline knows
values by fingerprint and is asked afterwards.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType

from strongroom.leaks.allow import NONE as NO_COMMENTS
from strongroom.leaks.allow import Allowances, allowances
from strongroom.leaks.custom_rules import NONE as NO_RULES
from strongroom.leaks.custom_rules import CustomRules
from strongroom.leaks.imports.contract import Accepted
from strongroom.model.decision import Decision
from strongroom.model.origin import Origin
from strongroom.model.place import Nature
from strongroom.model.plaintext import Fingerprint, Plaintext
from strongroom.model.skipped import Reason, Skipped
from strongroom.survey.leak_baseline import Entry, Known, LeakBaseline, path_in
from strongroom.survey.scanning.hit import Hit

IGNORED, ALLOWLIST, BASELINE, IMPORTED = "ignored", "allowlist", "baseline", "imported"
"""Why something was left out, as reports count it."""

_OF_ONE_KIND = ("betterleaks.", "veles.", "custom.")
"""How rules for one kind of token begin; ours look at names and places."""
_BROAD = frozenset({"generic-api-key", "kubernetes-secret-yaml", "curl-auth-header", "curl-auth-user"})
"""Rules of gitleaks for whatever looks like a secret: ours find the same value under another name."""


class Acceptance:
    """What is accepted in one run; safe to use from several threads.

    Args:
        baseline: what is known.
        folder: the folder of the baseline file.
        root: what paths of hits are relative to, where ``roots`` does not say.
        rules: rules of the user's, with their allowlists.
        today: the date for expiries.
        roots: what they are relative to, by source: of several repositories, each has its own top.
    """

    def __init__(
        self,
        baseline: LeakBaseline | None = None,
        folder: Path = Path(),
        root: Path = Path(),
        rules: CustomRules = NO_RULES,
        today: date = date.min,
        roots: Mapping[str, Path] = MappingProxyType({}),
    ) -> None:
        self._baseline = baseline
        self._folder = folder
        self._root = root
        self._roots = roots
        self._today = today
        self._allows_value = rules.allows_value() if rules.taken else None
        self._allows_place = rules.allows_place() if rules.taken else None
        accepted = [one for taken in rules.taken for one in taken.accepted]
        self._by_hash, self._by_line = _indexed(accepted)
        self._taken: dict[Known, Entry] = {}
        self._used: set[Accepted] = set()
        self.accepted = len(accepted)
        self._stopped: set[tuple[str, str, str]] = set()
        self.hits: list[Hit] = []
        self.unreasoned: set[tuple[str, int]] = set()
        self._lock = threading.Lock()

    def of_file(self, data: bytes, path: str, shift: int = 0) -> Allowances:
        """Return the comments of a file's contents, or of a part behind ``shift`` lines; unreasoned ones are noted."""
        found = allowances(data)
        if not found:
            return NO_COMMENTS
        with self._lock:
            self.unreasoned.update((path, line + shift) for line in found.unreasoned)
        return found

    def commented(self, comments: Allowances, hit: Hit, shift: int = 0) -> bool:
        """Tell whether a comment accepts a hit, and note it.

        Args:
            comments: of its file, or of a part of it.
            hit: the hit.
            shift: how many lines of the file stand before that part.
        """
        first, last = hit.origin.line - shift, _last_line(hit.origin) - shift
        if not comments or comments.of(hit.rule, first, last) is None:
            return False
        self._stop(IGNORED, hit.fingerprint, hit.origin)
        return True

    def stops(self, rule: str, value: Plaintext, origin: Origin, line: str, key: bytes) -> bool:
        """Tell whether an allowlist or another scanner's file accepts a value, and note it.

        Args:
            rule: what found it.
            value: the value.
            origin: its place; the commit may be unknown yet.
            line: the text of its first line.
            key: the fingerprint key.
        """
        if self._allows_value is not None:
            text = value.reveal().decode("utf-8", "replace")
            if self._allows_value(rule, text, line, origin.path):
                self._stop(ALLOWLIST, value.fingerprint(key), origin)
                return True
        if not self._by_hash:
            return False
        found = (self._by_hash.get((origin.path, digest)) for digest in _digests(value.reveal()))
        one = next((one for one in found if one is not None), None)
        return one is not None and self._take(one, rule, value.fingerprint(key), origin)

    def uncovered(self, hits: Iterable[Hit]) -> list[Hit]:
        """Return the hits that nothing accepts; those that no allowlist leaves out stay in ``hits``."""
        kept: list[Hit] = []
        found = list(hits)
        # one value may be found by a rule for its kind and by one for whatever stands there: the kind is what it is
        kinds = (
            {hit.fingerprint: hit.rule for hit in found if hit.rule.startswith(_OF_ONE_KIND)} if self._by_line else {}
        )
        self.hits = []
        for hit in found:
            origin = hit.origin
            if self._allows_place is not None and self._allows_place(hit.rule, origin.path, origin.commit):
                self._stop(ALLOWLIST, hit.fingerprint, origin)
                continue
            self.hits.append(hit)
            one = self._known_by_line(hit, kinds.get(hit.fingerprint, hit.rule)) if self._by_line else None
            if one is not None and self._take(one, hit.rule, hit.fingerprint, origin):
                continue
            if self._is_in_baseline(hit):
                self._stop(BASELINE, hit.fingerprint, origin)
                continue
            kept.append(hit)
        return kept

    def entries(self, hits: Iterable[Hit]) -> list[Entry]:
        """Return what a baseline that knows these hits holds, and what was taken over from other scanners' files."""
        found = (Entry(hit.fingerprint, hit.rule, self.path(hit.origin)) for hit in hits if hit.nature is Nature.SECRET)
        return list(({entry.known: entry for entry in found} | self._taken).values())

    def path(self, origin: Origin) -> str:
        """Return a hit's file as the baseline names it."""
        return path_in(self._folder, self._roots.get(origin.source, self._root), origin.path)

    @property
    def asks_values(self) -> bool:
        """True where `stops` has to see values: only this process can note what it says."""
        return self._allows_value is not None or bool(self._by_hash)

    @property
    def suppressed(self) -> Counter[str]:
        """How many values were left out, in each file, by why."""
        return Counter(why for why, _, _ in self._stopped)

    @property
    def unused(self) -> int:
        """How many findings of other scanners' files matched nothing that was found."""
        return self.accepted - len(self._used)

    def skipped(self) -> list[Skipped]:
        """Return what users should know of: comments that do not count."""
        return [Skipped(path, line, 0, Reason.UNREASONED) for path, line in sorted(self.unreasoned)]

    def _stop(self, why: str, fingerprint: str, origin: Origin) -> None:
        with self._lock:
            self._stopped.add((why, fingerprint, origin.path))

    def _is_in_baseline(self, hit: Hit) -> bool:
        if self._baseline is None or not self._baseline.entries:
            return False
        return self._baseline.covers(hit.fingerprint, hit.rule, self.path(hit.origin), self._today)

    def _known_by_line(self, hit: Hit, rule: str) -> Accepted | None:
        for number in range(hit.origin.line, _last_line(hit.origin) + 1):
            for one in self._by_line.get((hit.origin.path, number), ()):
                if _same_rule(one.rule, rule) and one.commit in {"", hit.origin.commit}:
                    return one
        return None

    def _take(self, one: Accepted, rule: str, fingerprint: Fingerprint, origin: Origin) -> bool:
        """Note what another scanner's file says of a value; return whether it need not be reported."""
        reason = f"accepted in {one.tool} as {one.rule}" if one.decision is Decision.ACCEPTED else ""
        entry = Entry(fingerprint, rule, self.path(origin), one.decision, reason)
        with self._lock:
            self._used.add(one)
            self._taken[entry.known] = entry
        if entry.covers(self._today):
            self._stop(IMPORTED, fingerprint, origin)
            return True
        return False


def _indexed(
    accepted: Iterable[Accepted],
) -> tuple[dict[tuple[str, str], Accepted], dict[tuple[str, int], list[Accepted]]]:
    by_hash: dict[tuple[str, str], Accepted] = {}
    by_line: dict[tuple[str, int], list[Accepted]] = {}
    for one in accepted:
        if one.sha1:
            by_hash[one.path, one.sha1] = one
        else:
            by_line.setdefault((one.path, one.line), []).append(one)
    return by_hash, by_line


def _digests(value: bytes) -> Iterable[str]:
    """Yield SHA-1 of a value, as detect-secrets has it: as it is, and as base64 where ours was decoded."""
    encoded = base64.b64encode(value)
    for form in (value, encoded, encoded.rstrip(b"="), value.strip()):
        yield hashlib.sha1(form, usedforsecurity=False).hexdigest()


def _same_rule(theirs: str, ours: str) -> bool:
    """Tell whether a rule of another scanner may be one of ours: the same, or either looks for no one kind of token."""
    return theirs in _BROAD or not ours.startswith(_OF_ONE_KIND) or theirs == ours.partition(".")[2]


def _last_line(origin: Origin) -> int:
    return max(origin.line, origin.end_line)

"""Asking those who issued a value whether it still works: ``scan --verify``.

The recognition library's rules say whom to ask and how; this is the only place of a scan from which a value leaves the
machine, and it runs only where the user asks for it.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from strongroom.errors import StrongroomError
from strongroom.model.finding import Finding, Severity
from strongroom.model.plaintext import Fingerprint, Plaintext

if TYPE_CHECKING:
    from kingfisher_sdk import Finding as Match
    from kingfisher_sdk import Rules, Validator

ACTIVE, INACTIVE, UNKNOWN = "active", "inactive", "unknown"
_OUTCOMES = {"verified_active": ACTIVE, "verified_inactive": INACTIVE}
_HOST = re.compile(r"https?://([A-Za-z0-9.-]+(?::[0-9]+)?)(?=[/?\"'\s]|$)")
_OF_THE_VALUE = "the hosts that the values themselves name"
_LOCAL = ("JWT", "Ethereum", "Assumed")
_ONE_REQUEST = 10.0
_AT_ONCE = 8
_TEXTS_AT_ONCE = 4
_MOST_HOSTS = 20


class Verification(msgspec.Struct, frozen=True):
    """How values are verified.

    Attributes:
        seconds: no longer than this in all.
        internal: ask hosts of private networks and of this machine, too.
        announce: called before the first request with what will be asked.
    """

    seconds: float = 60
    internal: bool = False
    announce: Callable[[str], None] = lambda _: None


class _Asked(NamedTuple):
    rule: str
    found: Sequence[Match]

    def __repr__(self) -> str:
        return f"_Asked({self.rule})"


class Verifier:
    """Keeps what the library found, in memory, and verifies each value once.

    Args:
        key: the fingerprint key.
        how: limits.
    """

    def __init__(self, key: bytes, how: Verification) -> None:
        self._key = key
        self._how = how
        self._lock = threading.Lock()
        self._kept: dict[Fingerprint, _Asked] = {}

    def keep(self, found: Sequence[Match]) -> None:
        """Keep the matches of one text; all of them, because a rule may need those beside its own."""
        new = [(self._of(one), one.rule_id) for one in found if one.visible]
        with self._lock:
            for fingerprint, rule in new:
                self._kept.setdefault(fingerprint, _Asked(rule, found))

    def _of(self, one: Match) -> Fingerprint:
        return Plaintext(one.secret).fingerprint(self._key)

    def verify(self, wanted: Iterable[Fingerprint], rules: Rules) -> dict[Fingerprint, str]:
        """Ask about values; return ``active``, ``inactive`` or ``unknown`` for each that a rule can ask about.

        Args:
            wanted: those that the report names; others are not asked about.
            rules: the loaded rules.

        Raises:
            StrongroomError: the library refuses.
        """
        asked = {value: self._kept[value] for value in wanted if value in self._kept}
        details = {rule: rules.detail(rule)["validation"] for rule in {one.rule for one in asked.values()}}
        asked = {value: one for value, one in asked.items() if details[one.rule]}
        if not asked:
            return {}
        self._how.announce(_announcement(len(asked), [details[one.rule] for one in asked.values()]))
        return self._ask(asked, lambda rule: rules.detail(rule)["depends_on_rule"])

    def _ask(self, asked: dict[Fingerprint, _Asked], needs: Callable[[str], Any]) -> dict[Fingerprint, str]:
        import time

        from kingfisher_sdk import Validator

        validator = Validator(timeout=_ONE_REQUEST, concurrency=_AT_ONCE, allow_internal_ips=self._how.internal)
        end = time.monotonic() + self._how.seconds
        texts: dict[int, dict[Fingerprint, _Asked]] = {}
        for value, one in asked.items():
            texts.setdefault(id(one.found), {})[value] = one

        def ask(values: dict[Fingerprint, _Asked]) -> dict[Fingerprint, str]:
            left = end - time.monotonic()
            return self._outcomes(validator, values, needs, left) if left > 0 else {}

        outcomes = dict.fromkeys(asked, UNKNOWN)
        with ThreadPoolExecutor(_TEXTS_AT_ONCE) as pool:
            for found in pool.map(ask, texts.values()):
                outcomes |= found
        return outcomes

    def _outcomes(
        self, validator: Validator, values: dict[Fingerprint, _Asked], needs: Callable[[str], Any], seconds: float
    ) -> dict[Fingerprint, str]:
        """Ask about values of one text. What is handed over is these, and what their rules need beside them."""
        needed = {rule for one in values.values() for rule in _strings(needs(one.rule))}
        everything = next(iter(values.values())).found
        found = [one for one in everything if not one.visible or one.rule_id in needed or self._of(one) in values]
        try:
            results = validator.validate(found, timeout=seconds)
        except TimeoutError:
            return {}
        except (RuntimeError, ValueError, OSError):
            # its text may quote a request, and with it a value
            raise StrongroomError("values could not be verified", hint="leave --verify out to see the report") from None
        outcomes: dict[Fingerprint, str] = {}
        for one, result in zip(found, results, strict=True):
            value = self._of(one)
            if one.visible and value in values and outcomes.get(value) != ACTIVE:
                outcomes[value] = _OUTCOMES.get(result.outcome, UNKNOWN)
        return outcomes

    def __repr__(self) -> str:
        return f"Verifier({len(self._kept)} values)"


def _announcement(count: int, validations: list[dict[str, Any]]) -> str:
    hosts: Counter[str] = Counter()
    for one in validations:
        if one["type"] in _LOCAL:
            continue
        hosts.update(set(_hosts(one)) or {"AWS" if one["type"] == "AWS" else _OF_THE_VALUE})
    if not hosts:
        return f"verifying {count} values: nobody is asked"
    named = [host for host, _ in hosts.most_common(_MOST_HOSTS)]
    more = f" and {len(hosts) - len(named)} more" if len(hosts) > len(named) else ""
    return f"verifying {count} value{'s' if count != 1 else ''} sends them to {', '.join(sorted(named))}{more}"


def _hosts(validation: Any) -> Iterator[str]:
    for text in _strings(validation):
        yield from _HOST.findall(text)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)


def verified(findings: Iterable[Finding], outcomes: dict[Fingerprint, str]) -> list[Finding]:
    """Say of findings what asking gave; a value that works is critical."""
    return [_said(finding, outcomes.get(finding.value)) if finding.value else finding for finding in findings]


def _said(finding: Finding, outcome: str | None) -> Finding:
    if outcome is None or finding.leak is None:
        return finding
    return msgspec.structs.replace(
        finding,
        severity=Severity.CRITICAL if outcome == ACTIVE else finding.severity,
        message=f"{finding.message}, verified: {outcome}",
        leak=msgspec.structs.replace(finding.leak, verified=outcome),
    )


def summary(outcomes: dict[Fingerprint, str]) -> str:
    """Return one line that counts the outcomes."""
    if not outcomes:
        return "verified no value: no rule of what was found knows whom to ask"
    counts = Counter(outcomes.values())
    said = ", ".join(f"{counts[one]} {one}" for one in (ACTIVE, INACTIVE, UNKNOWN) if counts[one])
    return f"verified {len(outcomes)} value{'s' if len(outcomes) != 1 else ''}: {said}"

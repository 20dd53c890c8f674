"""The library's rules: ``kingfisher_sdk`` (https://github.com/mongodb/kingfisher), in process, on text in memory."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from strongroom.errors import StrongroomError
from strongroom.model.finding import Confidence

if TYPE_CHECKING:
    from kingfisher_sdk import Finding, Scanner

_CONFIDENCES = {"low": Confidence.LOW, "medium": Confidence.MEDIUM, "high": Confidence.HIGH}

# Rules that find no secret: identifiers, keys meant for browsers, and the text of a Secret manifest as such.
_NOT_SECRET = re.compile(
    r"(?:-client-id|-app-id|-application-id|-account-id|-access-id|-public-key|-pub-key|-pub-api-key|-user-api-id|-username)(?:\.\d+)?$"
    r"|kubernetes-secret-yaml|posthog-project-api-key|devcycle-(?:client|mobile)-sdk-key|new-relic-browser-api-token"
    r"|mapbox-api-token|segment-public"
)
_LEAD = re.compile(
    r"^(?:(?:uncovered|detected|identified|discovered|found)\s+)?(?:an?\s+|the\s+)?(?:(?:possible|potential)\s+)?"
    r"(?:pattern\s+(?:that may indicate|resembling|that resembles)\s+)?(?:(?:possible|potential)\s+)?(?:an?\s+)?"
    r"(?:long-lived\s+(?=amazon))?",
    re.IGNORECASE,
)
_END = re.compile(
    r",|\.\s|\.$|\s-\s|\s\((?!GCP|legacy)"
    r"|\s(?:which|posing|that could|risking|potentially|paired with|component of|provided in|within|in a|field)\b"
    r"|\sembedded in\b"
)
_NAMES = {
    "betterleaks.generic-credential-uri": "password in a URL",
    "betterleaks.mongodb-connection-string": "password in a MongoDB connection string",
    "betterleaks.curl-auth-user": "password on a curl command line",
    "betterleaks.curl-auth-header": "authorization header of a curl command",
    "betterleaks.private-key": "private key",
    "betterleaks.jwt": "JSON Web Token",
    "betterleaks.jwt-base64": "JSON Web Token in base64",
    "betterleaks.aws-access-token": "AWS access key",
    "betterleaks.gcp-service-account": "Google Cloud service-account key",
    "betterleaks.sourcegraph-access-token": "Sourcegraph access token",
    "betterleaks.cisco-meraki-api-key": "Cisco Meraki API key",
    "betterleaks.hashicorp-tf-password": "password of a Terraform block",
    "betterleaks.nuget-config-password": "password of a NuGet configuration",
    "betterleaks.buildkite-service-token": "Buildkite token",
    "betterleaks.sendinblue-api-token": "Brevo API token",
    "betterleaks.xai-api-key": "xAI API key",
}
OWN_RULES = tuple(
    Path(__file__).parent / "rules" / f"{name}.yaml"
    for name in ("assigned", "cloud", "databases", "kubernetes", "registries", "services")
)
"""Rules for what the library's own catalogue lacks, or finds only beside a companion: an AWS key id alone."""

ASSIGNED_RULES = frozenset(("strongroom.assigned-secret", "strongroom.exported-secret", "strongroom.ansible-password"))
"""Rules that find whatever a program gives to a name that promises a secret."""

PASSWORD_RULES = frozenset(
    (
        "betterleaks.generic-credential-uri",
        "betterleaks.mongodb-connection-string",
        "betterleaks.curl-auth-user",
        "betterleaks.hashicorp-tf-password",
        "betterleaks.nuget-config-password",
        "strongroom.curl-user-password",
    )
)
"""Rules that find whatever stands where a password does: what they find is judged as one."""


class LibraryMatch(NamedTuple):
    """One match: byte offsets in the text that was scanned, and the secret, decoded where it stood in base64.

    ``name`` is what the value is given to, for rules that see it.
    """

    start: int
    end: int
    rule: str
    what: str
    confidence: Confidence
    secret: str
    encoded: bool
    name: str = ""

    def __repr__(self) -> str:
        return f"LibraryMatch({self.rule} {self.start}-{self.end})"


class Library:
    """The loaded rules.

    Loading takes 0.2 s (2.6 s the first time on a machine) and releases the interpreter's lock: call `load` in a
    thread while something else is read. The first scan loads them otherwise.

    Args:
        rules: opens files of further rules for as long as they are read; see `custom_rules.CustomRules.paths`.
    """

    def __init__(self, rules: Callable[[], AbstractContextManager[Sequence[Path]]] | None = None) -> None:
        self._rules = rules
        self._scanner: Scanner | None = None
        self._failure: Exception | None = None
        self._lock = threading.Lock()

    @property
    def is_loading(self) -> bool:
        """True until the rules are loaded, or could not be."""
        return self._scanner is None and self._failure is None

    def load(self) -> None:
        """Load the rules unless they are; what goes wrong is raised by `scan`, not here."""
        with self._lock:
            if self._scanner is None and self._failure is None:
                try:
                    self._scanner = _new_scanner(self._rules)
                except (ImportError, OSError, RuntimeError, ValueError) as error:
                    self._failure = error

    def scan(self, text: bytes) -> Iterator[LibraryMatch]:
        """Yield every visible match in a text, in no particular order.

        Raises:
            StrongroomError: the library's rules could not be loaded.
        """
        for finding in self.scanner().scan(text):
            if finding.visible and not is_identifier(finding.rule_id):
                yield _match(finding)

    def scanner(self) -> Scanner:
        """Return the library's scanner, with its rules; loads them where that is still to be done.

        Raises:
            StrongroomError: the library's rules could not be loaded.
        """
        if self._scanner is None:
            self.load()
        if self._scanner is None:
            raise StrongroomError(
                "the recognition rules could not be loaded", hint="install kingfisher-secret-scanner again"
            ) from self._failure
        return self._scanner


def is_identifier(rule: str) -> bool:
    """Tell whether a rule finds no secret: an identifier, a public key, or a Secret manifest as such."""
    return _NOT_SECRET.search(rule) is not None


def _new_scanner(rules: Callable[[], AbstractContextManager[Sequence[Path]]] | None) -> Scanner:
    from kingfisher_sdk import Rules, Scanner

    with rules() if rules is not None else nullcontext(()) as files:
        return Scanner(Rules((*OWN_RULES, *files)))


def _match(finding: Finding) -> LibraryMatch:
    where = finding.location
    return LibraryMatch(
        start=where["start_offset"],
        end=where["end_offset"],
        rule=finding.rule_id,
        what=human_name(finding.rule_id, finding.rule_name),
        confidence=_CONFIDENCES.get(finding.confidence, Confidence.MEDIUM),
        secret=finding.secret,
        encoded=finding.is_base64_encoded,
        name=finding.captures.get("name", "") if finding.rule_id in ASSIGNED_RULES else "",
    )


def utf8_name(path: str) -> str:
    """Return a path as the library takes one: without the bytes of a name that is not UTF-8, which it refuses."""
    return path if path.isascii() else path.encode("utf-8", "replace").decode()


def human_name(rule: str, sentence: str) -> str:
    """Make a short name of a rule's sentence.

    ``Uncovered a GitHub Personal Access Token, potentially leading to …`` gives ``GitHub Personal Access Token``.
    """
    if rule in _NAMES:
        return _NAMES[rule]
    name = _LEAD.sub("", sentence.strip())
    ended = _END.search(name)
    name = name[: ended.start()] if ended else name
    return name.strip(" .") or rule.rpartition(".")[2].replace("-", " ")

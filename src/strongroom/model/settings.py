"""What a user may set: thresholds, conventions, ignores."""

from __future__ import annotations

import msgspec

from strongroom.model.finding import Severity


class Ignore(msgspec.Struct, frozen=True):
    """An accepted finding.

    Attributes:
        id: the check's id.
        reason: why it is accepted; required.
        path: a glob of paths; empty for all.
        resource: ``Kind namespace/name`` or a glob of it; empty for all.
        expires: ISO date after which it counts again; empty for never.
    """

    id: str
    reason: str
    path: str = ""
    resource: str = ""
    expires: str = ""


class Settings(msgspec.Struct, frozen=True):
    """Settings of one run, from ``strongroom.toml`` or ``[tool.strongroom]`` and from options."""

    fail_on: Severity = Severity.HIGH
    severities: dict[str, Severity] = {}
    ignores: tuple[Ignore, ...] = ()
    max_secret_age_days: int = 90  # PCI DSS 4.0 8.6.3 asks for a period by risk analysis; 90 is the common one
    certificate_warning_days: int = 30
    name_pattern: str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
    owner_labels: tuple[str, ...] = (
        "app.kubernetes.io/managed-by",
        "app.kubernetes.io/part-of",
        "app.kubernetes.io/name",
        "owner",
        "team",
        "strongroom.dev/owner",
    )
    version_labels: tuple[str, ...] = ("app.kubernetes.io/version", "version", "strongroom.dev/version")
    shared_account_limit: int = 1
    secret_reach_limit: int = 10

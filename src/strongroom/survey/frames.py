"""The line behind a finding, with everything masked that could be a value."""

from __future__ import annotations

import re

from strongroom.model.origin import Origin

MASK = "••••••"
_WIDTH = 200

_LINE = re.compile(r"(?P<lead>[\s-]*)(?P<key>[\w./~-]+|\"[^\"]*\"|'[^']*')(?P<colon>:\s*)(?P<value>.*)")
_BEFORE_VALUE = re.compile(r"\s*(?:[-\w.]+\s+)?(?:- )*[\w.\-\"'\[\] ]*\s*[=:]?\s*[\"']?")

_SHOWN_KEYS = frozenset(
    [
        "apiGroup",
        "apiGroups",
        "apiVersion",
        "automountServiceAccountToken",
        "clusterRoleSelectors",
        "creationTimestamp",
        "defaultMode",
        "envFrom",
        "hostIPC",
        "hostNetwork",
        "hostPath",
        "hostPID",
        "image",
        "immutable",
        "imagePullSecrets",
        "key",
        "kind",
        "mode",
        "mountPath",
        "name",
        "namespace",
        "optional",
        "path",
        "privileged",
        "provider",
        "readOnly",
        "refreshInterval",
        "refreshPolicy",
        "resourceNames",
        "resources",
        "roleRef",
        "rules",
        "secret",
        "secretKeyRef",
        "secretName",
        "secretProviderClass",
        "secretRef",
        "serviceAccount",
        "serviceAccountName",
        "subPath",
        "subjects",
        "type",
        "verbs",
    ]
)
"""Keys of the Kubernetes API whose values are names, modes and switches. Everything else is masked: a line is shown by
permission, not by the absence of an alarm."""

_SHOWN_BELOW = frozenset({"rules", "subjects", "roleRef", "aggregationRule", "webhooks"})
"""Top-level fields of kinds that hold no values."""


def frame(text: str, origin: Origin, *, sensitive: bool) -> str:
    """Return one line of a file as a report may show it.

    Args:
        text: the line.
        origin: the place of the finding; its columns are those of this line.
        sensitive: True where the finding is about a value, or a recognised value stands at the place.
    """
    text = text.rstrip("\r\n")
    if len(text) > _WIDTH:
        return ""
    if origin.inner_end > origin.inner_start or origin.document < 0:
        before = text[: origin.column - 1]
        return f"{before}{MASK}" if _BEFORE_VALUE.fullmatch(before) else MASK
    match = _LINE.fullmatch(text)
    if match is None:
        shown = not sensitive and bool(origin.field) and origin.field[0] in _SHOWN_BELOW
        return text if shown else ""
    key = match["key"].strip("\"'")
    value = match["value"]
    if not value or value[0] in "|>#":
        return text if not value.startswith("#") else text[: match.start("value")].rstrip()
    if not sensitive and (key in _SHOWN_KEYS or (origin.field and origin.field[0] in _SHOWN_BELOW)):
        return text
    return text[: match.start("value")] + MASK


def context(text: str) -> str:
    """Return a line that nothing is said of as a diff may show it around what changes; ``…`` where it may not."""
    if not text.strip() or text.strip() == "---":
        return text
    return frame(text, Origin(source="", path="", document=0), sensitive=False) or "…"

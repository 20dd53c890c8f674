"""What the checks over recognised values have in common."""

from __future__ import annotations

from strongroom.model.finding import Confidence, Severity
from strongroom.model.place import Context, Nature, Sighting
from strongroom.posture.check import Hit

_UNNAMED = "secret data"
_SHORT = "shorter than"
_VOWELS = tuple("aeiouAEIOU")
_SPELT_WITH_A_VOWEL_SOUND = tuple("AEFHILMNORSX")


def is_secret(sighting: Sighting, *contexts: Context) -> bool:
    """Tell whether a value is a secret that stands in one of some contexts."""
    return sighting.context in contexts and sighting.nature is Nature.SECRET


def is_unnamed(sighting: Sighting) -> bool:
    """Tell whether a value of a Secret is one only by where it stands: its key promises nothing."""
    return sighting.what == _UNNAMED


def is_short(sighting: Sighting) -> bool:
    """Tell whether a value has no other weakness than its length."""
    return sighting.weak.startswith(_SHORT)


def found(sighting: Sighting, message: str, *, severity: Severity = Severity.HIGH) -> Hit:
    """Make the hit for a recognised value; where recognition is unsure, it is at most a medium one."""
    if sighting.confidence is Confidence.LOW:
        severity = min(severity, Severity.MEDIUM)
    return Hit(
        message,
        sighting.origin,
        sighting.resource,
        severity=severity,
        confidence=sighting.confidence,
        value=sighting.fingerprint,
        rule=sighting.rule,
        about=sighting.origin.inner,
    )


def kind_of(sighting: Sighting) -> str:
    """Return what a value is, with its article: ``a password``, ``an AWS access key``."""
    what = sighting.what or "secret"
    first = what.split(maxsplit=1)[0]
    vowel = first.startswith(_SPELT_WITH_A_VOWEL_SOUND if first.isupper() else _VOWELS)
    return f"{'an' if vowel else 'a'} {what}"


def holder(sighting: Sighting) -> str:
    """Return the object that a value stands in, else its file."""
    return sighting.resource.show() if sighting.resource else sighting.origin.path or sighting.origin.source


def place(sighting: Sighting) -> str:
    """Return the name that leads to a value in its object: the key, with the path inside an embedded file."""
    step = next((str(s) for s in reversed(sighting.origin.field) if isinstance(s, str)), "")
    if sighting.origin.inner:
        return f"{step} ({sighting.origin.inner})" if step else sighting.origin.inner
    return sighting.name or step

"""Why a password is weak, in fixed words."""

from __future__ import annotations

import re

from strongroom.leaks.words import COMMON_PASSWORDS

MIN_LENGTH = 8
"""NIST SP 800-63B-3 section 5.1.1.2: memorised secrets have at least eight characters."""

SAME_AS_NAME = "the same as its name"

_LONGEST = 64
_RUNS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "1qaz2wsx3edc4rfv",
    "qazwsxedc",
)
_LEET = str.maketrans("@4301!$57", "aaeoiisst")
_AROUND = re.compile(r"^[\W_\d]+|[\W_\d]+$")
_WITHIN = re.compile(r"[\W_]+")


def weak(value: str, name: str = "", user: str = "") -> str:
    """Say why a value is a weak password; empty where it is not.

    Looks at what an attacker tries first: lists of default passwords (also with digits around them and letters
    written as digits), the name of the field or of the user, repetition, and runs on the keyboard. No estimate of
    entropy.
    """
    if len(value) > _LONGEST:
        return ""
    low = value.strip().lower()
    if not low:
        return "empty"
    if low in COMMON_PASSWORDS:
        return "a common default password"
    if low in (name.lower(), user.lower()):
        return SAME_AS_NAME
    if len(low) >= 4 and len(set(low)) <= 2:
        return "one or two characters repeated"
    if _is_run(low):
        return "a run of keys or digits"
    if len(value) < MIN_LENGTH:
        return f"shorter than {MIN_LENGTH} characters"
    core = _core(low)
    if core and core in COMMON_PASSWORDS and len(low) - len(core) <= 4:
        return "a common password with little added"
    return ""


def _core(low: str) -> str:
    core = _AROUND.sub("", low)
    return core if core in COMMON_PASSWORDS else _WITHIN.sub("", _AROUND.sub("", low.translate(_LEET)))


def _is_run(low: str) -> bool:
    if len(low) < 4:
        return False
    return any(low in run or low in run[::-1] for run in _RUNS)

"""How sure we are that a password-like text is a secret, and whether it is a weak one."""

from __future__ import annotations

import re
from typing import NamedTuple

from strongroom.leaks.names import Promise
from strongroom.leaks.nature import is_made_up, looks_random, nature_of
from strongroom.leaks.weak import SAME_AS_NAME, weak
from strongroom.leaks.words import COMMON_PASSWORDS, PLACEHOLDERS
from strongroom.model.finding import Confidence
from strongroom.model.place import Nature

_SIGNS = frozenset("!@#$%^&*+=?")
_KEYS_OF_SECRETS = frozenset({".dockerconfigjson", ".dockercfg", "ssh-privatekey", "tls.crt", "tls.key"})
_IDENTIFIER = re.compile(r"\.?[A-Za-z][\w.-]*")


class Judgement(NamedTuple):
    """What a value is, how sure that is, and why it is weak."""

    nature: Nature
    confidence: Confidence
    weak: str = ""


def judge_password(value: str, name: str = "", user: str = "", *, custom: bool = False) -> Judgement:
    """Judge a text that stands where a password does.

    A default password (``admin``, ``postgres``) works where it is used, so it is a secret, but one that tells little:
    low confidence. A placeholder is weak too where it is a word that would work when applied as it is.
    """
    nature = nature_of(value, Promise.PASSWORD, custom=custom)
    reason = weak(value, name, user)
    low = value.strip().lower()
    if nature is Nature.PLACEHOLDER:
        return Judgement(nature, Confidence.MEDIUM, reason if low in COMMON_PASSWORDS or low in PLACEHOLDERS else "")
    if nature is not Nature.SECRET:
        return Judgement(nature, Confidence.MEDIUM)
    if " " in value.strip():
        if _is_phrase(value):
            return Judgement(nature, Confidence.MEDIUM, reason)
        return Judgement(Nature.PLAIN if _is_prose(value) else nature, Confidence.LOW, reason)
    if looks_random(value) or _is_mixed(value):
        return Judgement(nature, Confidence.HIGH, reason)
    if low in COMMON_PASSWORDS or len(value) < 4 or reason == SAME_AS_NAME:
        return Judgement(nature, Confidence.LOW, reason)
    return Judgement(nature, Confidence.MEDIUM, reason)


def judge_token(value: str, promised: Promise | None, *, custom: bool = False) -> Judgement:
    """Judge a text that stands where a token or a key does: these are generated, so words are names or settings."""
    nature = nature_of(value, promised, custom=custom)
    if nature is not Nature.SECRET:
        return Judgement(nature, Confidence.MEDIUM)
    size, digits = len(value), sum(c.isdigit() for c in value)
    if any(c.isspace() for c in value.strip()) or size < 6:
        return Judgement(Nature.PLAIN, Confidence.MEDIUM)
    if is_made_up(value):
        return Judgement(nature, Confidence.LOW)
    if custom and value in _KEYS_OF_SECRETS:
        return Judgement(Nature.REFERENCE, Confidence.MEDIUM)
    if looks_random(value):
        return Judgement(nature, Confidence.HIGH)
    if custom and _IDENTIFIER.fullmatch(value) and not (size >= 12 and digits >= 3):
        # one word under `token:` or `secretKey:` is the name of a Secret, or of a key in one
        return Judgement(Nature.REFERENCE, Confidence.MEDIUM)
    if size >= 8 and digits >= 2 and any(c.isalpha() for c in value):
        return Judgement(nature, Confidence.MEDIUM, weak(value))
    return Judgement(nature, Confidence.LOW, weak(value))


def _is_prose(value: str) -> bool:
    return len(value.split()) > 6 or len(value) > 80 or value.rstrip().endswith((".", ":"))


def _is_phrase(value: str) -> bool:
    """A few words with a digit and a sign that prose does not use: ``Tern 9 lanterns!``."""
    few = len(value.split()) <= 4 and len(value) <= 40
    return few and any(c.isdigit() for c in value) and any(c in _SIGNS for c in value) and len(value) >= 10


def _is_mixed(value: str) -> bool:
    """Three classes of characters in ten or more: nobody writes a setting so. Separators of words are no class."""
    classes = (str.islower, str.isupper, str.isdigit, _is_sign)
    count = sum(any(map(test, value)) for test in classes)
    return len(value) >= 10 and count >= 3 and value.lower() not in COMMON_PASSWORDS


def _is_sign(char: str) -> bool:
    return not (char.isalnum() or char.isspace() or char in "-_.")

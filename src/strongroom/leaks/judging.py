"""What the library's matches are: some of its rules find whatever stands in a place, and others identifiers."""

from __future__ import annotations

import re

from strongroom.leaks.judgement import Judgement, judge_password
from strongroom.leaks.library import ASSIGNED_RULES, PASSWORD_RULES, is_identifier
from strongroom.leaks.nature import is_placeholder, is_reference
from strongroom.leaks.recognisers import named
from strongroom.leaks.words import COMMON_PASSWORDS
from strongroom.model.finding import Confidence
from strongroom.model.place import Context, Nature

_WORDS = re.compile(r"[A-Za-z_.-]+")
_NO_LETTER = re.compile(r"[^A-Za-z]")
_OF_FIELD = re.compile(r"(?:key|name|field|header|param|label)\Z", re.IGNORECASE)
_LONG_NAME = 10
_ENDING = 2
"""Letters by which a text may be longer than its name: a plural, an article."""


def judge_match(rule: str, secret: str, confidence: Confidence, name: str = "") -> Judgement:
    """Say what a match is.

    Args:
        rule: the id of the rule.
        secret: what it found.
        confidence: the rule's.
        name: what the value is given to, for `ASSIGNED_RULES`.
    """
    if is_identifier(rule):
        return Judgement(Nature.PLAIN, confidence)
    if rule in ASSIGNED_RULES:
        return _judge_assigned(name, secret)
    if rule in PASSWORD_RULES:
        return judge_password(secret.rpartition(":")[2] if rule.endswith("curl-auth-user") else secret)
    if is_placeholder(secret):
        return Judgement(Nature.PLACEHOLDER, confidence)
    if is_reference(secret) and any(mark in secret for mark in ("{{", "${", "$(")):
        return Judgement(Nature.REFERENCE, confidence)
    return Judgement(Nature.SECRET, confidence)


def _judge_assigned(name: str, secret: str) -> Judgement:
    """Programs give all sorts of texts to names that promise a secret: only what looks generated is believed."""
    if _is_echo(name, secret):
        return Judgement(Nature.PLAIN, Confidence.LOW)
    mark = named.find(name, secret, Context.FILE)
    if mark is None:
        return Judgement(Nature.PLAIN, Confidence.LOW)
    believed = mark.nature is Nature.SECRET and mark.confidence is Confidence.HIGH and "\\" not in secret
    return Judgement(mark.nature, Confidence.MEDIUM if believed else Confidence.LOW, mark.weak)


def _is_echo(name: str, secret: str) -> bool:
    """Tell whether a text is a name itself: ``inactiveFileToken = "inactive_file"``, ``tokenKey = "token"``."""
    if _WORDS.fullmatch(secret) is None:
        return False
    if secret.lower() in COMMON_PASSWORDS:  # `password: "password"` opens many a door
        return _OF_FIELD.search(name) is not None
    one, other = (_NO_LETTER.sub("", text).lower() for text in (name, secret))
    return other in one or (len(one) >= _LONG_NAME and one in other and len(other) - len(one) <= _ENDING)

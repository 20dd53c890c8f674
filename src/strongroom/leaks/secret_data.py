"""What the values of a Secret are: secret by where they stand, unless they show that they are not."""

from __future__ import annotations

import re

from strongroom.leaks.judgement import judge_password
from strongroom.leaks.names import Promise, promise, promises_plain
from strongroom.leaks.nature import LONGEST, looks_random, nature_of
from strongroom.leaks.recognisers import named
from strongroom.leaks.recognisers.contract import Mark
from strongroom.model.finding import Confidence
from strongroom.model.place import Nature

RULE = "secret-data"
_LINES = 200
_SETTING = re.compile(r"\s*(?:[\[{}\]#;].*|-?\s*[\"']?[\w./-]{1,80}[\"']?\s*(?::(?:\s.*)?|=.*)|-\s.*)?\s*")
_HELM_RELEASE = "H4sI"
"""Base64 of the gzip magic: what Helm keeps in a release Secret (helm.sh/helm/v3/pkg/storage/driver)."""


def judge_secret_data(key: str, value: str, *, is_binary: bool = False, holds_secret: bool = False) -> Mark:
    """Return the mark for one key of a Secret.

    A file of settings in which nothing was recognised is settings, though it stands in a Secret: many charts keep all
    their configuration in one.

    Args:
        key: the key.
        value: the decoded value; for bytes that are not UTF-8, any text of their length.
        is_binary: the value is not text.
        holds_secret: something inside the value was recognised as a secret.
    """
    promised = promise(key)
    what = named.what(key, promised) if promised else "secret data"
    if holds_secret:
        nature, confidence, weak = Nature.SECRET, Confidence.HIGH, ""
    elif not is_binary and is_settings(value):
        nature, confidence, weak = nature_of(value), Confidence.LOW, ""
        nature = Nature.PLAIN if nature is Nature.SECRET else nature
    else:
        nature, confidence, weak = _judge(key, value, promised, is_binary=is_binary)
    return Mark(0, len(value), RULE, what, nature, confidence, weak=weak)


def is_settings(value: str) -> bool:
    """Tell whether a text is a file of settings: JSON, or lines that nearly all are ``name: value`` or alike."""
    text = value.strip()
    if text[:1] in "{[" and text[-1:] in "}]" and len(text) > 1:
        return ":" in text or '"' in text
    lines = text.splitlines()[:_LINES]
    if len(lines) < 2:
        return False
    return sum(_SETTING.fullmatch(line) is not None for line in lines) >= 0.8 * len(lines)


def _judge(key: str, value: str, promised: Promise | None, *, is_binary: bool) -> tuple[Nature, Confidence, str]:
    if is_binary:
        return Nature.SECRET, Confidence.HIGH if promised else Confidence.MEDIUM, ""
    if key == "release" and value.startswith(_HELM_RELEASE):
        return Nature.SECRET, Confidence.HIGH, ""
    if len(value) > LONGEST or "\n" in value.strip():
        return nature_of(value), Confidence.MEDIUM, ""
    if promised is None and promises_plain(key) and not looks_random(value) and "://" not in value:
        nature = nature_of(value)
        return (Nature.PLAIN if nature is Nature.SECRET else nature), Confidence.MEDIUM, ""
    judged = judge_password(value, key)
    if judged.nature is not Nature.SECRET:
        return judged
    if promised and judged.confidence > Confidence.LOW:
        return judged.nature, Confidence.HIGH, judged.weak
    return judged

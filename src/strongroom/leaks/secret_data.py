"""What the values of a Secret are: secret by where they stand, unless they show that they are not."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from strongroom.leaks.judgement import Judgement, judge_password
from strongroom.leaks.names import Promise, promise, promises_plain
from strongroom.leaks.nature import LONGEST, is_placeholder, looks_random, nature_of
from strongroom.leaks.recognisers import named, url_password
from strongroom.leaks.recognisers.contract import Mark
from strongroom.model.finding import Confidence
from strongroom.model.place import Nature

RULE = "secret-data"
_LINES = 200
_SETTING = re.compile(r"\s*(?:[\[{}\]#;].*|-?\s*[\"']?[\w./-]{1,80}[\"']?\s*(?::(?:\s.*)?|=.*)|-\s.*)?\s*")
_HELM_RELEASE = "H4sI"
"""Base64 of the gzip magic: what Helm keeps in a release Secret (helm.sh/helm/v3/pkg/storage/driver)."""
_JSON_IN_BASE64 = ("eyJ", "eyAi", "ewo", "W3si")
"""How base64 of a JSON object or of a list of them begins."""
_KEY = "key"
"""What the types for Ceph and GlusterFS call their credential (``kubernetes.io/rbd``, ``kubernetes.io/glusterfs``)."""
_ISSUED = ("client secret", "secret access key")
"""Given out by the service that checks them: a stand-in opens nothing there, however common a password it is."""
_SHORT_WORD = 8


def judge_secret_data(
    key: str, value: str, *, is_binary: bool = False, holds_secret: bool = False, is_packed: bool = False
) -> Mark:
    """Return the mark for one key of a Secret.

    A file of settings in which nothing was recognised is settings, though it stands in a Secret: many charts keep all
    their configuration in one.

    Args:
        key: the key.
        value: the decoded value; for bytes that are not UTF-8, any text of their length.
        is_binary: the value is not text.
        holds_secret: something inside the value was recognised as a secret.
        is_packed: the value was opened (a release of Helm, base64 in base64), and what is inside was judged.
    """
    promised = Promise.KEY if key == _KEY else promise(key)
    what = named.what(key, promised) if promised else "secret data"
    if holds_secret:
        nature, confidence, weak = Nature.SECRET, Confidence.HIGH, ""
    elif not is_binary and is_stood_in_for(value):
        nature, confidence, weak = Nature.PLACEHOLDER, Confidence.MEDIUM, ""
    elif is_packed:
        generated = any(map(looks_random, _json_in(value)))
        nature, confidence, weak = (
            (Nature.SECRET, Confidence.HIGH, "") if generated else (Nature.PLAIN, Confidence.LOW, "")
        )
    elif not is_binary and is_settings(value):
        nature, confidence, weak = nature_of(value), Confidence.LOW, ""
        nature = Nature.PLAIN if nature is Nature.SECRET else nature
    else:
        nature, confidence, weak = _judge(key, value, promised, is_binary=is_binary)
    if nature is Nature.PLACEHOLDER and what in _ISSUED:
        weak = ""
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


def is_stood_in_for(value: str) -> bool:
    """Tell whether a text is base64 of JSON that holds stand-ins and settings, and nothing that looks generated."""
    texts = _json_in(value)
    return any(map(is_placeholder, texts)) and not any(map(_may_be_secret, texts))


def _json_in(value: str) -> list[str]:
    """Return the texts of JSON that stands in base64; none where a value is no such."""
    packed = "".join(value.split())
    if not packed.startswith(_JSON_IN_BASE64) or len(packed) > LONGEST:
        return []
    try:
        document = msgspec.json.decode(base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True))
    except (binascii.Error, msgspec.DecodeError, ValueError, RecursionError):
        return []
    return list(_strings_of(document))


def _of_url(value: str) -> Judgement | None:
    """A URL whose only password is a stand-in, or everybody's first one, is no more than that."""
    marks = list(url_password.find(value, "")) if "://" in value else []
    if not marks or any(mark.confidence > Confidence.LOW and mark.nature is Nature.SECRET for mark in marks):
        return None
    return Judgement(marks[0].nature, Confidence.LOW, marks[0].weak)


def _may_be_secret(text: str) -> bool:
    return looks_random(text) or (len(text) >= _SHORT_WORD and judge_password(text).nature is Nature.SECRET)


def _strings_of(document: Any) -> Iterator[str]:
    pending = [document]
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, (dict, list)):
            pending.extend(value.values() if isinstance(value, dict) else value)


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
    judged = _of_url(value) or judge_password(value, key)
    if judged.nature is not Nature.SECRET:
        return judged
    if promised and judged.confidence > Confidence.LOW:
        return judged.nature, Confidence.HIGH, judged.weak
    if promised is None and len(value) < _SHORT_WORD:
        return judged.nature, Confidence.LOW, judged.weak
    return judged

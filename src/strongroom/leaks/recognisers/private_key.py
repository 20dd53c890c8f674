"""A private key in PEM (RFC 7468, OpenSSH, OpenPGP), also base64-encoded once more."""

from __future__ import annotations

import re
from collections.abc import Iterator

from strongroom.leaks.recognisers.contract import Mark, Recogniser
from strongroom.model.finding import Confidence
from strongroom.model.place import Nature

_PEM = re.compile(
    r"-----BEGIN (?P<kind>[A-Z0-9 ]{0,20}PRIVATE KEY(?: BLOCK)?)-----(?P<body>(?:(?!-----).){0,16384})"
    r"(?:-----END [A-Z0-9 ]{0,20}PRIVATE KEY(?: BLOCK)?-----)?",
    re.DOTALL,
)
# "-----BEGIN PRIVATE KEY", or the same with RSA, EC, OPENSSH or DSA, in base64
_ENCODED = re.compile(
    r"LS0tLS1CRUdJTi(?:BSU0EgUFJJVkFURSBLRV|BFQyBQUklWQVRFIEtFW|BPUEVOU1NIIFBSSVZBVEUgS0VZ"
    r"|BEU0EgUFJJVkFURSBLRV|BQUklWQVRFIEtFW)[\w+/=]{40,}"
)
_WHITE = re.compile(r"(?:\s|\\n|\\r)+")
_SHORTEST_KEY = 40
"""Base64 characters of an Ed25519 key without any wrapping: what is shorter is an ellipsis."""


def find(value: str, _name: str) -> Iterator[Mark]:
    """Yield every private key; an encrypted one is ciphertext, one without a body a placeholder."""
    for match in _PEM.finditer(value):
        yield Mark(match.start(), match.end(), "private-key", "private key", _nature(match), Confidence.HIGH)
    for match in _ENCODED.finditer(value):
        yield Mark(match.start(), match.end(), "private-key", "private key", Nature.SECRET, Confidence.HIGH)


def _nature(match: re.Match[str]) -> Nature:
    body = match["body"]
    if "ENCRYPTED" in match["kind"] or "Proc-Type: 4,ENCRYPTED" in body:
        return Nature.CIPHERTEXT
    packed = _WHITE.sub("", body)
    if "{{" in body or "$" in body:
        return Nature.REFERENCE
    if len(packed) < _SHORTEST_KEY or "..." in body or len(set(packed)) < 16:
        return Nature.PLACEHOLDER
    return Nature.SECRET


RECOGNISER = Recogniser("private-key", ("PRIVATE KEY", "LS0tLS1CRUdJTi"), find)

"""What a type of Secret is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from strongroom.model.plaintext import Plaintext

Data = Mapping[str, Plaintext]
"""The keys of a Secret with their values."""


class Part(NamedTuple):
    """Something that a type is made from, as a command line takes it.

    Attributes:
        name: of the option, without the hyphens: ``cert``.
        how: ``file`` names a file whose contents are the value; ``text`` is the value, and no secret; ``secret`` is a
            value that is asked for where it is needed and not given.
        help: what it is, in a few words.
    """

    name: str
    how: Literal["file", "text", "secret"]
    help: str


class Made(NamedTuple):
    """What parts make: keys with values, and annotations."""

    data: dict[str, Plaintext]
    annotations: dict[str, str] = {}


class Written(NamedTuple):
    """A Secret that is about to be written, for the check of its type."""

    name: str
    namespace: str
    data: Data
    annotations: Mapping[str, str]


class SecretKind(NamedTuple):
    """One type; each module of this room declares one as ``KIND``.

    Attributes:
        id: the word for it: ``tls``, as in ``kubectl create secret tls``.
        type: the ``type`` of the object.
        title: what it is for.
        parts: what it is made from, in the order in which a person is asked.
        needed: names of parts without which it is not made, unless its keys are given as values.
        make: from the parts that were given, and the name of the Secret, to keys. Raises UsageError.
        check: what does not keep such a Secret from being made and should be known, as sentences; raises UsageError
            where kubectl or the API server would refuse it.
        namespace: where all Secrets of the type are; empty where they may be anywhere.
    """

    id: str
    type: str
    title: str
    parts: tuple[Part, ...]
    needed: tuple[str, ...]
    make: Callable[[Data, str], Made]
    check: Callable[[Written], tuple[str, ...]]
    namespace: str = ""

"""Values that a Dockerfile puts into an image (https://docs.docker.com/reference/dockerfile/)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from strongroom.leaks.candidates import shell
from strongroom.leaks.candidates.raw import Raw, worth_a_look
from strongroom.model.place import Context

_INSTRUCTION = re.compile(
    r"^[ \t]*(?P<name>ENV|ARG|RUN|CMD|ENTRYPOINT|LABEL|HEALTHCHECK)[ \t]+"
    r"(?P<rest>(?:[^\n\\]|\\.)*(?:(?<=\\\n)[ \t]*#[^\n]*\n(?:[^\n\\]|\\.)*)*)",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_OLD_ENV = re.compile(r"(?P<name>[A-Za-z_]\w*)[ \t]+(?P<value>[^\n=][^\n]*)")
_PAIR = re.compile(r"(?P<name>[A-Za-z_][\w.-]*)=(?P<value>\"(?:\\.|[^\"\\])*\"|'[^']*'|(?:\\.|[^\s\"'\\])+)", re.DOTALL)


def raws_of(text: str) -> Iterator[Raw]:
    """Yield named values with their offsets in the file, and each instruction as a whole."""
    for match in _INSTRUCTION.finditer(text):
        instruction, rest, start = match["name"].upper(), match["rest"].rstrip(), match.start("rest")
        if worth_a_look("", rest):
            yield Raw(Context.IMAGE_BUILD, "", rest, (), "", start, start + len(rest))
        if instruction in ("ENV", "ARG", "LABEL"):
            yield from _pairs(rest, start, old=instruction == "ENV")
        else:
            for part in shell.in_script(rest):
                if worth_a_look(part.name, part.value):
                    yield Raw(Context.IMAGE_BUILD, part.name, part.value, (), "", start + part.start, start + part.end)


def _pairs(rest: str, offset: int, *, old: bool) -> Iterator[Raw]:
    match = _OLD_ENV.fullmatch(rest) if old else None
    pairs = [match] if match else _PAIR.finditer(rest)
    for pair in pairs:
        value, start, end = pair["value"], pair.start("value"), pair.end("value")
        if value[0] in "\"'" and value[-1] == value[0] and len(value) > 1:
            value, start, end = value[1:-1], start + 1, end - 1
        if worth_a_look(pair["name"], value):
            yield Raw(Context.IMAGE_BUILD, pair["name"], value, (), "", offset + start, offset + end)

"""The candidates of what is no Kubernetes object: chart values, CI files, Dockerfiles, files of settings."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from strongroom.leaks.candidates import dockerfile, tree
from strongroom.leaks.candidates.inside import leaves_of
from strongroom.leaks.candidates.raw import Raw, placed
from strongroom.leaks.files.kinds import LARGEST, interesting
from strongroom.model.file import FileKind
from strongroom.model.origin import Origin
from strongroom.model.place import Candidate, Context
from strongroom.model.plaintext import Plaintext

_LINE_END = re.compile(r"\n")
"""What ends a line for Git, and for comments that accept a value: no form feed, nor any other separator of Unicode."""


def of_values(body: Any, origin: Origin, context: Context = Context.HELM_VALUES) -> Iterator[Candidate]:
    """Yield the candidates of a YAML or JSON document that is no Kubernetes object.

    Args:
        body: the document.
        origin: where it stands.
        context: `Context.HELM_VALUES` or `Context.PIPELINE`.
    """
    return placed(tree.strings_of(body, context), origin, None)


def of_dockerfile(text: str, origin: Origin) -> Iterator[Candidate]:
    """Yield the candidates of a Dockerfile: ENV, ARG with a default, LABEL, and what RUN, CMD and ENTRYPOINT run."""
    return in_text(dockerfile.raws_of(text), text, origin)


def of_settings(name: str, text: str, origin: Origin) -> Iterator[Candidate]:
    """Yield the candidates of a dotenv, properties, INI or TOML file: the file as a whole, and each setting.

    Args:
        name: the file's name, without folders.
        text: what it holds.
        origin: the file.
    """
    raws = [Raw(Context.FILE, name, text, ()), *leaves_of(Context.FILE, name, text, ())]
    return in_text(raws, text, origin)


def of_text(path: str, data: bytes, origin: Origin) -> Iterator[Candidate]:
    """Yield the candidates of a file that ``leaks.files`` calls interesting; nothing for what is no text.

    A SOPS document gives none: what it holds in the clear is a manifest's, and is read as one.
    """
    kind = interesting(path)
    if kind in (None, FileKind.KEYSTORE, FileKind.SOPS) or len(data) > LARGEST or b"\0" in data:
        return iter(())
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    if kind is FileKind.DOCKERFILE:
        return of_dockerfile(text, origin)
    return of_settings(path.rpartition("/")[2], text, origin)


def in_text(raws: Iterable[Raw], text: str, origin: Origin) -> Iterator[Candidate]:
    """Place raw candidates of a text by line and column: there is no document whose positions could be looked up."""
    starts = [0, *(end.end() for end in _LINE_END.finditer(text))]
    for raw in raws:
        yield Candidate(
            context=raw.context,
            name=raw.name,
            value=Plaintext(raw.value),
            origin=positioned(msgspec.structs.replace(origin, inner=raw.inner), starts, raw.start, raw.end),
        )


def positioned(origin: Origin, starts: list[int], start: int, end: int) -> Origin:
    """Return the origin of a span of a text whose lines start at ``starts``."""
    line, end_line = bisect.bisect_right(starts, start), bisect.bisect_right(starts, end)
    return msgspec.structs.replace(
        origin,
        line=line,
        column=start - starts[line - 1] + 1,
        end_line=end_line if end else 0,
        end_column=end - starts[end_line - 1] + 1 if end else 0,
        inner_start=start,
        inner_end=end,
    )

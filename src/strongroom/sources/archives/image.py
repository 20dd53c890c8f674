"""Container images: archives of ``docker save``, OCI layouts (https://github.com/opencontainers/image-spec).

Each layer is read, what a later layer deletes included, and the configuration as the Dockerfile that it tells of:
environment, build arguments and every command stay in an image for ever.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, NamedTuple

from strongroom.model.resource import as_dict, as_list, as_text
from strongroom.model.skipped import Reason
from strongroom.sources.archives.compressed import opened
from strongroom.sources.archives.member import ArchiveError, Member, Opening
from strongroom.sources.archives.tar import contents, entries

Blob = Callable[[str], BinaryIO | None]
"""Opens a file of the layout by name; None where there is none."""

_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"  # image-spec, layer.md, "Whiteouts" and "Opaque Whiteout"
_JSON_BYTES = 8 * 1024 * 1024
_NESTED_INDEXES = 3
_NOP = re.compile(r"^/bin/sh -c #\(nop\)\s*")
_ARGUMENTS = re.compile(r"^(?:RUN )?\|\d+ ")
_WORDS: tuple[str, ...] = (
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
)
_WORDS += ("ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR")
_FIRST = re.compile(
    rb"(?:\./)?(?:blobs(?:/|$)|[0-9a-f]{64}(?:/|\.json|\.tar)|oci-layout$|(?:index|manifest)\.json$)|\./$"
)
_BLOB = re.compile(r"[a-z0-9]+:[0-9a-f]{32,128}")


class _Image(NamedTuple):
    config: str
    layers: tuple[str, ...]


def is_image(names: set[str]) -> bool:
    """Tell whether the files of an archive or a folder are those of an image."""
    return "manifest.json" in names or {"oci-layout", "index.json"} <= names


def may_be_image(head: bytes) -> bool:
    """Tell whether an archive may be an image, by its first header: its first file is named as one of a layout."""
    return bool(_FIRST.match(head[:100].rstrip(b"\0")))


def in_image(name: str, blob: Blob, opening: Opening) -> Iterator[Member]:
    """Yield the files of every layer, the highest first, and what the configuration tells.

    Raises:
        ArchiveError: it is broken, or too much comes out of it.
    """
    seen: set[str] = set()
    for image in dict.fromkeys((*_saved(blob), *_laid_out(blob))):
        if image.config not in seen:
            seen.add(image.config)
            yield Member(f"{name}!Dockerfile", dockerfile(_json(blob, image.config)).encode())
        yield from _layers(name, image, blob, seen, opening)


def dockerfile(config: Any) -> str:
    """Return the Dockerfile that a configuration tells of, a line an instruction (image-spec, config.md)."""
    lines = [
        _instruction(as_text(as_dict(entry).get("created_by"))) for entry in as_list(as_dict(config).get("history"))
    ]
    settings = as_dict(as_dict(config).get("config"))
    for entry in map(as_text, as_list(settings.get("Env"))):
        variable, _, value = entry.partition("=")
        lines.append(f"ENV {variable}={json.dumps(value, ensure_ascii=False)}")
    for label, value in as_dict(settings.get("Labels")).items():
        lines.append(f"LABEL {label}={json.dumps(as_text(value), ensure_ascii=False)}")
    for field, word in (("Entrypoint", "ENTRYPOINT"), ("Cmd", "CMD")):
        if settings.get(field):
            lines.append(f"{word} {json.dumps(settings[field], ensure_ascii=False)}")
    return "\n".join(dict.fromkeys(line for line in lines if line)) + "\n"


def _instruction(created_by: str) -> str:
    """Return one instruction: as BuildKit writes it, or of the forms that the classic builder wrote."""
    text = _NOP.sub("", " ".join(created_by.split("\n"))).strip()
    arguments = _ARGUMENTS.match(text)
    if arguments:
        values, _, command = text[arguments.end() :].partition(" /bin/sh -c ")
        return "\n".join([f"ARG {word}" for word in values.split(" ") if "=" in word] + [f"RUN {command}"])
    text = text.removeprefix("/bin/sh -c ")
    return text if not text or text.partition(" ")[0] in _WORDS else f"RUN {text}"


def _saved(blob: Blob) -> Iterator[_Image]:
    for entry in map(as_dict, as_list(_json(blob, "manifest.json"))):
        yield _Image(as_text(entry.get("Config")), tuple(map(as_text, as_list(entry.get("Layers")))))


def _laid_out(blob: Blob) -> Iterator[_Image]:
    if blob("manifest.json") is None:
        yield from _indexed(blob, _json(blob, "index.json"), _NESTED_INDEXES)


def _indexed(blob: Blob, index: Any, depth: int) -> Iterator[_Image]:
    for entry in map(as_dict, as_list(as_dict(index).get("manifests"))):
        found = as_dict(_json(blob, _blob_name(entry)))
        if "manifests" in found and depth:
            yield from _indexed(blob, found, depth - 1)
        elif "layers" in found:
            layers = tuple(_blob_name(as_dict(layer)) for layer in as_list(found["layers"]))
            yield _Image(_blob_name(as_dict(found.get("config"))), layers)


def _blob_name(descriptor: dict[str, Any]) -> str:
    digest = as_text(descriptor.get("digest"))
    return f"blobs/{digest.replace(':', '/')}" if _BLOB.fullmatch(digest) else ""


def _json(blob: Blob, name: str) -> Any:
    stream = blob(name) if name else None
    if stream is None:
        return None
    text = stream.read(_JSON_BYTES + 1)
    try:
        return json.loads(text) if len(text) <= _JSON_BYTES else None
    except (ValueError, RecursionError):
        raise ArchiveError(Reason.BAD_DOCUMENT, "the description of the image is broken") from None


def _layers(name: str, image: _Image, blob: Blob, seen: set[str], opening: Opening) -> Iterator[Member]:
    above = _Above()
    for index in reversed(range(len(image.layers))):
        layer = image.layers[index]
        stream = blob(layer) if layer else None
        label = f"{name}!layer {index + 1}"
        if stream is None:
            opening.skip(label, Reason.UNREADABLE, "the archive does not hold it")
            continue
        try:
            yield from _layer(label, opened(stream, opening), above, index + 1, layer in seen, opening)
        except ArchiveError as error:
            if error.reason is Reason.LIMIT:
                raise
            opening.skip(label, error.reason, error.detail)
        seen.add(layer)
        above.lower()


def _layer(label: str, stream: BinaryIO, above: _Above, number: int, known: bool, opening: Opening) -> Iterator[Member]:
    for info, archive in entries(stream, opening, "r|"):
        path = info.name.removeprefix("./").strip("/")
        folder, _, last = path.rpartition("/")
        if last == _OPAQUE:
            above.replace(folder, number)
        elif last.startswith(_WHITEOUT):
            above.delete(f"{folder}/{last.removeprefix(_WHITEOUT)}".lstrip("/"), number)
        elif info.isreg():
            note = above.note(path)
            above.put(path, number)
            data = None if known else contents(archive, info, f"{label}!{path}", opening)
            if data is not None:
                yield Member(f"{label}!{path}", data, note)


class _Above:
    """What the layers above do to the files of the one that is read."""

    def __init__(self) -> None:
        self._deleted: dict[str, int] = {}
        self._emptied: dict[str, int] = {}
        self._put: dict[str, int] = {}
        self._pending: list[tuple[dict[str, int], str, int]] = []

    def delete(self, path: str, layer: int) -> None:
        """A layer deletes a file or folder of those below."""
        self._pending.append((self._deleted, path, layer))

    def replace(self, folder: str, layer: int) -> None:
        """A layer shows nothing of a folder below it."""
        self._pending.append((self._emptied, folder, layer))

    def put(self, path: str, layer: int) -> None:
        """A layer writes a file."""
        self._pending.append((self._put, path, layer))

    def lower(self) -> None:
        """Go to the next layer down: what a layer does concerns those below it only."""
        for where, path, layer in self._pending:
            where[path] = layer
        self._pending.clear()

    def note(self, path: str) -> str:
        """Say what becomes of a file; empty where the finished image shows it."""
        for ancestor in (path, *_ancestors(path)):
            if ancestor in self._deleted:
                return f"deleted in layer {self._deleted[ancestor]}"
            if ancestor != path and ancestor in self._emptied:
                return f"deleted in layer {self._emptied[ancestor]}"
        return f"replaced in layer {self._put[path]}" if path in self._put else ""


def _ancestors(path: str) -> Iterator[str]:
    while path:
        path = path.rpartition("/")[0]
        yield path

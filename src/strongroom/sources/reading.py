"""What reading a source gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from strongroom.model.controlplane import EtcdContents, HostFile
from strongroom.model.origin import Origin
from strongroom.model.place import Context
from strongroom.model.pod import RunningPod
from strongroom.model.resource import Resource
from strongroom.model.skipped import Skipped
from strongroom.sources.dumps import Made


@dataclass(frozen=True)
class Loose:
    """A document that is no Kubernetes object but may hold values: Helm values, a CI file."""

    context: Context
    origin: Origin
    body: Any

    def __repr__(self) -> str:
        return f"Loose({self.origin.show()})"


@dataclass(frozen=True)
class WholeFile:
    """A file that matters as a whole, with its contents; see ``leaks.files``."""

    origin: Origin
    data: bytes

    def __repr__(self) -> str:
        return f"WholeFile({self.origin.path})"


class Texts:
    """The files behind the facts, read again when a finding needs its exact place."""

    def __init__(self) -> None:
        self._paths: dict[str, Path] = {}
        self._held: dict[str, bytes] = {}

    def remember(self, shown: str, path: Path) -> None:
        """Note where a file is, by the path that reports show."""
        self._paths[shown] = path

    def hold(self, shown: str, data: bytes) -> None:
        """Keep a text that cannot be read again, such as standard input."""
        self._held[shown] = data

    def read(self, shown: str, limit: int) -> bytes | None:
        """Return a file's contents; None where it has gone or has grown past ``limit`` bytes."""
        if shown in self._held:
            return self._held[shown]
        path = self._paths.get(shown)
        if path is None:
            return None
        try:
            if path.stat().st_size > limit:
                return None
            data = path.read_bytes()
        except OSError:
            return None
        return data if len(data) <= limit else None

    def __repr__(self) -> str:
        return f"Texts({len(self._paths)} files)"


@dataclass
class Reading:
    """Everything that the sources of one run gave; filled while reading, read-only afterwards."""

    resources: list[Resource] = field(default_factory=list)
    pods: list[RunningPod] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)
    loose: list[Loose] = field(default_factory=list)
    whole_files: list[WholeFile] = field(default_factory=list)
    gaps: set[tuple[str, str]] = field(default_factory=set)
    host_files: list[HostFile] = field(default_factory=list)
    stores: list[EtcdContents] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    texts: Texts = field(default_factory=Texts)
    seen: set[str] = field(default_factory=set)
    files: int = 0
    documents: int = 0
    other_documents: int = 0
    other_files: int = 0

    def first_time(self, shown: str) -> bool:
        """Tell whether a path is met for the first time, and remember it."""
        before = len(self.seen)
        self.seen.add(shown)
        return len(self.seen) > before

    def __repr__(self) -> str:
        return f"Reading({len(self.resources)} resources)"

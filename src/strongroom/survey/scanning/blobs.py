"""What is found in the contents of one file: two passes over it, joined.

The first reads the raw text with the library's rules. The second reads documents as Kubernetes and other programs do
(`leaks.anything`) and knows what a field means; it runs where a look at the bytes says that it can tell more.
"""

from __future__ import annotations

import contextlib
import io
import re
import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from strongroom.documents.chunks import as_utf8
from strongroom.documents.yaml import BadDocument
from strongroom.leaks.anything import holds_objects, may_matter_by_name, seen_in_file
from strongroom.leaks.library import Library
from strongroom.leaks.plain import OVERLAP, WINDOW, Lines, PlainMatch, PlainText, Window, windows
from strongroom.leaks.prefilter import Prefilter, Trace
from strongroom.leaks.recognise import Recogniser
from strongroom.model.leak import MASK, entropy, masked
from strongroom.model.origin import Origin
from strongroom.model.place import Nature
from strongroom.model.plaintext import Fingerprint, Plaintext
from strongroom.model.skipped import Reason, Skipped
from strongroom.survey.scanning.accept import Acceptance
from strongroom.survey.scanning.hit import Hit
from strongroom.survey.scanning.join import joined, settled
from strongroom.survey.scanning.known_scan import Known, KnownScan, Text
from strongroom.survey.scanning.readers import Answer, ReaderEndedError, Readers, readers_here
from strongroom.survey.scanning.versions import Versions

if TYPE_CHECKING:
    from strongroom.survey.verify import Verifier

LARGEST_DOCUMENT = 4 << 20
"""A larger file is no manifest that people write: only its raw text is searched."""

_LONGEST_LINE = 1000
_MOST_AHEAD = 16 << 20
_MOST_PATHS = 1 << 17
_PROGRAMS = (
    *(".go", ".py", ".pyi", ".js", ".ts", ".tsx", ".jsx", ".java", ".kt", ".rs", ".c", ".cc", ".cpp", ".h", ".hpp"),
    *(".rb", ".php", ".cs", ".swift", ".scala", ".proto", ".css", ".scss", ".html", ".svg", ".md", ".rst", ".sum"),
    *(".mod", ".map"),
)
_BUILD = re.compile(r"(?:^|/)(?:docker|container)file[^/]*\Z|\.env[^/]*\Z", re.IGNORECASE)
"""Names of files of settings and images that may end like those of programs."""
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BEFORE = re.compile(
    r"\s*(?:- )?(?:(?:export|const|let|var|set|static|final|ENV|ARG)\s+)?[\w.\-\"'\[\]]{0,60}\s*[:=]{0,2}\s*[\"'`]?"
)


class Blobs:
    """Looks at contents; made once for a run and used by its threads.

    Args:
        key: the fingerprint key.
        library: the rules.
        acceptance: what people accepted; comments in the text alone by default.

    Attributes:
        unread: of each file with a manifest that cannot be read, the first.
        readers: the processes that read documents, while there are some.
    """

    def __init__(self, key: bytes, library: Library | None = None, acceptance: Acceptance | None = None) -> None:
        self._key = key
        library = library or Library()
        self._library = library
        self._plain = PlainText(library)
        self._recogniser = Recogniser(library)
        self._prefilter = Prefilter()
        self._versions: Versions | None = None
        self._paths: dict[str, bool | None] = {}
        self.readers: Readers | None = None
        self._ahead: dict[str, tuple[bytes, Trace | None]] = {}
        self.acceptance = acceptance or Acceptance()
        self._lock = threading.Lock()
        self.unread: dict[str, Skipped] = {}
        self.known: KnownScan | None = None
        self.verifier: Verifier | None = None

    def start(self) -> None:
        """Load the rules in the background; what goes wrong is raised where they are used."""
        threading.Thread(target=self._recogniser.load, daemon=True).start()

    def load(self) -> None:
        """Load the rules, or wait until they are.

        Raises:
            StrongroomError: they could not be loaded.
        """
        self._plain.load()
        self._prefilter.load()

    @contextlib.contextmanager
    def beside(self, processes: int) -> Iterator[None]:
        """Read documents in processes beside the threads; made before there are any.

        Args:
            processes: how many; none where one is enough.

        Raises:
            StrongroomError: the rules could not be loaded.
        """
        count = 0 if self.acceptance.asks_values else readers_here(processes)
        if count == 0:
            yield
            return
        self.load()  # once, for all of them
        self._library.scanner()
        self.readers = Readers(self._alone, count)
        try:
            yield
        finally:
            self.readers.close()
            self.readers = None

    def look_ahead(self, files: Iterable[tuple[str, bytes]]) -> None:
        """While the rules load, do what can be done without them; for no more files than are held until `look`.

        Args:
            files: paths and contents, read as they are asked for.
        """
        held, waiting = 0, iter(files)
        while self._library.is_loading and held < _MOST_AHEAD and (file := next(waiting, None)) is not None:
            path, data = file
            held += len(data)
            self._ahead[path] = data, self._sign(path, data)

    def remember(self) -> None:
        """Remember what files gave, because other versions of them follow."""
        self._versions = self._versions or Versions()

    def search(self, known: Known) -> None:
        """Look for known values, too."""

        def accepted(text: Text, hits: list[Hit]) -> list[Hit]:
            return self._uncommented(hits, text.data, text.path, text.line - 1)

        self.known = KnownScan(known, _frame, accepted)

    def verify(self, verifier: Verifier) -> None:
        """Keep what the rules find, so that it can be verified."""
        self.verifier = verifier
        self._plain.keep = verifier.keep

    def outcomes(self, wanted: Iterable[Fingerprint]) -> dict[Fingerprint, str]:
        """Verify values; see `Verifier.verify`."""
        return self.verifier.verify(wanted, self._library.scanner().rules) if self.verifier else {}

    def finish(self) -> list[tuple[int, Hit]]:
        """Return the known values of texts that were given a number, each with that number."""
        return self.known.finish() if self.known else []

    def look(self, path: str, data: bytes, origin: Origin, number: int | None = None) -> list[Hit]:
        """Return what is found in a file's contents.

        Args:
            path: its path: suffixes and names tell what it may be.
            data: the contents.
            origin: the file; with the commit where it comes from history.
            number: where given, known values are searched in many texts together, and `finish` returns them.

        Raises:
            StrongroomError: the rules could not be loaded.
        """
        if len(data) > WINDOW + OVERLAP:
            plain = [hit for _, hits in self._in_windows(path, io.BytesIO(data), origin) for hit in hits]
        else:
            plain = self._raw(path, data, origin)
        plain = settled(plain)
        ahead = self._ahead.pop(path, None) if self._ahead else None
        trace = ahead[1] if ahead is not None and ahead[0] == data else self._sign(path, data)
        if trace is not None:
            plain = self._joined(plain, path, data, origin, trace)
        plain = self._uncommented(plain, data, path) if plain else plain
        if self.known is None:
            return plain
        if data.startswith(_UTF16):
            with contextlib.suppress(UnicodeDecodeError):
                data = as_utf8(data)
        text = Text(number or 0, path, data, origin)
        if number is None:
            return plain + self.known.now(text)
        self.known.later(text)
        return plain

    def look_at_stream(self, path: str, stream: BinaryIO, origin: Origin) -> Iterator[Hit]:
        """Yield what raw text of any size holds; only one window of it is in memory."""
        for window, hits in self._in_windows(path, stream, origin):
            yield from self._uncommented(hits, window.data, path, window.line - 1) if hits else ()
            if self.known:
                at = (window.line, window.column, window.first, window.last)
                yield from self.known.now(Text(0, path, window.data, origin, *at))

    def _in_windows(self, path: str, stream: BinaryIO, origin: Origin) -> Iterator[tuple[Window, list[Hit]]]:
        for window in windows(stream):
            found = [m for m in self._plain.scan(path, window.data) if window.first <= m.start < window.last]
            yield window, list(self._hits(found, window.data, origin, window.line, window.column))

    def _uncommented(self, hits: list[Hit], data: bytes, path: str, shift: int = 0) -> list[Hit]:
        """Return the hits that no comment accepts; asked of joined ones, which are what reports name."""
        if data.startswith(_UTF16):
            with contextlib.suppress(UnicodeDecodeError):
                data = as_utf8(data)
        comments = self.acceptance.of_file(data, path, shift)
        return [hit for hit in hits if not self.acceptance.commented(comments, hit, shift)] if comments else hits

    def _raw(self, path: str, data: bytes, origin: Origin) -> list[Hit]:
        if data.startswith(_UTF16):
            try:
                data = as_utf8(data)  # so that offsets are those of the text that the library sees
            except UnicodeDecodeError:
                return []
        found = self._plain.scan(path, data)
        return list(self._hits(found, data, origin)) if found else []

    def _hits(
        self, found: list[PlainMatch], data: bytes, origin: Origin, line: int = 1, column: int = 1
    ) -> Iterator[Hit]:
        lines = Lines(data)
        known: dict[int, Hit] = {}  # by the identity of its value: equal matches of one text share theirs
        for match in found:
            first, start = lines.at(match.start)
            last, end = lines.at(match.end)
            text = lines.text(first, _LONGEST_LINE)
            place = msgspec.structs.replace(
                origin,
                line=first + line - 1,
                column=start + (column - 1 if first == 1 else 0),
                end_line=last + line - 1,
                end_column=end + (column - 1 if last == 1 else 0),
            )
            if not self.acceptance.stops(match.rule, match.value, place, text, self._key):
                hit = known.get(id(match.value))
                if hit is None:
                    hit = known[id(match.value)] = _hit(match, place, self._key, _frame(text, start))
                else:
                    hit = msgspec.structs.replace(hit, origin=place, frame=_frame(text, start))
                yield hit

    def may_read(self, path: str) -> bool:
        """Tell by its path whether a file may be read as documents."""
        return self._by_name(path) is not False

    def _by_name(self, path: str) -> bool | None:
        """As `anything.may_matter_by_name`, asked once for each path: a history has many versions."""
        if path.endswith(_PROGRAMS) and not _BUILD.search(path):
            return False
        if path in self._paths:
            return self._paths[path]
        by_name = may_matter_by_name(path)
        if self._versions and len(self._paths) < _MOST_PATHS:
            self._paths[path] = by_name
        return by_name

    def _may_matter(self, path: str, data: bytes) -> bool:
        if len(data) > LARGEST_DOCUMENT:
            return False
        by_name = self._by_name(path)
        return holds_objects(data) if by_name is None else by_name

    def _sign(self, path: str, data: bytes) -> Trace | None:
        """Return what speaks for reading a file as documents; None where nothing does."""
        return (
            None
            if not self._may_matter(path, data)
            else self._prefilter.trace(path, data, digest=self._versions is not None)
        )

    def _joined(self, plain: list[Hit], path: str, data: bytes, origin: Origin, trace: Trace) -> list[Hit]:
        """Read a file and join; or say again what its last version gave, where all that matters has only moved."""
        if self._versions is None:
            return joined(plain, self._read(path, data, origin, everything=bool(plain)))
        recalled = self._versions.recall(path, data, origin, trace, plain)
        if recalled is None:
            recalled = joined(plain, self._read(path, data, origin, everything=bool(plain)))
            self._versions.remember(path, data, trace, plain, recalled)
        return recalled

    def _read(self, path: str, data: bytes, origin: Origin, *, everything: bool) -> list[Hit]:
        """Read a file as documents: in another process, where there are some.

        What is no secret is asked for only where raw text gave something that it may overrule.
        """
        answer = None
        if self.readers is not None:
            try:
                answer = self.readers.ask(path, data, everything=everything)
            except ReaderEndedError:
                self._missed(Skipped(path, 0, 0, Reason.UNREADABLE, "the process that read it as a document ended"))
                return []
        if answer is None:
            answer = Answer([], [])
            answer.hits.extend(self._hits_of(path, data, origin, answer, everything))
        else:
            answer.hits[:] = [_in_file(hit, origin) for hit in answer.hits]
        for line, column, reason in answer.unread:
            self._missed(Skipped(path, line, column, Reason.BAD_DOCUMENT, reason))
        return answer.hits

    def _missed(self, place: Skipped) -> None:
        with self._lock:
            self.unread[place.path] = min(place, self.unread.get(place.path, place))

    def _alone(self, path: str, data: bytes, everything: bool) -> Answer:
        """Read a file in a process of its own: what it says of itself is put back by whoever asked."""
        answer = Answer([], [])
        nowhere = Origin("", "")
        found = self._hits_of(path, data, Origin("", path), answer, everything)
        answer.hits.extend(_in_file(hit, nowhere) for hit in found)
        return answer

    def _hits_of(
        self,
        path: str,
        data: bytes,
        origin: Origin,
        answer: Answer,
        everything: bool,
    ) -> Iterator[Hit]:
        lines: Lines | None = None

        def missed(document: BadDocument) -> None:
            answer.unread.append((document.line, document.column, document.reason))

        for seen in seen_in_file(self._recogniser, path, data, origin, self._key, missed, everything=everything):
            one = seen.sighting
            shown = ""
            if one.nature is Nature.SECRET:
                lines = lines or Lines(data)
                text = lines.text(one.origin.line, _LONGEST_LINE)
                if self.acceptance.stops(one.rule, seen.value, one.origin, text, self._key):
                    continue
                shown = _frame(text, one.origin.column)
            yield Hit(
                fingerprint=one.fingerprint,
                rule=one.rule,
                what=one.what,
                nature=one.nature,
                confidence=one.confidence,
                masked=_mask(seen.value),
                entropy=entropy(seen.value.reveal()),
                origin=one.origin,
                frame=shown,
                context=one.context,
                resource=one.resource,
                weak=one.weak,
            )


def _in_file(hit: Hit, origin: Origin) -> Hit:
    place = msgspec.structs.replace(hit.origin, source=origin.source, path=origin.path, commit=origin.commit)
    return msgspec.structs.replace(hit, origin=place)


def _hit(match: PlainMatch, origin: Origin, key: bytes, frame: str) -> Hit:
    return Hit(
        fingerprint=match.value.fingerprint(key),
        rule=match.rule,
        what=match.what,
        nature=match.nature,
        confidence=match.confidence,
        masked=_mask(match.value),
        entropy=entropy(match.value.reveal()),
        origin=origin,
        frame=frame,
        encoded=match.encoded,
    )


def _mask(value: Plaintext) -> str:
    return masked(value.reveal_text() or "")


def _frame(text: str, column: int) -> str:
    """Return the line up to the value, where that is only a name; everything behind it is hidden."""
    before = text[: column - 1]
    return before + MASK if _BEFORE.fullmatch(before) else ""

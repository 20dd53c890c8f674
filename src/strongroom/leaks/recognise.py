"""From candidates to sightings.

For the candidates of one object or file:

1. every text that is not a part of another goes into one buffer of ``name: value`` lines, and the library scans it
once;
2. our own recognisers look at the texts that hold their needles;
3. names are asked what they promise;
4. where several speak of overlapping text, the most specific wins: a structure that is seen to be no secret, a rule
of the
   library, a structure, a name;
5. each value of a Secret that nobody spoke of is secret data by where it stands.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Iterator

import msgspec

from strongroom.leaks.candidates.raw import INSIDE
from strongroom.leaks.library import ASSIGNED_RULES, Library
from strongroom.leaks.matching import library_marks
from strongroom.leaks.overlap import adopted, settle
from strongroom.leaks.recognisers import RECOGNISERS, named
from strongroom.leaks.recognisers.contract import Mark
from strongroom.leaks.secret_data import judge_secret_data
from strongroom.leaks.texts import Claim, Text, texts_of
from strongroom.model.finding import Confidence
from strongroom.model.origin import FieldPath, Origin, show_path
from strongroom.model.place import Candidate, Context, Nature, Sighting
from strongroom.model.plaintext import Fingerprint, Plaintext
from strongroom.sources.controlplane_encryption import RULE as ENCRYPTION_KEY

STOOD_IN_FOR, LIBRARY, STRUCTURE, NAME, PLACE = range(5)
"""Ranks of claims, the strongest first."""

PACKED = "decoded"
"""The inner path of a text that is the whole of what a value holds packed."""

MOST_MARKS = 5000
"""So many marks of one recogniser in one text are enough to say that it is full of secrets."""


class Recogniser:
    """Recognises candidates; made once, used for every object.

    Args:
        library: the library's rules.
    """

    def __init__(self, library: Library | None = None) -> None:
        self._library = library or Library()

    @property
    def library(self) -> Library:
        """The library's rules, for those who scan raw text beside."""
        return self._library

    def load(self) -> None:
        """Load the library's rules now, for instance in a thread while sources are read; else `recognise` does."""
        self._library.load()

    def recognise(self, candidates: Iterable[Candidate], key: bytes) -> Iterator[Sighting]:
        """Yield what is said of the candidates, object by object.

        Args:
            candidates: those of one object follow each other, a whole before its parts, as ``leaks.candidates`` gives
            them.
            key: the fingerprint key of the installation.

        Raises:
            StrongroomError: the library's rules could not be loaded.
            ValueError: the key is too short.
        """
        for sighting, _ in self.with_values(candidates, key):
            yield sighting

    def with_values(self, candidates: Iterable[Candidate], key: bytes) -> Iterator[tuple[Sighting, Plaintext]]:
        """Yield as `recognise`, each sighting with the value that it is of."""
        for _, group in itertools.groupby(candidates, _document):
            for claim in self._in_document(list(group)):
                value = _secret_of(claim)
                yield _sighting(claim, value.fingerprint(key)), value

    def _in_document(self, candidates: list[Candidate]) -> Iterator[Claim]:
        texts = texts_of(candidates)
        opened = _opened(texts)
        claims = [
            text.claim(NAME if mark.rule in ASSIGNED_RULES else LIBRARY, mark)
            for text, mark in library_marks(self._library, texts)
            if not (mark.decoded and text.candidate.origin.field in opened)  # what is inside was looked at by itself
        ]
        claims += _structures(texts)
        if claims:
            claims = adopted(claims, texts)
        claims += _names(texts)
        settled = list(settle(claims))
        if any(text.candidate.context is Context.SECRET for text in texts):
            # what was overruled inside a value (the stand-in of a private key) does not make the value a secret
            holding = {
                field
                for claim in settled
                if claim.mark.nature is Nature.SECRET and claim.mark.confidence > Confidence.LOW
                for field in _holders(claim.text.candidate.origin.field)
            }
            settled = list(settle([*settled, *_secret_data(texts, holding)]))
        yield from settled


def started() -> Recogniser:
    """Return a recogniser whose rules load in the background: that takes as long as reading a small tree."""
    recogniser = Recogniser()
    threading.Thread(target=recogniser.load, daemon=True).start()
    return recogniser


def _document(candidate: Candidate) -> tuple[object, ...]:
    origin = candidate.origin
    return (candidate.resource, origin.path, origin.document, origin.line if origin.document >= 0 else 0, origin.commit)


def _structures(texts: list[Text]) -> Iterator[Claim]:
    scanned = [text for text in texts if text.scanned]
    everything = "\n".join(text.value for text in scanned)
    for recogniser in RECOGNISERS:
        if not any(needle in everything for needle in recogniser.needles):
            continue
        for text in scanned:
            if any(needle in text.value for needle in recogniser.needles):
                for mark in itertools.islice(recogniser.find(text.value, text.candidate.name), MOST_MARKS):
                    rank = STRUCTURE if mark.nature is Nature.SECRET else STOOD_IN_FOR
                    yield text.claim(rank, mark)


def _names(texts: list[Text]) -> Iterator[Claim]:
    for text in texts:
        candidate = text.candidate
        if candidate.context is Context.SECRET and not text.is_part:
            continue  # its key's promise is weighed with its place
        if candidate.context is Context.ENCRYPTION_KEY:
            whole = Mark(0, len(text.value), ENCRYPTION_KEY, "encryption key", Nature.SECRET, Confidence.HIGH)
            yield text.claim(NAME, whole)
            continue
        mark = named.find(candidate.name, text.value, candidate.context)
        if mark is not None:
            yield text.claim(NAME, mark)


def _holders(field: FieldPath) -> Iterator[FieldPath]:
    """Yield a field, and those that hold it packed, the outermost last."""
    yield field
    while INSIDE in field:
        field = field[: len(field) - 1 - field[::-1].index(INSIDE)]
        yield field


def _opened(texts: list[Text]) -> set[FieldPath]:
    """Return the fields whose values were opened: texts of their own stand for what is in them."""
    return {field for text in texts for field in itertools.islice(_holders(text.candidate.origin.field), 1, None)}


def _secret_data(texts: list[Text], holding: set[FieldPath]) -> Iterator[Claim]:
    """Judge values by where they stand: what is packed in others first, because it tells what those are."""
    opened = _opened(texts)
    for text in sorted(texts, key=lambda text: -text.candidate.origin.field.count(INSIDE)):
        if text.candidate.context is not Context.SECRET or text.is_part:
            continue
        name, field = text.candidate.name, text.candidate.origin.field
        mark = judge_secret_data(
            name, text.value, is_binary=text.is_binary, holds_secret=field in holding, is_packed=field in opened
        )
        if mark.nature is Nature.SECRET and mark.confidence > Confidence.LOW:
            holding.update(_holders(field))
        yield text.claim(PLACE, mark)


def _sighting(claim: Claim, fingerprint: Fingerprint) -> Sighting:
    candidate, mark = claim.text.candidate, claim.mark
    return Sighting(
        context=_context(candidate),
        name=candidate.name,
        nature=mark.nature,
        rule=mark.rule,
        what=mark.what,
        confidence=mark.confidence,
        origin=_origin(claim),
        fingerprint=fingerprint,
        resource=candidate.resource,
        weak=mark.weak,
    )


def _secret_of(claim: Claim) -> Plaintext:
    mark, text = claim.mark, claim.text
    if mark.decoded:
        return Plaintext(mark.decoded)
    if mark.start == 0 and mark.end == len(text.value):
        return text.candidate.value
    return Plaintext(text.value[mark.start : mark.end])


def _context(candidate: Candidate) -> Context:
    """What is packed in a value of a Secret stands in that Secret, whatever it was looked at as."""
    if candidate.resource is None:
        return Context.FILE if candidate.context is Context.SECRET else candidate.context
    if INSIDE not in candidate.origin.field:
        return candidate.context
    return Context.SECRET if candidate.resource.kind == "Secret" else Context.CONFIG_MAP


def _origin(claim: Claim) -> Origin:
    origin = claim.text.candidate.origin
    if INSIDE in origin.field:
        return _of_packed(origin)
    start, end = claim.text.shown_span(claim.mark)
    if (start, end) == (origin.inner_start, origin.inner_end):
        return origin
    if not origin.field:
        return claim.text.moved(start, end)
    return msgspec.structs.replace(origin, inner_start=start, inner_end=end)


def _of_packed(origin: Origin) -> Origin:
    """Return the origin of a text that is packed in a field: the field, and the way inside it."""
    cut = origin.field.index(INSIDE)
    way = show_path(tuple(step for step in origin.field[cut:] if step != INSIDE))
    inner = f"{way}: {origin.inner}" if way and origin.inner else way or origin.inner or PACKED
    return msgspec.structs.replace(origin, field=origin.field[:cut], inner=inner, inner_start=0, inner_end=0)

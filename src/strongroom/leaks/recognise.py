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

from strongroom.leaks.library import Library
from strongroom.leaks.matching import library_marks
from strongroom.leaks.overlap import Claim, adopted, settle
from strongroom.leaks.recognisers import RECOGNISERS, named
from strongroom.leaks.secret_data import judge_secret_data
from strongroom.leaks.texts import Text, texts_of
from strongroom.model.origin import FieldPath, Origin
from strongroom.model.place import Candidate, Context, Nature, Sighting
from strongroom.model.plaintext import Plaintext

STOOD_IN_FOR, LIBRARY, STRUCTURE, NAME, PLACE = range(5)
"""Ranks of claims, the strongest first."""

MOST_MARKS = 5000
"""So many marks of one recogniser in one text are enough to say that it is full of secrets."""


class Recogniser:
    """Recognises candidates; made once, used for every object.

    Args:
        library: the library's rules.
    """

    def __init__(self, library: Library | None = None) -> None:
        self._library = library or Library()

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
        for _, group in itertools.groupby(candidates, _document):
            yield from self._in_document(list(group), key)

    def _in_document(self, candidates: list[Candidate], key: bytes) -> Iterator[Sighting]:
        texts = texts_of(candidates)
        claims = [text.claim(LIBRARY, mark) for text, mark in library_marks(self._library, texts)]
        claims += _structures(texts)
        if claims:
            claims = adopted(claims, texts)
        claims += _names(texts)
        settled = list(settle(claims))
        if any(text.candidate.context is Context.SECRET for text in texts):
            # what was overruled inside a value (the stand-in of a private key) does not make the value a secret
            holding = {c.text.candidate.origin.field for c in settled if c.mark.nature is Nature.SECRET}
            settled = list(settle([*settled, *_secret_data(texts, holding)]))
        for claim in settled:
            yield _sighting(claim, key)


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
        mark = named.find(candidate.name, text.value, candidate.context)
        if mark is not None:
            yield text.claim(NAME, mark)


def _secret_data(texts: list[Text], holding: set[FieldPath]) -> Iterator[Claim]:
    for text in texts:
        if text.candidate.context is Context.SECRET and not text.is_part:
            name, holds = text.candidate.name, text.candidate.origin.field in holding
            mark = judge_secret_data(name, text.value, is_binary=text.is_binary, holds_secret=holds)
            yield text.claim(PLACE, mark)


def _sighting(claim: Claim, key: bytes) -> Sighting:
    candidate, mark = claim.text.candidate, claim.mark
    return Sighting(
        context=candidate.context,
        name=candidate.name,
        nature=mark.nature,
        rule=mark.rule,
        what=mark.what,
        confidence=mark.confidence,
        origin=_origin(claim),
        fingerprint=_secret_of(claim).fingerprint(key),
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


def _origin(claim: Claim) -> Origin:
    origin = claim.text.candidate.origin
    start, end = claim.text.shown_span(claim.mark)
    if (start, end) == (origin.inner_start, origin.inner_end):
        return origin
    if not origin.field:
        return claim.text.moved(start, end)
    return msgspec.structs.replace(origin, inner_start=start, inner_end=end)

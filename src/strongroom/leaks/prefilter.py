"""Which files are worth reading as documents: a search at the speed of the library's engine.

Reading a manifest costs a hundred times as much as searching it. Most manifests of a repository hold no value at all
that could be a secret: this finds those that may, in one pass over the bytes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from strongroom.documents.chunks import as_utf8
from strongroom.leaks.files.kinds import interesting
from strongroom.leaks.library import utf8_name
from strongroom.leaks.names import promise
from strongroom.leaks.prefilter_context import Context as Shape
from strongroom.leaks.recognisers import named
from strongroom.leaks.templates import has_actions
from strongroom.model.place import Context, Nature

if TYPE_CHECKING:
    from kingfisher_sdk import Finding, ScanInput, Scanner

_RULES = Path(__file__).with_suffix(".yml")
_WHOLE, _FORM, _OPTION = "strongroom.whole", "strongroom.form.", "strongroom.form.option"
_NAME_BEFORE = re.compile(rb"[\w.\-\[\]]{0,120}\Z")
_LEAD = re.compile(r"[^:=]*[:=]\s*(?:[|>][-+0-9]{0,2}\s+)?")
_PAIR = re.compile(
    r"name\\*[\"']?\s*:\s*\\*[\"']?(?P<name>[\w.-]+).*?value\\*[\"']?\s*:\s*(?P<value>.*)", re.IGNORECASE | re.DOTALL
)
_FLAG = re.compile(r"--?(?P<name>[\w.-]+)\\*[\"']?[\s,-]+(?P<value>.*)", re.DOTALL)
_QUOTED = re.compile(r"\\*([\"'])(?P<value>.*?)\\*\1", re.DOTALL)
_BARE = re.compile(r"(?P<value>.*?)(?:\s+#.*|\s+--?\w.*|[,}\])\s\"'\\]*)$", re.DOTALL)
_PROGRAM = re.compile(
    r"\b(?:curl|http|redis-cli|sshpass|mysql\w{0,10}|mariadb|mongo\w{0,10}|docker|podman|helm|oc|ldap\w{1,10}|sqlcmd"
    r"|smbclient|7z|keytool|openssl)\b",
    re.IGNORECASE,
)
"""A program that takes a password by a short option."""
_BEFORE_OPTION = 160
_BEHIND_OPTION = 80
_FOLLOWED = re.compile(r"[&!]")
_LITERAL = re.compile(
    rb"^[ \t]+(?:- )?[\"']?(?!(?:kind|apiVersion|name|namespace|type|app|chart|release|heritage|component|tier|version"
    rb"|k8s-app|app\.kubernetes\.io/[\w-]+|helm\.sh/[\w-]+|immutable)[\"']?:)"
    rb"[\w./-]+[\"']?:[ \t]*(?![ \t]|[\"']?\{\{)[^\s#].*$",
    re.MULTILINE,
)
"""A line of a template that gives a field a value of its own, not one that is put in."""
_MOST = 1 << 17
_CONTEXTS = (Context.CONFIG_MAP, Context.CUSTOM, Context.COMMAND)


class Trace(msgspec.Struct, frozen=True):
    """What the search saw in one file.

    Attributes:
        offsets: where, in bytes; without a digest only that of one sign.
        digest: of everything that reading can depend on; empty where that may be all of the file, or is not asked.
    """

    offsets: tuple[int, ...]
    digest: bytes


class Prefilter:
    """The search; safe to use from several threads. Loads in a millisecond once the library has cached its rules."""

    def __init__(self) -> None:
        self._scanner: Scanner | None = None
        self._input: type[ScanInput]
        self._judged: dict[bytes, bool] = {}

    def load(self) -> None:
        """Make the scanner."""
        from kingfisher_sdk import Rules, ScanInput, Scanner

        self._input = ScanInput
        self._scanner = Scanner(Rules([_RULES], builtins=False), base64=False)

    def trace(self, path: str, data: bytes, *, digest: bool = True) -> Trace | None:
        """Return what speaks for reading a file as documents; None where nothing does.

        Args:
            path: the file's path; some names alone are enough.
            data: its contents.
            digest: make the digest, which is of use where other versions of the file follow.
        """
        if self._scanner is None:
            self.load()
        scanner = self._scanner
        if scanner is None:
            raise AssertionError("load makes the scanner")
        if interesting(path) is not None:
            return Trace((), b"")
        try:
            data = as_utf8(data)
        except UnicodeDecodeError:
            return None
        spans: list[tuple[int, int]] = []
        for found, start, end in _signs(scanner.scan_input(self._input(utf8_name(path), data)), data):
            rule = found.rule_id
            if rule == _WHOLE:
                if has_actions(data) and not _LITERAL.search(data):
                    continue
                return Trace((start,), b"")
            if rule.startswith(_FORM) or self._is_worth(rule, found.secret, data, start):
                if not digest:
                    return Trace((start,), b"")
                spans.append((start, end))
        if not spans:
            return None
        spans.sort()
        return Trace(tuple(start for start, _ in spans), _digest(path, data, spans))

    def _is_worth(self, rule: str, text: str, data: bytes, start: int) -> bool:
        """As the function of this name, which is asked once for each text: a history repeats most of them."""
        before = data[max(start - 120, 0) : start].rpartition(b"\n")[2]
        seen = hashlib.blake2b(b"\0".join((rule.encode(), before, text.encode())), digest_size=16).digest()
        known = self._judged.get(seen)
        if known is None:
            known = _is_worth(rule, text, before)
            if len(self._judged) < _MOST:
                self._judged[seen] = known
        return known


def _signs(found: Iterable[Finding], data: bytes) -> Iterator[tuple[Finding, int, int]]:
    """Yield what was found outside of comments, and where; what tells most for the least work comes first."""
    for one in sorted(found, key=_cost):
        where = one.location
        span = where["start_offset"], where["end_offset"]
        for start, end in _with_programs(data, *span) if one.rule_id == _OPTION else (span,):
            if not _is_comment(data, start):
                yield one, start, end


def _with_programs(data: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the spans from each program that an option may be of to the end of its value."""
    before = data[max(start - 5 * _BEFORE_OPTION, 0) : start].decode("utf-8", "ignore")
    line_end = data.find(b"\n", end, end + _BEHIND_OPTION)
    for program in _PROGRAM.finditer(before):
        if len(before) - program.end() <= _BEFORE_OPTION and "#" not in before[program.end() :]:
            first = start - len(before[program.start() :].encode())
            yield first, end + _BEHIND_OPTION if line_end < 0 else line_end


def _cost(found: Finding) -> int:
    rule = found.rule_id
    return 0 if rule == _WHOLE else 1 if rule.startswith(_FORM) else 2


def _digest(path: str, data: bytes, spans: list[tuple[int, int]]) -> bytes:
    """Return a digest of all that reading can depend on; empty where that may be everything."""
    context = Shape(data)
    if context.is_whole:
        return b""
    digest = hashlib.blake2b(path.rpartition("/")[2].encode("utf-8", "replace"), digest_size=16)
    digest.update(context.about())
    for start, end in spans:
        digest.update(b"\0\0" + context.of(start, end))
    return digest.digest()


def _is_comment(data: bytes, start: int) -> bool:
    line = data[data.rfind(b"\n", 0, start) + 1 : start].lstrip()
    return line.startswith(b"# ") or line == b"#"


def _is_worth(rule: str, text: str, line: bytes) -> bool:
    if rule == "strongroom.pair":
        match = _PAIR.match(text)
        name, value = (match["name"], match["value"]) if match else ("", "")
    elif rule == "strongroom.flag":
        match = _FLAG.match(text)
        name, value = (match["name"], match["value"]) if match else ("", "")
    else:
        before = _NAME_BEFORE.search(line)
        lead = _LEAD.match(text)
        if before is None or lead is None:
            return True
        name = before[0].decode("ascii", "replace") + re.split(r"[\\\"'\s:=\[\]]", lead[0], maxsplit=1)[0]
        value = text[lead.end() :]
    if promise(name.strip(".-")) is None and promise(name) is None:
        return False
    return any(_is_secret(name, one) for one in _values(value))


def _values(text: str) -> list[str]:
    """Return what may be meant as the value: one behind a name ends where a quote, a comment or the line does."""
    if _FOLLOWED.match(text):
        text = text.partition(" ")[2]
    quoted = _QUOTED.match(text)
    if quoted:
        return [quoted["value"]]
    line = text.partition("\n")[0].strip()
    bare = _BARE.match(line)
    return list({line, line.split(maxsplit=1)[0] if line else "", bare["value"] if bare else line})


def _is_secret(name: str, value: str) -> bool:
    for context in _CONTEXTS:
        mark = named.find(name, value, context)
        if mark is not None and mark.nature in (Nature.SECRET, Nature.CIPHERTEXT):
            return True
    return False

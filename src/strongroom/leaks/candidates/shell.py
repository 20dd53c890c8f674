"""Names and values on command lines: flags, assignments, ``-u user:password``, and scripts given to a shell.

Follows the token rules of the POSIX shell (XCU 2.2, 2.3) as far as finding words and their quotes needs; nothing is
expanded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from strongroom.leaks.names import is_generated


class Part(NamedTuple):
    """A named value inside a word or a script: offsets in characters of the text that it stands in.

    ``word`` is the index of the word in a list of words; 0 for a script.
    """

    name: str
    value: str
    word: int
    start: int
    end: int

    def __repr__(self) -> str:
        return f"Part({self.name} {self.word} {self.start}-{self.end})"


class Word(NamedTuple):
    """One shell word: its value without quotes, and the span of that value in the script.

    ``gap`` is the index in the value before which one quote was taken out (``A="b"``); -1 where none was.
    """

    value: str
    start: int
    end: int
    gap: int = -1

    def __repr__(self) -> str:
        return f"Word({self.start}-{self.end})"


_TOKEN = re.compile(
    r"(?P<space>[ \t\r]+|\\\n)"
    r"|(?P<comment>#[^\n]*)"
    r"|(?P<end>\n|;;?|&&?|\|\|?&?|\(|\)|[{}](?=\s))"
    r"|(?P<redirect>[0-9]?(?:>>?|<<<?-?|<>)&?[0-9-]?)"
    r"|(?P<word>(?:\\.|\"(?:\\.|[^\"\\])*\"|'[^']*'|\$\([^()]{0,512}\)|\$\{[^}]{0,256}\}|\{\{.{0,256}?\}\}|`[^`]{0,512}`"
    r"|[^\s;&|()<>\"'\\`${]+|[\"'`\\${])+)",
    re.DOTALL,
)
_QUOTED = re.compile(r"\"((?:\\.|[^\"\\])*)\"|'([^']*)'", re.DOTALL)
_HALF_QUOTED = re.compile(r"([^\"'\\]+=)(?:\"([^\"\\]*)\"|'([^']*)')")
_UNESCAPE = re.compile(r"\\(.)", re.DOTALL)
_FLAG = re.compile(r"--?(?P<name>[A-Za-z][\w.-]*)=(?P<value>.+)", re.DOTALL)
_ASSIGNMENT = re.compile(r"(?P<name>[A-Za-z_][\w.\[\]/-]*)=(?P<value>.+)", re.DOTALL)
_HEADER = re.compile(r"(?P<name>[A-Za-z][\w-]{1,40}):\s*(?P<value>.+)", re.DOTALL)
_BUILD_SECRET = re.compile(r"(?:type=(?:file|env),)?id=[\w.-]+(?:,(?:type|src|source|env|target|required|mode)=|$)")
"""``docker build --secret id=NAME,src=PATH``: names a secret (Docker documentation, "docker buildx build")."""
_LONG_FLAG = re.compile(r"--?[A-Za-z][\w.-]+")
_CONFIGURED = re.compile(r"(?:^|[,\s])(?P<name>[A-Za-z_][\w.-]*)=(?P<value>[^,\s]+)")
_SHELLS = frozenset(("sh", "bash", "ash", "dash", "zsh", "ksh"))
_LONGEST = 1 << 17

# Short options that take a password or ``user:password``, by program: each from the program's manual page.
_SHORT: dict[str, dict[str, str]] = {
    "curl": {
        "-u": "userinfo",
        "-U": "userinfo",
        "--user": "userinfo",
        "--proxy-user": "userinfo",
        "-H": "header",
        "--header": "header",
    },
    "wget": {"--header": "header"},
    "http": {"-a": "userinfo"},
    "redis-cli": {"-a": "password"},
    "sshpass": {"-p": "password", "-p*": "password"},
    "mysql": {"-p*": "password"},
    "mysqldump": {"-p*": "password"},
    "mysqladmin": {"-p*": "password"},
    "mariadb": {"-p*": "password"},
    "mongo": {"-p": "password"},
    "mongosh": {"-p": "password"},
    "mongodump": {"-p": "password"},
    "mongorestore": {"-p": "password"},
    "docker": {"-p": "password"},
    "podman": {"-p": "password"},
    "helm": {"-p": "password"},
    "oc": {"-p": "password"},
    "ldapsearch": {"-w": "password"},
    "ldapadd": {"-w": "password"},
    "ldapmodify": {"-w": "password"},
    "sqlcmd": {"-P": "password"},
    "smbclient": {"-U": "userinfo%"},
    "7z": {"-p*": "password"},
    "keytool": {"-storepass": "password", "-keypass": "password"},
    "openssl": {"-passin": "pass:", "-passout": "pass:", "-k": "password"},
    "kafkacat": {"-X": "pair"},
    "rclone": {},
}
_NESTED = frozenset(
    ("--set", "--set-string", "--from-literal", "-e", "--env", "-D", "-P", "--build-arg", "-X", "--setting", "-c", "-o")
)
"""Options whose value is ``name=value`` again."""


def in_words(words: Sequence[str]) -> Iterator[Part]:
    """Yield the named values of a list of words, as ``command`` and ``args`` hold them; opens scripts for a shell."""
    program, previous, is_shell = "", "", False
    for index, word in enumerate(words):
        if not program and not word.startswith("-"):
            program = word.rpartition("/")[2]
            is_shell = program in _SHELLS
        if (
            is_shell and previous.startswith("-") and previous.endswith("c") and len(previous) <= 5
        ) or "\n" in word.strip():
            for part in in_script(word):
                yield part._replace(word=index)
        else:
            yield from _in_word(program, previous, Word(word, 0, len(word)), index)
        previous = word


def in_script(script: str) -> Iterator[Part]:
    """Yield the named values of a shell script: ``export X=y``, ``X=y cmd``, flags of every command."""
    program, previous, first = "", "", True
    for word in words_of_script(script[:_LONGEST]):
        if word is None:
            program, previous, first = "", "", True
            continue
        if first and not _ASSIGNMENT.fullmatch(word.value) and word.value not in _PREFIXES:
            program, first = word.value.rpartition("/")[2], False
        yield from _in_word(program, previous, word, 0)
        previous = word.value


_PREFIXES = frozenset(
    (
        "export",
        "exec",
        "sudo",
        "env",
        "then",
        "do",
        "else",
        "if",
        "while",
        "!",
        "{",
        "time",
        "nohup",
        "local",
        "declare",
    )
)


def words_of_script(script: str) -> Iterator[Word | None]:
    """Yield the words of a script; None where a command ends."""
    position, size = 0, len(script)
    while position < size:
        match = _TOKEN.match(script, position)
        if match is None:
            position += 1
            continue
        position = match.end()
        if match.lastgroup == "word":
            yield _unquoted(match["word"], match.start())
        elif match.lastgroup == "end":
            yield None


def _unquoted(text: str, start: int) -> Word:
    """Take the quotes off; where they cover a part only (``X="y"``), the value is what the shell would make of it."""
    whole = _QUOTED.fullmatch(text)
    if whole:
        return Word(_without_escapes(whole), start + 1, start + len(text) - 1)
    if '"' not in text and "'" not in text:
        return Word(text, start, start + len(text))
    head = _HALF_QUOTED.fullmatch(text)
    if head:
        return Word(head[1] + (head[2] or "") + (head[3] or ""), start, start + len(text) - 1, len(head[1]))
    return Word(_QUOTED.sub(_without_escapes, text), start, start + len(text))


def _without_escapes(match: re.Match[str]) -> str:
    return _UNESCAPE.sub(r"\1", match[1]) if match[1] is not None else match[2]


def _in_word(program: str, previous: str, word: Word, index: int) -> Iterator[Part]:
    text = word.value
    options = _SHORT.get(program, {})
    if (kind := options.get(previous)) is not None:
        yield from _of_kind(kind, word, index)
        return
    if (
        text.startswith("-")
        and len(text) > 2
        and (kind := options.get(text[:2] + "*")) is not None
        and not text.startswith("--")
    ):
        yield _part("password", word, index, 2)
        return
    match = _FLAG.fullmatch(text)
    if _BUILD_SECRET.match(match["value"] if match else text):
        return
    if match:
        name = match["name"]
        yield _part(name, word, index, match.start("value"))
        nested = _ASSIGNMENT.fullmatch(match["value"])
        if nested and f"--{name}" in _NESTED:
            yield _part(_last(nested["name"]), word, index, match.start("value") + nested.start("value"))
        return
    if previous in _NESTED or not text.startswith("-"):
        yield from _assignments(text, word, index)
    if text.startswith("-D") and (match := _ASSIGNMENT.fullmatch(text[2:])):
        yield _part(match["name"], word, index, 2 + match.start("value"))
    if _LONG_FLAG.fullmatch(previous) and "=" not in previous and not text.startswith("-"):
        yield _part(previous.lstrip("-"), word, index, 0)


def _assignments(text: str, word: Word, index: int) -> Iterator[Part]:
    match = _ASSIGNMENT.fullmatch(text)
    if not match:
        return
    if "," in match["value"] and len(text) < 2048:
        pairs = list(_CONFIGURED.finditer(text))
        if len(pairs) > 1:
            for pair in pairs:
                yield _part(_last(pair["name"]), word, index, pair.start("value"), pair.end("value"))
            return
    yield _part(_last(match["name"]), word, index, match.start("value"))


def _last(name: str) -> str:
    return name.rpartition(".")[2] or name


def _of_kind(kind: str, word: Word, index: int) -> Iterator[Part]:
    text = word.value
    if kind in ("userinfo", "userinfo%"):
        user, colon, password = text.partition("%" if kind.endswith("%") else ":")
        if colon and password and user:
            yield _part("password", word, index, len(user) + 1)
    elif kind == "header":
        match = _HEADER.fullmatch(text)
        if match:
            yield _part(match["name"], word, index, match.start("value"))
    elif kind == "pass:":
        if text.startswith(kind):
            yield _part("password", word, index, len(kind))
    elif kind == "pair":
        yield from _assignments(text, word, index)
    else:
        yield _part("password", word, index, 0)


def _part(name: str, word: Word, index: int, start: int, end: int | None = None) -> Part:
    """A part of a word; where quotes or escapes were taken from inside it, its span is the whole word's."""
    end = len(word.value) if end is None else end
    name = "" if is_generated(name) else name
    value = word.value[start:end]
    moved = 1 if word.gap >= 0 else 0
    if word.end - word.start == len(word.value) + moved:
        first = start + moved if start >= word.gap else start
        return Part(name, value, index, word.start + first, word.start + end + (moved if end > word.gap else 0))
    return Part(name, value, index, word.start, word.end)

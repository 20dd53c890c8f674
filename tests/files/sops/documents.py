"""Documents of every format, made at random, with what is odd in each of them."""

from __future__ import annotations

import json
import string
from random import Random
from typing import Any

SELECTIONS: tuple[tuple[str, dict[str, str], tuple[str, ...]], ...] = (
    ("everything", {}, ()),
    ("encrypted_regex", {"encrypted_regex": "^(k[0-4]|data)"}, ("--encrypted-regex", "^(k[0-4]|data)")),
    ("unencrypted_regex", {"unencrypted_regex": "[3-7]$"}, ("--unencrypted-regex", "[3-7]$")),
    ("encrypted_suffix", {"encrypted_suffix": "3"}, ("--encrypted-suffix", "3")),
    ("unencrypted_suffix", {"unencrypted_suffix": "5"}, ("--unencrypted-suffix", "5")),
    ("encrypted_comment", {"encrypted_comment_regex": "c1"}, ("rule", "encrypted_comment_regex: c1")),
    ("unencrypted_comment", {"unencrypted_comment_regex": "c[23]"}, ("rule", "unencrypted_comment_regex: c[23]")),
)
"""Name, fields of a selection, and the same as options of sops, or as a rule where there is no option."""

ODD_TEXTS = (
    "", " ", "a", "yes", "NO", "on", "y", "null", "~", "true", "False", "1", "0x1F", "0o17", "017", "1_000", "1.5", "1e3", ".5", ".inf",
    "-.inf", ".nan", "2026-01-01", "2026-01-01T01:02:03Z", "2001-12-14 21:59:43", "<<", "=", "- x", "? x", ": x", "a: b",
    "a #b", "a#b", "#c", "{x}", "[x]", "a,b", "&a", "*a", "!t", "|", ">", "%a", "@a", "`a", "'", '"', "it's", 'say "x"',
    " lead", "trail ", "tab\there", "two\nlines", "ends\n", "two\n\nlines\n\n", "\nstarts", "  indented\nless", "a\r\nb", "\\n", "back\\slash",
    "é", "ü\u00a0x", "\u2028", "\x85", "\x7f", "\ufeffx", "😀", "日本語", "---", "--- a", "...", "ENC[x]", "x" * 300, "a\tb\n\tc\n", "0", "-0", "00", "08", "1:30",
    "190:20:30", "12e03", "+1", "-1", "1.", "0b11", "9223372036854775807", "1e400", "\x00", "$HOME", "${x}", "%(x)s", ";c", "x;y", "a = b",
)  # fmt: skip
PLAIN = (
    "v", "plain text", "1", "-7", "0", "1.5", "1.50", "1e3", "6.02e23", "0x1F", "0o17", "017", "1_000", "true", "False", "null", "~", "",
    "2026-01-01", "2026-01-01T01:02:03Z", "2001-12-14t21:59:43.10-05:00", ".inf", "-.Inf", ".nan", "yes", "off", "y", "10.0.0.1", "1.2.3",
    "a:b", "a#b", "http://x/y", "-x", "9223372036854775807", "-9223372036854775808", "!!str 5", "!!binary aGk=", "!!float 3", "1e400", "12e03", "190:20:30", "0.1", "-0", "-0.0", "1e-7",
)  # fmt: skip


def text(random: Random) -> str:
    """Return a text: an odd one, or one of arbitrary signs."""
    if random.random() < 0.7:
        return random.choice(ODD_TEXTS)
    signs = string.printable if random.random() < 0.7 else string.ascii_letters + "äß€\n :#-'\"\\{}[],&*"
    return "".join(random.choice(signs) for _ in range(random.randint(0, 30))).replace("\x00", "")


def yaml(random: Random, comments: bool = True) -> bytes:
    """Return YAML in block and flow style, with scalars of every style and with comments."""
    return _Yaml(random, comments).stream()


class _Yaml:
    def __init__(self, random: Random, comments: bool) -> None:
        self._random = random
        self._comments = comments
        self._count = 0

    def stream(self) -> bytes:
        random = self._random
        lines: list[str] = []
        for number in range(random.choice((1, 1, 1, 2, 3))):
            if number or random.random() < 0.2:
                self._comment(lines, 0)
                lines.append("---" + self._line())
            if random.random() < 0.06:
                lines.append(self._flow_map(0))
            else:
                self._map(lines, 0, 0)
        found = "\n".join(lines) + random.choice(("\n", "\n", "\n", "", "\n\n"))
        if random.random() < 0.05:
            found = found.replace("\n", "\r\n")
        return found.encode("utf-8")

    def _line(self) -> str:
        return f" # l{self._random.randint(0, 4)}" if self._comments and self._random.random() < 0.15 else ""

    def _comment(self, lines: list[str], column: int) -> None:
        random = self._random
        if not self._comments:
            return
        while random.random() < 0.2:
            at = random.choice((column, column, column, column + 2, 0))
            lines.append(f"{' ' * at}#{random.choice((' ', '', '  '))}c{random.randint(0, 4)}")
            if random.random() < 0.3:
                lines.append("")

    def _key(self) -> str:
        random = self._random
        self._count += 1
        name = f"k{self._count}"
        if random.random() < 0.1:
            name = random.choice((f'"q {name}"', f"'{name}'", f"{name}é", f"yes{name}", f"{name}.x/y-z", f"data{name}"))
        return name

    def _map(self, lines: list[str], column: int, depth: int) -> None:
        for _ in range(self._random.randint(1, 4)):
            self._comment(lines, column)
            self._value(lines, f"{' ' * column}{self._key()}:", column, depth)
        self._comment(lines, column)

    def _value(self, lines: list[str], head: str, column: int, depth: int) -> None:
        random = self._random
        kind = random.random()
        if kind < 0.2 and depth < 4:
            lines.append(head + self._line())
            self._map(lines, column + random.choice((2, 2, 4, 1)), depth + 1)
        elif kind < 0.35 and depth < 4:
            lines.append(head + self._line())
            self._list(lines, column + random.choice((0, 2)), depth + 1)
        elif kind < 0.45:
            self._block(lines, head, column)
        elif kind < 0.55:
            lines.append(f"{head} {random.choice((self._flow_map, self._flow_list))(0)}{self._line()}")
        else:
            lines.append(f"{head} {self._scalar()}".rstrip(" ") + self._line())

    def _list(self, lines: list[str], column: int, depth: int) -> None:
        random = self._random
        for _ in range(random.randint(1, 3)):
            self._comment(lines, column)
            head = f"{' ' * column}-"
            if random.random() < 0.3 and depth < 4:
                self._value(lines, f"{head} {self._key()}:", column + 2, depth + 1)
                if random.random() < 0.5:
                    self._map(lines, column + 2, depth + 1)
            elif random.random() < 0.1:
                self._block(lines, head, column)
            else:
                lines.append(f"{head} {self._scalar()}".rstrip(" ") + self._line())

    def _block(self, lines: list[str], head: str, column: int) -> None:
        random = self._random
        lines.append(f"{head} {random.choice(('|', '>', '|-', '>-', '|+'))}{self._line()}")
        margin = " " * (column + random.choice((2, 3)))
        lines.append(margin + random.choice(("one", "two # no", "  x", "- y", "k: v")))
        for _ in range(random.randint(0, 2)):
            text = margin + random.choice(("one", "two # no", "  x", "- y", "k: v"))
            lines.append(text if random.random() < 0.8 else "")
        if lines[-1] == "":
            lines[-1] = margin + "end"
        if lines[-random.randint(1, 1)].startswith(margin + "  "):
            lines.append(margin + "less")

    def _scalar(self) -> str:
        random = self._random
        kind = random.random()
        if kind < 0.5:
            return random.choice(PLAIN)
        found = text(random)
        if kind < 0.75 or not found.isprintable():
            return json.dumps(found).replace("\x7f", "\\x7f")
        return "'" + found.replace("'", "''") + "'"

    def _flow_scalar(self) -> str:
        random = self._random
        if random.random() < 0.6:
            return random.choice(("v", "1", "true", "null", "2.5", "2026-01-01", "'q'", '"d,d"'))
        return json.dumps(text(random)).replace("\x7f", "\\x7f")

    def _flow_map(self, depth: int) -> str:
        return "{" + ", ".join(f"{self._key()}: {self._flow(depth)}" for _ in range(self._random.randint(0, 3))) + "}"

    def _flow_list(self, depth: int) -> str:
        return "[" + ", ".join(self._flow(depth) for _ in range(self._random.randint(0, 3))) + "]"

    def _flow(self, depth: int) -> str:
        if depth > 2 or self._random.random() < 0.6:
            return self._flow_scalar()
        return self._random.choice((self._flow_map, self._flow_list))(depth + 1)


def anchored(random: Random) -> bytes:
    """Return YAML with anchors, aliases and merge keys."""
    scalar = random.choice(("v", "1", "'q: r'", "true", "2026-01-01", "null", "a b"))
    return (
        f"base: &base\n  k1: &s {scalar}\n  k2: [a, {{x: *s}}]\n  data: |\n    one\n    two\n"
        f"k3:\n  <<: *base\n  k4: *s\nk5: *base\nlist:\n  - *s\n  - *base\n  - k3: *s # l1\n"
        + random.choice(("k6:\n  <<: [*base, {z: 1}]\n", "k7: &e\nk8: *e\n", ""))
    ).encode()


def json_text(random: Random) -> bytes:
    """Return a JSON object."""
    number = iter(range(1000))

    def value(depth: int) -> Any:
        kind = random.random()
        if kind < 0.2 and depth < 4:
            return {f"k{next(number)}": value(depth + 1) for _ in range(random.randint(0, 3))}
        if kind < 0.35 and depth < 4:
            return [value(depth + 1) for _ in range(random.randint(0, 3))]
        if kind < 0.55:
            numbers = (
                0,
                1,
                -1,
                1.5,
                1e21,
                1e-7,
                123456789012,
                2**53,
                0.1,
                -0.0,
                1e300,
                5e-324,
                100,
                1e6,
                12345678901234567890,
            )
            return random.choice(numbers)
        return random.choice((None, True, False)) if kind < 0.65 else text(random)

    body = {f"k{next(number)}": value(0) for _ in range(random.randint(1, 5))}
    indent = random.choice((None, None, 2, "\t", 4))
    separators = (",", ":") if random.random() < 0.2 and indent is None else None
    found = json.dumps(body, indent=indent, ensure_ascii=random.random() < 0.5, separators=separators)
    return (found + random.choice(("\n", ""))).encode()


def dotenv(random: Random) -> bytes:
    """Return a dotenv file."""
    lines = []
    for number in range(random.randint(1, 8)):
        kind = random.random()
        if kind < 0.2:
            lines.append(f"#{random.choice((' ', ''))}c{random.randint(0, 4)}")
        elif kind < 0.3:
            lines.append("")
        else:
            lines.append(f"k{number}={text(random).replace(chr(10), chr(92) + 'n')}")
    return ("\n".join([*lines, "k99=end"]) + random.choice(("\n", "", "\n\n"))).encode()


def ini(random: Random) -> bytes:
    """Return an INI file."""
    lines: list[str] = []
    if random.random() < 0.4:
        lines.append("k0 = global")
    for section in range(random.randint(1, 3)):
        _ini_comment(random, lines)
        lines.append(f"[s{section}]" + random.choice(("", "", " ; c1")))
        for number in range(random.randint(0, 4)):
            _ini_comment(random, lines)
            lines.append(f"k{section}{number}{random.choice((' = ', '=', ': ', ' :'))}{_ini_value(random)}")
    return ("\n".join(lines) + random.choice(("\n", "", "\n\n"))).encode()


def _ini_comment(random: Random, lines: list[str]) -> None:
    while random.random() < 0.25:
        lines.append(f"{random.choice(('; ', '# ', ';', '#', ' ;; '))}c{random.randint(0, 4)}")
        if random.random() < 0.2:
            lines.append("")


def _ini_value(random: Random) -> str:
    found = text(random)
    if "\n" in found or '"""' in found:
        return f'"""{found}"""' if '"' not in found and "\r" not in found else "v"
    return random.choice(
        (found, f'"{found}"', f"`{found}`" if "`" not in found else "v", f"'{found}'", "v", "v ; c2", "v\\\n  w")
    )


def binary(random: Random) -> bytes:
    """Return bytes."""
    return random.randbytes(random.randint(0, 200))


MAKERS = {"yaml": yaml, "json": json_text, "dotenv": dotenv, "ini": ini, "binary": binary}
"""What makes documents of a format."""

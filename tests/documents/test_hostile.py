"""Hostile files end in a clear refusal, in bounded memory, and the next document is still read.

Each file is read in a process of its own whose memory is limited; a time limit only keeps the tests from hanging.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

MEMORY = 1536 * 1024 * 1024

READ = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({memory}, {memory}))
from strongroom.documents.directives import directives
from strongroom.documents.embedded import parse
from strongroom.documents.yaml import BadDocument, read
M = 1 << 20
data = {data}
for each in read(data + {tail}):
    print(each.reason if isinstance(each, BadDocument) else "document " + str(len(each.duplicates)))
directives(data + b"\\n# strongroom: ignore[x]")
for name in ("x.yaml", "x.json", "x.toml", "x.ini", "x.env", "x.properties", "netrc", "pgpass"):
    parse(name, data[:M // 4].decode("utf-8", "replace"))
"""

DEEP = "nested too deeply"
ALIAS_BOMB = """b'a: &a [x,x,x,x,x,x,x,x,x]\\n' + b''.join(
    b'%c: &%c [%s]\\n' % (98 + i, 98 + i, b','.join([b'*%c' % (97 + i)] * 9)) for i in range(9))"""
MERGE_BOMB = """b'a: &a {' + b','.join(b'k%d: 1' % i for i in range(1000)) + b'}\\n' + b''.join(
    b'b%d: {<<: [%s]}\\n' % (i, b','.join([b'*a'] * 20)) for i in range(100))"""
REFUSED = [
    ("flow sequences", "b'[' * (8 * M)", DEEP),
    ("flow sequences with items", "b'[a,' * M", DEEP),
    ("flow mappings", "b'{a: ' * M", DEEP),
    ("json arrays", "b'[0,' * M", DEEP),
    ("json objects", "b'{\"a\":' * M", DEEP),
    ("valid json", "b'[' * 10000 + b']' * 10000", DEEP),
    ("valid flow", "b'x: ' + b'[' * 10000 + b']' * 10000", DEEP),
    ("block sequences", "b'- ' * (4 * M)", DEEP),
    ("block mappings", "b''.join(b' ' * i + b'a:\\n' for i in range(4000))", DEEP),
    ("complex keys", "b'? ' * (4 * M)", DEEP),
    ("alias bomb", ALIAS_BOMB, "aliases expand to too much"),
    ("merge bomb", MERGE_BOMB, "aliases expand to too much"),
    ("chain of aliases", "b'a0: &a0 {k: v}\\n' + b''.join(b'a%d: &a%d {<<: *a%d}\\n' % (i, i, i - 1) for i in range(1, 5000))", DEEP),
    ("recursive anchor", "b'&a [*a]'", "an anchor contains itself"),
    ("recursive merge", "b'a: &a\\n  b: 1\\n  <<: *a\\n'", "an anchor contains itself"),
    ("directives", "b'%TAG !a! x\\n' * M", "a directive, and no document start in its piece"),
    ("open quote", "b'a: \"' + b'x' * (8 * M)", "not valid yaml: found unexpected end of stream"),
    ("tabs", "b'\\t' * (4 * M)", "not valid yaml: found character that cannot start any token"),
    ("tiny nodes", "b'-\\n' * (2 * M + M // 8)", "more than 2000000 nodes"),
]  # fmt: skip

READABLE = [
    ("duplicates", "b'a: 1\\n' * 100000", "document 1000"),
    ("json duplicates", "b'{' + b'\"a\": 1,' * 100000 + b'\"a\": 2}'", "document 1000"),
    ("comments", "b'a: 1\\n' + b'#\\n' * (2 * M)", "document 0"),
    ("comment line", "b'a: 1 #' + b' #' * (2 * M)", "document 0"),
    ("long number", "b'a: ' + b'1' * (4 * M)", "document 0"),
    ("long octal", "b'a: 0' + b'7' * (4 * M)", "document 0"),
    ("many anchors", "b''.join(b'- &a%d x\\n' % i for i in range(200000))", "document 0"),
    ("long blank", "b'a: \"x' + b' ' * (2 * M) + b'y\"'", "document 0"),
    ("blank lines", "b'a: |\\n' + b'\\n' * (2 * M) + b'  x'", "document 0"),
    ("templates", "b'a: \"' + b'{{' * M + b'\"'", "document 0"),
]


def _read(data: str, tail: bytes) -> list[str]:
    program = READ.format(memory=MEMORY, data=data, tail=tail)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


@pytest.mark.parametrize(("data", "reason"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_refused(data: str, reason: str) -> None:
    """A bomb is one bad document with its reason, and the document behind it is read."""
    assert _read(data, b"\n---\nnext: 1\n") == [reason, "document 0"]


@pytest.mark.parametrize(("data", "told"), [case[1:] for case in READABLE], ids=[case[0] for case in READABLE])
def test_readable(data: str, told: str) -> None:
    """What is only long or repetitive is read, and so is the document behind it."""
    assert _read(data, b"\n---\nnext: 1\n") == [told, "document 0"]


def test_many_documents() -> None:
    """More documents than the limit end in one refusal."""
    for data in ("b'a: 1\\n---\\n' * 150000", "b'{}' * 150000"):
        told = _read(data, b"")
        assert len(told) == 100001
        assert told[-1] == "more than 100000 documents"


def test_large_file() -> None:
    """A file above the limit is refused before anything of it is read."""
    assert _read("b'x' * (33 * M)", b"") == ["larger than 33554432 bytes"]


def test_the_memory_limit_is_real() -> None:
    """The limit under which hostile files are read does stop a process that needs more."""
    greedy = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY})); x = bytes({2 * MEMORY})"
    done = subprocess.run([sys.executable, "-c", greedy], capture_output=True, text=True, check=False)

    assert "MemoryError" in done.stderr

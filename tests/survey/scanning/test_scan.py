"""A scan of files, folders and streams: what is found, where it is said to be, and what is passed over."""

from __future__ import annotations

import base64
import io
import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.sources.repositories import token
from tests.survey.rule_texts import texts

from strongroom.errors import SourceError
from strongroom.leaks.plain import OVERLAP, WINDOW
from strongroom.model.finding import Finding, Severity
from strongroom.model.plaintext import Plaintext
from strongroom.model.report import Report
from strongroom.model.skipped import Reason
from strongroom.survey.scanning.blobs import Blobs
from strongroom.survey.scanning.request import ScanRequest
from strongroom.survey.scanning.scan import scan

KEY = b"k" * 32
PASSWORD = "Vx9k2" + "LmQ81zzT"
MANIFEST = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData:\n  password: {PASSWORD}\n"


@pytest.fixture(scope="module")
def blobs() -> Blobs:
    """Return what looks at contents; its rules are loaded once."""
    made = Blobs(KEY)
    made.load()
    return made


@pytest.fixture(autouse=True)
def _there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _scan(blobs: Blobs, *paths: str, **options: Any) -> Report:
    stdin = options.pop("stdin", None)
    request = ScanRequest(paths or (".",), KEY, stdin=stdin is not None, **options)
    return scan(request, blobs, io.BytesIO(stdin) if stdin is not None else None)


def _write(files: dict[str, str | bytes]) -> None:
    for name, text in files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)


def _of(report: Report, value: str) -> Finding:
    wanted = Plaintext(value).fingerprint(KEY)
    (found,) = [finding for finding in report.findings if finding.value == wanted]
    return found


def _places(finding: Finding) -> list[tuple[str, int, int]]:
    origins = [finding.origin, *(other.origin for other in finding.related)]
    return [(origin.path, origin.line, origin.column) for origin in origins]


def test_one_value_is_one_finding(blobs: Blobs) -> None:
    """A value in several files, as it is, in a Secret's base64 and in a ConfigMap, is one finding with all places."""
    encoded = base64.b64encode(token().encode()).decode()
    _write(
        {
            "a.py": f'x = 1\ntoken = "{token()}"\n',
            "b/config.yaml": f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata:\n  t: {token()}\n",
            "c.yaml": f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\ndata:\n  t: {encoded}\n",
        }
    )

    finding = _of(_scan(blobs), token())

    assert _places(finding) == [("a.py", 2, 10), ("b/config.yaml", 5, 6), ("c.yaml", 5, 6)]
    assert finding.leak is not None
    assert (finding.leak.places, finding.rule, finding.severity) == (3, "betterleaks.github-pat", Severity.HIGH)


def test_nothing_of_a_value_is_shown(blobs: Blobs) -> None:
    """Of a token the published prefix is shown, of a password nothing; nowhere does the report hold more."""
    _write(
        {
            "a.py": f'token = "{token()}"\n',
            "s.yaml": f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{password: {PASSWORD}}}\n",
        }
    )

    report = _scan(blobs)
    said = msgspec.json.encode(report).decode()

    assert {f.leak.masked for f in report.findings if f.leak} == {"ghp_••••••", "••••••"}
    assert token()[4:12] not in said
    assert PASSWORD[:4] not in said
    assert not any(token()[at : at + 8] in said for at in range(4, len(token()) - 8))


def test_a_password_that_no_rule_knows_is_found_where_kubernetes_says_what_it_is(blobs: Blobs) -> None:
    """Plain passwords in stringData, an environment variable and an argument are found, each at its own column."""
    _write(
        {
            "secret.json": json.dumps(
                {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"password": PASSWORD}}
            ),
            "pod.yaml": (
                "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: c\n    image: i\n"
                f"    env:\n    - name: DB_PASSWORD\n      value: {PASSWORD}\n    args: [--password={PASSWORD}]\n"
            ),
        }
    )

    assert [(path, line) for path, line, _ in _places(_of(_scan(blobs), PASSWORD))] == [
        ("pod.yaml", 10),
        ("pod.yaml", 11),
        ("secret.json", 1),
    ]


def test_an_embedded_file_names_its_inner_path(blobs: Blobs) -> None:
    """A value in a file inside a ConfigMap is placed in the outer file, and the finding names the inner path."""
    _write(
        {
            "c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  app.properties: |\n"
            f"    user=a\n    db.password={PASSWORD}\n"
        }
    )

    finding = _of(_scan(blobs), PASSWORD)

    assert _places(finding) == [("c.yaml", 7, 17)]
    assert finding.origin.inner == "db.password"
    assert "db.password" in finding.message


def test_what_reading_knows_to_be_no_secret_is_not_reported(blobs: Blobs) -> None:
    """References, names of Secrets and stand-ins give nothing, and neither does a Secret manifest of stand-ins."""
    _write(
        {
            "s.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  password: changeme\n",
            "p.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: c\n    env:\n"
            "    - name: PASSWORD\n      valueFrom: {secretKeyRef: {name: s, key: password}}\n",
        }
    )

    assert [f for f in _scan(blobs).findings if f.severity > Severity.INFO] == []


def test_a_binary_file_is_passed_over(blobs: Blobs) -> None:
    """A file with NUL bytes is not text; UTF-16 with its mark is, and its lines are counted as people see them."""
    _write({"a.bin": b"\0" + token(1).encode(), "b.txt": f"x\ntoken: {token(2)}\n".encode("utf-16")})

    report = _scan(blobs)

    assert [_places(f) for f in report.findings] == [[("b.txt", 2, 8)]]
    assert [(s.path, s.reason) for s in report.skipped] == [("a.bin", Reason.BINARY)]


def test_what_follows_the_first_bytes_of_a_file_is_read(blobs: Blobs) -> None:
    """A value at the end of a file is found, on whichever side of the size that is read at once the file ends."""
    first = 1 << 16
    sizes = {"a.txt": first - 1, "b.txt": first, "c.txt": first + 1, "d.txt": 3 * first}
    _write({name: f"{token()}\n".rjust(size) for name, size in sizes.items()})

    assert [place[0] for place in _places(_of(_scan(blobs), token()))] == list(sizes)


def test_a_file_that_is_named_twice_is_one(blobs: Blobs) -> None:
    """A folder and a file in it that is named besides give each place once."""
    _write({"a/b.txt": f"{token()}\n"})

    report = _scan(blobs, "a", "a/b.txt", "a/../a")

    assert _places(_of(report, token())) == [("a/b.txt", 1, 1)]
    assert report.coverage.files == 1


def test_equal_values_of_one_text_keep_their_own_lines(blobs: Blobs) -> None:
    """One value many times in a text is judged once, and shown at each place with what stands before it there."""
    _write({"a.py": f'first = "{token()}"\nx = 1\n  other = "{token()}"\n'})

    finding = _of(_scan(blobs), token())

    assert _places(finding) == [("a.py", 1, 10), ("a.py", 3, 12)]
    assert finding.frame.startswith("first = ")


def test_ignored_files_are_read_where_asked(blobs: Blobs) -> None:
    """What .gitignore leaves out is left out here, and read with the option."""
    _write({".gitignore": "*.log\n", "a.log": f"{token()}\n", "b.txt": "nothing\n"})

    assert _scan(blobs).findings == ()
    assert _places(_of(_scan(blobs, gitignore=False), token())) == [("a.log", 1, 1)]


def test_links_are_not_followed(blobs: Blobs, tmp_path: Path) -> None:
    """A link to a file outside of the tree is not read, and a loop of links ends."""
    outside = tmp_path.parent / f"{tmp_path.name}-outside.txt"
    outside.write_text(f"{token()}\n")
    _write({"tree/a.txt": "nothing\n"})
    Path("tree/link.txt").symlink_to(outside)
    Path("tree/loop").symlink_to(".")

    assert _scan(blobs, "tree").findings == ()


def test_a_fifo_is_not_waited_for(blobs: Blobs) -> None:
    """A FIFO in a tree is no file; one that is named is refused."""
    _write({"tree/a.txt": "nothing\n"})
    os.mkfifo("tree/fifo")

    assert _scan(blobs, "tree").coverage.files == 1
    with pytest.raises(SourceError, match="not a regular file"):
        _scan(blobs, "tree/fifo")


@pytest.mark.parametrize("path", ["nowhere", "empty"])
def test_an_empty_selection_is_an_error(blobs: Blobs, path: str) -> None:
    """A path that does not exist and a folder without files are errors, not clean results."""
    Path("empty").mkdir()

    with pytest.raises(SourceError):
        _scan(blobs, path)


def test_a_file_over_the_limit_is_said_to_be(blobs: Blobs) -> None:
    """A file that is larger than the limit is passed over, and that counts as a problem."""
    _write({"a.txt": b"x" * 2000, "b.txt": "small\n"})

    report = _scan(blobs, max_bytes=1000)

    assert [(s.path, s.reason, s.problem) for s in report.skipped] == [("a.txt", Reason.TOO_LARGE, True)]


@pytest.mark.parametrize(
    "offset", [0, WINDOW - 20, WINDOW, WINDOW + OVERLAP // 2 - 20, WINDOW + OVERLAP - 20, 3 * WINDOW + 77]
)
@pytest.mark.parametrize("breaks", [False, True])
def test_a_large_text_is_scanned_in_windows(blobs: Blobs, offset: int, breaks: bool) -> None:
    """Wherever a value stands in a text of several windows, it is found once, at its line and column."""
    filler = ("word \n" if breaks else "word  ").encode() * (WINDOW * 5 // 6)
    lead = filler[:offset]
    text = lead + b" " + token().encode() + b"\n" + filler[offset:]

    finding = _of(_scan(blobs, stdin=text), token())

    line, column = lead.count(b"\n") + 1, len(lead) - lead.rfind(b"\n") + 1
    assert _places(finding) == [("-", line, column)]


class _Endless(io.RawIOBase):
    """A stream of one line without an end in sight, with a value in its middle; it is never whole in memory."""

    def __init__(self, size: int) -> None:
        self.left = size
        self.largest = 0
        self._value = b" " + token().encode() + b" "

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = min(len(buffer), self.left)
        self.largest = max(self.largest, len(buffer))
        buffer[:count] = b"x" * count
        if count > len(self._value) and self.left < 4 * WINDOW <= self.left + count:
            buffer[: len(self._value)] = self._value
        self.left -= count
        return count


def test_a_line_without_end_is_held_in_parts(blobs: Blobs) -> None:
    """Of a stream of one long line no more is asked for at a time than a few megabytes, and the value in it is found."""
    stream = _Endless(40 * WINDOW)
    request = ScanRequest((".",), KEY, stdin=True)

    report = scan(request, blobs, io.BufferedReader(stream))

    assert _of(report, token()).origin.line == 1
    assert stream.largest <= 8 << 20


def test_names_are_shown_without_their_escapes(blobs: Blobs) -> None:
    """Names with line feeds and terminal escapes are found and, in the text report, shown as escapes."""
    from strongroom.report.terminal import Terminal
    from strongroom.report.text import render

    _write({"a\n\x1b[31mb.txt": f"{token()}\n"})

    text = "".join(render(_scan(blobs), Terminal()))

    assert "\x1b" not in text
    assert "a\\x0a\\x1b[31mb.txt:1:1" in text


def test_what_to_do_is_part_of_a_finding(blobs: Blobs) -> None:
    """A leak in a file says how to rotate it and how to ignore it; a purge is for what history holds."""
    _write({"a.txt": f"{token()}\n"})

    leak = _of(_scan(blobs), token()).leak

    assert leak is not None
    assert [step.partition(":")[0].partition(",")[0] for step in leak.todo] == ["rotate", "ignore"]
    assert "strongroom: ignore[leak:betterleaks.github-pat]" in leak.todo[-1]


def test_the_identity_survives_moved_lines(blobs: Blobs) -> None:
    """A finding keeps its fingerprint when lines are added before it, and does not depend on the key."""
    _write({"a.txt": f"{token()}\n"})
    before = _scan(blobs).findings[0].fingerprint
    _write({"a.txt": f"one\ntwo\n{token()}\n"})

    assert _scan(blobs).findings[0].fingerprint == before


def test_nothing_that_the_library_finds_in_plain_text_is_lost(blobs: Blobs) -> None:
    """Whatever the library's own command line would report of texts made for its rules is reported, with its value."""
    from kingfisher_sdk import DetectionPolicy, Rules, ScanInput, Scanner

    alone = Scanner(Rules(), policy=DetectionPolicy(inline_ignores=False))
    made = {f"{number:04}.txt": text for number, text in enumerate(texts())}
    _write(dict(made))
    found = [
        (name, one)
        for name, text in made.items()
        for one in alone.scan_input(ScanInput(name, text.encode()))
        if one.visible
    ]
    expected = {(name, Plaintext(one.secret).fingerprint(KEY)) for name, one in found}

    report = _scan(blobs)
    reported = {
        (origin.path, finding.value)
        for finding in report.findings
        for origin in (finding.origin, *(other.origin for other in finding.related))
    }

    assert len({one.rule_id for _, one in found}) > 250
    assert expected - reported == set()


def test_a_name_that_is_not_utf8_is_scanned(blobs: Blobs) -> None:
    """A file whose name is not UTF-8 is read like any other, as text and as a manifest."""
    for name, text in ((b"\xff.py", f'token = "{token()}"\n'), (b"\xfe.yaml", MANIFEST)):
        Path(os.fsdecode(name)).write_text(text)

    report = _scan(blobs)

    assert _of(report, token()).origin.path == os.fsdecode(b"\xff.py")
    assert _of(report, PASSWORD).origin.line == 5


@pytest.mark.parametrize("broken", ["  x: [\n", '  x: "\\ud800"\n', "  x: {{ .Values.x\n", "\tx: y\n"])
def test_a_manifest_that_cannot_be_read_is_no_clean_one(blobs: Blobs, broken: str) -> None:
    """What the lines of a broken manifest hold is found at its place, and the report says that it is broken."""
    _write({"s.yaml": f"a: b\n---\n{MANIFEST}{broken}"})

    report = _scan(blobs)

    assert _places(_of(report, PASSWORD)) == [("s.yaml", 7, 13)]
    assert [(one.path, one.reason) for one in report.skipped] == [("s.yaml", Reason.BAD_DOCUMENT)]


def test_separators_of_unicode_end_no_line(blobs: Blobs) -> None:
    """Lines are those of Git, whatever else Unicode takes for the end of one; a byte order mark is no column."""
    _write(
        {
            "a.properties": f"x=a\x0cb\x1cc\u2028d\x85e\npassword={PASSWORD}\n",
            "b.py": f"\ufefftoken = '{token()}'\n",
        }
    )

    report = _scan(blobs)

    assert _places(_of(report, PASSWORD)) == [("a.properties", 2, 10)]
    assert _places(_of(report, token())) == [("b.py", 1, 10)]


@pytest.mark.parametrize(
    "line",
    [
        'inactiveFileToken = "inactive_file"',
        'BasicAuthPasswordKey = "password"',
        '"VaultDynamicSecret": "vaultdynamicsecrets"',
        'CHALLENGE_PASSWORD = "challengePassword"',
    ],
)
def test_a_text_that_repeats_its_name_is_no_secret(blobs: Blobs, line: str) -> None:
    """Programs name fields in words: a text that says what its name says is worth no more than a word."""
    _write({"a.go": f"{line}\n"})

    assert {finding.severity for finding in _scan(blobs).findings} <= {Severity.INFO}

"""The search before reading: what it points at, and what it says that reading depends on."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.leaks.prefilter import Prefilter, Trace
from strongroom.leaks.prefilter_context import Context

SEARCH = Prefilter()
TEXT = """\
image: web:1
database:
  host: db
  accounts:
    - name: app
      password: Vx9k2LmQ81zzT
    - name: other
logging:
  level: info
"""
_AT = TEXT.index("password"), TEXT.index("password") + 23


def _trace(text: str, *, digest: bool = True) -> Trace:
    trace = SEARCH.trace("values.yaml", text.encode(), digest=digest)
    assert trace is not None
    return trace


def test_a_file_without_a_sign_is_not_worth_reading() -> None:
    """Plain settings leave no trace."""
    assert SEARCH.trace("values.yaml", b"image: web:1\nreplicas: 3\n") is None


@pytest.mark.parametrize(
    "changed",
    [
        TEXT.replace("web:1", "web:2"),
        TEXT.replace("level: info", "level: debug"),
        TEXT.replace("host: db", "host: other"),
        "# a note\n" + TEXT,
    ],
)
def test_a_change_elsewhere_keeps_the_digest(changed: str) -> None:
    """What a value's reading does not depend on is not in the digest."""
    assert _trace(changed).digest == _trace(TEXT).digest != b""


@pytest.mark.parametrize(
    "changed",
    [
        TEXT.replace("zzT", "zzU"),
        TEXT.replace("accounts:", "people:"),
        TEXT.replace("database:", "mysql:"),
        TEXT.replace("    - name: app", "    - name: first\n    - name: app"),
        TEXT.replace("database:", "---\ndatabase:"),
    ],
)
def test_a_change_on_the_way_to_the_value_changes_the_digest(changed: str) -> None:
    """The value, the names of the fields above it, its number in lists and its document are in the digest."""
    assert _trace(changed).digest != _trace(TEXT).digest


def test_without_a_digest_one_sign_is_enough() -> None:
    """Where no versions follow, the search ends at the first sign, and makes no digest."""
    trace = _trace(TEXT + "second: {token: Zk81mQvR4tY7wLp2Xs}\n", digest=False)
    assert (len(trace.offsets), trace.digest) == (1, b"")
    assert len(_trace(TEXT + "second: {token: Zk81mQvR4tY7wLp2Xs}\n").offsets) > 1


def test_an_object_that_matters_as_a_whole_has_no_digest() -> None:
    """Every line of a Secret counts: nothing is taken for equal but the file itself."""
    assert _trace("apiVersion: v1\nkind: Secret\nstringData:\n  a: Vx9k2LmQ81zzT\n").digest == b""


def test_anchors_make_everything_depend_on_everything() -> None:
    """A text with anchors or merged mappings is not taken apart."""
    assert Context(b"a: &x\n  b: 1\nc: *x\n").is_whole
    assert not Context(TEXT.encode()).is_whole


def test_a_part_ends_where_the_next_field_of_the_outermost_level_begins() -> None:
    """The lines that a value depends on are the same wherever its field stands in the file."""
    alone = TEXT[TEXT.index("database") : TEXT.index("logging")]
    shift = TEXT.index("database")
    whole, part = Context(TEXT.encode()), Context(alone.encode())
    assert whole.of(*_AT) == part.of(_AT[0] - shift, _AT[1] - shift)


_OPTION = re.compile(
    r"\b(?:curl|http|redis-cli|sshpass|mysql\w{0,10}|mariadb|mongo\w{0,10}|docker|podman|helm|oc|ldap\w{1,10}|sqlcmd"
    r"|smbclient|7z|keytool|openssl)\b[^#]{0,160}?[\"'\s]-{1,2}(?:[uUapwPkHX]|user|proxy-user|header|storepass|keypass"
    r"|passin|passout)\b[^\n]{0,80}",
    re.IGNORECASE,
)
"""A program with an option for a password, as one pattern: what the search finds in two steps."""
_WORDS = st.sampled_from(
    (
        *(
            "curl",
            "http",
            "mysqldump",
            "docker",
            "-a",
            "-u",
            "--user",
            "--header",
            "'-p",
            '"-H',
            "-x",
            "app",
            "\n",
            "é",
        ),
        *("\n# ", "#", "word " * 25, "curl -u", "helm\n", "-U\n", "\n  "),
    )
)


@settings(max_examples=200)
@given(st.lists(_WORDS, max_size=12).map(" ".join))
def test_an_option_counts_behind_a_program_that_takes_it(text: str) -> None:
    """The two steps see every sign that the one pattern does, at the line of the program, and none where it sees none."""
    trace = SEARCH.trace("values.yaml", text.encode())
    expected = {
        text.count("\n", 0, match.start())
        for match in _OPTION.finditer(text)
        if not text[: match.start()].rpartition("\n")[2].lstrip().startswith(("# ", "#\n"))
    }
    lines = {text.encode().count(b"\n", 0, offset) for offset in (trace.offsets if trace else ())}
    assert expected <= lines
    assert not lines or _OPTION.search(text)

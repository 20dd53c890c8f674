"""Base64 over several lines is read as one, and its places are those of the file."""

from __future__ import annotations

import base64
import random
import re
import textwrap

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.leaks.known_unwrap import lines_of_runs, unwrapped

ENCODED = base64.b64encode(random.Random(7).randbytes(200)).decode()  # noqa: S311 - test data
LINES = textwrap.wrap(ENCODED, 64)


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(LINES) + "\n",
        "\r\n".join(LINES) + "\r\n",
        "\n".join(LINES),
        "x: |\n" + textwrap.indent("\n".join(LINES), "    ") + "\nnext: 1\n",
        "x: " + "\n  ".join(LINES) + "\nnext: 1\n",
        "# " + "\n# ".join(LINES) + "\n",
        'x = "' + '" +\n    "'.join(LINES) + '";\n',
        "x = '" + "' \\\n    '".join(LINES) + "'\n",
        "x='" + "\\\n".join(LINES) + "'\n",
    ],
)
def test_lines_are_joined(text: str) -> None:
    """Block scalars, comments, quoted and continued strings give what was wrapped."""
    (block,) = unwrapped(text.encode())
    assert block.text.decode().rstrip("=") == ENCODED.rstrip("=")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", "  ", "# ", 'x = "', "a b c: ", "-- ", "\u00e9 "]),
            st.integers(0, 600),
            st.sampled_from(["", "\r", '"', '" +', ",", "   ", "==", "'  \\", "=="]),
        ),
        max_size=8,
    ),
    st.booleans(),
)
@settings(max_examples=200)
def test_runs_tell_the_same_lines(lines: list[tuple[str, int, str]], end: bool) -> None:
    """Where the runs of a text are at hand, the lines that they end give the same blocks as looking at every line."""
    text = "\n".join(before + (ENCODED * 3)[:size] + after for before, size, after in lines).encode() + b"\n" * end
    runs = [match.span() for match in re.finditer(rb"[A-Za-z0-9+/_-]+", text)]
    spans = np.array(runs, np.int64).reshape(-1, 2)
    assert list(unwrapped(text, lines_of_runs(text, spans[:, 0], spans[:, 1]))) == list(unwrapped(text))


def test_a_span_is_given_back_in_the_file() -> None:
    """From the first to the last character of a span, the line break and the indentation are inside."""
    text = ("x: |\n" + textwrap.indent("\n".join(LINES), "    ") + "\n").encode()
    (block,) = unwrapped(text)
    start, end = block.span(60, 70)
    assert text[start:end].decode() == LINES[0][60:] + "\n    " + LINES[1][:6]


@pytest.mark.parametrize(
    "text",
    [
        ENCODED + "\n",
        "one line of words and names\n" * 20,
        "github.com/kubernetes-sigs/controller-runtime/pkg/client/config v0.19.0\n" * 20,
        "\n" * 100,
        "",
    ],
)
def test_other_lines_are_not_joined(text: str) -> None:
    """One long line, prose, names of packages and empty lines are no wrapped base64."""
    assert list(unwrapped(text.encode())) == []

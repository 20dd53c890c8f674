"""Why a document could not be read, in words that are fixed beforehand.

A parser's message may quote the text that it stumbled over, and that text may be a secret. Only what is in the list
below, the problems that libyaml 0.2.5 knows (``scanner.c``, ``parser.c``, ``reader.c``), leaves this room.
"""

from __future__ import annotations

from typing import Any

from strongroom.errors import DocumentError

UNKNOWN = "not valid yaml"
_PROBLEMS = frozenset(
    {
        "block mapping entries are not allowed in this context",
        "block sequence entries are not allowed in this context",
        "control characters are not allowed",
        "could not find expected ':'",
        "could not find expected directive name",
        "could not find expected whitespace or line break",
        "did not find URI escaped octet",
        "did not find a comment or line break",
        "did not find expected ',' or ']'",
        "did not find expected ',' or '}'",
        "did not find expected '-' indicator",
        "did not find expected <document start>",
        "did not find expected <stream-start>",
        "did not find expected alphabetic or numeric character",
        "did not find expected comment or line break",
        "did not find expected digit or '.' character",
        "did not find expected hexdecimal number",
        "did not find expected key",
        "did not find expected node content",
        "did not find expected tag URI",
        "did not find expected version number",
        "did not find expected whitespace",
        "did not find expected whitespace or line break",
        "did not find the expected '!'",
        "did not find the expected '>'",
        "found a tab character that violates indentation",
        "found a tab character where an indentation space is expected",
        "found an indentation indicator equal to 0",
        "found an incorrect leading UTF-8 octet",
        "found an incorrect trailing UTF-8 octet",
        "found character that cannot start any token",
        "found duplicate %TAG directive",
        "found duplicate %YAML directive",
        "found extremely long version number",
        "found incompatible YAML document",
        "found invalid Unicode character escape code",
        "found undefined tag handle",
        "found unexpected document indicator",
        "found unexpected end of stream",
        "found unexpected non-alphabetical character",
        "found unknown directive name",
        "found unknown escape character",
        "mapping keys are not allowed in this context",
        "mapping values are not allowed in this context",
        "while parsing a tag",
    }
)


def of_yaml_error(error: Any, text: str) -> DocumentError:
    """Return PyYAML's error as ours: a problem from the list, and its 1-based position within ``text``."""
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or ""
    message = f"not valid yaml: {problem}" if problem in _PROBLEMS else UNKNOWN
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is not None:
        return DocumentError(message, line=mark.line + 1, column=mark.column + 1)
    position = getattr(error, "position", None)
    if not isinstance(position, int):
        return DocumentError(message)
    # the reader counts bytes
    before = text.encode("utf-8", "surrogatepass")[:position].decode("utf-8", "replace")
    return DocumentError(message, line=before.count("\n") + 1, column=len(before) - before.rfind("\n"))

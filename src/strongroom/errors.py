"""Every error that Strongroom raises on purpose.

::

    StrongroomError
     ├─ UsageError         the command line or the configuration asks for something that cannot be
     ├─ SourceError        a source could not be opened or read at all
     │   └─ DocumentError  one document of it could not be read; carries its position
     ├─ ClusterError       a cluster could not be used
     │   ├─ KubeconfigError   nothing says where it is, or who asks
     │   ├─ UnreachableError  its API server does not answer, or not as the one that was meant
     │   │   └─ TimedOutError  it took the request, and did not answer in time
     │   └─ AnswerError       its API server refuses a request or fails at it; carries the status
     ├─ LimitError         the input is larger or deeper than the limits allow
     ├─ KeyUseError        a key could not wrap or unwrap a data key
     │   ├─ KeyRefusedError      the service that holds it says no; carries the code of the answer
     │   └─ KeyUnreachableError  who holds it does not answer, or not now; asking again may help
     ├─ TamperedError      something encrypted was changed, or it was encrypted under another key
     ├─ PlanError          a plan cannot be done, or gone back on, as things stand
     └─ OutputError        a report could not be written

The library raises; ``strongroom.cli`` alone prints, adds the hint and chooses the exit code. A message is lower case,
has no full stop, names its subject and never holds a secret value or anything derived from one.
"""

from __future__ import annotations


class StrongroomError(Exception):
    """Base of the tree: a message for people, and a hint that says what to do next.

    Args:
        message: what could not be done, lower case, without a full stop, without any value.
        hint: the next step, in the same style; empty where there is none to give.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(StrongroomError):
    """The command line or the configuration asks for something that cannot be."""


class SourceError(StrongroomError):
    """A source could not be opened or read at all."""


class DocumentError(SourceError):
    """One document could not be read.

    Args:
        line: 1-based line in its file, where known.
        column: 1-based column in characters, where known.
    """

    def __init__(self, message: str, *, hint: str = "", line: int | None = None, column: int | None = None) -> None:
        super().__init__(message, hint=hint)
        self.line = line
        self.column = column


class ClusterError(StrongroomError):
    """A cluster could not be used."""


class KubeconfigError(ClusterError):
    """Nothing says where a cluster is, or who asks."""


class UnreachableError(ClusterError):
    """An API server does not answer, or it is not the one that was meant."""


class TimedOutError(UnreachableError):
    """An API server took a request and did not answer in time."""


class AnswerError(ClusterError):
    """An API server refuses a request or fails at it.

    Args:
        status: the HTTP status.
    """

    def __init__(self, message: str, *, status: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status


class LimitError(StrongroomError):
    """The input is larger or deeper than the limits allow."""


class OutputError(StrongroomError):
    """A report could not be written."""


class KeyUseError(StrongroomError):
    """A key could not wrap or unwrap a data key."""


class KeyRefusedError(KeyUseError):
    """The service that holds a key says no.

    Args:
        code: what the service calls it.
    """

    def __init__(self, message: str, *, code: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code


class KeyUnreachableError(KeyUseError):
    """Who holds a key does not answer, or not now: the same request may succeed later."""


class TamperedError(StrongroomError):
    """Something encrypted was changed, or it was encrypted under another key."""


class PlanError(StrongroomError):
    """A plan cannot be done, or gone back on, as things stand."""

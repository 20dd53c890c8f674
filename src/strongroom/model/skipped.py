"""What was read, and what was not: nothing is dropped silently."""

from __future__ import annotations

import enum

import msgspec


class Reason(enum.Enum):
    """Why something was not read, or not read wholly."""

    IGNORED = "ignored by .gitignore"
    SYMLINK = "symbolic link not followed"
    SPECIAL = "not a regular file"
    UNREADABLE = "cannot be read"
    TOO_LARGE = "larger than the limit"
    NOT_UTF8 = "not UTF-8 text"
    BINARY = "not text"
    BAD_DOCUMENT = "document cannot be parsed"
    DUPLICATE_KEY = "duplicate key: the last one counts"
    TEMPLATE = "template that was not rendered"
    NOT_RENDERED = "read as plain files"
    RENDER_FAILED = "rendering failed"
    NOT_PERMITTED = "not permitted"
    NOT_ANSWERED = "the API server failed at it"
    UNREASONED = "ignore comment without a reason: it does not count"
    SHALLOW = "shallow clone: older versions are not here"
    LIMIT = "limit reached"
    CHECK_FAILED = "check failed"


class Skipped(msgspec.Struct, frozen=True):
    """One thing that was left out.

    Attributes:
        path: the file or folder.
        line, column: 1-based position; 0 where it is the file as a whole.
        reason: why.
        detail: more, without any content of the file.
        problem: True where the user should know; False where it was asked for, such as `Reason.IGNORED`.
    """

    path: str
    line: int
    column: int
    reason: Reason
    detail: str = ""
    problem: bool = True

    def __lt__(self, other: Skipped) -> bool:
        return (self.path, self.line, self.column, self.reason.value, self.detail) < (
            other.path,
            other.line,
            other.column,
            other.reason.value,
            other.detail,
        )


class Coverage(msgspec.Struct, frozen=True):
    """What one run read.

    Attributes:
        files: files whose contents were read.
        documents: documents found in them.
        objects: Kubernetes objects among them, after Lists were opened.
        other_documents: documents that are no Kubernetes object.
        other_files: files that hold no manifests and were not opened.
        other_facts: what gave facts and is none of those: files of a host, objects in etcd, findings of other tools.
        notes: how things were read, e.g. which kustomize root was built and by which program.
    """

    files: int = 0
    documents: int = 0
    objects: int = 0
    other_documents: int = 0
    other_files: int = 0
    other_facts: int = 0
    notes: tuple[str, ...] = ()

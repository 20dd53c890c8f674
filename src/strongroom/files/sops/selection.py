"""Which leaves of a document are encrypted."""

from __future__ import annotations

from typing import NamedTuple


class Selection(NamedTuple):
    """The rule of a file; at most one of the six is set, and SOPS' default is the suffix ``_unencrypted``."""

    unencrypted_suffix: str = ""
    encrypted_suffix: str = ""
    unencrypted_regex: str = ""
    encrypted_regex: str = ""
    unencrypted_comment_regex: str = ""
    encrypted_comment_regex: str = ""
    mac_only_encrypted: bool = False

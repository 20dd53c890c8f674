"""What a kind of key-encryption key can do: wrap a data key, unwrap it, and name itself as SOPS metadata does.

The vocabulary is that of SOPS (https://getsops.io/docs/): a *master key* (a recipient, an ARN, a transit key) wraps the
*data key* of a file; the wrapped copy stands in the file's ``sops`` metadata under the name of its kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from strongroom.model.plaintext import Plaintext


class MasterKey(NamedTuple):
    """Who can open a file; public facts alone.

    Attributes:
        kind: the name of the kind in SOPS metadata: ``age``, ``pgp``, ``kms``, ``gcp_kms``, ``azure_kv``, ``hc_vault``.
        name: what people call it: an age recipient, a PGP fingerprint, an ARN, a resource id, a URL.
        options: further parts in order (``role``, ``context``, ``aws_profile`` ...); names and texts.
    """

    kind: str
    name: str
    options: tuple[tuple[str, str], ...] = ()


class Wrapped(NamedTuple):
    """A data key (or, with key groups, a share of it) as wrapped for one master key.

    Attributes:
        key: for whom.
        enc: the wrapped bytes as the metadata has them: armoured age or PGP text, base64, ``vault:v1:…``.
        created_at: RFC 3339 time in UTC; empty for age, whose entries have none.
    """

    key: MasterKey
    enc: str
    created_at: str = ""


class Context(NamedTuple):
    """Where keys are looked for, so that nothing below reads the process by itself.

    Attributes:
        environment: the environment variables.
        ask: asks a person for a passphrase (argument: what for); raises UsageError where nobody is there.
        now: the present time, RFC 3339 in UTC, for ``created_at``.
    """

    environment: Mapping[str, str]
    ask: Callable[[str], Plaintext]
    now: Callable[[], str]


class KeyKind(NamedTuple):
    """One kind of key; each module of this room declares one as ``KIND``.

    Attributes:
        id: as in `MasterKey.kind`.
        title: for people: ``age``, ``AWS KMS``.
        parse: master keys from the text of a rule or an option (``age: r1,r2``), in order. Raises UsageError.
        from_rule: master keys from an entry of ``key_groups`` in ``.sops.yaml``. Raises UsageError.
        from_entry: one wrapped key from an entry of the metadata. Raises DocumentError.
        to_entry: the entry of the metadata for a wrapped key, its parts in SOPS' order.
        wrap: wraps a data key for master keys of this kind; may take several at once. Raises KeyUseError.
        unwrap: the data key, or KeyUseError, whose text names the key and what to do, never a value.
        local: tells whether unwrapping needs no network (tried first).
    """

    id: str
    title: str
    parse: Callable[[str], tuple[MasterKey, ...]]
    from_rule: Callable[[Any], tuple[MasterKey, ...]]
    from_entry: Callable[[Mapping[str, Any]], Wrapped]
    to_entry: Callable[[Wrapped], dict[str, Any]]
    wrap: Callable[[Plaintext, MasterKey, Context], Wrapped]
    unwrap: Callable[[Wrapped, Context], Plaintext]
    local: bool = False

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
        quiet: nobody is asked and no program is started: tried first, so that a key which just lies there is enough.
        tell: shows a person what a key's own program has to say (``touch your key``).
        kept: what was found once and serves again (identities, access tokens), for as long as the context; None keeps
            nothing.
    """

    environment: Mapping[str, str]
    ask: Callable[[str], Plaintext]
    now: Callable[[], str]
    quiet: bool = False
    tell: Callable[[str], None] | None = None
    kept: dict[str, Any] | None = None

    def __repr__(self) -> str:
        return "Context(hidden)"  # an environment often holds keys and tokens


class KeyKind(NamedTuple):
    """One kind of key; each module of this room declares one as ``KIND``.

    Attributes:
        id: as in `MasterKey.kind`.
        title: for people: ``age``, ``AWS KMS``.
        rule_field: its name in a creation rule of ``.sops.yaml``: ``age``, ``hc_vault_transit_uri``.
        group_field: its name in an entry of ``key_groups`` there: ``age``, ``hc_vault``.
        parse: master keys from the text of a rule or an option (``age: r1,r2``), in order. Raises UsageError.
        from_rule: master keys from an entry of ``key_groups`` in ``.sops.yaml``. Raises UsageError.
        from_entry: one wrapped key from an entry of the metadata. Raises DocumentError.
        to_entry: the entry of the metadata for a wrapped key, its parts in SOPS' order.
        wrap: wraps a data key for a master key of this kind. Raises KeyUseError.
        unwrap: the data key, or KeyUseError, whose text names the key and what to do, never a value.
        local: tells whether unwrapping needs no network (tried first).
        is_ours: tells whether a key that lies ready is this one, so that it is tried before others; None where that
            cannot be known without trying.
    """

    id: str
    title: str
    rule_field: str
    group_field: str
    parse: Callable[[str], tuple[MasterKey, ...]]
    from_rule: Callable[[Any], tuple[MasterKey, ...]]
    from_entry: Callable[[Mapping[str, Any]], Wrapped]
    to_entry: Callable[[Wrapped], dict[str, Any]]
    wrap: Callable[[Plaintext, MasterKey, Context], Wrapped]
    unwrap: Callable[[Wrapped, Context], Plaintext]
    local: bool = False
    is_ours: Callable[[MasterKey, Context], bool] | None = None

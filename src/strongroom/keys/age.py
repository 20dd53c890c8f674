"""age: recipients wrap a data key, identities unwrap it (https://age-encryption.org/v1, https://c2sp.org/age).

Recipients are X25519 (``age1…``), SSH keys (``ssh-ed25519``, ``ssh-rsa``), tagged recipients (``age1tag1…`` and the
post-quantum ``age1tagpq1…``) and those of plugins (``age1NAME1…``). Where identities are looked for: `age_identities`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from strongroom.errors import KeyUseError, UsageError
from strongroom.keys.entries import listed, rule_text, text_of
from strongroom.keys.key import Context, KeyKind, MasterKey, Wrapped
from strongroom.model.plaintext import Plaintext

_TITLE = "age"

_NAME = re.compile(r"[\w+/=@.: -]{1,8192}", re.ASCII)  # age1…, or an SSH public key with its comment


def parse(text: str) -> tuple[MasterKey, ...]:
    """Return the recipients of a list that commas separate.

    Raises:
        UsageError: one of them is no recipient.
    """
    keys = tuple(MasterKey("age", recipient) for recipient in listed(text))
    for key in keys:
        _check(key.name)
    return keys


def from_rule(entry: Any) -> tuple[MasterKey, ...]:
    """Return the recipients of an entry of ``key_groups``, which may itself be a list.

    Raises:
        UsageError: one of them is no recipient.
    """
    return parse(rule_text(entry, "age"))


def _check(recipient: str) -> None:
    """Refuse what cannot be a recipient; a plugin's is known to the plugin alone."""
    if is_plugins(recipient):
        return
    try:
        _native(recipient)
    except KeyUseError as error:
        raise UsageError(error.message, hint=error.hint) from None


def from_entry(entry: Mapping[str, Any]) -> Wrapped:
    """Return a wrapped key of the metadata.

    Raises:
        DocumentError: a part is missing.
    """
    return Wrapped(MasterKey("age", text_of(entry, "recipient", _TITLE)), text_of(entry, "enc", _TITLE))


def to_entry(wrapped: Wrapped) -> dict[str, Any]:
    """Return the entry of the metadata."""
    return {"recipient": wrapped.key.name, "enc": wrapped.enc}


def is_plugins(recipient: str) -> bool:
    """Tell whether a plugin must wrap for a recipient: ``age1NAME1…`` of a name that is not built in."""
    return recipient.startswith("age1") and recipient.count("1") > 1 and not recipient.startswith(_TAGGED)


_TAGGED = ("age1tag1", "age1tagpq1")


def _native(recipient: str) -> Any:
    """Return a recipient as the age library has it.

    Raises:
        KeyUseError: it is none.
    """
    import pyrage

    if recipient.startswith("age1tagpq1"):
        kind, hint = pyrage.tagpq.Recipient, "a tagged recipient is age1tagpq1 and the rest of its public key"
    elif recipient.startswith("age1tag1"):
        kind, hint = pyrage.tag.Recipient, "a tagged recipient is age1tag1 and the rest of its public key"
    elif recipient.startswith("age1"):
        kind, hint = pyrage.x25519.Recipient, "age-keygen -y prints the recipient of an identity"
    elif recipient.startswith("ssh-"):
        kind, hint = pyrage.ssh.Recipient, "ssh-ed25519 keys, and ssh-rsa keys of at least 2048 bits, are recipients"
    else:
        # It may be an identity that somebody put in the wrong place: it is not repeated.
        raise KeyUseError(
            "a text given as age recipient is none",
            hint="recipients begin with age1, ssh-ed25519 or ssh-rsa; identities (AGE-SECRET-KEY-1) do not belong here",
        )
    try:
        return kind.from_str(recipient)
    except pyrage.RecipientError:
        raise KeyUseError(f"{recipient} is no age recipient", hint=hint) from None


def wrap(data_key: Plaintext, key: MasterKey, context: Context) -> Wrapped:
    """Wrap a data key for a recipient, armoured (https://age-encryption.org/v1, section ASCII armor).

    Raises:
        KeyUseError: the recipient is none, or its plugin fails.
    """
    import pyrage

    if is_plugins(key.name):
        from strongroom.keys import age_plugins

        armoured = age_plugins.wrap(data_key, key.name, context)
    else:
        try:
            armoured = pyrage.encrypt(data_key.reveal(), [_native(key.name)], armored=True)
        except pyrage.EncryptError:
            raise KeyUseError(f"age could not wrap for {key.name}") from None
    return Wrapped(key, armoured.decode("ascii"))


def unwrap(wrapped: Wrapped, context: Context) -> Plaintext:
    """Unwrap a data key with any identity that can be found.

    Raises:
        KeyUseError: none opens it; the text says where identities were looked for.
    """
    from strongroom.keys import age_identities

    identities = age_identities.find(context)
    # The name comes from the file, and a command may put it into a shell.
    name = wrapped.key.name if _NAME.fullmatch(wrapped.key.name) else ""
    told = context._replace(environment={**context.environment, age_identities.RECIPIENT: name})
    opened, faults = identities.open(wrapped.enc.strip().encode("utf-8", "replace"), told)
    if opened is not None:
        return opened
    failed = len(faults) - len(identities.faults)  # to give an identity at all: a command, a passphrase
    tried = len(identities.ready) + len(identities.asked) - failed
    message = f"none of the {tried} identities found opens it" if tried > 1 else "the identity found does not open it"
    if not tried:
        message = "no age identity was found"
    hint = "age identities are looked for in " + ", ".join(identities.places)
    raise age_identities.joined(faults, message=message, hint=hint)


def is_ours(key: MasterKey, context: Context) -> bool:
    """Tell whether a recipient belongs to an X25519 identity that lies ready."""
    from strongroom.keys import age_identities

    return key.name in age_identities.find(context).recipients


def generate() -> tuple[Plaintext, str]:
    """Make an X25519 key: its identity (``AGE-SECRET-KEY-1…``) and its recipient."""
    import pyrage

    identity = pyrage.x25519.Identity.generate()
    return Plaintext(str(identity)), str(identity.to_public())


def identity_file(identity: Plaintext, recipient: str, now: str, passphrase: Plaintext | None = None) -> Plaintext:
    """Return a key file as ``age-keygen`` writes it; with a passphrase it is armoured age itself (``age -p -a``).

    Args:
        identity: as `generate` gives it.
        recipient: its recipient.
        now: RFC 3339.
        passphrase: what protects the file; nothing where None.
    """
    head = f"# created: {now}\n# public key: {recipient}\n"
    text = head.encode() + identity.reveal() + b"\n"
    if passphrase is None:
        return Plaintext(text)
    import pyrage

    return Plaintext(pyrage.passphrase.encrypt(text, _passphrase_text(passphrase), armored=True))


def _passphrase_text(passphrase: Plaintext) -> str:
    text = passphrase.reveal_text()
    if text is None:
        raise UsageError("a passphrase for age is text in UTF-8")
    return text


KIND = KeyKind(
    id="age",
    title=_TITLE,
    rule_field="age",
    group_field="age",
    parse=parse,
    from_rule=from_rule,
    from_entry=from_entry,
    to_entry=to_entry,
    wrap=wrap,
    unwrap=unwrap,
    local=True,
    is_ours=is_ours,
)

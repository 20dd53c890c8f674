"""age plugins: programs ``age-plugin-NAME`` on the path (https://c2sp.org/age-plugin).

The library speaks the protocol; what a plugin wants to ask or to say goes through the context. A callback must not
raise: the library is not prepared for it, so that a refusal is remembered and raised afterwards.
"""

from __future__ import annotations

from typing import Any

from strongroom.errors import KeyUseError, StrongroomError
from strongroom.keys.age_library import is_no_match
from strongroom.keys.key import Context
from strongroom.model.plaintext import Plaintext


class _Callbacks:
    """What a plugin may ask of a person."""

    def __init__(self, name: str, context: Context) -> None:
        self.name = name
        self.context = context
        self.refusal: StrongroomError | None = None

    def display_message(self, message: str) -> None:
        """Show what a plugin has to say."""
        if self.context.tell is not None:
            self.context.tell(f"age-plugin-{self.name}: {message}")

    def confirm(self, message: str, yes_string: str, no_string: str | None) -> bool | None:
        """Ask a person to choose; None where nobody is there to do so."""
        choice = f"1 for {yes_string}" + (f", 2 for {no_string}" if no_string else "")
        answer = self.request_passphrase(f"{message} ({choice})")
        return None if answer is None else answer.strip() == "1"

    def request_public_string(self, description: str) -> str | None:
        """Ask a person for something that is no secret."""
        return self.request_passphrase(description)

    def request_passphrase(self, description: str) -> str | None:
        """Ask a person for a PIN or a passphrase."""
        try:
            return self.context.ask(f"age-plugin-{self.name} ('{description}')").reveal_text()
        except StrongroomError as error:
            self.refusal = error
        except KeyboardInterrupt:
            self.refusal = KeyUseError(f"age-plugin-{self.name} was interrupted")
        return None


def wrap(data_key: Plaintext, recipient: str, context: Context) -> bytes:
    """Wrap a data key with the plugin of a recipient; armoured.

    Raises:
        KeyUseError: the plugin is not installed, or refuses.
    """
    import pyrage

    try:
        parsed = pyrage.plugin.Recipient.from_str(recipient)
    except pyrage.RecipientError:
        raise KeyUseError(f"{recipient} is no age recipient") from None
    callbacks = _Callbacks(parsed.plugin(), context)
    try:
        plugin = pyrage.plugin.RecipientPluginV1(parsed.plugin(), [parsed], [], callbacks)
        return bytes(pyrage.encrypt(data_key.reveal(), [plugin], armored=True))
    except pyrage.EncryptError as error:
        raise _failure(parsed.plugin(), callbacks, error) from None


def unwrap(enc: bytes, identity: Any, context: Context) -> Plaintext | None:
    """Have the plugin of an identity open a wrapped key; None where it is not for it.

    Args:
        enc: armoured.
        identity: as the age library has it.
        context: who answers what the plugin asks.

    Raises:
        KeyUseError: the plugin is not installed, or refuses.
    """
    import pyrage

    callbacks = _Callbacks(identity.plugin(), context)
    try:
        plugin = pyrage.plugin.IdentityPluginV1(identity.plugin(), [identity], callbacks)
        return Plaintext(pyrage.decrypt(enc, [plugin]))
    except pyrage.DecryptError as error:
        if is_no_match(error) and callbacks.refusal is None:
            return None
        raise _failure(identity.plugin(), callbacks, error) from None


def _failure(name: str, callbacks: _Callbacks, error: Exception) -> KeyUseError:
    """Return an error; what the plugin itself said goes to the person only, for it may repeat what it was told."""
    program = f"age-plugin-{name}"
    if callbacks.refusal is not None:
        return KeyUseError(callbacks.refusal.message, hint=callbacks.refusal.hint)
    callbacks.display_message(str(error))
    return KeyUseError(
        f"{program} could not be used, or refused", hint=f"it must be installed and on the path: {program}"
    )

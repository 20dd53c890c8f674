"""AES keys in a hardware security module, by PKCS #11 (https://docs.oasis-open.org/pkcs11/pkcs11-spec/v3.1/).

``pkcs11:token=TOKEN;object=LABEL?module-path=/PATH.so&pin-source=file:/PATH`` (RFC 7512). Every AES key of the label is
a version; of those that may encrypt (CKA_ENCRYPT), the one with the greatest CKA_ID does. CKM_AES_GCM with a random
nonce, the purpose and the id of the version as additional data.

The id of a version holds what the key makes of a constant block, hashed: a key that was made anew under the same label
and CKA_ID has another. CKA_CHECK_VALUE does not serve for it: it shows a part of the hash key of GCM.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

from strongroom.errors import KeyUnreachableError, KeyUseError, TamperedError
from strongroom.keys.kek import Version, bound_to, pkcs11_uri, small
from strongroom.keys.kek.pkcs11_device import device, named, package, pin_of
from strongroom.model.plaintext import Plaintext

SCHEME = pkcs11_uri.SCHEME

T = TypeVar("T")

_NONCE_BYTES = 12
_TAG_BYTES = 16
_ID_DIGITS = 16
_CLOSE_SECONDS = 1.0
_CONSTANT = hashlib.sha256(b"strongroom id of a key-encryption key").digest()[:16]
_LOST = (
    "DeviceError",
    "DeviceRemoved",
    "GeneralError",
    "FunctionFailed",
    "KeyHandleInvalid",
    "ObjectHandleInvalid",
    "OperationActive",
    "SessionClosed",
    "SessionHandleInvalid",
    "TokenNotPresent",
    "UserNotLoggedIn",
    "PKCS11Error",
)
"""Errors after which a new session may help: the token was away, or somebody else ended the login."""

_VAGUE = ("GeneralError", "FunctionFailed", "DeviceError")
"""Errors that say neither that the ciphertext was changed nor that it was not."""

_CHANGED = ("EncryptedDataInvalid", "EncryptedDataLenRange", "SignatureInvalid", "DataInvalid", "DataLenRange")


def parse(uri: str, environment: Mapping[str, str]) -> Pkcs11:
    """Return the key of a PKCS#11 URI.

    Raises:
        UsageError: it is none.
    """
    return Pkcs11(uri.partition("?")[0], pkcs11_uri.parse(uri), dict(environment))


class _Session(NamedTuple):
    """A session with a token, and the handles of the versions in it.

    Attributes:
        round: of the library when it was opened.
        session: with the token.
        keys: handle by id of version.
        newest: the one that encrypts; None where none may.
        loose: whether a key of them can be taken out of the token.
    """

    round: int
    session: Any
    keys: Mapping[str, Any]
    newest: Version | None
    loose: bool


class Pkcs11:
    """The versions of a key in a token.

    Args:
        name: the URI without its query.
        uri: what it says.
        environment: where a PIN may be.
    """

    def __init__(self, name: str, uri: pkcs11_uri.Uri, environment: dict[str, str]) -> None:
        self.name = name
        self.remote = True
        self.warning = ""
        self._uri = uri
        self._environment = environment
        self._prefix = f"{SCHEME}:{uri.key_name}:" + ("" if uri.id is None else f"{uri.id.hex()}:")
        self._device = device(uri.module)
        self._session: _Session | None = None
        self._wrong_pin: Plaintext | None = None

    def __repr__(self) -> str:
        return f"Pkcs11({self.name})"

    def owns(self, version_id: str) -> bool:
        """Tell whether an id has the key's label."""
        return version_id.startswith(self._prefix)

    def current(self, deadline: float, /) -> Version:
        """Look for the newest version that may encrypt.

        Raises:
            KeyUnreachableError: the token is not there, or does not answer in time.
            KeyUseError: there is no such key, none may encrypt, or the PIN is wrong.
        """
        return self._device.run(lambda: self._twice(self._newest), deadline)

    def encrypt(self, plain: Plaintext, deadline: float, /) -> tuple[bytes, Version]:
        """Encrypt with the version that `current` last told.

        Raises:
            KeyUnreachableError: the token is not there, or does not answer in time.
            KeyUseError: it refuses, or `plain` is too long.
        """
        value = small(plain)
        return self._device.run(lambda: self._twice(lambda: self._encrypted(value)), deadline)

    def decrypt(self, ciphertext: bytes, version_id: str, deadline: float, /) -> Plaintext:
        """Decrypt with the version that an id names.

        Raises:
            TamperedError: the ciphertext was changed, or is not of this version.
            KeyUnreachableError: the token is not there, or does not answer in time.
            KeyUseError: the version is not in the token.
        """
        if not self.owns(version_id):
            raise KeyUseError(f"the version of the key is none of {self.name}")
        if len(ciphertext) <= _NONCE_BYTES + _TAG_BYTES:
            raise self._tampered()
        return self._device.run(lambda: self._decrypted(ciphertext, version_id), deadline)

    def close(self) -> None:
        """End the session, where the token answers at once; the login of the process stays for its other keys."""
        with suppress(KeyUnreachableError):
            self._device.run(self._drop, time.monotonic() + _CLOSE_SECONDS)

    def _tampered(self) -> TamperedError:
        return TamperedError(f"what {self.name} shall decrypt was changed, or not encrypted with it")

    def _twice(self, act: Callable[[], T]) -> T:
        """Do something with the token; once more with a new session where the first is lost, or the library is."""
        pkcs11 = package()
        for attempt in range(3):
            try:
                return act()
            except pkcs11.PKCS11Error as error:
                self._drop()
                if named(error) not in _LOST:
                    raise self._refusal(error) from None
                self._device.forget_logins()
                if attempt == 2:
                    raise KeyUnreachableError(f"{self.name} does not work now: {named(error)}") from None
            except KeyUnreachableError:
                self._drop()
                if attempt == 2:
                    raise
            if attempt == 1:
                self._device.begin_again()
        raise AssertionError  # the last attempt returns or raises

    def _open(self) -> _Session:
        """Return the session, opened where there is none."""
        self._device.library()  # in a fork, this begins a new round
        found = self._session
        if found is None or found.round != self._device.round:
            found = self._session = self._looked(self._logged_in())
        return found

    def _drop(self) -> None:
        found, self._session = self._session, None
        if found is not None and found.round == self._device.round:
            with suppress(package().PKCS11Error):  # it may have ended by itself
                found.session.close()

    def _logged_in(self) -> Any:
        tried: list[Plaintext] = []

        def pin() -> Plaintext:
            tried.append(pin_of(self._uri.pin_source, self._environment))
            if self._wrong_pin == tried[0]:
                # A token locks itself after some wrong PINs: one that was refused is not tried a second time.
                raise KeyUseError(f"{self.name} refused the PIN", hint=f"correct {self._uri.pin_source}")
            return tried[0]

        try:
            return self._device.session(dict(self._uri.token), pin)
        except (package().PinIncorrect, package().PinInvalid, package().PinLenRange):
            self._wrong_pin = tried[0]
            raise KeyUseError(f"{self.name} refuses the PIN", hint=f"correct {self._uri.pin_source}") from None

    def _looked(self, session: Any) -> _Session:
        pkcs11 = package()
        wanted = {
            pkcs11.Attribute.CLASS: pkcs11.ObjectClass.SECRET_KEY,
            pkcs11.Attribute.KEY_TYPE: pkcs11.KeyType.AES,
        }
        if self._uri.label:
            wanted[pkcs11.Attribute.LABEL] = self._uri.label
        if self._uri.id is not None:
            wanted[pkcs11.Attribute.ID] = self._uri.id
        found = sorted(((bytes(key.id), key) for key in session.get_objects(wanted)), key=lambda one: _order(one[0]))
        if not found:
            raise KeyUseError(f"the token has no AES key of {self.name}", hint="pkcs11-tool --keygen --key-type AES:32")
        ids = [identity for identity, _ in found]
        if len(set(ids)) != len(ids):
            raise KeyUseError(f"two keys of {self.name} have one CKA_ID", hint="each version has its own: 01, 02 …")
        of_versions = ((f"{SCHEME}:{self._uri.key_name}:{identity.hex()}:", key) for identity, key in found)
        keys = {begin + _check(key): key for begin, key in of_versions if key[pkcs11.Attribute.DECRYPT]}
        able = [version for version, key in keys.items() if key[pkcs11.Attribute.ENCRYPT]]
        loose = any(_loose(key) for key in keys.values())
        return _Session(self._device.round, session, keys, Version(able[-1]) if able else None, loose)

    def _look_again(self, found: _Session) -> _Session:
        """Return what is in the token now."""
        if known := next(iter(found.keys.values()), None):
            # A search in a session that was lost would leave python-pkcs11 complaining on standard error.
            _check(known)
        self._session = self._looked(found.session)
        return self._session

    def _newest(self) -> Version:
        found = self._look_again(self._open())
        self.warning = "a key can be taken out of the token: CKA_EXTRACTABLE" if found.loose else ""
        if found.newest is None:
            raise KeyUseError(f"no key of {self.name} may encrypt", hint="CKA_ENCRYPT is false")
        return found.newest

    def _encrypted(self, value: bytes) -> tuple[bytes, Version]:
        found = self._open()
        version = found.newest
        if version is None:
            raise KeyUseError(f"no key of {self.name} may encrypt", hint="CKA_ENCRYPT is false")
        nonce = secrets.token_bytes(_NONCE_BYTES)
        pkcs11 = package()
        answer = found.keys[version.id].encrypt(
            value, mechanism=pkcs11.Mechanism.AES_GCM, mechanism_param=pkcs11.GCMParams(nonce, bound_to(version.id))
        )
        if len(answer) != len(value) + _TAG_BYTES:
            raise KeyUseError(f"{self.name} gave a ciphertext of another length")
        return nonce + answer, version

    def _decrypted(self, ciphertext: bytes, version_id: str) -> Plaintext:
        pkcs11 = package()
        nonce, rest = ciphertext[:_NONCE_BYTES], ciphertext[_NONCE_BYTES:]
        param = pkcs11.GCMParams(nonce, bound_to(version_id))

        def once() -> Plaintext:
            key = self._key(version_id)
            return Plaintext(bytes(key.decrypt(rest, mechanism=pkcs11.Mechanism.AES_GCM, mechanism_param=param)))

        def act() -> Plaintext:
            try:
                return once()
            except pkcs11.PKCS11Error as error:
                if named(error) not in _VAGUE:
                    raise
            # Libraries report a changed ciphertext like a device that fails. A new session finds the key and checks
            # that it works; where it does, and this still fails, the ciphertext is what is wrong.
            self._drop()
            try:
                return once()
            except pkcs11.PKCS11Error as error:
                if named(error) in _VAGUE:
                    raise self._tampered() from None
                raise

        return self._twice(act)

    def _key(self, version_id: str) -> Any:
        found = self._open()
        if version_id not in found.keys:
            found = self._look_again(found)
        if version_id not in found.keys:
            raise KeyUseError(f"the token no longer has the version of {self.name} that this was encrypted with")
        return found.keys[version_id]

    def _refusal(self, error: Exception) -> KeyUseError | TamperedError:
        name = named(error)
        if name in _CHANGED:
            return self._tampered()
        if name == "PinLocked":
            return KeyUseError(f"the PIN of {self.name} is locked", hint="the security officer of the token unlocks it")
        if name.startswith("Mechanism"):
            return KeyUseError(f"{self.name} cannot do AES-GCM", hint="CKM_AES_GCM and CKM_AES_ECB are needed")
        return KeyUseError(f"{self.name} cannot be used: {name}")


def _order(identity: bytes) -> tuple[int, bytes]:
    """Order ids as numbers."""
    bare = identity.lstrip(b"\0")
    return len(bare), bare


def _check(key: Any) -> str:
    # Decrypted, since an old version may no longer encrypt.
    block = key.decrypt(_CONSTANT, mechanism=package().Mechanism.AES_ECB)
    return hashlib.sha256(block).hexdigest()[:_ID_DIGITS]


def _loose(key: Any) -> bool:
    attribute = package().Attribute
    return bool(key[attribute.EXTRACTABLE]) or not key[attribute.SENSITIVE]

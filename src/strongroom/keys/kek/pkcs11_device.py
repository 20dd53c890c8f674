"""A PKCS#11 library, once for the process, and sessions with its tokens.

The library is told of no threads (``C_Initialize`` without arguments: PKCS #11 v3.1, section 5.4), and so only one
thread of ours calls it, one call after the other. A fork has to initialise it anew.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from strongroom.errors import KeyUnreachableError, KeyUseError
from strongroom.keys.kek.workers import Workers
from strongroom.model.plaintext import Plaintext

T = TypeVar("T")

_LARGEST_PIN = 4096


class Device:
    """A library of the process; all that calls it runs in its one thread.

    Args:
        module: path of the library.
    """

    def __init__(self, module: str) -> None:
        self.module = module
        self.round = 0
        self._workers = Workers(f"the PKCS#11 library {module}", most=1)
        self._process = 0
        self._logins: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"Device({self.module})"

    def run(self, act: Callable[[], T], deadline: float) -> T:
        """Have the thread of the library do something.

        Raises:
            KeyUnreachableError: it did not end in time.
        """
        return self._workers.run(act, deadline)

    def library(self) -> Any:
        """Return the library, initialised in this process; call it in the thread of the library.

        Raises:
            KeyUseError: it cannot be loaded.
        """
        pkcs11 = package()
        if not Path(self.module).is_file():
            raise KeyUseError(f"the PKCS#11 library {self.module} does not exist")
        try:
            library = pkcs11.lib(self.module)
            if self._process != os.getpid():
                if self._process:
                    self._again(library)
                self._process = os.getpid()
        except pkcs11.PKCS11Error as error:
            raise KeyUseError(f"the PKCS#11 library {self.module} cannot be used: {named(error)}") from None
        return library

    def session(self, attributes: dict[str, str], pin: Callable[[], Plaintext]) -> Any:
        """Return a session with a token, logged in; call it in the thread of the library.

        A login counts for every session of the process with the token, and ends when the session that made it is
        closed: that one is kept, so that all others can be opened and closed as they come.

        Raises:
            KeyUnreachableError: the token is not there.
            KeyUseError: there are several, or the PIN cannot be read.
            pkcs11.PKCS11Error: of the login.
        """
        token = token_with(self.library(), attributes)
        name = f"{token.label}\0{token.serial!r}"
        if name not in self._logins:
            with suppress(package().UserAlreadyLoggedIn):
                self._logins[name] = token.open(user_pin=pin().reveal().decode("utf-8"))
        return token.open()

    def forget_logins(self) -> None:
        """Log in anew for the next session: somebody ended a login."""
        self._logins.clear()

    def begin_again(self) -> None:
        """Initialise the library anew: every session ends, and tokens that came since are seen."""
        pkcs11 = package()
        with suppress(pkcs11.PKCS11Error):
            self._again(pkcs11.lib(self.module))

    def _again(self, library: Any) -> None:
        # Handles of before may be given to somebody else from now on.
        self.round += 1
        self._logins.clear()
        with suppress(package().PKCS11Error):  # in a fork there is nothing that could end
            library.finalize()
        library.initialize()


@cache  # a library holds the state of the process: there cannot be two of one
def device(module: str) -> Device:
    """Return the library of a path."""
    return Device(module)


def package() -> Any:
    """Return the package that speaks PKCS#11.

    Raises:
        KeyUseError: it is not installed.
    """
    try:
        import pkcs11
    except ImportError:
        raise KeyUseError("PKCS#11 needs python-pkcs11", hint="install strongroom with the extra pkcs11") from None
    return pkcs11


def named(error: Exception) -> str:
    """Return an error of the library for people; its text may repeat what it was given."""
    return type(error).__name__


def token_with(library: Any, attributes: dict[str, str]) -> Any:
    """Return the one token that has given attributes.

    Raises:
        KeyUnreachableError: no token has them now.
        KeyUseError: several have them.
    """
    tokens = [token for token in library.get_tokens() if _has(token, attributes)]
    name = ", ".join(f"{key} {value}" for key, value in attributes.items())
    if not tokens:
        raise KeyUnreachableError(f"there is no PKCS#11 token with {name}")
    if len(tokens) > 1:
        raise KeyUseError(f"there are {len(tokens)} PKCS#11 tokens with {name}", hint="add their serial to the URI")
    return tokens[0]


def _has(token: Any, attributes: dict[str, str]) -> bool:
    found = {
        "token": token.label,
        "manufacturer": token.manufacturer_id,
        "model": token.model,
        "serial": token.serial.decode("utf-8", "replace") if isinstance(token.serial, bytes) else token.serial,
    }
    return all(str(found[name]).rstrip() == value for name, value in attributes.items())


def pin_of(source: str, environment: dict[str, str]) -> Plaintext:
    """Return the PIN from where it stands: ``file:PATH``, ``PATH`` or ``env:NAME``.

    Raises:
        KeyUseError: it is not there, or everybody may read it.
    """
    if source.startswith("env:"):
        value = environment.get(source.removeprefix("env:"), "")
        if not value:
            raise KeyUseError(f"the environment has no {source.removeprefix('env:')}", hint="it holds the PIN")
        return Plaintext(value)
    path = Path(source.removeprefix("file:").removeprefix("//"))
    try:
        with path.open("rb") as stream:
            if os.fstat(stream.fileno()).st_mode & 0o007:
                raise KeyUseError(f"{path} may be read or changed by everybody", hint=f"chmod 600 {path}")
            pin = stream.read(_LARGEST_PIN).rstrip(b"\r\n")
            pin.decode("utf-8")
    except OSError as error:
        raise KeyUseError(f"{path} cannot be read", hint=(error.strerror or "").lower()) from None
    except UnicodeDecodeError:
        raise KeyUseError(f"{path} holds no PIN: no UTF-8") from None
    if not pin:
        raise KeyUseError(f"{path} is empty", hint="it holds the PIN")
    return Plaintext(pin)

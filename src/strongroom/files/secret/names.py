"""What may be a name, a key, a label: as the API server checks them."""

from __future__ import annotations

import re

from strongroom.errors import UsageError

_LONGEST_NAME, _LONGEST_KEY, _LONGEST_LABEL, _LONGEST_NAMESPACE = 253, 253, 63, 63
_LABEL_PART = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_NAME = re.compile(rf"{_LABEL_PART}(\.{_LABEL_PART})*")
_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_ENVIRONMENT = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
_LABEL = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")


def check_name(name: str, pattern: str) -> None:
    """Refuse a name that is no DNS subdomain (RFC 1123), or not as the project's convention wants it.

    Args:
        name: of the Secret.
        pattern: ``name-pattern`` of ``strongroom.toml``.

    Raises:
        UsageError: it is not.
    """
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        raise UsageError(
            f"{name} is no name for a Secret", hint="lower-case letters, digits, - and ., as a DNS name (RFC 1123)"
        )
    if not re.fullmatch(pattern, name):
        raise UsageError(f"the name {name} is not as name-pattern wants it", hint=f"it matches {pattern}")


def check_namespace(name: str) -> None:
    """Refuse what is no DNS label.

    Raises:
        UsageError: it is none.
    """
    if len(name) > _LONGEST_NAMESPACE or not re.fullmatch(_LABEL_PART, name):
        raise UsageError(f"{name} is no name for a namespace", hint="lower-case letters, digits and -")


def check_key(key: str) -> None:
    """Refuse what the API server takes for no key (``IsConfigMapKey`` of k8s.io/apimachinery).

    Raises:
        UsageError: it is none.
    """
    if not is_key(key):
        raise UsageError(f"{key[:_LONGEST_NAME]} is no key for a Secret", hint="letters, digits, -, _ and .")


def is_key(key: str) -> bool:
    """Tell whether a Secret may have a key."""
    return len(key) <= _LONGEST_KEY and bool(_KEY.fullmatch(key)) and key != "." and not key.startswith("..")


def is_environment_name(key: str) -> bool:
    """Tell whether a key may stand in an env file (``IsEnvVarName`` of k8s.io/apimachinery)."""
    return bool(_ENVIRONMENT.fullmatch(key)) and key != "." and not key.startswith("..")


def check_label_key(key: str) -> None:
    """Refuse what is no key of a label (``IsQualifiedName`` of k8s.io/apimachinery).

    Raises:
        UsageError: it is none.
    """
    prefix, slash, name = key.rpartition("/")
    usable = not slash or (len(prefix) <= _LONGEST_NAME and bool(_NAME.fullmatch(prefix)))
    if not (usable and name and len(name) <= _LONGEST_LABEL and _LABEL.fullmatch(name)):
        raise UsageError(
            f"{key[:_LONGEST_NAME]} is no key of a label",
            hint="up to 63 letters, digits, -, _ and .; before it DNS-NAME/",
        )


def check_label(value: str, what: str) -> None:
    """Refuse what is no value of a label.

    Raises:
        UsageError: it is none.
    """
    if len(value) > _LONGEST_LABEL or not _LABEL.fullmatch(value):
        raise UsageError(f"{what} is no value of a label", hint="up to 63 letters, digits, -, _ and .")

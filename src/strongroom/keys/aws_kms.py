"""AWS KMS (https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html), through ``boto3`` (extra ``aws``).

Credentials, profiles, proxies and endpoints are those of the AWS command line. The region is the ARN's.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from typing import Any

from strongroom.errors import DocumentError, KeyRefusedError, KeyUnreachableError, KeyUseError, UsageError
from strongroom.keys.aws_session import USUAL, Patience
from strongroom.keys.entries import listed, optional_text, text_of
from strongroom.keys.key import Context, KeyKind, MasterKey, Wrapped
from strongroom.model.plaintext import Plaintext

_TITLE = "AWS KMS"
_ARN = re.compile(r"arn:aws[\w-]*:kms:([a-z0-9-]+):[0-9]+:(?:key|alias)/[^\s|+]+")
_ROLE_MARK = re.compile(r"\+(?=arn:aws[\w-]*:iam::)")
_CONTEXT = "context."


def parse(text: str) -> tuple[MasterKey, ...]:
    """Return the keys of ARNs that commas separate, each perhaps with a role: ``ARN+ROLE_ARN``.

    Raises:
        UsageError: one of them is no ARN of a KMS key.
    """
    return tuple(_from_arn(part) for part in listed(text))


def _from_arn(text: str) -> MasterKey:
    arn, *role = _ROLE_MARK.split("".join(text.split()), maxsplit=1)
    return _master_key(arn, role[0] if role else "", {}, "")


def from_rule(entry: Any) -> tuple[MasterKey, ...]:
    """Return the key of an entry of ``key_groups``: ``arn``, ``role``, ``context``, ``aws_profile``.

    Raises:
        UsageError: it is of another shape.
    """
    if not isinstance(entry, Mapping):
        raise UsageError("an entry under kms of key_groups is no mapping", hint="such as: - arn: arn:aws:kms:…")
    try:
        return (_of_mapping(entry),)
    except DocumentError as error:
        raise UsageError(error.message.replace("the sops metadata", "key_groups"), hint=error.hint) from None


def _of_mapping(entry: Mapping[str, Any]) -> MasterKey:
    arn, role = text_of(entry, "arn", _TITLE), optional_text(entry, "role", _TITLE)
    return _master_key(arn, role, _context_of(entry), optional_text(entry, "aws_profile", _TITLE))


def _context_of(entry: Mapping[str, Any]) -> dict[str, str]:
    context = entry.get("context") or {}
    if not isinstance(context, Mapping) or not all(
        isinstance(name, str) and (value is None or isinstance(value, str)) for name, value in context.items()
    ):
        raise DocumentError(f"the encryption context of a key of {_TITLE} in the sops metadata is no mapping of texts")
    return {name: value for name, value in context.items() if value is not None}


def _master_key(arn: str, role: str, context: Mapping[str, str], profile: str) -> MasterKey:
    if not _ARN.fullmatch(arn):
        raise UsageError(
            "a KMS key is not given by its ARN", hint="such as arn:aws:kms:eu-central-1:111122223333:key/ID"
        )
    options = [("role", role)] if role else []
    options += [(_CONTEXT + name, context[name]) for name in sorted(context)]
    options += [("aws_profile", profile)] if profile else []
    return MasterKey("kms", arn, tuple(options))


def with_options(keys: Iterable[MasterKey], context: Mapping[str, str], profile: str) -> tuple[MasterKey, ...]:
    """Return keys with the encryption context and the profile of a rule or of the command line."""
    return tuple(_master_key(key.name, dict(key.options).get("role", ""), context, profile) for key in keys)


def encryption_context(key: MasterKey) -> dict[str, str]:
    """Return the encryption context of a key: names and texts that KMS asks for again."""
    return {name.removeprefix(_CONTEXT): value for name, value in key.options if name.startswith(_CONTEXT)}


def from_entry(entry: Mapping[str, Any]) -> Wrapped:
    """Return a wrapped key of the metadata.

    Raises:
        DocumentError: a part is missing or of another shape.
    """
    try:
        key = _of_mapping(entry)
    except UsageError as error:
        raise DocumentError(error.message, hint=error.hint) from None
    return Wrapped(key, text_of(entry, "enc", _TITLE), text_of(entry, "created_at", _TITLE))


def to_entry(wrapped: Wrapped) -> dict[str, Any]:
    """Return the entry of the metadata."""
    options, context = dict(wrapped.key.options), encryption_context(wrapped.key)
    entry: dict[str, Any] = {"arn": wrapped.key.name}
    if "role" in options:
        entry["role"] = options["role"]
    if context:
        entry["context"] = context
    return {
        **entry,
        "created_at": wrapped.created_at,
        "enc": wrapped.enc,
        "aws_profile": options.get("aws_profile", ""),
    }


def wrap(data_key: Plaintext, key: MasterKey, context: Context) -> Wrapped:
    """Have KMS encrypt a data key.

    Raises:
        KeyUseError: it cannot be reached, or refuses.
    """
    answer = call(
        key,
        context,
        "encrypt",
        KeyId=key.name,
        Plaintext=data_key.reveal(),
        EncryptionContext=encryption_context(key),
    )
    return Wrapped(key, base64.b64encode(answer["CiphertextBlob"]).decode("ascii"), context.now())


def unwrap(wrapped: Wrapped, context: Context) -> Plaintext:
    """Have KMS decrypt a data key.

    Raises:
        KeyUseError: it cannot be reached, refuses, or the wrapped key is not its own.
    """
    try:
        blob = base64.b64decode(wrapped.enc, validate=True)
    except ValueError:
        raise KeyUseError("its wrapped key is damaged: no base64") from None
    key = wrapped.key
    answer = call(
        key, context, "decrypt", KeyId=key.name, CiphertextBlob=blob, EncryptionContext=encryption_context(key)
    )
    return Plaintext(answer["Plaintext"])


def call(
    key: MasterKey, context: Context, act: str, /, patience: Patience = USUAL, **arguments: Any
) -> Mapping[str, Any]:
    """Ask KMS.

    Raises:
        KeyRefusedError: it says no; its own text is not repeated.
        KeyUnreachableError: it does not answer, or is too busy.
        KeyUseError: there are no credentials.
    """
    try:
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        raise KeyUseError("AWS KMS needs boto3", hint="install strongroom with the extra aws") from None
    from strongroom.keys.aws_session import client

    try:
        answer: Mapping[str, Any] = getattr(client("kms", key, context, patience), act)(**arguments)
    except ClientError as error:
        raise _refusal(error.response.get("Error", {}).get("Code", "")) from None
    except BotoCoreError as error:
        raise _unusable(type(error).__name__) from None
    return answer


_PASSING = {
    "DependencyTimeoutException",
    "InternalFailure",
    "KMSInternalException",
    "RequestTimeout",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "Throttling",
    "ThrottlingException",
}

_REFUSALS = {
    "AccessDeniedException": ("these credentials may not use it", "they need kms:Encrypt and kms:Decrypt on the key"),
    "AccessDenied": ("these credentials may not take its role", "the role must trust them"),
    "NotFoundException": ("there is no such key", ""),
    "DisabledException": ("the key is disabled", ""),
    "KMSInvalidStateException": ("the key is disabled or about to be deleted", ""),
    "InvalidCiphertextException": ("its wrapped key was changed, or its encryption context is another", ""),
    "IncorrectKeyException": ("its wrapped key belongs to another key", ""),
    "ExpiredTokenException": ("the credentials have expired", "log in again: aws sso login"),
    "UnrecognizedClientException": ("the credentials are not known", ""),
    "InvalidClientTokenId": ("the credentials are not known", ""),
    "ThrottlingException": ("too many requests", ""),
}


def _refusal(code: str) -> KeyUseError:
    reason, hint = _REFUSALS.get(code, ("", ""))
    named = code if code.isalnum() else "an error"
    if code in _PASSING:
        return KeyUnreachableError(f"AWS cannot answer now: {reason or named}", hint=hint)
    return KeyRefusedError(f"AWS refuses: {reason or named}", hint=hint, code=code)


_UNUSABLE = {
    "NoCredentialsError": ("there are no AWS credentials", "log in: aws configure, or aws sso login"),
    "PartialCredentialsError": ("the AWS credentials are not complete", ""),
    "ProfileNotFound": ("the AWS profile that it names does not exist", ""),
    "EndpointConnectionError": ("AWS could not be reached", ""),
    "ConnectTimeoutError": ("AWS did not answer in time", ""),
    "ReadTimeoutError": ("AWS did not answer in time", ""),
    "ProxyConnectionError": ("the proxy to AWS could not be reached", ""),
    "ConnectionClosedError": ("AWS could not be reached", ""),
    "SSLError": ("the certificate of AWS is not trusted", "AWS_CA_BUNDLE names the authority of a proxy"),
    "UnauthorizedSSOTokenError": ("the AWS login has expired", "log in again: aws sso login"),
    "SSOTokenLoadError": ("there is no AWS login", "log in: aws sso login"),
    "TokenRetrievalError": ("the AWS login has expired", "log in again: aws sso login"),
}


_UNREACHABLE = {
    "ConnectionClosedError",
    "ConnectTimeoutError",
    "EndpointConnectionError",
    "ProxyConnectionError",
    "ReadTimeoutError",
    "ResponseStreamingError",
}


def _unusable(name: str) -> KeyUseError:
    reason, hint = _UNUSABLE.get(name, (f"AWS could not be used ({name})", ""))
    return (KeyUnreachableError if name in _UNREACHABLE else KeyUseError)(reason, hint=hint)


KIND = KeyKind(
    id="kms",
    title=_TITLE,
    rule_field="kms",
    group_field="kms",
    parse=parse,
    from_rule=from_rule,
    from_entry=from_entry,
    to_entry=to_entry,
    wrap=wrap,
    unwrap=unwrap,
)

"""What the commands on backups share: who can open a backup, and opening one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from strongroom.cli.common import together
from strongroom.errors import UsageError

if TYPE_CHECKING:
    from strongroom.keys.key import Context
    from strongroom.survey.at_rest.backup import Recipients

_Command = TypeVar("_Command", bound=Callable[..., Any])

_KEYS = (
    ("age", "age", "age recipient"),
    ("kms", "kms", "ARN of a key of AWS KMS"),
    ("gcp-kms", "gcp_kms", "Resource id of a key of GCP KMS"),
    ("azure-kv", "azure_kv", "URL of a key of Azure Key Vault"),
    ("hc-vault-transit", "hc_vault", "URI of a transit key of Vault or OpenBao"),
    ("pgp", "pgp", "PGP fingerprint"),
)
"""Option, kind of key, what it names."""


def key_options(command: _Command) -> _Command:
    """Add who will be able to open a backup."""
    options = [
        click.option(f"--{name}", f"key_{kind}", multiple=True, metavar="KEY", help=f"{what}. Repeatable.")
        for name, kind, what in _KEYS
    ]
    options += [
        click.option("--aws-profile", default="", metavar="NAME", help="Profile for the keys of AWS KMS."),
        click.option("--encryption-context", default="", metavar="LIST", help="name:value,… for those of AWS KMS."),
        click.option("--config", metavar="FILE", help="The .sops.yaml whose rule names the keys, with key groups."),
    ]
    return together(*options)(command)


def recipients(output: str, options: dict[str, Any]) -> Recipients:
    """Return who will be able to open a backup: the keys of the command line, else those of the rule for its name.

    Raises:
        UsageError: nothing says who, or what is named is no key.
        DocumentError: ``.sops.yaml`` cannot be read.
    """
    from strongroom.files.sops.rules import asked_keys, find, rule_for
    from strongroom.survey.at_rest.backup import Recipients

    config = options.pop("config")
    profile, context = options.pop("aws_profile"), options.pop("encryption_context")
    for name, kind, _ in _KEYS:
        if not all(text.strip() for text in options[f"key_{kind}"]):
            raise UsageError(f"--{name} names no key", hint="is a variable of the shell empty?")
    texts = [(kind, ",".join(options.pop(f"key_{kind}"))) for _, kind, _ in _KEYS]
    keys = asked_keys([(kind, text) for kind, text in texts if text], profile, context)
    if keys:
        return Recipients((keys,))
    path = Path(config) if config else find(Path(), os.environ)
    if path is None:
        raise UsageError(
            "nothing says who can open the backup", hint="--age RECIPIENT; strongroom file keygen makes an age key"
        )
    rule = rule_for(Path(output), path, os.environ)
    return Recipients(tuple(map(tuple, rule.groups)), rule.shamir_threshold)


def key_context() -> Context:
    """Return where keys are looked for; from here on no core is dumped."""
    from strongroom.crypto.memory import guard
    from strongroom.keys.process import context

    guard()
    return context()


def say(text: str) -> None:
    """Tell a person something beside the output."""
    from strongroom.report.sanitise import line

    click.echo(line(text), err=True)


def counted(number: int, one: str, several: str = "") -> str:
    """Return a number with its noun."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"

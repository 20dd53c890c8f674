"""What the subcommands of ``strongroom file`` share: the options of sops, and reading and writing one file."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from strongroom.cli.common import together
from strongroom.crypto.memory import guard
from strongroom.errors import DocumentError, OutputError, SourceError, UsageError
from strongroom.files.sops.formats import format_of
from strongroom.model.plaintext import Plaintext

if TYPE_CHECKING:
    from strongroom.cli.file.tree import How
    from strongroom.files.sops.document import Format
    from strongroom.files.sops.opened import Opened
    from strongroom.files.sops.rule import Rule
    from strongroom.keys.key import Context, MasterKey

_Command = TypeVar("_Command", bound=Callable[..., Any])
_LARGEST = 1 << 28
_FORMATS = "yaml, json, dotenv, ini or binary"

_KEY_OPTIONS = (
    ("kms", "-k", "kms", "SOPS_KMS_ARN", "ARNs of keys of AWS KMS"),
    ("gcp-kms", "", "gcp_kms", "SOPS_GCP_KMS_IDS", "resource ids of keys of GCP KMS"),
    ("azure-kv", "", "azure_kv", "SOPS_AZURE_KEYVAULT_URLS", "URLs of keys of Azure Key Vault"),
    ("pgp", "-p", "pgp", "SOPS_PGP_FP", "PGP fingerprints"),
    ("hc-vault-transit", "", "hc_vault", "SOPS_VAULT_URIS", "URIs of transit keys of Vault or OpenBao"),
    ("age", "-a", "age", "SOPS_AGE_RECIPIENTS", "age recipients"),
)
"""Name, short name, kind of key, environment variable, what it lists; in the order in which sops takes the keys."""

_SELECTION_OPTIONS = (
    ("unencrypted-suffix", "Leave readable what stands under keys with this ending."),
    ("encrypted-suffix", "Encrypt only what stands under keys with this ending."),
    ("unencrypted-regex", "Leave readable what stands under keys that match."),
    ("encrypted-regex", "Encrypt only what stands under keys that match."),
    ("unencrypted-comment-regex", "Leave readable what follows a comment that matches."),
    ("encrypted-comment-regex", "Encrypt only what follows a comment that matches."),
)


class Input(NamedTuple):
    """A file as named on the command line.

    Attributes:
        path: None for standard input.
        name: the name by which rules and format are chosen.
    """

    path: Path | None
    name: Path
    data: Plaintext
    format: Format


input_type = click.option("--input-type", metavar="TYPE", help=f"{_FORMATS}; by default as the name ends.")
output_type = click.option("--output-type", metavar="TYPE", help="The same of what is written.")
filename_override = click.option(
    "--filename-override", metavar="NAME", help="Name by which rules and types are chosen; for standard input."
)
config = click.option(
    "--config", metavar="FILE", envvar="SOPS_CONFIG", help="Instead of the nearest .sops.yaml.  [env: SOPS_CONFIG]"
)
ignore_mac = click.option("--ignore-mac", is_flag=True, help="Also if something was changed without the key.")
decryption_order = click.option(
    "--decryption-order",
    metavar="KINDS",
    envvar="SOPS_DECRYPTION_ORDER",
    help="Kinds of keys to try first.  [env: SOPS_DECRYPTION_ORDER]",
)
in_place = click.option("-i", "--in-place", is_flag=True, help="Write the file itself instead of standard output.")
output = click.option("--output", metavar="FILE", help="Write another file instead of standard output.")
allow_disk = click.option(
    "--allow-disk", is_flag=True, help="Use a folder on the disk where no memory-backed one is there."
)


def key_options(command: _Command) -> _Command:
    """Add who can open a new file, and what of it is encrypted."""
    keys = (
        click.option(
            *filter(None, (short, f"--{name}")),
            f"key_{kind}",
            envvar=variable,
            default="",
            metavar="LIST",
            help=f"Comma-separated {what}.  [env: {variable}]",
        )
        for name, short, kind, variable, what in _KEY_OPTIONS
    )
    selections = (
        click.option(f"--{name}", f"select_{name.replace('-', '_')}", default="", metavar="TEXT", help=text)
        for name, text in _SELECTION_OPTIONS
    )
    return together(
        *keys,
        click.option("--aws-profile", default="", metavar="NAME", help="Profile for the keys of AWS KMS."),
        click.option("--encryption-context", default="", metavar="LIST", help="name:value,… for those of AWS KMS."),
        click.option(
            "--shamir-secret-sharing-threshold", type=int, default=0, metavar="N", help="Key groups that are needed."
        ),
        *selections,
        click.option("--mac-only-encrypted", is_flag=True, help="Authenticate only what is encrypted."),
        click.option(
            "--indent", type=click.IntRange(0, 16), metavar="N", help="Spaces of indentation for what is added."
        ),
    )(command)


def changed_keys(command: _Command) -> _Command:
    """Add which keys come and go."""
    return together(
        *(
            click.option(
                f"--{how}-{name}", f"{how}_{kind}", default="", metavar="LIST", help=f"{verb} comma-separated {what}."
            )
            for how, verb in (("add", "Add"), ("rm", "Remove"))
            for name, _, kind, _, what in _KEY_OPTIONS
        ),
        click.option("--aws-profile", default="", metavar="NAME", help="Profile for added keys of AWS KMS."),
        click.option("--encryption-context", default="", metavar="LIST", help="name:value,… for keys of AWS KMS."),
    )(command)


def added_and_removed(options: dict[str, Any]) -> tuple[tuple[MasterKey, ...], tuple[MasterKey, ...]]:
    """Return the keys that come and those that go, from the options of `changed_keys`.

    Raises:
        UsageError: one of them is no key.
    """
    from strongroom.files.sops.rules import asked_keys

    profile, context = options["aws_profile"], options["encryption_context"]

    def keys(how: str) -> tuple[MasterKey, ...]:
        texts = ((kind, options[f"{how}_{kind}"]) for _, _, kind, _, _ in _KEY_OPTIONS)
        return asked_keys([(kind, text) for kind, text in texts if text], profile, context)

    return keys("add"), keys("rm")


def check_tree_options(ctx: click.Context, *, recursive: bool) -> None:
    """Refuse options that do not go with what is asked; from here on no core is dumped.

    Raises:
        UsageError: they do not.
    """
    from click.core import ParameterSource

    from strongroom.cli.file.tree import How

    guard()
    given = {name for name in ctx.params if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    wrong = given - {"files", "recursive", "config", *How._fields} if recursive else given & {*How._fields}
    if wrong:
        option = next(one for one in ctx.command.params if one.name == min(wrong)).opts[-1]
        raise UsageError(f"{option} goes {'not' if recursive else 'only'} with -r")


def one_or_tree(ctx: click.Context, files: tuple[str, ...], *, recursive: bool) -> str | None:
    """Return the one file of a command, None for standard input or with ``-r``; from here on no core is dumped.

    Raises:
        UsageError: several without ``-r``, or options that do not go with what is asked.
    """
    check_tree_options(ctx, recursive=recursive)
    if not recursive and len(files) > 1:
        raise UsageError(f"{len(files)} files are named", hint="-r takes several")
    return files[0] if files and not recursive else None


def how(options: dict[str, Any]) -> How:
    """Return how a tree is changed, from the options of `tree_options`."""
    from strongroom.cli.file.tree import How

    return How(**{name: options[name] for name in How._fields})


def read_input(file: str | None, kind: str | None = None, override: str | None = None) -> Input:
    """Read the file of a command line; from here on the process leaves no core dump.

    Args:
        file: None or ``-`` for standard input.
        kind: of ``--input-type``.
        override: of ``--filename-override``.

    Raises:
        SourceError: it cannot be read.
        UsageError: there is no such type.
    """
    guard()
    path = None if file in {None, "-"} else Path(file or "")
    name = Path(override) if override else path or Path("-")
    form = format_of(str(name), kind)
    try:
        if path is None:
            data = sys.stdin.buffer.read(_LARGEST + 1)
        else:
            with path.open("rb") as stream:
                data = stream.read(_LARGEST + 1)
    except FileNotFoundError:
        raise SourceError(f"file {file} does not exist") from None
    except IsADirectoryError:
        raise SourceError(f"{file} is a folder", hint="name a file") from None
    except OSError as error:
        raise SourceError(f"file {file} cannot be read", hint=(error.strerror or "").lower()) from None
    if len(data) > _LARGEST:
        raise SourceError(f"file {file or '-'} is larger than {_LARGEST >> 20} MiB")
    return Input(path, name, Plaintext(data), form)


def key_context(order: str | None = None) -> Context:
    """Return where keys are looked for; ``order`` is that of ``--decryption-order``."""
    from strongroom.keys.process import context

    here = context()
    return here._replace(environment={**here.environment, "SOPS_DECRYPTION_ORDER": order}) if order else here


def opened(given: Input, context: Context, *, check_mac: bool = True) -> Opened:
    """Open an encrypted file.

    Raises:
        KeyUseError: no key opens it.
        TamperedError: it was changed without the key.
        DocumentError: it is not encrypted, or cannot be read.
    """
    from strongroom.files.sops.data_key import unwrap
    from strongroom.files.sops.opened import open_file

    try:
        return open_file(given.data.reveal(), given.format, lambda found: unwrap(found, context), check_mac=check_mac)
    except DocumentError as error:
        subject = given.path or "standard input"
        message = f"{subject} cannot be decrypted: {error.message}"
        raise DocumentError(message, hint=error.hint, line=error.line, column=error.column) from None


def check_places(file: str | None, *, in_place: bool, output: str | None) -> None:
    """Refuse places that exclude each other.

    Raises:
        UsageError: they do.
    """
    if in_place and output:
        raise UsageError("--in-place and --output exclude each other")
    if in_place and file in {None, "-"}:
        raise UsageError("--in-place needs a file", hint="standard input goes to standard output")


def write(
    data: bytes, given: Input, *, in_place: bool = False, output: str | None = None, private: bool = False
) -> None:
    """Write what came out: over the file, to another, or to standard output.

    Args:
        data: the bytes.
        given: the file that was read.
        in_place: over that file.
        output: to this file.
        private: it is in plain: a file that is new is for its owner alone.

    Raises:
        OutputError: it cannot be written, or the file is not what was read any more; what is there is kept.
    """
    from strongroom.writing import replace_file

    target = given.path if in_place else Path(output) if output else None
    if target is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        if in_place:
            _check_unchanged(given)
        replace_file(target, [data], mode=0o600 if private and not target.exists() else None)


def _check_unchanged(given: Input) -> None:
    """Refuse to write over what somebody else wrote while a value, a passphrase or a key was waited for."""
    try:
        now = given.path.read_bytes() if given.path is not None else b""
    except FileNotFoundError:
        now = b""
    except OSError as error:
        raise OutputError(f"{given.path} cannot be read again", hint=(error.strerror or "").lower()) from None
    if now != given.data.reveal():
        raise OutputError(f"{given.path} was changed by somebody else in the meantime", hint="run the command again")


def converted(given: Input, kind: str | None, override: str | None = None) -> Input:
    """Return a file in plain in the format of ``--output-type``.

    Raises:
        UsageError: there is no such type, or it cannot hold what the file does.
    """
    form = format_of(str(override or given.name), kind) if kind else given.format
    if form.id == given.format.id:
        return given
    from strongroom.files.sops.converting import convert

    return given._replace(data=convert(given.data, given.format, form), format=form)


def asked_rules(config: str | None, options: dict[str, Any]) -> Callable[[Input], Rule]:
    """Return what finds the rule for a file that is encrypted for the first time, and tells people about it.

    Args:
        config: of ``--config``.
        options: those of `key_options`.

    Returns:
        A function of the file in plain, which raises UsageError where no rule matches, nothing says who can open the
        file, or options exclude each other, and DocumentError where the configuration cannot be read.
    """
    from strongroom.files.sops.manifests import holds_secret
    from strongroom.files.sops.rules import Asked, Found, look_up, rule_for
    from strongroom.files.sops.selection import MATCHERS, Selection

    found = Found(Path(config)) if config else look_up(Path(), os.environ)
    if found.ignored is not None:
        click.echo(f"warning: {found.ignored} is not read; the name is .sops.yaml", err=True)
    selection = Selection._make((*(options[f"select_{name}"] for name in MATCHERS), options["mac_only_encrypted"]))
    asked = Asked(
        keys=tuple((kind, options[f"key_{kind}"]) for _, _, kind, _, _ in _KEY_OPTIONS if options[f"key_{kind}"]),
        aws_profile=options["aws_profile"],
        encryption_context=options["encryption_context"],
        shamir_threshold=options["shamir_secret_sharing_threshold"],
        selection=selection,
        indent=options["indent"],
    )
    selects = any(selection[: len(MATCHERS)])

    def rule(given: Input) -> Rule:
        # Where the command line says what is encrypted, it is no matter what the file is.
        manifest = not selects and holds_secret(given.data.reveal(), given.format.id)
        wanted = asked._replace(format=given.format.id, manifest=manifest)
        chosen = rule_for(given.name, found.path, os.environ, wanted)
        if chosen.by_default:
            _say_once("no rule says what is encrypted: data and stringData of Secrets are")
        return chosen

    return rule


def _say_once(text: str) -> None:
    """Tell people something, once for all files of a command line."""
    said = click.get_current_context().meta.setdefault("strongroom.said", set())
    if text not in said:
        said.add(text)
        click.echo(text, err=True)

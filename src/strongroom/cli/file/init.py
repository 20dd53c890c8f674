"""``strongroom file init``."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import click

from strongroom.cli.asking import YES, carried_out
from strongroom.cli.file import options
from strongroom.cli.root import CLEAN
from strongroom.crypto.memory import guard
from strongroom.errors import SourceError, UsageError
from strongroom.keys.key import Context
from strongroom.model.plaintext import Plaintext

_CONFIG = ".sops.yaml"
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", re.ASCII)
_TEXT = re.compile(r"(?!(true|false|yes|no|on|off|null|y|n)$)[a-z][-a-z0-9.]*")
"""Names that YAML reads as a text without quotes."""

_PASSWORD_BYTES = 24

_RULES = """\
# Who can open the encrypted files of this folder and those below it.
# strongroom file updatekeys -r . gives files the keys that stand here.
creation_rules:
  # Dotenv files, and what is named *.enc.*: the whole file.
  - path_regex: (\\.env|\\.enc\\.[^./]+)$
    age: {recipients}
  # Kubernetes manifests: only the values of Secrets.
  - encrypted_regex: ^(data|stringData)$
    age: {recipients}
"""

_MANIFEST = """\
apiVersion: v1
kind: Secret
metadata:
  name: {name}
type: Opaque
stringData:
  password: {password}
"""


class _Step(NamedTuple):
    words: str
    do: Callable[[], Any]


@click.command("init")
@click.argument("file", default="secret.yaml", required=False)
@click.option("--name", default="example", show_default=True, metavar="NAME", help="Name of the Secret.")
@click.option("-a", "--age", multiple=True, metavar="LIST", help="Who can open it, instead of a key of your own.")
@click.option("--key", metavar="FILE", help="Where the key is, or goes.  [default: where sops looks for it]")
@click.option("--passphrase", is_flag=True, help="Ask for a passphrase that protects a new key.")
@click.option("--no-hooks", is_flag=True, help="Leave Git alone.")
@click.option("--dry-run", is_flag=True, help="Only show what would be done.")
@YES
@click.pass_context
def command(
    ctx: click.Context,
    file: str,
    name: str,
    age: tuple[str, ...],
    key: str | None,
    passphrase: bool,
    no_hooks: bool,
    dry_run: bool,
    yes: bool,
) -> int:
    """From nothing to a first encrypted Secret.

    Makes an age key where there is none, a .sops.yaml in this folder, a Secret with a
    random password in FILE (secret.yaml), encrypted from the start, and in a Git
    repository what strongroom git install does. What is there already is kept.
    """
    guard()
    target, rules = Path(file), Path(_CONFIG)
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot be the name of a Secret", hint="lower-case letters, digits, - and .")
    if target.suffix not in {".yaml", ".yml"}:
        raise UsageError(f"{file} is not a name for a manifest", hint="it ends with .yaml")
    context = options.key_context()
    steps = _steps(target, name, rules, age, key, context, passphrase=passphrase)
    if not no_hooks and _in_repository():
        from strongroom.cli.git import install

        steps.append(_Step("do what strongroom git install does", lambda: ctx.invoke(install, yes=True)))
    if not steps:
        click.echo("nothing to do: all is there")
    elif carried_out(steps, dry_run=dry_run, yes=yes):
        click.echo(f"strongroom file edit {file} opens it in your editor")
    return CLEAN


def _steps(
    target: Path,
    name: str,
    rules: Path,
    given: tuple[str, ...],
    key: str | None,
    context: Context,
    *,
    passphrase: bool,
) -> list[_Step]:
    from strongroom.cli.file.keygen import key_file, make
    from strongroom.files.sops.rules import find

    steps = []
    # What the step of the key finds out is what the step of the rules writes.
    recipients: list[str] = [one for text in given for one in _recipients(text)]
    # Rules of a folder above hold here too; new ones would hide them.
    if find(Path(), context.environment) is None:
        if not recipients:
            place = key_file(key, context)
            if os.path.lexists(place):
                recipients += _of_key(place, context)
            else:
                steps.append(
                    _Step(
                        f"make an age key in {place}",
                        lambda: recipients.append(make(place, context, protected=passphrase)),
                    )
                )
        steps.append(_Step(f"write {rules}", lambda: _write(rules, _RULES.format(recipients=",".join(recipients)))))
    if not target.exists():
        steps.append(
            _Step(f"write {target}, a Secret with a random password, encrypted", lambda: _first(target, name, context))
        )
    return steps


def _recipients(text: str) -> list[str]:
    from strongroom.keys.age import parse

    return [key.name for key in parse(text)]


def _of_key(place: Path, context: Context) -> list[str]:
    """Return the recipients of a key file that is there.

    Raises:
        UsageError: it holds none that can be read without a passphrase.
    """
    from strongroom.keys.age_identities import find

    environment = {"SOPS_AGE_KEY_FILE": str(place)}
    found = find(context._replace(environment=environment, kept=None, quiet=True))
    names = [str(one.to_public()) for one in found.ready if hasattr(one, "to_public")]
    if not names:
        raise UsageError(f"the recipient of {place} cannot be read from it", hint="--age RECIPIENT names it")
    return list(dict.fromkeys(names))


def _in_repository() -> bool:
    from strongroom.survey.hooks import repository

    try:
        repository(Path.cwd())
    except SourceError:
        return False
    return True


def _write(path: Path, text: str) -> None:
    from strongroom.writing import replace_file

    replace_file(path, [text])


def _first(target: Path, name: str, context: Context) -> None:
    """Write the Secret; its password is never anywhere in plain."""
    from strongroom.cli.file.encrypt import encrypted
    from strongroom.files.sops.formats import format_of
    from strongroom.files.sops.rules import find, rule_for
    from strongroom.writing import replace_file

    text = _MANIFEST.format(
        name=name if _TEXT.fullmatch(name) else f'"{name}"', password=secrets.token_urlsafe(_PASSWORD_BYTES)
    )
    given = options.Input(target, target, Plaintext(text), format_of(str(target)))
    rule = rule_for(target, find(Path(), context.environment), context.environment)
    target.parent.mkdir(parents=True, exist_ok=True)
    replace_file(target, [encrypted(given, rule, context)])

"""What ``strongroom fix`` and ``strongroom audit --fix`` share: options, and the run from plan to proof."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from strongroom.cli.asking import YES, confirmed
from strongroom.cli.common import terminal
from strongroom.cli.plan_carrying import Carrying, digits, going_on, say
from strongroom.cli.root import CLEAN, FINDINGS
from strongroom.errors import PlanError, UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from strongroom.leaks.recognise import Recogniser
    from strongroom.model.fix import FixPlan, Proof
    from strongroom.model.report import Report
    from strongroom.plans.apply import Doing
    from strongroom.survey.fixes.planning import Wanted
    from strongroom.survey.run import Request

_Command = TypeVar("_Command", bound=Callable[..., Any])
_FINGERPRINT_DIGITS = 8
_HEX = frozenset("0123456789abcdef")


READING = frozenset(
    {
        "no_gitignore",
        "no_render",
        "namespace",
        "kubeconfig",
        "as_user",
        "as_group",
        "no_metadata",
        "values",
        "etcd_cacert",
        "etcd_cert",
        "etcd_key",
        "max_file_size",
        "config",
        "pedantic",
        "baseline",
    }
)
"""The names of the options by which sources are read, and their findings chosen."""

FIX_OPTIONS = ("dry_run", "yes", "unsafe", "whole", "to", "cert", "age", "reads_file", "save", "root")
"""The names of what `fix_options` adds."""


def fix_options(command: _Command) -> _Command:
    """Add what both commands take."""
    options = (
        click.option("--dry-run", is_flag=True, help="Only show what would be changed."),
        YES,
        click.option("--unsafe", is_flag=True, help="Make changes too that could change how a program behaves."),
        click.option(
            "--whole",
            is_flag=True,
            help="The sources show everything that runs in the cluster, and what reads their files: what nothing in "
            "them uses may go, files and Secrets included.",
        ),
        click.option(
            "--to",
            type=click.Choice(["secret", "sops", "sealed", "external"]),
            help="Where values move to: manifests, SOPS files, SealedSecrets, a store.  "
            "[default: what the sources use]",
        ),
        click.option("--cert", type=click.Path(dir_okay=False), help="Certificate to seal with, for --to sealed."),
        click.option(
            "--age",
            multiple=True,
            metavar="RECIPIENT",
            help="Who can open new SOPS files where no .sops.yaml says; one is written. Repeatable.",
        ),
        click.option(
            "--reads-file",
            multiple=True,
            metavar="NAME",
            help="A variable whose program reads the file that NAME_FILE names. Repeatable.",
        ),
        click.option("--save", type=click.Path(dir_okay=False), help="Save the plan; without --yes, do nothing else."),
        click.option(
            "--root", type=click.Path(file_okay=False, exists=True), help="Folder that the plan is for.  [default: .]"
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


class Mode(msgspec.Struct, frozen=True):
    """What is done with a plan: see `fix_options`."""

    dry_run: bool
    yes: bool
    save: str | None
    shape: str = "text"
    key_file: str | None = None
    to: tuple[str, ...] = ()
    verbose: bool = False


class Outcome(msgspec.Struct, frozen=True):
    """The exit code of a fixing run, and the report of the audit after it, or before where nothing was done."""

    code: int
    report: Report


def run_fix(
    asked: Request,
    words: frozenset[str],
    options: dict[str, Any],
    shape: str,
    recogniser: Recogniser,
    key_file: str | None,
    *,
    verbose: bool = False,
) -> Outcome:
    """Plan, show, ask, do, prove, and tell; ``options`` are those of `fix_options`, ``key_file`` --fingerprint-key."""
    from strongroom.crypto.memory import guard
    from strongroom.plans import saved
    from strongroom.survey.fixes.planning import plan_fixes
    from strongroom.survey.fixes.proof import audited, prove, renders, with_rendered

    mode, wanted = _mode(options, shape, key_file, verbose=verbose), _wanted(words, options)
    if wanted.to != "secret":
        guard()
    planned = plan_fixes(asked, wanted, recogniser)
    fix = planned.fix
    doing = _doing(fix, asked)
    ends_here = mode.dry_run or not fix.plan.steps
    if ends_here and asked.render and renders(planned.known.facts, planned.before):
        fix = with_rendered(fix, planned.before, audited(asked, recogniser), words)
    if mode.dry_run or not mode.yes or not fix.plan.steps:
        _show(fix, mode)
    if ends_here:
        doing.check()
        return Outcome(CLEAN, planned.before)
    if mode.save is not None:
        saved.save(fix.plan, Path(mode.save), asked.key)
        click.echo(
            f"saved {mode.save}; strongroom plan apply {_arguments(fix, mode.save, mode.key_file)} does it", err=True
        )
        if not mode.yes:
            return Outcome(CLEAN, planned.before)
    confirmed(yes=mode.yes)
    before = audited(asked, recogniser)
    fix = with_rendered(fix, planned.before, before, words)
    with going_on(fix.plan, Carrying(root=fix.root, key_file=mode.key_file)):
        doing.apply()
    after = audited(asked, recogniser)
    proof = prove(fix, before, after, planned.opened)
    if proof.damage:
        doing.undo()
        raise PlanError(f"the plan was undone: {proof.damage[0]}", hint="--only mends some findings without the others")
    _tell(fix, proof, mode, [*_commands(fix, asked, mode)])
    return Outcome(FINDINGS if proof.fresh else CLEAN, after.report)


def _mode(options: dict[str, Any], shape: str, key_file: str | None, *, verbose: bool) -> Mode:
    to = tuple(word for name in ("to", "cert") if options[name] for word in (f"--{name}", options[name]))
    to += tuple(word for recipient in options["age"] for word in ("--age", recipient))
    mode = Mode(options["dry_run"], options["yes"], options["save"], shape, key_file, to, verbose)
    if mode.dry_run and (mode.yes or mode.save):
        raise UsageError("--dry-run does nothing, so it goes with neither --yes nor --save")
    return mode


def _wanted(words: frozenset[str], options: dict[str, Any]) -> Wanted:
    from strongroom.survey.fixes.planning import Wanted

    return Wanted(
        ids=words,
        unsafe=options["unsafe"],
        root=options["root"] or "",
        whole=options["whole"],
        reads_files=frozenset(options["reads_file"]),
        to=options["to"] or ("sealed" if options["cert"] else ""),
        recipients=_recipients(options["age"], options["to"]),
        sealing_key=_sealing_key(options["cert"]) if options["cert"] else None,
    )


def ids(words: tuple[str, ...], option: str) -> frozenset[str]:
    """Return what was asked for: ids of checks, and beginnings of the fingerprints of findings.

    Raises:
        UsageError: a word is neither.
    """
    from strongroom.posture.checks import CHECKS
    from strongroom.survey.settings import require_known

    found = frozenset(part.strip() for word in words for part in word.split(",") if part.strip())
    known = frozenset(check.id for check in CHECKS)
    for word in found:
        if len(word) < _FINGERPRINT_DIGITS or set(word) - _HEX:
            require_known(word, known, option)
    return found


def _sealing_key(path: str) -> RSAPublicKey:
    from datetime import UTC, datetime

    from strongroom.files.sealed.certificate import chosen, read

    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"certificate {path} cannot be read", hint=(error.strerror or "").lower()) from None
    return chosen(read(data, path), datetime.now(UTC), path).key


def _recipients(texts: tuple[str, ...], to: str | None) -> tuple[str, ...]:
    """Return the recipients of ``--age``, else those of the user's own key where there is one.

    Raises:
        UsageError: a text is no recipient.
    """
    import os

    from strongroom.cli.file.keygen import key_file
    from strongroom.keys.age import parse
    from strongroom.keys.age_identities import find
    from strongroom.keys.process import context

    if to != "sops" and texts:
        raise UsageError("--age without --to sops")
    if to != "sops" or texts:
        return tuple(dict.fromkeys(key.name for text in texts for key in parse(text)))
    known = context()
    place = key_file(None, known)
    if not os.path.lexists(place):
        return ()
    found = find(known._replace(environment={"SOPS_AGE_KEY_FILE": str(place)}, kept=None, quiet=True))
    return tuple(dict.fromkeys(str(one.to_public()) for one in found.ready if hasattr(one, "to_public")))


def _doing(fix: FixPlan, asked: Request) -> Doing:
    from strongroom.plans.apply import Doing
    from strongroom.survey import fingerprint_key
    from strongroom.survey.procedures import procedure

    state = fingerprint_key.state_folder()
    return Doing(fix.plan, Path(fix.root), asked.key, state, procedures=procedure, said=say)


def _show(fix: FixPlan, mode: Mode) -> None:
    from strongroom.plans.saved import digest
    from strongroom.report.fix_json import as_json
    from strongroom.report.fix_text import planned

    if mode.shape == "json":
        if mode.dry_run or not fix.plan.steps:
            _write(as_json(fix, digest(fix.plan), None, ()))
    else:
        _write(planned(fix, digest(fix.plan), terminal(color=False, verbose=mode.verbose)))


def _tell(fix: FixPlan, proof: Proof, mode: Mode, commands: list[str]) -> None:
    from strongroom.plans.saved import digest
    from strongroom.report.fix_json import as_json
    from strongroom.report.fix_text import summary

    if mode.shape == "json":
        _write(as_json(fix, digest(fix.plan), proof, commands))
    else:
        _write(summary(fix, proof, commands, terminal(color=False, verbose=mode.verbose)))


def _commands(fix: FixPlan, asked: Request, mode: Mode) -> Iterator[str]:
    sources = shlex.join(_as_read(asked))
    again = shlex.join([*_as_read(asked), *mode.to])
    named = _arguments(fix, mode.save, mode.key_file) if mode.save else digits(fix.plan) + _key(mode)
    yield f"strongroom plan undo {named}"
    if any(one.unseen for one in fix.offered):
        yield f"strongroom fix {again} --whole --dry-run{_key(mode)}"
    if fix.offered:
        yield f"strongroom fix {again} --unsafe --dry-run{_key(mode)}"
    yield f"strongroom audit {sources}{_key(mode)}"


def _as_read(asked: Request) -> list[str]:
    """Return the sources, and the options by which they are read, as the user gave them."""
    context = click.get_current_context()
    words = [*asked.sources]
    for option in context.command.params:
        given = context.get_parameter_source(option.name or "") is click.core.ParameterSource.COMMANDLINE
        if isinstance(option, click.Option) and option.name in READING and given:
            value = context.params[option.name]
            names = [*option.opts, ""]
            name = next((one for one in names if one.startswith("--")), names[0])
            if option.is_flag:
                words.append(name)
            else:
                words += [word for one in (value if option.multiple else [value]) for word in (name, str(one))]
    return words


def _key(mode: Mode) -> str:
    return "" if mode.key_file is None else f" --fingerprint-key {shlex.quote(mode.key_file)}"


def _arguments(fix: FixPlan, file: str, key_file: str | None) -> str:
    root = [] if fix.root == "." else ["--root", fix.root]
    key = [] if key_file is None else ["--fingerprint-key", key_file]
    return shlex.join([file, *root, *key])


def _write(pieces: Iterator[str]) -> None:
    for piece in pieces:
        click.echo(piece, nl=False)

"""Options of ``strongroom scan`` that say what is accepted and which rules count."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from strongroom.cli.common import together
from strongroom.errors import StrongroomError, UsageError

if TYPE_CHECKING:
    from strongroom.leaks.custom_rules import CustomRules
    from strongroom.survey.leak_baseline import Entry, LeakBaseline
    from strongroom.survey.scanning.accept import Acceptance

_Command = TypeVar("_Command", bound=Callable[..., Any])
_FILE = ".strongroom-baseline"
_QUIET = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")
"""Reading the index would start the monitor that a repository names."""
_TIMEOUT_SECONDS = 10


class Accepting(msgspec.Struct, frozen=True):
    """What the options say; see the help texts in `accepting_options`."""

    baseline: str | None = None
    write_baseline: str | None = None
    audit_baseline: bool = False
    reason: str = ""
    expires: str = ""
    imports: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    write_rules: str | None = None
    test_rule: str | None = None

    @property
    def file(self) -> Path:
        """The baseline that is written or audited."""
        return Path(self.write_baseline or self.baseline or _FILE)


def accepting_options(command: _Command) -> _Command:
    """Add the options; they arrive as keyword arguments named like the fields of `Accepting`."""
    options = (
        click.option("--baseline", type=click.Path(dir_okay=False), help="Leave out the values that this file knows."),
        click.option(
            "--write-baseline",
            is_flag=False,
            flag_value=_FILE,
            type=click.Path(),
            metavar="[FILE]",
            help=f"Write down today's values as known.  [default file: {_FILE}]",
        ),
        click.option("--reason", default="", help="With --write-baseline: accept the new ones, for this reason."),
        click.option("--expires", default="", metavar="DATE", help="With --reason: until this day, as 2027-01-31."),
        click.option("--audit-baseline", is_flag=True, help="Go through the values on which nobody decided."),
        click.option(
            "--import",
            "imports",
            multiple=True,
            type=click.Path(dir_okay=False),
            metavar="FILE",
            help="Take over a .gitleaksignore, gitleaks TOML or detect-secrets baseline. Repeatable.",
        ),
        click.option(
            "--rules", multiple=True, type=click.Path(), metavar="FILE", help="Further rules: YAML, TOML. Repeatable."
        ),
        click.option("--write-rules", type=click.Path(dir_okay=False), help="Write the rules of --import as TOML."),
        click.option(
            "--test-rule", type=click.Path(), metavar="FILE", help="Only run the rules of FILE against their examples."
        ),
    )
    return together(*options)(command)


def options_of(given: dict[str, Any]) -> Accepting:
    """Return what was given.

    Raises:
        UsageError: options contradict each other, or the date is none.
    """
    chosen = Accepting(**given)
    if (chosen.reason or chosen.expires) and chosen.write_baseline is None:
        raise UsageError("--reason and --expires need --write-baseline")
    if chosen.expires and not chosen.reason:
        raise UsageError("--expires needs --reason: what expires must have been accepted")
    if chosen.expires and read_date(chosen.expires) < datetime.now(UTC).date():
        raise UsageError(f"--expires {chosen.expires} has passed", hint="name a day to come, as 2027-01-31")
    if chosen.write_baseline is not None and chosen.audit_baseline:
        raise UsageError("--write-baseline and --audit-baseline exclude each other")
    if chosen.write_baseline is not None and Path(chosen.write_baseline).is_dir():
        raise UsageError(f"--write-baseline {chosen.write_baseline} is a folder", hint="--write-baseline=FILE PATH")
    if chosen.write_rules is not None and not chosen.imports:
        raise UsageError("--write-rules needs --import")
    return chosen


def read_date(text: str) -> date:
    """Return a date of the form 2027-01-31.

    Raises:
        UsageError: it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError("an expiry is no date", hint="as 2027-01-31") from None


def rules_of(chosen: Accepting, *, quiet: bool) -> CustomRules:
    """Read the rule files and the other scanners' files; say on standard error what was taken over and what not.

    Args:
        chosen: the options.
        quiet: say nothing.

    Raises:
        StrongroomError: one of them cannot be used.
    """
    from strongroom.leaks import custom_rules
    from strongroom.leaks.imports.read import take_over
    from strongroom.report.sanitise import line

    if not (chosen.rules or chosen.imports):
        return custom_rules.NONE
    taken = [custom_rules.without_unusable(take_over(Path(file))) for file in chosen.imports]
    for one in taken if not quiet else ():
        click.echo(f"taken over from {one.summary()}", err=True)
        for left in one.left:
            click.echo(f"  not taken over: {line(left)}", err=True)
    rules = custom_rules.load([Path(file) for file in chosen.rules], taken)
    if chosen.write_rules is not None:
        _write_rules(Path(chosen.write_rules), rules)
        if not quiet:
            click.echo(f"rules written; strongroom scan --rules {chosen.write_rules} uses them", err=True)
    return rules


def acceptance_of(chosen: Accepting, key: bytes, rules: CustomRules, repositories: Iterable[str] = ()) -> Acceptance:
    """Return what is accepted in this run.

    Args:
        chosen: what the command line says.
        key: the fingerprint key.
        rules: the user's own.
        repositories: those whose history or index is scanned; paths are relative to their tops then.

    Raises:
        UsageError: the baseline cannot be used.
    """
    from strongroom.survey.scanning.accept import Acceptance

    baseline = baseline_of(chosen, key)
    roots = {repository: top_of(repository) for repository in repositories}
    return Acceptance(baseline, chosen.file.parent, Path(), rules, datetime.now(UTC).date(), roots)


def baseline_of(chosen: Accepting, key: bytes) -> LeakBaseline | None:
    """Return the baseline that counts in this run; None where there is none.

    Raises:
        UsageError: it cannot be used.
    """
    from strongroom.survey.leak_baseline import LeakBaseline

    if chosen.baseline is not None:
        return LeakBaseline.load(Path(chosen.baseline), key)
    if (chosen.write_baseline is not None or chosen.audit_baseline) and chosen.file.exists():
        return LeakBaseline.load(chosen.file, key)
    return None


def write_baseline(chosen: Accepting, key: bytes, entries: list[Entry]) -> int:
    """Write the baseline with what it has and these entries; return the exit code.

    What another scanner's file decided counts for a value that is there undecided.

    Raises:
        StrongroomError: it cannot be read or written.
    """
    from strongroom.model.decision import Decision
    from strongroom.survey.leak_baseline import LeakBaseline

    before = baseline_of(chosen, key) or LeakBaseline.new(key)
    new = [entry for entry in entries if entry.known not in before.entries]
    after = before.adding(_decided(entry, chosen) for entry in new)
    for entry in entries:
        if entry.decision is not Decision.UNDECIDED and after.entries[entry.known].decision is Decision.UNDECIDED:
            after = after.deciding(entry)
    after.write(chosen.file)
    count, undecided = len(after.entries), len(after.undecided())
    click.echo(f"{chosen.file}: {_values(count)}, {len(new)} new, {undecided} undecided", err=True)
    if undecided:
        click.echo("hint: strongroom scan --audit-baseline goes through the undecided ones", err=True)
    if not _merges(chosen.file):
        click.echo(f"hint: '{chosen.file.name} merge=union' in .gitattributes lets branches merge", err=True)
    return 0


def say_unused(acceptance: Acceptance) -> None:
    """Say on standard error how much of other scanners' files matched nothing."""
    if acceptance.unused:
        click.echo(
            f"{acceptance.unused} of {acceptance.accepted} findings known elsewhere match nothing here",
            err=True,
        )


def _decided(entry: Entry, chosen: Accepting) -> Entry:
    from strongroom.model.decision import Decision

    if not chosen.reason or entry.decision is not Decision.UNDECIDED:
        return entry
    return msgspec.structs.replace(
        entry, decision=Decision.ACCEPTED, reason=chosen.reason, author=author(), expires=chosen.expires
    )


def author() -> str:
    """Return who decides: as Git knows them here, else the name of the account."""
    import getpass

    if name := _git("config", "--get", "user.email"):
        return name
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def top_of(path: str) -> Path:
    """Return the top of the repository that a path is in; the path itself where there is none."""
    start = Path(path).absolute()
    return next((folder for folder in (start, *start.parents) if (folder / ".git").exists()), start)


def _merges(file: Path) -> bool:
    """Tell whether Git merges the file line by line, or is not concerned."""
    if not (top_of(str(file.parent)) / ".git").exists():
        return True
    return _git("check-attr", "merge", "--", str(file.absolute()), folder=file.absolute().parent).endswith(": union")


def _git(*arguments: str, folder: Path | None = None) -> str:
    """Return what a question to Git gives; empty where Git is not there or fails."""
    try:
        done = subprocess.run(
            ["git", *_QUIET, *arguments],
            cwd=folder,
            capture_output=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else ""


def _values(count: int) -> str:
    return f"{count} value" if count == 1 else f"{count} values"


def _write_rules(path: Path, rules: CustomRules) -> None:
    from strongroom.leaks.imports.write import toml_of

    try:
        path.write_text(toml_of(rules.taken), "utf-8")
    except OSError as error:
        raise StrongroomError(f"{path} cannot be written", hint=(error.strerror or "").lower()) from None


def test_rules(path: Path) -> int:
    """Run rules against their examples, say how each did, and return the exit code.

    Raises:
        StrongroomError: the file cannot be used.
    """
    from strongroom.leaks.custom_rules import run_examples
    from strongroom.report.sanitise import line

    results = run_examples(path)
    for one in results:
        said = f"examples: {one.examples}, negative: {one.negatives}"
        if one.missed:
            said += f"; not found: example {', '.join(map(str, one.missed))}"
        if one.wrong:
            said += f"; found though negative: example {', '.join(map(str, one.wrong))}"
        if not one.examples:
            said = "no example: nothing is proved"
        click.echo(f"{'pass' if one.passed else 'fail'}  {line(one.rule)}: {said}")
    failed = sum(not one.passed for one in results)
    click.echo(f"{'1 rule' if len(results) == 1 else f'{len(results)} rules'}, {failed} failed")
    return 1 if failed else 0

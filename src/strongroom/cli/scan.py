"""``strongroom scan``: secret values in files, in history, and in what is about to be committed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from strongroom.cli.common import outputs, progress, terminal, write
from strongroom.cli.scan_known import Knowing, known_options, prepare, refuse, taken
from strongroom.cli.scan_options import (
    Accepting,
    acceptance_of,
    accepting_options,
    options_of,
    rules_of,
    say_unused,
    test_rules,
    write_baseline,
)
from strongroom.cli.scan_spark import Fleet, scan_fleet, spark_options
from strongroom.errors import UsageError
from strongroom.report.formats import FORMATS, by_id

if TYPE_CHECKING:
    from strongroom.leaks.custom_rules import CustomRules
    from strongroom.leaks.library import Library
    from strongroom.model.report import Report
    from strongroom.model.settings import Settings
    from strongroom.report.formats import Format
    from strongroom.survey.scanning.request import ScanRequest

_SEVERITIES = ("info", "low", "medium", "high", "critical")


@click.command("scan")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--stdin", is_flag=True, help="Scan standard input.")
@click.option("--history", is_flag=True, help="Scan every version that the history of a repository holds.")
@click.option("--since", default="", metavar="REV", help="Of the history, only what is newer than REV.")
@click.option("--branch", default="", metavar="B", help="Of the history, that of this branch instead of HEAD.")
@click.option("--all", "all_refs", is_flag=True, help="Of the history, that of all branches and tags.")
@click.option("--staged", is_flag=True, help="Scan what is about to be committed.")
@click.option("--format", "shape", type=click.Choice([f.id for f in FORMATS]), default="text", show_default=True)
@click.option(
    "-o", "--output", multiple=True, metavar="FILE", help="Write a report; its suffix tells the format. Repeatable."
)
@click.option("--fail-on", type=click.Choice(_SEVERITIES), help="Exit with 1 from this severity on.  [default: high]")
@click.option("--no-gitignore", is_flag=True, help="Read files that .gitignore leaves out too.")
@click.option(
    "--max-file-size",
    type=click.IntRange(1, 1 << 20),
    default=256,
    show_default=True,
    metavar="MIB",
    help="Pass over larger files.",
)
@click.option(
    "--archive-depth",
    type=click.IntRange(0, 16),
    default=4,
    show_default=True,
    metavar="N",
    help="Open archives and images, and so many inside each other; 0 opens none.",
)
@known_options
@accepting_options
@spark_options
@click.option("--config", type=click.Path(dir_okay=False), help="strongroom.toml to use instead of the nearest.")
@click.option("--fingerprint-key", type=click.Path(dir_okay=False), help="File with the key for fingerprints.")
@click.option("--strict", is_flag=True, help="Exit with 2 where anything could not be read.")
@click.option("-v", "--verbose", is_flag=True, help="List everything that is otherwise summed up.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing; write --output files and the exit code.")
@click.option("--color/--no-color", default=None, help="Colours; by default where a person looks.")
def command(**given: Any) -> int:
    """Find secret values in files, in the history of a repository, and in what is about to be committed.

    PATH is a file or a folder, by default the current one; with --history or --staged, a repository.
    """
    asked = _Asked(**{name: given.pop(name) for name in _Asked._fields})
    known = taken(given)
    chosen = options_of(given)
    _refuse_contradictions(asked)
    refuse(known, staged=asked.staged)
    if chosen.test_rule is not None:
        return test_rules(Path(chosen.test_rule))
    return _over_spark(asked, known, chosen) if asked.many else _here(asked, known, chosen)


class _Asked(NamedTuple):
    """The options of this module."""

    paths: tuple[str, ...]
    stdin: bool
    history: bool
    since: str
    branch: str
    all_refs: bool
    staged: bool
    shape: str
    output: tuple[str, ...]
    fail_on: str | None
    no_gitignore: bool
    max_file_size: int
    archive_depth: int
    config: str | None
    fingerprint_key: str | None
    strict: bool
    verbose: bool
    quiet: bool
    color: bool | None
    spark: str | None
    repos: str | None
    rows: str | None
    range_size: int

    @property
    def many(self) -> bool:
        """True where a list of repositories is scanned."""
        return self.spark is not None or self.repos is not None or self.rows is not None


def _over_spark(asked: _Asked, known: Knowing, chosen: Accepting) -> int:
    files = outputs(asked.output, FORMATS)
    others = {"PATH": asked.paths, "--stdin": asked.stdin, "--staged": asked.staged}
    fleet = Fleet(*(getattr(asked, name) for name in Fleet._fields))
    settings = _settings(asked.config, asked.fail_on)
    key, report, entries = scan_fleet(fleet, chosen, known, others, settings, asked.fingerprint_key, quiet=asked.quiet)
    if chosen.write_baseline is not None:
        return write_baseline(chosen, key, entries)
    return _said(report, files, asked)


def _here(asked: _Asked, known: Knowing, chosen: Accepting) -> int:
    rules = rules_of(chosen, quiet=asked.quiet)
    library = _loading(rules)  # first of all: the rest is imported while the rules load
    from strongroom.survey import fingerprint_key as keys
    from strongroom.survey.scanning.blobs import Blobs

    alone = asked.staged and chosen.baseline is None and chosen.write_baseline is None and not chosen.audit_baseline
    key = keys.load_passing(asked.fingerprint_key) if alone else keys.load(asked.fingerprint_key)
    acceptance = acceptance_of(chosen, key, rules, _paths(asked) if asked.history or asked.staged else ())
    blobs = Blobs(key, library, acceptance)
    from strongroom.survey.scanning.scan import scan

    files = outputs(asked.output, FORMATS)
    with progress(quiet=asked.quiet) as show:
        prepare(blobs, key, library, show, known)
        report = scan(_request(asked, key, show), blobs)
    if not asked.quiet:
        say_unused(acceptance)
    if chosen.audit_baseline:
        from strongroom.cli.scan_audit import audit_baseline

        return audit_baseline(chosen, key, acceptance)
    if chosen.write_baseline is not None:
        return write_baseline(chosen, key, acceptance.entries(acceptance.hits))
    return _said(report, files, asked)


def _paths(asked: _Asked) -> tuple[str, ...]:
    return asked.paths or (".",)


def _request(asked: _Asked, key: bytes, show: Callable[[str], None]) -> ScanRequest:
    from strongroom.survey.scanning.request import ScanRequest
    from strongroom.survey.scanning.threads import threads

    return ScanRequest(
        paths=_paths(asked),
        key=key,
        settings=_settings(asked.config, asked.fail_on),
        stdin=asked.stdin,
        history=asked.history,
        staged=asked.staged,
        since=asked.since,
        branch=asked.branch,
        all_refs=asked.all_refs,
        gitignore=not asked.no_gitignore,
        max_bytes=asked.max_file_size << 20,
        archive_depth=asked.archive_depth,
        processes=threads() // 2,
        progress=show,
    )


def _said(report: Report, files: list[tuple[Path, Format[Any]]], asked: _Asked) -> int:
    from strongroom.report.outcome import exit_code

    shown = terminal(color=asked.color, verbose=asked.verbose, strict=asked.strict)
    write(report, files, None if asked.quiet else by_id(asked.shape, FORMATS), shown)
    return exit_code(report, strict=asked.strict)


def _loading(rules: CustomRules) -> Library:
    """Return the library's rules and further ones, which load in the background."""
    import threading

    from strongroom.leaks.library import Library

    library = Library(rules.paths)
    threading.Thread(target=library.load, daemon=True).start()
    return library


def _refuse_contradictions(asked: _Asked) -> None:
    if asked.stdin + asked.history + asked.staged > 1:
        raise UsageError("--stdin, --history and --staged exclude each other")
    if asked.stdin and asked.paths:
        raise UsageError("--stdin takes no PATH")
    if (asked.since or asked.branch or asked.all_refs) and not (asked.history or asked.many):
        raise UsageError("--since, --branch and --all need --history")


def _settings(config: str | None, fail_on: str | None) -> Settings:
    import msgspec

    from strongroom.model.settings import Settings
    from strongroom.survey import settings

    if config is not None and not Path(config).is_file():
        raise UsageError(f"configuration {config} does not exist")
    file = Path(config) if config is not None else settings.find(Path.cwd())
    loaded = settings.load(file, _checks()) if file is not None else Settings()
    if fail_on is None:
        return loaded
    return msgspec.structs.replace(loaded, fail_on=settings.severity(fail_on, "--fail-on"))


def _checks() -> frozenset[str]:
    """Return the ids that a configuration may name; the checks are imported only where there is one."""
    from strongroom.posture.checks import CHECKS

    return frozenset(check.id for check in CHECKS)

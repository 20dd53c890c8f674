"""``strongroom scan``: secret values in files, in history, and in what is about to be committed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from strongroom.cli.common import outputs, progress, terminal, write
from strongroom.cli.scan_known import known_options, prepare, refuse, taken
from strongroom.cli.scan_options import (
    acceptance_of,
    accepting_options,
    options_of,
    rules_of,
    say_unused,
    test_rules,
    top_of,
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
    from strongroom.report.terminal import Terminal

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
def command(
    paths: tuple[str, ...],
    stdin: bool,
    history: bool,
    since: str,
    branch: str,
    all_refs: bool,
    staged: bool,
    shape: str,
    output: tuple[str, ...],
    fail_on: str | None,
    no_gitignore: bool,
    max_file_size: int,
    archive_depth: int,
    config: str | None,
    fingerprint_key: str | None,
    strict: bool,
    verbose: bool,
    quiet: bool,
    color: bool | None,
    spark: str | None,
    repos: str | None,
    rows: str | None,
    range_size: int,
    **accepting: Any,
) -> int:
    """Find secret values in files, in the history of a repository, and in what is about to be committed.

    PATH is a file or a folder, by default the current one; with --history or --staged, a repository.
    """
    many = spark is not None or repos is not None or rows is not None
    scope = bool(since or branch or all_refs) and not many
    _refuse_contradictions(paths, stdin=stdin, history=history, staged=staged, scope=scope)
    known = taken(accepting)
    refuse(known, staged=staged)
    chosen = options_of(accepting)
    if chosen.test_rule is not None:
        return test_rules(Path(chosen.test_rule))
    if many:
        files = outputs(output, FORMATS)
        others = {
            "PATH": paths,
            "--stdin": stdin,
            "--staged": staged,
            "--inventory": known.inventory,
            "--verify": known.verify,
        }
        fleet = Fleet(spark, repos, rows, range_size, since, branch, all_refs, max_file_size, archive_depth)
        report = scan_fleet(fleet, chosen, others, _settings(config, fail_on), fingerprint_key, quiet=quiet)
        return _said(report, files, shape, terminal(color=color, verbose=verbose, strict=strict), quiet=quiet)
    rules = rules_of(chosen, quiet=quiet)
    library = _loading(rules)  # first of all: the rest is imported while the rules load
    from strongroom.survey import fingerprint_key as keys
    from strongroom.survey.scan_blobs import Blobs

    alone = staged and chosen.baseline is None and chosen.write_baseline is None and not chosen.audit_baseline
    key = keys.load_passing(fingerprint_key) if alone else keys.load(fingerprint_key)
    root = top_of(paths[0] if paths else ".") if history or staged else Path()
    acceptance = acceptance_of(chosen, key, rules, root)
    blobs = Blobs(key, library, acceptance)
    from strongroom.survey.scan import ScanRequest, scan

    files = outputs(output, FORMATS)
    with progress(quiet=quiet) as show:
        prepare(blobs, key, library, show, known)
        request = ScanRequest(
            paths=paths or (".",),
            key=key,
            settings=_settings(config, fail_on),
            stdin=stdin,
            history=history,
            staged=staged,
            since=since,
            branch=branch,
            all_refs=all_refs,
            gitignore=not no_gitignore,
            max_bytes=max_file_size << 20,
            archive_depth=archive_depth,
            progress=show,
        )
        report = scan(request, blobs)
    if not quiet:
        say_unused(acceptance)
    if chosen.audit_baseline:
        from strongroom.cli.scan_audit import audit_baseline

        return audit_baseline(chosen, key, acceptance)
    if chosen.write_baseline is not None:
        return write_baseline(chosen, key, acceptance)
    return _said(report, files, shape, terminal(color=color, verbose=verbose, strict=strict), quiet=quiet)


def _said(report: Report, files: list[tuple[Path, Format[Any]]], shape: str, shown: Terminal, *, quiet: bool) -> int:
    from strongroom.report.outcome import exit_code

    write(report, files, None if quiet else by_id(shape, FORMATS), shown)
    return exit_code(report, strict=shown.strict)


def _loading(rules: CustomRules) -> Library:
    """Return the library's rules and further ones, which load in the background."""
    import threading

    from strongroom.leaks.library import Library

    library = Library(rules.paths)
    threading.Thread(target=library.load, daemon=True).start()
    return library


def _refuse_contradictions(paths: tuple[str, ...], *, stdin: bool, history: bool, staged: bool, scope: bool) -> None:
    if stdin + history + staged > 1:
        raise UsageError("--stdin, --history and --staged exclude each other")
    if stdin and paths:
        raise UsageError("--stdin takes no PATH")
    if scope and not history:
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

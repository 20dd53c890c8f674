"""``strongroom seal renew``: everything under the newest key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from strongroom.cli.asking import YES, confirmed
from strongroom.cli.plan_carrying import Carrying, digits, going_on
from strongroom.cli.root import CLEAN, FINDINGS
from strongroom.cli.seal.options import (
    Cluster,
    certificate,
    cluster_of,
    controller_options,
    files_of,
    keys_option,
    known,
    private_keys,
    remember,
    say,
    with_controller,
)
from strongroom.errors import UsageError

if TYPE_CHECKING:
    from strongroom.files.sealed.controller import Controller
    from strongroom.files.sealed.known import Known
    from strongroom.survey.seal_renew import Renewal
    from strongroom.survey.seal_tree import SealedFile


@click.command("renew")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--cert", metavar="FILE|URL", help="With exported keys: certificate of the newest one.")
@controller_options
@keys_option
@click.option("--plan", type=click.Path(dir_okay=False), help="Save it as a plan, and do nothing.")
@click.option("--root", default=".", type=click.Path(file_okay=False, exists=True), help="Folder that the plan is for.")
@click.option("--dry-run", is_flag=True, help="Only show what would be sealed anew.")
@YES
@click.option("--fingerprint-key", type=click.Path(dir_okay=False), help="File with the key for fingerprints.")
@click.option("--no-gitignore", is_flag=True, help="Read files that .gitignore leaves out too.")
def command(
    paths: tuple[str, ...],
    cert: str | None,
    exported: tuple[str, ...],
    plan: str | None,
    root: str,
    dry_run: bool,
    yes: bool,
    fingerprint_key: str | None,
    no_gitignore: bool,
    **options: Any,
) -> int:
    """Seal the values of a tree anew under the newest key; each keeps its scope.

    With exported keys it is done here, and what is under the newest key already
    stays as it is. Else the cluster's controller does it (it never shows a
    value), for every value: without a key nobody can tell which are old. Only
    the sealed values change in the files. Exit codes: 0 done, 1 some could not
    be sealed anew, 2 it could not be done.
    """
    from strongroom.crypto.memory import guard
    from strongroom.survey import fingerprint_key as keys
    from strongroom.survey.seal_tree import sealed_files

    guard()
    cluster = cluster_of(options)
    files = [*sealed_files(files_of(paths or (".",), gitignore=not no_gitignore))]
    if not files:
        raise UsageError("there is no SealedSecret", hint="name files or folders that hold some")
    remembered = known(fingerprint_key)
    key = keys.load(fingerprint_key)
    if exported:
        found = _here(files, cert, exported, cluster, remembered, Path(root), key)
    else:
        if cert is not None:
            raise UsageError("--cert is for exported keys", hint="the controller seals with its own newest key")
        found = _asked(files, cluster, Path(root), key)
    _show(found)
    if not found.plan.steps:
        say("nothing to seal anew")
    elif plan is not None and not dry_run:
        _save(found, plan, key)
    elif not dry_run:
        confirmed(yes=yes)
        _do(found, Path(root), key)
        remember(remembered)
    return FINDINGS if found.failed else CLEAN


def _here(
    files: list[SealedFile],
    cert: str | None,
    exported: tuple[str, ...],
    cluster: Cluster,
    remembered: Known,
    root: Path,
    key: bytes,
) -> Renewal:
    from strongroom.files.sealed.private_keys import newest
    from strongroom.survey.seal_renew import offline, renewal

    keys = private_keys(exported)
    if cert is not None:
        found = certificate(cert, cluster)
        public, fingerprint = found.key, found.fingerprint
    else:
        best = newest(keys)
        public, fingerprint = best.key.public_key(), best.fingerprint
    return renewal(files, offline(keys, public, fingerprint, remembered), root, key)


def _asked(files: list[SealedFile], cluster: Cluster, root: Path, key: bytes) -> Renewal:
    from strongroom.errors import AnswerError, ClusterError, StrongroomError, UnreachableError
    from strongroom.files.sealed.sealed import SealedSecret
    from strongroom.survey.seal_renew import renewal

    answers: dict[int, dict[str, str] | StrongroomError] = {}

    async def ask(controller: Controller) -> None:
        await controller.certificate()  # where there is no controller, that is the error, and not one for each object
        for sealed in (sealed for file in files for sealed in file.objects):
            try:
                answers[id(sealed)] = await controller.sealed_anew(sealed)
            except (UnreachableError, AnswerError):
                raise
            except StrongroomError as error:
                answers[id(sealed)] = error

    def anew(sealed: SealedSecret) -> dict[str, str]:
        answer = answers[id(sealed)]
        if isinstance(answer, StrongroomError):
            raise ClusterError(answer.message)
        return answer

    with_controller(cluster, ask)
    return renewal(files, anew, root, key)


def _show(found: Renewal) -> None:
    from strongroom.report.sanitise import line
    from strongroom.survey.seal_renew import shown

    for text in shown(found.plan):
        click.echo(line(text))
    if found.kept:
        click.echo(f"{found.kept} value{'' if found.kept == 1 else 's'} under the newest key already")
    for text in found.failed:
        click.echo(line(f"left as it is: {text}"))


def _save(found: Renewal, path: str, key: bytes) -> None:
    from strongroom.plans.saved import save

    save(found.plan, Path(path), key)
    say(f"saved {path}; strongroom plan apply {path} does it")


def _do(found: Renewal, root: Path, key: bytes) -> None:
    from strongroom.plans.apply import Doing
    from strongroom.survey.fingerprint_key import state_folder

    with going_on(found.plan, Carrying(root=str(root))):
        count = Doing(found.plan, root, key, state_folder()).apply()
    say(f"{count} file{'' if count == 1 else 's'} written")
    say(f"strongroom plan undo {digits(found.plan)} goes back")

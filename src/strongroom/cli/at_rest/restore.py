"""``strongroom at-rest restore``."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from strongroom.cli.asking import YES
from strongroom.cli.at_rest.backup.options import counted, key_context, say
from strongroom.cli.common import CONTEXT_OPTIONS, together
from strongroom.cli.root import CLEAN
from strongroom.errors import DocumentError, OutputError, UsageError

if TYPE_CHECKING:
    from strongroom.survey.at_rest.backup import Open
    from strongroom.survey.at_rest.restore_plan import Planned

_NAMED = 20
_CLUSTER_ONLY = (
    "context", "kubeconfig", "select", "namespace", "on_conflict", "create_namespaces", "dry_run", "yes", "plan_file",
)  # fmt: skip


class _How(NamedTuple):
    """The options about a cluster."""

    context: str
    kubeconfig: str | None
    select: tuple[str, ...]
    namespace: tuple[str, ...]
    on_conflict: str
    create_namespaces: bool
    dry_run: bool
    yes: bool
    plan_file: str | None
    fingerprint_key: str | None


@click.command("restore")
@click.argument("file", type=click.Path(dir_okay=False))
@together(*CONTEXT_OPTIONS)
@click.option(
    "--select", multiple=True, metavar="PATTERN", help="Only these, as NAMESPACE/NAME with * and ?. Repeatable."
)
@click.option("--namespace", multiple=True, metavar="OLD=NEW", help="What was in OLD goes to NEW. Repeatable.")
@click.option(
    "--on-conflict",
    type=click.Choice(["fail", "skip", "replace", "newer"]),
    default="fail",
    show_default=True,
    help="What becomes of a Secret that is there and differs; newer replaces it where the backup's was written later.",
)
@click.option("--create-namespaces", is_flag=True, help="Make namespaces that are missing.")
@click.option("--dry-run", is_flag=True, help="Show it, and have the API server try it.")
@YES
@click.option(
    "--plan", "plan_file", type=click.Path(dir_okay=False), help="Save the plan; without --yes, do nothing else."
)
@click.option("--fingerprint-key", type=click.Path(dir_okay=False), help="File with the key for fingerprints.")
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Of an etcd backup: where the snapshot goes.")
@click.option(
    "--encryption-keys-to",
    "keys_to",
    type=click.Path(file_okay=False),
    help="Only write the kept files to this folder.",
)
@click.pass_context
def command(ctx: click.Context, /, file: str, output: str | None, keys_to: str | None, **options: Any) -> int:
    """Restore Secrets of a backup.

    Nothing is changed before the whole file was checked. What would be made and
    replaced is shown with fingerprints, tried by the API server and asked about; it
    can be gone on with after an interruption (strongroom plan resume), and gone back
    on (strongroom plan undo).
    """
    from strongroom.atrest.backup_records import ETCD
    from strongroom.survey.at_rest.backup import opened

    given = {name for name in ctx.params if ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE}
    with opened(Path(file), key_context()) as backup:
        etcd = backup.contents().manifest.kind == ETCD
        if etcd or keys_to is not None:
            wrong = given.intersection(_CLUSTER_ONLY)
            if wrong or (output is not None) is not etcd:
                raise UsageError(
                    f"{file} holds an etcd snapshot" if etcd else "only files are written",
                    hint="-o FILE alone says where it goes"
                    if etcd
                    else "--encryption-keys-to goes without other options",
                )
            return _write_snapshot(backup, str(output)) if etcd else _write_files(backup, Path(str(keys_to)))
        if output is not None:
            raise UsageError("-o is for the snapshot of an etcd, and the backup holds Secrets")
        how = _How(**options)
        planned = _planned(backup, Path(file), how)
    return _carry_out(planned, how)


def _planned(backup: Open, path: Path, how: _How) -> Planned:
    from typing import cast

    from strongroom.atrest.backup_changes import OnConflict, Rules
    from strongroom.kube.connection import Asked
    from strongroom.plans.saved import key_id
    from strongroom.survey import fingerprint_key as keys
    from strongroom.survey.at_rest.restore_plan import Target, planned

    key = keys.load(how.fingerprint_key)
    rules = Rules(how.select, _mapped(how.namespace), cast(OnConflict, how.on_conflict))
    asked = Asked(how.context, how.kubeconfig)
    target = Target(asked, rules, how.create_namespaces, key, how.fingerprint_key or os.environ.get(keys.VARIABLE))
    return planned(backup, path, target, key_id(key))


def _mapped(pairs: tuple[str, ...]) -> dict[str, str]:
    from strongroom.atrest.backup_secrets import is_name

    found = {}
    for pair in pairs:
        old, sign, new = pair.partition("=")
        if not sign or not is_name(old) or not is_name(new):
            raise UsageError(f"--namespace {pair} is not of the form OLD=NEW")
        if old in found:
            raise UsageError(f"--namespace says twice where {old} goes")
        found[old] = new
    return found


def _carry_out(planned: Planned, how: _How) -> int:
    from strongroom.cli.plan_carrying import Carrying, carry_out
    from strongroom.survey.at_rest.restore import try_out

    _say(planned)
    if planned.restore is None:
        say("there is nothing to do")
        return CLEAN
    code = carry_out(planned.plan, Carrying(".", how.dry_run, how.yes, how.plan_file, how.fingerprint_key))
    if how.dry_run:
        try_out(planned.restore, say)
        say("the API server would take all of it; nothing was changed")
    return code


def _say(planned: Planned) -> None:
    if planned.unchanged:
        say(f"{counted(planned.unchanged, 'Secret is', 'Secrets are')} there already, as in the backup")
    for why, count in Counter(why for _, why in planned.skipped).items():
        places = [str(place) for place, reason in planned.skipped if reason == why]
        more = f" and {count - _NAMED:,} more" if count > _NAMED else ""
        say(f"left alone, for {why}: {', '.join(places[:_NAMED])}{more}")


def _write_snapshot(backup: Open, output: str) -> int:
    from strongroom.atrest.backup_snapshot import checked
    from strongroom.writing import replace_file

    _refuse_present(output)
    replace_file(Path(output), checked(backup.contents().rest, backup.name), mode=0o600, what="snapshot")
    say(f"wrote {output}; etcdutl snapshot restore makes a data folder of it")
    return CLEAN


def _write_files(backup: Open, folder: Path) -> int:
    found = list(_files(backup))
    if not found:
        raise UsageError(f"{backup.name} holds no encryption keys", hint="backup --with-encryption-keys keeps them")
    for path, _ in found:
        _refuse_present(str(folder / path))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path, data in found:
        _write_new(folder / path, data)
        say(f"wrote {folder / path}")
    return CLEAN


def _write_new(path: Path, data: bytes) -> None:
    """Write a file that is not there; where a link appeared in its place meanwhile, it is not followed."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as stream:  # noqa: PTH123 - a descriptor, not a path
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise OutputError(f"{path} cannot be written", hint=(error.strerror or "").lower()) from None


def _files(backup: Open) -> Iterator[tuple[str, bytes]]:
    """Yield the kept files, when the whole backup was checked; by their last names."""
    from strongroom.atrest.backup_records import KeptFile, records

    found = [one for one in records(backup.contents(), backup.name) if isinstance(one, KeptFile)]
    names: set[str] = set()
    for one in found:
        last = Path(one.path).name
        if last in ("", "..") or not last.isprintable():
            raise DocumentError(f"{backup.name} keeps a file under a name that is none")
        name = next(name for name in (last, *(f"{n}-{last}" for n in range(2, len(found) + 2))) if name not in names)
        names.add(name)
        yield name, one.data.reveal()


def _refuse_present(path: str) -> None:
    if os.path.lexists(path):
        raise UsageError(f"{path} is there already")

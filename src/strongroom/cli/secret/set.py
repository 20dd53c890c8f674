"""``strongroom secret set``."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click

from strongroom.cli.root import CLEAN
from strongroom.cli.secret.opening import Cluster, ask, cluster_options, say
from strongroom.cli.secret.values import asked, from_stdin, generated, noted
from strongroom.errors import UsageError
from strongroom.model.plaintext import Plaintext

if TYPE_CHECKING:
    from strongroom.files.secret.inputs import Values
    from strongroom.files.sops.opened import Opened
    from strongroom.kube.client import Client


@click.command("set")
@click.argument("name", metavar="FILE|NAME")
@click.argument("key")
@click.option("--from-stdin", "stdin", is_flag=True, help="Standard input, whole.")
@click.option("--from-file", "file", metavar="FILE", help="The contents of a file.")
@click.option("--generate", metavar="WHAT", help="Made now: password:32, hex, uuid, ssh-ed25519 ...")
@click.option("--cluster", "live", is_flag=True, help="NAME is a Secret of the cluster of the current context.")
@click.option("-n", "--namespace", default="", metavar="NAME", help="Its namespace in the cluster.")
@click.option("--dry-run", is_flag=True, help="Of a cluster: let it try the change, and leave it.")
@cluster_options
def command(
    name: str,
    key: str,
    stdin: bool,
    file: str | None,
    generate: str | None,
    live: bool,
    namespace: str,
    dry_run: bool,
    context: str,
    kubeconfig: str | None,
    as_user: str | None,
    as_group: tuple[str, ...],
) -> int:
    """Change one value of a Secret, or add one; by default it is asked for, unseen.

    In an encrypted FILE only the line of the value changes, its version (the label
    strongroom.dev/version) and the time of the change; what it has of both is raised.
    """
    from strongroom.crypto.memory import guard
    from strongroom.files.secret import inputs

    guard()
    if sum(map(bool, (stdin, file, generate))) > 1:
        raise UsageError("--from-stdin, --from-file and --generate exclude each other")
    if dry_run and not (live or context):
        raise UsageError("--dry-run is for a cluster")
    values = inputs.gather(_values(key, stdin=stdin, file=file, generate=generate))
    if live or context:
        _in_cluster(name, values, Cluster(context, kubeconfig, as_user, as_group, namespace), dry_run=dry_run)
    else:
        _in_file(name, values)
    return CLEAN


def _values(key: str, *, stdin: bool, file: str | None, generate: str | None) -> Iterator[tuple[str, Plaintext]]:
    from pathlib import Path

    from strongroom.files.secret import inputs

    if generate:
        yield from generated(f"{key}={generate}")
    elif stdin:
        yield from noted([(key, from_stdin(key))])
    elif file:
        yield from noted([(key, inputs.read(Path(file)))])
    else:
        yield key, asked(key)


def _in_file(file: str, values: Values) -> None:
    from strongroom.cli.file import options
    from strongroom.cli.secret.writing import check_hidden
    from strongroom.files.krm_open import objects

    given = options.read_input(file)
    found = options.opened(given, options.key_context())
    bodies = objects(found.plain().reveal(), file)
    if len(bodies) != 1 or bodies[0].get("kind") != "Secret":
        raise UsageError(f"{file} is not one Secret", hint="strongroom file set changes values of other files")
    _check_shape(bodies[0], file)
    data = _changed(found, bodies[0], values)
    check_hidden(data, file, "the rule of the file")
    options.write(data, given, in_place=True)


def _check_shape(body: dict[str, Any], file: str) -> None:
    """Refuse a Secret that the API server would refuse: a part of it would be overwritten."""
    metadata = body.get("metadata") or {}
    own = metadata if isinstance(metadata, dict) else {}
    parts = {"metadata": metadata, "data": body.get("data"), "stringData": body.get("stringData")}
    parts |= {field: own.get(field) for field in ("labels", "annotations")}
    for field, part in parts.items():
        if part is not None and not isinstance(part, dict):
            raise UsageError(f"{field} of the Secret in {file} is no mapping", hint="strongroom file edit mends it")


def _changed(found: Opened, body: dict[str, Any], values: Values) -> bytes:
    """Return the file with new values, one after the other; the version is raised once."""
    from strongroom.files.sops.opened import open_file
    from strongroom.files.sops.sealing import set_value
    from strongroom.keys.process import now

    time, data = now(), b""
    for where, value in (*_wanted(body, values), *_marks(body, time)):
        data = set_value(found, where, Plaintext(json.dumps(value, ensure_ascii=False)), time)
        found = open_file(data, found.format, _always(found.data_key))
    return data


def _always(key: Plaintext) -> Callable[[object], Plaintext]:
    return lambda _: key


def _wanted(body: dict[str, Any], values: Values) -> Iterator[tuple[tuple[str, ...], str]]:
    from strongroom.files.secret.writing import survives

    for key, value in values.items():
        text = value.reveal_text()
        # stringData counts where both have a key, so that a key stays where it is.
        readable = key in (body.get("stringData") or {}) or ("data" not in body and "stringData" in body)
        if readable and text is not None and survives(text):
            yield ("stringData", key), text
        elif key in (body.get("stringData") or {}):
            raise UsageError(f"the new value of {key} is no text, and stringData holds texts alone")
        else:
            yield ("data", key), b64encode(value.reveal()).decode()


def _marks(body: dict[str, Any], time: str) -> Iterator[tuple[tuple[str, ...], str]]:
    from strongroom.files.secret.manifest import ROTATED_AT, VERSION, next_version

    metadata = body.get("metadata") or {}
    raised = next_version(str((metadata.get("labels") or {}).get(VERSION, "")))
    if raised is not None:
        yield ("metadata", "labels", VERSION), raised
    if ROTATED_AT in (metadata.get("annotations") or {}):
        yield ("metadata", "annotations", ROTATED_AT), time


def _in_cluster(name: str, values: Values, cluster: Cluster, *, dry_run: bool) -> None:
    from strongroom.files.secret.names import check_name
    from strongroom.keys.process import now
    from strongroom.kube import secret_writer

    check_name(name, ".*")  # it becomes a part of a path

    async def change(client: Client, namespace: str) -> str:
        seen = await secret_writer.metadata(client, namespace, name)
        if seen is None:
            raise UsageError(
                f"there is no Secret {namespace}/{name}", hint="strongroom secret create --apply makes one"
            )
        patch: dict[str, Any] = {"metadata": {"resourceVersion": seen.get("resourceVersion", "")}}
        patch["data"] = {key: b64encode(value.reveal()).decode() for key, value in values.items()}
        for (_, field, mark), text in _marks({"metadata": seen}, now()):
            patch["metadata"].setdefault(field, {})[mark] = text
        for trial in (True,) if dry_run else (True, False):
            await secret_writer.patch(client, namespace, name, patch, dry_run=trial)
        return f"{namespace}/{name}"

    result = ask(cluster, change)
    say(f"Secret {result} changed{' on trial; nothing was changed' if dry_run else ''}")

"""The manifests of a folder, decrypted, as a config-management plugin of Argo CD prints them."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from strongroom.documents.limits import DEFAULT
from strongroom.documents.yaml import Document
from strongroom.documents.yaml import read as documents
from strongroom.errors import SourceError
from strongroom.files.krm import answer
from strongroom.files.krm_config import KSOPS, OURS
from strongroom.files.krm_open import Open, is_encrypted, objects, read_below, read_file
from strongroom.files.secret.writing import dump
from strongroom.model.plaintext import Plaintext
from strongroom.sources.kustomize import parse, program
from strongroom.sources.objects import KUSTOMIZATION_FILES

_SUFFIXES = (".yaml", ".yml", ".json")
_SECONDS = 300
# Both names of the annotation (sigs.k8s.io/kustomize/kyaml, fn/runtime/runtimeutil), also as a JSON patch has them.
_PROGRAM = re.compile(rb"config\.(?:kubernetes|k8s)\.io(?:/|~1)function\b")
# What kustomize runs for our configuration and for that of KSOPS: this program, whatever stands in the repository. What
# it says goes to a file of its own, because what kustomize and kubectl say may quote the input.
_PLUGIN = '#!/bin/sh\nPATH={path} exec {command} "$@" 2>>{said}\n'
# kustomize runs functions in containers without being asked (kyaml, fn/runtime/container), by this name alone.
_DOCKER = "#!/bin/sh\necho 'error: a function runs in a container, which is not started' >>{said}\nexit 1\n"


def render(
    folder: Path, open_: Open, environment: Mapping[str, str], *, recursive: bool = False, require_mac: bool = False
) -> Plaintext:
    """Return all manifests of a folder with nothing encrypted left.

    A folder with a kustomization is built with ``kustomize`` or ``kubectl``, with Strongroom as the only plugin:
    ``--enable-exec`` is not given, so that nothing in the folder makes another program run.

    Args:
        folder: the folder.
        open_: decrypts a file.
        environment: of the process; kustomize gets it, because its plugin needs the keys that it names.
        recursive: read sub-folders too, where there is no kustomization.
        require_mac: refuse what passed through kustomize and whose MAC does not fit.

    Raises:
        SourceError: the folder or a manifest cannot be read, or kustomize refuses it.
        TamperedError, KeyUseError: something cannot be opened.
    """
    if any((folder / name).is_file() for name in KUSTOMIZATION_FILES):
        _refuse_programs(folder)
        return answer(_built(folder, environment), folder, open_, require_mac=require_mac)
    names = sorted(_manifests(folder, recursive=recursive))
    if not names:
        raise SourceError(f"folder {folder} has neither a kustomization nor a manifest")
    return Plaintext(b"---\n".join(piece for name in names for piece in _read(folder, name, open_)))


def _manifests(folder: Path, *, recursive: bool) -> Iterator[str]:
    def failed(error: OSError) -> None:
        raise SourceError(f"folder {error.filename} cannot be read", hint=(error.strerror or "").lower())

    for place, folders, files in os.walk(folder, onerror=failed):
        folders[:] = sorted(name for name in folders if recursive and not name.startswith("."))
        for name in files:
            if name.endswith(_SUFFIXES) and not name.startswith("."):
                yield os.path.relpath(os.path.join(place, name), folder)  # noqa: PTH118 - stays relative to the folder


def _read(folder: Path, name: str, open_: Open) -> Iterator[bytes]:
    data = read_below(folder, name)
    found = objects(data, name)
    if any(map(is_encrypted, found)):
        data = open_(data, name, True).reveal()
        found = objects(data, name)
    for body in found:
        if not (isinstance(body.get("apiVersion"), str) and isinstance(body.get("kind"), str)):
            raise SourceError(f"{name} is no manifest", hint="an object has apiVersion and kind")
    if found:
        # What could hold several documents, or a mark of order, is written anew; a manifest stays as it is.
        yield data.rstrip() + b"\n" if len(found) == 1 and not name.endswith(".json") else dump(found).reveal()


def _refuse_programs(folder: Path) -> None:
    """Refuse kustomizations that name programs: kustomize would pass them over, and what they make would be missing."""
    waiting, seen = [folder.resolve()], set[Path]()
    while waiting:
        place = waiting.pop()
        file = next((place / name for name in KUSTOMIZATION_FILES if (place / name).is_file()), None)
        if place in seen or file is None:
            continue
        seen.add(place)
        kustomization = parse(file, read_file(file), DEFAULT)
        if kustomization is None:
            continue
        waiting += kustomization.folders
        texts = [read_file(path) for path in (file, *kustomization.files) if path.is_file()]
        if any(map(_names_program, texts)):
            raise SourceError(
                f"{os.path.relpath(file, folder)} of {folder} names a program to run",
                hint="take the annotation config.kubernetes.io/function away: EncryptedFiles and ksops need none here",
            )


def _names_program(data: bytes) -> bool:
    """Tell whether a file, or a file in a text of it, has the annotation, also where escapes spell it."""
    if _PROGRAM.search(data):
        return True
    if b"\\" not in data and b"\0" not in data:  # neither an escape nor UTF-16
        return False
    bodies = [found.body for found in documents(data) if isinstance(found, Document)]
    texts = [text.encode(errors="replace") for text in _texts(bodies)]
    return any(_names_program(text) for text in texts if len(text) < len(data))


def _texts(body: Any) -> Iterator[str]:
    if isinstance(body, str):
        yield body
    elif isinstance(body, dict):
        for key, value in body.items():
            yield from _texts(key)
            yield from _texts(value)
    elif isinstance(body, list):
        for value in body:
            yield from _texts(value)


def _built(folder: Path, environment: Mapping[str, str]) -> bytes:
    command = program()
    if command is None:
        raise SourceError(f"{folder} needs kustomize, which is not installed", hint="kustomize or kubectl")
    with tempfile.TemporaryDirectory(prefix="strongroom-") as home:
        said = Path(home, "said")
        path = environment.get("PATH", os.defpath)
        _install(Path(home), path, said)
        try:
            done = subprocess.run(
                [*command, "--enable-alpha-plugins", str(folder)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
                env={**environment, "KUSTOMIZE_PLUGIN_HOME": home, "PATH": f"{home}{os.pathsep}{path}"},
            )
        except subprocess.TimeoutExpired:
            raise SourceError(f"{command[0]} took longer than {_SECONDS} s over {folder}") from None
        except OSError as error:
            raise SourceError(f"{command[0]} could not be started", hint=(error.strerror or "").lower()) from None
        reason = _reason(said)
    if done.returncode:
        raise SourceError(f"{command[0]} refuses {folder}", hint=reason or "run it by hand to see why")
    return done.stdout


def _install(home: Path, path: str, said: Path) -> None:
    """Write the plugins, and what stands in the place of a program that kustomize would start."""
    words = {"command": shlex.join([sys.executable, "-m", "strongroom", "krm"]), "path": shlex.quote(path)}
    files = [(home / version / kind.lower() / kind, _PLUGIN) for version, kind in (OURS, KSOPS)]
    for file, text in (*files, (home / "docker", _DOCKER)):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.format(**words, said=shlex.quote(str(said))))
        file.chmod(0o700)


def _reason(said: Path) -> str:
    """Return the first error of our own; nothing where there is none."""
    try:
        lines = said.read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return ""
    return next((line.removeprefix("error: ") for line in lines if line.startswith("error: ")), "")

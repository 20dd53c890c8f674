"""The files of a control plane's host, where the control plane reads them: ``files:/etc/kubernetes``.

Their contents give the same facts as anywhere; here their modes and owners are facts, too. Keys and kubeconfigs belong
where they are: only who may read them is looked at, never what they hold.
"""

from __future__ import annotations

import contextlib
import grp
import hashlib
import os
import pwd
import stat
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from strongroom.documents.limits import Limits
from strongroom.errors import SourceError
from strongroom.model.controlplane import HOST, HostFile, HostFileKind
from strongroom.model.origin import Origin
from strongroom.model.resource import Resource
from strongroom.model.skipped import Reason, Skipped
from strongroom.sources.controlplane_encryption import is_encryption_configuration
from strongroom.sources.manifests import is_manifest, read_manifests
from strongroom.sources.reading import Reading
from strongroom.sources.tree import walk

_CREDENTIALS = (".conf", ".kubeconfig")
_KEYS = (".key",)
_CERTIFICATES = (".crt", ".pub")
_EITHER = (".pem",)
_TOKENS = (".csv",)
_DATABASE = ("member", "snap", "db")  # below --data-dir (go.etcd.io/etcd server/storage/datadir)
_FOLDERS = ("pki", "manifests")
_PEM_BYTES = 1 << 20
_PRIVATE = b"PRIVATE KEY-----"
_MODE_BITS = 0o7777


def read_host(reading: Reading, source: str, limits: Limits, progress: Callable[[str], None]) -> None:
    """Add the files of a host to a reading.

    Args:
        reading: what is added to.
        source: ``files:`` and a folder or a file.
        limits: the size of a file that is read.
        progress: called with the path of each file before it is read.

    Raises:
        SourceError: there is no such folder or file, or it may not be read.
    """
    root = Path(source.removeprefix(HOST))
    if not source.removeprefix(HOST):
        raise SourceError(f"{source} names no folder", hint="files:/etc/kubernetes is the usual one")
    try:
        is_folder = stat.S_ISDIR(root.stat().st_mode)
        if is_folder:
            os.scandir(root).close()
    except OSError as error:
        raise SourceError(f"{source} cannot be read", hint=(error.strerror or "").lower()) from None
    files = [(str(root), root)]
    if is_folder:
        # Written as the user did and never shortened: flags name these files by their whole paths.
        found = walk(root, str(root).rstrip("/"), gitignore=False)
        reading.skipped.extend(found.skipped)
        files = found.files
        _add_folders(reading, source, files)
    for shown, path in files:
        progress(shown)
        _add_file(reading, source, shown, path, limits)


def _add_file(reading: Reading, source: str, shown: str, path: Path, limits: Limits) -> None:
    try:
        kind, digest = _kind_of(path)
        if kind is None and is_manifest(shown):
            kind = _read_manifest(reading, source, shown, path, limits)
        if kind is None:
            reading.other_files += 1
            return
        reading.host_files.append(_host_file(kind, Origin(source, shown), path, digest))
    except OSError as error:
        reading.skipped.append(Skipped(shown, 0, 0, Reason.UNREADABLE, (error.strerror or "").lower()))


def _kind_of(path: Path) -> tuple[HostFileKind | None, str]:
    """Tell what a file is by its name, and of a certificate the digest; None where its contents must tell."""
    suffix = path.suffix.lower()
    if path.parts[-3:] == _DATABASE:
        return HostFileKind.DATABASE, ""
    if suffix in _CREDENTIALS:
        return HostFileKind.CREDENTIAL, ""
    if suffix in _KEYS:
        return HostFileKind.KEY, ""
    if suffix in _TOKENS:
        return HostFileKind.TOKENS, ""
    if suffix in _CERTIFICATES or suffix in _EITHER:
        with path.open("rb") as stream:
            data = stream.read(_PEM_BYTES)
        if suffix in _EITHER and _PRIVATE in data:
            return HostFileKind.KEY, ""
        return HostFileKind.CERTIFICATE, certificate_digest(data)
    return None, ""


def certificate_digest(data: bytes) -> str:
    """Return the SHA-256 of the first certificate's DER; empty where there is none that can be read."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        return hashlib.sha256(x509.load_pem_x509_certificate(data).public_bytes(Encoding.DER)).hexdigest()
    except ValueError:
        return ""


def _read_manifest(reading: Reading, source: str, shown: str, path: Path, limits: Limits) -> HostFileKind | None:
    with path.open("rb") as stream:
        data = stream.read(min(limits.max_bytes, path.stat().st_size) + 1)
    if len(data) > limits.max_bytes:
        reading.skipped.append(Skipped(shown, 0, 0, Reason.TOO_LARGE, f"more than {limits.max_bytes >> 20} MiB"))
        return None
    reading.files += 1
    reading.texts.remember(shown, path)
    before = len(reading.resources)
    read_manifests(reading, source, shown, data, limits)
    return _kind_by_contents(reading.resources[before:])


def _kind_by_contents(resources: Iterable[Resource]) -> HostFileKind | None:
    kinds = [(resource.kind, resource.api_version) for resource in resources]
    if any(is_encryption_configuration(*kind) for kind in kinds):
        return HostFileKind.ENCRYPTION
    return HostFileKind.MANIFEST if ("Pod", "v1") in kinds else None


def _add_folders(reading: Reading, source: str, files: Iterable[tuple[str, Path]]) -> None:
    """Add the folders that matter: of keys, of manifests, of etcd's data."""
    folders: dict[str, Path] = {}
    for shown, path in files:
        if path.parts[-3:] == _DATABASE:
            folders[str(PurePosixPath(shown).parents[2])] = path.parents[2]
        elif path.parent.name in _FOLDERS:
            folders[str(PurePosixPath(shown).parent)] = path.parent
    for shown, path in sorted(folders.items()):
        with contextlib.suppress(OSError):  # it has gone since
            reading.host_files.append(_host_file(HostFileKind.FOLDER, Origin(source, shown), path, ""))


def _host_file(kind: HostFileKind, origin: Origin, path: Path, digest: str) -> HostFile:
    facts = path.lstat()
    return HostFile(
        kind=kind,
        origin=origin,
        mode=facts.st_mode & _MODE_BITS,
        uid=facts.st_uid,
        gid=facts.st_gid,
        owner=_name_of(lambda: pwd.getpwuid(facts.st_uid).pw_name, facts.st_uid),
        group=_name_of(lambda: grp.getgrgid(facts.st_gid).gr_name, facts.st_gid),
        modified=datetime.fromtimestamp(facts.st_mtime, UTC).isoformat(timespec="seconds"),
        digest=digest,
    )


def _name_of(look_up: Callable[[], str], number: int) -> str:
    try:
        return look_up()
    except KeyError:
        return str(number)

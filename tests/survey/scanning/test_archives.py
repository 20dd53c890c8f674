"""A scan looks into archives and images, in folders, in history and in what is about to be committed."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest
from tests.sources.repositories import Repository, token

from strongroom.model.finding import Finding
from strongroom.model.plaintext import Plaintext
from strongroom.model.report import Report
from strongroom.model.skipped import Reason
from strongroom.survey.scanning.blobs import Blobs
from strongroom.survey.scanning.request import ScanRequest
from strongroom.survey.scanning.scan import scan

KEY = b"k" * 32
PASSWORD = "Vx9k2" + "LmQ81zzT"


@pytest.fixture(scope="module")
def blobs() -> Blobs:
    """Return what looks at contents; its rules are loaded once."""
    made = Blobs(KEY)
    made.load()
    return made


def _zip(files: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()


def _tar(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _image() -> bytes:
    low = _tar({"app/conf.env": f"DB_PASSWORD={PASSWORD}\n".encode()})
    high = gzip.compress(_tar({"app/.wh.conf.env": b""}))
    config = {"config": {"Env": [f"GITHUB_TOKEN={token(1)}"]}, "history": []}
    manifest = [{"Config": "c.json", "RepoTags": None, "Layers": ["1.tar", "2.tar"]}]
    files = {"1.tar": low, "2.tar": high, "c.json": json.dumps(config).encode()}
    return _tar({**files, "manifest.json": json.dumps(manifest).encode()})


def _scan(blobs: Blobs, *paths: Path, **options: object) -> Report:
    return scan(ScanRequest(tuple(map(str, paths)), KEY, **options), blobs)  # type: ignore[arg-type]


def _of(report: Report, value: str) -> Finding:
    wanted = Plaintext(value).fingerprint(KEY)
    (found,) = [finding for finding in report.findings if finding.value == wanted]
    return found


def _paths(finding: Finding) -> list[str]:
    return [origin.path.rpartition("/")[2] for origin in (finding.origin, *(r.origin for r in finding.related))]


def test_one_value_in_a_file_and_in_archives(blobs: Blobs, tmp_path: Path) -> None:
    """A value that stands in a file, a ZIP archive and a compressed TAR archive is one finding with three places."""
    text = f"# settings\nDB_PASSWORD={PASSWORD}\n"
    (tmp_path / "x.env").write_text(text)
    (tmp_path / "a.zip").write_bytes(_zip({"x.env": text}))
    (tmp_path / "b.tgz").write_bytes(gzip.compress(_tar({"x.env": text.encode()})))

    found = _of(_scan(blobs, tmp_path), PASSWORD)

    assert _paths(found) == ["a.zip!x.env", "b.tgz!x.env", "x.env"]
    assert {(r.origin.line, r.origin.column) for r in found.related} == {(2, 13)}


def test_archives_stay_closed_on_request(blobs: Blobs, tmp_path: Path) -> None:
    """With a depth of 0 an archive is a binary file like any other."""
    (tmp_path / "a.zip").write_bytes(_zip({"x.env": f"DB_PASSWORD={PASSWORD}\n"}))

    report = _scan(blobs, tmp_path, archive_depth=0)

    assert report.findings == ()
    assert [skipped.reason for skipped in report.skipped] == [Reason.BINARY]


def test_an_image(blobs: Blobs, tmp_path: Path) -> None:
    """What a later layer deletes is found and said to be deleted; the environment of the configuration is found."""
    (tmp_path / "image.tar").write_bytes(_image())

    report = _scan(blobs, tmp_path)

    assert _paths(_of(report, token(1))) == ["image.tar!Dockerfile"]
    deleted = _of(report, PASSWORD)
    assert deleted.origin.path.endswith("image.tar!layer 1!app/conf.env")
    assert "deleted in layer 2" in deleted.message


def test_an_image_layout_is_read_once(blobs: Blobs, tmp_path: Path) -> None:
    """The blobs of an OCI layout are layers, and not archives of their own besides."""
    layer = gzip.compress(_tar({"x.env": f"DB_PASSWORD={PASSWORD}\n".encode()}))
    blobs_of = tmp_path / "image/blobs/sha256"
    blobs_of.mkdir(parents=True)
    manifest = {"config": {"digest": "sha256:" + "c" * 64}, "layers": [{"digest": "sha256:" + "a" * 64}]}
    for name, data in (("a", layer), ("b", json.dumps(manifest).encode()), ("c", b"{}")):
        (blobs_of / (name * 64)).write_bytes(data)
    (tmp_path / "image/oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (tmp_path / "image/index.json").write_text(json.dumps({"manifests": [{"digest": "sha256:" + "b" * 64}]}))

    assert _paths(_of(_scan(blobs, tmp_path), PASSWORD)) == ["image!layer 1!x.env"]


def test_archives_in_history(blobs: Blobs, tmp_path: Path) -> None:
    """An archive that was committed once is opened, under the name that it had, with its commit."""
    repository = Repository(tmp_path)
    first = repository.commit({"lib/a.zip": _zip({"x.env": f"DB_PASSWORD={PASSWORD}\n"})})
    repository.commit({"lib/a.zip": None, "other": "x"})

    found = _of(_scan(blobs, tmp_path, history=True), PASSWORD)

    assert (found.origin.path, found.origin.commit) == ("lib/a.zip!x.env", first)
    assert found.leak is not None
    assert found.leak.present is False


def test_archives_about_to_be_committed(blobs: Blobs, tmp_path: Path) -> None:
    """Of a staged archive, what the committed one holds already is left out."""
    repository = Repository(tmp_path)
    repository.commit({"a.zip": _zip({"x.env": f"DB_PASSWORD={PASSWORD}\n"})})
    repository.write("a.zip", _zip({"x.env": f"DB_PASSWORD={PASSWORD}\n", "y.txt": token(2)}))
    repository.git("add", "-A")

    report = _scan(blobs, tmp_path, staged=True)

    assert [finding.value for finding in report.findings] == [Plaintext(token(2)).fingerprint(KEY)]
    assert report.suppressed["committed"] == 1


def test_a_broken_archive_is_named(blobs: Blobs, tmp_path: Path) -> None:
    """An archive that cannot be read to its end is said so, and the other files are scanned."""
    (tmp_path / "a.zip").write_bytes(_zip({"x.env": "a"})[:-30])
    (tmp_path / "b.txt").write_text(token(3))

    report = _scan(blobs, tmp_path)

    assert len(report.findings) == 1
    assert [skipped.reason for skipped in report.skipped] == [Reason.BAD_DOCUMENT]

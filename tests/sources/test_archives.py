"""Archives and images: everything inside is seen, and nothing hostile costs more than it may."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.model.skipped import Reason, Skipped
from strongroom.sources.archives import ArchiveLimits, Member, image_layout, is_archive, members
from strongroom.sources.archives.compressed import zstd
from strongroom.sources.archives.image import dockerfile

_SMALL = ArchiveLimits(depth=3, member_bytes=1 << 20, floor_bytes=4 << 20, ratio=0, entries=100)
_TEXT = b"user=shop\npassword=one\n"


def _zip(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def _tar(files: dict[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _refuse(skipped: Skipped) -> None:
    raise AssertionError(skipped)


def _read(data: bytes, limits: ArchiveLimits = _SMALL) -> tuple[list[Member], list[Skipped]]:
    skipped: list[Skipped] = []
    return list(members("a", io.BytesIO(data), skipped.append, limits)), skipped


@pytest.mark.parametrize(
    "pack",
    [
        _zip,
        lambda files: _zip(files, zipfile.ZIP_STORED),
        lambda files: _zip(files, zipfile.ZIP_LZMA),
        _tar,
        lambda files: _tar(files, tarfile.GNU_FORMAT),
        lambda files: gzip.compress(_tar(files)),
        lambda files: bz2.compress(_tar(files)),
        lambda files: lzma.compress(_tar(files)),
        lambda files: zstd.compress(_tar(files)),
    ],
)
def test_every_kind_of_archive(pack: Callable[[dict[str, bytes]], bytes]) -> None:
    """Each kind that is recognised is read to the last file, long names included."""
    files = {"app.env": _TEXT, "deep/" * 40 + "naïve.conf": b"x" * 70_000, "empty": b""}

    data = pack(files)
    found, skipped = _read(data)

    assert is_archive(data[:512])
    assert [(m.path, m.data) for m in found] == [(f"a!{name}", text) for name, text in files.items()]
    assert skipped == []


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstd.compress])
def test_a_compressed_file_is_one_member(pack: Callable[[bytes], bytes]) -> None:
    """What is compressed and no archive is one member, named without the suffix where it has one."""
    suffix = {gzip.compress: ".gz", bz2.compress: ".bz2", lzma.compress: ".xz", zstd.compress: ".zst"}[pack]

    (member,) = members(f"logs/app.log{suffix}", io.BytesIO(pack(_TEXT)), _refuse)

    assert member == Member(f"logs/app.log{suffix}!app.log", _TEXT)


def test_archives_inside_archives() -> None:
    """An archive inside an archive is read as deep as the limit allows; what lies deeper is named."""
    deepest = _zip({"app.env": _TEXT})
    data = _tar({"lib/inner.jar": _zip({"backup.tgz": gzip.compress(_tar({"more.zip": deepest, "b.env": _TEXT}))})})

    found, skipped = _read(data)
    everything, _ = _read(data, ArchiveLimits())

    assert [m.path for m in found] == ["a!lib/inner.jar!backup.tgz!b.env"]
    assert [(s.path, s.reason) for s in skipped] == [("a!lib/inner.jar!backup.tgz!more.zip", Reason.LIMIT)]
    assert everything[0].path == "a!lib/inner.jar!backup.tgz!more.zip!app.env"


@given(
    st.dictionaries(
        st.text(st.characters(min_codepoint=33, max_codepoint=0x24F, exclude_characters="/!"), min_size=1, max_size=30),
        st.binary(max_size=3000),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from([_zip, _tar]),
)
def test_round_trip(files: dict[str, bytes], pack: Callable[[dict[str, bytes]], bytes]) -> None:
    """Whatever is put into an archive comes out, unless it is itself an archive or the name of a folder."""
    files = {name: data for name, data in files.items() if not is_archive(data) and name.strip(".")} or {"a": b""}

    found, _ = _read(pack(files))

    assert {m.path.removeprefix("a!"): m.data for m in found} == files


@given(st.binary(max_size=400), st.integers(0, 3000), st.sampled_from(["zip", "tar", "tgz", "txz", "zst"]))
def test_a_broken_archive_never_raises(noise: bytes, at: int, kind: str) -> None:
    """An archive overwritten anywhere is read as far as it goes, and what fails is named."""
    whole = _tar({"a.env": _TEXT * 60, "b.env": _TEXT})
    data = {
        "zip": _zip({"a.env": _TEXT * 60, "b.env": _TEXT}),
        "tar": whole,
        "tgz": gzip.compress(whole),
        "txz": lzma.compress(whole),
        "zst": zstd.compress(whole),
    }[kind]
    broken = data[: at % len(data)] + noise + data[at % len(data) + len(noise) :]

    if is_archive(broken[:512]):
        found, _ = _read(broken)
        assert sum(len(m.data) for m in found) <= 4 << 20


def test_bombs_go_off_early() -> None:
    """What unpacks to more than it may is stopped, and what came out before is kept."""
    zeros = b"\0" * (1 << 20)
    bombs = {
        "zip": _zip({f"{n}": zeros for n in range(9)}),
        "tar.gz": gzip.compress(_tar({f"{n}": zeros for n in range(9)})),
        "nested": _zip({f"{n}.zip": _zip({"zeros": zeros}) for n in range(9)}),
        "entries": _tar({f"{n}": b"" for n in range(101)}),
    }

    for name, data in bombs.items():
        found, skipped = _read(data)
        assert sum(len(m.data) for m in found) <= 4 << 20, name
        assert Reason.LIMIT in {s.reason for s in skipped}, name


def test_a_large_member_is_named_and_left_out() -> None:
    """A file above the limit is skipped, one that lies about its size too; the others are read."""
    lie = bytearray(_zip({"huge": b"\0" * (2 << 20), "b.env": _TEXT}))
    size = (2 << 20).to_bytes(4, "little")
    for at in (lie.index(size), lie.rindex(size)):
        lie[at : at + 4] = (100).to_bytes(4, "little")

    found, skipped = _read(_zip({"huge": b"\0" * (2 << 20), "b.env": _TEXT}))
    lying, _ = _read(bytes(lie))

    assert [m.path for m in found] == ["a!b.env"]
    assert [(s.path, s.reason) for s in skipped] == [("a!huge", Reason.TOO_LARGE)]
    assert all(len(m.data) <= 1 << 20 for m in lying)
    assert "a!b.env" in [m.path for m in lying]


def test_hostile_headers() -> None:
    """A header that claims gigabytes, and a sparse file that claims exabytes, cost nothing."""
    header = tarfile.TarInfo("long")
    header.type, header.size = tarfile.XHDTYPE, 8 << 30
    sparse = tarfile.TarInfo("sparse")
    sparse.type, sparse.size = tarfile.GNUTYPE_SPARSE, 1 << 40

    for info in (header, sparse):
        found, skipped = _read(info.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
        assert found == []
        assert skipped[0].reason in (Reason.TOO_LARGE, Reason.BAD_DOCUMENT)


def test_names_lead_nowhere(tmp_path: Path) -> None:
    """Absolute names, `..` and links are labels: nothing outside is read or written."""
    outside = tmp_path / "outside"
    outside.write_bytes(b"of the host")
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
            link = tarfile.TarInfo(f"link{kind!r}")
            link.type, link.linkname = kind, str(outside)
            archive.addfile(link)
        info = tarfile.TarInfo("../../x\x1b[31m\n")
        info.size = 3
        archive.addfile(info, io.BytesIO(b"abc"))

    found, _ = _read(out.getvalue())

    assert [(m.path, m.data) for m in found] == [("a!../../x\x1b[31m\n", b"abc")]


def test_an_encrypted_member_is_named() -> None:
    """What is encrypted cannot be looked into, and the report says so."""
    data = bytearray(_zip({"a.env": _TEXT, "b.env": _TEXT}))
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(magic) + at] |= 1

    found, skipped = _read(bytes(data))

    assert [m.path for m in found] == ["a!b.env"]
    assert [(s.path, s.reason, s.detail) for s in skipped] == [("a!a.env", Reason.UNREADABLE, "it is encrypted")]


def test_the_dockerfile_of_an_image() -> None:
    """The configuration gives the instructions back, in the forms of the classic builder and of BuildKit."""
    config = {
        "config": {"Env": ["PATH=/bin", 'TOKEN=a "b"'], "Labels": {"owner": "shop"}, "Cmd": ["serve"]},
        "history": [
            {"created_by": "/bin/sh -c #(nop)  ARG TOKEN"},
            {"created_by": "|1 TOKEN=abc /bin/sh -c make"},
            {"created_by": "RUN |2 A=1 B=2 /bin/sh -c make all # buildkit"},
            {"created_by": "/bin/sh -c curl -u me:pw x"},
            {"created_by": "COPY . . # buildkit"},
            {"created_by": 7},
        ],
    }

    assert dockerfile(config).splitlines() == [
        "ARG TOKEN",
        "ARG TOKEN=abc",
        "RUN make",
        "ARG A=1",
        "ARG B=2",
        "RUN make all # buildkit",
        "RUN curl -u me:pw x",
        "COPY . . # buildkit",
        'ENV PATH="/bin"',
        'ENV TOKEN="a \\"b\\""',
        'LABEL owner="shop"',
        'CMD ["serve"]',
    ]


def _saved_image(layers: list[bytes], names: list[str] | None = None) -> bytes:
    """Return an archive as ``docker save`` writes it (https://docs.docker.com/reference/api/engine/, images/get)."""
    names = names or [f"{n:064x}/layer.tar" for n in range(len(layers))]
    config = json.dumps({"config": {"Env": ["TOKEN=abc"]}, "history": []}).encode()
    manifest = json.dumps([{"Config": "config.json", "RepoTags": ["shop:1"], "Layers": names}]).encode()
    return _tar({**dict(zip(names, layers, strict=True)), "config.json": config, "manifest.json": manifest})


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_layers_of_a_saved_image(pack: Callable[[bytes], bytes]) -> None:
    """Every layer is read, and a file that a later layer deletes or replaces says so."""
    low = _tar({"app/a.env": _TEXT, "etc/b.conf": b"1", "opt/x/c.conf": b"2", "keep": b"3"})
    high = gzip.compress(_tar({"app/.wh.a.env": b"", "etc/b.conf": b"4", "opt/x/.wh..wh..opq": b"", "opt/x/d": b"5"}))

    found, skipped = _read(pack(_saved_image([low, high])), ArchiveLimits())

    assert [(m.path, m.note) for m in found] == [
        ("a!Dockerfile", ""),
        ("a!layer 2!etc/b.conf", ""),
        ("a!layer 2!opt/x/d", ""),
        ("a!layer 1!app/a.env", "deleted in layer 2"),
        ("a!layer 1!etc/b.conf", "replaced in layer 2"),
        ("a!layer 1!opt/x/c.conf", "deleted in layer 2"),
        ("a!layer 1!keep", ""),
    ]
    assert skipped == []


def test_a_broken_layer_does_not_hide_the_others() -> None:
    """A layer that cannot be read, or that is missing, is named; the others are read."""
    data = _saved_image([_tar({"a": b"1"}), gzip.compress(b"no archive")[:12], _tar({"c": b"3"})])

    found, skipped = _read(data)

    assert [m.path for m in found] == ["a!Dockerfile", "a!layer 3!c", "a!layer 1!a"]
    assert [(s.path, s.reason) for s in skipped] == [("a!layer 2", Reason.BAD_DOCUMENT)]


@pytest.mark.skipif(not shutil.which("umoci") or not shutil.which("skopeo"), reason="apt-get install umoci skopeo")
def test_images_of_real_programs(tmp_path: Path) -> None:
    """An OCI layout by umoci, and the archive that skopeo makes of it, show the file that a layer deletes."""

    def run(*words: str) -> None:
        subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)

    run("umoci", "init", "--layout", "l")
    run("umoci", "new", "--image", "l:v1")
    run("umoci", "unpack", "--rootless", "--image", "l:v1", "b")
    (tmp_path / "b/rootfs/app.env").write_bytes(_TEXT)
    run("umoci", "repack", "--refresh-bundle", "--image", "l:v1", "b")
    (tmp_path / "b/rootfs/app.env").unlink()
    (tmp_path / "b/rootfs/kept").write_bytes(b"1")
    run("umoci", "repack", "--refresh-bundle", "--image", "l:v1", "b")
    run("umoci", "config", "--image", "l:v1", "--config.env", "TOKEN=abc")
    run("skopeo", "copy", "oci:l:v1", "docker-archive:saved.tar:shop:1")
    run("skopeo", "copy", "oci:l:v1", "oci-archive:oci.tar:shop:1")

    expected = [("Dockerfile", ""), ("layer 2!kept", ""), ("layer 1!app.env", "deleted in layer 2")]
    for name in ("saved.tar", "oci.tar"):
        with (tmp_path / name).open("rb") as stream:
            found = list(members(name, stream, _refuse))
        assert [(m.path.removeprefix(f"{name}!"), m.note) for m in found] == expected
        assert b'ENV TOKEN="abc"' in found[0].data
    layout = list(image_layout(tmp_path / "l", "l", _refuse))
    assert [(m.path.removeprefix("l!"), m.note) for m in layout] == expected


def test_a_layout_does_not_lead_out_of_its_folder(tmp_path: Path) -> None:
    """A layout whose blobs are links to elsewhere shows nothing of what they lead to."""
    digest = "sha256:" + "a" * 64
    (tmp_path / "l/blobs/sha256").mkdir(parents=True)
    (tmp_path / "secret").write_text('{"layers": [], "config": {}}')
    (tmp_path / "l/oci-layout").write_text("{}")
    (tmp_path / "l/index.json").write_text(json.dumps({"manifests": [{"digest": digest}, {"digest": "../x:1"}]}))
    (tmp_path / "l/blobs/sha256" / ("a" * 64)).symlink_to(tmp_path / "secret")

    assert list(image_layout(tmp_path / "l", "l", _refuse)) == []

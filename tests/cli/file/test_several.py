"""Several files on one command line of ``file encrypt`` and ``file decrypt``."""

from __future__ import annotations

import stat

from tests.cli.file.place import MANIFEST, Place

_NAMES = tuple(f"deploy/{number}.yaml" for number in range(5))


def _written(place: Place) -> None:
    for name in _NAMES:
        place.write(name, MANIFEST)


def test_many_go_into_a_folder_and_come_back(place: Place) -> None:
    """Files keep their names below the folder, sops opens each, and decrypted again they are what they were."""
    _written(place)

    place.ours("encrypt", "--output-dir", "sealed", *_NAMES)
    place.ours("decrypt", "--output-dir", "plain", *(f"sealed/{name}" for name in _NAMES))

    for name in _NAMES:
        assert b"Zq7-typed" not in (place.top / "sealed" / name).read_bytes()
        assert b"Zq7-typed-Password" in place.sops("decrypt", f"sealed/{name}").stdout
        plain = place.top / "plain" / "sealed" / name
        assert plain.read_text() == MANIFEST
        assert stat.S_IMODE(plain.stat().st_mode) == 0o600
    assert stat.S_IMODE((place.top / "plain").stat().st_mode) == 0o700


def test_many_go_over_themselves(place: Place) -> None:
    """With -i each file is encrypted where it stands, and decrypted there."""
    _written(place)

    place.ours("encrypt", "-i", *_NAMES)
    assert all(b"ENC[" in (place.top / name).read_bytes() for name in _NAMES)

    place.ours("decrypt", "-i", *_NAMES)
    assert all((place.top / name).read_text() == MANIFEST for name in _NAMES)


def test_what_is_wrong_with_one_does_not_stop_the_rest(place: Place) -> None:
    """A file that cannot be opened is named and not written; all others are, and the exit code says so."""
    _written(place)
    place.ours("encrypt", "-i", *_NAMES)
    sealed = (place.top / _NAMES[1]).read_text()
    place.write(_NAMES[1], sealed.replace('lastmodified: "20', 'lastmodified: "19'))

    done = place.ours("decrypt", "--output-dir", "plain", _NAMES[0], "missing.yaml", *_NAMES[1:], code=2)

    assert sorted(path.name for path in (place.top / "plain").rglob("*.yaml")) == [
        "0.yaml",
        "2.yaml",
        "3.yaml",
        "4.yaml",
    ]
    errors = [line for line in done.stderr.decode().splitlines() if line.startswith("error: ")]
    assert [name in line for name, line in zip(("missing.yaml", _NAMES[1]), errors, strict=True)] == [True, True]


def test_files_outside_go_by_their_names_alone(place: Place) -> None:
    """A file above the current folder lands in the folder; two that would be the same file are refused."""
    place.write("a/x.yaml", MANIFEST)
    place.write("b/x.yaml", MANIFEST)
    (place.top / "here").mkdir()

    place.ours("encrypt", "--output-dir", "out", "../a/x.yaml", folder="here")
    assert (place.top / "here" / "out" / "x.yaml").is_file()

    done = place.ours("encrypt", "--output-dir", "out", "../a/x.yaml", "../b/x.yaml", folder="here", code=2)
    assert b"two files would be written to out/x.yaml" in done.stderr


def test_places_that_exclude_each_other_are_refused(place: Place) -> None:
    """Several files need a place each, standard input is none of them, and a folder excludes other places."""
    _written(place)
    for words in (
        _NAMES,
        ("--output-dir", "out", "-i", _NAMES[0]),
        ("--output-dir", "out", "--output", "x", _NAMES[0]),
        ("-i", "-", _NAMES[0]),
        ("--output-dir", "out", "--filename-override", "x.yaml", _NAMES[0]),
    ):
        assert place.ours("encrypt", *words, code=2).stderr.startswith(b"error: ")
    assert not (place.top / "out").exists()

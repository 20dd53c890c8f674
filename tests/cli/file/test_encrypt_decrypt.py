"""``file encrypt`` and ``file decrypt``, and the real sops on the same files."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
import yaml
from tests.cli.file.place import MANIFEST, Place

FILES: dict[str, str | bytes] = {
    "secret.yaml": MANIFEST,
    "two.yaml": "a: one  # a\n---\nb: [1, 2.50, true, null, '']\n",
    "config.json": '{\n "a": {"b": "one", "c": [1, 2.5, true, null]}\n}\n',
    "app.env": "# first\nPASSWORD=one two\nURL=postgres://a:b@c/d\n",
    "app.ini": "[db]\npassword = one\nuser     = two\n",
    "key.bin": bytes(range(256)),
}


@pytest.mark.parametrize("name", FILES)
def test_ours_is_read_by_sops(place: Place, name: str) -> None:
    """What ours encrypts, sops decrypts to what it makes of the plain file itself."""
    data = FILES[name]
    place.write(name, data)
    expected = place.sops("decrypt", place.sops_encrypted(name)).stdout
    place.ours("encrypt", "-i", name)

    assert place.sops("decrypt", name).stdout == expected


@pytest.mark.parametrize("name", FILES)
def test_sops_is_read_by_ours(place: Place, name: str) -> None:
    """What sops encrypts, ours decrypts to what sops decrypts it to, in the layout of the encrypted file."""
    data = FILES[name]
    place.write(name, data)
    sealed = place.sops_encrypted(name)
    theirs, ours = place.sops("decrypt", sealed).stdout, place.ours("decrypt", sealed).stdout

    if name.endswith(".json"):
        assert json.loads(ours) == json.loads(theirs)
    elif name.endswith(".yaml"):
        assert list(yaml.safe_load_all(ours)) == list(yaml.safe_load_all(theirs))
    else:
        assert ours == theirs


@pytest.mark.parametrize("name", FILES)
def test_the_layout_is_kept(place: Place, name: str) -> None:
    """Encrypted and decrypted again, a file is what it was, to the byte."""
    data = FILES[name]
    path = place.write(name, data)
    before = path.read_bytes()
    place.ours("encrypt", "-i", name)

    assert path.read_bytes() != before
    assert place.ours("decrypt", name).stdout == before
    place.ours("decrypt", "-i", name)
    assert path.read_bytes() == before


def test_standard_input_and_output(place: Place) -> None:
    """Without a file, standard input is read, and a name says by which rule."""
    place.rules("creation_rules:\n  - {{path_regex: ^x/, age: {0}, encrypted_regex: ^b$}}\n")
    sealed = place.ours("encrypt", "--filename-override", "x/a.yaml", stdin=b"a: 1\nb: two\n").stdout

    assert b"a: 1\n" in sealed
    assert place.ours("decrypt", "--filename-override", "a.yaml", stdin=sealed).stdout == b"a: 1\nb: two\n"
    assert place.ours("decrypt", "--input-type", "yaml", stdin=sealed).stdout == b"a: 1\nb: two\n"
    assert place.sops("decrypt", "--filename-override", "a.yaml", stdin=sealed).stdout == b"a: 1\nb: two\n"
    assert b"--filename-override" in place.ours("encrypt", stdin=b"a: 1\n", code=2).stderr


def test_places(place: Place) -> None:
    """Plain text in a new file is for its owner alone; an existing file keeps its mode; places exclude each other."""
    path = place.write("a.yaml", "a: 1\n")
    path.chmod(0o640)
    place.ours("encrypt", "-i", "a.yaml")
    place.ours("decrypt", "--output", "plain.yaml", "a.yaml")

    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert stat.S_IMODE((place.top / "plain.yaml").stat().st_mode) == 0o600
    assert (place.top / "plain.yaml").read_text() == "a: 1\n"
    assert b"exclude" in place.ours("decrypt", "-i", "--output", "x", "a.yaml", code=2).stderr
    assert b"needs a file" in place.ours("decrypt", "-i", stdin=b"", code=2).stderr
    assert b"does not exist" in place.ours("decrypt", "none.yaml", code=2).stderr
    assert b"is a folder" in place.ours("decrypt", ".", code=2).stderr


@pytest.mark.parametrize(
    ("path", "text"), [('["stringData"]["password"]', "Zq7-typed-Password"), ("['metadata']", None), ('["kind"]', None)]
)
def test_extract(place: Place, path: str, text: str | None) -> None:
    """``--extract`` gives what sops gives."""
    place.write("secret.yaml", MANIFEST)
    place.ours("encrypt", "-i", "secret.yaml")
    theirs = place.sops("decrypt", "--extract", path, "secret.yaml").stdout
    ours = place.ours("decrypt", "--extract", path, "secret.yaml").stdout

    assert yaml.safe_load(ours) == yaml.safe_load(theirs)
    assert text is None or ours == theirs == text.encode()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("secret.yaml", "json"),
        ("config.json", "yaml"),
        ("app.env", "json"),
        ("app.env", "yaml"),
        ("app.ini", "yaml"),
        ("flat.yaml", "dotenv"),
        ("flat.json", "dotenv"),
        ("nested.yaml", "ini"),
        ("odd.yaml", "json"),
    ],
)
def test_output_types(place: Place, name: str, kind: str) -> None:
    """``--output-type`` writes what sops writes: the same values, and the same lines where there is no layout."""
    more: dict[str, str | bytes] = {
        "flat.yaml": 'A: one\nB: 2\nC: true\nD: "x\\ny"\nE: 1.50\n',
        "flat.json": '{"A": "one", "B": 2, "C": false, "D": 1234567, "E": 1e-7, "F": 123456.5, "G": -0.0001}',
        "nested.yaml": "db:\n  a: x\n  b: 'p#q'\n  c: ' s'\nother:\n  d: 1\n",
        "odd.yaml": "a: 0o17\nb: 1e3\nc: 2026-01-02\nd: yes\ne: ~\nf: {}\ng: []\nh: '012'\ni: |\n  x\n  y\n",
    }
    place.write(name, (FILES | more)[name])
    sealed = place.sops_encrypted(name)
    theirs = place.sops("decrypt", "--output-type", kind, sealed).stdout
    ours = place.ours("decrypt", "--output-type", kind, sealed).stdout

    if kind == "json":
        assert json.loads(ours) == json.loads(theirs)
    elif kind == "yaml":
        assert yaml.safe_load(ours) == yaml.safe_load(theirs)
    elif kind == "dotenv":
        assert ours == theirs
    else:
        assert ours.decode().split() == theirs.decode().split()


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [("two.yaml", "json", "2 documents"), ("secret.yaml", "dotenv", "metadata"), ("app.env", "ini", "section")],
)
def test_output_types_that_cannot_hold_it(place: Place, name: str, kind: str, said: str) -> None:
    """What a format cannot hold is refused, and nothing is dropped."""
    place.write(name, FILES[name])
    place.ours("encrypt", "-i", name)

    assert said in place.ours("decrypt", "--output-type", kind, name, code=2).stderr.decode()


def test_encrypted_as_another_type(place: Place) -> None:
    """A file can be encrypted as another type than it is in plain."""
    place.write("a.yaml", "a: one\nb: 2\n")
    place.ours("encrypt", "--output-type", "json", "--output", "a.json", "a.yaml")

    assert json.loads(place.sops("decrypt", "a.json").stdout) == {"a": "one", "b": 2}


def test_a_secret_without_a_rule(place: Place) -> None:
    """Without rules, only the values of a Kubernetes Secret are encrypted, and that is said; sops reads the result."""
    (place.top / ".sops.yaml").unlink()
    path = place.write("secret.yaml", MANIFEST)
    said = place.ours("encrypt", "-i", "--age", place.recipients[0], "secret.yaml").stderr.decode()
    text = path.read_text()

    assert "data and stringData of Secrets" in said
    assert "kind: Secret\n" in text
    assert "encrypted_regex: ^(data|stringData)$" in text
    assert "Zq7" not in text
    assert yaml.safe_load(place.sops("decrypt", "secret.yaml").stdout) == yaml.safe_load(MANIFEST)


def test_who_can_open_comes_from_the_environment(place: Place) -> None:
    """The variables of sops name keys, and nobody named is an error with a way out."""
    (place.top / ".sops.yaml").unlink()
    place.write("a.env", "A=1\n")
    sealed = place.ours("encrypt", "a.env", SOPS_AGE_RECIPIENTS=place.recipients[0]).stdout

    assert place.sops("decrypt", "--input-type", "dotenv", "--output-type", "dotenv", stdin=sealed).stdout == b"A=1\n"
    assert b"strongroom file init" in place.ours("encrypt", "a.env", code=2).stderr


def test_the_configuration_that_is_named(place: Place) -> None:
    """``--config`` and ``SOPS_CONFIG`` go before the nearest one; a ``.sops.yml`` is told and not read."""
    place.rules("creation_rules: [{{age: {1}}}]\n")
    place.write("other", f"creation_rules: [{{age: {place.recipients[0]}}}]\n")
    place.write("below/.sops.yml", "creation_rules: []\n")
    place.write("below/a.env", "A=1\n")

    assert place.recipients[0].encode() in place.ours("encrypt", "--config", "other", "below/a.env").stdout
    assert place.recipients[0].encode() in place.ours("encrypt", "below/a.env", SOPS_CONFIG="other").stdout
    done = place.ours("encrypt", "a.env", folder="below")
    assert place.recipients[1].encode() in done.stdout
    assert b".sops.yml is not read" in done.stderr


def test_nothing_chosen_is_refused(place: Place) -> None:
    """A rule that chooses nothing is no quiet success."""
    place.rules("creation_rules:\n  - {{age: {0}, encrypted_regex: ^data$}}\n")
    path = place.write("values.yaml", "password: one\n")

    assert b"chooses nothing" in place.ours("encrypt", "-i", "values.yaml", code=2).stderr
    assert path.read_text() == "password: one\n"


def test_what_is_encrypted_is_refused(place: Place) -> None:
    """A file is not encrypted twice, and what is plain is not decrypted."""
    place.write("a.yaml", "a: one\n")
    assert b"not encrypted" in place.ours("decrypt", "a.yaml", code=2).stderr
    place.ours("encrypt", "-i", "a.yaml")

    assert b"encrypted already" in place.ours("encrypt", "-i", "a.yaml", code=2).stderr


def test_tampering_is_refused(place: Place) -> None:
    """What was changed without the key is refused unless asked, and the error holds neither a value nor a MAC."""
    path = place.write("secret.yaml", MANIFEST)
    place.ours("encrypt", "-i", "--encrypted-regex", "^stringData$", "secret.yaml")
    path.write_text(path.read_text().replace("name: db", "name: other"))
    place.sops("decrypt", "secret.yaml", code=51)
    done = place.ours("decrypt", "secret.yaml", code=2)

    assert done.stdout == b""
    assert b"Zq7" not in done.stderr
    assert not any(len(word) >= 64 for word in done.stderr.split())
    assert b"name: other" in place.ours("decrypt", "--ignore-mac", "secret.yaml").stdout


def test_a_missing_key_is_said(place: Place) -> None:
    """Without the key, the error names who could open the file, and nothing is printed."""
    place.rules("creation_rules:\n  - age: {1}\n")
    place.write("a.yaml", "a: Zq7-one\n")
    place.ours("encrypt", "-i", "a.yaml")
    done = place.ours("decrypt", "a.yaml", code=2)

    assert place.recipients[1].encode() in done.stderr
    assert done.stdout == b""


def test_groups_are_shared(place: Place) -> None:
    """Key groups of a rule hold for both programs."""
    place.rules(
        "creation_rules:\n  - shamir_threshold: 2\n    key_groups:\n"
        "      - age: [{0}]\n      - age: [{1}]\n      - age: [{2}]\n"
    )
    place.keys.write_text("\n".join(place.identities[:2]) + "\n")
    place.write("a.yaml", "a: one\n")
    place.ours("encrypt", "-i", "a.yaml")

    assert place.sops("decrypt", "a.yaml").stdout == b"a: one\n"
    place.keys.write_text(place.identities[0] + "\n")
    place.ours("decrypt", "a.yaml", code=2)


def test_links_are_written_through(place: Place) -> None:
    """A file behind a link is replaced where it is."""
    place.write("real.yaml", "a: 1\n")
    Path(place.top / "link.yaml").symlink_to("real.yaml")
    place.ours("encrypt", "-i", "link.yaml")

    assert (place.top / "link.yaml").is_symlink()
    assert place.sops("decrypt", "real.yaml").stdout == b"a: 1\n"


def test_values_come_out_on_standard_output_alone(place: Place) -> None:
    """What decrypt and get print stands on standard output, and nowhere else: no message, state or temporary file."""
    place.write("secret.yaml", MANIFEST)
    place.ours("encrypt", "-i", "secret.yaml")
    for words in (("decrypt", "secret.yaml"), ("get", "secret.yaml", "stringData.password")):
        done = place.ours(*words, TMPDIR=place.memory)
        assert b"Zq7" in done.stdout
        assert done.stderr == b""
        assert place.kept() == place.in_memory() == []

"""New values: of the form that was asked for, random, and read by the programs that they are for."""

from __future__ import annotations

import base64
import math
import re
import ssl
import subprocess
import uuid
from pathlib import Path

import pytest

from strongroom.crypto import generators
from strongroom.crypto.generators.generator import LEAST_BITS
from strongroom.crypto.generators.kinds import GENERATORS, generate, generator
from strongroom.crypto.generators.passphrase import words
from strongroom.errors import UsageError


def one(asked: str) -> str:
    """Return the only value of a generator, as text."""
    (part,) = generate(asked)
    assert part.suffix == ""
    return part.value.reveal().decode()


def test_list_and_folder_agree() -> None:
    """Every module of the folder that declares a generator is listed, under the id of its name."""
    folder = Path(generators.__file__).parent
    found = {path.stem for path in folder.glob("*.py") if "GENERATOR = " in path.read_text()}
    assert found == {name.replace("-", "_") for name in GENERATORS}
    assert [generator(name).id for name in GENERATORS] == list(GENERATORS)
    page = (folder.parents[3] / "docs" / "secret.md").read_text()
    assert [name for name in GENERATORS if f"`{name}`" not in page] == []


@pytest.mark.parametrize(
    ("asked", "form"),
    [
        ("password", r"[A-Za-z0-9._~-]{32}"),
        ("password:11", r"[A-Za-z0-9._~-]{11}"),
        ("password:200", r"[A-Za-z0-9._~-]{200}"),
        ("alphanumeric", r"[A-Za-z0-9]{32}"),
        ("alphanumeric:16", r"[A-Za-z0-9]{16}"),
        ("hex", r"[0-9a-f]{64}"),
        ("hex:16", r"[0-9a-f]{32}"),
        ("passphrase", r"[a-z]+(-[a-z]+){9}"),
        ("passphrase:6", r"[a-z]+(-[a-z]+){5}"),
    ],
)
def test_form(asked: str, form: str) -> None:
    """A value has the length and the characters that were asked for, and is another one each time."""
    values = {one(asked) for _ in range(50)}
    assert len(values) == 50
    assert all(re.fullmatch(form, value) for value in values)


def test_password_has_every_class() -> None:
    """Even the shortest password has a lower-case and an upper-case letter, a digit and a sign, and ends in no sign."""
    for _ in range(200):
        value = one("password:11")
        assert all(re.search(kind, value) for kind in ("[a-z]", "[A-Z]", "[0-9]", "[-._~]"))
        assert value[0].isalnum()
        assert value[-1].isalnum()


def test_password_uses_its_alphabet_evenly() -> None:
    """Over many passwords each of the 66 characters comes about as often: none is missing, none is favoured."""
    text = "".join(one("password:402")[1:-1] for _ in range(50))
    counts = [text.count(character) for character in set(text)]
    expected = len(text) / 66
    assert len(counts) == 66
    # Eight standard deviations: chance alone does not come so far once in 10**14 runs.
    assert all(abs(count - expected) < 8 * math.sqrt(expected) for count in counts)


def test_base64_holds_the_bytes() -> None:
    """Base64 gives as many random bytes as were asked for, in the standard alphabet."""
    assert len(base64.b64decode(one("base64:48"), validate=True)) == 48
    assert len(base64.b64decode(one("base64"), validate=True)) == 32


def test_uuid_is_random() -> None:
    """A UUID is of version 4, as RFC 9562 writes it."""
    value = one("uuid")
    assert str(uuid.UUID(value)) == value
    assert uuid.UUID(value).version == 4


def test_words_are_told_apart() -> None:
    """The list has 2,048 words, in order, of which no two share their first four letters: 11 bits a word."""
    listed = words()
    assert len(listed) == 2048
    assert listed == sorted(listed)
    assert len({word[:4] for word in listed}) == 2048


@pytest.mark.parametrize(("asked", "kind"), [("ssh-ed25519:ann@example", "ssh-ed25519"), ("ssh-rsa:2048", "ssh-rsa")])
def test_ssh_keygen_reads_the_pair(asked: str, kind: str, tmp_path: Path) -> None:
    """The real ssh-keygen derives from the private half the public half that was given."""
    private, public = generate(asked)
    assert (private.suffix, public.suffix) == ("", ".pub")
    file = tmp_path / "key"
    file.write_bytes(private.value.reveal())
    file.chmod(0o600)
    derived = subprocess.run(["ssh-keygen", "-y", "-f", str(file)], capture_output=True, check=True).stdout
    given = public.value.reveal().decode()
    assert derived.split()[:2] == given.encode().split()[:2]
    assert given.startswith(kind)
    assert given.endswith("ann@example\n") == ("ann" in asked)


def test_openssl_takes_the_certificate(tmp_path: Path) -> None:
    """A server can be started with certificate and key, and the real openssl verifies each name against it."""
    certificate, key = generate("tls:shop.example,*.shop.example,127.0.0.1")
    assert (certificate.suffix, key.suffix) == (".crt", ".key")
    (tmp_path / "crt").write_bytes(certificate.value.reveal())
    (tmp_path / "key").write_bytes(key.value.reveal())
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tmp_path / "crt", tmp_path / "key")
    names = ["-verify_hostname shop.example", "-verify_hostname a.shop.example", "-verify_ip 127.0.0.1"]
    for name in names:
        command = ["openssl", "verify", "-x509_strict", "-CAfile", "crt", *name.split(), "crt"]
        assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0, name
    other = ["openssl", "verify", "-CAfile", "crt", "-verify_hostname", "other.example", "crt"]
    assert subprocess.run(other, cwd=tmp_path, capture_output=True, check=False).returncode != 0


@pytest.mark.parametrize(
    "asked",
    [
        "nothing",
        "",
        "password:10",
        "password:4097",
        "password:-1",
        "password:x",
        "password:٣٢",
        "alphanumeric:10",
        "hex:7",
        "base64:7",
        "passphrase:5",
        "uuid:1",
        "ssh-rsa:1024",
        "ssh-ed25519:a\nb",
        "tls",
        "tls:bad_host",
        "tls:a..b",
        "tls:" + "a" * 254,
    ],
)
def test_refused(asked: str) -> None:
    """What is too short to be safe, or is no argument of the generator, is refused."""
    with pytest.raises(UsageError):
        generate(asked)


@pytest.mark.parametrize(
    ("asked", "bits"),
    [
        ("password:11", 11 * math.log2(66)),
        ("alphanumeric:11", 11 * math.log2(62)),
        ("hex:8", 64),
        ("base64:8", 64),
        ("passphrase:6", 66),
    ],
)
def test_least_is_strong_enough(asked: str, bits: float) -> None:
    """The least that a generator takes has 64 random bits or more."""
    assert bits >= LEAST_BITS
    generate(asked)

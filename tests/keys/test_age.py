"""age: recipients of every kind, key files, and what an error says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, mlkem
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from tests.keys.contexts import DATA_KEY, NOW, Person, context
from tests.keys.plugin import bech32

from strongroom.errors import KeyUseError, UsageError
from strongroom.keys import age
from strongroom.model.plaintext import Plaintext

HEADER_END = b"\n---"


def _decoded(armoured: str) -> bytes:
    return base64.b64decode("".join(armoured.strip().splitlines()[1:-1]))


def _derived(key: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt, info).derive(key)


def _stanza(enc: str, kind: str) -> tuple[list[str], bytes]:
    """The arguments and the body of the one stanza of a kind."""
    header = _decoded(enc).split(HEADER_END)[0].decode()
    (found,) = [part for part in header.split("\n-> ")[1:] if part.split()[0] == kind]
    first, *body = found.splitlines()
    return first.split()[1:], _unpadded("".join(body))


def _unpadded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4))


def test_a_tagged_recipient_wraps_for_its_key() -> None:
    """What is wrapped for age1tag1… opens with its P-256 key, by RFC 9180 and the age format alone."""
    private = ec.generate_private_key(ec.SECP256R1())
    point = private.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    recipient = bech32("age1tag", point)
    wrapped = age.wrap(DATA_KEY, age.parse(recipient)[0], context({}))
    (_, encapsulated), sealed = _stanza(wrapped.enc, "p256tag")
    suite = Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
    file_key = suite.decrypt(_unpadded(encapsulated) + sealed, private, info=b"age-encryption.org/p256tag")
    data = _decoded(wrapped.enc)
    end = data.index(HEADER_END) + len(HEADER_END)
    mac = _unpadded(data[end:].split(b"\n")[0].decode().strip())
    assert mac == hmac.digest(_derived(file_key, b"", b"header"), data[:end], hashlib.sha256)
    payload = data[end:].split(b"\n", 1)[1]
    cipher = ChaCha20Poly1305(_derived(file_key, payload[:16], b"payload"))
    assert cipher.decrypt(b"\0" * 11 + b"\1", payload[16:], None) == DATA_KEY.reveal()


def test_a_post_quantum_recipient_is_wrapped_for() -> None:
    """age1tagpq1… becomes a hybrid stanza of ML-KEM-768 and P-256, without any plugin."""
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    lattice = mlkem.MLKEM768PrivateKey.generate().public_key().public_bytes_raw()
    public = lattice + point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    wrapped = age.wrap(DATA_KEY, age.parse(bech32("age1tagpq", public))[0], context({}))
    (_, encapsulated), sealed = _stanza(wrapped.enc, "mlkem768p256tag")
    assert len(_unpadded(encapsulated)) == 1088 + 65
    assert len(sealed) == 16 + 16


def test_what_age_encrypts_we_open_and_the_other_way_round(tmp_path: Path) -> None:
    """The real age agrees, armoured or not."""
    identity, recipient = age.generate()
    (tmp_path / "keys.txt").write_bytes(age.identity_file(identity, recipient, NOW).reveal())
    theirs = subprocess.run(
        ("age", "-a", "-r", recipient), input=DATA_KEY.reveal(), capture_output=True, check=True
    ).stdout.decode()
    holder = context({"SOPS_AGE_KEY_FILE": str(tmp_path / "keys.txt")})
    ours = age.wrap(DATA_KEY, age.parse(recipient)[0], holder)
    assert age.unwrap(ours._replace(enc=theirs), holder) == DATA_KEY
    opened = subprocess.run(
        ("age", "-d", "-i", tmp_path / "keys.txt"), input=ours.enc.encode(), capture_output=True, check=True
    )
    assert opened.stdout == DATA_KEY.reveal()


def test_a_key_file_is_that_of_age_keygen(tmp_path: Path) -> None:
    """age-keygen reads the recipient out of it, and its lines are those that it writes itself."""
    identity, recipient = age.generate()
    path = tmp_path / "keys.txt"
    path.write_bytes(age.identity_file(identity, recipient, NOW).reveal())
    done = subprocess.run(("age-keygen", "-y", path), capture_output=True, check=True)
    assert done.stdout.decode().strip() == recipient
    theirs = subprocess.run(("age-keygen",), capture_output=True, check=True).stdout.decode().splitlines()
    ours = path.read_text().splitlines()
    assert [line.split(":")[0][:14] for line in ours] == [line.split(":")[0][:14] for line in theirs]


def test_a_key_file_with_a_passphrase() -> None:
    """It holds no identity in clear, asks once for all files, and opens what the identity opens."""
    identity, recipient = age.generate()
    text = age.identity_file(identity, recipient, NOW, Plaintext("open sesame"))
    assert identity.reveal() not in text.reveal()
    assert text.reveal().startswith(b"-----BEGIN AGE ENCRYPTED FILE-----\n")
    person = Person("open sesame")
    holder = context({"SOPS_AGE_KEY": text.reveal().decode()}, person)
    wrapped = age.wrap(DATA_KEY, age.parse(recipient)[0], holder)
    for _ in range(3):
        assert age.unwrap(wrapped, holder) == DATA_KEY
    assert person.asked == ["SOPS_AGE_KEY"]
    mistaken = Person("open barley")
    stranger = context({"SOPS_AGE_KEY": text.reveal().decode()}, mistaken)
    for _ in range(2):
        with pytest.raises(KeyUseError, match="could not be opened"):
            age.unwrap(wrapped, stranger)
    assert mistaken.asked == ["SOPS_AGE_KEY"]


@pytest.mark.parametrize(
    "text",
    [
        "age1",
        "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq",
        "age1tag1qqqq",
        "age1tagpq1qqqq",
        "ssh-ed25519 AAAA",
        "ssh-dss AAAAB3NzaC1kc3MAAACB",
        "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY",
        "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33",
        "password",
    ],
)
def test_what_is_no_recipient_is_refused(text: str) -> None:
    """It is refused before anything is encrypted; an identity that was put there by mistake is not repeated."""
    with pytest.raises(UsageError) as caught:
        age.parse(text)
    if not text.startswith(("age", "ssh")):
        assert text[:14] not in caught.value.message
    with pytest.raises(UsageError):
        age.from_rule(text)


def test_an_error_says_where_identities_are_looked_for() -> None:
    """Without any identity the hint lists the places, with the user's own folder spelt out."""
    wrapped = age.wrap(DATA_KEY, age.parse(age.generate()[1])[0], context({}))
    with pytest.raises(KeyUseError) as caught:
        age.unwrap(wrapped, context({"HOME": "/home/ann"}))
    assert caught.value.message == "no age identity was found"
    for place in ("SOPS_AGE_KEY_FILE", "SOPS_AGE_KEY_CMD", "~/.ssh/id_rsa", "/home/ann/.config/sops/age/keys.txt"):
        assert place in caught.value.hint


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_text_is_opened_or_refused(data: bytes) -> None:
    """What stands in a file as wrapped key is never a traceback, in armour or not."""
    identity, _ = age.generate()
    armoured = b"-----BEGIN AGE ENCRYPTED FILE-----\n%s\n-----END AGE ENCRYPTED FILE-----\n"
    header = b"age-encryption.org/v1\n-> X25519 " + data + b"\n---"
    somebody = context({"SOPS_AGE_KEY": identity.reveal().decode()})
    for enc in (data, armoured % data, armoured % base64.b64encode(data), armoured % base64.b64encode(header)):
        text = enc.decode("utf-8", "surrogateescape")
        with pytest.raises(KeyUseError):
            age.unwrap(age.from_entry({"recipient": "age1", "enc": text or "x"}), somebody)

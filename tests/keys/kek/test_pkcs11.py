"""Keys in a hardware security module, with SoftHSM2 as the module."""

from __future__ import annotations

import secrets
import subprocess
import sys
from functools import partial
from pathlib import Path

import pkcs11
import pytest
from tests.keys.kek.cases import VALUE, soon
from tests.support.softhsm import MODULE, OFFICER, PIN, SoftHSM

from strongroom.errors import KeyUnreachableError, KeyUseError, TamperedError
from strongroom.keys.kek import KeyEncryptionKey, bound_to
from strongroom.keys.kek.kinds import parse
from strongroom.keys.kek.pkcs11_device import device

ROOT = Path(__file__).parents[3]


@pytest.fixture
def label(softhsm: SoftHSM) -> str:
    """The label of a key with one version."""
    name = f"key-{secrets.token_hex(4)}"
    softhsm.key(name, 1)
    return name


@pytest.fixture
def key(softhsm: SoftHSM, label: str) -> KeyEncryptionKey:
    """That key."""
    return parse(softhsm.uri(label), {})


def test_the_name_of_a_key_is_without_its_query(key: KeyEncryptionKey, label: str) -> None:
    """Where the PIN stands is not part of the name."""
    assert key.name == f"pkcs11:token=strongroom;object={label}"


def test_the_greatest_id_encrypts(softhsm: SoftHSM, label: str, key: KeyEncryptionKey) -> None:
    """Ids are compared as numbers, whatever the order in which the keys were made."""
    for number in (256, 200, 30):
        softhsm.key(label, number)
    assert key.current(soon()).id.startswith(f"pkcs11:{label}:0100:")


def test_a_key_that_may_not_encrypt_is_passed_over(softhsm: SoftHSM, label: str, key: KeyEncryptionKey) -> None:
    """Taking CKA_ENCRYPT from the newest version makes the one before it current; both still decrypt."""
    first = key.encrypt(VALUE, soon())
    softhsm.key(label, 2)
    key.current(soon())
    second = key.encrypt(VALUE, soon())
    softhsm.change(label, 2, "key[Attribute.ENCRYPT] = False")
    assert key.current(soon()) == first[1]
    for ciphertext, version in (first, second):
        assert key.decrypt(ciphertext, version.id, soon()) == VALUE


def test_a_key_made_anew_is_another_version(softhsm: SoftHSM, label: str, key: KeyEncryptionKey) -> None:
    """The same label and the same CKA_ID do not make it the same key: ids are never used twice."""
    ciphertext, old = key.encrypt(VALUE, soon())
    softhsm.change(label, 1, "key.destroy()")
    softhsm.key(label, 1)
    new = key.current(soon())
    assert new != old
    with pytest.raises(KeyUseError, match="no longer has"):
        key.decrypt(ciphertext, old.id, soon())
    with pytest.raises(TamperedError):
        key.decrypt(ciphertext, new.id, soon())


def test_two_keys_with_one_id_are_refused(softhsm: SoftHSM, label: str, key: KeyEncryptionKey) -> None:
    """Which of them is meant cannot be told."""
    softhsm.key(label, 1)
    with pytest.raises(KeyUseError, match="one CKA_ID"):
        key.current(soon())


def test_an_id_in_the_uri_pins_the_version(softhsm: SoftHSM, label: str) -> None:
    """With an id, no other key of the label counts."""
    softhsm.key(label, 2)
    pinned, newest = parse(softhsm.uri(label, more=";id=%01"), {}), parse(softhsm.uri(label), {})
    assert pinned.current(soon()).id.startswith(f"pkcs11:{label}:01:")
    assert not pinned.owns(newest.current(soon()).id)


def test_a_key_that_can_be_taken_out_is_warned_of(softhsm: SoftHSM, label: str, key: KeyEncryptionKey) -> None:
    """A key with CKA_EXTRACTABLE is no better than one in a file."""
    key.current(soon())
    assert key.warning == ""
    softhsm.key(label, 2, EXTRACTABLE=True)
    key.current(soon())
    assert "CKA_EXTRACTABLE" in key.warning


def test_the_first_byte_of_a_ciphertext_counts(key: KeyEncryptionKey) -> None:
    """A changed nonce is noticed as well, and told from a device that fails."""
    ciphertext, version = key.encrypt(VALUE, soon())
    with pytest.raises(TamperedError):
        key.decrypt(bytes([ciphertext[0] ^ 1]) + ciphertext[1:], version.id, soon())
    with pytest.raises(TamperedError):
        key.decrypt(bytes(29), version.id, soon())


def test_a_ciphertext_is_bound_to_its_purpose_and_version(key: KeyEncryptionKey) -> None:
    """What the same key encrypts with other additional data, or none, is refused."""
    version = key.current(soon())
    found = vars(key)["_session"].keys[version.id]

    def encrypted(bound: bytes | None) -> bytes:
        return bytes(12) + bytes(
            found.encrypt(
                VALUE.reveal(), mechanism=pkcs11.Mechanism.AES_GCM, mechanism_param=pkcs11.GCMParams(bytes(12), bound)
            )
        )

    library = device(str(MODULE))
    good, *wrong = (library.run(partial(encrypted, bound), soon()) for bound in (bound_to(version.id), b"", b"sops"))
    assert key.decrypt(good, version.id, soon()) == VALUE
    for ciphertext in wrong:
        with pytest.raises(TamperedError):
            key.decrypt(ciphertext, version.id, soon())


def test_a_changed_ciphertext_uses_no_session_up(key: KeyEncryptionKey) -> None:
    """The session that failed is closed when another is opened to tell why: a module has few."""
    ciphertext, version = key.encrypt(VALUE, soon())
    before = vars(key)["_session"].session
    with pytest.raises(TamperedError):
        key.decrypt(ciphertext[:-1], version.id, soon())
    with pytest.raises(pkcs11.SessionHandleInvalid):
        device(str(MODULE)).run(lambda: before.generate_random(64), soon())
    assert key.decrypt(ciphertext, version.id, soon()) == VALUE


def test_a_lost_session_is_opened_again(key: KeyEncryptionKey) -> None:
    """A library that was initialised anew, and a login that somebody ended, cost the caller nothing."""
    ciphertext, version = key.encrypt(VALUE, soon())
    library = device(str(MODULE))

    def restart() -> None:
        loaded = pkcs11.lib(str(MODULE))
        loaded.finalize()
        loaded.initialize()

    def log_out() -> None:
        token = pkcs11.lib(str(MODULE)).get_token(token_label="strongroom")
        with pytest.raises(pkcs11.UserAlreadyLoggedIn):
            token.open(user_pin=PIN)
        vars(library)["_logins"].popitem()[1].close()

    for harm in (restart, log_out):
        library.run(harm, soon())
        assert key.current(soon()) == version
        library.run(harm, soon())
        assert key.decrypt(ciphertext, version.id, soon()) == VALUE
        assert key.encrypt(VALUE, soon())[1] == version


def test_a_token_that_comes_later_is_found(softhsm: SoftHSM) -> None:
    """Without the token the key is out of reach, which is no refusal; once it is plugged in, it works."""
    name = f"late-{secrets.token_hex(4)}"
    key = parse(softhsm.uri("kek", token=name), {})
    with pytest.raises(KeyUnreachableError, match="no PKCS#11 token"):
        key.current(soon())
    softhsm.token(name)
    softhsm.key("kek", 1, token=name)
    ciphertext, version = key.encrypt(VALUE, soon())
    assert key.decrypt(ciphertext, version.id, soon()) == VALUE


def test_a_wrong_pin_is_tried_once(softhsm: SoftHSM, tmp_path: Path) -> None:
    """A token locks itself after some wrong PINs: the same one is not sent again, a corrected one is."""
    name = f"pin-{secrets.token_hex(4)}"
    softhsm.token(name)
    softhsm.key("kek", 1, token=name)
    pin = tmp_path / "pin"
    pin.write_text("1234wrong")
    pin.chmod(0o600)
    key = parse(f"pkcs11:token={name};object=kek?module-path={MODULE}&pin-source=file:{pin}", {})
    with pytest.raises(KeyUseError, match="refuses the PIN"):
        key.current(soon())
    for _ in range(3):
        with pytest.raises(KeyUseError, match="refused the PIN") as caught:
            key.current(soon())
    assert "1234wrong" not in caught.value.message + caught.value.hint
    pin.write_text(PIN)
    assert key.current(soon())


def test_a_pin_may_stand_in_the_environment(softhsm: SoftHSM, label: str) -> None:
    """``pin-source=env:NAME`` names a variable, which must be there."""
    uri = f"pkcs11:token=strongroom;object={label}?module-path={MODULE}&pin-source=env:HSM_PIN"
    code = _script(softhsm, f"print(parse({uri!r}, {{'HSM_PIN': {PIN!r}}}).current(soon()).id)")
    assert code.startswith(f"pkcs11:{label}:01:")
    assert "has no HSM_PIN" in _script(softhsm, f"parse({uri!r}, {{}}).current(soon())")


@pytest.mark.parametrize(("text", "mode"), [("", 0o600), (PIN, 0o604)])
def test_a_pin_file_that_is_empty_or_open_is_refused(
    softhsm: SoftHSM, label: str, tmp_path: Path, text: str, mode: int
) -> None:
    """A PIN that everybody may read protects nothing."""
    pin = tmp_path / "pin"
    pin.write_text(text)
    pin.chmod(mode)
    uri = f"pkcs11:token=strongroom;object={label}?module-path={MODULE}&pin-source={pin}"
    said = _script(softhsm, f"parse({uri!r}, {{}}).current(soon())")
    assert ("is empty" if not text else "may be read or changed by everybody") in said


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("pkcs11:token=strongroom;object=nothing?module-path={module}&pin-source={pin}", "has no AES key"),
        ("pkcs11:token=strongroom;object=x?module-path=/nowhere.so&pin-source={pin}", "does not exist"),
        ("pkcs11:token=strongroom;object=x?module-path={pin}&pin-source={pin}", "cannot be used"),
    ],
)
def test_what_is_not_there_is_named(softhsm: SoftHSM, uri: str, reason: str) -> None:
    """A missing key, a missing library and a file that is no library are errors of their own."""
    key = parse(uri.format(module=MODULE, pin=softhsm.pin), {})
    with pytest.raises(KeyUseError, match=reason):
        key.current(soon())


def test_a_fork_works_with_a_library_of_its_own(softhsm: SoftHSM, label: str) -> None:
    """A child of a process that has used a key uses it too, and the parent goes on."""
    said = _script(
        softhsm,
        f"import os\nkey = parse({softhsm.uri(label)!r}, {{}})\ntext, version = key.encrypt(VALUE, soon())\n"
        "child = os.fork()\nif not child:\n"
        "    os._exit(0 if key.decrypt(text, version.id, soon()) == VALUE else 1)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), key.decrypt(text, version.id, soon()) == VALUE)",
    )
    assert said == "0 True"


def test_two_processes_share_a_token(softhsm: SoftHSM, label: str, key: KeyEncryptionKey) -> None:
    """What one process encrypts another decrypts: the id of a version is the same everywhere."""
    ciphertext, version = key.encrypt(VALUE, soon())
    said = _script(
        softhsm,
        f"key = parse({softhsm.uri(label)!r}, {{}})\n"
        f"print(key.decrypt(bytes.fromhex({ciphertext.hex()!r}), {version.id!r}, soon()) == VALUE)",
    )
    assert said == "True"


def _script(softhsm: SoftHSM, text: str) -> str:
    """What a Python of its own prints, or the error that it ends with."""
    begin = (
        "import sys\nfrom strongroom.keys.kek.kinds import parse\nfrom tests.keys.kek.cases import VALUE, soon\n"
        "sys.excepthook = lambda kind, error, trace: print(error)\n"
    )
    words = [sys.executable, "-W", "ignore", "-c", begin + text]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), **softhsm.environment}
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert OFFICER not in done.stdout + done.stderr
    assert PIN not in done.stdout
    return done.stdout.strip()

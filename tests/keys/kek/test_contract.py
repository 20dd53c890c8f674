"""What every kind of key-encryption key does, asked of each with its real program or its published protocol."""

from __future__ import annotations

import base64
import socket
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.keys.kek.cases import CASES, NETWORKED, VALUE, Case, soon

from strongroom.errors import KeyUnreachableError, KeyUseError, StrongroomError, TamperedError
from strongroom.keys.kek import MOST_BYTES, MOST_ID_BYTES
from strongroom.keys.kek.kinds import MODULES
from strongroom.model.plaintext import Plaintext

MOST_CIPHERTEXT_BYTES = 1024  # of a KMS v2 plugin


@pytest.fixture(params=MODULES)
def case(request: pytest.FixtureRequest) -> Case:
    """Every kind."""
    return CASES[request.param](request)


@pytest.fixture(params=NETWORKED)
def networked(request: pytest.FixtureRequest) -> Case:
    """Every kind that a network leads to."""
    return CASES[request.param](request)


def _refused(act: Callable[[], object], case: Case) -> StrongroomError:
    """The error of an act, of which no text holds a value."""
    with pytest.raises((KeyUseError, TamperedError)) as caught:
        act()
    text = "".join(traceback.format_exception(caught.value)) + caught.value.hint
    value = VALUE.reveal()
    for hidden in (*case.texts, value.decode(), value.hex(), base64.b64encode(value).decode().rstrip("=")):
        assert hidden not in text
    assert caught.value.message
    assert not caught.value.message.endswith(".")
    return caught.value


def test_what_a_key_encrypts_it_decrypts(case: Case) -> None:
    """Values of every length that a key takes come back, from ciphertexts and under ids that an API server takes."""
    for value in (VALUE, Plaintext(b"\0"), Plaintext(bytes(range(MOST_BYTES)))):
        ciphertext, version = case.key.encrypt(value, soon())
        assert case.key.decrypt(ciphertext, version.id, soon()) == value
        assert 0 < len(ciphertext) <= MOST_CIPHERTEXT_BYTES
        assert value.reveal()[:16] not in ciphertext or value == Plaintext(b"\0")
        assert 0 < len(version.id.encode()) <= MOST_ID_BYTES
        assert version.id.isprintable()


def test_two_encryptions_differ(case: Case) -> None:
    """A value encrypted twice gives two ciphertexts."""
    assert case.key.encrypt(VALUE, soon())[0] != case.key.encrypt(VALUE, soon())[0]


def test_what_is_too_long_or_nothing_is_refused(case: Case) -> None:
    """No kind takes more than another, and none takes nothing."""
    for value in (b"", bytes(MOST_BYTES + 1)):
        _refused(lambda value=value: case.key.encrypt(Plaintext(value), soon()), case)  # type: ignore[misc]


def test_the_version_that_is_told_is_the_one_that_encrypts(case: Case) -> None:
    """The id of the newest version stays the same, is that of each encryption, and is the key's own."""
    told = case.key.current(soon())
    assert case.key.current(soon()) == told
    assert case.key.encrypt(VALUE, soon())[1] == told
    assert case.key.owns(told.id)
    assert not case.other.owns(told.id)
    assert case.other.current(soon()) != told


def test_one_changed_byte_is_refused(case: Case) -> None:
    """Whatever byte of a ciphertext is changed, left out or added, nothing comes out."""
    ciphertext, version = case.key.encrypt(VALUE, soon())
    middle = len(ciphertext) // 2
    changed = [
        ciphertext[:place] + bytes([ciphertext[place] ^ 1]) + ciphertext[place + 1 :]
        for place in (40, middle, len(ciphertext) - 5)
    ]
    for wrong in (*changed, ciphertext[:-8], ciphertext[:middle], ciphertext + b"AAAA", b"", b"hello"):
        error = _refused(lambda wrong=wrong: case.key.decrypt(wrong, version.id, soon()), case)  # type: ignore[misc]
        assert isinstance(error, TamperedError), (wrong, error)
    assert case.key.decrypt(ciphertext, version.id, soon()) == VALUE


def test_the_ciphertext_of_another_key_is_refused(case: Case) -> None:
    """A key opens nothing under an id that is not its own, nor what another key made under its own id."""
    foreign, of_other = case.other.encrypt(VALUE, soon())
    own = case.key.current(soon())
    assert type(_refused(lambda: case.key.decrypt(foreign, of_other.id, soon()), case)) is KeyUseError
    assert isinstance(_refused(lambda: case.key.decrypt(foreign, own.id, soon()), case), TamperedError)
    for unknown in ("", "1", own.id + "0" * 200, own.id[:-1], own.id + "\n", "other:" + own.id):
        _refused(lambda unknown=unknown: case.key.decrypt(foreign, unknown, soon()), case)  # type: ignore[misc]


def test_a_rotated_key_has_a_new_version_and_reads_the_old(case: Case) -> None:
    """After each rotation a new id is told and used, no id comes twice, and everything from before can be read."""
    made = [case.key.encrypt(VALUE, soon())]
    for _ in range(2):
        case.rotate()
        told = case.key.current(soon())
        ciphertext, version = case.key.encrypt(VALUE, soon())
        assert version == told
        made.append((ciphertext, version))
    assert len({version.id for _, version in made}) == len(made)
    for ciphertext, version in made:
        assert case.key.owns(version.id)
        assert case.key.decrypt(ciphertext, version.id, soon()) == VALUE


def test_a_ciphertext_under_the_id_of_another_version_is_refused(case: Case) -> None:
    """The id of the version is part of what is checked, so that nothing can be passed off as newer than it is."""
    ciphertext, old = case.key.encrypt(VALUE, soon())
    case.rotate()
    new = case.key.current(soon())
    assert isinstance(_refused(lambda: case.key.decrypt(ciphertext, new.id, soon()), case), TamperedError)
    assert case.key.decrypt(ciphertext, old.id, soon()) == VALUE


def test_a_disabled_key_is_reported(case: Case) -> None:
    """A key that may no longer encrypt is an error of `current`, not of the first encryption after it."""
    case.key.current(soon())
    case.disable()
    error = _refused(lambda: case.key.current(soon()), case)
    assert not isinstance(error, KeyUnreachableError)


def test_threads_share_a_key(case: Case) -> None:
    """Many threads encrypt and decrypt at once, and each gets its own value."""
    values = [Plaintext(f"value {number}".encode()) for number in range(40)]

    def round_trip(value: Plaintext) -> bool:
        ciphertext, version = case.key.encrypt(value, soon())
        return case.key.decrypt(ciphertext, version.id, soon()) == value

    with ThreadPoolExecutor(10) as threads:
        assert all(threads.map(round_trip, values))


def test_a_key_prints_nothing_secret(case: Case) -> None:
    """Its name and what a debugger shows of it hold no credential."""
    case.key.current(soon())
    for text in (case.key.name, repr(case.key), str(vars(case.key))):
        assert not [hidden for hidden in case.texts if hidden in text]


def test_a_local_key_alone_is_marked_for_development(case: Case) -> None:
    """Only the key in a file is not remote, and says that it is for development."""
    is_local = case.key.name.startswith("local-file:")
    assert case.key.remote is not is_local
    assert bool(case.key.warning) is is_local


def test_a_closed_key_leaves_others_alone(case: Case) -> None:
    """Closing a key ends nothing that another key of the same holder needs."""
    assert case.key.current(soon()) != case.other.current(soon())
    case.other.close()
    ciphertext, version = case.key.encrypt(VALUE, soon())
    assert case.key.decrypt(ciphertext, version.id, soon()) == VALUE


def test_a_deadline_that_has_passed_is_kept(networked: Case) -> None:
    """Nobody is asked any more when the time is over."""
    ciphertext, version = networked.key.encrypt(VALUE, soon())
    past = time.monotonic() - 1
    for act in (
        lambda: networked.key.current(past),
        lambda: networked.key.encrypt(VALUE, past),
        lambda: networked.key.decrypt(ciphertext, version.id, past),
    ):
        assert isinstance(_refused(act, networked), KeyUnreachableError)


def test_a_silent_server_does_not_hold_up(networked: Case) -> None:
    """A server that takes the connection and says nothing is given up at the deadline, by every caller at once."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(64)
        assert networked.elsewhere is not None
        key = networked.elsewhere(f"http://127.0.0.1:{silent.getsockname()[1]}")
        end = time.monotonic() + 0.5
        with ThreadPoolExecutor(20) as threads:
            calls = [threads.submit(key.current, end) for _ in range(20)]
            errors = [call.exception(timeout=20) for call in calls]
    assert all(isinstance(error, KeyUnreachableError) and "in time" in error.message for error in errors)


def test_a_server_that_is_not_there_is_worth_another_try(networked: Case) -> None:
    """A refused connection is told from a key that is refused."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, and not listening
        assert networked.elsewhere is not None
        key = networked.elsewhere(f"http://127.0.0.1:{closed.getsockname()[1]}")
        error = _refused(lambda: key.current(soon()), networked)
    assert isinstance(error, KeyUnreachableError)
    assert "could not be reached" in error.message

"""What every kind of key does, asked of each with its real program or its published protocol."""

from __future__ import annotations

import base64
import socket
import time
import traceback
from collections.abc import Callable, Mapping
from typing import NamedTuple

import pytest
from tests.keys.azure import Azure
from tests.keys.contexts import DATA_KEY, NOW, context
from tests.keys.google import Google
from tests.support.gnupg import GnuPG
from tests.support.moto import Moto
from tests.support.openbao import OpenBao

from strongroom.errors import KeyUseError, StrongroomError
from strongroom.keys import age
from strongroom.keys.key import Context, KeyKind, MasterKey, Wrapped
from strongroom.keys.kinds import IDS, every, kind_of
from strongroom.model.plaintext import Plaintext

REMOTE = tuple(kind.id for kind in every() if not kind.local)


class Case(NamedTuple):
    """A kind, two keys of it, somebody who may use both, and somebody who may not.

    Attributes:
        texts: what must not come out besides the data key: identities, tokens.
        elsewhere: the environment of somebody whose service is at an address, for the remote kinds.
    """

    kind: KeyKind
    key: MasterKey
    other: MasterKey
    holder: Context
    stranger: Context
    texts: tuple[str, ...]
    elsewhere: Callable[[str], tuple[MasterKey, Mapping[str, str]]] | None = None


def _age(request: pytest.FixtureRequest) -> Case:
    identity, recipient = age.generate()
    other, other_recipient = age.generate()
    text, other_text = identity.reveal().decode(), other.reveal().decode()
    key, another = age.parse(f"{recipient},{other_recipient}")
    return Case(
        kind_of("age"),
        key,
        another,
        context({"SOPS_AGE_KEY": f"{text}\n{other_text}"}),
        context({"SOPS_AGE_KEY": age.generate()[0].reveal().decode()}),
        (text, other_text),
    )


def _pgp(request: pytest.FixtureRequest) -> Case:
    keyring: GnuPG = request.getfixturevalue("gnupg")
    empty = GnuPG()
    request.addfinalizer(empty.close)
    names = (f"{name} {time.monotonic_ns()} <{name}@example.com>" for name in ("ann", "bob"))
    first, second = (kind_of("pgp").parse(keyring.make_key(name))[0] for name in names)
    return Case(kind_of("pgp"), first, second, context(keyring.environment), context(empty.environment), ())


def _kms(request: pytest.FixtureRequest) -> Case:
    aws: Moto = request.getfixturevalue("moto")
    kind = kind_of("kms")
    first, second = (kind.parse(aws.kms_key())[0] for _ in range(2))
    nobody = {name: value for name, value in aws.environment.items() if name != "AWS_SECRET_ACCESS_KEY"}

    def elsewhere(address: str) -> tuple[MasterKey, Mapping[str, str]]:
        return kind.parse(aws.kms_key())[0], {**aws.environment, "AWS_ENDPOINT_URL": address}

    return Case(kind, first, second, context(aws.environment), context(nobody), (), elsewhere)


def _gcp_kms(request: pytest.FixtureRequest) -> Case:
    cloud: Google = request.getfixturevalue("google")
    kind, token = kind_of("gcp_kms"), cloud.token()
    first, second = (kind.parse(cloud.key(f"key-{number}"))[0] for number in range(2))
    known = {**cloud.environment, "GOOGLE_OAUTH_ACCESS_TOKEN": token}

    def elsewhere(address: str) -> tuple[MasterKey, Mapping[str, str]]:
        key = kind.parse(cloud.key("elsewhere"))[0]
        return key, {**known, "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS": address}

    stranger = context({**cloud.environment, "GOOGLE_OAUTH_ACCESS_TOKEN": "ya29.nobody"})
    return Case(kind, first, second, context(known), stranger, (token,), elsewhere)


def _azure_kv(request: pytest.FixtureRequest) -> Case:
    cloud: Azure = request.getfixturevalue("azure")
    kind = kind_of("azure_kv")
    first, second = (kind.parse(cloud.key(f"key-{number}"))[0] for number in range(2))
    known = {**cloud.environment, **cloud.client}

    def elsewhere(address: str) -> tuple[MasterKey, Mapping[str, str]]:
        return kind.parse(f"{address.replace('http:', 'https:')}/keys/key-0/1")[0], known

    stranger = context({**known, "AZURE_CLIENT_SECRET": "guessed"})
    return Case(kind, first, second, context(known), stranger, (cloud.client["AZURE_CLIENT_SECRET"],), elsewhere)


def _hc_vault(request: pytest.FixtureRequest) -> Case:
    bao: OpenBao = request.getfixturevalue("openbao")
    kind = kind_of("hc_vault")
    first, second = (kind.parse(bao.transit_key(name))[0] for name in ("one", "two"))
    known = {"VAULT_TOKEN": bao.token, "VAULT_CACERT": str(bao.authority)}

    def elsewhere(address: str) -> tuple[MasterKey, Mapping[str, str]]:
        return kind.parse(f"{address}/v1/transit/keys/one")[0], known

    stranger = context({**known, "VAULT_TOKEN": "s.nobody"})
    return Case(kind, first, second, context(known), stranger, (bao.token,), elsewhere)


CASES = {"age": _age, "pgp": _pgp, "kms": _kms, "gcp_kms": _gcp_kms, "azure_kv": _azure_kv, "hc_vault": _hc_vault}


@pytest.fixture(params=IDS)
def case(request: pytest.FixtureRequest) -> Case:
    """Every kind."""
    return CASES[request.param](request)


@pytest.fixture(params=REMOTE)
def remote(request: pytest.FixtureRequest) -> Case:
    """Every kind that a network leads to."""
    return CASES[request.param](request)


def _refused(act: Callable[[], object], case: Case) -> KeyUseError:
    """The error of an act, of which no text holds a value."""
    with pytest.raises(KeyUseError) as caught:
        act()
    text = "".join(traceback.format_exception(caught.value)) + caught.value.hint
    value = DATA_KEY.reveal()
    for hidden in (*case.texts, value.decode(), value.hex(), base64.b64encode(value).decode().rstrip("=")):
        assert hidden not in text
    assert caught.value.message
    assert caught.value.message[0].islower() or caught.value.message.startswith(("AWS", "Google", "Azure", "Vault"))
    assert not caught.value.message.endswith(".")
    return caught.value


def test_what_a_kind_wraps_it_unwraps(case: Case) -> None:
    """Whoever holds the key gets back exactly the bytes, also those of a share, and no text of the file holds them."""
    for value in (DATA_KEY, Plaintext(bytes(range(33)))):
        wrapped = case.kind.wrap(value, case.key, case.holder)
        assert case.kind.unwrap(wrapped, case.holder) == value
        assert base64.b64encode(value.reveal()[:30]).decode() not in wrapped.enc


def test_two_wraps_differ(case: Case) -> None:
    """A data key wrapped twice gives two texts, so that nobody sees that two files share one."""
    first, second = (case.kind.wrap(DATA_KEY, case.key, case.holder).enc for _ in range(2))
    assert first != second


def test_an_entry_of_the_metadata_says_all_about_a_wrapped_key(case: Case) -> None:
    """The entry that is written is read back as the same wrapped key."""
    wrapped = case.kind.wrap(DATA_KEY, case.key, case.holder)
    entry = case.kind.to_entry(wrapped)
    assert case.kind.from_entry(entry) == wrapped
    assert wrapped.created_at == ("" if case.kind.id == "age" else NOW)


def test_an_entry_without_a_part_is_refused(case: Case) -> None:
    """Every part that the kind needs is missed by name, and nothing is guessed."""
    entry = case.kind.to_entry(case.kind.wrap(DATA_KEY, case.key, case.holder))
    for name in entry.keys() - {"aws_profile", "version"}:
        for broken in ({**entry, name: None}, {**entry, name: 5}, {**entry, name: [entry[name]]}):
            with pytest.raises(StrongroomError) as caught:
                case.kind.from_entry(broken)
            assert name in caught.value.message


def test_a_key_in_a_list_is_the_same_as_alone(case: Case) -> None:
    """Commas separate keys, and blanks around them do not count."""
    if case.kind.id == "pgp":
        text = f"{case.key.name} ,\n {case.other.name},"
    else:
        text = f" {case.key.name} , {case.other.name},"
    assert case.kind.parse(text) == (case.key, case.other)
    assert case.kind.parse("") == ()


def test_what_is_no_key_is_refused(case: Case) -> None:
    """A text that cannot be a key of the kind is an error when it is read, not when it is used."""
    for text in ("hello", "https://example.com", "arn:aws:s3:::bucket", "AGE-SECRET-KEY-1ABC", "projects/a"):
        with pytest.raises(StrongroomError) as caught:
            case.kind.parse(text)
        assert "AGE-SECRET-KEY-1ABC" not in caught.value.message + caught.value.hint


def test_somebody_else_cannot_unwrap(case: Case) -> None:
    """Without the key there is an error that says why, and holds no value."""
    wrapped = case.kind.wrap(DATA_KEY, case.key, case.holder)
    _refused(lambda: case.kind.unwrap(wrapped, case.stranger), case)


def test_what_another_key_wrapped_is_not_opened_as_ones_own(case: Case) -> None:
    """Where the key takes part in unwrapping, the wrapped key of another is refused under its name."""
    wrapped = case.kind.wrap(DATA_KEY, case.key, case.holder)
    if case.kind.local:
        # The text itself says for whom it is; the name beside it is for people.
        assert case.kind.unwrap(wrapped._replace(key=case.other), case.holder) == DATA_KEY
    else:
        _refused(lambda: case.kind.unwrap(wrapped._replace(key=case.other), case.holder), case)


def test_a_changed_wrapped_key_is_refused(case: Case) -> None:
    """One changed character anywhere in the wrapped key is noticed."""
    wrapped = case.kind.wrap(DATA_KEY, case.key, case.holder)
    for enc in _changed(wrapped):
        _refused(lambda enc=enc: case.kind.unwrap(wrapped._replace(enc=enc), case.holder), case)  # type: ignore[misc]


def _changed(wrapped: Wrapped) -> list[str]:
    """Texts with one other character, in the middle and near the end; and something else altogether."""
    body = [place for place, letter in enumerate(wrapped.enc) if letter.isalnum()]
    if "-----" in wrapped.enc:
        start, end = wrapped.enc.index("-----\n") + 6, wrapped.enc.index("-----END")
        body = [place for place in body if start < place < end - 8]
    places = (body[len(body) // 2], body[len(body) // 3], body[-8])
    swapped = [
        wrapped.enc[:place] + ("A" if wrapped.enc[place] != "A" else "B") + wrapped.enc[place + 1 :] for place in places
    ]
    return [*swapped, wrapped.enc[: len(wrapped.enc) // 2], "hello", "§"]


def test_a_server_that_is_not_there_is_an_error(remote: Case) -> None:
    """A refused connection ends in an error that says so."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, and not listening
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        assert remote.elsewhere is not None
        key, environment = remote.elsewhere(address)
        error = _refused(lambda: remote.kind.wrap(DATA_KEY, key, context(environment)), remote)
    assert "could not be reached" in error.message


@pytest.mark.verify
def test_a_silent_server_does_not_hold_up(remote: Case) -> None:
    """A server that takes the connection and says nothing is given up within a bound."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        assert remote.elsewhere is not None
        key, environment = remote.elsewhere(f"http://127.0.0.1:{silent.getsockname()[1]}")
        error = _refused(lambda: remote.kind.wrap(DATA_KEY, key, context(environment)), remote)
    assert "in time" in error.message

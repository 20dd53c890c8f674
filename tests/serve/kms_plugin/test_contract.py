"""What every KMS v2 plugin has to do, asked of ours and of the stand-in of the tests, which is Kubernetes' own server."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.controlplane.kms import KmsPlugin
from tests.support.strongroom_kms import StrongroomKms

from strongroom.errors import KeyUseError
from strongroom.keys.kmsv2.client import Client
from strongroom.keys.kmsv2.method import ANNOTATIONS_BYTES, KEY_ID_BYTES
from strongroom.model.plaintext import Plaintext


@pytest.fixture(params=["strongroom", "stand-in"])
def socket(request: pytest.FixtureRequest, program: Callable[[str], Path]) -> Iterator[Path]:
    """The socket of each plugin in turn."""
    plugin = StrongroomKms() if request.param == "strongroom" else KmsPlugin(program("kms-plugin"), "key-1")
    try:
        plugin.run()
        yield plugin.socket
    finally:
        plugin.close()


def test_contract(socket: Path) -> None:
    """Status and Encrypt agree on the key, what was encrypted is decrypted, within the limits that API servers set."""
    with Client(socket) as client:
        status = client.status()
        seed = Plaintext(os.urandom(32))
        first, second = client.encrypt(seed, "uid-1"), client.encrypt(seed, "uid-2")

        assert (status.version, status.healthz) == ("v2", "ok")
        assert first.key_id == second.key_id == status.key_id
        assert 0 < len(status.key_id.encode()) <= KEY_ID_BYTES
        assert 0 < len(first.ciphertext) <= KEY_ID_BYTES
        assert first.ciphertext != second.ciphertext
        assert seed.reveal() not in first.ciphertext
        assert sum(len(name) + len(value) for name, value in first.annotations.items()) <= ANNOTATIONS_BYTES
        for made in (first, second):
            assert client.decrypt(made.ciphertext, made.key_id, made.annotations) == seed


def test_refusals(socket: Path) -> None:
    """What was changed, cut off, or encrypted by another key is refused, and the plugin goes on."""
    with Client(socket) as client:
        made = client.encrypt(Plaintext(b"a seed of a data key, 32 bytes.."))
        changed = bytearray(made.ciphertext)
        changed[-1] ^= 1
        wrong = [
            (bytes(changed), made.key_id),
            (made.ciphertext[:5], made.key_id),
            (made.ciphertext, made.key_id + "x"),
            (b"", made.key_id),
        ]
        for ciphertext, key_id in wrong:
            with pytest.raises(KeyUseError, match="does not decrypt"):
                client.decrypt(ciphertext, key_id, made.annotations)

        assert client.decrypt(made.ciphertext, made.key_id, made.annotations).reveal().startswith(b"a seed")


def test_the_socket_is_for_its_user_alone() -> None:
    """Ours has mode 0600 from the moment at which it is there."""
    plugin = StrongroomKms()
    try:
        plugin.run()
        assert stat.S_IMODE(plugin.socket.stat().st_mode) == 0o600
        assert [path.name for path in plugin.path.iterdir() if path.is_socket()] == ["kms.sock"]
    finally:
        plugin.close()

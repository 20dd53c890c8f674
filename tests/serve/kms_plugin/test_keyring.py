"""Which key does what."""

from __future__ import annotations

import pytest
from tests.serve.kms_plugin.keys import MemoryKey

from strongroom.errors import KeyUseError, UsageError
from strongroom.serve.kms_plugin.keyring import Keyring, keyring


def test_the_holder_of_a_version() -> None:
    """A version is looked for among all keys; one that nobody has is an error which says what may help."""
    writer, reader = MemoryKey("new"), MemoryKey("old")
    keys = Keyring(writer, (reader,))

    assert keys.holders("new:1") == (writer,)
    assert keys.holders("old:7") == (reader,)
    with pytest.raises(KeyUseError, match="no key of this plugin") as caught:
        keys.holders("other:1")
    assert "--also" in caught.value.hint


def test_keys_of_one_name() -> None:
    """The key of one name in two Vaults, or in two tokens, may be either: both are asked, the one that encrypts first."""
    vaults = [f"vault-transit:https://{host}:8200/v1/transit/keys/kek" for host in ("new", "old")]
    keys = keyring(vaults, {})
    assert keys.holders("vault-transit:transit/kek:v1:1700000000") == (keys.writer, *keys.readers)


def test_keys_of_uris() -> None:
    """The first URI encrypts; one that stands there twice, or is none, is refused."""
    keys = keyring(["local-file:/a", "local-file:/b"], {})

    assert (keys.writer.name, [key.name for key in keys.readers]) == ("local-file:/a", ["local-file:/b"])
    assert len(keys.warnings()) == 1
    with pytest.raises(UsageError, match="twice"):
        keyring(["local-file:/a", "local-file:/a"], {})
    with pytest.raises(UsageError, match="known kind"):
        keyring(["nothing:/a"], {})


def test_all_are_closed() -> None:
    """Closing closes every key."""
    keys = (MemoryKey("a"), MemoryKey("b"), MemoryKey("c"))
    Keyring(keys[0], keys[1:]).close()

    assert all(key.closed for key in keys)

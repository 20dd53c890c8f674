"""Bytes made up by atheris for the readers of sealed secrets: ``python -m tests.fuzz.sealed FOLDER [libFuzzer options]``.

The first byte chooses the reader.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["strongroom.files", "strongroom.documents", "strongroom.crypto"]):
    from strongroom.crypto.hybrid import parse, seal, unseal
    from strongroom.errors import StrongroomError
    from strongroom.files.sealed import certificate, private_keys
    from strongroom.files.sealed.emit import as_json, as_yaml
    from strongroom.files.sealed.scope import Scope
    from strongroom.files.sealed.sealed import read_sealed
    from strongroom.files.sealed.sealing import sealed_body
    from strongroom.files.sealed.secrets import PlainSecret, read_secrets
from tests.support.sealing_keys import pair

from strongroom.model.plaintext import Plaintext

_LABEL = b"shop/db"
_VALUE = Plaintext("hunter2")


def _envelope(data: bytes) -> None:
    opened = unseal(pair(0).key, parse(data), _LABEL)
    if opened is not None and opened != _VALUE:
        raise AssertionError("a changed envelope opens to another value")


_READERS = (
    _envelope,
    lambda data: read_sealed(data, "made-up"),
    lambda data: read_secrets(Plaintext(data), "made-up"),
    lambda data: certificate.read(data, "made-up"),
    lambda data: private_keys.read(Plaintext(data), "made-up"),
)


def _seeds() -> tuple[bytes, ...]:
    public = pair(0).key.public_key()
    body = sealed_body(PlainSecret("db", "shop", {"password": _VALUE}), public, Scope.STRICT)
    manifest = b"apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {password: hunter2}\n"
    envelope = seal(public, _VALUE, _LABEL)
    return envelope, as_yaml(body).encode() + as_json(body).encode(), manifest, pair(0).certificate, pair(0).private


def main() -> None:
    """Write the seeds into the folder and try what atheris makes of them."""
    folder = Path(sys.argv.pop(1))
    for number, data in enumerate(_seeds()):
        (folder / str(number)).write_bytes(bytes([number]) + data)

    def one(data: bytes) -> None:
        if not data:
            return
        try:
            _READERS[data[0] % len(_READERS)](data[1:])
        except StrongroomError:
            return

    atheris.Setup([sys.argv[0], str(folder), *sys.argv[1:]], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

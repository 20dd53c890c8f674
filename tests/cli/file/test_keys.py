"""Keys of other kinds on the command line, each with its real server or program, and the real sops on the same file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
import yaml
from tests.cli.file.place import MANIFEST, Place
from tests.support.gnupg import GnuPG
from tests.support.moto import Moto
from tests.support.openbao import OpenBao


@pytest.fixture(scope="module")
def services() -> Iterator[tuple[Moto, OpenBao, GnuPG]]:
    """Start AWS, OpenBao and a GnuPG home."""
    with closing(Moto()) as moto, closing(OpenBao()) as openbao, closing(GnuPG()) as gnupg:
        yield moto, openbao, gnupg


def test_keys_of_many_kinds(place: Place, services: tuple[Moto, OpenBao, GnuPG]) -> None:
    """A file for keys of four kinds is opened by each alone, by sops too; keys are added and taken away by option."""
    moto, openbao, gnupg = services
    arn, transit, fingerprint = moto.kms_key(), openbao.transit_key("shop"), gnupg.make_key("shop")
    place.environment |= moto.environment | gnupg.environment
    place.environment |= {"VAULT_ADDR": openbao.address, "VAULT_TOKEN": openbao.token}
    path = place.write("secret.yaml", MANIFEST)
    place.ours(
        "encrypt", "-i", "--kms", arn, "--encryption-context", "app:shop", "--pgp", fingerprint, "--age",
        place.recipients[0], "secret.yaml", SOPS_VAULT_URIS=transit,
    )  # fmt: skip
    said = yaml.safe_load(path.read_text())["sops"]

    assert said["kms"][0]["arn"] == arn
    assert said["kms"][0]["context"] == {"app": "shop"}
    assert said["pgp"][0]["fp"] == fingerprint
    place.keys.unlink()
    for kind in ("kms", "pgp", "hc_vault"):
        assert place.sops("decrypt", "--decryption-order", kind, "secret.yaml").stdout
        assert place.ours("decrypt", "--decryption-order", kind, "secret.yaml").stdout.decode() == MANIFEST
    place.ours("rotate", "-i", "--rm-pgp", fingerprint, "--rm-age", place.recipients[0], "secret.yaml")
    place.ours("rotate", "-i", "--rm-hc-vault-transit", transit, "secret.yaml")
    said = yaml.safe_load(path.read_text())["sops"]

    assert said.get("kms")
    assert not any(said.get(kind) for kind in ("age", "pgp", "hc_vault"))
    assert yaml.safe_load(place.sops("decrypt", "secret.yaml").stdout) == yaml.safe_load(MANIFEST)
    place.ours("rotate", "-i", "--rm-kms", arn, "--encryption-context", "app:shop", "secret.yaml", code=2)

"""Services and keys that the tests of this room share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from tests.keys.azure import Azure
from tests.keys.google import Google
from tests.support.gnupg import GnuPG
from tests.support.moto import Moto
from tests.support.openbao import OpenBao


@pytest.fixture(scope="session")
def openbao() -> Iterator[OpenBao]:
    """A real OpenBao server with https."""
    server = OpenBao(tls=True)
    yield server
    server.close()


@pytest.fixture(scope="session")
def moto() -> Iterator[Moto]:
    """AWS on loopback."""
    server = Moto()
    yield server
    server.close()


@pytest.fixture(scope="session")
def gnupg() -> Iterator[GnuPG]:
    """A keyring of its own."""
    keyring = GnuPG()
    yield keyring
    keyring.close()


@pytest.fixture(scope="session")
def google() -> Iterator[Google]:
    """Google's services on loopback."""
    services = Google()
    yield services
    services.close()


@pytest.fixture(scope="session")
def azure() -> Iterator[Azure]:
    """Azure's services on loopback."""
    services = Azure()
    yield services
    services.close()


@pytest.fixture
def vault_environment(openbao: OpenBao) -> Mapping[str, str]:
    """The environment of somebody who may use OpenBao."""
    return {"VAULT_TOKEN": openbao.token, "VAULT_CACERT": str(openbao.authority), "VAULT_ADDR": openbao.address}

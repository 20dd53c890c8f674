"""Encryption at rest as people live it: the program as they type it, while the cluster is used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from tests.e2e.encrypted import PLAIN, Journey, in_bytes
from tests.support.controlplane.access import eventually
from tests.support.controlplane.apiserver import Options
from tests.support.controlplane.fixtures import StartCluster
from tests.support.openbao_kept import KeptOpenBao
from tests.support.softhsm import SoftHSM
from tests.support.strongroom_kms import StrongroomKms

MANY, FEW = 2000, 60
SEED = 20261121
RENEWED = ["--kms-wait", "0.05"]
"""Has everything encrypted under the present key of a KMS, which alone can say what its former one is to encrypt."""


class Kms:
    """A KMS plugin of ours, with the name that providers have for it."""

    def __init__(self, name: str, plugin: StrongroomKms) -> None:
        self.name, self.plugin = name, plugin

    def kill(self) -> None:
        """End it at once."""
        self.plugin.process.kill()

    def run(self) -> None:
        """Run it again."""
        self.plugin.run()

    @property
    def options(self) -> list[str]:
        """What ``rotate`` is told of it."""
        return ["--to", "kms", "--kms-name", self.name, "--kms-endpoint", f"unix://{self.plugin.socket}"]

    @property
    def key_id(self) -> str:
        """The key that it names."""
        with self.plugin.client() as client:
            return client.status().key_id


@pytest.fixture
def bao() -> Iterator[KeptOpenBao]:
    """A server with a transit key."""
    with closing(KeptOpenBao()) as server:
        server.transit_key("kek")
        yield server


@pytest.fixture
def vault(bao: KeptOpenBao) -> Iterator[Kms]:
    """A plugin on the key in OpenBao."""
    key = f"vault-transit:{bao.address}/v1/transit/keys/kek"
    with closing(StrongroomKms([key], ["--look-interval", "1"], {"VAULT_TOKEN": bao.token})) as plugin:
        plugin.run()
        yield Kms("vault", plugin)


@pytest.fixture
def hsm() -> Iterator[Kms]:
    """A plugin on a key in a PKCS #11 token."""
    with ExitStack() as started:
        token = started.enter_context(closing(SoftHSM()))
        token.key("kek", 1)
        plugin = started.enter_context(closing(StrongroomKms([token.uri("kek")], (), token.environment)))
        plugin.run()
        yield Kms("hsm", plugin)


@pytest.mark.verify
def test_from_plain_text_and_back(start_cluster: StartCluster, tmp_path: Path) -> None:
    """From plain text to a key and back, nothing is lost, unreadable or refused, and etcd's bytes say the same."""
    journey = Journey(start_cluster(Options(), Options()), tmp_path, SEED, FEW)
    with journey.running():
        journey.configured()
        journey.stands(PLAIN, verified=1)
        journey.tool.run(*journey.rotation("--to", "secretbox"))
        journey.stands("secretbox key-")
        journey.tool.run(*journey.rotation("--decrypt"))
        journey.stands(PLAIN, verified=1)


@pytest.mark.verify
def test_the_whole_way_while_others_are_killed(
    start_cluster: StartCluster, tmp_path: Path, bao: KeptOpenBao, vault: Kms, hsm: Kms
) -> None:
    """From plain text over keys, OpenBao and a token back to plain text, with kill -9 of every other program."""
    journey = Journey(start_cluster(Options(), Options()), tmp_path, SEED, MANY)
    one, two = journey.cluster.api_servers
    with journey.running() as people:
        journey.configured()
        journey.goes(journey.rotation("--to", "secretbox"), people.killing(one))
        first = journey.stands("secretbox key-")
        journey.goes(journey.rotation(), people.killing(journey.cluster.etcd))
        assert journey.stands("secretbox key-") != first
        journey.goes(journey.rotation(*vault.options), people.killing(bao))
        old = journey.stands("kms vault ")
        rotate_kek(bao, vault)
        journey.goes(journey.rotation(*RENEWED), people.killing(vault))
        assert journey.stands("kms vault ") != old
        journey.goes(journey.rotation(*hsm.options), people.killing(hsm))
        journey.stands("kms hsm ")
        journey.goes(journey.rotation("--decrypt"), people.killing(two))
        journey.stands(PLAIN, verified=1)


@pytest.mark.verify
@pytest.mark.parametrize("back", [False, True], ids=["resume", "undo"])
def test_the_whole_way_with_the_tool_killed(
    start_cluster: StartCluster, tmp_path: Path, bao: KeptOpenBao, vault: Kms, hsm: Kms, *, back: bool
) -> None:
    """Killed in each stage, the tool goes on to its end, or back to where the stage began and through it again."""
    journey = Journey(start_cluster(Options(), Options()), tmp_path, SEED + back, FEW)
    with journey.running():
        journey.configured()

        def stage(options: list[str], end: str, verified: int = 0) -> None:
            through(journey, options, back=back)
            journey.stands(end, verified)

        stage(["--to", "secretbox"], "secretbox key-")
        stage([], "secretbox key-")
        stage(vault.options, "kms vault ")
        rotate_kek(bao, vault)
        stage(RENEWED, f"kms vault {vault.key_id}")
        stage(hsm.options, "kms hsm ")
        stage(["--decrypt"], PLAIN, 1)


def through(journey: Journey, options: list[str], *, back: bool) -> None:
    """Rotate, killed at a moment that chance chooses; then go on, or go back (killed again) and rotate."""
    command = journey.rotation(*options)
    [before] = in_bytes(journey.cluster)
    plan = journey.cut_short(command)
    if plan and not back:
        journey.tool.run("plan", "resume", plan)
    elif plan:
        if journey.cut_short(["plan", "undo", "--yes", plan]):
            journey.tool.run("plan", "resume", plan)
        if options != RENEWED:
            assert list(in_bytes(journey.cluster)) == [before]
        journey.tool.run(*command)


def rotate_kek(bao: KeptOpenBao, vault: Kms) -> None:
    """Rotate the key in OpenBao, and wait until the plugin has seen it."""
    before = vault.key_id
    bao.call("POST", "transit/keys/kek/rotate", {})
    eventually(lambda: vault.key_id != before, "the plugin names the new version")

"""Fixtures for tests that need Kubernetes: a cluster for all, a namespace each, and clusters with options of their own.

Where the programs are missing and cannot be built, such tests are skipped with one line that says how to get them; with
``CI=true`` they fail instead.
"""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest
from tests.support.controlplane import binaries, shared, toolchain
from tests.support.controlplane.access import Access, eventually
from tests.support.controlplane.apiserver import Options
from tests.support.controlplane.kms import KmsPlugin
from tests.support.controlplane.server import Cluster, has_default_account
from tests.support.controlplane.toolchain import UnavailableError


class StartCluster(Protocol):
    """Start a cluster for this test alone; it is ended after the test."""

    def __call__(self, *api_servers: Options, controllers: bool = False) -> Cluster:
        """One API server for each of the options given, or one with the defaults; all on the same etcd."""


class StartKms(Protocol):
    """Start a KMS v2 plugin for this test alone; it is ended after the test."""

    def __call__(self, key_id: str) -> KmsPlugin:
        """One plugin whose key has this id."""


def require(*names: str) -> dict[str, Path]:
    """Where the programs are, by name; they are built first where Go is installed.

    Where they cannot be had, the test is skipped, or fails with ``CI=true``.
    """
    try:
        return {name: _obtained(name) for name in names}
    except UnavailableError as problem:
        message = f"{problem}; {binaries.HOW_TO_GET_THEM}"
    if os.environ.get("CI") == "true":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def _obtained(name: str) -> Path:
    if found := binaries.find(name):
        return found
    if toolchain.installed(binaries.MODULES / binaries.named(name).folder) is None:
        raise UnavailableError(f"there is no {name} here, and no Go to build it with")
    return binaries.build(name, _say)


def _say(message: str) -> None:
    # Past pytest's capture: a build of several minutes must not look like a test that hangs.
    if sys.__stderr__ is not None:
        sys.__stderr__.write(f"controlplane: {message}\n")
        sys.__stderr__.flush()


@pytest.fixture(scope="session")
def program() -> Callable[[str], Path]:
    """Where a program is, by name, such as ``kubectl``, ``kustomize``, ``helm`` or ``kubeseal``."""
    return lambda name: require(name)[name]


@pytest.fixture(scope="session")
def control_plane_programs() -> dict[str, Path]:
    """Where etcd, kube-apiserver and kube-controller-manager are."""
    return require(*binaries.CONTROL_PLANE)


@pytest.fixture(scope="session")
def cluster(control_plane_programs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Access]:
    """The cluster that all tests of the run share. Leave what is not in a namespace as it was."""
    own = tmp_path_factory.getbasetemp()
    # pytest-xdist gives each worker a folder inside that of the run.
    common = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    lease = shared.join(common / "control-plane", control_plane_programs, own / "control-plane-users")
    yield lease.access
    lease.close()


@pytest.fixture
def namespace(cluster: Access) -> Iterator[str]:
    """The name of a fresh namespace in the shared cluster, with its ServiceAccount; it is deleted after the test."""
    admin = cluster.client()
    name = f"test-{uuid.uuid4().hex[:12]}"
    admin.create("/api/v1/namespaces", {"metadata": {"name": name}})
    eventually(lambda: has_default_account(admin, name), f"{name} has a ServiceAccount")
    yield name
    admin.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture
def start_cluster(control_plane_programs: dict[str, Path]) -> Iterator[StartCluster]:
    """Start clusters for this test alone, with options; call it with one ``Options`` for each API server."""
    with ExitStack() as started:

        def start(*api_servers: Options, controllers: bool = False) -> Cluster:
            servers: Sequence[Options] = api_servers or (Options(),)
            return started.enter_context(Cluster(control_plane_programs, servers, controllers=controllers))

        yield start


@pytest.fixture
def start_kms(program: Callable[[str], Path]) -> Iterator[StartKms]:
    """Start KMS v2 plugins for this test alone; ``plugin.provider(NAME)`` goes into an EncryptionConfiguration."""
    with ExitStack() as started:

        def start(key_id: str) -> KmsPlugin:
            plugin = KmsPlugin(program("kms-plugin"), key_id)
            started.callback(plugin.close)
            plugin.run()
            return plugin

        yield start

"""A whole control plane on loopback: etcd, one or more API servers on it, and the controller manager."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.controlplane import binaries
from tests.support.controlplane.access import Access, Client
from tests.support.controlplane.apiserver import ApiServer, ControllerManager, Options, Trust
from tests.support.controlplane.etcd import Etcd
from tests.support.controlplane.folder import Folder


class Cluster:
    """A control plane of its own, in a temporary folder that goes with it.

    Each part is a ``Process`` that a test may stop, kill and run again: ``etcd``, each of ``api_servers``, and
    ``controller_manager``.

    Args:
        programs: where etcd, kube-apiserver and kube-controller-manager are, by name.
        api_servers: the options of each API server; all of them share the one etcd.
        controllers: whether a controller manager runs; without one, no ServiceAccount is made and nothing is collected.
        durable: whether etcd waits for the disk, as it does in production.
    """

    def __init__(
        self,
        programs: Mapping[str, Path],
        api_servers: Sequence[Options] = (Options(),),
        *,
        controllers: bool = True,
        durable: bool = False,
    ) -> None:
        self._folder = Folder()
        self.directory = self._folder.path
        self.trust = Trust.new(self.directory / "pki")
        self.etcd = Etcd(programs["etcd"], self.directory / "etcd", durable=durable)
        self.api_servers = tuple(
            ApiServer(
                programs["kube-apiserver"], self.directory / f"apiserver-{index}", self.trust, self.etcd.store, options
            )
            for index, options in enumerate(api_servers)
        )
        self.controller_manager: ControllerManager | None = None
        if controllers:
            self.controller_manager = ControllerManager(
                programs["kube-controller-manager"], self.directory / "controllers", self.trust, self.access
            )

    @property
    def access(self) -> Access:
        """How to use the first API server."""
        return self.api_servers[0].access

    def start(self) -> None:
        """Start every part and wait until the cluster can be used.

        Raises:
            ProcessError: a part ended or did not become ready in time; its last output is in the message.
        """
        self.etcd.run()
        for server in self.api_servers:
            server.launch()
        for server in self.api_servers:
            server.wait()
        if self.controller_manager is not None:
            self.controller_manager.run()
            admin = self.access.client()
            self.controller_manager.wait_until(lambda: has_default_account(admin, "default"), "at work")

    def close(self) -> None:
        """Kill every part and remove the folder."""
        if self.controller_manager is not None:
            self.controller_manager.close()
        for server in self.api_servers:
            server.close()
        self.etcd.close()
        self._folder.close()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def built_programs(progress: binaries.Progress) -> dict[str, Path]:
    """The programs of a control plane, built where they are missing.

    Raises:
        UnavailableError: they are not here and cannot be built here.
    """
    return {name: binaries.build(name, progress) for name in binaries.CONTROL_PLANE}


def has_default_account(client: Client, namespace: str) -> bool:
    """Whether the namespace has its ``default`` ServiceAccount, without which no pod can be made in it."""
    return client.answers(f"/api/v1/namespaces/{namespace}/serviceaccounts/default")

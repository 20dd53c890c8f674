"""kube-apiserver and kube-controller-manager under test: what each is told, and how each is known to be ready.

Flags: https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/ and
https://kubernetes.io/docs/reference/command-line-tools-reference/kube-controller-manager/
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.controlplane.access import Access
from tests.support.controlplane.etcd import Store
from tests.support.controlplane.pki import Authority, Credential, KeyPair, key_pair
from tests.support.controlplane.process import LOOPBACK, Port, Process

SERVICES = "10.96.0.0/16"
HOSTS = (
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    LOOPBACK,
    "10.96.0.1",
)


@dataclass(frozen=True)
class Options:
    """What one API server is told beyond the flags that every one of them gets.

    Attributes:
        encryption_config: an EncryptionConfiguration file; read anew when it changes if ``reload_encryption`` is true.
        audit_policy: an audit policy file; the log is then written to the server's ``audit_log``.
        audit_webhook: the address that audit events are posted to; needs a policy.
        feature_gates: gates by name.
        admission_plugins: admission plugins to enable, beside the default ones and NodeRestriction.
        flags: any other flags, last, as ``--name=value``.
    """

    encryption_config: Path | None = None
    reload_encryption: bool = False
    audit_policy: Path | None = None
    audit_webhook: str | None = None
    feature_gates: Mapping[str, bool] = field(default_factory=dict)
    admission_plugins: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trust:
    """The authorities and keys that the programs of one cluster share, and the folder of their files."""

    cluster: Authority
    front_proxy: Authority
    tokens: KeyPair
    files: Path

    @classmethod
    def new(cls, files: Path) -> Trust:
        """Fresh authorities and keys, written to ``files`` under the names that kubeadm gives them."""
        files.mkdir(parents=True, mode=0o700)
        trust = cls(Authority.new("kubernetes"), Authority.new("kubernetes-front-proxy-ca"), key_pair(), files)
        trust.write("ca", trust.cluster.credential)
        trust.write("front-proxy-ca", trust.front_proxy.credential)
        trust.write("front-proxy-client", trust.front_proxy.user("front-proxy-client"))
        trust.write("apiserver", trust.cluster.server("kube-apiserver", HOSTS))
        _private(files / "sa.key", trust.tokens.private)
        (files / "sa.pub").write_bytes(trust.tokens.public)
        return trust

    def write(self, name: str, credential: Credential) -> None:
        """Write a certificate and its key as ``NAME.crt`` and ``NAME.key``."""
        (self.files / f"{name}.crt").write_bytes(credential.certificate)
        _private(self.files / f"{name}.key", credential.key)


class ApiServer(Process):
    """One kube-apiserver on loopback.

    Args:
        program: the kube-apiserver to run.
        directory: its own folder, made here.
        trust: the certificates and keys of its cluster.
        store: the etcd that it writes to.
        options: see ``Options``; may be replaced while it is stopped.
    """

    def __init__(self, program: Path, directory: Path, trust: Trust, store: Store, options: Options) -> None:
        directory.mkdir(parents=True)
        super().__init__("kube-apiserver", directory / "kube-apiserver.log")
        self.options = options
        self.audit_log = directory / "audit.log"
        self._program, self._directory, self._trust = program, directory, trust
        self._port = Port()
        self.access = Access(f"https://{LOOPBACK}:{self._port.number}", directory, trust.cluster, store)

    def launch(self) -> None:
        """Start it, and return at once."""
        if self.options.audit_webhook is not None:
            self._webhook.write_text(json.dumps(webhook_configuration(self.options.audit_webhook)))
        self.start([str(self._program), *self._arguments()])

    def wait(self) -> None:
        """Wait until it is ready.

        Raises:
            ProcessError: it ended, or did not become ready in time.
        """
        admin = self.access.client()
        self.wait_until(lambda: admin.answers("/readyz") and admin.answers("/livez"), "ready")

    def run(self) -> None:
        """Start it and wait until it is ready.

        Raises:
            ProcessError: it is running already, ended, or did not become ready in time.
        """
        self.launch()
        self.wait()

    def restart(self, options: Options | None = None) -> None:
        """Stop it and run it again on the same port, with other options where some are given."""
        self.stop()
        self.options = options or self.options
        self.run()

    def close(self) -> None:
        """Kill it and give its port back."""
        self.kill()
        self._port.close()

    @property
    def _webhook(self) -> Path:
        return self._directory / "audit-webhook.kubeconfig"

    def _arguments(self) -> list[str]:
        files, options = self._trust.files, self.options
        arguments = [
            f"--etcd-servers={self.access.store.url}",
            f"--bind-address={LOOPBACK}",
            f"--advertise-address={LOOPBACK}",
            f"--secure-port={self._port.number}",
            "--permit-port-sharing=true",
            "--endpoint-reconciler-type=none",
            f"--service-cluster-ip-range={SERVICES}",
            "--authorization-mode=Node,RBAC",
            f"--enable-admission-plugins={','.join(('NodeRestriction', *options.admission_plugins))}",
            "--allow-privileged=true",
            "--enable-bootstrap-token-auth=true",
            f"--client-ca-file={files / 'ca.crt'}",
            f"--tls-cert-file={files / 'apiserver.crt'}",
            f"--tls-private-key-file={files / 'apiserver.key'}",
            f"--requestheader-client-ca-file={files / 'front-proxy-ca.crt'}",
            "--requestheader-allowed-names=front-proxy-client",
            "--requestheader-username-headers=X-Remote-User",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            f"--proxy-client-cert-file={files / 'front-proxy-client.crt'}",
            f"--proxy-client-key-file={files / 'front-proxy-client.key'}",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            f"--service-account-key-file={files / 'sa.pub'}",
            f"--service-account-signing-key-file={files / 'sa.key'}",
        ]
        if options.feature_gates:
            gates = ",".join(f"{name}={str(on).lower()}" for name, on in options.feature_gates.items())
            arguments.append(f"--feature-gates={gates}")
        return [*arguments, *self._encryption(), *self._audit(), *options.flags]

    def _encryption(self) -> list[str]:
        if self.options.encryption_config is None:
            return []
        reload = str(self.options.reload_encryption).lower()
        return [
            f"--encryption-provider-config={self.options.encryption_config}",
            f"--encryption-provider-config-automatic-reload={reload}",
        ]

    def _audit(self) -> list[str]:
        if self.options.audit_policy is None:
            return []
        arguments = [f"--audit-policy-file={self.options.audit_policy}", f"--audit-log-path={self.audit_log}"]
        if self.options.audit_webhook is not None:
            arguments += [f"--audit-webhook-config-file={self._webhook}", "--audit-webhook-batch-max-wait=100ms"]
        return arguments


class ControllerManager(Process):
    """One kube-controller-manager, at work through the given API server."""

    def __init__(self, program: Path, directory: Path, trust: Trust, access: Access) -> None:
        directory.mkdir(parents=True)
        super().__init__("kube-controller-manager", directory / "kube-controller-manager.log")
        self._program, self._trust, self._access = program, trust, access
        self._port = Port()

    def run(self) -> None:
        """Start it; what it does is seen through the API server.

        Raises:
            ProcessError: it is running already.
        """
        files = self._trust.files
        kubeconfig = self._access.kubeconfig("system:kube-controller-manager")
        self.start(
            [
                str(self._program),
                f"--kubeconfig={kubeconfig}",
                f"--bind-address={LOOPBACK}",
                f"--secure-port={self._port.number}",
                "--permit-port-sharing=true",
                "--leader-elect=false",
                "--use-service-account-credentials=true",
                # At the default of 20 requests a second it needs seconds longer to act.
                "--kube-api-qps=400",
                "--kube-api-burst=800",
                "--concurrent-serviceaccount-token-syncs=20",
                f"--service-cluster-ip-range={SERVICES}",
                f"--service-account-private-key-file={files / 'sa.key'}",
                f"--root-ca-file={files / 'ca.crt'}",
                f"--cluster-signing-cert-file={files / 'ca.crt'}",
                f"--cluster-signing-key-file={files / 'ca.key'}",
            ]
        )

    def close(self) -> None:
        """Kill it and give its port back."""
        self.kill()
        self._port.close()


def webhook_configuration(url: str) -> dict[str, object]:
    """The kubeconfig-shaped file by which an API server finds a webhook."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "webhook",
        "clusters": [{"name": "webhook", "cluster": {"server": url}}],
        "contexts": [{"name": "webhook", "context": {"cluster": "webhook", "user": "webhook"}}],
        "users": [{"name": "webhook", "user": {}}],
    }


def _private(target: Path, content: bytes) -> None:
    target.touch(mode=0o600)
    target.write_bytes(content)

"""A running API server as its users see it: kubeconfigs, client certificates, and a small client."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.support.controlplane.etcd import Store
from tests.support.controlplane.pki import Authority, Credential

ADMINISTRATORS = ("system:masters",)


class RefusedError(Exception):
    """The API server answered with a status of 400 or above.

    Attributes:
        status: the HTTP status.
        reason: the machine-readable reason, such as ``Forbidden``; empty where there is none.
    """

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason


@dataclass(frozen=True)
class Client:
    """Requests to one API server as one user."""

    url: str
    tls: ssl.SSLContext

    def request(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """One request, whatever comes of it: the status and the body.

        Raises:
            OSError: the API server does not answer.
        """
        parts = urlsplit(self.url)
        connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=30, context=self.tls)
        try:
            sent = {"Content-Type": "application/json", "Accept": "application/json", **(headers or {})}
            connection.request(method, path, None if body is None else json.dumps(body), sent)
            with connection.getresponse() as answer:
                return answer.status, answer.read()
        finally:
            connection.close()

    def call(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Any:
        """One request that has to succeed: the decoded answer.

        Raises:
            RefusedError: the status is 400 or above.
            OSError: the API server does not answer.
        """
        status, content = self.request(method, path, body, headers)
        answer = json.loads(content) if content[:1] in {b"{", b"["} else content.decode(errors="replace")
        if status >= http.client.BAD_REQUEST:
            said = answer if isinstance(answer, dict) else {"message": answer}
            raise RefusedError(status, said.get("reason", ""), said.get("message", ""))
        return answer

    def get(self, path: str) -> Any:
        """Read an object or a list; raises as ``call`` does."""
        return self.call("GET", path)

    def create(self, path: str, body: object) -> Any:
        """Create an object in the collection at ``path``; raises as ``call`` does."""
        return self.call("POST", path, body)

    def apply(self, path: str, body: object, manager: str = "tests") -> Any:
        """Apply an object server-side at its own path; raises as ``call`` does."""
        headers = {"Content-Type": "application/apply-patch+yaml"}
        return self.call("PATCH", f"{path}?fieldManager={manager}&force=true", body, headers)

    def delete(self, path: str) -> Any:
        """Delete an object; raises as ``call`` does."""
        return self.call("DELETE", path)

    def answers(self, path: str) -> bool:
        """Whether a GET of ``path`` succeeds now."""
        try:
            return self.request("GET", path)[0] == http.client.OK
        except (OSError, http.client.HTTPException):
            return False


@dataclass(frozen=True)
class Access:
    """All that is needed to use a running cluster; it can be handed to another process as a description.

    Attributes:
        url: the API server's address.
        directory: where kubeconfigs and certificates are written; private to this user.
        authority: the authority of the serving certificate, which client certificates are also issued by.
        store: etcd's raw bytes.
    """

    url: str
    directory: Path
    authority: Authority
    store: Store

    def describe(self) -> dict[str, str]:
        """What another process of this machine needs to make the same ``Access``."""
        return {
            "url": self.url,
            "certificate": self.authority.credential.certificate.decode(),
            "key": self.authority.credential.key.decode(),
            "etcd": self.store.url,
        }

    @classmethod
    def described(cls, description: Mapping[str, str], directory: Path) -> Access:
        """The access that ``describe`` described, with a folder of its own for what it writes."""
        credential = Credential(description["certificate"].encode(), description["key"].encode())
        return cls(description["url"], directory, Authority(credential), Store(description["etcd"]))

    def client(self, user: str = "admin", groups: Sequence[str] | None = None) -> Client:
        """A client that authenticates as the user; ``admin`` is an administrator unless groups are given."""
        files = self._identity(user, _groups(user, groups))
        tls = ssl.create_default_context(cadata=self.authority.credential.certificate.decode())
        tls.load_cert_chain(files / "tls.crt", files / "tls.key")
        return Client(self.url, tls)

    def kubeconfig(self, user: str = "admin", groups: Sequence[str] | None = None, namespace: str = "default") -> Path:
        """A kubeconfig file that authenticates as the user; ``admin`` is an administrator unless groups are given."""
        files = self._identity(user, _groups(user, groups))
        target = files / f"{namespace}.kubeconfig"
        _write(target, json.dumps(self._configuration(user, files, namespace), indent=2).encode())
        return target

    def _configuration(self, user: str, files: Path, namespace: str) -> dict[str, object]:
        def inline(data: bytes) -> str:
            return base64.b64encode(data).decode()

        authority = inline(self.authority.credential.certificate)
        identity = {
            "client-certificate-data": inline((files / "tls.crt").read_bytes()),
            "client-key-data": inline((files / "tls.key").read_bytes()),
        }
        context = {"cluster": "test", "user": user, "namespace": namespace}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": self.url, "certificate-authority-data": authority}}],
            "contexts": [{"name": "test", "context": context}],
            "users": [{"name": user, "user": identity}],
        }

    def _identity(self, user: str, groups: Sequence[str]) -> Path:
        # Two API servers have a URL each and may share the folder, and a user may be asked for with different groups.
        key = hashlib.sha256(json.dumps([self.url, user, *groups]).encode()).hexdigest()[:16]
        folder = self.directory / "users" / key
        if not (folder / "tls.key").exists():
            credential = self.authority.user(user, groups)
            folder.mkdir(parents=True, exist_ok=True)
            _write(folder / "tls.crt", credential.certificate)
            _write(folder / "tls.key", credential.key)
        return folder


def eventually(condition: Callable[[], bool], what: str, patience: float = 30) -> None:
    """Wait for something that a controller does on its own.

    Raises:
        TimeoutError: ``patience`` seconds have passed.
    """
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {patience:.0f} s still not: {what}")
        time.sleep(0.02)


def _groups(user: str, groups: Sequence[str] | None) -> Sequence[str]:
    if groups is not None:
        return groups
    return ADMINISTRATORS if user == "admin" else ()


def _write(target: Path, content: bytes) -> None:
    target.touch(mode=0o600)
    target.write_bytes(content)

"""How to reach a cluster: from a kubeconfig, or from inside a pod."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from strongroom.errors import KubeconfigError
from strongroom.kube import kubeconfig, proxies
from strongroom.kube.credentials import Login, contents, decoded
from strongroom.kube.kubeconfig import Named, Server, Target, User

IN_CLUSTER = "in-cluster"
"""What stands in for a context's name inside a pod."""

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_HOST, _PORT = "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"


class Asked(msgspec.Struct, frozen=True):
    """What a user says about the connection.

    Attributes:
        context: the kubeconfig's context; the current one where empty.
        kubeconfig: the file, in place of those that kubectl would take.
        as_user, as_groups: whom to impersonate.
        server: the URL to ask in place of the context's: one of several API servers, and not their balancer.
    """

    context: str = ""
    kubeconfig: str | None = None
    as_user: str = ""
    as_groups: tuple[str, ...] = ()
    server: str = ""


class Connection(msgspec.Struct, frozen=True):
    """A cluster and who asks.

    Attributes:
        context: the name of the context.
        namespace: the context's namespace; empty where it names none.
        url: the API server's, without a slash at the end.
        server_name: the name that its certificate must have, where that is not the URL's.
        authority: the PEM certificates that its certificate must lead to; the system's where None.
        insecure: take any certificate.
        proxy: the proxy's URL; empty for none.
        headers: sent with every request.
        login: gives the credential.
    """

    context: str
    namespace: str
    url: str
    server_name: str
    authority: bytes | None
    insecure: bool
    proxy: str
    headers: tuple[tuple[str, str], ...]
    login: Login


def connect(asked: Asked, environment: Mapping[str, str] = os.environ, home: Path | None = None) -> Connection:
    """Find out how to reach the cluster that a user means. Nothing is sent yet.

    The named kubeconfig, those of ``KUBECONFIG``, ``~/.kube/config``; else, inside a pod, its ServiceAccount.

    Raises:
        KubeconfigError: nothing says how, or what says so is not valid.
    """
    paths = kubeconfig.files(asked.kubeconfig, environment, home or Path.home())
    if paths:
        target = kubeconfig.resolve(kubeconfig.load(paths), asked.context)
    elif environment.get(_HOST) and (_ACCOUNT / "token").is_file() and not asked.context:
        target = in_cluster(environment, _ACCOUNT)
    else:
        raise KubeconfigError("there is no kubeconfig", hint="name one with --kubeconfig FILE or in KUBECONFIG")
    return _connection(target, asked, environment)


def in_cluster(environment: Mapping[str, str], account: Path) -> Target:
    """Return the target that every pod knows of.

    https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
    """
    host = environment[_HOST]
    url = f"https://{f'[{host}]' if ':' in host else host}:{environment.get(_PORT, '443')}"
    server = Named(IN_CLUSTER, Server(server=url, certificate_authority="ca.crt"), account)
    user = Named("the pod's ServiceAccount", User(token_file="token"), account)  # noqa: S106 - a file's name
    namespace = account / "namespace"
    return Target(IN_CLUSTER, namespace.read_text("utf-8").strip() if namespace.is_file() else "", server, user)


def _connection(target: Target, asked: Asked, environment: Mapping[str, str]) -> Connection:
    server, user = target.server.entry, target.user.entry
    url = (asked.server or server.server).rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise KubeconfigError(f"the server of cluster {target.server.name} is no URL", hint="https://HOST:PORT")
    return Connection(
        context=target.context,
        namespace=target.namespace,
        url=url,
        server_name=server.tls_server_name,
        authority=_authority(target.server),
        insecure=server.insecure_skip_tls_verify,
        proxy=proxies.chosen(url, server.proxy_url, environment, f"cluster {target.server.name}"),
        headers=_impersonation(asked, user),
        login=Login(target.user, server, environment),
    )


def _authority(server: Named[Server]) -> bytes | None:
    entry, what = server.entry, f"certificate authority of cluster {server.name}"
    if entry.certificate_authority_data:
        return decoded(entry.certificate_authority_data, what)
    return contents(server.folder / entry.certificate_authority, what) if entry.certificate_authority else None


def _impersonation(asked: Asked, user: User) -> tuple[tuple[str, str], ...]:
    """Return the headers of impersonation; the options of a command count before the kubeconfig.

    https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation
    """
    name = asked.as_user or user.as_
    groups = asked.as_groups if asked.as_user else tuple(user.as_groups or ())
    if not name:
        if asked.as_groups:
            raise KubeconfigError("groups without a user cannot be impersonated", hint="add --as USER")
        return ()
    return (("Impersonate-User", name), *(("Impersonate-Group", group) for group in groups))

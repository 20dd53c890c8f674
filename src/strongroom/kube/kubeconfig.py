"""Kubeconfig files: read, merged and resolved as kubectl does.

Source: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/ ("Merging kubeconfig
files") and https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/. Every field that may hold a credential is a
`Plaintext` from the first moment on.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from strongroom.documents.limits import DEFAULT
from strongroom.documents.yaml import Document, read
from strongroom.errors import KubeconfigError
from strongroom.model.plaintext import Plaintext
from strongroom.model.resource import as_dict, as_list, as_text

VARIABLE = "KUBECONFIG"
_HOME_FILE = Path(".kube") / "config"
_MOST_NAMED = 8

Entry = TypeVar("Entry")


class Variable(msgspec.Struct, frozen=True):
    """An environment variable of an exec plugin."""

    name: str
    value: Plaintext


class Exec(msgspec.Struct, frozen=True, rename="camel"):
    """A program that prints a credential."""

    command: str
    api_version: str
    args: list[str] | None = None
    env: list[Variable] | None = None
    install_hint: str = ""
    provide_cluster_info: bool = False
    interactive_mode: str = "IfAvailable"


class AuthProvider(msgspec.Struct, frozen=True):
    """A credential in the older form of ``oidc`` and the clouds."""

    name: str
    config: dict[str, Plaintext] | None = None


class User(msgspec.Struct, frozen=True, rename="kebab"):
    """Who asks. ``as_`` and the like are whom the user wants to be taken for."""

    client_certificate: str = ""
    client_certificate_data: str = ""
    client_key: str = ""
    client_key_data: Plaintext | None = None
    token: Plaintext | None = None
    token_file: str = msgspec.field(name="tokenFile", default="")
    username: str = ""
    password: Plaintext | None = None
    as_: str = msgspec.field(name="as", default="")
    as_groups: list[str] | None = None
    exec: Exec | None = None
    auth_provider: AuthProvider | None = None


class Server(msgspec.Struct, frozen=True, rename="kebab"):
    """Where an API server is (``cluster`` in the file)."""

    server: str = ""
    tls_server_name: str = ""
    insecure_skip_tls_verify: bool = False
    certificate_authority: str = ""
    certificate_authority_data: str = ""
    proxy_url: str = ""


class Context(msgspec.Struct, frozen=True):
    """Which user, at which cluster, in which namespace."""

    cluster: str = ""
    user: str = ""
    namespace: str = ""


class Named(msgspec.Struct, Generic[Entry], frozen=True):
    """An entry and the folder of its file, which relative paths in it start from."""

    name: str
    entry: Entry
    folder: Path


class Kubeconfig(msgspec.Struct, frozen=True):
    """All files merged: of each name and value the first one counts."""

    current: str
    contexts: dict[str, Named[Context]]
    servers: dict[str, Named[Server]]
    users: dict[str, Named[User]]


class Target(msgspec.Struct, frozen=True):
    """One context, resolved."""

    context: str
    namespace: str
    server: Named[Server]
    user: Named[User]


def files(explicit: str | None, environment: Mapping[str, str], home: Path) -> list[Path]:
    """Return the files that count: the named one, else those of ``KUBECONFIG``, else that of the home folder.

    Of the latter, those that exist.

    Raises:
        KubeconfigError: the named one does not exist.
    """
    if explicit is not None:
        if not Path(explicit).is_file():
            raise KubeconfigError(f"kubeconfig {explicit} does not exist")
        return [Path(explicit)]
    listed = [Path(part).expanduser() for part in environment.get(VARIABLE, "").split(os.pathsep) if part]
    return [path for path in listed or [home / _HOME_FILE] if path.is_file()]


def load(paths: list[Path]) -> Kubeconfig:
    """Read and merge files.

    Raises:
        KubeconfigError: one cannot be read, or is no kubeconfig.
    """
    merged = Kubeconfig("", {}, {}, {})
    for path in paths:
        body = _body(path)
        folder = path.absolute().parent
        _merge(merged.contexts, body, "contexts", "context", Context, folder, path)
        _merge(merged.servers, body, "clusters", "cluster", Server, folder, path)
        _merge(merged.users, body, "users", "user", User, folder, path)
        if not merged.current:
            merged = msgspec.structs.replace(merged, current=as_text(body.get("current-context")))
    return merged


def resolve(config: Kubeconfig, context: str = "") -> Target:
    """Return what a context means; the current one where none is named.

    Raises:
        KubeconfigError: there is no such context, or what it names is missing.
    """
    name = context or config.current
    if not name:
        raise KubeconfigError("the kubeconfig names no current context", hint=_choice(config))
    found = config.contexts.get(name)
    if found is None:
        near = difflib.get_close_matches(name, config.contexts, n=1)
        hint = f"did you mean cluster:{near[0]}?" if near else _choice(config)
        raise KubeconfigError(f"there is no context {name} in the kubeconfig", hint=hint)
    server = config.servers.get(found.entry.cluster)
    if server is None or not server.entry.server:
        raise KubeconfigError(
            f"context {name} names the cluster {found.entry.cluster!r}, which the kubeconfig does not define"
        )
    user = config.users.get(found.entry.user)
    if user is None:
        if found.entry.user:
            raise KubeconfigError(
                f"context {name} names the user {found.entry.user!r}, which the kubeconfig does not define"
            )
        user = Named("", User(), server.folder)
    return Target(name, found.entry.namespace, server, user)


def _choice(config: Kubeconfig) -> str:
    if not config.contexts:
        return "the kubeconfig has no contexts; name another one with --kubeconfig"
    names = sorted(config.contexts)
    more = ", …" if len(names) > _MOST_NAMED else ""
    return "name one: " + ", ".join(f"cluster:{name}" for name in names[:_MOST_NAMED]) + more


def _body(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            data = stream.read(DEFAULT.max_bytes + 1)
    except OSError as error:
        raise KubeconfigError(f"kubeconfig {path} cannot be read", hint=(error.strerror or "").lower()) from None
    if len(data) > DEFAULT.max_bytes:
        raise KubeconfigError(f"kubeconfig {path} is larger than the limit")
    for document in read(data):
        if not isinstance(document, Document):
            raise KubeconfigError(
                f"kubeconfig {path} cannot be parsed", hint=f"line {document.line}: {document.reason}"
            )
        if document.body is not None and not isinstance(document.body, dict):
            raise KubeconfigError(f"kubeconfig {path} is no mapping")
        return as_dict(document.body)
    return {}


def _merge(
    known: dict[str, Named[Entry]],
    body: dict[str, Any],
    listed: str,
    field: str,
    kind: type[Entry],
    folder: Path,
    path: Path,
) -> None:
    for item in as_list(body.get(listed)):
        name = as_text(as_dict(item).get("name"))
        if name and name not in known:
            written = {key: value for key, value in as_dict(item.get(field)).items() if value is not None}
            try:
                entry = msgspec.convert(written, kind, dec_hook=_hidden)
            except msgspec.ValidationError as error:
                # Its text names types and fields, never what stands there.
                raise KubeconfigError(
                    f"{field} {name} in kubeconfig {path} is not valid", hint=str(error).lower()
                ) from None
            known[name] = Named(name, entry, folder)


def _hidden(kind: type, value: Any) -> Any:
    if kind is Plaintext and isinstance(value, str):
        return Plaintext(value)
    raise ValueError("expected text")

"""Kubeconfig files mean what they mean to kubectl."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from strongroom.errors import KubeconfigError
from strongroom.kube import kubeconfig
from strongroom.kube.connection import IN_CLUSTER, Asked, connect, in_cluster


def written(path: Path, **parts: Any) -> Path:
    """Write a file with ``contexts``, ``clusters`` and ``users`` as mappings from name to entry."""
    singular = {"contexts": "context", "clusters": "cluster", "users": "user"}
    body = {
        part: [{"name": name, singular[part]: entry} for name, entry in value.items()] if part in singular else value
        for part, value in parts.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "Config", **body}), "utf-8")
    return path


def test_of_several_files_the_first_that_says_something_counts(tmp_path: Path) -> None:
    """Entries of all files are there; of the same name, and of the current context, the first one counts."""
    one = written(
        tmp_path / "one", contexts={"a": {"cluster": "x", "user": "u"}}, clusters={"x": {"server": "https://one"}}
    )
    two = written(
        tmp_path / "two",
        **{"current-context": "b"},
        contexts={"a": {"cluster": "z"}, "b": {"cluster": "z", "namespace": "shop"}},
        clusters={"x": {"server": "https://other"}, "z": {"server": "https://two"}},
        users={"u": {"token": "t"}},
    )
    three = written(tmp_path / "three", **{"current-context": "a"})
    environment = {"KUBECONFIG": os.pathsep.join([str(one), str(tmp_path / "missing"), str(two), str(three)])}

    config = kubeconfig.load(kubeconfig.files(None, environment, tmp_path))

    assert config.current == "b"
    assert kubeconfig.resolve(config).namespace == "shop"
    assert kubeconfig.resolve(config).server.entry.server == "https://two"
    assert kubeconfig.resolve(config, "a").server.entry.server == "https://one"
    assert kubeconfig.resolve(config, "a").user.entry.token is not None


def test_a_named_file_counts_before_the_variable_and_must_exist(tmp_path: Path) -> None:
    """A file that the user names is the only one, and its absence is an error; the variable's may be missing."""
    one = written(tmp_path / "one")
    environment = {"KUBECONFIG": str(tmp_path / "missing")}

    assert kubeconfig.files(str(one), environment, tmp_path) == [one]
    assert kubeconfig.files(None, environment, tmp_path) == []
    with pytest.raises(KubeconfigError, match="does not exist"):
        kubeconfig.files(str(tmp_path / "missing"), {}, tmp_path)


def test_the_file_of_the_home_folder_is_the_last_resort(tmp_path: Path) -> None:
    """Where nothing else is said, ``~/.kube/config`` counts."""
    own = written(tmp_path / ".kube" / "config")

    assert kubeconfig.files(None, {}, tmp_path) == [own]


@pytest.mark.parametrize(
    ("parts", "context", "says", "hint"),
    [
        ({}, "", "names no current context", "no contexts"),
        ({"contexts": {"prod": {"cluster": "c"}}}, "", "names no current context", "cluster:prod"),
        ({"contexts": {"prod": {"cluster": "c"}}}, "prd", "no context prd", "did you mean cluster:prod"),
        ({"contexts": {"prod": {"cluster": "c"}}}, "prod", "names the cluster 'c'", ""),
        ({"contexts": {"prod": {"cluster": "c"}}, "clusters": {"c": {}}}, "prod", "names the cluster 'c'", ""),
        (
            {"contexts": {"prod": {"cluster": "c", "user": "u"}}, "clusters": {"c": {"server": "https://x"}}},
            "prod",
            "names the user 'u'",
            "",
        ),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, parts: dict[str, Any], context: str, says: str, hint: str) -> None:
    """A kubeconfig without a context, with a misspelt one, or whose context leads nowhere is an error with a hint."""
    config = kubeconfig.load([written(tmp_path / "config", **parts)])

    with pytest.raises(KubeconfigError, match=says) as raised:
        kubeconfig.resolve(config, context)
    assert hint in raised.value.hint


@pytest.mark.parametrize("text", ["a: [", "- a\n- b\n", "users:\n  - name: u\n    user: {token: [hunter2]}\n"])
def test_what_cannot_be_read_is_an_error_without_its_contents(tmp_path: Path, text: str) -> None:
    """A file that is no kubeconfig gives an error that quotes nothing of it."""
    path = tmp_path / "config"
    path.write_text(text, "utf-8")

    with pytest.raises(KubeconfigError) as raised:
        kubeconfig.load([path])
    assert "hunter2" not in raised.value.message + raised.value.hint


def test_credentials_do_not_show(tmp_path: Path) -> None:
    """The representation of what was read shows no token, password, key, or variable of a plugin."""
    user = {
        "token": "hunter2-token",
        "password": "hunter2-password",
        "client-key-data": "hunter2-key",
        "auth-provider": {"name": "oidc", "config": {"id-token": "hunter2-id"}},
        "exec": {"command": "x", "apiVersion": "v1", "env": [{"name": "A", "value": "hunter2-env"}]},
    }
    config = kubeconfig.load([written(tmp_path / "config", users={"u": user})])

    assert config.users["u"].entry.token is not None
    assert "hunter2" not in repr(config)


def test_relative_paths_start_from_their_file(tmp_path: Path) -> None:
    """A certificate authority named by a relative path is read from beside the file that names it."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "ca.pem").write_bytes(b"authority")
    path = written(
        tmp_path / "deep" / "config",
        **{"current-context": "a"},
        contexts={"a": {"cluster": "c"}},
        clusters={"c": {"server": "https://x", "certificate-authority": "ca.pem"}},
    )

    assert connect(Asked(kubeconfig=str(path)), {}, tmp_path).authority == b"authority"


def test_impersonation_comes_from_the_options_or_the_file(tmp_path: Path) -> None:
    """Whom to be taken for stands in the kubeconfig, and options count before it; groups alone are refused."""
    path = written(
        tmp_path / "config",
        **{"current-context": "a"},
        contexts={"a": {"cluster": "c", "user": "u"}, "b": {"cluster": "c"}},
        clusters={"c": {"server": "https://x"}},
        users={"u": {"as": "jane", "as-groups": ["dev"]}},
    )

    of_file = connect(Asked(kubeconfig=str(path)), {}, tmp_path).headers
    of_options = connect(Asked(kubeconfig=str(path), as_user="joe", as_groups=("ops",)), {}, tmp_path).headers

    assert of_file == (("Impersonate-User", "jane"), ("Impersonate-Group", "dev"))
    assert of_options == (("Impersonate-User", "joe"), ("Impersonate-Group", "ops"))
    with pytest.raises(KubeconfigError, match="without a user"):
        connect(Asked("b", kubeconfig=str(path), as_groups=("ops",)), {}, tmp_path)


def test_a_pod_knows_its_cluster(tmp_path: Path) -> None:
    """Inside a pod the address comes from the environment, the credential from the mounted ServiceAccount."""
    (tmp_path / "namespace").write_text("shop")
    environment = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "6443"}

    target = in_cluster(environment, tmp_path)

    assert (target.context, target.namespace) == (IN_CLUSTER, "shop")
    assert target.server.entry.server == "https://[fd00::1]:6443"
    assert target.user.entry.token_file == "token"
    assert target.user.folder == tmp_path


def test_nothing_at_all_is_an_error(tmp_path: Path) -> None:
    """Without any kubeconfig, outside of a pod, there is a hint what to do."""
    with pytest.raises(KubeconfigError, match="there is no kubeconfig") as raised:
        connect(Asked(), {}, tmp_path)
    assert "--kubeconfig" in raised.value.hint


def test_other_proxies_are_refused(tmp_path: Path) -> None:
    """A SOCKS4 proxy is named as what is not supported, instead of going past it."""
    path = written(
        tmp_path / "config",
        **{"current-context": "a"},
        contexts={"a": {"cluster": "c"}},
        clusters={"c": {"server": "https://x", "proxy-url": "socks4://proxy:1080"}},
    )
    with pytest.raises(KubeconfigError, match="proxy"):
        connect(Asked(kubeconfig=str(path)), {}, tmp_path)

"""Through proxies to a real API server: which one is taken, and what becomes of one that fails."""

from __future__ import annotations

import base64
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.kube.proxies import socks5, tunnel
from tests.kube.test_client import changed, get
from tests.support.controlplane.access import Access
from tests.support.controlplane.pki import Authority

from strongroom.errors import KubeconfigError, UnreachableError
from strongroom.kube.proxies import chosen


def through(cluster: Access, folder: Path, proxy: str, **more: Any) -> bytes:
    """Return what a request gives that goes through a proxy."""
    return get(changed(cluster.kubeconfig(), folder, lambda entry: entry.update({"proxy-url": proxy, **more})))


def test_an_http_proxy_is_gone_through(cluster: Access, tmp_path: Path) -> None:
    """With ``proxy-url`` the connection goes through the proxy, to the end encrypted for the API server."""
    with tunnel() as (url, asked):
        assert b"gitVersion" in through(cluster, tmp_path, url)
        assert asked == [cluster.url.removeprefix("https://")]
    with pytest.raises(UnreachableError, match="the proxy"):
        through(cluster, tmp_path, url)


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_a_socks_proxy_is_gone_through(cluster: Access, tmp_path: Path, scheme: str) -> None:
    """A SOCKS5 proxy is gone through; where it has gone, that is said."""
    with socks5() as (port, asked):
        assert b"gitVersion" in through(cluster, tmp_path, f"{scheme}://127.0.0.1:{port}")
        assert asked == [cluster.url.removeprefix("https://")]
    with pytest.raises(UnreachableError, match="the proxy"):
        through(cluster, tmp_path, f"{scheme}://127.0.0.1:{port}")


def test_a_socks_proxy_with_a_password(cluster: Access, tmp_path: Path) -> None:
    """User and password of the URL are given to the proxy; wrong ones are an error that does not hold them."""
    with socks5(b"hunter@2") as (port, asked):
        assert b"gitVersion" in through(cluster, tmp_path, f"socks5://joe:hunter%402@127.0.0.1:{port}")
        for proxy in (f"socks5://joe:hunter3@127.0.0.1:{port}", f"socks5://127.0.0.1:{port}"):
            with pytest.raises(UnreachableError, match="the proxy") as raised:
                through(cluster, tmp_path, proxy)
            assert "hunter" not in raised.value.message + raised.value.hint
    assert len(asked) == 1


def test_the_socks_proxy_looks_names_up(cluster: Access, tmp_path: Path) -> None:
    """A name that only the proxy knows is left to it, and ``tls-server-name`` is the name in the server's certificate."""
    port = cluster.url.rpartition(":")[2]
    with socks5(names={"api.bastion.invalid": "127.0.0.1"}) as (proxy, asked):
        more = {"server": f"https://api.bastion.invalid:{port}"}
        url = f"socks5://127.0.0.1:{proxy}"
        assert b"gitVersion" in through(cluster, tmp_path, url, **more, **{"tls-server-name": "kubernetes"})
        assert asked == [f"api.bastion.invalid:{port}"]
        with pytest.raises(UnreachableError, match="is not trusted") as raised:
            through(cluster, tmp_path, url, **more)
        assert "tls-server-name" in raised.value.hint


def test_a_socks_proxy_in_the_middle_is_not_trusted(cluster: Access, tmp_path: Path) -> None:
    """Whoever answers behind the proxy must have a certificate of the kubeconfig's authority."""
    other = base64.b64encode(Authority.new("other").credential.certificate).decode()
    with socks5() as (port, _), pytest.raises(UnreachableError, match="is not trusted") as raised:
        through(cluster, tmp_path, f"socks5://127.0.0.1:{port}", **{"certificate-authority-data": other})
    assert "certificate-authority" in raised.value.hint


def test_a_socks_proxy_that_hangs(cluster: Access, tmp_path: Path) -> None:
    """A proxy that accepts and never answers costs a bounded time."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = f"socks5://127.0.0.1:{listener.getsockname()[1]}"
        config = changed(cluster.kubeconfig(), tmp_path, lambda entry: entry.update({"proxy-url": proxy}))
        with pytest.raises(UnreachableError, match="does not answer"):
            get(config, seconds=0.2)


_ASK = """
import asyncio, sys
from strongroom.kube.client import Client
from strongroom.kube.connection import Asked, connect

async def run():
    async with Client(connect(Asked(kubeconfig=sys.argv[1]))) as client:
        print((await client.get("/version")).decode())

asyncio.run(run())
"""


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_the_proxy_of_the_environment(cluster: Access, variable: str) -> None:
    """Without ``proxy-url`` the variables of the environment count, but not for what ``NO_PROXY`` names."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    call = [sys.executable, "-c", _ASK, str(cluster.kubeconfig())]
    with socks5() as (port, asked):
        environment = {**kept, variable: f"socks5://127.0.0.1:{port}"}
        for more, count in (({}, 1), ({"NO_PROXY": "127.0.0.1"}, 1)):
            said = subprocess.run(call, env={**environment, **more}, capture_output=True, text=True, check=True).stdout
            assert "gitVersion" in said
            assert len(asked) == count


@pytest.mark.parametrize("proxy", ["socks5://", "socks5://host:port", "http://[", "proxy:1080"])
def test_what_is_no_url_is_refused(proxy: str) -> None:
    """A proxy that is no URL is an error of the kubeconfig, which names the cluster."""
    with pytest.raises(KubeconfigError, match="the proxy of cluster c"):
        chosen("https://example.org", proxy, {}, "cluster c")

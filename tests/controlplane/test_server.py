"""Clusters with options of their own do what they are told, and nothing of them is left when a test run dies."""

from __future__ import annotations

import base64
import http.server
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from tests.support.controlplane.access import eventually
from tests.support.controlplane.apiserver import Options
from tests.support.controlplane.fixtures import StartCluster
from tests.support.controlplane.folder import Folder
from tests.support.controlplane.process import ProcessError
from tests.support.controlplane.server import Cluster

REPOSITORY = Path(__file__).parents[2]
SECRETS = "/api/v1/namespaces/default/secrets"
PROGRAMS = {"etcd", "kube-apiserver", "kube-controller-manager"}


def encryption_config(target: Path, key: str) -> Path:
    """An EncryptionConfiguration that seals Secrets with a fresh secretbox key and still reads plain ones."""
    material = base64.b64encode(secrets.token_bytes(32)).decode()
    providers = [{"secretbox": {"keys": [{"name": key, "secret": material}]}}, {"identity": {}}]
    configuration = {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "EncryptionConfiguration",
        "resources": [{"resources": ["secrets"], "providers": providers}],
    }
    target.write_text(json.dumps(configuration))
    return target


def audit_policy(target: Path) -> Path:
    """An audit policy that notes who touches Secrets and nothing else."""
    rules = [{"level": "Metadata", "resources": [{"group": "", "resources": ["secrets"]}]}, {"level": "None"}]
    policy = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": rules}
    target.write_text(json.dumps(policy))
    return target


@contextmanager
def receiver() -> Iterator[tuple[str, list[str]]]:
    """A web server that keeps the URIs of the audit events that it is sent: its address, and the list."""
    seen: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            seen.extend(event["requestURI"] for event in body["items"])
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/audit", seen
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def configured(
    control_plane_programs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Cluster, list[str]]]:
    """Two API servers on one etcd, the first with every option, and what its audit webhook has received."""
    folder = tmp_path_factory.mktemp("options")
    with ExitStack() as started:
        address, seen = started.enter_context(receiver())
        options = Options(
            encryption_config=encryption_config(folder / "encryption.json", "key1"),
            audit_policy=audit_policy(folder / "audit.json"),
            audit_webhook=address,
            feature_gates={"UnauthenticatedHTTP2DOSMitigation": False},
            admission_plugins=("AlwaysPullImages",),
            flags=("--default-not-ready-toleration-seconds=77",),
        )
        servers = (options, Options())
        yield started.enter_context(Cluster(control_plane_programs, servers, controllers=False)), seen


def test_encryption_at_rest(configured: tuple[Cluster, list[str]]) -> None:
    """With an EncryptionConfiguration, etcd holds a Secret sealed by its provider and key, and the API opens it."""
    cluster, _ = configured
    admin = cluster.access.client()
    admin.create(SECRETS, {"metadata": {"name": "sealed"}, "stringData": {"password": "correct horse"}})

    raw = cluster.etcd.store.get("/registry/secrets/default/sealed")

    assert raw is not None
    assert raw.startswith(b"k8s:enc:secretbox:v1:key1:")
    assert b"correct horse" not in raw
    assert base64.b64decode(admin.get(f"{SECRETS}/sealed")["data"]["password"]) == b"correct horse"


def test_audit_log(configured: tuple[Cluster, list[str]]) -> None:
    """With an audit policy, the API server writes the events that the policy asks for, and no others, to its log."""
    cluster, _ = configured
    reader = cluster.access.client("mallory", ["system:masters"])
    reader.get(SECRETS)
    reader.get("/api/v1/namespaces/default/configmaps")

    events = [json.loads(line) for line in cluster.api_servers[0].audit_log.read_text().splitlines()]
    seen = [
        (event["verb"], event["objectRef"]["resource"]) for event in events if event["user"]["username"] == "mallory"
    ]

    assert seen == [("list", "secrets")]
    assert not cluster.api_servers[1].audit_log.exists()


def test_audit_webhook(configured: tuple[Cluster, list[str]]) -> None:
    """With an audit webhook, the events are posted to it too."""
    cluster, seen = configured
    cluster.access.client().request("GET", f"{SECRETS}/for-the-webhook")

    eventually(lambda: f"{SECRETS}/for-the-webhook" in seen, "the event has arrived")


def test_feature_gates(configured: tuple[Cluster, list[str]]) -> None:
    """A feature gate is switched on the API server that was told so, and on that one only."""
    gate = 'kubernetes_feature_enabled{name="UnauthenticatedHTTP2DOSMitigation",stage="BETA"}'
    told, other = (
        (server.access.client().request("GET", "/metrics")[1]).decode() for server in configured[0].api_servers
    )

    assert f"{gate} 0" in told
    assert f"{gate} 1" in other


def test_admission_plugins_and_flags(configured: tuple[Cluster, list[str]]) -> None:
    """Admission plugins and plain flags take effect on the API server that was given them, and on that one only."""
    pod = {
        "metadata": {"name": "p"},
        "spec": {
            "automountServiceAccountToken": False,
            "containers": [{"name": "c", "image": "registry.example/app:1", "imagePullPolicy": "Never"}],
        },
    }
    account = {"metadata": {"name": "default"}}
    configured[0].access.client().create("/api/v1/namespaces/default/serviceaccounts", account)
    told, other = (
        server.access.client().create("/api/v1/namespaces/default/pods?dryRun=All", pod)["spec"]
        for server in configured[0].api_servers
    )

    assert told["containers"][0]["imagePullPolicy"] == "Always"
    assert {each["tolerationSeconds"] for each in told["tolerations"]} == {77, 300}
    assert other["containers"][0]["imagePullPolicy"] == "Never"
    assert {each["tolerationSeconds"] for each in other["tolerations"]} == {300}


def test_two_api_servers_share_one_etcd(configured: tuple[Cluster, list[str]]) -> None:
    """What is written through one API server is read through the other."""
    first, second = (server.access for server in configured[0].api_servers)
    assert first.url != second.url

    first.client().create("/api/v1/namespaces/default/configmaps", {"metadata": {"name": "shared"}, "data": {"a": "b"}})

    assert second.client().get("/api/v1/namespaces/default/configmaps/shared")["data"] == {"a": "b"}


def test_parts_stop_and_run_again(start_cluster: StartCluster, tmp_path: Path) -> None:
    """Each part stops, is killed and runs again on its port and data; the API server also with other options."""
    cluster = start_cluster()
    server, admin = cluster.api_servers[0], cluster.access.client()
    admin.create(SECRETS, {"metadata": {"name": "before"}, "stringData": {"a": "b"}})

    server.stop()
    assert not server.running
    with pytest.raises(OSError, match="refused"):
        admin.get("/version")
    server.run()
    server.restart(Options(encryption_config=encryption_config(tmp_path / "encryption.json", "later")))
    admin.create(SECRETS, {"metadata": {"name": "after"}, "stringData": {"a": "b"}})

    cluster.etcd.kill()
    assert not cluster.etcd.store.healthy()
    cluster.etcd.run()
    eventually(lambda: admin.answers(f"{SECRETS}/after"), "the API server is back with etcd")

    raw = [cluster.etcd.store.get(f"/registry/secrets/default/{name}") or b"" for name in ("before", "after")]
    assert raw[0].startswith(b"k8s\x00")
    assert raw[1].startswith(b"k8s:enc:secretbox:v1:later:")


def test_refused_options_are_told(control_plane_programs: dict[str, Path]) -> None:
    """An API server that refuses its options is an error that holds what it said, and the cluster is gone."""
    cluster = Cluster(control_plane_programs, [Options(flags=("--no-such-flag=1",))])

    with pytest.raises(ProcessError, match="unknown flag: --no-such-flag"), cluster:
        pass

    assert not cluster.etcd.running
    assert not cluster.directory.exists()


def descendants(pid: int) -> dict[int, str]:
    """The running processes below ``pid``, with the names of their programs."""
    rows = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,stat=,comm="], capture_output=True, text=True, check=True
    ).stdout
    table = [(int(row[0]), int(row[1]), row[3]) for row in map(str.split, rows.splitlines()) if row[2][0] != "Z"]
    found: dict[int, str] = {}
    layer = {pid}
    while layer:
        below = {child: name for child, parent, name in table if parent in layer}
        found |= below
        layer = set(below)
    return found


def alive(pid: int) -> bool:
    """Whether the process runs, and is not merely waiting for its parent to take note of its end."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state) and state[0] != "Z"


JOIN = """
import sys, time
from pathlib import Path
from tests.support.controlplane import fixtures, shared
programs = fixtures.require("etcd", "kube-apiserver", "kube-controller-manager")
folder = Path(sys.argv[1])
lease = shared.join(folder / "meeting", programs, folder / sys.argv[2])
print(lease.access.url, flush=True)
sys.stdin.read()
lease.close()
"""


@contextmanager
def worker(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A Python of the repository, once it has said its first line, and that line; killed in the end."""
    command = [sys.executable, *arguments]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def test_cluster_by_hand(control_plane_programs: dict[str, Path]) -> None:
    """A cluster started by hand prints a kubeconfig, and Ctrl-C ends it and removes its files."""
    with worker("-m", "tests.support.controlplane") as (process, kubeconfig):
        server = json.loads(Path(kubeconfig).read_text())["clusters"][0]["cluster"]["server"]
        below = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        code = process.wait(60)

    assert server.startswith("https://127.0.0.1:")
    assert set(below.values()) >= {name[:15] for name in PROGRAMS}
    assert code == 0
    assert not [pid for pid in below if alive(pid)]
    assert not Path(kubeconfig).exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_crash_leaves_no_process(control_plane_programs: dict[str, Path]) -> None:
    """When the process that started a cluster is killed, every program of the cluster ends."""
    with worker("-m", "tests.support.controlplane") as (process, _):
        below = descendants(process.pid)
        process.kill()
        process.wait(60)
        eventually(lambda: not any(map(alive, below)), "every program has ended")

    assert set(below.values()) >= {name[:15] for name in PROGRAMS}


def test_folder_of_a_killed_process_is_removed() -> None:
    """The folder of a process that was killed goes when the next one is made; those of living processes stay."""
    making = (
        "from tests.support.controlplane.folder import Folder; own = Folder(); print(own.path, flush=True); input()"
    )
    with worker("-c", making) as (living, kept), worker("-c", making) as (killed, abandoned):
        killed.kill()
        killed.wait(60)
        own = Folder()
        left = [Path(kept).exists(), Path(abandoned).exists(), own.path.exists()]
        own.close()
        living.communicate("\n")

    assert left == [True, False, True]
    assert not own.path.exists()


def test_shared_cluster_outlives_all_but_the_last(control_plane_programs: dict[str, Path], tmp_path: Path) -> None:
    """Workers of one run get the same cluster; it stays when the first is killed, and ends when the last is."""
    with worker("-c", JOIN, str(tmp_path), "one") as (first, url):
        below = descendants(first.pid)
        with worker("-c", JOIN, str(tmp_path), "two") as (second, other):
            first.kill()
            first.wait(60)
            with worker("-c", JOIN, str(tmp_path), "three") as (third, another):
                third.communicate("")
            survivors = [pid for pid in below if alive(pid)]
            second.kill()
            second.wait(60)
            eventually(lambda: not any(map(alive, below)), "every program has ended")

    assert url == other == another
    assert url.startswith("https://")
    assert survivors == list(below)
    assert set(below.values()) >= {name[:15] for name in PROGRAMS}


def test_killed_keeper_takes_the_cluster_along_and_is_replaced(
    control_plane_programs: dict[str, Path], tmp_path: Path
) -> None:
    """When the keeper of the shared cluster is killed its programs end, and the next worker starts another cluster."""
    with worker("-c", JOIN, str(tmp_path), "one") as (first, url):
        below = descendants(first.pid)
        keeper = next(iter(below))
        os.kill(keeper, signal.SIGKILL)
        eventually(lambda: not any(map(alive, below)), "every program has ended")
        with worker("-c", JOIN, str(tmp_path), "two") as (second, other):
            again = descendants(second.pid)
            second.communicate("")

    assert url != other
    assert len(again) == len(below)
    assert not any(map(alive, again))

"""`at-rest configure` on the rest of a node: how its API server is started, its etcd, full disks, and going back."""

from __future__ import annotations

import itertools
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tests.atrest import hosts
from tests.atrest.hosts import FRESH, HAND_WRITTEN, OLD, WITH_CONFIG, readers
from tests.atrest.node import NOW, STATIC_POD, HostNode
from tests.plans.build import KEY
from tests.plans.killing import Killable
from tests.support.snapshots import Revision, snapshot

from strongroom.atrest.configuration import parse
from strongroom.atrest.configuring import CONFIG, PLACE, RELOAD, Asked
from strongroom.atrest.procedures.arguments import EtcdArgument
from strongroom.errors import PlanError, SourceError, StrongroomError, UsageError
from strongroom.model.plan import RunProcedure, Text, WriteFile
from strongroom.plans import saved
from strongroom.survey.at_rest.configure import MANIFEST, Node, planned, several

node, configured = hosts.node, hosts.configured

LIST_FORM = """\
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.36.3
apiServer:
  extraArgs:
  - name: profiling
    value: "false"
"""


MAP_FORM = """\
apiVersion: kubeadm.k8s.io/v1beta3
kind: ClusterConfiguration
kubernetesVersion: v1.30.0
"""


@pytest.mark.parametrize("text", [LIST_FORM, MAP_FORM])
def test_kubeadm(node: HostNode, text: str) -> None:
    """A ClusterConfiguration of kubeadm gets flags in the form of its version, and the folder as a volume."""
    node.write("/root/kubeadm.yaml", "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\n---\n" + text)
    plan = node.configure(manifests=(MANIFEST, "/root/kubeadm.yaml"))
    server = [*yaml.safe_load_all(node.text("/root/kubeadm.yaml"))][1]["apiServer"]
    args = server["extraArgs"]
    found = args if isinstance(args, dict) else {one["name"]: one["value"] for one in args}
    assert found["encryption-provider-config"] == PLACE
    assert isinstance(args, dict) == (text == MAP_FORM)
    assert server["extraVolumes"] == [
        {
            "name": "encryption-config",
            "hostPath": "/etc/kubernetes/encryption",
            "mountPath": "/etc/kubernetes/encryption",
            "readOnly": True,
            "pathType": "DirectoryOrCreate",
        }
    ]
    assert any("kubeadm init phase" in note for note in plan.notes)
    assert node.plan(manifests=(MANIFEST, "/root/kubeadm.yaml")).steps == ()


def test_mount_of_one_file(configured: HostNode) -> None:
    """A mount of nothing but the file becomes one of its folder: a replaced file would never show in it."""
    configured.write(
        MANIFEST,
        WITH_CONFIG.replace("mountPath: /etc/kubernetes/enc,", "mountPath: /etc/kubernetes/enc/enc.yaml,").replace(
            "path: /etc/kubernetes/enc, type: Directory", "path: /etc/kubernetes/enc/enc.yaml, type: File"
        ),
    )
    configured.configure("secretbox")
    assert configured.mounted()["/etc/kubernetes/enc"] == "/etc/kubernetes/enc"


def test_elsewhere_on_the_host(configured: HostNode) -> None:
    """The file is edited where it lies on the node, which may be elsewhere than the API server sees it."""
    configured.write(MANIFEST, WITH_CONFIG.replace("{path: /etc/kubernetes/enc,", "{path: /opt/enc,"))
    configured.write("/opt/enc/enc.yaml", HAND_WRITTEN)
    before = configured.text("/etc/kubernetes/enc/enc.yaml")
    configured.configure("secretbox")
    assert FRESH.partition(" ")[2] in configured.text("/opt/enc/enc.yaml")
    assert configured.text("/etc/kubernetes/enc/enc.yaml") == before


def test_a_part_of_a_volume(configured: HostNode) -> None:
    """A subPath leads on in the volume; where it is the file itself, the mount would go on showing the old one."""
    volume = WITH_CONFIG.replace("{path: /etc/kubernetes/enc,", "{path: /opt,")
    configured.write(MANIFEST, volume.replace("enc, readOnly", "enc, subPath: enc, readOnly"))
    configured.write("/opt/enc/enc.yaml", HAND_WRITTEN)
    configured.configure("secretbox")
    assert FRESH.partition(" ")[2] in configured.text("/opt/enc/enc.yaml")
    configured.write(MANIFEST, volume.replace("enc, readOnly", "enc/enc.yaml, subPath: enc/enc.yaml, readOnly"))
    with pytest.raises(PlanError) as caught:
        configured.plan("aesgcm")
    assert "mount the folder" in caught.value.hint


def test_undo_without_etcd(node: HostNode) -> None:
    """Where etcd cannot be read, a key that was brought is not taken away: nobody knows whether it is needed."""
    before = node.tree()
    plan = node.configure()
    after = node.tree()
    with pytest.raises(PlanError, match="nobody knows whether anything is encrypted under secretbox key-2026-11-21"):
        node.doing(plan).undo()
    assert node.tree() == after != before


def test_etcd_of_the_node(tmp_path: Path) -> None:
    """On the node itself, etcd is the one that the static pod names, with its certificates where they can be read."""
    files = {name: tmp_path / f"{name}.pem" for name in ("cafile", "certfile", "keyfile")}
    flags = "".join(f"    - --etcd-{name}={path}\n" for name, path in files.items())
    manifest, config = tmp_path / "kube-apiserver.yaml", tmp_path / "enc" / "config.yaml"
    manifest.write_text(STATIC_POD.replace("    - --secure-port", f"{flags}    - --secure-port"))
    asked = Asked("secretbox", ("secrets",), NOW.date(), config=str(config))
    for there in (False, True):
        plan = planned(asked, Node(Path("/"), (str(manifest),)), KEY, NOW)
        guard = plan.steps[1].change
        assert isinstance(guard, RunProcedure)
        cacert, cert, key = (str(path) for path in files.values())
        known = {"source": "etcd:https://127.0.0.1:2379", "cacert": cacert, "cert": cert, "key": key}
        assert guard.arguments["etcd"] == (known if there else None)
        for path in files.values():
            path.write_text("")


FULL = """\
import resource, sys
from pathlib import Path
from strongroom.errors import PlanError, StrongroomError
from strongroom.plans import saved
from strongroom.plans.apply import Doing
from strongroom.survey.procedures import procedure
plan, root, state, size, moment, key = sys.argv[1:]
def told(what):
    if what.startswith(moment):
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(size), int(size)))
doing = Doing(saved.load(Path(plan), bytes.fromhex(key)), Path(root), bytes.fromhex(key), Path(state), told, procedures=procedure)
try:
    doing.apply()
except (StrongroomError, OSError):
    sys.exit(3)
"""


@pytest.mark.parametrize("moment", ["", "write enc.yaml", "write policy.yaml", "write kube-apiserver.yaml"])
@pytest.mark.parametrize("size", [0, 400])
def test_disk_full(configured: HostNode, tmp_path: Path, size: int, moment: str) -> None:
    """Wherever the disk is full, every file is whole, the old one or the new one, and the plan can be gone on with."""
    plan = configured.plan("secretbox", "secrets", "configmaps", audit=True)
    saved.save(plan, tmp_path / "plan.json", KEY)
    before = configured.tree()
    places = (tmp_path / "plan.json", configured.root, configured.state)
    words = [sys.executable, "-c", FULL, *map(str, places), str(size), moment, KEY.hex()]
    assert subprocess.run(words, check=False, capture_output=True).returncode == 3
    for path, (text, mode) in configured.tree().items():
        if path.startswith("etc/kubernetes/enc"):
            assert OLD in text
            parse(text.encode(), path)
        elif path in before and path.startswith("etc/kubernetes/manifests"):
            assert yaml.safe_load(text)["kind"] == "Pod"
            assert mode == before[path][1]
    try:
        configured.doing(plan).resume()
    except PlanError:
        configured.doing(plan).apply()
    assert readers(configured) == [FRESH, "aescbc key2021", "plain text"]


@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.verify)])
@pytest.mark.parametrize("then", ["resume", "undo"])
def test_killed(tmp_path: Path, then: str, every: int) -> None:
    """Killed at any point, going on ends at one key for good; going back keeps a key that may be in use."""
    for stop in itertools.count(1, every):
        node = HostNode(tmp_path / str(stop))
        before = node.tree()
        plan = node.plan(audit=True)
        case = Killable(tmp_path / str(stop), plan, "tests.atrest.node:procedures")
        if not case.killed("apply", stop):
            break
        try:
            case.finish(then)
        except PlanError as error:
            kept = error.message
            files = [path for path in node.tree() if "encryption" in path]
            assert (then, files) == ("undo", [PLACE.lstrip("/")])
            assert "nobody knows whether anything is encrypted" in kept
        else:
            assert (node.tree() == before) == (then == "undo")
            assert then == "undo" or readers(node) == [FRESH, "plain text"]
    assert stop > 15


def test_who_does_it_otherwise(tmp_path: Path) -> None:
    """k3s and RKE2 configure it themselves: the words say by which command."""
    for folder, word in (("etc/rancher/k3s", "k3s secrets-encrypt"), ("etc/rancher/rke2", "rke2 secrets-encrypt")):
        node = HostNode(tmp_path / word)
        node.place(MANIFEST).unlink()
        (node.root / folder).mkdir(parents=True)
        with pytest.raises(UsageError) as caught:
            node.plan()
        assert word in caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "kind: Pod\n",
        STATIC_POD.replace("kube-apiserver", "kube-scheduler").replace("--etcd-servers", "--x"),
        STATIC_POD.replace(
            "    - kube-apiserver\n", "    - sh\n    - -c\n    - |\n      exec kube-apiserver \\\n        --a=b\n"
        ),
        "a: [\n",
    ],
)
def test_not_an_api_server(node: HostNode, text: str) -> None:
    """What starts no API server, or by a script, is refused before anything is done."""
    node.write(MANIFEST, text)
    before = node.tree()
    with pytest.raises(StrongroomError):
        node.configure()
    assert node.tree() == before


def test_several(node: HostNode, tmp_path: Path) -> None:
    """Several members of etcd, or URLs of it, mean several API servers; where etcd cannot be read, there may be some."""
    pod = "kind: Pod\nspec: {containers: [{command: [etcd, --initial-cluster=a=https://10.0.0.4:2380]}]}\n"
    node.write("/etc/kubernetes/manifests/etcd.yaml", pod)
    assert several(node.root, ())  # the manifest of kubeadm's first node never names the others
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        assert several(node.root, (), EtcdArgument(f"etcd:http://127.0.0.1:{nobody.getsockname()[1]}"))
    leases = tmp_path / "etcd.db"
    for names, expected in ((("apiserver-a", "kube-scheduler"), False), (("apiserver-a", "apiserver-b"), True)):
        snapshot(leases, [Revision(f"/registry/leases/kube-system/{name}", b"k8s\0") for name in names])
        assert several(node.root, (), EtcdArgument(f"etcd:{leases}")) is expected
    snapshot(leases, [Revision("/registry/leases/kube-system/apiserver-a", b"k8s\0")])
    node.write("/etc/kubernetes/manifests/etcd.yaml", pod.replace(":2380", ":2380,b=https://10.0.0.5:2380"))
    assert several(node.root, (), EtcdArgument(f"etcd:{leases}"))


def test_undo_of_another_node(tmp_path: Path) -> None:
    """Going back on a node that was brought a file takes no key from its API server either that something may need."""
    first, second = HostNode(tmp_path / "first"), HostNode(tmp_path / "second")
    first.configure(staged=True)
    second.write(PLACE, first.config.read_text())
    plan = second.configure(staged=True)
    after = second.tree()
    with pytest.raises(PlanError, match="nobody knows whether anything is encrypted under secretbox key-2026-11-21"):
        second.doing(plan).undo()
    assert second.tree() == after


def test_a_policy_that_is_mounted_alone(node: HostNode) -> None:
    """A mounted audit policy stays mounted as it is: its folder may be /etc; and the API server is to be started anew."""
    file = "/etc/audit.yaml"
    node.write(file, "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: RequestResponse\n")
    node.configure()
    pod = node.text(MANIFEST)
    flags = f"    - --audit-policy-file={file}\n    - --audit-log-path=-\n"
    pod = pod.replace("    - --etcd-servers", f"{flags}    - --etcd-servers")
    pod = pod.replace("    volumeMounts:\n", f"    volumeMounts:\n    - {{name: audit, mountPath: {file}}}\n")
    node.write(MANIFEST, pod.replace("  volumes:\n", f"  volumes:\n  - {{name: audit, hostPath: {{path: {file}}}}}\n"))
    plan = node.configure(audit=True)
    assert [step.change.path for step in plan.steps if isinstance(step.change, WriteFile)] == ["etc/audit.yaml"]
    assert any("only when it starts" in note for note in plan.notes)
    assert node.mounted()[file] == file


def test_etcd_prefix(tmp_path: Path) -> None:
    """Where the API server keeps everything below another prefix, going back looks there."""
    manifest = tmp_path / "kube-apiserver.yaml"
    manifest.write_text(STATIC_POD.replace("    - --secure-port", "    - --etcd-prefix=/prod/\n    - --secure-port"))
    asked = Asked("secretbox", ("secrets",), NOW.date(), config=str(tmp_path / "enc" / "config.yaml"))
    guard = planned(asked, Node(Path("/"), (str(manifest),)), KEY, NOW).steps[1].change
    assert isinstance(guard, RunProcedure)
    assert guard.arguments["etcd"]["source"] == "etcd:https://127.0.0.1:2379/prod"


def test_an_api_server_that_is_not_root(node: HostNode) -> None:
    """A file of root's alone keeps an API server of another user from starting: the plan says so before it is done."""
    for place in ("  hostNetwork: true\n", "    image: "):
        indent = place[: len(place) - len(place.lstrip())]
        node.write(MANIFEST, STATIC_POD.replace(place, f"{indent}securityContext: {{runAsUser: 1234}}\n{place}"))
        said = [step.unsafe for step in node.plan().steps if step.unsafe]
        assert said == [f"the API server runs as user 1234 and does not start before chown 1234 {PLACE}"]


def test_an_old_api_server(node: HostNode) -> None:
    """An API server gets no flag that its version does not know, for it would not start, and no provider either."""
    for version, flags in (("v1.25.16", {CONFIG}), ("v1.26.0", {CONFIG, RELOAD}), ("latest", {CONFIG, RELOAD})):
        node.write(MANIFEST, STATIC_POD.replace("v1.36.3", version))
        [pod] = [step for step in node.plan().steps if "start the API server" in step.title]
        assert isinstance(pod.change, WriteFile)
        text = "".join(
            piece.text for splice in pod.change.splices for piece in splice.pieces if isinstance(piece, Text)
        )
        assert {name for name in (CONFIG, RELOAD) if f"--{name}=" in text} == flags
    node.write(MANIFEST, STATIC_POD.replace("v1.36.3", "v1.25.16"))
    with pytest.raises(PlanError, match=r"Kubernetes 1\.25\.16, which knows no KMS v2"):
        node.plan("kms", endpoint="unix:///run/kms.sock")


def test_undo_with_another_etcd(node: HostNode, tmp_path: Path) -> None:
    """An etcd that holds no cluster says nothing of what needs a key, and none goes."""
    other = snapshot(tmp_path / "other.db", [Revision("/calico/nodes/a", b"{}")])
    node.etcd = EtcdArgument(f"etcd:{other}")
    plan = node.configure()
    after = node.tree()
    with pytest.raises(SourceError, match="holds no cluster"):
        node.doing(plan).undo()
    assert node.tree() == after
    snapshot(other, [Revision("/registry/namespaces/default", b"k8s\0")])
    node.doing(plan).undo()
    assert not node.place(PLACE).exists()

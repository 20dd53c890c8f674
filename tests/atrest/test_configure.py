"""`at-rest configure` on the files of a node: what changes, what stays, and what is refused."""

from __future__ import annotations

import base64
import itertools
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import yaml
from tests.atrest.node import NOW, STATIC_POD, HostNode
from tests.plans.build import KEY
from tests.plans.killing import Killable
from tests.support.snapshots import Revision, snapshot

from strongroom.atrest.configuration import KeyRef, parse
from strongroom.atrest.configuring import CONFIG, PLACE, RELOAD, Asked
from strongroom.atrest.procedures.arguments import EtcdArgument
from strongroom.errors import DocumentError, PlanError, SourceError, StrongroomError, UsageError
from strongroom.model.plan import Plan, RunProcedure, Text, WriteFile
from strongroom.plans import saved
from strongroom.plans.preview import preview
from strongroom.survey.at_rest.configure import MANIFEST, Node, planned, several
from strongroom.survey.procedures import procedure

OLD = base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
HAND_WRITTEN = f"""\
# Ask ops before you touch this.
kind: EncryptionConfiguration
apiVersion: apiserver.config.k8s.io/v1
resources:
- resources:
  - secrets   # what matters
  providers:
  - aescbc:
      keys:
      # since 2021: {OLD[::-1]}
      - name: key2021
        secret: {OLD}
  - identity: {{}}
"""
WITH_CONFIG = (
    STATIC_POD.replace(
        "    - --secure-port", "    - --encryption-provider-config=/etc/kubernetes/enc/enc.yaml\n    - --secure-port"
    )
    .replace(
        "    volumeMounts:\n", "    volumeMounts:\n    - {name: enc, mountPath: /etc/kubernetes/enc, readOnly: true}\n"
    )
    .replace("  volumes:\n", "  volumes:\n  - {name: enc, hostPath: {path: /etc/kubernetes/enc, type: Directory}}\n")
)


@pytest.fixture
def node(tmp_path: Path) -> HostNode:
    """A node where nothing is encrypted."""
    return HostNode(tmp_path)


@pytest.fixture
def configured(tmp_path: Path) -> HostNode:
    """A node where Secrets are encrypted since 2021, with a file that everybody may read."""
    node = HostNode(tmp_path)
    node.write(MANIFEST, WITH_CONFIG)
    node.write("/etc/kubernetes/enc/enc.yaml", HAND_WRITTEN, 0o644)
    return node


def readers(node: HostNode) -> list[str]:
    """Return what the first rule of a node reads with, without the random part of names."""
    [rule, *_] = parse(node.config.read_bytes(), "it").rules
    return [re.sub(r"-[0-9a-f]{4}$", "", one.show()) for one in rule.readers]


FRESH = "secretbox key-2026-11-21"


def test_from_nothing(node: HostNode) -> None:
    """A fresh key encrypts, plain text stays readable, and the API server is started with the file and sees it."""
    plan = node.configure("secretbox", "secrets", "*.example.com")
    assert readers(node) == [FRESH, "plain text"]
    assert str(node.config) == str(node.place(PLACE))
    assert node.config.stat().st_mode & 0o777 == 0o600
    assert node.flags()[RELOAD] == "true"
    assert node.mounted()["/etc/kubernetes/encryption"] == "/etc/kubernetes/encryption"
    kept = [line for line in STATIC_POD.splitlines() if line not in node.text(MANIFEST).splitlines()]
    assert kept == []
    assert "encrypt secrets, *.example.com at rest by secretbox" in plan.summary
    assert node.plan("secretbox", "secrets", "*.example.com").steps == ()


def test_two_keys_differ(tmp_path: Path) -> None:
    """Every configuration gets a key of its own, of 32 bytes."""
    found = set()
    for name in ("a", "b"):
        node = HostNode(tmp_path / name)
        node.configure("aesgcm")
        [rule] = parse(node.config.read_bytes(), "it").rules
        found.add(base64.b64decode(rule.providers[0].keys[0].secret.reveal()))
    assert [len(key) for key in found] == [32, 32]


def test_existing_configuration(configured: HostNode) -> None:
    """A hand-written file is changed in place: a better provider encrypts, the old key still decrypts."""
    plan = configured.configure("secretbox")
    assert readers(configured) == [FRESH, "aescbc key2021", "plain text"]
    text = configured.text("/etc/kubernetes/enc/enc.yaml")
    assert [line for line in HAND_WRITTEN.splitlines() if line not in text.splitlines()] == []
    assert configured.config.stat().st_mode & 0o777 == 0o600
    assert configured.flags()[RELOAD] == "true"
    configured.doing(plan)
    assert configured.plan("secretbox").steps == ()


def test_narrowed(configured: HostNode) -> None:
    """A configuration that fits and that others may read is made private, and nothing else."""
    configured.write(
        MANIFEST, WITH_CONFIG.replace("    - --secure-port", f"    - --{RELOAD}=true\n    - --secure-port")
    )
    text = HAND_WRITTEN.replace("aescbc", "secretbox")
    configured.write("/etc/kubernetes/enc/enc.yaml", text, 0o644)
    plan = configured.configure("secretbox")
    assert len(plan.steps) == 1
    assert configured.config.read_text() == text
    assert configured.config.stat().st_mode & 0o777 == 0o600
    configured.doing(plan).undo()
    assert configured.config.stat().st_mode & 0o777 == 0o644


def test_staged(configured: HostNode) -> None:
    """Where there are several API servers, the new key is only read with until somebody says that all have loaded it."""
    plan = configured.configure("secretbox", staged=True)
    assert readers(configured) == ["aescbc key2021", FRESH, "plain text"]
    assert any("every other control-plane node" in note for note in plan.notes)
    first = configured.config.read_text()
    again = configured.plan("secretbox", staged=True)
    assert again.steps == ()
    assert "--at-once lets it encrypt" in again.summary
    configured.configure("secretbox")
    assert readers(configured) == [FRESH, "aescbc key2021", "plain text"]
    assert sorted(first.splitlines()) == sorted(configured.config.read_text().splitlines())
    assert "already" in configured.plan("secretbox", staged=True).summary


def test_the_other_nodes(tmp_path: Path) -> None:
    """A node that was brought the file of the first one changes how it starts its API server, and never the file."""
    first, second = HostNode(tmp_path / "first"), HostNode(tmp_path / "second")
    first.configure(staged=True)
    assert readers(first) == ["plain text", FRESH]
    second.write(PLACE, first.config.read_text())
    second.configure(staged=True)
    assert second.tree() == first.tree()
    for node in (first, second):
        node.configure()
    assert readers(first) == [FRESH, "plain text"]
    assert second.tree() == first.tree()


def test_more_resources(configured: HostNode) -> None:
    """More resources join the rule, with plain text still readable; what is served already is left alone."""
    configured.write("/etc/kubernetes/enc/enc.yaml", HAND_WRITTEN.replace("  - identity: {}\n", ""))
    configured.configure("secretbox", "secrets", "configmaps")
    [rule] = parse(configured.config.read_bytes(), "it").rules
    assert rule.resources == ("secrets", "configmaps")
    assert readers(configured) == [FRESH, "aescbc key2021", "plain text"]
    configured.configure("secretbox", "*.*")
    assert [one.resources for one in parse(configured.config.read_bytes(), "it").rules] == [rule.resources, ("*.*",)]


def test_left_out_on_purpose(configured: HostNode) -> None:
    """A rule that leaves a resource in plain text is a decision that nobody overrules silently."""
    exempt = "- resources: [events]\n  providers: [{identity: {}}]\n"
    configured.write("/etc/kubernetes/enc/enc.yaml", HAND_WRITTEN + exempt)
    with pytest.raises(PlanError, match="events are left unencrypted by a rule of their own"):
        configured.plan("secretbox", "events")


def test_kms(node: HostNode) -> None:
    """A KMS plugin encrypts, the API server sees its socket, and a missing socket is told before anything is done."""
    plan = node.plan("kms", endpoint="unix:///run/strongroom/kms.sock")
    assert [step.unsafe for step in plan.steps if step.unsafe] == [
        "nothing listens on /run/strongroom/kms.sock now: the API server is not ready until the plugin runs"
    ]
    node.doing(plan).apply()
    assert readers(node) == ["kms strongroom", "plain text"]
    assert node.mounted()["/run/strongroom"] == "/run/strongroom"
    with pytest.raises(UsageError, match="socket of its plugin"):
        node.plan("kms")
    with pytest.raises(UsageError, match="is a Unix socket"):
        node.plan("kms", endpoint="tcp://kms:443")


def test_a_socket_that_nobody_serves(tmp_path: Path) -> None:
    """A socket that a stopped plugin left behind counts as missing; one that takes connections does not."""
    manifest = tmp_path / "kube-apiserver.yaml"
    manifest.write_text(STATIC_POD)
    with tempfile.TemporaryDirectory(prefix="kms-") as folder, socket.socket(socket.AF_UNIX) as plugin:
        path = f"{folder}/kms.sock"
        config = str(tmp_path / "enc" / "config.yaml")
        asked = Asked("kms", ("secrets",), NOW.date(), config=config, endpoint=f"unix://{path}")
        plugin.bind(path)
        for listens in (False, True):
            plan = planned(asked, Node(Path("/"), (str(manifest),)), KEY, NOW)
            assert any("nothing listens" in step.unsafe for step in plan.steps) is not listens
            plugin.listen()


def test_secretbox_to_kms_in_two_rules(configured: HostNode) -> None:
    """Two rules get a plugin each under a name of its own, as the API server wants it."""
    second = f"- resources: [configmaps]\n  providers: [{{secretbox: {{keys: [{{name: b, secret: {OLD}}}]}}}}]\n"
    configured.write("/etc/kubernetes/enc/enc.yaml", HAND_WRITTEN + second)
    configured.configure("kms", "secrets", "configmaps", endpoint="unix:///run/kms.sock")
    one, other = parse(configured.config.read_bytes(), "it").rules
    assert (one.writer.name, other.writer.name) == ("strongroom", "strongroom-2")
    assert configured.plan("kms", "secrets", "configmaps", endpoint="unix:///run/kms.sock").steps == ()


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


def shown(node: HostNode, plan: Plan) -> str:
    """Return everything that a plan shows."""
    views = preview(plan, node.root, lambda line: line, procedure)
    return "\n".join(line for view in views for line in (view.title, *view.diff, *view.said))


def test_masked(configured: HostNode, tmp_path: Path) -> None:
    """Neither what is shown nor the saved plan holds a key, fresh, old or commented out."""
    plan = configured.plan("secretbox")
    saved.save(plan, tmp_path / "plan.json", KEY)
    configured.doing(plan).apply()
    [rule] = parse(configured.config.read_bytes(), "it").rules
    keys = [key.secret.reveal().decode() for provider in rule.providers for key in provider.keys]
    assert len(keys) == 2
    configured.doing(plan)
    text = shown(configured, configured.plan("aesgcm")) + (tmp_path / "plan.json").read_text()
    for key in (*keys, OLD[::-1]):
        assert key not in text
    assert "••••••" in text


def test_nothing_in_clear(node: HostNode) -> None:
    """The text that a plan brings for the configuration is all but the key."""
    [step, *_] = node.plan().steps
    assert isinstance(step.change, WriteFile)
    text = "".join(piece.text for splice in step.change.splices for piece in splice.pieces if isinstance(piece, Text))
    assert text.rstrip().endswith("- identity: {}")
    assert not re.search(r"[A-Za-z0-9+/]{43}=", text)


@pytest.mark.parametrize("cut", range(30, len(HAND_WRITTEN) - 25, 37))
def test_cut_off(configured: HostNode, cut: int) -> None:
    """A file that is cut off inside a rule is refused, and never written over."""
    configured.write("/etc/kubernetes/enc/enc.yaml", HAND_WRITTEN[:cut])
    before = configured.tree()
    with pytest.raises(DocumentError, match=r"enc\.yaml"):
        configured.plan("secretbox")
    assert configured.tree() == before


def test_lost_configuration(configured: HostNode) -> None:
    """A configuration that the API server is started with is never made anew: its keys are needed."""
    configured.config.unlink()
    with pytest.raises(PlanError, match=r"enc\.yaml is not there, and the API server is started with it"):
        configured.plan("secretbox")


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


def test_promoted_by_a_name_of_its_own(node: HostNode) -> None:
    """A key that was staged for everything is the one that encrypts, also where only a part of it is asked for."""
    node.configure("secretbox", "*.*", staged=True)
    [_, key] = parse(node.config.read_bytes(), "it").rules[0].readers
    node.configure("secretbox", "secrets")
    [rule] = parse(node.config.read_bytes(), "it").rules
    assert rule.readers == (key, KeyRef("identity"))


def test_what_nobody_asked_about(configured: HostNode) -> None:
    """Another provider for other resources leaves a rule alone that serves none of them."""
    configured.configure("kms", "configmaps", endpoint="unix:///run/kms.sock")
    one, other = parse(configured.config.read_bytes(), "it").rules
    assert one.readers == (KeyRef("aescbc", "key2021"), KeyRef("identity"))
    assert (other.resources, other.writer) == (("configmaps",), KeyRef("kms", "strongroom"))


def test_from_kms_v1(configured: HostNode) -> None:
    """A plugin that is used by the old API does not count as used by the new one."""
    old = HAND_WRITTEN.replace(
        "  - aescbc:\n", "  - kms: {name: strongroom, endpoint: unix:///run/kms.sock}\n  - aescbc:\n"
    )
    configured.write("/etc/kubernetes/enc/enc.yaml", old)
    configured.configure("kms", endpoint="unix:///run/kms.sock")
    [rule] = parse(configured.config.read_bytes(), "it").rules
    assert [(one.name, one.api_version) for one in rule.providers[:2]] == [("strongroom-2", "v2"), ("strongroom", "v1")]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("secret", "name secrets"),
        ("deployments", "name deployments.apps"),
        ("widgets", "such as secrets"),
        ("secrets/status", "such as secrets"),
        ("*", "such as secrets"),
        ("secrets\x1b[2J", "such as secrets"),
    ],
)
def test_names_that_mean_nothing(node: HostNode, name: str, hint: str) -> None:
    """What the API server would take, and encrypt nothing for, is refused; the error shows no control character."""
    with pytest.raises(UsageError) as caught:
        node.plan("secretbox", name)
    assert caught.value.hint.startswith(hint)
    assert caught.value.message.isprintable()


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

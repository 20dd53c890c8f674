"""What starts an API server is changed so that it says what was wanted, and nothing else of it changes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.documents.edits import applied, bodies, edits
from strongroom.documents.wanted import Unfit
from strongroom.sources.controlplane_edits import Mount, Started, changed, started_by


def started(text: str) -> Started:
    """Return what a document says."""
    found = started_by(bodies(text.encode())[0])
    assert found is not None
    return found


def edited(text: str, flags: dict[str, str], *mounts: Mount) -> str:
    """Return a document after a change of flags and mounts."""
    wanted = changed(started(text), flags, mounts)
    return applied(text.encode(), edits(text.encode(), {0: wanted})).decode()


def pod(words: list[str], part: str = "command", more: str = "") -> str:
    """Write a static pod."""
    image = "registry.k8s.io/kube-apiserver:v1.36.3"
    return (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: kube-apiserver, namespace: kube-system}\nspec:\n  containers:\n"
        f"  - image: {image}  # ours\n    {part}: {json.dumps(words)}\n{more}"
    )


FLAGS = st.dictionaries(st.sampled_from(["v", "audit-log-path", "profiling", "a"]), st.sampled_from(["1", "/x/y", ""]))


@given(given_=st.lists(st.tuples(st.sampled_from(["v", "profiling", "a"]), st.booleans())), wanted=FLAGS)
def test_flags(given_: list[tuple[str, bool]], wanted: dict[str, str]) -> None:
    """Each flag counts as wanted, however it was given before: with a sign, in two words, twice; the others stay."""
    words = ["kube-apiserver", "--etcd-servers=https://127.0.0.1:2379"]
    for name, is_one in given_:
        words += [f"--{name}=0"] if is_one else [f"--{name}", "0"]
    for part in ("command", "args"):
        before = pod(words, part)
        after = started(edited(before, wanted))
        for name in {*wanted, "v", "profiling", "a", "etcd-servers"}:
            old = started(before).server.value(name)
            assert after.server.value(name) == wanted.get(name, old)
    assert edited(before, {}) == before


@pytest.mark.parametrize("version", ["v1beta3", "v1beta4"])
def test_kubeadm(version: str) -> None:
    """A ClusterConfiguration takes flags in the form of its version, replaces one that is there, and takes volumes."""
    head = f"apiVersion: kubeadm.k8s.io/{version}\nkind: ClusterConfiguration\n"
    args = "{a: '1', b: '2'}" if version == "v1beta3" else "[{name: a, value: '1'}, {name: b, value: '2'}]"
    mount = Mount("enc", "/etc/kubernetes/enc", file="/etc/kubernetes/enc/enc.yaml")
    for text in (head, f"{head}apiServer:\n  extraArgs: {args}  # ours\n  timeoutForControlPlane: 4m0s\n"):
        after = edited(text, {"a": "3", "c": "4"}, mount)
        server = started(after).server
        assert (server.value("a"), server.value("c")) == ("3", "4")
        assert server.value("b") == started(text).server.value("b")
        assert started(after).sees("/etc/kubernetes/enc/enc.yaml") == Mount("enc", "/etc/kubernetes/enc")
        assert edited(after, {"a": "3", "c": "4"}, mount) == after
        body: dict[str, Any] = bodies(after.encode())[0]
        assert isinstance(body["apiServer"]["extraArgs"], dict) == (version == "v1beta3")


VOLUMES = """\
    volumeMounts:
    - {name: one, mountPath: /etc/kubernetes/enc/enc.yaml, readOnly: true}
    - {name: kms-plugin, mountPath: /seen}
  volumes:
  - {name: one, hostPath: {path: /opt/enc.yaml, type: File}}
  - {name: kms-plugin, hostPath: {path: /opt/kms}}
"""


def test_mounts() -> None:
    """What is seen already is not mounted again, a single file becomes its folder, and names of volumes stay unique."""
    text = pod(["kube-apiserver"], more=VOLUMES)
    enc = Mount("enc", "/etc/kubernetes/enc", file="/etc/kubernetes/enc/enc.yaml")
    kms = Mount("kms-plugin", "/run/kms", read_only=False)
    found = started(edited(text, {}, enc, kms, Mount("seen", "/seen/below")))
    assert {(one.name, one.path, one.host) for one in found.mounts} == {
        ("one", "/etc/kubernetes/enc", "/opt"),
        ("kms-plugin", "/seen", "/opt/kms"),
        ("kms-plugin-2", "/run/kms", ""),
    }
    assert started(text).on_host("/etc/kubernetes/enc/enc.yaml") == "/opt/enc.yaml"
    assert found.on_host("/etc/kubernetes/enc/enc.yaml") == "/opt/enc.yaml"
    assert found.on_host("/elsewhere") == "/elsewhere"


def test_another_name() -> None:
    """A single file that has another name inside cannot become its folder: it is left to a person."""
    text = pod(["kube-apiserver"], more=VOLUMES.replace("/opt/enc.yaml", "/opt/other.yaml"))
    with pytest.raises(Unfit, match="another name inside"):
        edited(text, {}, Mount("enc", "/etc/kubernetes/enc", file="/etc/kubernetes/enc/enc.yaml"))


def test_a_script() -> None:
    """Flags inside a script cannot be told apart, and are left alone."""
    with pytest.raises(Unfit, match="a script starts"):
        edited(pod(["sh", "-c", "exec kube-apiserver \\\n  --v=1"]), {"v": "2"})


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\n",
        pod(["kube-scheduler"]),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kubeadm-config, namespace: kube-system}\ndata:\n"
            "  ClusterConfiguration: |\n    apiVersion: kubeadm.k8s.io/v1beta4\n    kind: ClusterConfiguration\n"
        ),
    ],
)
def test_nothing_to_start(text: str) -> None:
    """What starts no API server, or has that written inside another object, is not edited as if it did."""
    assert started_by(bodies(text.encode())[0]) is None

"""`at-rest configure` on the encryption configuration of a node: what it comes to hold, what stays, and what is refused."""

from __future__ import annotations

import base64
import re
import socket
import tempfile
from pathlib import Path

import pytest
from tests.atrest import hosts
from tests.atrest.hosts import FRESH, HAND_WRITTEN, OLD, WITH_CONFIG, readers
from tests.atrest.node import NOW, STATIC_POD, HostNode
from tests.plans.build import KEY

from strongroom.atrest.configuration import KeyRef, parse
from strongroom.atrest.configuring import PLACE, RELOAD, Asked
from strongroom.errors import DocumentError, PlanError, UsageError
from strongroom.model.plan import Plan, Text, WriteFile
from strongroom.plans import saved
from strongroom.plans.preview import preview
from strongroom.survey.at_rest.configure import MANIFEST, Node, planned
from strongroom.survey.procedures import procedure

node, configured = hosts.node, hosts.configured


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

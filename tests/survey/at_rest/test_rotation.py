"""What a rotation is refused for, on a real control plane, before anything is changed."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.atrest.configurations import LOCAL
from tests.atrest.told import Telling, telling
from tests.support.controlplane.apiserver import Options
from tests.support.controlplane.fixtures import StartCluster

from strongroom.atrest.servers import Server, config_hash
from strongroom.atrest.stored import Etcd
from strongroom.errors import PlanError, UsageError
from strongroom.model.plan import Plan, RunProcedure, WriteFile
from strongroom.plans.apply import Doing
from strongroom.plans.preview import preview
from strongroom.plans.saved import digest
from strongroom.report.plan_text import as_text
from strongroom.survey.at_rest.rotation import Asked, planned
from strongroom.survey.frames import context
from strongroom.survey.procedures import procedure

KEY = b"k" * 32
CONFIGURATION = f"""\
{LOCAL}\
  - resources: [configmaps]
    providers:
      - identity: {{}}
"""
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"


def test_preconditions(start_cluster: StartCluster, tmp_path: Path) -> None:
    """Each precondition that does not hold is named, nothing is done, and without them the plan is made."""
    config = tmp_path / "encryption.yaml"
    config.write_text(CONFIGURATION)
    cluster = start_cluster(Options(encryption_config=config))
    server = Server("one", cluster.access.url, "", str(cluster.access.kubeconfig()))
    asked = Asked((config,), (server,), Etcd(f"etcd:{cluster.etcd.url}"))

    def made(asked: Asked = asked) -> Plan:
        return planned(asked, KEY, tmp_path / "state", os.environ)

    assert [one.name for one in _kinds(made())] == [
        "wait-until-loaded",
        "keep-readable",
        "wait-until-loaded",
        "wait-until-loaded",
        "rewrite",
        "prove",
        "wait-until-loaded",
    ]
    _without_etcd(made(asked._replace(etcd=None)))
    _handed_over(made(asked._replace(hand_over=tmp_path)), config)

    other = tmp_path / "other.yaml"
    other.write_text(CONFIGURATION.replace("name: old", "name: new"))
    _refused("differ", lambda: made(asked._replace(configs=(config, other))))
    _refused("works with another EncryptionConfiguration", lambda: made(asked._replace(configs=(other,))))
    _refused("cannot be read", lambda: made(asked._replace(configs=(tmp_path / "missing",))))

    admin = cluster.access.client()
    cluster.etcd.store.put("/registry/secrets/default/lost", b"k8s:enc:secretbox:v1:gone:" + bytes(40))
    _refused("no API server can read: secretbox gone", made)
    cluster.etcd.store.delete("/registry/secrets/default/lost")

    cluster.etcd.store.put("/registry/podtemplates/default/lost", b"k8s:enc:secretbox:v1:old:" + bytes(40))
    _refused("1 podtemplates lie in etcd under secretbox old, and no rule of the file covers them", made)
    cluster.etcd.store.delete("/registry/podtemplates/default/lost")

    admin.create(LEASES, _lease("apiserver-elsewhere", "node-2"))
    _refused("the API server on node-2 is not among those named", made)
    admin.delete(f"{LEASES}/apiserver-elsewhere")
    made()

    nobody = ("vault", f"unix://{tmp_path}/nobody.sock", "")
    _refused("no healthy KMS plugin answers", lambda: made(asked._replace(to="kms", kms=nobody)))
    handed = made(asked._replace(to="kms", kms=nobody, hand_over=tmp_path))
    assert any("every control-plane node" in note for note in handed.notes)
    with pytest.raises(UsageError, match="socket"):
        made(asked._replace(to="kms", kms=("vault", "http://127.0.0.1", "")))


def test_begun(start_cluster: StartCluster, tmp_path: Path) -> None:
    """While a rotation is not finished, another is refused, and the refusal says how to go on."""
    config = tmp_path / "encryption.yaml"
    config.write_text(CONFIGURATION)
    cluster = start_cluster(Options(encryption_config=config))
    server = Server("one", cluster.access.url, "", str(cluster.access.kubeconfig()))
    asked = Asked((config,), (server,), Etcd(f"etcd:{cluster.etcd.url}"), patience=0.0, settle=0.0)
    plan = planned(asked, KEY, tmp_path / "state", os.environ)
    doing = Doing(plan, Path("/"), KEY, tmp_path / "state", lambda _: None, procedure, lambda _: None)
    # The API server does not read its file again by itself, and nobody restarts it.
    with pytest.raises(PlanError, match="has not loaded the file"):
        doing.apply()
    with pytest.raises(PlanError, match="not finished") as refused:
        planned(asked, KEY, tmp_path / "state", os.environ)
    assert "strongroom plan resume" in str(refused.value.hint)
    assert "key-" in config.read_text()
    assert doing.undo() > 0
    assert config.read_text() == CONFIGURATION
    planned(asked, KEY, tmp_path / "state", os.environ)


def test_back_without_etcd(start_cluster: StartCluster, tmp_path: Path) -> None:
    """Without etcd, going back keeps the new key, and what stopped there stands in nobody's way."""
    config = tmp_path / "encryption.yaml"
    config.write_text(CONFIGURATION)
    cluster = start_cluster(Options(encryption_config=config))
    server = Server("one", cluster.access.url, "", str(cluster.access.kubeconfig()))
    asked = Asked((config,), (server,), None, patience=0.0, settle=0.0)
    plan = planned(asked, KEY, tmp_path / "state", os.environ)
    doing = Doing(plan, Path("/"), KEY, tmp_path / "state", lambda _: None, procedure, lambda _: None)
    with pytest.raises(PlanError, match="has not loaded the file"):
        doing.apply()
    with pytest.raises(PlanError, match="the new key stays"):
        doing.undo()
    cluster.api_servers[0].restart()
    again = planned(asked._replace(etcd=Etcd(f"etcd:{cluster.etcd.url}"), to="current"), KEY, tmp_path / "state", {})
    assert any(step.title.startswith("remove secretbox key-") for step in again.steps)


def test_staged_key(start_cluster: StartCluster, tmp_path: Path) -> None:
    """A key that was staged, and encrypts nothing yet, is the one that encrypts then."""
    config = tmp_path / "encryption.yaml"
    lines = CONFIGURATION.splitlines(keepends=True)
    config.write_text("".join([*lines[:5], lines[9], *lines[5:9]]))
    cluster = start_cluster(Options(encryption_config=config))
    server = Server("one", cluster.access.url, "", str(cluster.access.kubeconfig()))
    asked = Asked((config,), (server,), Etcd(f"etcd:{cluster.etcd.url}"), to="secretbox")
    plan = planned(asked, KEY, tmp_path / "state", os.environ)
    assert plan.summary == "rotate secrets from plain text to old"
    writes = [step.title for step in plan.steps if isinstance(step.change, WriteFile)]
    assert writes == [f"let secretbox old encrypt in {config}"]


def test_key_of_a_kms(tmp_path: Path) -> None:
    """Whoever reads the plan for a new key in a KMS is told that going back does not bring the former key back."""
    config, one = tmp_path / "encryption.yaml", Telling("one")
    kms = f"kms: {{apiVersion: v2, name: vault, endpoint: 'unix://{tmp_path}/elsewhere.sock'}}"
    config.write_text(CONFIGURATION[: CONFIGURATION.index("- secretbox")] + f"- {kms}\n")
    one.hash = config_hash(config.read_bytes())
    with telling(tmp_path, one) as [server]:
        plan = planned(Asked((config,), (server.server(),), None), KEY, tmp_path / "state", os.environ)
    assert plan.summary.endswith("under the present key of KMS plugin vault")
    assert any("does not bring the former key back" in note for note in plan.notes)
    assert any("nothing is proved" in note for note in plan.notes)
    views = preview(plan, Path("/"), context, procedure, KEY)
    shown = " ".join("".join(as_text(plan, tuple(views), digest(plan))).split())
    assert shown.index("going back changes nothing") < shown.index("Going back does not bring the former key back")


def _refused(text: str, made: Callable[[], Plan]) -> None:
    with pytest.raises(PlanError, match=text):
        made()


def _kinds(plan: Plan) -> list[RunProcedure]:
    return [step.change for step in plan.steps if isinstance(step.change, RunProcedure)]


def _without_etcd(plan: Plan) -> None:
    """See that nothing is removed where nothing can be proved, and that the plan says so."""
    assert [one.name for one in _kinds(plan)][-1] == "rewrite"
    assert "without --etcd it cannot be proved" in plan.notes[0]


def _handed_over(plan: Plan, config: Path) -> None:
    """See that the file to hand over goes the same way as the one that is there, and holds no key in clear."""
    writes = [step.change for step in plan.steps if isinstance(step.change, WriteFile)]
    handed = [one for one in writes if one.path.endswith("encryption-configuration.yaml")]
    own = [one for one in writes if one.path == str(config).lstrip("/")]
    assert [one.after for one in handed] == [one.after for one in own]
    assert (handed[0].before, handed[1].before) == ("", handed[0].after)
    assert {one.mode for one in handed} == {0o600}
    assert base64.b64encode(b"old-old") not in repr(plan).encode()
    waits = [one.arguments["hand_over"] for one in _kinds(plan) if one.name == "wait-until-loaded"]
    # On the way back the file to hand over is gone in the end, and the one of this host is as all shall be.
    assert waits == [str(config), *[f"/{handed[0].path}"] * 3]


def _lease(name: str, host: str) -> dict[str, object]:
    labels = {"apiserver.kubernetes.io/identity": "kube-apiserver", "kubernetes.io/hostname": host}
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    spec = {"holderIdentity": name, "leaseDurationSeconds": 3600, "renewTime": now}
    return {"metadata": {"name": name, "labels": labels}, "spec": spec}

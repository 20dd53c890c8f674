"""What ``at-rest verify`` must not call clean: what it did not look at, and what an API server reads otherwise."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from nacl.secret import SecretBox
from tests.support.snapshots import Revision, snapshot

from strongroom.errors import SourceError, UsageError
from strongroom.model.at_rest import AtRest
from strongroom.survey.at_rest.status import Request, gather
from strongroom.survey.at_rest.verify import verify

_OBJECT = b"k8s\0canary"
_NEW, _OLD = b"n" * 32, b"o" * 32
_PLAIN: dict[str, Any] = {"identity": {}}
_SECRET = Revision("/registry/secrets/shop/db", b"k8s:enc:secretbox:v1:new:" + SecretBox(_NEW).encrypt(_OBJECT))


def _box(**keys: bytes) -> dict[str, Any]:
    listed = [{"name": name, "secret": base64.b64encode(key).decode()} for name, key in keys.items()]
    return {"secretbox": {"keys": listed}}


def _rule(resources: str, *providers: dict[str, Any]) -> dict[str, Any]:
    return {"resources": resources.split(), "providers": [*providers]}


def _written(path: Path, *rules: dict[str, Any]) -> Path:
    body = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "EncryptionConfiguration", "resources": [*rules]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(body))
    return path


def _verified(folder: Path, revisions: Sequence[Revision], *rules: dict[str, Any]) -> AtRest:
    store = snapshot(folder / "snapshot.db", revisions)
    config = _written(folder / "config.json", *(rules or (_rule("secrets", _box(new=_NEW), _PLAIN),)))
    return verify(Request((f"etcd:{store}",), str(config), environment={}))


def _found(report: AtRest) -> set[tuple[str, str]]:
    return {(problem.id, problem.resource) for problem in report.problems}


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("/kubernetes.io/secrets/shop/db", "no object of Kubernetes"),
        ("compact_rev_key", "no object of Kubernetes"),
        ("/registry/events/shop/db", "nothing that is to be encrypted"),
    ],
)
def test_nothing_proved(key: str, said: str, tmp_path: Path) -> None:
    """Another prefix, another program's etcd and an etcd of events prove nothing, which is an error."""
    with pytest.raises(SourceError, match=said):
        _verified(tmp_path, [Revision(key, _OBJECT)])


def test_without_a_configuration(tmp_path: Path) -> None:
    """Plain text is found without any configuration; what is encrypted proves nothing without one."""
    store = snapshot(tmp_path / "plain.db", [Revision("/registry/secrets/shop/db", _OBJECT)])
    assert _found(verify(Request((f"etcd:{store}",), environment={}))) == {("plaintext", "secrets")}
    with pytest.raises(UsageError, match="no EncryptionConfiguration is named"):
        verify(Request((f"etcd:{snapshot(tmp_path / 'kept.db', [_SECRET])}",), environment={}))


def test_rule_that_went(tmp_path: Path) -> None:
    """What is encrypted although no rule covers it is found: no API server can read it."""
    left = Revision("/registry/configmaps/shop/a", b"k8s:enc:secretbox:v1:old:" + SecretBox(_OLD).encrypt(_OBJECT))
    plain = Revision("/registry/configmaps/shop/b", _OBJECT)
    report = _verified(tmp_path, [_SECRET, Revision("/registry/configmaps/shop/0", _OBJECT), left, plain])
    assert _found(report) == {("unknown-key", "configmaps")}
    assert report.problems[0].objects == ("shop/a",)
    assert "does not become ready" in report.problems[0].hint
    assert "canary" not in repr(report)


def test_several_rules_for_one_resource(tmp_path: Path) -> None:
    """Rules for the same resource are one, as the API server joins them: the first writes, all read."""
    rules = _rule("secrets", _box(other=_OLD)), _rule("secrets", _box(new=_NEW), _PLAIN)
    report = _verified(tmp_path, [_SECRET], *rules)
    assert _found(report) == {("old-key", "secrets")}
    assert [(one.number, one.of) for one in report.proofs] == [(1, 1)]


def test_what_api_servers_keep_for_themselves(tmp_path: Path) -> None:
    """With everything covered, what has no REST API and is never encrypted is no problem."""
    names = ("ranges/serviceips", "masterleases/10.0.0.1", "peerserverleases/10.0.0.1")
    own = [Revision(f"/registry/{name}", _OBJECT) for name in names]
    report = _verified(tmp_path, [_SECRET, *own], _rule("*.*", _box(new=_NEW), _PLAIN))
    assert report.problems == ()


def test_plain_text_that_is_not_read(tmp_path: Path) -> None:
    """Plain text under a configuration without identity can be read by no API server, and rewriting cannot help."""
    report = _verified(tmp_path, [Revision("/registry/secrets/shop/db", _OBJECT)], _rule("secrets", _box(new=_NEW)))
    assert _found(report) == {("undecryptable", "secrets"), ("plaintext", "secrets")}
    assert not any("at-rest rotate" in problem.hint for problem in report.problems)


def test_snapshot_with_a_wrong_sum(tmp_path: Path) -> None:
    """A snapshot of etcdctl whose sum is not right is refused: entries may be missing from it without a trace."""
    store = snapshot(tmp_path / "snapshot.db", [_SECRET])
    data = store.read_bytes()
    config = _written(tmp_path / "config.json", _rule("secrets", _box(new=_NEW), _PLAIN))
    request = Request((f"etcd:{store}",), str(config), environment={})
    store.write_bytes(data + hashlib.sha256(data).digest())
    assert verify(request).problems == ()
    store.write_bytes(data + hashlib.sha256(data[:-1]).digest())
    with pytest.raises(SourceError, match="damaged"):
        verify(request)


def _node(folder: Path, *flags: str) -> None:
    container = {"name": "kube-apiserver", "image": "registry.example/kube-apiserver:v1.36.3"}
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "kube-apiserver", "namespace": "kube-system"},
        "spec": {"containers": [{**container, "command": ["kube-apiserver", *flags]}]},
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kube-apiserver.yaml").write_text(json.dumps(body))


def test_the_file_that_counts(tmp_path: Path) -> None:
    """Of several files the one counts that an API server is started with, and its keys decrypt."""
    old = _written(tmp_path / "node" / "enc" / "a-old.yaml", _rule("secrets", _box(old=_OLD), _PLAIN))
    new = _written(tmp_path / "node" / "enc" / "b-new.yaml", _rule("secrets", _box(new=_NEW, old=_OLD), _PLAIN))
    for used in (old, new):
        _node(tmp_path / "node" / "manifests", f"--encryption-provider-config={used}")
        facts = gather(Request((f"files:{tmp_path / 'node'}",), environment={}))
        assert next(Path(file.path).name for file in facts.files) == used.name
        assert facts.configuration is not None
        assert facts.configuration.text.reveal() == used.read_bytes()
        assert facts.rules == facts.files[0].rules


@pytest.mark.parametrize(
    ("flag", "problems"),
    [
        ("--etcd-prefix=/registry", 0),
        ("--etcd-prefix=/kubernetes.io", 1),
        ("--etcd-servers-overrides=/events#https://10.0.0.9:2379", 0),
        ("--etcd-servers-overrides=/secrets#https://10.0.0.9:2379;https://10.0.0.8:2379", 1),
    ],
)
def test_stored_elsewhere(flag: str, problems: int, tmp_path: Path) -> None:
    """What an API server stores under another prefix or in another etcd than the one looked into is said."""
    used = _written(tmp_path / "node" / "config.yaml", _rule("secrets", _box(new=_NEW), _PLAIN))
    _node(tmp_path / "node", f"--encryption-provider-config={used}", flag)
    store = snapshot(tmp_path / "snapshot.db", [_SECRET])
    report = verify(Request((f"files:{tmp_path / 'node'}", f"etcd:{store}"), environment={}))
    assert [problem.id for problem in report.problems] == ["not-looked-into"] * problems

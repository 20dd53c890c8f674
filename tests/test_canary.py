"""Planted values come out of no command, in no format, in no encoding.

Every command of the program must have its calls here: a new one without them fails the first test.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from strongroom.cli.root import COMMANDS
from strongroom.files.sealed.emit import as_yaml
from strongroom.files.sealed.scope import Scope
from strongroom.files.sealed.sealing import sealed_body
from strongroom.files.sealed.secrets import PlainSecret
from strongroom.keys import age
from strongroom.model.plaintext import Plaintext
from strongroom.model.plan import Copied, Splice, Text
from strongroom.plans.saved import save
from tests.canary_calls import CALLS, CANARIES
from tests.plans.build import KEY, edit, new, plan
from tests.sources.repositories import Repository
from tests.support.sealing_keys import BEGIN, pair
from tests.support.snapshots import Revision, snapshot
from tests.support.sops import PROGRAM


def encoded(value: str) -> Iterator[str]:
    """Yield a value in the encodings in which it could come out."""
    raw = value.encode()
    yield value
    yield urllib.parse.quote(value)
    yield raw.hex()
    yield json.dumps(value)[1:-1]
    for lead in range(3):  # the three alignments of base64, without the characters that the neighbours share
        text = base64.b64encode(b"\0" * lead + raw).decode().rstrip("=")
        yield text[4 if lead else 0 : -4]


def _b64(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def _tree(root: Path) -> None:
    c = CANARIES
    applied = json.dumps(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"password": c["applied"]}}
    )
    files = {
        "secret.yaml": f"""\
apiVersion: v1
kind: Secret
metadata:
  name: s
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: '{applied}'
    example.com/token: {c["annotation"]}
data:
  password: {_b64(c["secret-data"])}
stringData:
  other: {c["string-data"]}  # was {c["key-name"]}
""",
        "config.yaml": f"""\
apiVersion: v1
kind: ConfigMap
metadata:
  name: c
data:
  password: {c["config"]}
  note: {c["unnamed"]}
  application.properties: |
    spring.datasource.username=app
    spring.datasource.password={c["embedded"]}
""",
        "workload.yaml": f"""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: d
spec:
  template:
    spec:
      hostPID: true
      containers:
        - name: a
          image: a:1
          command: [sh, -c, "run --password={c["argument"]}"]
          env:
            - {{name: DB_PASSWORD, value: {c["env"]}}}
            - name: DATABASE_URL
              value: postgres://app:{c["url"]}@db:5432/app
            - name: FROM_SECRET
              valueFrom: {{secretKeyRef: {{name: s, key: password}}}}
""",
        "custom.yaml": f"apiVersion: example.com/v1\nkind: Thing\nmetadata: {{name: t}}\nspec: {{adminPassword: {c['custom']}}}\n",
        "flow.json": json.dumps(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "f"}, "data": {"api-key": c["flow"]}}
        ),
        "chart/Chart.yaml": "apiVersion: v2\nname: x\nversion: 0.1.0\n",
        "chart/values.yaml": f"auth:\n  password: {c['values']}\n",
        ".gitlab-ci.yml": f"variables:\n  REGISTRY_PASSWORD: {c['pipeline']}\n",
        "Dockerfile": f"FROM x\nENV DB_PASSWORD={c['build']}\n",
        ".env": f"DB_PASSWORD={c['dotenv']}\n",
        "encryption.yaml": (
            "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- resources: [secrets]\n"
            "  providers:\n  - aescbc:\n      keys:\n      - name: k1\n"
            f"        secret: {_b64(c['encryption-key'])}\n  - secretbox:\n"
            f"      keys: [{{name: k2, secret: {_b64(c['encryption-key'])}}}]\n"
        ),
        "etcd.json": json.dumps(
            {
                "header": {"revision": 3},
                "kvs": [{"key": _b64("/registry/secrets/shop/db"), "value": _b64(f"k8s\0{c['stored']}")}],
            }
        ),
        "gitleaks.report": json.dumps(
            [
                {
                    "RuleID": "generic-api-key",
                    "Description": f"a description that quotes {c['imported']}",
                    "StartLine": 1,
                    "Secret": c["imported"],
                    "Match": f"key={c['imported']}",
                    "File": f"gone/{c['imported']}.txt",
                }
            ]
        ),
        "broken.yaml": f"apiVersion: v1\nkind: Secret\nstringData:\n  password: {c['broken']}\n   bad: [\n",
        "kustomization.yaml": (
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
            f"secretGenerator:\n  - name: g\n    literals: [password={c['generator']}]\n"
        ),
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _node(root: Path) -> None:
    """Write two static pods: of an API server that encrypts, and of one that does not."""
    (root / "etc").mkdir()
    (root / "etc/enc").symlink_to("..")
    stored = CANARIES["stored"].encode()
    written = [Revision("/registry/secrets/shop/db", b"k8s\0" + stored), Revision("/registry/secrets/shop/x", stored)]
    snapshot(root / "etcd.db", written)
    for name, flag in (
        ("apiserver.yaml", "--encryption-provider-config=/etc/enc/encryption.yaml"),
        ("bare.yaml", "--v=2"),
    ):
        (root / name).write_text(
            "apiVersion: v1\nkind: Pod\nmetadata: {name: kube-apiserver, namespace: kube-system}\nspec:\n"
            f"  containers:\n  - name: a\n    command: [kube-apiserver, --etcd-servers=https://a:2379, {flag}]\n"
            f"    env:\n    - {{name: DB_PASSWORD, value: {CANARIES['env']}}}\n"
        )


def _plan(root: Path) -> None:
    """Save a plan that moves a planted value, and the key under which it was made."""
    before = (root / "config.yaml").read_bytes()
    start = before.index(CANARIES["config"].encode())
    end = start + len(CANARIES["config"])
    moved = Splice(start, end, (Text('"'), Copied(start, end), Text('"')))
    save(plan(edit("config.yaml", before, moved), new("new.yaml", "kind: Secret\n")), root / "plan.json", KEY)
    (root / "plan.key").write_bytes(KEY)


def _sealing(root: Path) -> None:
    """Write a Secret to seal, sealing keys and certificates, and what is sealed under the older one."""
    c, (old, new) = CANARIES, (pair(0), pair(1, BEGIN + timedelta(days=30)))
    applied = {"kubectl.kubernetes.io/last-applied-configuration": c["applied"], "note": f"it is {c['string-data']}"}
    values = {"password": Plaintext(c["secret-data"]), "other": Plaintext(c["string-data"])}
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "namespace": "n", "annotations": applied},
        "stringData": {"password": c["secret-data"], "other": c["string-data"]},
    }
    (root / "seal.json").write_text(json.dumps(body))
    old.write(root, "old")
    new.write(root, "new")
    sealed = sealed_body(PlainSecret("s", "n", values), old.key.public_key(), Scope.STRICT)
    (root / "sealed.yaml").write_text(as_yaml(sealed))


def _repository(root: Path) -> None:
    """Commit the tree, stage one file more, and put a git before the real one that writes down how it is called."""
    git = shutil.which("git") or ""
    tree = Repository(root / "tree")
    tree.commit({})
    tree.write("staged.env", f"DB_PASSWORD={CANARIES['dotenv']}2\n")
    tree.git("add", "staged.env")
    spy = root / "bin" / "git"
    spy.parent.mkdir()
    spy.write_text(f'#!/bin/sh\n{{ printf "%s\\n" "$@"; env; }} >> {root}/out/calls\nexec {git} "$@"\n')
    spy.chmod(0o755)


def _encrypted(root: Path) -> Path:
    """Encrypt planted values with the real sops, as enc.yaml and enc.env of the tree; return the file with the key."""
    identity, recipient = age.generate()
    key = root / "age.key"
    key.write_bytes(identity.reveal())
    rules = f"- path_regex: env$\n  age: {recipient}\n- encrypted_regex: ^(data|stringData)$\n  age: {recipient}\n"
    (root / "tree" / ".sops.yaml").write_text(f"creation_rules:\n{rules}")
    secret = (
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: enc}}\nstringData:\n  password: {CANARIES['string-data']}\n"
    )
    for name, text in (("enc.yaml", secret), ("enc.env", f"A={CANARIES['dotenv']}\n")):
        path = root / "tree" / name
        path.write_text(text)
        subprocess.run([PROGRAM, "encrypt", "-i", name], cwd=path.parent, check=True)
    return key


def test_every_command_is_called() -> None:
    """The calls below leave no command out."""
    assert set(CALLS) == set(COMMANDS)


@pytest.mark.parametrize("call", [c for calls in CALLS.values() for c in calls], ids=" ".join)
def test_nothing_comes_out(call: list[str], tmp_path: Path) -> None:
    """What a command prints, writes, keeps as state or leaves as temporary files holds none of the planted values."""
    for folder in ("tree", "out", "tmp", "state"):
        (tmp_path / folder).mkdir()
    _tree(tmp_path / "tree")
    if "plan" in call:
        _plan(tmp_path / "tree")
    if "at-rest" in call:
        _node(tmp_path / "tree")
    if "seal" in call:
        _sealing(tmp_path / "tree")
    if "scan" in call or "git:." in call:
        _repository(tmp_path)
    key = _encrypted(tmp_path) if {"secret", "krm", "file"} & set(call) else tmp_path / "none"
    environment = {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "HOME": os.environ.get("HOME", "/"),
        "TMPDIR": str(tmp_path / "tmp"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "SOPS_AGE_KEY_FILE": str(key),
        "EDITOR": "sed -i 1s/^/[/",  # what it leaves cannot be saved, and is kept
        "LC_ALL": "C.UTF-8",
    }
    done = subprocess.run(
        [sys.executable, "-m", "strongroom", *call],
        cwd=tmp_path / "tree",
        env=environment,
        capture_output=True,
        check=False,
    )
    written = [p for folder in ("out", "tmp", "state") for p in (tmp_path / folder).rglob("*") if p.is_file()]
    everything = b"\n".join([done.stdout, done.stderr, *(p.read_bytes() for p in written)]).decode("utf-8", "replace")

    leaked = {name for name, value in CANARIES.items() if any(form in everything for form in encoded(value))}
    assert leaked == set()
    assert done.returncode in (0, 1, 2)
    assert b"internal error" not in done.stderr


def test_the_search_would_find_them(tmp_path: Path) -> None:
    """The planted values are really read: the audit finds most of them, so that silence above means something."""
    _tree(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "strongroom", "audit", ".", "--format", "json", "--pedantic"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")},
    )
    found = {f["id"] for f in json.loads(done.stdout)["findings"]}

    assert found >= {
        "secret-in-configmap",
        "secret-in-env-literal",
        "secret-in-command",
        "secret-in-metadata",
        "secret-in-custom-resource",
        "secret-in-helm-values",
        "secret-in-pipeline",
        "secret-in-image-build",
        "plain-secret-manifest",
        "credential-file",
        "secret-in-env",
        "at-rest-key-in-plain-file",
        "at-rest-plaintext-in-etcd",
    }

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
from strongroom.report.formats import ACCESS_FORMATS, FORMATS, INVENTORY_FORMATS, MINIMISE_FORMATS
from tests.plans.build import KEY, edit, new, plan
from tests.sources.repositories import Repository
from tests.support.sealing_keys import BEGIN, pair

CANARIES = {
    "secret-data": "Zq7-canary-Secret-Data-81xW",
    "string-data": "Zq7-canary-String-Data-52kL",
    "config": "Zq7-canary-Config-Map-93mP",
    "embedded": "Zq7-canary-Embedded-File-17rT",
    "env": "Zq7-canary-Env-Literal-64vB",
    "argument": "Zq7-canary-Argument-38nC",
    "annotation": "Zq7-canary-Annotation-75hG",
    "applied": "Zq7-canary-Last-Applied-29jD",
    "url": "Zq7-canary-Url-Password-46sF",
    "custom": "Zq7-canary-Custom-Field-83yE",
    "values": "Zq7-canary-Helm-Values-51uA",
    "pipeline": "Zq7-canary-Pipeline-69wQ",
    "build": "Zq7-canary-Image-Build-34zR",
    "dotenv": "Zq7-canary-Dotenv-File-97tY",
    "unnamed": "Zq7-canary-Unrecognised-22oU",
    "broken": "Zq7-canary-Broken-Yaml-58iO",
    "flow": "Zq7-canary-Flow-Style-13pN",
    "generator": "Zq7-canary-Generator-86cM",
    "key-name": "Zq7-canary-In-A-Comment-40dK",
    "encryption-key": "Zq7-canary-Encryption-Key-31-66x",  # 32 characters: a key of secretbox
    "stored": "Zq7-canary-Stored-In-Etcd-45pV",
    "imported": "Zq7-canary-Imported-Value-78qG",
}


def _encoded(value: str) -> Iterator[str]:
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


def _plan(root: Path) -> None:
    """Save a plan that moves a planted value, and the key under which it was made."""
    before = (root / "config.yaml").read_bytes()
    start = before.index(CANARIES["config"].encode())
    end = start + len(CANARIES["config"])
    moved = Splice(start, end, (Text('"'), Copied(start, end), Text('"')))
    save(plan(edit("config.yaml", before, moved), new("new.yaml", "kind: Secret\n")), root / "plan.json")
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
        sops = Path(sys.executable).with_name("sops")
        subprocess.run([sops, "encrypt", "-i", name], cwd=path.parent, check=True)
    return key


_OPEN = ["--recovery-private-key", "old.key"]
CALLS = {
    "audit": [
        ["audit", ".", "--pedantic", "--format", f.id, *flags] for f in FORMATS for flags in ([], ["-v", "--no-render"])
    ]
    + [
        ["audit", ".", "--pedantic", "--quiet", *(f"--output=../out/report{f.suffixes[0]}" for f in FORMATS)],
        ["audit", ".", "--pedantic", "--write-baseline", "../out/baseline"],
        ["audit", ".", "--color", "-v"],
        *(["audit", ".", "--pedantic", "--import", "gitleaks.report", "--format", f.id] for f in FORMATS),
        *(["audit", "files:.", "--pedantic", "--format", f.id] for f in FORMATS),
        ["audit", "etcd.json", "-v"],
        ["--debug", "audit", "etcd:secret.yaml"],
        ["--debug", "audit", "."],
        ["--debug", "audit", "broken.yaml"],
        ["audit", "nowhere", "--select", CANARIES["env"][:3]],
    ],
    "fix": [
        ["fix", ".", "--pedantic", "--unsafe", "--dry-run"],
        ["fix", ".", "--pedantic", "--unsafe", "--dry-run", "--format", "json"],
        ["fix", ".", "--pedantic", "--unsafe", "--yes", "--save", "../out/fix.json"],
        ["fix", ".", "--pedantic", "--unsafe", "--yes", "--format", "json"],
        ["audit", ".", "--pedantic", "--unsafe", "--fix", "--yes", "--output=../out/after.html"],
        ["--debug", "fix", "workload.yaml", "--root", "chart"],
        ["--debug", "fix", ".", "--to", "sops", "--yes"],
        ["--debug", "fix", ".", "--to", "sealed", "--cert", "secret.yaml", "--yes"],
        ["--debug", "fix", "broken.yaml", "--yes"],
    ],
    "inventory": [["inventory", ".", "--format", f.id, *flags] for f in INVENTORY_FORMATS for flags in ([], ["-v"])]
    + [["--debug", "inventory", "."], ["inventory", ".", "--fingerprints", "../out/known.jsonl"]],
    "access": [
        ["access", "who-can", "get", "secrets", ".", "-v"],
        ["access", "who-can", "list", "secrets", ".", "--format", "json"],
        ["--debug", "access", "who-can", "get", "secrets", "broken.yaml"],
        *(["access", "exposure", ".", "--conditional", "-v", "--format", f.id] for f in ACCESS_FORMATS),
        *(["access", "exposure", "secret/s", ".", "-v", "--copies", "--format", f.id] for f in ACCESS_FORMATS),
        *(["access", "reach", "deployment/d", ".", "-v", "--format", f.id] for f in ACCESS_FORMATS),
        ["access", "reach", "client.token", ".", "-v"],
        ["--debug", "access", "reach", ".env", "."],
        ["--debug", "access", "reach", "deployment/d", "nowhere"],
        ["access", "paths", "deployment/d", "secret/s", ".", "-v"],
        ["access", "diff", "secret.yaml", "."],
        *(["access", "review", ".", "-v", "--format", f.id] for f in ACCESS_FORMATS),
        ["access", "what-if", ".", "--compromise", "deployment/d", "--allow", "user/x get secrets"],
        *(["access", "minimise", ".", "-v", "--format", f.id] for f in MINIMISE_FORMATS),
        ["access", "minimise", ".", "--plan", "../out/minimise.json", "-q"],
    ],
    "seal": [
        *(["seal", "seal.json", "--cert", "new.crt", "--format", shape] for shape in ("yaml", "json")),
        ["seal", "seal.json", "--cert", "old.crt", "-o", "../out/sealed.yaml"],
        ["seal", "seal.json", "--cert", "old.crt", *_OPEN, "--merge-into", "sealed.yaml"],
        ["seal", "--raw", "--cert", "new.crt", "--name", "s", "--namespace", "n", "--from-file", "seal.json"],
        ["--debug", "seal", "seal.json", "--cert", "seal.json"],
        ["--debug", "seal", "broken.yaml", "--cert", "new.crt"],
        ["--debug", "seal", "seal.json", "--cert", "new.crt", "--name", "a/b"],
        ["seal", "status", ".", *_OPEN, "--format", "json"],
        ["seal", "status", ".", *_OPEN, "--cert", "new.crt"],
        ["seal", "validate", "sealed.yaml", *_OPEN],
        ["--debug", "seal", "validate", "sealed.yaml", "--recovery-private-key", "seal.json"],
        ["seal", "renew", "sealed.yaml", *_OPEN, "--cert", "new.crt", "--yes"],
        ["seal", "renew", "sealed.yaml", *_OPEN, "--cert", "new.crt", "--plan", "../out/plan.json"],
        ["seal", "recover", "sealed.yaml", *_OPEN, "-o", "recovered.yaml"],
        ["--debug", "seal", "recover", "seal.json", *_OPEN, "-o", "recovered.yaml"],
        ["--debug", "seal", "recover", "sealed.yaml", *_OPEN],
        ["seal", "certificate", "--cert", "new.crt"],
    ],
    "checks": [["checks"], ["checks", "--format", "json"]],
    "explain": [["explain", "secret-in-configmap"], ["explain", "secret-in-env", "--format", "markdown"]],
    "demo": [["demo", "--output", "../out/demo.html"]],
    "plan": [
        ["plan", "show", "plan.json", "--fingerprint-key=plan.key"],
        ["plan", "show", "plan.json", "--fingerprint-key=plan.key", "--format", "json"],
        ["plan", "apply", "plan.json", "--fingerprint-key=plan.key"],
        ["plan", "apply", "plan.json", "--fingerprint-key=plan.key", "--yes"],
        ["--debug", "plan", "undo", "plan.json", "--fingerprint-key=plan.key", "--yes"],
        ["--debug", "plan", "resume", "config.yaml"],
    ],
    "scan": [
        *(["scan", ".", "--format", f.id, *flags] for f in FORMATS for flags in ([], ["-v"])),
        ["scan", ".", "--quiet", *(f"--output=../out/scan{f.suffixes[0]}" for f in FORMATS)],
        *(["scan", "--history", "--all", "-v", "--format", f.id] for f in FORMATS),
        ["--debug", "scan", "--staged", "-v"],
        ["audit", "git:.", "--format", "json"],
        ["--debug", "scan", "--history", "--since", "nowhere"],
        ["--debug", "scan", "broken.yaml"],
        *(["scan", ".", "--inventory", ".", "--format", f.id] for f in FORMATS),
        ["--debug", "scan", ".", "--inventory", "secret.yaml", "--stdin"],
        ["--debug", "scan", ".", "--inventory", "broken.yaml"],
        ["scan", ".", "--write-baseline=../out/known"],
        ["scan", ".", "--write-baseline=../out/known", "--reason", "made up", "--expires", "2999-01-31"],
        ["--debug", "scan", ".", "--import", "gitleaks.report"],
        ["--debug", "scan", ".", "--baseline", "secret.yaml"],
        ["--debug", "scan", ".", "--rules", "secret.yaml"],
        ["--debug", "scan", "--test-rule", "config.yaml"],
    ],
    "git": [
        ["git", "check-encrypted", "secret.yaml", "broken.yaml", "flow.json", ".env", "workload.yaml"],
        ["--debug", "git", "check-encrypted", "--staged"],
        ["--debug", "git", "install", "--yes"],
        ["git", "uninstall"],
    ],
    "secret": [
        [
            "secret",
            "create",
            "new",
            "--from-env-file=.env",
            f"--from-literal=a={CANARIES['env']}",
            "-o=../out/new.yaml",
        ],
        ["--debug", "secret", "create", "new", "--from-file", "config.yaml", "-o", "-"],
        ["--debug", "secret", "create", "new", "--from-file", "config.yaml", "--seal", "--seal-cert", "config.yaml"],
        ["--debug", "secret", "create", "new", "--from-literal", CANARIES["env"]],
        ["--debug", "secret", "create", "new", "--from-env-file", "broken.yaml"],
        ["--debug", "secret", "create", "tls", "new", "--cert", "config.yaml", "--key", ".env"],
        ["--debug", "secret", "create", "docker-registry", "new", "--from-file", "config.yaml"],
        ["--debug", "secret", "create", "ssh-auth", "new", "--ssh-privatekey", "secret.yaml", "-o", "-"],
        ["secret", "list"],
        ["secret", "list", "--format", "json"],
        ["--debug", "secret", "list", "broken.yaml"],
        ["secret", "get", "enc.yaml", "password"],
        ["--debug", "secret", "get", "secret.yaml", "password"],
        ["--debug", "secret", "set", "enc.yaml", "password", "--from-file", "config.yaml"],
        ["--debug", "secret", "set", "broken.yaml", "a", "--from-file", "config.yaml"],
    ],
    # decrypt, get and exec print what they open, for that is their work: see tests/cli/file.
    "file": [
        ["file", "encrypt", "config.yaml"],
        ["file", "encrypt", ".env", "--output", "../out/sealed.env"],
        ["file", "encrypt", "--output-type", "json", "config.yaml"],
        ["file", "encrypt", "--output-dir", "../out/sealed", "config.yaml", "broken.yaml", ".env"],
        *(["--debug", "file", "encrypt", name] for name in ("broken.yaml", "custom.yaml", "enc.yaml", "nowhere")),
        ["--debug", "file", "encrypt", "--encrypted-regex", "(", "config.yaml"],
        *(["--debug", "file", "decrypt", name] for name in ("broken.yaml", "config.yaml", ".env", "etcd.json")),
        ["--debug", "file", "decrypt", "--output-type", "ini", "enc.env"],
        ["--debug", "file", "decrypt", "--extract", '["nothing"]', "enc.yaml"],
        ["--debug", "file", "decrypt", "--input-type", "json", "enc.yaml"],
        ["--debug", "file", "get", "enc.yaml", "stringData.nothing"],
        ["--debug", "file", "set", "enc.yaml", "stringData.password", "--value-file", "config.yaml"],
        ["file", "set", "enc.yaml", "stringData.password", "--string", "--value-file", "config.yaml"],
        ["file", "unset", "enc.yaml", "stringData.password"],
        ["--debug", "file", "unset", "enc.yaml", "nothing"],
        ["file", "rotate", "enc.yaml"],
        ["file", "rotate", "-i", "enc.env"],
        ["--debug", "file", "rotate", "secret.yaml"],
        ["file", "exec-env", "enc.env", "true"],
        ["--debug", "file", "exec-env", "enc.yaml", "true"],
        ["file", "exec-file", "enc.yaml", "true"],
        ["file", "exec-file", "--no-fifo", "enc.yaml", "exit 1"],
        *(["file", "status", ".", "--check", "--format", shape] for shape in ("text", "json")),
        *(["file", "recipients", ".", "--former", "--format", shape] for shape in ("text", "json", "csv")),
        *(["file", what, "-r", ".", "--yes"] for what in ("encrypt", "rotate", "updatekeys")),
        ["--debug", "file", "encrypt", "-r", ".", "--plan", "../out/plan.json"],
        ["file", "offboard", "nobody", "."],
        ["--debug", "file", "publish", "enc.yaml", "secret.yaml", "--yes"],
        *(["file", "diff", "enc.yaml", name] for name in ("secret.yaml", "config.yaml", "enc.yaml", "broken.yaml")),
        ["--debug", "file", "diff", ".env", "enc.env"],
        ["file", "textconv", "enc.yaml"],
        ["file", "textconv", "enc.env"],
        ["file", "merge", "enc.env", "enc.yaml", "enc.yaml", "enc.yaml"],
        ["--debug", "file", "merge", "broken.yaml", "enc.yaml", "config.yaml", "enc.yaml"],
        ["--debug", "file", "merge", "--resolve", "enc.yaml"],
        ["--debug", "file", "edit", "enc.yaml"],
        ["--debug", "file", "edit", "enc.env"],
        ["--debug", "file", "edit", "secret.yaml"],
        ["file", "keygen", "--output", "../out/key"],
        ["file", "init", "--yes", "--no-hooks", "../out/first.yaml"],
    ],
    # What it opens it prints, for that is its work; so it is called for what it must not open.
    "krm": [
        ["krm"],
        *(["--debug", "krm", name] for name in ("broken.yaml", "config.yaml", ".env", "chart", "nowhere")),
    ],
    "install": [["install"], ["install", "--rbac", "audit", "--variant", "values"]],
}


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

    leaked = {name for name, value in CANARIES.items() if any(form in everything for form in _encoded(value))}
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

"""The KRM function, through the real kustomize and kubectl, with files that the real sops encrypted."""

from __future__ import annotations

import base64
import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.files.krm import ANNOTATION, DEPLOYMENT, GENERATOR, SECRET, VALUES, krm, texts
from tests.files.repository import Repository

from strongroom.errors import KeyUseError, StrongroomError
from strongroom.files.krm import answer
from strongroom.model.plaintext import Plaintext

Program = Callable[[str], Path]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A folder with a key and a rule; encrypted.env has no rule of its own and is encrypted whole."""
    return Repository(tmp_path)


def build(repository: Repository, kustomize: Path, *, check: bool = True) -> list[dict[str, Any]]:
    """Return the objects of a build with real kustomize, as KRM functions are run."""
    words = (kustomize, "build", "--enable-alpha-plugins", "--enable-exec", ".")
    return [one for one in yaml.safe_load_all(repository.run(*words, check=check).out) if one]


def failed(repository: Repository, kustomize: Path) -> str:
    """Return what a build with real kustomize says that fails, of which nothing may come out."""
    words = (kustomize, "build", "--enable-alpha-plugins", "--enable-exec", ".")
    done = repository.run(*words, check=False)
    assert done.code != 0
    assert done.out == b""
    return done.err


def named(found: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    """Return the only object of a kind."""
    (one,) = [body for body in found if body["kind"] == kind]
    return one


def test_generator(repository: Repository, program: Program) -> None:
    """A generator that lists an encrypted manifest gives the manifest, to which kustomize does what it does to all."""
    repository.encrypt("db.yaml", SECRET)
    repository.write("gen.yaml", GENERATOR + "files: [db.yaml]\n")
    repository.write("kustomization.yaml", "generators: [gen.yaml]\nnamespace: shop\nnamePrefix: a-\n")
    secret = named(build(repository, program("kustomize")), "Secret")
    assert texts(secret) == VALUES
    assert (secret["metadata"]["name"], secret["metadata"]["namespace"]) == ("a-db", "shop")
    assert "sops" not in secret


def test_transformer(repository: Repository, program: Program) -> None:
    """Encrypted resources that pass through are decrypted, others are left as they are."""
    repository.encrypt("db.yaml", SECRET)
    repository.write("pod.yaml", DEPLOYMENT)
    repository.write("decrypt.yaml", GENERATOR)
    repository.write(
        "kustomization.yaml", "resources: [db.yaml, pod.yaml]\ntransformers: [decrypt.yaml]\nnamespace: shop\n"
    )
    found = build(repository, program("kustomize"))
    assert texts(named(found, "Secret")) == VALUES
    expected = yaml.safe_load(DEPLOYMENT)
    expected["metadata"]["namespace"] = "shop"
    assert named(found, "Pod") == expected


def test_transformer_can_insist_on_the_mac(repository: Repository, program: Program) -> None:
    """With requireMAC a document that kustomize changed is refused; one whose MAC covers values alone still fits."""
    repository.encrypt("db.yaml", SECRET)
    repository.write("decrypt.yaml", GENERATOR + "requireMAC: true\n")
    repository.write("kustomization.yaml", "resources: [db.yaml]\ntransformers: [decrypt.yaml]\nnamespace: shop\n")
    assert "MAC does not fit" in failed(repository, program("kustomize"))
    ordered = 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\nstringData:\n  age: "1e3"\n  password: "y"\n'
    rules = repository.root / ".sops.yaml"
    rules.write_text(rules.read_text() + "  mac_only_encrypted: true\n")
    repository.encrypt("db.yaml", ordered)
    assert texts(named(build(repository, program("kustomize")), "Secret")) == {"age": "1e3", "password": "y"}


def test_a_value_cannot_be_moved_through_a_transformer(repository: Repository, program: Program) -> None:
    """Without the MAC, too, a value is bound to its key: one that stands at another is refused."""
    path = repository.encrypt("db.yaml", SECRET)
    lines = path.read_text().splitlines(keepends=True)
    moved = [line.replace("password: ENC", "user: ENC") for line in lines]
    assert moved != lines
    path.write_text("".join(moved))
    repository.write("decrypt.yaml", GENERATOR)
    repository.write("kustomization.yaml", "resources: [db.yaml]\ntransformers: [decrypt.yaml]\n")
    assert "stringData.user" in failed(repository, program("kustomize"))


def test_secret_generator(repository: Repository, program: Program) -> None:
    """Secrets of whole files and of env files get a hash at their name, and who refers to them the same."""
    repository.encrypt("app.env", "USER=ann\nPASSWORD=a=b$c\n")
    repository.encrypt("config.json", '{"stringData": {"key": "value"}, "other": 1}')
    repository.write("pod.yaml", DEPLOYMENT)
    entries = """\
secretGenerator:
- name: app
  envs: [app.env]
  files: [config.json, again=config.json]
  options: {labels: {team: pay}, immutable: true}
- name: fixed
  type: example.com/thing
  envs: [app.env]
  options: {disableNameSuffixHash: true}
"""
    repository.write("gen.yaml", GENERATOR + entries)
    repository.write("kustomization.yaml", "resources: [pod.yaml]\ngenerators: [gen.yaml]\n")
    found = {body["metadata"]["name"]: body for body in build(repository, program("kustomize"))}
    (name,) = set(found) - {"web", "fixed"}
    assert name.startswith("app-")
    assert len(name) == len("app-") + 10
    assert found["web"]["spec"]["containers"][0]["envFrom"] == [{"secretRef": {"name": name}}]
    secret = found[name]
    assert (secret["type"], secret["immutable"], secret["metadata"]["labels"]) == ("Opaque", True, {"team": "pay"})
    assert "annotations" not in secret["metadata"]
    values = texts(secret)
    assert (values["USER"], values["PASSWORD"]) == ("ann", "a=b$c")
    assert json.loads(values["config.json"]) == {"stringData": {"key": "value"}, "other": 1}
    assert values["again"] == values["config.json"]
    assert found["fixed"]["type"] == "example.com/thing"
    # The same entry in kustomize's own generator, with the files in plain, makes the very same Secret.
    repository.write("plain/app.env", "USER=ann\nPASSWORD=a=b$c\n")
    repository.write("plain/config.json", values["config.json"])
    own = entries.split("- name: fixed", maxsplit=1)[0]
    repository.write("plain/kustomization.yaml", own)
    (plain,) = yaml.safe_load_all(repository.run(program("kustomize"), "build", "plain").out)
    assert plain == secret


def test_behaviours(repository: Repository, program: Program) -> None:
    """A Secret of another layer is merged with, or replaced, as the behaviour of the entry says."""
    repository.encrypt("app.env", "PASSWORD=new\n")
    base = "secretGenerator:\n- name: app\n  literals: [USER=ann, PASSWORD=old]\n"
    repository.write("base/kustomization.yaml", base)
    repository.write("kustomization.yaml", "resources: [base]\ngenerators: [gen.yaml]\n")
    for behaviour, expected in (
        ("merge", {"USER": "ann", "PASSWORD": "new"}),
        ("replace", {"PASSWORD": "new"}),
    ):
        entry = f"secretGenerator:\n- name: app\n  behavior: {behaviour}\n  envs: [app.env]\n"
        repository.write("gen.yaml", GENERATOR + entry)
        assert texts(named(build(repository, program("kustomize")), "Secret")) == expected
    repository.write("gen.yaml", GENERATOR + "secretGenerator:\n- name: app\n  envs: [app.env]\n")
    assert "behavior must be merge or replace" in failed(repository, program("kustomize"))


def test_ksops_configuration(repository: Repository, program: Program) -> None:
    """A configuration of KSOPS gives what KSOPS gives, when its program is exchanged; quotes of env files go away."""
    repository.encrypt("db.yaml", SECRET)
    repository.encrypt("app.env", 'A="x y"\nB=\'$z\' # note\nC="1\\n2"\nD=plain\n')
    repository.encrypt("blob.bin", b"\x00\xff binary")
    config = f"""\
apiVersion: viaduct.ai/v1
kind: ksops
metadata:
  name: old{ANNOTATION}
files: [./db.yaml]
secretFrom:
- metadata:
    name: app
    annotations: {{kustomize.config.k8s.io/needs-hash: "true"}}
  type: Opaque
  files: [named=./app.env]
  binaryFiles: [./blob.bin]
  envs: [app.env]
"""
    repository.write("gen.yaml", config)
    repository.write("kustomization.yaml", "generators: [gen.yaml]\n")
    found = {body["metadata"]["name"].split("-")[0]: body for body in build(repository, program("kustomize"))}
    assert texts(found["db"]) == VALUES
    assert found["app"]["data"] == {"blob.bin": base64.b64encode(b"\x00\xff binary").decode()}
    values = found["app"]["stringData"]
    assert values.pop("named").startswith('A="x y"')
    assert values == {"A": "x y", "B": "$z", "C": "1\n2", "D": "plain"}
    assert found["app"]["metadata"]["name"] != "app"


def plugins(repository: Repository, folder: Path) -> dict[str, str]:
    """Make a folder of kustomize plugins as docs/gitops.md says."""
    for kind in ("strongroom.dev/v1/encryptedfiles/EncryptedFiles", "viaduct.ai/v1/ksops/ksops"):
        plugin = folder / kind
        plugin.parent.mkdir(parents=True)
        plugin.write_text('#!/bin/sh\nexec strongroom krm "$@"\n')
        plugin.chmod(0o755)
    return {"KUSTOMIZE_PLUGIN_HOME": str(folder)}


def test_kubectl(repository: Repository, program: Program, tmp_path: Path) -> None:
    """kubectl, which has no --enable-exec, runs it as a plugin of the older kind: as generator and as transformer."""
    repository.encrypt("db.yaml", SECRET)
    repository.encrypt("other.yaml", SECRET.replace("name: db", "name: other"))
    bare = "apiVersion: strongroom.dev/v1\nkind: EncryptedFiles\nmetadata: {name: x}\n"
    repository.write("gen.yaml", bare + "files: [db.yaml]\n")
    repository.write("decrypt.yaml", bare)
    repository.write(
        "kustomization.yaml", "resources: [other.yaml]\ngenerators: [gen.yaml]\ntransformers: [decrypt.yaml]\n"
    )
    more = plugins(repository, tmp_path / "plugins")
    done = repository.run(program("kubectl"), "kustomize", "--enable-alpha-plugins", ".", more=more)
    found = {body["metadata"]["name"]: texts(body) for body in yaml.safe_load_all(done.out)}
    assert found == {"db": VALUES, "other": VALUES}


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ("[../outside.yaml]", "outside of the folder"),
        ("[link.yaml]", "outside of the folder"),
        ("[/etc/hostname]", "outside of the folder"),
        ("[sub/../../outside.yaml]", "outside of the folder"),
        ("[pipe]", "not a regular file"),
        ("[sub]", "not a regular file"),
        ("[nowhere.yaml]", "cannot be read"),
        ("[plain.yaml]", "not encrypted"),
        ('["a\\0b"]', "NUL"),
    ],
)
def test_files_that_are_refused(files: str, reason: str, repository: Repository, program: Program) -> None:
    """No file outside of the folder is read, over a link neither; a pipe does not stop it; plain text is refused."""
    outside = repository.encrypt("outside.yaml", SECRET)
    outside.rename(repository.root.parent / "outside.yaml")
    (repository.root / "link.yaml").symlink_to("../outside.yaml")
    (repository.root / "sub").mkdir()
    os.mkfifo(repository.root / "pipe")
    repository.write("plain.yaml", SECRET)
    repository.write("gen.yaml", GENERATOR + f"files: {files}\n")
    repository.write("kustomization.yaml", "generators: [gen.yaml]\n")
    assert reason in failed(repository, program("kustomize"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("file: [db.yaml]\n", "unknown field"),
        ("files: db.yaml\n", "expected `array`"),
        ("secretGenerator: [{name: a, literals: [a=b]}]\n", "unknown field `literals`"),
        ("secretGenerator: [{name: a, behavior: add}]\n", "create, merge or replace"),
        ("secretGenerator: [{name: a}]\n", "no files and no envs"),
    ],
)
def test_configurations_that_are_refused(text: str, reason: str, repository: Repository, program: Program) -> None:
    """A configuration that says something unknown, or too little, is refused."""
    repository.write("gen.yaml", GENERATOR + text)
    repository.write("kustomization.yaml", "generators: [gen.yaml]\n")
    assert reason in failed(repository, program("kustomize")).lower()


def test_post_renderer(repository: Repository) -> None:
    """A stream of manifests comes back with its encrypted documents decrypted, in its order."""
    encrypted = repository.encrypt("db.yaml", SECRET).read_text()
    found = list(yaml.safe_load_all(krm(repository, f"{DEPLOYMENT}---\n{encrypted}---\n# nothing\n").out))
    assert [body["kind"] for body in found] == ["Pod", "Secret"]
    assert texts(found[1]) == VALUES
    assert found[0] == yaml.safe_load(DEPLOYMENT)
    assert krm(repository, "").out == b""


def test_several_documents_of_one_file(repository: Repository, program: Program) -> None:
    """Documents that were encrypted as one file are opened one by one, in whatever order kustomize has them."""
    second = SECRET.replace("name: db", "name: api").replace("0123", "456")
    repository.encrypt("both.yaml", f"{SECRET}---\n{second}")
    repository.write("decrypt.yaml", GENERATOR)
    repository.write("kustomization.yaml", "resources: [both.yaml]\ntransformers: [decrypt.yaml]\n")
    found = {body["metadata"]["name"]: texts(body) for body in build(repository, program("kustomize"))}
    assert found == {"db": VALUES, "api": VALUES | {"zone": "456"}}


def test_metadata_that_was_cut(repository: Repository) -> None:
    """A document that says it is encrypted is opened or refused, whatever its metadata lack; it never passes as it is."""
    text = repository.encrypt("db.yaml", SECRET).read_text()
    for lost in ("mac:", "lastmodified:", "age:"):
        lines = [line.replace(lost, f"x{lost}") for line in text.splitlines(keepends=True)]
        done = krm(repository, "".join(lines), check=False)
        assert (done.code, b"ENC[" in done.out) == (0 if lost == "mac:" else 2, False), lost
        assert krm(repository, "".join(lines), "--require-mac", check=False).out == b""


@given(st.binary() | st.text(alphabet="abks:[]{}-,'\"\n \t&*!|>#0", max_size=80).map(str.encode))
def test_any_input(data: bytes) -> None:
    """Whatever stands on standard input, there is an answer or an error of ours, and no key is asked for nothing."""

    def open_(data: bytes, name: str, check_mac: bool) -> Plaintext:
        raise KeyUseError("no key")

    with contextlib.suppress(StrongroomError):
        answer(data, Path("/nowhere"), open_)


_FIELDS = (
    "kind",
    "apiVersion",
    "metadata",
    "annotations",
    "items",
    "functionConfig",
    "files",
    "secretGenerator",
    "sops",
    "data",
    "name",
)


def _objects(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from(_FIELDS) | st.text(max_size=3), values, max_size=5)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda x: st.lists(x) | _objects(x)
)


@given(
    _objects(_JSON), st.sampled_from(["strongroom.dev/v1 EncryptedFiles", "viaduct.ai/v1 ksops", "v1 Secret"]), _JSON
)
def test_any_envelope(fields: dict[str, Any], kind: str, items: Any) -> None:
    """Whatever an envelope and a configuration have as their fields, there is an answer or an error of ours."""
    version, _, name = kind.partition(" ")
    config = {**fields, "apiVersion": version, "kind": name}
    envelope = {"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "functionConfig": config}

    def open_(data: bytes, name: str, check_mac: bool) -> Plaintext:
        return Plaintext(b"a: 1")

    for one in (items, [config], [{**fields, "sops": {"mac": "x"}}]):
        with contextlib.suppress(StrongroomError):
            answer(json.dumps({**envelope, "items": one}).encode(), Path("/nowhere"), open_)


def test_tampered(repository: Repository) -> None:
    """A changed value, a file under a key that is not there, and broken input give nothing but an error."""
    path = repository.encrypt("db.yaml", SECRET)
    text = path.read_text()
    changed = text.replace("password: ENC[AES256_GCM,data:", "password: ENC[AES256_GCM,data:AA")
    plain = text.replace("zone: ENC", "zone: XENC")
    for data in (changed, plain, "a: [", "- a\n", "just text\n"):
        done = krm(repository, data, check=False)
        assert (done.code, done.out) == (2, b"")
        assert "0123" not in done.err
    (repository.root.parent / "age.key").unlink()
    done = krm(repository, text, check=False)
    assert (done.code, done.out) == (2, b"")


def test_resource_list_is_kept(repository: Repository) -> None:
    """What an envelope has beside its items stays; types of values are those that came in."""
    item = {"apiVersion": "v1", "kind": "X", "metadata": {"name": "a"}, "spec": {"n": 1, "f": 1.5, "t": "1", "b": True}}
    config = {"apiVersion": "strongroom.dev/v1", "kind": "EncryptedFiles", "metadata": {"name": "c"}}
    envelope = {
        "apiVersion": "config.kubernetes.io/v1",
        "kind": "ResourceList",
        "functionConfig": config,
        "items": [item, {"apiVersion": "v1", "kind": "Y", "spec": {"list": [None, {}], "text": "\u2028\n"}}],
    }
    assert json.loads(krm(repository, json.dumps(envelope)).out) == envelope


def test_configuration_that_nobody_wrote(repository: Repository) -> None:
    """The empty ConfigMap that kpt hands over where a user gives no configuration is none; another kind is refused."""
    item = yaml.safe_load(repository.encrypt("db.yaml", SECRET).read_text())
    for data, code in (({}, 0), ({"a": "b"}, 2)):
        config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "function-input"}, "data": data}
        envelope = {"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "functionConfig": config}
        done = krm(repository, json.dumps({**envelope, "items": [item]}), check=False)
        assert done.code == code
        assert code or texts(json.loads(done.out)["items"][0]) == VALUES

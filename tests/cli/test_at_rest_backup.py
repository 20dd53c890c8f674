"""``strongroom at-rest backup`` and a real API server."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.atrest.configurations import LOCAL
from tests.files.repository import Done, Repository
from tests.support.controlplane.access import Access, eventually
from tests.support.controlplane.fixtures import StartCluster

from strongroom.atrest.backup_file import Header, seal
from strongroom.atrest.backup_records import SECRETS, KeptFile, Manifest, lines
from strongroom.files.sops import data_key
from strongroom.keys import age
from strongroom.keys.key import Context
from strongroom.model.plaintext import Plaintext

EXAMPLE = Path(__file__).parents[2] / "examples" / "at-rest-backup" / "cronjob.yaml"
ENCRYPTION = LOCAL.replace("name: old", "name: old  # kept as it is")
VALUE = b"hunter2-that-no-message-repeats"


class Live:
    """The commands, a namespace of a cluster, and an age key."""

    def __init__(self, repository: Repository, cluster: Access, namespace: str) -> None:
        self.namespace, self.cluster, self.repository = namespace, cluster, repository
        self.config = str(cluster.kubeconfig(namespace=namespace))
        self.file = repository.root / "b.backup"

    def __call__(self, *words: str, check: bool = True) -> Done:
        """Run ``strongroom at-rest``."""
        return self.repository.strongroom("at-rest", *words, check=check)

    def backup(self, *words: str) -> Done:
        """Back up the namespace."""
        chosen = words or ("-n", self.namespace)
        return self("backup", *chosen, "-o", "b.backup", "--replace", "--kubeconfig", self.config)

    def create(self, name: str, data: dict[str, bytes], **more: Any) -> None:
        """Make a Secret."""
        values = {key: base64.b64encode(value).decode() for key, value in data.items()}
        body = {"metadata": {"name": name, **more.pop("metadata", {})}, "data": values, **more}
        self.cluster.client().create(f"/api/v1/namespaces/{self.namespace}/secrets", body)


@pytest.fixture
def live(tmp_path: Path, cluster: Access, namespace: str) -> Live:
    """The commands, in a namespace of their own."""
    return Live(Repository(tmp_path), cluster, namespace)


def test_backup_equals_the_cluster(live: Live) -> None:
    """A backup holds no value in plain, opens, and equals the cluster until something there changes."""
    live.create("db", {"password": VALUE})
    live.create("binary", {"key": bytes(range(256))}, type="example.com/binary", immutable=True)
    said = live.backup().err
    assert "backed up 2 Secrets" in said
    data = live.file.read_bytes()
    assert VALUE not in data
    assert b"password" not in data
    assert live.file.stat().st_mode & 0o777 == 0o600
    against = ("backup", "verify", "b.backup", "--against", "cluster", "--kubeconfig", live.config)
    assert b"equal to the cluster, object by object" in live(*against).out
    live.create("more", {})
    client = live.cluster.client()
    client.delete(f"/api/v1/namespaces/{live.namespace}/secrets/db")
    done = live(*against, "--format", "json", check=False)
    assert done.code == 1
    assert [(d["name"], d["what"]) for d in json.loads(done.out)["differences"]] == [("db", "gone"), ("more", "new")]


def _everything(live: Live) -> None:
    """Make a Secret of every type, with every kind of content that the API server takes."""
    live.create("opaque", {"a": VALUE, "empty": b"", "dots.and-dashes_1": b"x"})
    live.create("nothing", {})
    live.create("binary", {"key": bytes(range(256)) * 8}, type="example.com/binary", immutable=True)
    live.create("large", {"key": bytes(1000_000)})
    live.create("docker", {".dockerconfigjson": b'{"auths":{}}'}, type="kubernetes.io/dockerconfigjson")
    live.create("old-docker", {".dockercfg": b"{}"}, type="kubernetes.io/dockercfg")
    live.create("basic", {"username": b"ann", "password": VALUE}, type="kubernetes.io/basic-auth")
    live.create("ssh", {"ssh-privatekey": VALUE}, type="kubernetes.io/ssh-auth")
    live.create("tls", {"tls.crt": b"", "tls.key": b""}, type="kubernetes.io/tls")
    live.create("bootstrap", {"token-id": b"abcdef"}, type="bootstrap.kubernetes.io/token")
    live.create("sh.helm.release.v1.shop.v1", {"release": b"H4sI"}, type="helm.sh/release.v1")
    metadata = {
        "labels": {"app.kubernetes.io/name": "shop"},
        "annotations": {
            "example.com/note": "schöne Grüße \u2028 \U0001f511 \x7f",
            "kubectl.kubernetes.io/last-applied-configuration": "{}",
        },
    }
    live.create("marked", {"a": b"1"}, metadata=metadata)
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "gone", "uid": "0", "controller": True}
    live.create("owned", {"a": b"1"}, metadata={"ownerReferences": [owner], "finalizers": ["example.com/hold"]})


def _free(live: Live) -> None:
    """Let go of what a finalizer holds, so that the namespace can be deleted."""
    path = f"/api/v1/namespaces/{live.namespace}/secrets/owned"
    live.cluster.client().request(
        "PATCH", path, {"metadata": {"finalizers": None}}, {"Content-Type": "application/merge-patch+json"}
    )


def _content(cluster: Access, namespace: str) -> dict[str, Any]:
    """Return what Secrets of a namespace hold, apart from what belongs to one object."""
    found = cluster.client().get(f"/api/v1/namespaces/{namespace}/secrets")
    return {
        one["metadata"]["name"]: {
            **{key: one.get(key) for key in ("type", "data", "immutable")},
            **{key: one["metadata"].get(key) for key in ("labels", "annotations")},
        }
        for one in found["items"]
    }


def test_restored_on_an_empty_cluster(live: Live, start_cluster: StartCluster) -> None:
    """A backup restored on an empty cluster equals the original object by object, of every type and content."""
    _everything(live)
    live.backup()
    wanted = _content(live.cluster, live.namespace)
    _free(live)
    empty = start_cluster().access
    config = str(empty.kubeconfig())
    refused = live("restore", "b.backup", "--yes", "--kubeconfig", config, check=False)
    assert "1 namespace is missing" in refused.err
    done = live("restore", "b.backup", "--yes", "--create-namespaces", "--kubeconfig", config)
    assert _content(empty, live.namespace) == wanted
    assert VALUE not in done.out + done.err.encode()
    found = empty.client().get(f"/api/v1/namespaces/{live.namespace}/secrets/owned")["metadata"]
    assert ("ownerReferences" in found, "finalizers" in found) == (False, False)
    verified = live("backup", "verify", "b.backup", "--against", "cluster", "--kubeconfig", config)
    assert "the backup is of another cluster" in verified.err
    again = live("restore", "b.backup", "--yes", "--kubeconfig", config)
    assert "13 Secrets are there already" in again.err


def test_least_role(live: Live) -> None:
    """The account that install renders can back up, of the namespaces that it is for, and read no Secret by its name."""
    live.create("db", {"password": VALUE})
    name = live.namespace
    words = ("install", "--rbac", "backup", "--name", name, "--account-namespace", name)
    client = live.cluster.client()
    made = []
    for body in yaml.safe_load_all(live.repository.strongroom(*words).out):
        group = body["apiVersion"]
        root = "/api/v1" if group == "v1" else f"/apis/{group}"
        place = f"/namespaces/{name}" if "namespace" in body["metadata"] else ""
        client.create(f"{root}{place}/{body['kind'].lower()}s", body)
        made += [] if place else [f"{root}/{body['kind'].lower()}s/{name}"]
    try:
        user = f"system:serviceaccount:{name}:{name}"
        live.config = str(live.cluster.kubeconfig(user, ()))
        eventually(
            lambda: live.cluster.client(user, ()).answers(f"/api/v1/namespaces/{name}/secrets"), "the role counts"
        )
        live.backup()
        verified = live("backup", "verify", "b.backup", "--format", "json").out
        assert json.loads(verified)["backup"]["cluster"]
        status, _ = live.cluster.client(user, ()).request("GET", f"/api/v1/namespaces/{name}/secrets/db")
        assert status == 403
    finally:
        for path in made:
            client.delete(path)


def test_example(live: Live) -> None:
    """The CronJob of the examples is one that the API server takes, and its command is one that makes a backup."""
    body = yaml.safe_load(EXAMPLE.read_text("utf-8"))
    body["metadata"]["namespace"] = live.namespace
    path = f"/apis/batch/v1/namespaces/{live.namespace}/cronjobs?dryRun=All&fieldValidation=Strict"
    live.cluster.client().create(path, body)
    (container,) = body["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    live.create("db", {"password": VALUE})
    command = container["args"][0].replace("/backups/", "")
    more = {"RECIPIENT": live.repository.recipient, "KUBECONFIG": live.config}
    live.repository.run(*container["command"], command, more=more)
    (file,) = live.repository.root.glob("2*Z.backup")
    assert b"is whole" in live("backup", "verify", file.name).out


def test_encryption_keys(live: Live) -> None:
    """An EncryptionConfiguration comes back as it was, for its owner alone, and is in the backup in no plain form."""
    text = ENCRYPTION.encode()
    files = ("etc/enc.yaml", "more/enc.yaml", "2-enc.yaml")
    for number, name in enumerate(files):
        live.repository.write(name, text + b"#" * number)
    live.backup(*(word for name in files for word in ("--with-encryption-keys", name)), "-n", live.namespace)
    assert b"b2xkLW9sZC1v" not in live.file.read_bytes()
    live("restore", "b.backup", "--encryption-keys-to", "keys")
    back = live.repository.root / "keys" / "enc.yaml"
    assert back.read_bytes() == text
    assert back.stat().st_mode & 0o777 == 0o600
    assert sorted(path.read_bytes() for path in back.parent.iterdir()) == [text, text + b"#", text + b"##"]
    assert "is there already" in live("restore", "b.backup", "--encryption-keys-to", "keys", check=False).err
    assert (
        "only files are written" in live("restore", "b.backup", "--encryption-keys-to", "k", "--yes", check=False).err
    )


def test_kept_under_no_name(tmp_path: Path) -> None:
    """A backup that was made to lead out of the folder, or under a name that is none, writes nothing."""
    repository = Repository(tmp_path)
    for path in ("..", "/", "a\0b", "a\x1b[2J"):
        key = data_key.new()
        groups = data_key.wrap(
            key, [age.KIND.parse(repository.recipient)], 0, Context({}, lambda _: Plaintext(""), str)
        )
        manifest = Manifest(kind=SECRETS, tool="", created="")
        rows = lines(manifest, [KeptFile(path, Plaintext(b"x"))], [])
        repository.write("c.backup", b"".join(seal(Header(groups), key, rows)))
        done = repository.strongroom("at-rest", "restore", "c.backup", "--encryption-keys-to", "keys", check=False)
        assert (done.code, "under a name that is none" in done.err) == (2, True)
        assert not (repository.root / "keys").exists()


def test_slips(live: Live) -> None:
    """A namespace without Secrets is said, one that is mapped twice refused, and so is a backup that is a pipe."""
    said = live.backup("-n", live.namespace).err
    assert f"note: namespace {live.namespace} has no such Secret" in said
    live.create("db", {"password": VALUE})
    assert "note:" not in live.backup("-n", live.namespace, "-n", live.namespace).err
    twice = [f"--namespace={live.namespace}={name}" for name in ("a", "b")]
    done = live("restore", "b.backup", *twice, "--yes", "--kubeconfig", live.config, check=False)
    assert f"--namespace says twice where {live.namespace} goes" in done.err
    words = "cat b.backup | strongroom at-rest backup verify /dev/stdin"
    assert "is a pipe" in live.repository.run("sh", "-c", words, check=False).err


def test_key_groups_of_a_rule(live: Live) -> None:
    """A rule of .sops.yaml can ask for keys of two groups; one of them alone does not open the backup."""
    live.create("db", {"password": VALUE})
    second, recipient = age.generate()
    rule = f"[{{age: [{live.repository.recipient}]}}, {{age: [{recipient}]}}]"
    live.repository.write(".sops.yaml", f"creation_rules:\n- path_regex: \\.backup$\n  key_groups: {rule}\n")
    live.backup()
    refused = live("backup", "verify", "b.backup", check=False)
    assert (refused.code, "only 1 of 2 needed key groups" in refused.err) == (2, True)
    live.repository.environment["SOPS_AGE_KEY"] = second.reveal().decode()
    said = live("backup", "verify", "b.backup").out.decode()
    assert f"opens    with age {recipient} (one of 2 groups, 2 are needed)" in said


def test_token_of_an_account(live: Live, cluster: Access) -> None:
    """A token comes back and is good where its ServiceAccount still is; for another account it is left alone, and said."""
    marks = {"kubernetes.io/service-account.name": "default"}
    live.create("token", {}, type="kubernetes.io/service-account-token", metadata={"annotations": marks})
    client, path = cluster.client(), f"/api/v1/namespaces/{live.namespace}/secrets/token"
    eventually(lambda: "token" in client.get(path).get("data", {}), "the token is made")
    wanted = _content(cluster, live.namespace)
    live.backup()
    client.delete(path)
    live("restore", "b.backup", "--yes", "--kubeconfig", live.config)
    assert _content(cluster, live.namespace) == wanted
    other = f"{live.namespace}=default"
    done = live("restore", "b.backup", "--yes", "--namespace", other, "--kubeconfig", live.config)
    assert "left alone, for a token is good only for the ServiceAccount that it was made for" in done.err
    assert "there is nothing to do" in done.err


def test_plan_and_undo(live: Live) -> None:
    """A restore is a plan: saved, done by somebody else, gone back on by the digits of its digest."""
    live.create("db", {"password": VALUE})
    live.backup()
    live.cluster.client().delete(f"/api/v1/namespaces/{live.namespace}/secrets/db")
    tried = live("restore", "b.backup", "--dry-run", "--kubeconfig", live.config)
    assert f"+ Secret {live.namespace}/db: fp:".encode() in tried.out
    assert "nothing was changed" in tried.err
    assert _content(live.cluster, live.namespace) == {}
    live("restore", "b.backup", "--plan", "p.json", "--kubeconfig", live.config)
    assert VALUE not in live.repository.root.joinpath("p.json").read_bytes()
    strongroom = live.repository.strongroom
    assert "plan undo" in strongroom("plan", "apply", "p.json", "--yes").err
    assert list(_content(live.cluster, live.namespace)) == ["db"]
    strongroom("plan", "undo", "p.json", "--yes")
    assert _content(live.cluster, live.namespace) == {}


def test_nothing_half_done(live: Live) -> None:
    """A backup that cannot be made leaves no file, and one that is there stays."""
    live.file.write_bytes(b"old")
    done = live("backup", "-o", "b.backup", "--kubeconfig", live.config, check=False)
    assert "is there already" in done.err
    user = str(live.cluster.kubeconfig("nobody", ()))
    done = live("backup", "-o", "b.backup", "--replace", "--kubeconfig", user, check=False)
    assert (done.code, "does not permit to read" in done.err) == (2, True)
    assert live.file.read_bytes() == b"old"
    assert [path.name for path in live.repository.root.iterdir() if "backup" in path.name] == ["b.backup"]

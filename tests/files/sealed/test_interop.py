"""What ``kubeseal`` seals we open, what we seal it opens, and the objects are the same ones."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Sequence
from os import environ, getpid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.files.sealed import build
from tests.support.sealing_keys import pair

from strongroom.errors import StrongroomError
from strongroom.files.sealed import private_keys
from strongroom.files.sealed.emit import as_json, as_yaml
from strongroom.files.sealed.opening import open_all, recovered
from strongroom.files.sealed.scope import scope_of
from strongroom.files.sealed.sealed import read_sealed
from strongroom.files.sealed.sealing import sealed_body
from strongroom.files.sealed.secrets import left_out, read_secrets
from strongroom.model.plaintext import Plaintext

KEYS = private_keys.together([private_keys.read(Plaintext(pair(0).private), "k")])
SHORT = settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
LONG = settings(max_examples=1000, suppress_health_check=[HealthCheck.function_scoped_fixture])
SEVERAL = st.lists(build.secrets(), min_size=1, max_size=4)
TEN = st.lists(build.secrets(), min_size=10, max_size=10)
_NODE_PACKAGE = "@linode/kubeseal-encrypt@1.0.1"


class Kubeseal:
    """The program, with a key and its certificate."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._program = str(program)
        self._key, self._certificate = (str(path) for path in pair(0).write(folder, "k"))

    def seal(self, bodies: Sequence[dict[str, Any]], *words: str) -> bytes:
        """Seal manifests; return what it prints."""
        text = "".join(as_yaml(body) for body in bodies)
        return self._run(text, "--cert", self._certificate, "--allow-empty-data", *words)

    def unseal(self, text: str) -> dict[str, Any]:
        """Open one SealedSecret; return the Secret."""
        body: dict[str, Any] = json.loads(self._run(text, "--recovery-unseal", "--recovery-private-key", self._key))
        return body

    def refuses(self, text: str) -> bool:
        """Tell whether it refuses to open a SealedSecret."""
        try:
            self.unseal(text)
        except subprocess.CalledProcessError:
            return True
        return False

    def _run(self, text: str, *words: str) -> bytes:
        return subprocess.run([self._program, *words], input=text.encode(), capture_output=True, check=True).stdout


@pytest.fixture
def kubeseal(program: Callable[[str], Path], tmp_path: Path) -> Kubeseal:
    """Find the program."""
    return Kubeseal(program("kubeseal"), tmp_path)


def ours(body: dict[str, Any]) -> dict[str, Any]:
    """Seal a manifest ourselves."""
    (secret,) = read_secrets(Plaintext(json.dumps(body)), "s")
    return sealed_body(secret, pair(0).key.public_key(), scope_of(secret.annotations))


def without_values(body: dict[str, Any]) -> dict[str, Any]:
    """A SealedSecret without its ciphertexts, and without what Go writes for nothing."""
    text = json.dumps(body, sort_keys=True)
    clean: dict[str, Any] = json.loads(text, object_hook=_clean)
    clean["spec"]["encryptedData"] = sorted(body["spec"].get("encryptedData") or {})
    return clean


def _clean(value: dict[str, Any]) -> dict[str, Any]:
    return {key: item for key, item in value.items() if item is not None and item != {}}


def assert_we_open_theirs(kubeseal: Kubeseal, bodies: Sequence[dict[str, Any]]) -> None:
    """What ``kubeseal`` makes of manifests holds their values, and is what we make of them."""
    found = read_sealed(kubeseal.seal(bodies), "s")
    assert len(found) == len(bodies)
    for body, sealed in zip(bodies, found, strict=True):
        opened = {key: one.value.reveal() for key, one in open_all(sealed, KEYS).items()}
        assert opened == build.plain_values(body)
        (secret,) = read_secrets(Plaintext(json.dumps(body)), "s")
        if not left_out(secret):
            assert without_values(dict(sealed.body)) == without_values(ours(body))


def assert_they_open_ours(kubeseal: Kubeseal, body: dict[str, Any], write: Callable[[Any], str]) -> None:
    """``kubeseal`` opens what we make of a manifest, to the Secret that we recover ourselves."""
    text = write(ours(body))
    secret = kubeseal.unseal(text)
    assert {key: base64.b64decode(value or "") for key, value in secret["data"].items()} == build.plain_values(body)
    (sealed,) = read_sealed(text.encode(), "s")
    secret["metadata"].pop("ownerReferences")  # it would name an object that is gone
    secret["data"] = {key: value or "" for key, value in secret["data"].items()}
    mine = recovered(sealed, KEYS).body
    assert json.loads(json.dumps(mine), object_hook=_clean) == json.loads(json.dumps(secret), object_hook=_clean)


@SHORT
@given(SEVERAL)
def test_we_open_what_kubeseal_seals(kubeseal: Kubeseal, bodies: list[dict[str, Any]]) -> None:
    """Values, names, labels, annotations, types and scopes of what ``kubeseal`` makes are those that we make."""
    assert_we_open_theirs(kubeseal, bodies)


@SHORT
@given(build.secrets(), st.sampled_from([as_yaml, as_json]))
def test_kubeseal_opens_what_we_seal(kubeseal: Kubeseal, body: dict[str, Any], write: Callable[[Any], str]) -> None:
    """``kubeseal --recovery-unseal`` gives the Secret back, from YAML and from JSON."""
    assert_they_open_ours(kubeseal, body, write)


@pytest.mark.verify
@LONG
@given(TEN)
def test_ten_thousand_of_theirs(kubeseal: Kubeseal, bodies: list[dict[str, Any]]) -> None:
    """The same as above for 10,000 Secrets that ``kubeseal`` seals."""
    assert_we_open_theirs(kubeseal, bodies)


@pytest.mark.verify
@LONG
@given(TEN, st.sampled_from([as_yaml, as_json]))
def test_ten_thousand_of_ours(kubeseal: Kubeseal, bodies: list[dict[str, Any]], write: Callable[[Any], str]) -> None:
    """The same as above for 10,000 Secrets that we seal."""
    for body in bodies:
        assert_they_open_ours(kubeseal, body, write)


@SHORT
@given(build.secrets(), st.data())
def test_both_refuse_what_was_changed(kubeseal: Kubeseal, body: dict[str, Any], data: st.DataObject) -> None:
    """A changed ciphertext, name, namespace or scope is refused by both, where the scope binds it."""
    sealed = ours(body)
    place = data.draw(st.sampled_from(["value", "name", "namespace", "scope"]))
    scope = scope_of(sealed["metadata"].get("annotations", {})).value
    if place == "value":
        key = data.draw(st.sampled_from(sorted(sealed["spec"]["encryptedData"])))
        raw = bytearray(base64.b64decode(sealed["spec"]["encryptedData"][key]))
        bit = data.draw(st.integers(0, len(raw) * 8 - 1))
        raw[bit // 8] ^= 1 << bit % 8
        sealed["spec"]["encryptedData"][key] = base64.b64encode(raw).decode()
    elif place == "scope":
        assume(scope != "cluster-wide")
        sealed["metadata"]["annotations"] = {"sealedsecrets.bitnami.com/cluster-wide": "true"}
    else:
        assume(scope == "strict" or (scope == "namespace-wide" and place == "namespace"))
        sealed["metadata"][place] += "x"
    (found,) = read_sealed(as_json(sealed).encode(), "s")

    with pytest.raises(StrongroomError) as raised:
        open_all(found, KEYS)
    assert kubeseal.refuses(as_json(sealed))
    assert not any(
        value.decode("latin-1") in raised.value.message for value in build.plain_values(body).values() if len(value) > 8
    )


@pytest.mark.parametrize("scope", build.SCOPES)
def test_raw_values(kubeseal: Kubeseal, scope: str) -> None:
    """A value that ``kubeseal --raw`` seals is opened under the label of its scope."""
    text = kubeseal._run(
        "hunter2\n", "--raw", "--name=db", "--namespace=shop", f"--scope={scope}", "--cert", kubeseal._certificate
    ).decode()
    annotations = {} if scope == "strict" else {f"sealedsecrets.bitnami.com/{scope}": "true"}
    body = {
        "apiVersion": "bitnami.com/v1alpha1",
        "kind": "SealedSecret",
        "metadata": {"name": "db", "namespace": "shop", "annotations": annotations},
        "spec": {"encryptedData": {"password": text}},
    }
    (sealed,) = read_sealed(as_yaml(body).encode(), "s")

    assert open_all(sealed, KEYS)["password"].value.reveal() == b"hunter2\n"


def test_templates(kubeseal: Kubeseal) -> None:
    """A template that names values is filled in as ``kubeseal`` does; one with functions is left to the controller."""
    sealed = ours(build.secret(stringData={"user": "app", "pass-word": "hunter2"}))
    simple = 'u={{ .user }} p={{ index . "pass-word" }}'
    sealed["spec"]["template"]["data"] = {"dsn": simple, "user": "over {{ .user }}"}
    (found,) = read_sealed(as_yaml(sealed).encode(), "s")
    theirs = kubeseal.unseal(as_yaml(sealed))["data"]
    mine = recovered(found, KEYS)

    assert mine.body["data"] == theirs
    assert mine.left == ()

    sealed["spec"]["template"]["data"] = {"dsn": "{{ .user | upper }}", "none": "{{ .nobody }}"}
    (found,) = read_sealed(as_yaml(sealed).encode(), "s")
    assert recovered(found, KEYS).left == ("dsn", "none")


def test_merged_as_kubeseal_does(kubeseal: Kubeseal, tmp_path: Path) -> None:
    """A Secret that is merged into a SealedSecret of ours by ``kubeseal`` is opened by us, old and new values."""
    path = tmp_path / "sealed.json"
    path.write_text(
        as_json(
            ours(
                build.secret(
                    stringData={"a": "1", "b": "2"}, metadata={"labels": {"x": "y"}, "annotations": {"m": "n"}}
                )
            )
        )
    )
    more = build.secret(stringData={"b": "3", "c": "4"})
    kubeseal.seal([more], "--merge-into", str(path))
    (found,) = read_sealed(path.read_bytes(), "s")

    values = {key: one.value.reveal() for key, one in open_all(found, KEYS).items()}
    assert values == {"a": b"1", "b": b"3", "c": b"4"}


@pytest.fixture(scope="session")
def node_package() -> Path:
    """Fetch the package once per machine; where it cannot be had, only a machine that must test everything fails."""
    folder = (
        Path(environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "strongroom" / _NODE_PACKAGE.replace("/", "+")
    )
    kept = folder / "index.cjs"
    if kept.is_file() and shutil.which("node"):
        return kept
    own = folder / str(getpid())
    own.mkdir(parents=True, exist_ok=True)
    npm = shutil.which("npm")
    command = [npm or "npm", "pack", "--silent", _NODE_PACKAGE]
    if npm is None or subprocess.run(command, cwd=own, capture_output=True, timeout=300, check=False).returncode:
        if environ.get("CI") == "true":
            pytest.fail("npm cannot fetch @linode/kubeseal-encrypt")
        pytest.skip("npm cannot fetch @linode/kubeseal-encrypt")
    with tarfile.open(next(own.glob("*.tgz"))) as archive:
        member = archive.extractfile("package/dist/index.cjs")
        assert member is not None
        (own / "index.cjs").write_bytes(member.read())
    (own / "index.cjs").replace(kept)
    shutil.rmtree(own)
    return kept


def test_we_open_what_javascript_seals(node_package: Path, tmp_path: Path) -> None:
    """What the package ``@linode/kubeseal-encrypt`` seals, another implementation of the scheme, we open."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = pair(0).key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    values = {"a": "", "b": "hunter2", "c": "größe \N{GRINNING FACE}" * 40}
    script = (
        "const {encryptSecretItem} = require(process.argv[1]);"
        "encryptSecretItem(process.argv[2], 'shop', process.argv[3]).then(found => console.log(JSON.stringify(found)));"
    )
    node = shutil.which("node")
    assert node is not None
    found = {}
    for key, value in values.items():
        done = subprocess.run(
            [node, "-e", script, str(node_package), public, value], capture_output=True, check=True, cwd=tmp_path
        )
        found[key] = json.loads(done.stdout)
    body = ours(
        build.secret(
            stringData={"x": "y"}, metadata={"annotations": {"sealedsecrets.bitnami.com/namespace-wide": "true"}}
        )
    )
    body["spec"]["encryptedData"] = found
    (sealed,) = read_sealed(as_json(body).encode(), "s")

    assert {key: one.value.reveal().decode() for key, one in open_all(sealed, KEYS).items()} == values

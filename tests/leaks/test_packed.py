"""Values that hold another text."""

from __future__ import annotations

import base64
import gzip
import json

from hypothesis import given
from hypothesis import strategies as st
from tests.leaks.labelled_values import KEY, manifest

from strongroom.leaks.candidates import of_resource
from strongroom.leaks.candidates.packed import LARGEST, unpacked
from strongroom.leaks.recognise import PACKED, Recogniser
from strongroom.model.finding import Confidence
from strongroom.model.place import Context, Nature, Sighting
from strongroom.model.plaintext import Plaintext
from strongroom.model.resource import Resource

PASSWORD = "Gannet7-Locker"
RECOGNISER = Recogniser()
MANIFEST = f"""---
apiVersion: v1
kind: Secret
metadata: {{name: db}}
data:
  password: {base64.b64encode(PASSWORD.encode()).decode()}
---
apiVersion: v1
kind: Pod
metadata: {{name: app}}
spec:
  containers:
    - name: app
      image: shop/app:1
      env:
        - {{name: URL, value: "redis://u:{PASSWORD}@redis"}}
"""


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _release(**parts: object) -> Resource:
    body = {"name": "shop", "version": 1, "config": {}, "chart": {"values": {}}, "manifest": "", **parts}
    packed = base64.b64encode(gzip.compress(json.dumps(body).encode(), mtime=0))
    return manifest("Secret", type="helm.sh/release.v1", data={"release": _b64(packed)})


def _told(resource: Resource) -> list[Sighting]:
    found = RECOGNISER.recognise(of_resource(resource), KEY)
    return [s for s in found if s.nature is Nature.SECRET and s.confidence > Confidence.LOW]


def _inner(resource: Resource) -> dict[str, str]:
    return {s.origin.inner: s.fingerprint for s in _told(resource) if s.origin.inner not in ("", PACKED)}


FINGERPRINT = str(Plaintext(PASSWORD).fingerprint(KEY))


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=0x2FF), min_size=12, max_size=60))
def test_text_comes_back_from_any_layers(text: str) -> None:
    """What was encoded in base64, compressed and encoded again is the text that it was."""
    if not text.strip() or "\x7f" in text or unpacked(text) is not None:
        return
    packed = _b64(gzip.compress(text.encode()))
    assert unpacked(packed) == text
    assert unpacked(_b64(packed.encode())) == text


def test_what_is_no_base64_of_text_is_left_alone() -> None:
    """Random texts, digests, words and short texts are not packed values."""
    for value in (
        "Zk3nQ8vT1xW6yB0pLr5mSd9cJf2hGa7e",
        "d41d8cd98f00b204e9800998ecf8427e",
        "postgresql-password",
        "YWJj",
    ):
        assert unpacked(value) is None


def test_a_bomb_is_not_unpacked() -> None:
    """A value that unpacks to more than the limit gives nothing, and takes no more memory than that."""
    bomb = gzip.compress(b"\0" * (LARGEST + 1))
    assert len(bomb) < 1 << 20
    assert unpacked(_b64(bomb)) is None
    assert unpacked(_b64(gzip.compress(b"password: x\n" * 10)[:20])) is None


def test_the_parts_of_a_release_are_named() -> None:
    """Values, rendered objects, hooks and files of a release are looked at, and origins say which."""
    hook = {"name": "migrate", "manifest": MANIFEST}
    file = {"name": "app.properties", "data": _b64(f"db.password={PASSWORD}\n".encode())}
    release = _release(
        config={"db": {"password": PASSWORD}},
        chart={"values": {"smtp": {"password": PASSWORD}}, "files": [file]},
        manifest=MANIFEST,
        hooks=[hook],
    )
    assert _inner(release) == {
        "config.db.password": FINGERPRINT,
        "chart.values.smtp.password": FINGERPRINT,
        'chart.files["app.properties"]: db.password': FINGERPRINT,
        'manifest["Secret/db"].data.password': FINGERPRINT,
        'manifest["Pod/app"].spec.containers[0].env[0].value': FINGERPRINT,
        'hooks["Secret/db"].data.password': FINGERPRINT,
        'hooks["Pod/app"].spec.containers[0].env[0].value': FINGERPRINT,
    }
    assert {s.origin.field for s in _told(release)} == {("data", "release")}
    assert {s.context for s in _told(release)} == {Context.SECRET}


def test_a_release_without_secrets_is_not_told() -> None:
    """A release is a secret only where something in it is."""
    assert _told(_release(config={"replicas": 2, "image": {"tag": "1.2.3"}})) == []


def test_base64_in_base64_has_the_fingerprint_of_what_it_holds() -> None:
    """A password that was encoded before it was put into a Secret is the same value as elsewhere."""
    twice = _b64(_b64(f"password={PASSWORD}".encode()).encode())
    assert list(_inner(manifest("Secret", data={"blob": twice})).values()) == [FINGERPRINT]


def test_compressed_files_are_read_by_their_names() -> None:
    """A compressed YAML file gives its leaves, with their paths inside it."""
    text = f"smtp:\n  password: {PASSWORD}\n"
    secret = manifest("Secret", data={"alertmanager.yaml.gz": _b64(gzip.compress(text.encode()))})
    assert _inner(secret) == {"smtp.password": FINGERPRINT}


def test_binary_data_over_several_lines_is_read() -> None:
    """``binaryData`` may be wrapped, and may be compressed."""
    text = f"smtp:\n  password: {PASSWORD}\n".encode()
    encoded = _b64(gzip.compress(text))
    wrapped = "\n".join(encoded[i : i + 20] for i in range(0, len(encoded), 20))
    (told,) = _told(manifest("ConfigMap", binaryData={"config.yaml.gz": wrapped}))
    assert (told.context, told.origin.inner) == (Context.CONFIG_MAP, "smtp.password")

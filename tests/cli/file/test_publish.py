"""Files published: to a real OpenBao, to S3 through moto, to Google Cloud Storage through a server that speaks its API."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.cli.file.place import MANIFEST, Place
from tests.support.moto import REGION, Moto
from tests.support.openbao import OpenBao

VALUES = 'a: text\nb: 5\nc: 1.5\nd: true\ne: null\nf: "5"\nh: {i: [x, y]}\nl: {}\nm: 2026-01-02\n# note\nn: ""\n'


@pytest.fixture(scope="module")
def bao() -> Iterator[OpenBao]:
    """Start OpenBao, with key-value engines of both versions."""
    server = OpenBao()
    server.call("POST", "sys/mounts/old", {"type": "kv", "options": {"version": "1"}})
    yield server
    server.close()


@pytest.fixture(scope="module")
def aws() -> Iterator[Moto]:
    """Start moto's server."""
    server = Moto()
    yield server
    server.close()


class _Storage(BaseHTTPRequestHandler):
    """The upload of https://cloud.google.com/storage/docs/json_api/v1/objects/insert with ``uploadType=media``."""

    objects: dict[tuple[str, str], bytes] = {}

    def do_POST(self) -> None:
        """Store an object, for a bearer token alone."""
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        known = self.headers.get("Authorization") == "Bearer of-the-tests"
        ok = parts.path == "/upload/storage/v1/b/shop/o" and query.get("uploadType") == ["media"]
        if known and ok:
            self.objects["shop", query["name"][0]] = body
        self.send_response(200 if known and ok else 401 if not known else 404)
        self.end_headers()
        self.wfile.write(b'{"kind": "storage#object"}')

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def storage() -> Iterator[ThreadingHTTPServer]:
    """Start a server of Cloud Storage."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Storage)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def _rules(place: Place, destination: str) -> None:
    place.rules("creation_rules:\n  - age: {0}\ndestination_rules:\n" + destination)


def test_values_go_to_openbao_as_sops_puts_them(place: Place, bao: OpenBao) -> None:
    """The secret is what sops makes of the same file; what is there already is not written again."""
    _rules(place, f"  - vault_path: shop\n    vault_address: {bao.address}\n")
    place.write("db.yaml", VALUES)
    place.sops("encrypt", "-i", "db.yaml")
    place.sops("publish", "--yes", "db.yaml", VAULT_TOKEN=bao.token)
    theirs = bao.call("GET", "secret/data/shop/db.yaml")["data"]
    place.ours("publish", "--yes", "db.yaml", VAULT_TOKEN=bao.token, VAULT_ADDR=bao.address)
    ours = bao.call("GET", "secret/data/shop/db.yaml")["data"]
    assert ours["data"] == theirs["data"]
    assert ours["metadata"]["version"] == theirs["metadata"]["version"] == 1
    assert ours["data"]["b"] == 5
    assert ours["data"]["h"] == {"i": ["x", "y"]}


def test_lists_are_what_they_are(place: Place, bao: OpenBao) -> None:
    """Empty lists, and mappings in lists, arrive as such; sops stores null and the fields of its own structures."""
    _rules(place, f"  - vault_path: lists\n    vault_address: {bao.address}\n")
    place.write("db.yaml", "g: []\nh: [x, {j: k}]\n")
    place.sops("encrypt", "-i", "db.yaml")
    place.ours("publish", "--yes", "db.yaml", VAULT_TOKEN=bao.token, VAULT_ADDR=bao.address)
    assert bao.call("GET", "secret/data/lists/db.yaml")["data"]["data"] == {"g": [], "h": ["x", {"j": "k"}]}
    place.sops("publish", "--yes", "db.yaml", VAULT_TOKEN=bao.token)
    theirs = bao.call("GET", "secret/data/lists/db.yaml")["data"]["data"]
    assert theirs == {"g": None, "h": ["x", [{"Key": "j", "Value": "k"}]]}


def test_version_1_and_suffixes(place: Place, bao: OpenBao) -> None:
    """The old engine takes the fields themselves; names lose their suffix where the rule says so."""
    _rules(
        place,
        f"  - vault_path: shop/\n    vault_kv_mount_name: old/\n    vault_kv_version: 1\n    vault_address: {bao.address}\n"
        "    omit_extensions: true\n",
    )
    place.write("deep/db.env", "user=shop\npassword=Zq7\n")
    place.sops("encrypt", "-i", "deep/db.env")
    said = place.ours("publish", "-r", ".", "--yes", VAULT_TOKEN=bao.token, VAULT_ADDR=bao.address)
    assert bao.call("GET", "old/shop/deep/db")["data"] == {"user": "shop", "password": "Zq7"}
    assert b"Zq7" not in said.stdout + said.stderr


def test_dry_run_and_nobody_to_ask(place: Place, bao: OpenBao) -> None:
    """--dry-run says what would go where; without --yes and a terminal nothing goes."""
    _rules(place, f"  - vault_path: never\n    vault_address: {bao.address}\n")
    place.write("db.json", '{"a": "b"}')
    place.sops("encrypt", "-i", "db.json")
    address = f"db.json -> {bao.address}/v1/secret/data/never/db.json\n"
    assert place.ours("publish", "--dry-run", "db.json").stdout.decode() == address
    assert b"nobody is there" in place.ours("publish", "db.json", code=2, VAULT_TOKEN=bao.token).stderr
    assert b"404" in _missing(bao, "secret/data/never/db.json")


def _missing(bao: OpenBao, path: str) -> bytes:
    try:
        return json.dumps(bao.call("GET", path)).encode()
    except OSError as error:
        return str(error).encode()


def test_token_goes_to_our_server_alone(place: Place, bao: OpenBao) -> None:
    """The address of a rule that is not the one of the environment gets no token."""
    _rules(place, f"  - vault_path: shop\n    vault_address: {bao.address}\n")
    place.write("db.json", '{"a": "b"}')
    place.sops("encrypt", "-i", "db.json")
    done = place.ours("publish", "--yes", "db.json", code=1, VAULT_TOKEN="of-another", VAULT_ADDR="http://127.0.0.1:9")
    assert b"the environment names another" in done.stderr


def test_refusals(place: Place, bao: OpenBao) -> None:
    """A token that may not, a file in plain, one without a rule: each says so, and no value."""
    _rules(place, f"  - vault_path: shop\n    vault_address: {bao.address}\n    path_regex: db\n")
    place.write("db.json", '{"a": "Zq7"}')
    done = place.ours("publish", "--yes", "db.json", code=1, VAULT_TOKEN=bao.token, VAULT_ADDR=bao.address)
    assert b"not encrypted" in done.stderr
    place.sops("encrypt", "-i", "db.json")
    done = place.ours("publish", "--yes", "db.json", code=1, VAULT_TOKEN="no", VAULT_ADDR=bao.address)
    assert b"is not open to this token" in done.stderr
    assert b"Zq7" not in done.stderr
    place.write("other.json", (place.top / "db.json").read_bytes())
    assert b"no destination rule" in place.ours("publish", "--yes", "other.json", code=2).stderr
    assert b"is a folder" in place.ours("publish", "--yes", ".", code=2).stderr


def test_s3(place: Place, aws: Moto) -> None:
    """The encrypted file is an object; with a recreation rule it is encrypted for other recipients."""
    import boto3

    client = boto3.client(
        "s3", endpoint_url=aws.address, region_name=REGION, aws_access_key_id="testing", aws_secret_access_key="testing"
    )
    client.create_bucket(Bucket="shop", CreateBucketConfiguration={"LocationConstraint": REGION})
    place.write("db.yaml", MANIFEST)
    place.sops("encrypt", "-i", "db.yaml")
    _rules(place, "  - s3_bucket: shop\n    s3_prefix: sealed/\n")
    place.ours("publish", "--yes", "db.yaml", **aws.environment)
    stored = client.get_object(Bucket="shop", Key="sealed/db.yaml")["Body"].read()
    assert stored == (place.top / "db.yaml").read_bytes()
    _rules(place, "  - s3_bucket: shop\n    recreation_rule:\n      age: {1}\n")
    place.ours("publish", "--yes", "db.yaml", **aws.environment)
    place.write("again.yaml", client.get_object(Bucket="shop", Key="db.yaml")["Body"].read())
    assert place.sops("decrypt", "again.yaml", code=None).returncode != 0
    place.keys.write_text(place.identities[1])
    assert b"typed-Password" in place.sops("decrypt", "again.yaml").stdout
    _rules(place, "  - s3_bucket: none-there\n")
    assert b"NoSuchBucket" in place.ours("publish", "--yes", "db.yaml", code=1, **aws.environment).stderr


def test_google_cloud_storage(place: Place, storage: ThreadingHTTPServer) -> None:
    """The encrypted file is an object; a token that may not is refused."""
    place.write("db.yaml", MANIFEST)
    place.sops("encrypt", "-i", "db.yaml")
    _rules(place, "  - gcs_bucket: shop\n    gcs_prefix: in a/\n")
    endpoint = f"http://127.0.0.1:{storage.server_address[1]}"
    where = {"CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE": endpoint, "GOOGLE_OAUTH_ACCESS_TOKEN": "of-the-tests"}
    said = place.ours("publish", "--yes", "db.yaml", **where).stdout.decode()
    assert said == "db.yaml -> gs://shop/in a/db.yaml\n"
    assert _Storage.objects["shop", "in a/db.yaml"] == (place.top / "db.yaml").read_bytes()
    where["GOOGLE_OAUTH_ACCESS_TOKEN"] = "another"
    assert b"status 401" in place.ours("publish", "--yes", "db.yaml", code=1, **where).stderr

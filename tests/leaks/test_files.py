"""Files that are credentials as a whole."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.leaks.files import fact_of_sops, facts_of_file, interesting
from strongroom.model.file import FileFact, FileKind
from strongroom.model.origin import Origin

KEY_BODY = "MC4CAQAwBQYDK2VwBCIEIJ8Zk3nQ8vT1xW6yB0pLr5mSd9cJf2hGa7eUo4iXw8R"
PRIVATE_KEY = f"-----BEGIN PRIVATE KEY-----\n{KEY_BODY}\n-----END PRIVATE KEY-----\n"
ENCRYPTED_KEY = f"-----BEGIN ENCRYPTED PRIVATE KEY-----\n{KEY_BODY}\n-----END ENCRYPTED PRIVATE KEY-----\n"
CERTIFICATE = f"-----BEGIN CERTIFICATE-----\n{KEY_BODY}\n-----END CERTIFICATE-----\n"
ENCRYPTED = "ENC[AES256_GCM,data:p673w==,iv:YY=,aad:UQ=,tag:A=,type:str]"


def _facts(path: str, text: str | bytes) -> list[FileFact]:
    data = text.encode() if isinstance(text, str) else text
    return list(facts_of_file(path, data, Origin("test", path)))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("Dockerfile", FileKind.DOCKERFILE),
        ("build/Dockerfile.prod", FileKind.DOCKERFILE),
        ("api.dockerfile", FileKind.DOCKERFILE),
        (".env", FileKind.DOTENV),
        ("deploy/.env.production", FileKind.DOTENV),
        ("home/.ssh/id_ed25519", FileKind.PRIVATE_KEY),
        ("certs/server.key", FileKind.PRIVATE_KEY),
        ("certs/server.pem", FileKind.PRIVATE_KEY),
        ("trust.jks", FileKind.KEYSTORE),
        (".kube/config", FileKind.KUBECONFIG),
        ("ci/kubeconfig.yaml", FileKind.KUBECONFIG),
        (".docker/config.json", FileKind.DOCKER_CONFIG),
        ("terraform.tfstate", FileKind.TERRAFORM_STATE),
        ("infra/terraform.tfstate.backup", FileKind.TERRAFORM_STATE),
        ("gcp-service-account.json", FileKind.SERVICE_ACCOUNT_JSON),
        (".aws/credentials", FileKind.CLOUD_CREDENTIALS),
        (".pgpass", FileKind.PASSWORD_FILE),
        (".npmrc", FileKind.PASSWORD_FILE),
        ("secrets.enc.env", FileKind.SOPS),
        (".env.example", None),
        (".env.sample", None),
        ("config/.env.template", None),
        ("id_ed25519.pub", None),
        ("deployment.yaml", None),
        ("main.go", None),
        ("README.md", None),
        ("package.json", None),
    ],
)
def test_a_file_s_name_says_what_it_may_be(path: str, kind: FileKind | None) -> None:
    """Names of credential files are known; those of examples and of other files are not interesting."""
    assert interesting(path) is kind


@pytest.mark.parametrize(
    ("path", "text", "holds"),
    [
        ("server.key", PRIVATE_KEY, True),
        ("server.key", ENCRYPTED_KEY, False),
        ("server.pem", CERTIFICATE + PRIVATE_KEY, True),
        ("id_ed25519", PRIVATE_KEY.replace("PRIVATE", "OPENSSH PRIVATE"), True),
        ("putty.ppk", "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: aes256-cbc\n", False),
        ("putty.ppk", "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n", True),
        (".env", "HOST=db\nDB_PASSWORD=Gannet7-Locker\n", True),
        (".env", "export API_TOKEN='9f3c1be07a2d4e58b6c0d9127e4f8a33' # prod\n", True),
        (".env", "DATABASE_URL=postgres://shop:Gannet7-Locker@db/shop\n", True),
        (".env", "HOST=db\nDB_PASSWORD=changeme\nTOKEN=${TOKEN}\nEMPTY_PASSWORD=\n", False),
        (".env", "NODE_ENV=development\nDB_PASSWORD_FILE=/run/secrets/db\n", False),
        (".docker/config.json", '{"auths":{"registry.shop.internal":{"auth":"ZGVwbG95OktlbHAtVHJhY3Rvci02MQ=="}}}', True),
        (".docker/config.json", '{"auths":{"registry.shop.internal":{}},"credsStore":"pass"}', False),
        ("sa-key.json", json.dumps({"type": "service_account", "private_key": PRIVATE_KEY}), True),
        ("sa-key.json", json.dumps({"type": "service_account", "private_key": "-----BEGIN PRIVATE KEY-----\nA key\n"}), False),
        (".aws/credentials", "[default]\naws_access_key_id = AKIAQYLPMN5HHHFPZAM2\n", True),
        (".aws/credentials", "[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n", False),
        (".pgpass", "db:5432:shop:app:Gannet7-Locker\n", True),
        (".netrc", "machine git.shop.internal login ci password Gannet7-Locker\n", True),
        (".git-credentials", "https://ci:Gannet7-Locker@git.shop.internal\n", True),
        (".npmrc", "//registry.shop.internal/:_authToken=npm-9f3c1be07a2d4e58\n", True),
        (".npmrc", "//registry.shop.internal/:_authToken=${NPM_TOKEN}\n", False),
        (".npmrc", "registry=https://registry.shop.internal/\n", False),
        ("pgbouncer/userlist.txt", '; users\n"shop" "Gannet7-Locker"\n', True),
        ("userlist.txt", '"shop" "changeme"\n"ops" ""\n', False),
        ("userlist.txt", f'"shop" "md5{"0f9c" * 8}"\n', True),
        ("userlist.txt", "ada\ngrace\n", False),
        (".htpasswd", "ops:$2y$10$Zk3nQ8vT1xW6yB0pLr5mSeQd9cJf2hGa7eUo4iXw8Rt6Yb1Nm5Kv2\n", True),
        ("kubeconfig", "users:\n- name: ops\n  user:\n    token: Zk3nQ8vT1xW6yB0pLr5mSd9c\n", True),
        ("kubeconfig", "users:\n- name: ops\n  user:\n    exec:\n      command: kubelogin\n", False),
        ("keys.txt", "# created: 2024\nAGE-SECRET-KEY-1" + "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L" * 2, True),
    ],
)  # fmt: skip
def test_a_credential_file_is_known_by_what_it_holds(path: str, text: str, holds: bool) -> None:
    """A file of the right form is a fact, and it holds a credential only where one that could live is seen."""
    (fact,) = _facts(path, text)
    assert fact.holds_credential is holds
    assert fact.detail


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("server.pem", CERTIFICATE),
        ("ca.key", "nothing of the kind\n"),
        ("terraform.tfstate", "{}"),
        ("app-key.json", '{"scripts": {"build": "x"}}'),
        ("kubeconfig", "apiVersion: v1\nkind: ConfigMap\n"),
        (".docker/config.json", "not json"),
        ("Dockerfile", "FROM alpine\n"),
        ("main.go", PRIVATE_KEY),
    ],
)
def test_a_file_of_another_form_is_no_fact(path: str, text: str) -> None:
    """A name alone is no finding, and public certificates are nothing."""
    assert _facts(path, text) == []


def test_a_keystore_is_known_by_its_magic() -> None:
    """Java keystores and PKCS #12 are told by their first bytes."""
    assert _facts("trust.jks", b"\xfe\xed\xfe\xed\x00\x00")[0].detail == "Java keystore"
    assert _facts("id.p12", b"\x30\x82\x09\x00")[0].detail == "PKCS #12 keystore"
    assert _facts("id.p12", b"text") == []


def test_a_terraform_state_is_searched_for_values() -> None:
    """Attributes that hold credentials and sensitive outputs count; the fact names the attribute and its line."""
    state = {"version": 4, "terraform_version": "1.9", "lineage": "x", "resources": [
        {"type": "random_password", "instances": [{"attributes": {"length": 16, "password": "Gannet7-Locker"}}]}]}  # fmt: skip
    (fact,) = _facts("terraform.tfstate", json.dumps(state, indent=1))
    assert fact.holds_credential
    assert fact.detail == "value of password"
    assert fact.origin.line == 12
    (clean,) = _facts("terraform.tfstate", json.dumps({"version": 4, "lineage": "x", "terraform_version": "1.9"}))
    assert not clean.holds_credential


def test_the_place_of_the_first_credential_is_told() -> None:
    """The fact's origin is the line where the credential starts."""
    (fact,) = _facts("server.pem", CERTIFICATE + PRIVATE_KEY)
    assert (fact.origin.line, fact.origin.column) == (4, 1)


def _sops(**fields: object) -> FileFact | None:
    return fact_of_sops({**fields}, Origin("test", "secret.yaml", 0))


def test_a_wholly_encrypted_document_has_no_plaintext_fields() -> None:
    """A Secret whose data are all ciphertext is a SOPS document without anything to say against it."""
    fact = _sops(apiVersion="v1", kind="Secret", metadata={"name": "db"}, data={"password": ENCRYPTED},
                 sops={"mac": ENCRYPTED, "version": "3.11.0", "encrypted_regex": "^(data|stringData)$"})  # fmt: skip
    assert fact is not None
    assert not fact.holds_credential
    assert fact.plaintext_fields == ()


def test_a_value_that_was_added_by_hand_is_a_plaintext_field() -> None:
    """A key of ``data`` that is no ciphertext is named with its field."""
    fact = _sops(apiVersion="v1", kind="Secret", metadata={"name": "db"}, data={"password": ENCRYPTED, "token": "Wm0z"},
                 stringData={"note": "Gannet7-Locker", "empty": ""},
                 sops={"mac": ENCRYPTED, "encrypted_regex": "^(data|stringData)$"})  # fmt: skip
    assert fact is not None
    assert [origin.field for origin in fact.plaintext_fields] == [("data", "token"), ("stringData", "note")]


@pytest.mark.parametrize(
    ("rule", "plain"),
    [
        ({"unencrypted_suffix": "_clear"}, [("a",), ("b", "c_pw"), ("d_unencrypted",)]),
        ({"encrypted_suffix": "_pw"}, [("b", "c_pw")]),
        ({"unencrypted_regex": "^(a|b)$"}, [("d_unencrypted",), ("e_clear",)]),
        ({"encrypted_regex": "_pw$"}, [("b", "c_pw")]),
        ({}, [("a",), ("b", "c_pw"), ("e_clear",)]),
    ],
)
def test_the_rules_of_the_document_s_own_metadata_count(rule: dict[str, str], plain: list[tuple[str, ...]]) -> None:
    """Suffixes and regular expressions decide which fields ought to be encrypted, as SOPS decides."""
    values: dict[str, object] = {"a": "one", "b": {"c_pw": "two"}, "d_unencrypted": "three", "e_clear": "four"}
    fact = _sops(**values, sops={"mac": ENCRYPTED, "version": "3.11.0", **rule})
    assert fact is not None
    assert sorted(origin.field for origin in fact.plaintext_fields) == sorted(plain)


def test_a_document_with_a_field_called_sops_is_not_one() -> None:
    """Only the metadata of SOPS make a SOPS document."""
    assert _sops(sops={"enabled": True}) is None
    assert _sops(sops="yes") is None


def test_each_document_of_a_sops_file_is_a_fact() -> None:
    """A file of several documents gives a fact for each that SOPS wrote."""
    text = f"a: {ENCRYPTED}\nsops:\n  version: 3.11.0\n---\nb: 1\n---\nc: plain\nsops:\n  mac: x\n"
    first, second = _facts("secrets.yaml", text)
    assert (first.holds_credential, first.origin.document) == (False, 0)
    assert (second.holds_credential, second.origin.document) == (True, 2)
    assert second.plaintext_fields[0].field == ("c",)


def test_a_dotenv_file_of_sops_is_read_line_by_line() -> None:
    """Lines that are no ciphertext are plaintext fields, the metadata's lines are not."""
    (fact,) = _facts("prod.enc.env", f"A={ENCRYPTED}\nB=Gannet7-Locker\nsops_version=3.11.0\nsops_mac={ENCRYPTED}\n")
    assert [(origin.line, origin.column) for origin in fact.plaintext_fields] == [(2, 3)]


@given(st.sampled_from([".env", "a.key", "kubeconfig", ".docker/config.json", "x.tfstate", "sa.json", ".pgpass", "a.p12",
                        "a.enc.env", ".aws/credentials", "a.yaml"]), st.binary(max_size=300))  # fmt: skip
def test_no_contents_make_a_fact_fail(path: str, data: bytes) -> None:
    """Whatever bytes a file holds, it is a fact or none, and no detail holds more than fixed words and names."""
    for prefix in (b"", b"sops:\n", b'{"sops": '):
        for fact in facts_of_file(path, prefix + data, Origin("test", path)):
            assert fact.kind in FileKind

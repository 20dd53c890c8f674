"""What may not be committed. The SOPS files are those of the example, made by the real program."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from strongroom.leaks.files.committed import refusals

SHOP = Path(__file__).parents[2] / "examples" / "shop-fixed" / "secrets"
MAIL = (SHOP / "mail.yaml").read_text("utf-8")


def said(text: str, path: str = "secret.yaml", before: str | None = None) -> list[str]:
    """Return why a file is refused."""
    return [one.show() for one in refusals(path, text.encode(), before.encode() if before is not None else None)]


def secret(**parts: object) -> str:
    """Return a manifest of a Secret."""
    return yaml.safe_dump({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, **parts}, sort_keys=False)


@pytest.mark.parametrize("file", sorted(SHOP.glob("*.yaml")), ids=lambda path: path.name)
def test_real_sops_files_pass(file: Path) -> None:
    """What SOPS wrote passes, also against itself."""
    text = file.read_text("utf-8")

    assert said(text) == []
    assert said(text, before=text) == []


@pytest.mark.parametrize(
    "text",
    [
        secret(stringData={"password": "Tr0ub4dor-and-3"}),
        secret(data={"password": "VHIwdWI0ZG9yLWFuZC0z"}),
        secret(data={"keystore": "/u3+7QAAAAIAAAABAAAAAQ=="}),
        secret(stringData={"app.properties": "a=b\npassword=Tr0ub4dor-and-3\n"}),
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "List",
                "items": [yaml.safe_load(secret(stringData={"token": "k3j4h5g6f7d8s9"}))],
            }
        ),
        "{apiVersion: v1, kind: Secret, stringData: {password: Tr0ub4dor-and-3}}\n",
        "a: 1\n---\n" + secret(stringData={"password": "Tr0ub4dor-and-3"}),
    ],
    ids=["stringData", "data", "binary", "file of settings", "JSON List", "flow", "second document"],
)
def test_plain_secret(text: str) -> None:
    """A Secret with a value is refused, once, without the value."""
    (one,) = said(text)

    assert "in plain text" in one
    assert "Tr0ub4dor" not in one


@pytest.mark.parametrize(
    "text",
    [
        secret(),
        secret(data={"password": ""}),
        secret(stringData={"password": "<password>"}),
        secret(stringData={"password": "vault:secret/data/db#password"}),
        secret(stringData={"username": "app"}),
        secret(stringData={"password": "Tr0ub4dor"}).rstrip()
        + "  # strongroom: ignore[plain-secret-manifest] a test\n",
        "apiVersion: v1\nkind: Secret\ndata:\n  a: {{ .Values.a | b64enc }}\n",
        "kind: ExternalSecret\nspec: {data: [{secretKey: password}]}\n",
        "# about kind: Secret\nkind: ConfigMap\ndata: {password: x}\n",
    ],
    ids=[
        "empty",
        "no value",
        "stand-in",
        "reference",
        "user name",
        "accepted",
        "template",
        "ExternalSecret",
        "ConfigMap",
    ],
)
def test_not_refused(text: str) -> None:
    """Nothing is said of a Secret without a secret value, nor of anything else."""
    assert said(text) == []


def test_utf16() -> None:
    """A manifest in UTF-16, which the Kubernetes clients read too, is looked at."""
    data = secret(stringData={"password": "Tr0ub4dor-and-3"}).encode("utf-16")

    assert len(list(refusals("a.yaml", data))) == 1


def test_broken_manifest() -> None:
    """A file that looks like a Secret and cannot be read is refused."""
    (one,) = said("kind: Secret\ndata: [\n")

    assert "cannot be read" in one


def line_of(text: str, word: str) -> int:
    """Return the line of a word."""
    return next(number for number, line in enumerate(text.splitlines(), 1) if word in line)


CIPHERTEXT = next(line for line in MAIL.splitlines() if "password: ENC" in line)


@pytest.mark.parametrize(
    ("tampered", "message"),
    [
        (MAIL.replace(CIPHERTEXT, "    password: hunter2-hunter2"), "stringData.password is not encrypted"),
        (MAIL.replace(CIPHERTEXT, CIPHERTEXT.replace(",iv:", ",")), "stringData.password is no whole ciphertext"),
        (MAIL.replace(CIPHERTEXT, CIPHERTEXT[:-20]), "stringData.password is no whole ciphertext"),
        (MAIL.replace(CIPHERTEXT, CIPHERTEXT.replace("data:", "data:*")), "stringData.password holds something that is no base64"),
        (MAIL.replace(CIPHERTEXT, CIPHERTEXT.replace("tag:", "tag:AAAA")), "initialisation vector or a tag that was cut"),
        (MAIL.replace(CIPHERTEXT, CIPHERTEXT.replace("type:str", "type:text")), "a type that SOPS does not write"),
        (MAIL.replace(CIPHERTEXT, f"{CIPHERTEXT}\n{CIPHERTEXT.replace('password', 'other')}"), "the ciphertext of another key"),
        ("\n".join(line for line in MAIL.splitlines() if " mac:" not in line), "sops.mac is missing"),
        ("\n".join(line[:80] + "]" if " mac:" in line else line for line in MAIL.splitlines()), "sops.mac"),
        (MAIL.replace("mac: ENC", "mac: nonsense-"), "sops.mac is no whole ciphertext"),
        (MAIL.replace("lastmodified", "modified"), "sops.lastmodified is no time"),
        (MAIL.replace("    age:", "    old_age:"), "names no key"),
        (MAIL.replace("enc: |", "note: |"), "sops.age[0] has no encrypted data key"),
    ],
    ids=lambda value: "" if "\n" in value else value[:50],
)  # fmt: skip
def test_tampered(tampered: str, message: str) -> None:
    """Whatever shows without the key that a SOPS file is not whole is refused, at its line."""
    assert tampered != MAIL

    assert any(message in one for one in said(tampered)), said(tampered)


def test_comment_does_not_excuse_tampering() -> None:
    """An ignore comment is for plain Secrets; it cannot make a broken SOPS file good."""
    tampered = MAIL.replace(CIPHERTEXT, "    password: hunter2-hunter2 # strongroom: ignore[plain-secret-manifest] no")

    assert said(tampered)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("namespace: shop", "namespace: shop2"),
        lambda text: text.replace(CIPHERTEXT, CIPHERTEXT.replace("data:Kx", "data:Ky")),
        lambda text: text.replace("password: ENC", "pass: ENC"),
        lambda text: text.replace("lastmodified: \"2026", "lastmodified: \"2027"),
    ],
    ids=["a plain field", "a ciphertext", "a key", "the time"],
)  # fmt: skip
def test_changed_without_sops(change: object) -> None:
    """What differs from the last commit under the same MAC was not written by SOPS."""
    assert callable(change)
    changed = change(MAIL)
    assert changed != MAIL

    assert said(changed) == []
    assert "without sops" in "\n".join(said(changed, before=MAIL))


def test_written_by_sops_again() -> None:
    """A new MAC means that SOPS wrote the file: nothing is said."""
    other = "\n".join(
        line.replace("mac: ENC[AES256_GCM,data:+8", "mac: ENC[AES256_GCM,data:+9") for line in MAIL.splitlines()
    ).replace("namespace: shop", "namespace: shop2")

    assert said(other, before=MAIL) == []


def test_decrypted_by_mistake() -> None:
    """A file that was encrypted and is not any more is refused, Secret or not."""
    before = MAIL.replace("kind: Secret", "kind: Values")

    assert "is not any more" in "\n".join(said("kind: Values\npassword: x\n", before=before))
    assert "named as an encrypted file" in "\n".join(said("password: x\n", path="values.enc.yaml"))
    assert said("password: x\n", path="values.yaml") == []
    assert said("creation_rules: []\n", path=".sops.yaml") == []


ENV = """\
DB_PASSWORD=ENC[AES256_GCM,data:Kx0QUPjsAGN1mTfCNVN33PLpYe8=,iv:w3hFFAe+ryesRo9D2g4/vg23/8Ap438XUjIJItJK7Aw=,tag:sYNfmnEEFCL6Xl12creImA==,type:str]
sops_age__list_0__map_enc=-----BEGIN AGE ENCRYPTED FILE-----\\nYWdl\\n-----END AGE ENCRYPTED FILE-----\\n
sops_age__list_0__map_recipient=age1g85eqexlqfm4cytgx4n9p6a8mwth6nfsfx3l4pdr8ygk30t0ed3q5v9vd3
sops_lastmodified=2026-11-21T03:56:54Z
sops_mac=<MAC>
sops_unencrypted_suffix=_unencrypted
sops_version=3.11.0
""".replace("<MAC>", next(line.split(": ", 1)[1] for line in MAIL.splitlines() if " mac:" in line))


def test_dotenv() -> None:
    """In dotenv and INI the metadata are flat names; the same holds."""
    ini = "[db]\n" + ENV.replace("\nsops_age", "\n[sops]\nsops_age").replace("sops_", "")

    for path, text in (("a.enc.env", ENV), ("a.ini", ini)):
        assert said(text, path) == []
        assert said(text, path, before=text) == []
        plain = "\n".join(
            ["DB_PASSWORD=hunter2-hunter2" if "DB_PASSWORD" in line else line for line in text.splitlines()]
        )
        assert "is not encrypted" in "\n".join(said(plain, path))
        assert "is not any more" in "\n".join(said("DB_PASSWORD=x\n", path, before=text))
    assert "named as an encrypted file" in "\n".join(said("DB_PASSWORD=x\n", "a.enc.env"))

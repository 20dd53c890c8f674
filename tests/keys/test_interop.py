"""Keys against the real SOPS: what it wraps we unwrap, and what we wrap it unwraps."""

from __future__ import annotations

import base64
import json
import random
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tests.keys.contexts import context
from tests.support.gnupg import GnuPG
from tests.support.moto import Moto
from tests.support.openbao import OpenBao

from strongroom.errors import KeyUseError
from strongroom.files.sops import data_key
from strongroom.files.sops.metadata import Metadata
from strongroom.files.sops.selection import Selection
from strongroom.keys import age, aws_kms
from strongroom.keys.key import Wrapped
from strongroom.keys.kinds import IDS, kind_of
from strongroom.model.plaintext import Plaintext

SOPS = Path(sys.executable).parent / "sops"
VALUE = "correct horse battery staple"
ENVELOPE = re.compile(r"ENC\[AES256_GCM,data:(.*),iv:(.*),tag:(.*),type:str\]")


class Files:
    """Files of SOPS in a folder, made and opened by the real program."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), **environment}

    def encrypted(self, *options: str, config: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A file that SOPS encrypts, with options or a rule."""
        (self.folder / "plain.json").write_text(json.dumps({"password": VALUE}))
        if config is not None:
            (self.folder / ".sops.yaml").write_text(json.dumps({"creation_rules": [config]}))
        document: dict[str, Any] = json.loads(self._sops("encrypt", *options, "plain.json"))
        return document

    def opened(self, document: Mapping[str, Any]) -> str:
        """What SOPS reads from a file."""
        (self.folder / "encrypted.json").write_text(json.dumps(document))
        return str(json.loads(self._sops("decrypt", "encrypted.json"))["password"])

    def _sops(self, *words: str) -> bytes:
        done = subprocess.run(
            (SOPS, *words), cwd=self.folder, env=self.environment, capture_output=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout


def metadata_of(document: Mapping[str, Any]) -> Metadata:
    """The keys of a file."""
    sops = document["sops"]
    groups = tuple(_group(group) for group in (sops.get("key_groups") or [sops]))
    return Metadata(groups, sops.get("shamir_threshold", 0), "", "", Selection(), "")


def _group(sops: Mapping[str, Any]) -> tuple[Wrapped, ...]:
    return tuple(kind_of(kind_id).from_entry(entry) for kind_id in IDS for entry in sops.get(kind_id) or ())


def value_of(document: Mapping[str, Any], key: Plaintext) -> str:
    """The value of a file, opened with its data key."""
    found = ENVELOPE.fullmatch(document["password"])
    assert found is not None
    data, nonce, tag = (base64.b64decode(part) for part in found.groups())
    return AESGCM(key.reveal()).decrypt(nonce, data + tag, b"password:").decode()


def with_keys(document: Mapping[str, Any], groups: Sequence[Sequence[Wrapped]], threshold: int = 0) -> dict[str, Any]:
    """The file with other wrapped keys of the same data key."""
    sops = {name: part for name, part in document["sops"].items() if name not in (*IDS, "key_groups")}
    entries = [
        {kind_id: [kind_of(kind_id).to_entry(one) for one in group if one.key.kind == kind_id] for kind_id in IDS}
        for group in groups
    ]
    if len(groups) == 1:
        return {**document, "sops": {**sops, **entries[0]}}
    return {**document, "sops": {**sops, "key_groups": entries, "shamir_threshold": threshold}}


def both_ways(files: Files, document: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> None:
    """SOPS' file opens here; wrapped anew here it opens there."""
    here = context(files.environment if environment is None else environment)
    metadata = metadata_of(document)
    key = data_key.unwrap(metadata, here)
    assert value_of(document, key) == VALUE
    masters = [[wrapped.key for wrapped in group] for group in metadata.groups]
    again = data_key.wrap(key, masters, metadata.shamir_threshold, here)
    assert not {one.enc for group in again for one in group} & {one.enc for group in metadata.groups for one in group}
    assert files.opened(with_keys(document, again, metadata.shamir_threshold)) == VALUE


def _identity() -> tuple[str, str]:
    identity, recipient = age.generate()
    return identity.reveal().decode(), recipient


def test_age(tmp_path: Path) -> None:
    """An X25519 recipient."""
    identity, recipient = _identity()
    files = Files(tmp_path, {"SOPS_AGE_KEY": identity})
    both_ways(files, files.encrypted("--age", recipient))


@pytest.mark.parametrize(("kind", "bits"), [("ed25519", "256"), ("rsa", "2048")])
def test_age_with_an_ssh_key(tmp_path: Path, kind: str, bits: str) -> None:
    """An SSH key in its usual place is an identity."""
    (tmp_path / ".ssh").mkdir()
    path = tmp_path / ".ssh" / f"id_{kind}"
    subprocess.run(("ssh-keygen", "-q", "-t", kind, "-b", bits, "-N", "", "-C", "ann@host", "-f", path), check=True)
    files = Files(tmp_path, {})
    both_ways(files, files.encrypted("--age", path.with_suffix(".pub").read_text().strip()))


def test_age_from_a_key_file_of_age_keygen(tmp_path: Path) -> None:
    """The file that age-keygen writes, in the place where SOPS looks by itself."""
    keys = tmp_path / "config" / "sops" / "age" / "keys.txt"
    keys.parent.mkdir(parents=True)
    subprocess.run(("age-keygen", "-o", keys), check=True, capture_output=True)
    recipient = subprocess.run(("age-keygen", "-y", keys), check=True, capture_output=True).stdout.decode().strip()
    files = Files(tmp_path, {"XDG_CONFIG_HOME": str(tmp_path / "config")})
    both_ways(files, files.encrypted("--age", recipient))


def test_age_from_a_command(tmp_path: Path) -> None:
    """The output of SOPS_AGE_KEY_CMD, whose words are split as a shell would."""
    identity, recipient = _identity()
    (tmp_path / "my keys").write_text(f"# a comment\n\n{identity}\n")
    files = Files(tmp_path, {"SOPS_AGE_KEY_CMD": f"cat '{tmp_path}/my keys'"})
    both_ways(files, files.encrypted("--age", recipient))


def test_the_armour_of_age_is_that_of_sops(tmp_path: Path) -> None:
    """Both write the same header, footer and line length, and a line break at the end."""
    _, recipient = _identity()
    theirs = Files(tmp_path, {}).encrypted("--age", recipient)["sops"]["age"][0]
    ours = age.to_entry(age.wrap(data_key.new(), age.parse(recipient)[0], context({})))
    assert list(ours) == list(theirs)
    for text in (ours["enc"], theirs["enc"]):
        first, *lines, last = text.removesuffix("\n").split("\n")
        assert (first, last) == ("-----BEGIN AGE ENCRYPTED FILE-----", "-----END AGE ENCRYPTED FILE-----")
        assert {len(line) for line in lines[:-1]} == {64}
        assert 0 < len(lines[-1]) <= 64
        assert text.endswith("-----\n")


def test_pgp(tmp_path: Path, gnupg: GnuPG) -> None:
    """A key of the keyring by its fingerprint, with blanks as gpg prints it."""
    fingerprint = gnupg.make_key(f"{tmp_path.name} <pgp@example.com>")
    files = Files(tmp_path, gnupg.environment)
    spaced = " ".join(fingerprint[place : place + 4] for place in range(0, 40, 4))
    document = files.encrypted("--pgp", spaced)
    both_ways(files, document)
    ours = kind_of("pgp").wrap(data_key.new(), kind_of("pgp").parse(spaced)[0], context(gnupg.environment))
    theirs = document["sops"]["pgp"][0]
    assert theirs["fp"] == ours.key.name
    for text in (ours.enc, theirs["enc"]):
        assert text.startswith("-----BEGIN PGP MESSAGE-----\n\n")
        assert text.endswith("\n-----END PGP MESSAGE-----")


def test_pgp_with_a_subkey(tmp_path: Path, gnupg: GnuPG) -> None:
    """Exactly the subkey that a rule names with an exclamation mark."""
    first = gnupg.make_key(f"{tmp_path.name} <subkey@example.com>")
    gnupg.add_subkey(first)
    subkey = gnupg.add_subkey(first)
    files = Files(tmp_path, gnupg.environment)
    both_ways(files, files.encrypted("--pgp", subkey + "!"))
    ours = kind_of("pgp").wrap(data_key.new(), kind_of("pgp").parse(subkey + "!")[0], context(gnupg.environment))
    packets = gnupg.run("--list-packets", given=ours.enc.encode()).decode()
    assert f"keyid {subkey[-16:]}" in packets


def test_aws_kms(tmp_path: Path, moto: Moto) -> None:
    """A KMS key with an encryption context, a role and a profile."""
    (tmp_path / "aws").write_text("[profile ops]\naws_access_key_id = ops\naws_secret_access_key = ops\n")
    environment = {**moto.environment, "AWS_CONFIG_FILE": str(tmp_path / "aws")}
    files = Files(tmp_path, environment)
    arn, role = moto.kms_key(), moto.role(tmp_path.name[-30:])
    both_ways(files, files.encrypted("--kms", arn))
    document = files.encrypted(
        "--kms", f"{arn}+{role}", "--encryption-context", "app:shop,stage:prod", "--aws-profile", "ops"
    )
    both_ways(files, document)
    ours = aws_kms.with_options(aws_kms.parse(f"{arn}+{role}"), {"stage": "prod", "app": "shop"}, "ops")
    assert ours == tuple(wrapped.key for wrapped in metadata_of(document).groups[0])
    theirs = document["sops"]["kms"][0]
    assert list(aws_kms.to_entry(kind_of("kms").from_entry(theirs))) == list(theirs)
    for context_of_it in ({"app": "shop", "stage": "test"}, {}, {"app": "shop"}):
        changed = {**theirs, "context": context_of_it}
        with pytest.raises(KeyUseError, match="encryption context"):
            kind_of("kms").unwrap(kind_of("kms").from_entry(changed), context(environment))


def test_vault_transit(tmp_path: Path, openbao: OpenBao) -> None:
    """A transit key of a real OpenBao over https."""
    url = openbao.transit_key("interop")
    environment = {"VAULT_TOKEN": openbao.token, "VAULT_CACERT": str(openbao.authority)}
    files = Files(tmp_path, environment)
    document = files.encrypted("--hc-vault-transit", url)
    both_ways(files, document)
    theirs = document["sops"]["hc_vault"][0]
    vault = kind_of("hc_vault")
    assert list(vault.to_entry(vault.from_entry(theirs))) == list(theirs)
    assert vault.parse(url) == (vault.from_entry(theirs).key,)


def test_a_transit_key_was_rotated(tmp_path: Path, openbao: OpenBao) -> None:
    """What an older version of the key wrapped is opened, and a nested mount and a token file are understood."""
    openbao.call("POST", "sys/mounts/deep/a/transit", {"type": "transit"})
    openbao.call("POST", "deep/a/transit/keys/old", {})
    (tmp_path / ".vault-token").write_text(openbao.token + "\n")
    files = Files(tmp_path, {"VAULT_CACERT": str(openbao.authority)})
    document = files.encrypted("--hc-vault-transit", f"{openbao.address}/v1/deep/a/transit/keys/old")
    openbao.call("POST", "deep/a/transit/keys/old/rotate", {})
    both_ways(files, document)


def test_every_kind_that_runs_here_in_one_file(tmp_path: Path, openbao: OpenBao, moto: Moto, gnupg: GnuPG) -> None:
    """One group of four kinds; each of them alone opens it, here and there."""
    identity, recipient = _identity()
    environments = {
        "age": {"SOPS_AGE_KEY": identity},
        "pgp": gnupg.environment,
        "kms": moto.environment,
        "hc_vault": {"VAULT_TOKEN": openbao.token, "VAULT_CACERT": str(openbao.authority)},
    }
    everything = {name: value for environment in environments.values() for name, value in environment.items()}
    files = Files(tmp_path, everything)
    fingerprint = gnupg.make_key(f"{tmp_path.name} <all@example.com>")
    keys = ("--age", recipient, "--pgp", fingerprint, "--kms", moto.kms_key())
    document = files.encrypted(*keys, "--hc-vault-transit", openbao.transit_key("all"))
    both_ways(files, document)
    for kind_id, environment in environments.items():
        metadata = metadata_of({"sops": {kind_id: document["sops"][kind_id]}})
        assert value_of(document, data_key.unwrap(metadata, context(environment))) == VALUE


def test_shamir_both_ways(tmp_path: Path) -> None:
    """Of three groups two are needed: every pair opens the file in both programs, and one alone in neither."""
    pairs = [_identity() for _ in range(3)]
    config = {"shamir_threshold": 2, "key_groups": [{"age": [recipient]} for _, recipient in pairs]}
    document = Files(tmp_path, {}).encrypted(config=config)
    metadata = metadata_of(document)
    for left, right in ((0, 1), (0, 2), (1, 2)):
        files = Files(tmp_path, {"SOPS_AGE_KEY": f"{pairs[left][0]}\n{pairs[right][0]}"})
        key = data_key.unwrap(metadata, context(files.environment))
        assert value_of(document, key) == VALUE
        masters = [[wrapped.key for wrapped in group] for group in metadata.groups]
        assert files.opened(with_keys(document, data_key.wrap(key, masters, 2, context({})), 2)) == VALUE
    with pytest.raises(KeyUseError, match="only 1 of 2 needed key groups"):
        data_key.unwrap(metadata, context({"SOPS_AGE_KEY": pairs[0][0]}))


def test_shamir_without_a_threshold_needs_all(tmp_path: Path) -> None:
    """Without a threshold every group is needed, as SOPS has it."""
    pairs = [_identity() for _ in range(3)]
    config = {"key_groups": [{"age": [recipient]} for _, recipient in pairs]}
    files = Files(tmp_path, {"SOPS_AGE_KEY": "\n".join(identity for identity, _ in pairs)})
    document = files.encrypted(config=config)
    both_ways(files, document)
    two = context({"SOPS_AGE_KEY": "\n".join(identity for identity, _ in pairs[:2])})
    with pytest.raises(KeyUseError, match="only 2 of 3"):
        data_key.unwrap(metadata_of(document), two)


@pytest.mark.verify
def test_random_groups_of_random_kinds(tmp_path: Path, openbao: OpenBao, moto: Moto, gnupg: GnuPG) -> None:
    """Any groups of any kinds with any threshold go both ways."""
    chance = random.Random(20261121)  # noqa: S311 - reproducible
    identities = [_identity() for _ in range(4)]
    fingerprint = gnupg.make_key(f"{tmp_path.name} <random@example.com>")
    arn, url = moto.kms_key(), openbao.transit_key("random")
    keys: list[tuple[str, Any]] = [("age", recipient) for _, recipient in identities]
    keys += [("pgp", fingerprint), ("kms", {"arn": arn, "context": {"app": "shop"}}), ("hc_vault", url)]
    environment = {
        **moto.environment,
        **gnupg.environment,
        "VAULT_TOKEN": openbao.token,
        "VAULT_CACERT": str(openbao.authority),
        "SOPS_AGE_KEY": "\n".join(identity for identity, _ in identities[:3]),
    }
    files = Files(tmp_path, environment)
    for _ in range(60):
        groups = []
        for _ in range(chance.randint(1, 5)):
            chosen = [*chance.sample(keys, chance.randint(0, 3)), chance.choice([keys[0], *keys[4:]])]
            group = {kind: [key for other, key in chosen if other == kind] for kind, _ in chosen}
            groups.append(
                {
                    kind: [key for place, key in enumerate(each) if key not in each[:place]]
                    for kind, each in group.items()
                }
            )
        threshold = chance.randint(2, len(groups)) if len(groups) > 1 else 0
        both_ways(files, files.encrypted(config={"shamir_threshold": threshold, "key_groups": groups}))

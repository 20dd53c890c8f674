"""``strongroom at-rest status`` and ``verify`` of a snapshot of etcd, beside what etcdutl does with one."""

from __future__ import annotations

import base64
import http.client
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from nacl.secret import SecretBox
from tests.support.controlplane import binaries
from tests.support.controlplane.etcd import Etcd

from benchmarks.measure import Command, Figure, interleaved

_OBJECTS = 100_000
_VALUE_BYTES = 1000
_IN_ONE = 100  # etcd takes 128 operations in a transaction
_TURNS = 3
_PLAIN = 100  # every so many lies in plain text


def _values(box: bytes, gcm: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield keys and values as an API server that went over from AES-GCM to secretbox leaves them."""
    sealing, older = SecretBox(box), AESGCM(gcm)
    for number in range(_OBJECTS):
        key = f"/registry/secrets/team-{number % 500:03}/credentials-{number:06}"
        plain = b"k8s\0" + os.urandom(_VALUE_BYTES)
        nonce = os.urandom(12)
        if number % _PLAIN == 0:
            yield key, plain
        elif number % 2:
            yield key, b"k8s:enc:secretbox:v1:key2:" + bytes(sealing.encrypt(plain))
        else:
            yield key, b"k8s:enc:aesgcm:v1:key1:" + nonce + older.encrypt(nonce, plain, key.encode())


def _snapshot(folder: Path, box: bytes, gcm: bytes) -> Path:
    etcd = Etcd(binaries.build("etcd", _say), folder / "etcd")
    etcd.run()
    try:
        parts = urlsplit(etcd.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
        batch: list[dict[str, object]] = []
        for key, value in _values(box, gcm):
            batch.append({"requestPut": {"key": _base64(key.encode()), "value": _base64(value)}})
            if len(batch) == _IN_ONE:
                connection.request("POST", "/v3/kv/txn", json.dumps({"success": batch}))
                connection.getresponse().read()
                batch = []
        connection.close()
        etcd.store.snapshot(folder / "snapshot.db")
    finally:
        etcd.close()
    return folder / "snapshot.db"


def _configuration(target: Path, box: bytes, gcm: bytes) -> Path:
    providers = [
        {kind: {"keys": [{"name": name, "secret": _base64(key)}]}}
        for kind, name, key in (("secretbox", "key2", box), ("aesgcm", "key1", gcm))
    ]
    rule = {"resources": ["secrets"], "providers": [*providers, {"identity": {}}]}
    kinds = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "EncryptionConfiguration"}
    target.write_text(json.dumps({**kinds, "resources": [rule]}))
    return target


def run() -> str:
    """Make a snapshot with a real etcd and read it; return the section of the page."""
    etcdutl = str(binaries.build("etcdutl", _say))
    ours = (sys.executable, "-m", "strongroom", "at-rest")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        box, gcm = os.urandom(32), os.urandom(32)
        file = _snapshot(folder, box, gcm)
        size = file.stat().st_size >> 20
        config = str(_configuration(folder / "encryption.json", box, gcm))
        target = folder / "restored"
        restored = f"rm -rf {target}; {etcdutl} snapshot restore {file} --skip-hash-check --data-dir {target}"
        found = interleaved(
            [
                Command("status", (*ours, "status", str(file), "--config", config, "-q")),
                Command("verify", (*ours, "verify", str(file), "--config", config, "-q"), codes=(1,)),
                Command("etcdutl snapshot status", (etcdutl, "snapshot", "status", str(file))),
                Command("etcdutl snapshot restore", ("sh", "-c", restored)),
            ],
            _TURNS,
        )
    return _page(found, size)


def _page(found: dict[str, Figure], size: int) -> str:
    said = {
        "status": "how many Secrets lie under which key, and which in plain text",
        "verify": "the same, and every value decrypted",
        "etcdutl snapshot status": "the number of keys and a hash",
        "etcdutl snapshot restore": "nothing yet: then etcd is started, asked, and its answer dumped as hex",
    }
    rows = [
        f"| {name} | {figure.wall:.1f} s | {figure.memory:.0f} MiB | {said[name]} |" for name, figure in found.items()
    ]
    return "\n".join(
        [
            "## at-rest status and verify of a snapshot",
            "",
            f"A snapshot of etcd of {size} MiB with {_OBJECTS:,} Secrets of about 1 KB: half of them under secretbox,",
            "half under AES-GCM, one in a hundred in plain text. The target is status in 10 s and 300 MiB.",
            f"Medians of {_TURNS} runs, taken in turn.",
            "",
            "| | time | memory | tells |",
            "|---|---|---|---|",
            *rows,
        ]
    )


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")

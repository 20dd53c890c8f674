"""Encryption at rest for people and for programs."""

from __future__ import annotations

import json

from tests.report.snapshot import check

from strongroom.model.at_rest import (
    AtRest,
    Configured,
    ConfiguredFile,
    KmsKey,
    Problem,
    Proof,
    Reader,
    ServerState,
    Standing,
    StoredLine,
)
from strongroom.model.controlplane import StoredAs
from strongroom.model.finding import Severity
from strongroom.report.formats import AT_REST_FORMATS, by_id
from strongroom.report.terminal import Terminal

_REPORT = AtRest(
    store="etcd:https://127.0.0.1:2379",
    files=(
        ConfiguredFile(
            "/etc/kubernetes/enc.yaml",
            "sha256:aa",
            (Configured(("secrets", "configmaps"), (Reader("secretbox", "key2"), Reader("identity"))),),
        ),
    ),
    servers=(
        ServerState("https://10.0.0.1:6443", "sha256:aa", True, 1795268139.0, 1795267297.0),
        ServerState(
            "https://10.0.0.2:6443",
            f"sha256:{'b' * 64}",
            False,
            0.0,
            1795267297.0,
            17,
            False,
            (KmsKey("vault", f"sha256:{'c' * 64}", None, "sha256:1", 1795267300.0, 1795267000.0),),
        ),
        ServerState("https://10.0.0.3:6443", problem="the API server does not answer"),
    ),
    stored=(
        StoredLine("secrets", StoredAs("identity"), 12, 10, 90, Standing.PLAIN),
        StoredLine("secrets", StoredAs("secretbox", "key2"), 1188, 91, 2000, Standing.CURRENT),
        StoredLine("secrets", StoredAs("kms v2", "vault", "x" * 70), 1, 5, 5, Standing.UNREADABLE),
    ),
    plaintext={"secrets": tuple(f"shop/plain-{n}" for n in range(12))},
    problems=(
        Problem("unknown-key", Severity.CRITICAL, "1 of 1,201 secrets lie under x", "secrets", ("shop/\x1b[31mred",)),
        Problem("plaintext", Severity.HIGH, "12 of 1,201 secrets lie in plain text", "secrets", (), "rotate"),
    ),
    proofs=(Proof("secrets", "decrypted", 1188, 1189),),
    notes=("etc/apiserver.yaml: not read",),
)


def _text(terminal: Terminal = Terminal()) -> str:  # noqa: B008 - a tuple
    return "".join(by_id("text", AT_REST_FORMATS).render(_REPORT, terminal))


def test_the_text_at_eighty_columns() -> None:
    """Configured, loaded, stored, proved and what is wrong, each with what a person acts on."""
    check("at-rest.txt", _text())


def test_no_line_is_wider_and_nothing_escapes() -> None:
    """Names from etcd cannot move the cursor; lines fit a narrow terminal; verbose names everything."""
    for width in (40, 60, 80, 200):
        assert max(map(len, _text(Terminal(width=width)).splitlines())) <= width
    assert "\x1b" not in _text()
    assert "plain-11" not in _text()
    assert "plain-11" in _text(Terminal(verbose=True))
    assert "\x1b[" in _text(Terminal(colour=True))


def test_nothing_wrong() -> None:
    """A report without problems says so in one line."""
    assert "".join(by_id("text", AT_REST_FORMATS).render(AtRest(store="etcd:x"), Terminal())).endswith(
        "0 objects in etcd, no problem\n"
    )


def test_the_json() -> None:
    """Programs get every number, with names that do not change."""
    found = json.loads("".join(by_id("json", AT_REST_FORMATS).render(_REPORT, Terminal())))

    assert found["version"] == 1
    assert found["worst"] == "critical"
    assert found["stored"][1] == {
        "resource": "secrets",
        "provider": "secretbox",
        "key": "key2",
        "kmsKey": "",
        "number": 1188,
        "oldestRevision": 91,
        "newestRevision": 2000,
        "standing": "current",
    }
    assert [server["same"] for server in found["servers"]] == [True, False, None]
    assert found["servers"][1]["kms"][0]["provider"] == "vault"
    assert found["problems"][0]["objects"] == ["shop/\x1b[31mred"]
    assert len(found["plaintext"]["secrets"]) == 12
    assert found["proved"] == [{"resource": "secrets", "how": "decrypted", "number": 1188, "of": 1189}]
